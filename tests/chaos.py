"""Two server processes and their PostgreSQL under load, while whatever can fail does, at random; then the books.

`python -m tests.chaos --seconds 300 --seed 7` prints what was done, and fails where an answer and the books differ.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2

from tests.auditor import Auditor
from tests.callers import Callers, Request
from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess
from tests.tcp_proxy import TcpProxy
from tests.two_processes import migrated, two_processes
from tests.watchers import SteadyWatcher

CALLERS = 16
LOTS = 6
ALLOWED = {
    "INSUFFICIENT_INVENTORY",
    "LOT_NOT_FOUND",
    "STORE_UNAVAILABLE",
    "CONTENTION",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "OPERATION_IN_USE",
    "LOCATION_FULL",
    "CAPACITY_EXCEEDED",
}


class Chaos:
    """Faults, one after the other, each of which ends by itself."""

    def __init__(self, database: PostgresServer, name: str, proxy: TcpProxy, processes: list[ServerProcess]) -> None:
        self.done: Counter[str] = Counter()
        self._database = database
        self._name = name
        self._proxy = proxy
        self._processes = processes
        self._faults: list[Callable[[], None]] = [
            self.kill_process,
            self.freeze_process,
            self.freeze_process,
            self.restart_database,
            self.kill_database,
            self.freeze_database,
            self.end_sessions,
            self.end_sessions,
            self.reset_connections,
            self.swallow_connections,
            self.lose_commits,
            self.lose_commits,
        ]

    def one(self, chosen: random.Random) -> None:
        """A fault, and a moment of peace."""
        self._chosen = chosen
        fault = chosen.choice(self._faults)
        fault()
        self.done[fault.__name__] += 1
        time.sleep(chosen.uniform(0.2, 1.5))

    def kill_process(self) -> None:
        """Kill -9 of one, and its start."""
        process = self._chosen.choice(self._processes)
        process.kill()
        time.sleep(self._chosen.uniform(0.0, 1.0))
        process.start()

    def freeze_process(self) -> None:
        """SIGSTOP, in some cases for longer than its locks live."""
        process = self._chosen.choice(self._processes).process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(self._chosen.choice([0.1, 0.5, 2.0, 4.5]))
        os.kill(process.pid, signal.SIGCONT)

    def restart_database(self) -> None:
        """By an administrator."""
        self._database.restart(self._chosen.choice(["fast", "immediate"]))

    def kill_database(self) -> None:
        """As if the machine had stopped."""
        self._database.kill()
        time.sleep(self._chosen.uniform(0.0, 2.0))
        self._database.start()

    def freeze_database(self) -> None:
        """SIGSTOP to all of it."""
        self._database.pause()
        time.sleep(self._chosen.choice([0.1, 1.0, 5.0]))
        self._database.resume()

    def end_sessions(self) -> None:
        """Some times in a row."""
        for _ in range(self._chosen.randint(1, 8)):
            with suppress(psycopg.OperationalError):
                self._database.terminate_sessions(self._name)
            time.sleep(self._chosen.uniform(0.0, 0.3))

    def reset_connections(self) -> None:
        """Of the process behind the proxy."""
        self._proxy.cut()
        time.sleep(self._chosen.uniform(0.0, 3.0))
        self._proxy.mend()

    def swallow_connections(self) -> None:
        """The same, with nobody told."""
        self._proxy.swallow(new_ones=self._chosen.random() < 0.5)
        time.sleep(self._chosen.uniform(0.5, 5.0))
        self._proxy.mend()
        self._proxy.reset()

    def lose_commits(self) -> None:
        """Of the same, at every second or third."""
        self._proxy.lose_commits(self._chosen.choice(["request", "answer"]), every=self._chosen.randint(2, 3))
        time.sleep(self._chosen.uniform(0.3, 1.5))
        self._proxy.mend()


def requests_of(plant: ServedPlant, chosen: random.Random) -> Callable[[int], Request]:
    """Of all kinds, on few lots, so that callers of both processes meet."""
    multiple = plant.location("Store")
    merging = plant.location(
        "Tank", lot_storage_strategy=enums_pb2.LotStorageStrategy.Value("LOT_STORAGE_STRATEGY_MERGE_INTO_PREVIOUS")
    )
    produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
    fill = plant.operation("PRODUCE", destination_location_id=merging.id)
    stock = plant.operation("PRODUCE", destination_location_id=multiple.id)
    pick = plant.operation(
        "CONSUME",
        source_location_id=multiple.id,
        primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_FROM_LOCATION,
        create_lot_if_not_found=False,
    )

    def request(_caller: int) -> Request:
        operation = chosen.choice([produce, produce, consume, fill, stock, stock, pick])
        lot = "" if operation is pick else f"{operation.name[-2:].strip()}-{chosen.randrange(LOTS)}"
        quantity = float(chosen.randint(1, 3))
        return Request(inventory_operation_id=operation.id, primary_lot_id_or_name=lot, quantity=quantity)

    return request


def run(seconds: float, seed: int, folder: Path) -> str:
    """One run; what was done.

    Raises:
        AssertionError: an answer and the books differ, or a call had an end that it may not have.
    """
    chosen = random.Random(seed)
    with PostgresServer() as database:
        url = migrated(database, "chaos")
        with (
            TcpProxy(database.port) as proxy,
            two_processes(proxy.url("chaos"), folder, second_url=url) as processes,
        ):
            with Client(processes[0].address, token=processes[0].token) as client:
                request = requests_of(ServedPlant(client), random.Random(seed + 1))
            chaos = Chaos(database, "chaos", proxy, processes)
            addresses = [one.address for one in processes]
            auditor = Auditor(url)
            watchers = [SteadyWatcher(address, processes[0].token, from_beginning=True) for address in addresses]
            with watchers[0], watchers[1]:
                with Callers(addresses, processes[0].token, request, CALLERS, 5.0, repeats=12) as callers:
                    until = time.monotonic() + seconds
                    while time.monotonic() < until:
                        callers.wait_for(20)
                        chaos.one(chosen)
                    callers.wait_for(50)
                check_feed(watchers, auditor.completed())
            taken = auditor.check_answers(list(callers.acknowledged), callers.refused, callers.unknown)
            auditor.check_books()
            processes[1].verify()
            assert set(callers.reasons) <= ALLOWED, callers.reasons
    slowest = max(one.seconds for one in callers.acknowledged.values())
    return (
        f"{len(callers.acknowledged)} acknowledged, {len(callers.refused)} refused, {len(callers.unknown)} of unknown "
        f"end ({taken} of them done), slowest {slowest:.1f} s; {dict(callers.reasons)}; "
        f"{proxy.lost} commits lost; {dict(chaos.done)}"
    )


def check_feed(watchers: Sequence[SteadyWatcher], completed: int) -> None:
    """Fails unless each watcher has seen every completed record once, all of them in the same order."""
    seen = [[record.id for record in one.seen(completed)] for one in watchers]
    assert all(len(set(ids)) == len(ids) == completed for ids in seen), [len(ids) for ids in seen]
    assert all(ids == seen[0] for ids in seen), "watchers saw different orders"


def main() -> None:
    """By command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    sys.stdout.write(f"seed {arguments.seed}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(run(arguments.seconds, arguments.seed, Path(folder)) + "\n")


if __name__ == "__main__":
    main()
