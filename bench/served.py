"""A real server with a plant to measure on, loads for it, and the audit that every measurement ends with."""

import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from bench.figures import Audited
from bench.http2_load import Load, Outcome
from bench.process_memory import processor_seconds
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

SERVICE: Final = "/lotkeeper.inventory.v1.InventoryOperationService"
EXECUTE: Final = f"{SERVICE}/ExecuteInventoryOperation"
BATCH: Final = f"{SERVICE}/BatchExecuteInventoryOperations"
ECHO: Final = "/lotkeeper.bench.v1.Bench/Echo"
LOTS: Final = 1_000
BATCH_REQUESTS: Final = 100
USUAL_FLAGS: Final = ("--bench-echo", "--log-level", "error")
CONNECTIONS, IN_FLIGHT = 8, 16
"""The usual load: 128 calls in flight."""
AUDIT_SECONDS_MAX: Final = 3_600
_LOT_QUANTITY: Final = 1e9
_FALL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Conditions:
    """How long, how often and where to measure.

    Attributes:
        runs: interleaved pairs of runs of each figure.
        seconds: of one run.
        overload_seconds: how long three times the best rate is offered.
        memory_calls: after how many calls the server's memory is measured, and after a tenth of them.
        records: of the grown plant.
        kept: a folder for grown plants, which take long to make; it may be deleted at any time.
        wanted: numbers of the figures to measure, such as B1; empty for all.
    """

    runs: int
    seconds: float
    overload_seconds: float
    memory_calls: int
    records: int
    kept: Path
    wanted: frozenset[str] = frozenset()

    def want(self, number: str) -> bool:
        """Whether that figure is to be measured; B14 only if it is asked for by name."""
        return number in self.wanted if self.wanted else number != "B14"


CORES: Final = frozenset(os.sched_getaffinity(0))


SERVER_CORE: Final = min(CORES)
"""Where a pinned server runs."""


def _keep_server_to(pinned: bool) -> None:
    """In the process that becomes a server: takes one core, or all cores even if its parent has fewer."""
    os.sched_setaffinity(0, {SERVER_CORE} if pinned else CORES)


@contextmanager
def _generator_kept_to(pinned: bool) -> Iterator[None]:
    """Keeps this process off a pinned server's core while the block runs; on a machine with one core they share it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, (CORES - {SERVER_CORE} if pinned else CORES) or CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _observed(process: int, run: Callable[[], Outcome]) -> Outcome:
    """The run's outcome, with the processor time that the server took."""
    before = processor_seconds(process)
    outcome = run()
    outcome.server_seconds = processor_seconds(process) - before
    return outcome


@dataclass
class Bench:
    """A server, and what it acknowledged.

    Attributes:
        server: that runs.
        name: of its store.
        made: records that existed before anything was measured.
        acknowledged: executes that were answered with OK since.
    """

    server: ServerProcess
    name: str
    made: int = 0
    acknowledged: int = 0
    plant: Any = field(default=None, repr=False)

    def client(self) -> Client:
        """A client, to define things; not for load."""
        return Client(self.server.address, token=self.server.token)

    def fill(self, lots: Sequence[str], operation: str, quantity: float = _LOT_QUANTITY) -> None:
        """Produces each lot by an operation."""
        with self.client() as client:
            for begin in range(0, len(lots), 1_000):
                requests = [
                    pb.ExecuteInventoryOperationRequest(
                        inventory_operation_id=operation, primary_lot_id_or_name=lot, quantity=quantity
                    )
                    for lot in lots[begin : begin + 1_000]
                ]
                client.batch_execute_inventory_operations(requests, all_or_nothing=True)
        self.made += len(lots)

    def load(
        self,
        path: str,
        bodies: Sequence[bytes],
        connections: int,
        in_flight: int,
        tokens: list[str] | None = None,
    ) -> Load:
        """Connections for a load; the caller gives its acknowledged calls to `count`; with other tokens if given."""
        return Load(self.server.address, path, tokens or self.server.token, bodies, connections, in_flight)

    def run(
        self,
        path: str,
        bodies: Sequence[bytes],
        seconds: float,
        *,
        connections: int = CONNECTIONS,
        in_flight: int = IN_FLIGHT,
    ) -> Outcome:
        """One run, in which no call may be refused."""
        assert self.server.process is not None
        with self.load(path, bodies, connections, in_flight) as load:
            outcome = _observed(self.server.process.pid, lambda: load.kept_in_flight(seconds))
        self.count(path, outcome)
        assert not outcome.refusals, f"calls were refused: {outcome.statuses}"
        return outcome

    def count(self, path: str, outcome: Outcome) -> None:
        """Notes what was acknowledged, for the audit."""
        if path != ECHO:
            self.acknowledged += outcome.acknowledged * (BATCH_REQUESTS if path == BATCH else 1)

    def audit(self) -> Audited:
        """Checks that the store has the acknowledged records, and that every stock is their sum.

        Raises:
            AssertionError: if not; then the measurement is worthless.
        """
        command: list[str | Path] = [
            BINARIES / "lotkeeper-server",
            "verify",
            "--database-url",
            self.server.database_url,
        ]
        verified = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_SECONDS_MAX, check=False)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        found = re.search(r"^(\d+) records", verified.stdout, re.MULTILINE)
        assert found, verified.stdout
        records = int(found[1]) - self.made
        assert records == self.acknowledged, f"{self.acknowledged} acknowledged, {records} records in the store"
        return Audited(self.name, self.acknowledged, records)


