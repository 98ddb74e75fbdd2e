"""Import and export of very many definitions: what memory the server takes, and how long other calls wait meanwhile.

    python -m tests.exchange_at_size [DEFINITIONS]

DEFINITIONS defaults to 200,000.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lotkeeper import Client

from tests.exchange import CSV, PIECE_BYTES, Exchange
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

HEADER = (
    "name,operationType,sourceLocationPath,destinationLocationPath,materialPath,primaryLotResolutionStrategy,"
    "startTriggerExpression,quantityExpression,notes,enabled\r\n"
)


@dataclass
class Phase:
    """What was measured while something went on.

    Attributes:
        name: what went on.
        seconds: how long.
        resident_kibibytes_max: the server's memory, as seen every 50 ms.
        waits_seconds: how long other calls of Execute took.
    """

    name: str
    seconds: float = 0.0
    resident_kibibytes_max: int = 0
    waits_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        waits = sorted(self.waits_seconds) or [0.0]
        return (
            f"{self.name:<22}{self.seconds:7.1f} s   server at most {self.resident_kibibytes_max / 1024:6.0f} MiB   "
            f"{len(waits)} other calls: median {waits[len(waits) // 2] * 1e3:.0f} ms, "
            f"99 % {waits[len(waits) * 99 // 100] * 1e3:.0f} ms, longest {waits[-1] * 1e3:.0f} ms"
        )


def resident_kibibytes(process_id: int) -> int:
    """What a process has in memory now."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@contextmanager
def watched(name: str, server: ServerProcess, operation_id: str) -> Iterator[Phase]:
    """Looks at the server's memory, and calls Execute, while the block runs."""
    assert server.process is not None
    process_id = server.process.pid
    phase = Phase(name)
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            phase.resident_kibibytes_max = max(phase.resident_kibibytes_max, resident_kibibytes(process_id))

    def call() -> None:
        with Client(server.address, token=server.token, timeout_seconds=120) as client:
            while not over.is_set():
                began = time.monotonic()
                client.execute_inventory_operation(operation_id, "L", 1.0)
                phase.waits_seconds.append(time.monotonic() - began)

    threads = [threading.Thread(target=work) for work in (look, call)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    try:
        yield phase
    finally:
        phase.seconds = time.monotonic() - began
        over.set()
        for thread in threads:
            thread.join()


def csv_pieces(plant: ServedPlant, locations: list[str], definitions: int, notes: str = "of") -> Iterator[bytes]:
    """A file of definitions, made as it is sent; with other notes it changes each of them."""
    rows = (
        f"Filler {number},CONSUME,{locations[number % len(locations)]},,{plant.milk.path},MANUAL,"
        f"tag('line{number % 40}/start') > 0,tag('line{number % 40}/weight'),{notes} line {number % 40},true\r\n"
        for number in range(definitions)
    )
    yield HEADER.encode()
    while piece := "".join(itertools.islice(rows, PIECE_BYTES // 200)):
        yield piece.encode()


def measure(definitions: int, folder: Path) -> list[Phase]:
    """Imports, imports again, changes all, exports; every count is checked."""
    phases = []
    with (
        ServerProcess(folder) as server,
        Client(server.address, token=server.token) as client,
        Exchange(server) as exchange,
    ):
        plant = ServedPlant(client, "Dairy")
        locations = [plant.location(f"Filler {number}").path for number in range(40)]
        produce = plant.operation("PRODUCE", primary_lot_resolution_strategy=0)
        with watched("nothing else", server, produce.id) as idle:
            time.sleep(2)
        phases.append(idle)
        with watched("import, all new", server, produce.id) as phase:
            answer = exchange.take_in(csv_pieces(plant, locations, definitions))
            assert (answer.created, answer.failed) == (definitions, 0), answer
        phases.append(phase)
        with watched("import, unchanged", server, produce.id) as phase:
            answer = exchange.take_in(csv_pieces(plant, locations, definitions))
            assert (answer.unchanged, answer.failed) == (definitions, 0), answer
        phases.append(phase)
        with watched("import, all changed", server, produce.id) as phase:
            answer = exchange.take_in(csv_pieces(plant, locations, definitions, "at"))
            assert (answer.updated, answer.failed) == (definitions, 0), answer
        phases.append(phase)
        with watched("export", server, produce.id) as phase:
            lines = exchange.give(CSV).count(b"\r\n")
            assert lines == definitions + 2
        phases.append(phase)
        server.verify()
    return phases


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for one in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000, Path(scratch)):
            print(one, flush=True)
