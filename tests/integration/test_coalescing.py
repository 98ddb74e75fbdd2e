"""Executions that wait together travel as one batch: both clients, against a server that does as it is told."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import lotkeeper._async_coalescing
import lotkeeper._coalescing
import pytest
from google.rpc import error_details_pb2, status_pb2
from lotkeeper import (
    AsyncClient,
    Client,
    ClientClosed,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    LotkeeperError,
    NotFound,
    Unavailable,
)
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.answering import Answering, answer_to

WAIT_SECONDS = 20


class Threads:
    """Executes on threads, with a Client."""

    def __init__(self, address: str, **more: Any) -> None:
        self.client = Client(address, token="t", coalesce=True, **more)
        self._pool = futures.ThreadPoolExecutor(200)

    def begin(self, lot: str, **more: Any) -> futures.Future[Any]:
        """An execution of that lot."""
        return self._pool.submit(self.client.execute_inventory_operation, "o", lot, 1.0, **more)

    def waiting(self) -> int:
        """How many wait for others."""
        return len(self.client._coalescing._waiting)  # type: ignore[union-attr]

    def close_client(self) -> None:
        """Closes the client alone."""
        self.client.close()

    def close(self) -> None:
        """Ends all."""
        self.close_client()
        self._pool.shutdown()


class Tasks:
    """Executes on tasks of an event loop in a thread, with an AsyncClient."""

    def __init__(self, address: str, **more: Any) -> None:
        self.client = AsyncClient(address, token="t", coalesce=True, **more)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def begin(self, lot: str, **more: Any) -> futures.Future[Any]:
        """An execution of that lot."""
        call = self.client.execute_inventory_operation("o", lot, 1.0, **more)
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def waiting(self) -> int:
        """How many wait for others."""
        return len(self.client._coalescing._waiting)  # type: ignore[union-attr]

    def close_client(self) -> None:
        """Closes the client alone."""
        asyncio.run_coroutine_threadsafe(self.client.close(), self._loop).result(WAIT_SECONDS)

    def close(self) -> None:
        """Ends all."""
        self.close_client()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that answers."""
    with Answering() as server:
        yield server


@pytest.fixture(params=[Threads, Tasks])
def callers(request: pytest.FixtureRequest, answering: Answering) -> Iterator[Any]:
    """Both ways to wait together."""
    made = request.param(answering.address)
    yield made
    made.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody goes without the others for want of patience, however slow this machine is."""
    for module in (lotkeeper._coalescing, lotkeeper._async_coalescing):
        monkeypatch.setattr(module, "HELD_UP_SECONDS", 1_000.0)


def until(true: Callable[[], bool]) -> None:
    """Waits until it is."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def together(answering: Answering, callers: Any, lots: list[str], **more: Any) -> list[futures.Future[Any]]:
    """One execution whose answer is held back until all others wait; then theirs, which go as one batch."""
    go_on = threading.Event()
    begun = threading.Event()

    def hold(_request: Any, _context: Any) -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)

    answering.on_single = hold
    first = callers.begin("first")
    assert begun.wait(WAIT_SECONDS)
    calls = [callers.begin(lot, **more) for lot in lots]
    until(lambda: callers.waiting() == len(lots))
    answering.on_single = lambda _request, _context: None
    go_on.set()
    assert first.result(WAIT_SECONDS).inventory_lot_name == "first"
    return calls


def batch(*results: Any) -> pb.BatchExecuteInventoryOperationsResponse:
    """An answer to a batch: a message is an answer, a status a refusal."""
    each = [
        pb.BatchExecuteResult(status=one) if isinstance(one, status_pb2.Status) else pb.BatchExecuteResult(response=one)
        for one in results
    ]
    return pb.BatchExecuteInventoryOperationsResponse(results=each)


def refusal(code: grpc.StatusCode, reason: str, field: str = "") -> Any:
    """As the server writes one."""
    status = status_pb2.Status(code=code.value[0], message="as told")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="lotkeeper"))
    if field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description="is wrong")
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status


@pytest.mark.usefixtures("patient")
def test_executions_that_wait_together_travel_as_one_batch_each_with_its_own_answer(
    answering: Answering, callers: Any
) -> None:
    """And with a request id of its own."""
    seen: list[Any] = []
    answering.on_batch = lambda request, _context: seen.extend(request.requests)
    lots = [f"L{number}" for number in range(40)]
    calls = together(answering, callers, lots)
    assert [call.result(WAIT_SECONDS).inventory_lot_name for call in calls] == lots
    assert (answering.batches, len(answering.singles)) == ([40], 1)
    assert sorted(one.primary_lot_id_or_name for one in seen) == sorted(lots)
    assert len({one.request_id for one in seen}) == 40


