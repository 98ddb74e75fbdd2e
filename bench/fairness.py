"""One principal's single calls while another one floods the server: B15.

What a flood was answered is not counted, so the audit is only that every stock is the sum of its records.
"""

import itertools
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import grpc
from lotkeeper.inventory.v1 import (
    enums_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
)

from bench.figures import Curve, Figure, Result, at, percentiles
from bench.flooding import Flood, flooding
from bench.process_memory import processor_clock
from bench.served import BATCH, EXECUTE, Bench, Conditions, plant_of_lots, served
from tests.postgresql import PostgresServer

INVENTORY: Final = "/lotkeeper.inventory.v1.InventoryService"
LIST: Final = f"{INVENTORY}/ListInventoryLotRecords"
WATCH: Final = f"{INVENTORY}/WatchInventoryLotRecords"
IMPORT: Final = "/lotkeeper.inventory.v1.MasterDataService/ImportMasterData"
ALONE_SECONDS_MIN: Final = 0.05
"""A p99 below this counts as this, so that five times the reference is at least the quarter of a second promised."""
FLOOD_SECONDS_MIN: Final = 3.0
"""A run beside a flood takes at least so long: each transaction of a flood may take a quarter of a second."""
CALL_SECONDS_MAX: Final = 60.0
REST_SECONDS: Final = 0.5
"""Between the beginning of a flood and the first call beside it."""
LARGE_BATCH: Final = 1_000
DOCUMENT_ENTRIES: Final = 1_000


class Took(NamedTuple):
    """How long calls took, each in seconds, and how much processor time of the server passed meanwhile."""

    seconds: list[float]
    server_seconds: list[float]


def measure(conditions: Conditions) -> Iterator[Result]:
    """Execute and a list of ten records, alone and beside each flood, on SQLite and on PostgreSQL."""
    with served() as bench:
        yield from _on(bench, conditions)
    with (
        PostgresServer() as postgres,
        served("PostgreSQL", url=postgres.create_database("fairness")) as bench,
    ):
        yield from _on(bench, conditions, ", PostgreSQL")


def floods(bodies: Sequence[bytes]) -> list[Flood]:
    """What one principal may flood a server with.

    Args:
        bodies: requests of Execute.
    """
    pb = inventory_operation_service_pb2
    requests = [pb.ExecuteInventoryOperationRequest.FromString(body) for body in bodies]
    batch = pb.BatchExecuteInventoryOperationsRequest(requests=(requests * LARGE_BATCH)[:LARGE_BATCH])
    page = inventory_service_pb2.ListInventoryLotRecordsRequest(page_size=1_000)
    watch = inventory_service_pb2.WatchInventoryLotRecordsRequest(from_beginning=True)
    return [
        Flood("batches", BATCH, "unary", [batch.SerializeToString()], 2, 64),
        Flood("single calls", EXECUTE, "unary", bodies, 8, 64),
        Flood("lists", LIST, "unary", [page.SerializeToString()], 2, 64),
        Flood("watches", WATCH, "watch", [watch.SerializeToString()], 2, 32),
        Flood("plant document", IMPORT, "upload", [_document(number) for number in range(20)], 1, 2),
    ]


def _document(number: int) -> bytes:
    """A plant whose every location gets another description."""
    lines = "\n".join(f"- {{name: P{entry:05}, type: SITE, notes: Of {number}}}" for entry in range(DOCUMENT_ENTRIES))
    return master_data_service_pb2.ImportMasterDataRequest(
        format=enums_pb2.EXPORT_FORMAT_YAML, data=f"locations:\n{lines}\n".encode()
    ).SerializeToString()


def _on(bench: Bench, conditions: Conditions, suffix: str = "") -> Iterator[Result]:
    bodies = plant_of_lots(bench)
    made = bench.server.run("token", "create", "--name", f"flood-{secrets.token_hex(2)}", "--role", "admin")
    token = made.stdout.strip()
    assert token, made.stderr
    page = inventory_service_pb2.ListInventoryLotRecordsRequest(page_size=10).SerializeToString()
    of_one = {"Execute": (EXECUTE, bodies), "lists": (LIST, [page])}
    for path, messages in of_one.values():
        latencies(bench, path, messages, conditions.seconds)
    alone = {name: latencies(bench, *asked, conditions.seconds) for name, asked in of_one.items()}
    for name, took in alone.items():
        yield Curve("fairness", f"{name} alone, {bench.name}", percentiles(took.seconds))
    for flood in floods(bodies):
        with flooding(bench.server.address, token, flood) as statuses:
            time.sleep(REST_SECONDS)
            beside = {
                name: latencies(bench, *asked, max(conditions.seconds, FLOOD_SECONDS_MIN))
                for name, asked in of_one.items()
            }
        for name, took in beside.items():
            yield _figure(f"B15 {name}, {flood.name}{suffix}", flood, bench.name, took, alone[name], statuses)
            yield Curve("fairness", f"{name} beside {flood.name}, {bench.name}", percentiles(took.seconds))
    verified = bench.server.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _figure(number: str, flood: Flood, store: str, beside: Took, alone: Took, statuses: Counter[str]) -> Figure:
    measured, referred = (at(sorted(took.seconds), 99) for took in (beside, alone))
    of_server = at(sorted(beside.server_seconds), 99) * 1e3
    ended = ", ".join(f"{status} {count:,}" for status, count in sorted(statuses.items()))
    return Figure(
        number,
        f"p99 beside a flood of {flood.name}, {flood.connections * flood.in_flight} in flight, {store}",
        f"p99 alone, or {ALONE_SECONDS_MIN * 1e3:.0f} ms where that is more",
        [measured / max(referred, ALONE_SECONDS_MIN)],
        "ms",
        [measured * 1e3],
        [referred * 1e3],
        f"{len(beside.seconds):,} calls, median {statistics.median(beside.seconds) * 1e3:.1f} ms, "
        f"longest {max(beside.seconds) * 1e3:.0f} ms, p99 of the server's processor time meanwhile {of_server:.0f} ms; "
        f"alone median {statistics.median(alone.seconds) * 1e3:.1f} ms; of the flood ended: {ended or 'nothing'}",
    )


def latencies(bench: Bench, path: str, messages: Sequence[bytes], seconds: float) -> Took:
    """Calls of the server's own principal, one after the other; none may be refused."""
    assert bench.server.process is not None
    server_seconds = processor_clock(bench.server.process.pid)
    metadata = (("authorization", f"Bearer {bench.server.token}"),)
    took = Took([], [])
    with grpc.insecure_channel(bench.server.address) as channel:
        method = channel.unary_unary(path)
        end = time.perf_counter() + seconds
        for message in itertools.cycle(messages):
            begun, server_begun = time.perf_counter(), server_seconds()
            if begun >= end and took.seconds:
                return took
            method(message, metadata=metadata, timeout=CALL_SECONDS_MAX)
            took.seconds.append(time.perf_counter() - begun)
            took.server_seconds.append(server_seconds() - server_begun)
    raise AssertionError("there were no messages")
