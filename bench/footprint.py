"""Memory after many calls, memory of an idle server, and how soon a server answers: B10, B11."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.figures import Figure, Result, interleaved, ratio
from bench.process_memory import resident_mb
from bench.served import CONNECTIONS, EXECUTE, IN_FLIGHT, USUAL_FLAGS, Bench, Conditions, plant_of_lots, served
from tests.server_process import ServerProcess

REST_SECONDS: Final = 2


def measure_memory(conditions: Conditions) -> Iterator[Result]:
    """B10."""
    with served() as bench:
        idle = _rested(bench)
        yield Figure(
            "B10 idle",
            f"memory {REST_SECONDS} s after the start",
            "",
            [idle],
            "MB",
            [idle],
        )
        bodies = plant_of_lots(bench)
        few = conditions.memory_calls // 10
        _execute(bench, bodies, few)
        first = _rested(bench)
        _execute(bench, bodies, conditions.memory_calls - few)
        last = _rested(bench)
        yield Figure(
            "B10",
            f"memory after {conditions.memory_calls:,} calls, {REST_SECONDS} s after the last",
            f"after {few:,}",
            [last / first],
            "MB",
            [last],
            [first],
        )
        yield bench.audit()


def _execute(bench: Bench, bodies: list[bytes], calls: int) -> None:
    with bench.load(EXECUTE, bodies, CONNECTIONS, IN_FLIGHT) as load:
        outcome = load.kept_in_flight(calls=calls)
    bench.count(EXECUTE, outcome)
    assert not outcome.refusals, outcome.statuses


def _rested(bench: Bench) -> float:
    assert bench.server.process is not None
    time.sleep(REST_SECONDS)
    return resident_mb(bench.server.process.pid)


def measure_start(conditions: Conditions) -> Iterator[Result]:
    """B11: on an existing store, files warm, nothing pinned."""
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as folder:
        with served(folder=Path(folder), pinned=False) as bench:
            bodies = plant_of_lots(bench)
            made, token, url = bench.made, bench.server.token, bench.server.database_url

        def start() -> float:
            return _start_seconds(ServerProcess(Path(folder), USUAL_FLAGS, token=token, database_url=url), bodies)

        found = interleaved(conditions.runs, {"start": start, "import": _import_seconds})
        yield ratio(
            "B11",
            "start of `serve` on a store with 1,000 lots, to the first Execute answered",
            '`python -c "import grpc, sqlalchemy"`',
            found["start"],
            found["import"],
            "s",
        )
        with served(folder=Path(folder)) as bench:
            bench.made, bench.acknowledged = made, conditions.runs + 1
            yield bench.audit()


def _start_seconds(server: ServerProcess, bodies: list[bytes]) -> float:
    begun = time.perf_counter()
    with server:
        bench = Bench(server, "SQLite")
        with bench.load(EXECUTE, bodies, 1, 1) as load:
            outcome = load.kept_in_flight(calls=1)
        taken = time.perf_counter() - begun
    assert outcome.acknowledged == 1, outcome.statuses
    return taken


def _import_seconds() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import grpc, sqlalchemy"], check=True)
    return time.perf_counter() - begun