@pytest.mark.usefixtures("patient")
def test_of_many_half_travels_at_a_time(answering: Answering, callers: Any) -> None:
    """So that the server has the one half while the other has its answers."""
    calls = together(answering, callers, [f"L{number}" for number in range(159)])
    assert len({call.result(WAIT_SECONDS).inventory_lot_name for call in calls}) == 159
    assert sorted(answering.batches) == [79, 80]
    assert len(answering.singles) == 1


@pytest.mark.usefixtures("patient")
def test_a_batch_goes_beside_another_once_as_many_wait_as_travel(answering: Answering, callers: Any) -> None:
    """Not a few ahead: each batch costs the server a transaction."""
    hold, begun = threading.Event(), threading.Semaphore(0)

    def on_batch(_request: Any, _context: Any) -> None:
        begun.release()
        hold.wait(WAIT_SECONDS)

    answering.on_batch = on_batch
    calls = together(answering, callers, [f"L{number}" for number in range(40)])
    assert begun.acquire(timeout=WAIT_SECONDS)
    calls += [callers.begin(f"M{number}") for number in range(39)]
    until(lambda: callers.waiting() == 39)
    assert answering.batches == [40]
    calls.append(callers.begin("the 40th"))
    assert begun.acquire(timeout=WAIT_SECONDS)
    assert answering.batches == [40, 40]
    hold.set()
    assert len({call.result(WAIT_SECONDS).inventory_lot_name for call in calls}) == 80


def test_request_ids_that_are_made_one_after_the_other_stand_side_by_side(answering: Answering, callers: Any) -> None:
    """They begin with the time, and are UUIDs; the store finds its places for them together."""
    for number in range(5):
        callers.begin(f"L{number}").result(WAIT_SECONDS)
        time.sleep(0.002)
    ids = [uuid.UUID(one.request_id) for one in answering.singles]
    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}
    assert abs((ids[0].int >> 80) / 1_000 - time.time()) < 3_600


def test_one_alone_goes_at_once_and_alone(answering: Answering, callers: Any) -> None:
    """There is no timer."""
    for number in range(20):
        assert callers.begin(f"L{number}").result(WAIT_SECONDS).inventory_lot_name == f"L{number}"
    assert (len(answering.singles), answering.batches) == (20, [])


@pytest.mark.usefixtures("patient")
def test_a_dry_run_goes_alone(answering: Answering, callers: Any) -> None:
    """A batch takes none: it does not wait for others."""
    done = threading.Event()
    answering.on_single = lambda request, _context: request.validate_only or done.wait(WAIT_SECONDS)
    first = callers.begin("L")
    until(lambda: bool(answering.singles))
    assert callers.begin("dry", validate_only=True).result(WAIT_SECONDS).inventory_lot_name == "dry"
    assert not first.done()
    done.set()
    first.result(WAIT_SECONDS)
    assert answering.batches == []


@pytest.mark.usefixtures("patient")
def test_each_has_its_own_refusal_as_if_it_had_come_alone(answering: Answering, callers: Any) -> None:
    """With its fields, without their place in the batch."""

    def outcome(index: int, request: Any) -> Any:
        if request.primary_lot_id_or_name == "gone":
            field = f"requests[{index}].primary_lot_id_or_name"
            return refusal(grpc.StatusCode.NOT_FOUND, "LOT_NOT_FOUND", field)
        if request.primary_lot_id_or_name == "short":
            return refusal(grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_INVENTORY")
        return answer_to(request)

    answering.on_batch = lambda request, _context: batch(*(outcome(*one) for one in enumerate(request.requests)))
    good, gone, short = together(answering, callers, ["good", "gone", "short"])
    assert good.result(WAIT_SECONDS).inventory_lot_name == "good"
    with pytest.raises(NotFound) as lot:
        gone.result(WAIT_SECONDS)
    assert [one.field for one in lot.value.field_violations] == ["primary_lot_id_or_name"]
    with pytest.raises(FailedPrecondition) as stock:
        short.result(WAIT_SECONDS)
    assert (stock.value.reason, stock.value.index) == ("INSUFFICIENT_INVENTORY", None)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("reason", ["CONTENTION", "TOO_MANY_RECORDS"])
def test_what_is_refused_for_now_or_because_of_the_others_is_sent_again(
    answering: Answering, callers: Any, reason: str
) -> None:
    """With the request id that it had."""
    ids: list[str] = []
    codes = {"CONTENTION": grpc.StatusCode.ABORTED, "TOO_MANY_RECORDS": grpc.StatusCode.FAILED_PRECONDITION}

    def refuse_one(request: Any, _context: Any) -> Any:
        ids.extend(one.request_id for one in request.requests if one.primary_lot_id_or_name == "big")
        return batch(
            *(
                refusal(codes[reason], reason) if one.primary_lot_id_or_name == "big" else answer_to(one)
                for one in request.requests
            )
        )

    answering.on_batch = refuse_one
    small, big = together(answering, callers, ["small", "big"])
    assert small.result(WAIT_SECONDS).inventory_lot_name == "small"
    assert big.result(WAIT_SECONDS).inventory_lot_name == "big"
    [again] = [one for one in answering.singles if one.primary_lot_id_or_name == "big"]
    assert again.request_id == ids[0]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT])
