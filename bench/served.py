"""A real server with a plant to measure on, loads for it, and the audit that every measurement ends with."""

import os
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from bench.figures import Audited
from bench.http2_load import Load, Outcome
from tests.plants import ServedPlant
from tests.server_process import ServerProcess, limited_to_core

SERVICE: Final = "/lotkeeper.inventory.v1.InventoryOperationService"
EXECUTE: Final = f"{SERVICE}/ExecuteInventoryOperation"
BATCH: Final = f"{SERVICE}/BatchExecuteInventoryOperations"
ECHO: Final = "/lotkeeper.bench.v1.Bench/Echo"
LOTS: Final = 1_000
BATCH_REQUESTS: Final = 100
USUAL_FLAGS: Final = ("--bench-echo", "--log-level", "error")
CONNECTIONS, IN_FLIGHT = 8, 16
"""Of the usual load: 128 calls in flight."""
_LOT_QUANTITY: Final = 1e9
_FALL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Conditions:
    """How long and how often is measured, and where.

    Attributes:
        runs: interleaved pairs of runs of each figure.
        seconds: of one run.
        overload_seconds: for how long three times the best rate is offered.
        memory_calls: after so many the server's memory is looked at, and after a tenth of them.
        records: of the grown plant.
        kept: a folder for grown plants, which take long to make; it may be deleted at any time.
        whole_suite: whether the tests are run, too.
    """

    runs: int
    seconds: float
    overload_seconds: float
    memory_calls: int
    records: int
    kept: Path
    whole_suite: bool = False


CORES: Final = frozenset(os.sched_getaffinity(0))


def _server_core() -> int:
    """Where a pinned server runs."""
    return min(CORES)


@contextmanager
def _beside_the_server() -> Iterator[None]:
    """This process keeps off the server's core meanwhile; on a machine with one core they share it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES - {_server_core()} or CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass
class Bench:
    """A server, and what it acknowledged.

    Attributes:
        server: that runs.
        name: of its store.
        made: records that were there before anything was measured.
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

    def load(self, path: str, bodies: Sequence[bytes], connections: int, in_flight: int) -> Load:
        """Connections for a load whose acknowledged calls the caller gives to `count`."""
        return Load(self.server.address, path, self.server.token, bodies, connections, in_flight)

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
        with self.load(path, bodies, connections, in_flight) as load:
            outcome = load.kept_in_flight(seconds)
        self.count(path, outcome)
        assert not outcome.refusals, f"calls were refused: {outcome.statuses}"
        return outcome

    def count(self, path: str, outcome: Outcome) -> None:
        """Notes what was acknowledged, for the audit."""
        if path != ECHO:
            self.acknowledged += outcome.acknowledged * (BATCH_REQUESTS if path == BATCH else 1)

    def audit(self) -> Audited:
        """The records in the store are those acknowledged, and every stock is their sum.

        Raises:
            AssertionError: where not: the measurement is worth nothing then.
        """
        verified = self.server.run("verify")
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
        folder: of the embedded store; None makes one that goes with the block.
        flags: more flags of `serve`.
        pinned: whether server and generator have a core each.
    """
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as fresh:
        at = folder or Path(fresh)
        server = ServerProcess(at, (*USUAL_FLAGS, *flags), database_url=url or f"sqlite:///{at}/store.db")
        with ExitStack() as ending:
            ending.push(server.__exit__)
            server.start(limited_to_core(_server_core()) if pinned else None)
            if pinned:
                ending.enter_context(_beside_the_server())
            yield Bench(server, name)


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
    """The same requests, a hundred in each."""
    requests = [pb.ExecuteInventoryOperationRequest.FromString(body) for body in bodies]
    return [
        pb.BatchExecuteInventoryOperationsRequest(requests=requests[begin : begin + BATCH_REQUESTS]).SerializeToString()
        for begin in range(0, len(requests), BATCH_REQUESTS)
    ]


def rate(bench: Bench, path: str, bodies: Sequence[bytes], seconds: float) -> Callable[[], float]:
    """Executes a second under the usual load."""
    return lambda: bench.run(path, bodies, seconds).per_second
