"""What may never happen, whatever fails: an acknowledged call lost, one counted twice, stock that is not the sum."""

from __future__ import annotations

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lotkeeper import Client, LotkeeperError, Unavailable

from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.shutdown_under_load import shut_down_under_load


@dataclass
class Load:
    """Callers that produce 1 kg again and again, and keep count of what was answered."""

    address: str
    token: str
    operation_id: str
    acknowledged: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, lot: str) -> None:
        """One caller."""
        with Client(self.address, token=self.token, timeout_seconds=2) as client:
            while not self.stopping.is_set():
                request_id = uuid.uuid4().hex
                try:
                    client.execute_inventory_operation(self.operation_id, lot, 1.0, request_id=request_id)
                except LotkeeperError:
                    self.unknown.append(request_id)
                    return
                self.acknowledged.append(request_id)


def test_kill_9_under_load_loses_and_doubles_nothing(own_server: ServerProcess) -> None:
    """Killed at random moments, five times; retries with the same request ids settle what was unknown."""
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
    kept: dict[str, str] = {}
    for _ in range(5):
        load = Load(own_server.address, own_server.token, operation.id)
        lots = {f"L{number}": threading.Thread(target=load.run, args=(f"L{number}",)) for number in range(8)}
        for thread in lots.values():
            thread.start()
        time.sleep(random.uniform(0.2, 0.6))
        own_server.kill()
        load.stopping.set()
        for thread in lots.values():
            thread.join()
        own_server.start()
        own_server.verify()
        with Client(own_server.address, token=own_server.token) as client:
            stored = {
                record.request_id
                for record in client.list_inventory_lot_records(inventory_operation_id=operation.id, page_size=1000)
            }
            assert set(load.acknowledged) <= stored
            kept.update(dict.fromkeys(load.acknowledged, "acknowledged"))
            kept.update({one: "settled" for one in load.unknown if one in stored})
            assert stored == set(kept)
            total = sum(ServedPlant.stock(plant_on(client, plant)).values())
            assert total == len(kept)


def plant_on(client: Client, plant: ServedPlant) -> ServedPlant:
    """The same plant, over a new connection."""
    moved = object.__new__(ServedPlant)
    moved.client, moved.silo = client, plant.silo
    return moved


def test_ten_shutdowns_under_load_answer_all_that_was_taken_in(tmp_path: Path) -> None:
    """Every call ends OK or UNAVAILABLE, never in a bare CANCELLED; exit 0 within 10 s; what was answered is there."""
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        shut_down_under_load(ServerProcess(folder))


def test_an_unreachable_server_is_unavailable(own_server: ServerProcess) -> None:
    """After the connection was there, and without a restart of the client once it is back."""
    with Client(own_server.address, token=own_server.token, timeout_seconds=20) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
        own_server.kill()
        with pytest.raises(Unavailable):
            client.execute_inventory_operation(operation.id, "L", 1.0, timeout_seconds=1)
        own_server.start()
        assert _executed_soon(client, operation.id) == 1.0


def _executed_soon(client: Client, operation_id: str) -> float:
    """The client waits 5 s for a connection; on a busy machine a server that is there may answer later."""
    end = time.monotonic() + 30
    while True:
        try:
            return client.execute_inventory_operation(operation_id, "L", 1.0).quantity
        except Unavailable:
            if time.monotonic() > end:
                raise
