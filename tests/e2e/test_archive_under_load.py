"""An archive that is killed again and again while a server is under load: each record is in one place, none is lost."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lotkeeper import Client
from lotkeeper_server.engine.clock import now_millis

from tests.archives import SHORT_LEASE_SECONDS, rows_in, start_archive, stock_by_hand, verified
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

KILLS = 5
KEPT_DAYS = "0.00001"
"""How long request ids are kept: less than a second."""
UNDONE_EACH = 7
"""Of so many records one is reversed, one annotated."""
LONGEST_CALL_SECONDS = 2.0


@dataclass
class Load:
    """Callers that produce 1 kg again and again, reverse and annotate some, and keep count of what was answered."""

    server: ServerProcess
    operation_id: str
    acknowledged: set[str] = field(default_factory=set)
    kg: dict[str, int] = field(default_factory=dict)
    longest_seconds: float = 0.0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, lot: str) -> None:
        """One caller, of a lot of its own."""
        self.kg[lot] = 0
        with Client(self.server.address, token=self.server.token) as client:
            for number in itertools.count():
                if self.stopping.is_set():
                    return
                began = time.monotonic()
                record = client.execute_inventory_operation(self.operation_id, lot, 1.0)
                self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
                self.acknowledged.add(record.id)
                self.kg[lot] += 1
                if number % UNDONE_EACH == 0:
                    self.acknowledged.add(client.reverse_inventory_lot_record(record.id).id)
                    self.kg[lot] -= 1
                if number % UNDONE_EACH == 1:
                    client.annotate_inventory_lot_record(record.id, notes=f"note {number}")


@pytest.mark.slow
def test_an_archive_killed_at_any_moment_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Five times, then it runs to its end; audited by hand from the files and from what the server says."""
    seed = now_millis()
    choose = random.Random(seed)
    store, folder = tmp_path / "store", tmp_path / "archive"
    store.mkdir()
    serving = ServerProcess(store, ("--request-id-days", KEPT_DAYS))
    with serving as server, Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        load = Load(server, plant.operation("PRODUCE").id)
        callers = [threading.Thread(target=load.run, args=(f"L{number}",)) for number in range(3)]
        for caller in callers:
            caller.start()
        killed = 0
        try:
            time.sleep(1)
            for _ in range(KILLS):
                before = set(folder.iterdir()) if folder.exists() else set()
                archiving = start_archive(server, folder, KEPT_DAYS)
                begun = time.monotonic()
                while time.monotonic() - begun < 20 and archiving.poll() is None:  # until it has begun to write
                    if folder.exists() and not before.issuperset(folder.iterdir()):
                        break
                    time.sleep(0.005)
                time.sleep(choose.uniform(0, 0.3))
                archiving.kill()
                archiving.communicate()
                killed += archiving.returncode == -signal.SIGKILL
                time.sleep(SHORT_LEASE_SECONDS / 10)
        finally:
            load.stopping.set()
            for caller in callers:
                caller.join()
        time.sleep(float(KEPT_DAYS) * 86_400 + 0.1)
        done = start_archive(server, folder, KEPT_DAYS)
        said, _ = done.communicate(timeout=60)
        assert done.returncode == 0, said
        ids, stock = stock_by_hand(client, folder)
        assert ids == load.acknowledged, seed
        assert stock == plant.stock() == {lot: float(kg) for lot, kg in load.kg.items()}, seed
        assert "all agree" in verified(server, folder)
        assert len(rows_in(folder)) > len(load.acknowledged) // 2
        assert killed > KILLS // 2
        assert load.longest_seconds < LONGEST_CALL_SECONDS
