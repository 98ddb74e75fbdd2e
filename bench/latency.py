"""One call in flight beside what gRPC and a durable commit cost: B4."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.figures import Curve, Figure, Result, Target, at, percentiles
from bench.served import ECHO, EXECUTE, Bench, Conditions, plant_of_lots, served

PAYLOAD: Final = b"x" * 300
REFERENCE: Final = "echo's p50 + p50 of one durable commit on the same disk"
LIMITED_BY: Final = (
    "the commit of a call writes 11 pages where the reference writes 1, and two threads hand the call over"
)

DATABASE_LIMITED_BY: Final = (
    "six answers of the database are waited for, one behind the other, some 0.5 ms each where server, database and "
    "generator share two cores; the reference waits for one"
)


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
    for name, percent, target in (("p50", 50, Target(2.0, 1.3, at_most=True)), ("p99", 99, Target(6.0, 3.0, True))):
        measured = [at(sorted(executed), percent) * 1e3 for executed, _, _ in rounds]
        ratios = [one / other for one, other in zip(measured, referred, strict=True)]
        what = f"one call in flight, {name}, {bench.name}"
        limited_by = DATABASE_LIMITED_BY if suffix else LIMITED_BY
        yield Figure(
            f"B4 {name}{suffix}", what, REFERENCE, ratios, target, "ms", measured, referred, limited_by=limited_by
        )
    for index, label in enumerate(("Execute", "echo", "durable commit")):
        together = [one for taken in rounds for one in taken[index]]
        yield Curve("one in flight", f"{label}, {bench.name}", percentiles(together))


def measure_embedded(conditions: Conditions) -> Iterator[Result]:
    """B4 on the embedded store; commits are taken on the other core, as the load is."""
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as folder, served() as bench:
        bodies = plant_of_lots(bench)
        path = Path(folder) / "reference.db"
        yield from one_in_flight(bench, bodies, conditions, lambda: durable_commits(path, conditions.seconds / 2))
        yield bench.audit()