@contextmanager
def served(
    name: str = "SQLite", *, url: str = "", folder: Path | None = None, flags: Sequence[str] = (), pinned: bool = True
) -> Iterator[Bench]:
    """A server on a new store, or on that in a folder, while the block runs.

    Args:
        name: of the store, for the report.
        url: of another store than the embedded one.
        folder: of the embedded store; None makes one that is deleted after the block.
        flags: more flags of `serve`.
        pinned: whether server and generator each have a core.
    """
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as fresh:
        at = folder or Path(fresh)
        server = ServerProcess(at, (*USUAL_FLAGS, *flags), database_url=url or f"sqlite:///{at}/store.db")
        with ExitStack() as ending:
            ending.push(server.__exit__)
            server.start(partial(_keep_server_to, pinned))
            ending.enter_context(_generator_kept_to(pinned))
            yield Bench(server, name)


@contextmanager
def plain_echo(*, pinned: bool = True) -> Iterator[Callable[[Sequence[bytes], float], Outcome]]:
    """Runs the plain echo as a process while the block runs; gives a function that puts it under the usual load.

    Args:
        pinned: whether it and the generator each have a core.
    """
    command = [sys.executable, "-m", "bench.plain_echo"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=partial(_keep_server_to, pinned))  # noqa: PLW1509 - it only sets limits
    assert process.stdout is not None
    with process.stdout, _generator_kept_to(pinned):
        try:
            address = process.stdout.readline().split()[-1]

            def under_load(bodies: Sequence[bytes], seconds: float) -> Outcome:
                with Load(address, EXECUTE, "", bodies, CONNECTIONS, IN_FLIGHT) as load:
                    outcome = _observed(process.pid, lambda: load.kept_in_flight(seconds))
                assert not outcome.refusals, f"calls were refused: {outcome.statuses}"
                return outcome

            yield under_load
        finally:
            process.kill()
            process.wait()


def lots_named(count: int) -> list[str]:
    """Names of lots."""
    return [f"LOT-{number:07}" for number in range(count)]


def plant_of_lots(bench: Bench, count: int = LOTS) -> list[bytes]:
    """Makes lots with plenty in stock; requests that take a little from each, in a random order."""
    with bench.client() as client:
        bench.plant = plant = ServedPlant(client, "B")
        produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
    names = lots_named(count)
    bench.fill(names, produce.id)
    random.Random(1).shuffle(names)
    return [falling(consume.id, name) for name in names]


def falling(operation: str, lot: str = "") -> bytes:
    """A request that takes a little from a lot, or from the one that is picked."""
    request = pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=operation, primary_lot_id_or_name=lot, quantity=_FALL
    )
    return request.SerializeToString()


def in_batches(bodies: Sequence[bytes]) -> list[bytes]:
    """Batches of these requests, a hundred in each."""
    requests = [pb.ExecuteInventoryOperationRequest.FromString(body) for body in bodies]
    return [
        pb.BatchExecuteInventoryOperationsRequest(requests=requests[begin : begin + BATCH_REQUESTS]).SerializeToString()
        for begin in range(0, len(requests), BATCH_REQUESTS)
    ]


def rate(bench: Bench, path: str, bodies: Sequence[bytes], seconds: float) -> Callable[[], float]:
    """Executes a second under the usual load."""
    return lambda: bench.run(path, bodies, seconds).per_second
