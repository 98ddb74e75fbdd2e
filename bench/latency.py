"""One call in flight, compared with the cost of gRPC and of a durable commit: B4."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.figures import Curve, Result, at, percentiles, ratio
from bench.served import ECHO, EXECUTE, Bench, Conditions, plant_of_lots, served

PAYLOAD: Final = b"x" * 300
REFERENCE: Final = "own echo's p50 + p50 of one durable commit on the same disk"


def durable_commits(path: Path, seconds: float) -> list[float]:
    """Seconds that each took: one row written and synced through the raw driver."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, payload BLOB)")
    latencies = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (payload) VALUES (?)", (PAYLOAD,))
        connection.execute("COMMIT")
        latencies.append(time.perf_counter() - begun)
    connection.close()
    return latencies


def one_in_flight(
    bench: Bench, bodies: list[bytes], conditions: Conditions, commits: Callable[[], list[float]], suffix: str = ""
) -> Iterator[Result]:
    """p50 and p99 of a caller who waits for each answer."""

    def latencies(path: str) -> list[float]:
        return bench.run(path, bodies, conditions.seconds, connections=1, in_flight=1).latencies

    rounds = [(latencies(EXECUTE), latencies(ECHO), commits()) for _ in range(conditions.runs + 1)][1:]
    referred = [(statistics.median(echoed) + statistics.median(synced)) * 1e3 for _, echoed, synced in rounds]
    for name, percent in (("p50", 50), ("p99", 99)):
        measured = [at(sorted(executed), percent) * 1e3 for executed, _, _ in rounds]
        what = f"one call in flight, {name}, {bench.name}"
        yield ratio(f"B4 {name}{suffix}", what, REFERENCE, measured, referred, "ms")
    for index, label in enumerate(("Execute", "own echo", "durable commit")):
        together = [one for taken in rounds for one in taken[index]]
        yield Curve("one in flight", f"{label}, {bench.name}", percentiles(together))


def measure_embedded(conditions: Conditions) -> Iterator[Result]:
    """B4 on the embedded store; commits are taken on the other core, as the load is."""
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as folder, served() as bench:
        bodies = plant_of_lots(bench)
        path = Path(folder) / "reference.db"
        yield from one_in_flight(bench, bodies, conditions, lambda: durable_commits(path, conditions.seconds / 2))
        yield bench.audit()
