"""Offers a server three times what it can do: B9."""

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc

from bench.figures import Curve, Figure, Omitted, Result, at, percentiles
from bench.http2_load import CANCELLED, OK, RESOURCE_EXHAUSTED, Outcome
from bench.process_memory import MemoryWatch
from bench.served import CONNECTIONS, EXECUTE, IN_FLIGHT, Bench, Conditions, plant_of_lots, served

TIMES_BEST: Final = 3
STREAMS: Final = 64
"""On each connection, as many as the server takes."""
REST_SECONDS: Final = 5
REFUSING_QUEUE: Final = 64
"""How many calls may wait in the server that has to refuse: less than the usual load has in flight."""


def measure(conditions: Conditions) -> Iterator[Result]:
    """Throughput kept, memory flat, the best rate again afterwards; then a server whose queue is full."""
    with served() as bench:
        bodies = plant_of_lots(bench)
        yield from _offered(bench, bodies, conditions)
        yield bench.audit()
    with served("SQLite, short queue", flags=("--queue-max", str(REFUSING_QUEUE))) as bench:
        bodies = plant_of_lots(bench)
        yield from _refused(bench, bodies, conditions)
        yield bench.audit()


def _median_rate(bench: Bench, bodies: list[bytes], conditions: Conditions, in_flight: int) -> float:
    """Executes a second, of three runs."""
    runs = [bench.run(EXECUTE, bodies, conditions.seconds, in_flight=in_flight) for _ in range(3)]
    return statistics.median(run.per_second for run in runs)


def _best(bench: Bench, bodies: list[bytes], conditions: Conditions) -> tuple[float, int]:
    """The best of the usual loads: executes a second, and calls in flight on each connection."""
    bench.run(EXECUTE, bodies, conditions.seconds)
    return max((_median_rate(bench, bodies, conditions, in_flight), in_flight) for in_flight in (IN_FLIGHT, STREAMS))


def _offered(bench: Bench, bodies: list[bytes], conditions: Conditions) -> Iterator[Result]:
    assert bench.server.process is not None
    best, best_in_flight = _best(bench, bodies, conditions)
    with (
        bench.load(EXECUTE, bodies, CONNECTIONS, STREAMS) as load,
        MemoryWatch(bench.server.process.pid) as memory,
    ):
        outcome = load.offered(TIMES_BEST * best, conditions.overload_seconds)
        drained = load.drained()
    bench.count(EXECUTE, outcome)
    bench.count(EXECUTE, drained)
    time.sleep(REST_SECONDS)
    again = _median_rate(bench, bodies, conditions, best_in_flight)
    statuses = outcome.statuses + drained.statuses
    _check_statuses(statuses)
    note = (
        f"offered {outcome.offered / outcome.seconds:,.0f}/s for {outcome.seconds:.0f} s by {CONNECTIONS} connections "
        f"that stay within the server's limit of {STREAMS} streams; statuses {_shown(statuses)}"
    )
    reference = "best throughput"
    what = f"offered {TIMES_BEST} times the best, {bench.name}"
    kept = outcome.per_second / best
    yield Figure("B9", what, reference, [kept], "/s", [outcome.per_second], [best], note)
    yield Figure(f"B9 {REST_SECONDS} s later", what, reference, [again / best], "/s", [again], [best])
    third = max(1, len(memory.megabytes) // 3)
    first, last = (statistics.median(part) for part in (memory.megabytes[:third], memory.megabytes[-third:]))
    yield Figure(
        "B9 memory",
        f"{what}; memory of the last third",
        "of the first third",
        [last / first],
        "MB",
        [last],
        [first],
    )
    yield Curve("overload", f"answered, {bench.name}", percentiles(outcome.latencies))


def _refused(bench: Bench, bodies: list[bytes], conditions: Conditions) -> Iterator[Result]:
    """If more wait than the queue takes, new calls are refused soon, with reason and delay."""
    with bench.load(EXECUTE, bodies, CONNECTIONS, STREAMS // 4) as load:
        outcome = load.kept_in_flight(conditions.seconds)
        with ThreadPoolExecutor(1) as thread:
            beside = thread.submit(load.kept_in_flight, conditions.seconds)
            reasons = _reasons(bench, bodies[0], beside)
    for one in (outcome, beside.result()):
        bench.count(EXECUTE, one)
        _check_statuses(one.statuses)
    bench.acknowledged += reasons["OK"]
    assert set(reasons) <= {"OK", "OVERLOADED"}, reasons
    if not outcome.refusals:
        yield Omitted("B9 refusals", "p99 of a refusal", "no call was refused")
        return
    millis = at(sorted(outcome.refusals), 99) * 1e3
    yield Figure(
        "B9 refusals",
        f"p99 of a refusal with OVERLOADED, 128 in flight, a queue of {REFUSING_QUEUE}",
        "",
        [millis],
        "ms",
        [millis],
        note=f"statuses {_shown(outcome.statuses)}; each of {reasons['OVERLOADED']} looked at had its RetryInfo",
    )
    yield Curve("overload", "refused with OVERLOADED", percentiles(outcome.refusals))


def _reasons(bench: Bench, body: bytes, beside: Future[Outcome]) -> Counter[str]:
    """What a gRPC client gets during that time: OK, or a reason with a delay."""
    reasons: Counter[str] = Counter()
    with grpc.insecure_channel(bench.server.address) as channel:
        stub = inventory_operation_service_pb2_grpc.InventoryOperationServiceStub(channel)
        request = pb.ExecuteInventoryOperationRequest.FromString(body)
        while not beside.done():
            try:
                stub.ExecuteInventoryOperation(request, metadata=(("authorization", f"Bearer {bench.server.token}"),))
                reasons["OK"] += 1
            except grpc.RpcError as error:
                reasons[_reason(error)] += 1
    return reasons


def _reason(error: Any) -> str:
    status = rpc_status.from_call(error)
    if status is None:
        return f"bare {error.code().name}"
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    delayed = any(detail.Unpack(retry) for detail in status.details)
    for detail in status.details:
        detail.Unpack(info)
    return info.reason if delayed else f"{info.reason} without a delay"


def _check_statuses(statuses: Counter[int]) -> None:
    """Only OK and OVERLOADED, above all no bare CANCELLED."""
    assert not statuses[CANCELLED], f"calls ended with CANCELLED: {statuses}"
    assert set(statuses) <= {OK, RESOURCE_EXHAUSTED}, f"calls ended otherwise: {statuses}"


def _shown(statuses: Counter[int]) -> str:
    names = {code.value[0]: code.name for code in grpc.StatusCode}
    return ", ".join(f"{names[status]} {count:,}" for status, count in sorted(statuses.items()))