def test_what_a_batch_is_refused_with_as_a_whole_is_no_answer_to_one_of_its_requests(
    answering: Answering, callers: Any, code: grpc.StatusCode
) -> None:
    """Each is sent alone, and only the one that is at fault fails."""
    answering.on_batch = lambda _request, context: context.abort(code, "as told")
    good, bad = together(answering, callers, ["good", "bad"])
    assert good.result(WAIT_SECONDS).inventory_lot_name == "good"
    assert bad.result(WAIT_SECONDS).inventory_lot_name == "bad"

    def refuse_bad(request: Any, context: Any) -> None:
        if request.primary_lot_id_or_name == "bad":
            context.abort(code, "as told")

    answering.on_single = refuse_bad
    with pytest.raises((Internal, InvalidArgument)):
        callers.begin("bad").result(WAIT_SECONDS)


@pytest.mark.usefixtures("patient")
def test_a_batch_that_was_lost_is_repeated_with_the_same_request_ids(answering: Answering, callers: Any) -> None:
    """However its requests travel then."""
    ids: dict[str, set[str]] = {}
    losses = iter([True, True])

    def note(request: Any, context: Any) -> None:
        for one in request.requests if hasattr(request, "requests") else [request]:
            ids.setdefault(one.primary_lot_id_or_name, set()).add(one.request_id)
        if next(losses, False):
            context.abort(grpc.StatusCode.UNAVAILABLE, "as told")

    answering.on_batch = note
    calls = together(answering, callers, [f"L{number}" for number in range(12)])
    answering.on_single = note
    assert len({call.result(WAIT_SECONDS).inventory_lot_name for call in calls}) == 12
    assert {len(one) for one in ids.values()} == {1}
    assert len(answering.batches) + len(answering.singles) > 2


@pytest.mark.usefixtures("patient")
def test_each_has_its_own_deadline_before_it_is_sent_and_afterwards(answering: Answering, callers: Any) -> None:
    """One that is over ends that call alone."""
    go_on = threading.Event()
    answering.on_single = lambda _request, _context: go_on.wait(WAIT_SECONDS)
    first = callers.begin("first")
    until(lambda: bool(answering.singles))
    late, early = callers.begin("late"), callers.begin("early", timeout_seconds=0.3)
    with pytest.raises(DeadlineExceeded):
        early.result(WAIT_SECONDS)
    assert not late.done()
    arrived = threading.Event()
    answer = threading.Event()

    def hang(_request: Any, _context: Any) -> None:
        arrived.set()
        answer.wait(WAIT_SECONDS)

    answering.on_batch = hang
    short = callers.begin("short", timeout_seconds=3.0)
    until(lambda: callers.waiting() == 2)
    go_on.set()
    assert first.result(WAIT_SECONDS).inventory_lot_name == "first"
    assert arrived.wait(WAIT_SECONDS)
    with pytest.raises(DeadlineExceeded):
        short.result(WAIT_SECONDS)
    assert not late.done()
    answer.set()
    assert late.result(WAIT_SECONDS).inventory_lot_name == "late"
    assert answering.batches == [2]


def test_one_that_hangs_does_not_keep_the_others(answering: Answering, callers: Any) -> None:
    """They go without it after a moment."""
    go_on = threading.Event()
    answering.on_single = lambda request, _context: (
        request.primary_lot_id_or_name != "hangs" or go_on.wait(WAIT_SECONDS)
    )
    hangs = callers.begin("hangs")
    until(lambda: bool(answering.singles))
    calls = [callers.begin(f"L{number}") for number in range(10)]
    assert len({call.result(WAIT_SECONDS).inventory_lot_name for call in calls}) == 10
    assert not hangs.done()
    go_on.set()
    assert hangs.result(WAIT_SECONDS).inventory_lot_name == "hangs"


