"""`make bench`: measures what can be measured here and writes bench/report.

python -m bench [--runs 5] [--seconds 3]
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
import sqlalchemy
from google import protobuf
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from bench.http2_load import Outcome, run_load
from tests.plants import ServedPlant
from tests.server_process import ServerProcess, limited_to_core

EXECUTE = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
BATCH = "/lotkeeper.inventory.v1.InventoryOperationService/BatchExecuteInventoryOperations"
ECHO = "/lotkeeper.bench.v1.Bench/Echo"
LOTS = 1_000
BATCH_REQUESTS = 100
REPORT = Path(__file__).parent / "report"


@dataclass
class Figure:
    """One figure beside its reference; each value is a ratio of one pair of runs."""

    number: str
    what: str
    reference: str
    target: str
    median: float
    lowest: float
    highest: float
    measured: str
    command: str = "make bench"


class Bench:
    """A server pinned to one core, the generator to the other; a plant with a thousand lots."""

    def __init__(self, folder: Path, runs: int, seconds: float) -> None:
        self.folder, self.runs, self.seconds = folder, runs, seconds
        self.server = ServerProcess(folder, ("--bench-echo", "--log-level", "error"))
        self.executed = 0

    def start(self) -> None:
        """Starts the server and fills the plant."""
        cores = sorted(os.sched_getaffinity(0))
        self.server.start(limited_to_core(cores[0]))
        os.sched_setaffinity(0, {cores[-1]})
        with Client(self.server.address, token=self.server.token) as client:
            plant = ServedPlant(client)
            produce, self.consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
            names = [f"LOT-{number:04}" for number in range(LOTS)]
            filling = [
                pb.ExecuteInventoryOperationRequest(
                    inventory_operation_id=produce.id, primary_lot_id_or_name=name, quantity=1e9
                )
                for name in names
            ]
            client.batch_execute_inventory_operations(filling, all_or_nothing=True)
            self.records_before = LOTS
        random.Random(1).shuffle(names)
        requests = [
            pb.ExecuteInventoryOperationRequest(
                inventory_operation_id=self.consume.id, primary_lot_id_or_name=name, quantity=0.1
            )
            for name in names
        ]
        self.bodies = [request.SerializeToString() for request in requests]
        self.batches = [
            pb.BatchExecuteInventoryOperationsRequest(requests=requests[at : at + BATCH_REQUESTS]).SerializeToString()
            for at in range(0, LOTS, BATCH_REQUESTS)
        ]

    def load(self, path: str, connections: int, in_flight: int, seconds: float | None = None) -> Outcome:
        """One run; what it executes is counted for the audit."""
        bodies = self.batches if path == BATCH else self.bodies
        outcome = run_load(
            self.server.address,
            path,
            self.server.token,
            bodies,
            connections=connections,
            in_flight=in_flight,
            seconds=seconds or self.seconds,
        )
        assert outcome.reset == 0, f"{outcome.reset} streams were reset"
        if path != ECHO:
            self.executed += outcome.answered * (BATCH_REQUESTS if path == BATCH else 1)
        return outcome

    def audit(self) -> str:
        """The records in the store are those acknowledged, and the stock is their sum."""
        self.server.verify()
        with sqlite3.connect(self.folder / "store.db") as store:
            (records,) = store.execute("SELECT COUNT(*) FROM inventory_lot_record").fetchone()
        store.close()
        assert records == self.records_before + self.executed, (records, self.executed)
        return f"{self.executed} executes acknowledged, {self.executed} records in the store, every stock is their sum"

    def pairs(self, one: Callable[[], float], other: Callable[[], float]) -> list[tuple[float, float]]:
        """Interleaved runs of a measurement and its reference, after a warm-up of both."""
        one(), other()
        return [(one(), other()) for _ in range(self.runs)]


def figure(number: str, what: str, reference: str, target: str, pairs: list[tuple[float, float]], unit: str) -> Figure:
    """The ratios of interleaved pairs, and the medians of both beside them."""
    ratios = sorted(measured / referred for measured, referred in pairs)
    measured, referred = (statistics.median(values) for values in zip(*pairs, strict=True))
    return Figure(
        number,
        what,
        reference,
        target,
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        f"{measured:,.4g} {unit} beside {referred:,.4g} {unit}",
    )


def durable_commit_p50(folder: Path, seconds: float) -> float:
    """One row written and synced through the raw driver on the same disk, in seconds."""
    connection = sqlite3.connect(folder / "reference.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, payload BLOB)")
    latencies = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (payload) VALUES (?)", (b"x" * 300,))
        connection.execute("COMMIT")
        latencies.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(latencies)


def measure(bench: Bench) -> list[Figure]:
    """Every figure."""
    figures = []

    def rate(path: str, connections: int, in_flight: int, each: int = 1) -> Callable[[], float]:
        return lambda: bench.load(path, connections, in_flight).per_second * each

    pairs = bench.pairs(rate(EXECUTE, 8, 16), rate(ECHO, 8, 16))
    figures.append(
        figure("B1", "Execute, 128 in flight over 8 connections, 1,000 lots, SQLite", "echo", "≥ 0.60", pairs, "/s")
    )
    pairs = bench.pairs(rate(BATCH, 4, 4, BATCH_REQUESTS), rate(EXECUTE, 8, 16))
    figures.append(figure("B3", "BatchExecute, 100 a request, 16 in flight; executes", "B1", "≥ 3", pairs, "/s"))

    def latency(path: str) -> list[float]:
        return sorted(bench.load(path, 1, 1, bench.seconds).latencies)

    medians, tails = [], []
    latency(EXECUTE)
    for _ in range(bench.runs):
        executed, echoed = latency(EXECUTE), latency(ECHO)
        reference = statistics.median(echoed) + durable_commit_p50(bench.folder, bench.seconds / 2)
        medians.append((statistics.median(executed) * 1e3, reference * 1e3))
        tails.append((executed[len(executed) * 99 // 100] * 1e3, reference * 1e3))
    both = "echo's p50 + p50 of one durable commit"
    figures.append(figure("B4 p50", "one call in flight", both, "≤ 2.0", medians, "ms"))
    figures.append(figure("B4 p99", "one call in flight", both, "≤ 6.0", tails, "ms"))
    return figures


def write_report(figures: list[Figure], audit: str) -> str:
    """bench/report/report.md and report.json; returns the former."""
    versions = {
        "python": platform.python_version(),
        "grpcio": grpc.__version__,
        "protobuf": protobuf.__version__,
        "sqlalchemy": sqlalchemy.__version__,
        "sqlite": sqlite3.sqlite_version,
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "cores": os.cpu_count(),
    }
    lines = [
        "# Benchmark report",
        "",
        "| # | what | reference | target | median | range | measured |",
        "|" + "---|" * 7,
    ]
    for one in figures:
        spread = f"{one.lowest:.2f} to {one.highest:.2f}"
        row = (one.number, one.what, one.reference, one.target, f"{one.median:.2f}", spread, one.measured)
        lines.append("| " + " | ".join(row) + " |")
    lines += ["", f"Audit: {audit}.", "", "Versions: " + ", ".join(f"{k} {v}" for k, v in versions.items()) + "."]
    REPORT.mkdir(exist_ok=True)
    text = "\n".join(lines) + "\n"
    (REPORT / "report.md").write_text(text)
    document = {"figures": [asdict(one) for one in figures], "audit": audit, "versions": versions}
    (REPORT / "report.json").write_text(json.dumps(document, indent=2))
    return text


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="interleaved pairs of runs of each figure")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.runs, arguments.seconds)
        with bench.server:
            bench.server.kill()
            bench.start()
            figures = measure(bench)
            audit = bench.audit()
    print(write_report(figures, audit))
    return 0


if __name__ == "__main__":
    sys.exit(main())