@pytest.mark.usefixtures("patient")
def test_those_that_wait_end_when_the_client_is_closed(answering: Answering, callers: Any) -> None:
    """Those that travel, too."""
    go_on = threading.Event()
    answering.on_single = lambda _request, _context: go_on.wait(WAIT_SECONDS)
    first = callers.begin("first")
    until(lambda: bool(answering.singles))
    calls = [callers.begin(f"L{number}") for number in range(10)]
    until(lambda: callers.waiting() == 10)
    callers.close_client()
    for call in (first, *calls):
        with pytest.raises(ClientClosed):
            call.result(WAIT_SECONDS)
    go_on.set()


def test_those_that_wait_for_a_server_all_get_it(callers: Any, answering: Answering) -> None:
    """And where none comes, each is told at its own deadline."""
    answering.stop()
    calls = [callers.begin(f"L{number}") for number in range(20)]
    ends = [callers.begin("short", timeout_seconds=1.0) for _ in range(3)]
    for end in ends:
        with pytest.raises((Unavailable, DeadlineExceeded)):
            end.result(WAIT_SECONDS)
    answering.start()
    assert len({call.result(WAIT_SECONDS).inventory_lot_name for call in calls}) == 20


async def test_a_task_that_is_cancelled_leaves_the_others_alone(answering: Answering) -> None:
    """Whether it waits or travels; once nobody waits for a batch any more, the server is told so."""
    gone, go_on = threading.Event(), threading.Event()

    def hang(_request: Any, context: Any) -> None:
        context.add_callback(gone.set)
        go_on.wait(WAIT_SECONDS)

    answering.on_single = answering.on_batch = hang
    async with AsyncClient(answering.address, token="t", coalesce=True) as client:

        def begin(lot: str) -> asyncio.Task[Any]:
            return asyncio.create_task(client.execute_inventory_operation("o", lot, 1.0))

        first = begin("first")
        await asyncio.to_thread(until, lambda: bool(answering.singles))
        calls = [begin(f"L{number}") for number in range(3)]
        await asyncio.to_thread(until, lambda: bool(answering.batches))
        gone.clear()
        for call in calls:
            assert not gone.is_set()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert all(call.cancelled() for call in calls)
        assert await asyncio.to_thread(gone.wait, WAIT_SECONDS)
        go_on.set()
        assert (await first).inventory_lot_name == "first"
        assert (await begin("last")).inventory_lot_name == "last"


class Interrupting(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Interrupts the thread that sends the first batch, as Ctrl-C would."""

    def __init__(self) -> None:
        self.times = 0

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        if "Batch" in details.method and not self.times:
            self.times += 1
            raise KeyboardInterrupt
        return continuation(details, request)


@pytest.mark.usefixtures("patient")
def test_others_do_not_suffer_where_the_thread_that_sends_is_interrupted(answering: Answering) -> None:
    """They travel with the next one."""
    callers = Threads(answering.address, interceptors=[Interrupting()])
    calls = together(answering, callers, [f"L{number}" for number in range(8)])
    failures = [call.exception(WAIT_SECONDS) for call in calls]
    assert [type(failure) for failure in failures if failure] == [KeyboardInterrupt]
    assert callers.begin("after").result(WAIT_SECONDS).inventory_lot_name == "after"
    callers.close()


def test_without_the_option_nothing_travels_together(answering: Answering) -> None:
    """It is off by default."""
    with Client(answering.address, token="t") as client, futures.ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(client.execute_inventory_operation, "o", "L", 1.0) for _ in range(64)]
        assert all(call.result(WAIT_SECONDS).quantity == 1.0 for call in calls)
    assert (len(answering.singles), answering.batches) == (64, [])


def test_an_answer_for_too_few_is_an_error_of_each(answering: Answering, callers: Any) -> None:
    """Of a server that is none of ours."""
    answering.on_batch = lambda _request, _context: batch(pb.ExecuteInventoryOperationResponse())
    go_on = threading.Event()
    answering.on_single = lambda _request, _context: go_on.wait(WAIT_SECONDS)
    first = callers.begin("first")
    until(lambda: bool(answering.singles))
    calls = [callers.begin("L") for _ in range(3)]
    for call in calls:
        assert isinstance(call.exception(WAIT_SECONDS), LotkeeperError)
    go_on.set()
    first.result(WAIT_SECONDS)
