"""What the client makes of answers that no server of ours gives: what cannot be read, and absurd pauses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from lotkeeper import AsyncClient, Client, Internal, InvalidArgument, LotkeeperError, NotFound, Unavailable
from lotkeeper.inventory.v1.enums_pb2 import EXPORT_FORMAT_CSV

CALLED = ("/Execute", "/Batch", "/List", "/Watch", "/Export")
STREAMS = ("/Watch", "/Export")


class Raw(grpc.GenericRpcHandler):
    """Answers every method that is called here with bytes, or a status; the method by which a client knocks is unknown.

    Attributes:
        answer: the bytes; None for the status.
        status: its code, and the bytes of its details.
    """

    def __init__(self) -> None:
        self.answer: bytes | None = None
        self.status = (grpc.StatusCode.UNAVAILABLE, b"")

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = str(handler_call_details.method)
        if not any(called in method for called in CALLED):
            return None
        if any(stream in method for stream in STREAMS):
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter([self._given(request, context)]))
        return grpc.unary_unary_rpc_method_handler(self._given)

    def _given(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        if self.answer is None:
            code, details = self.status
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
            context.abort(code, "said")
        assert self.answer is not None
        return self.answer


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[Raw, str]]:
    """Such a server, and its address."""
    raw, pool = Raw(), futures.ThreadPoolExecutor(8)
    server = grpc.server(pool, handlers=(raw,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield raw, f"127.0.0.1:{port}"
    server.stop(None).wait(20)
    pool.shutdown(wait=False)


def _first(answers: Iterator[Any]) -> Any:
    return next(answers)


async def _first_of(answers: AsyncIterator[Any]) -> Any:
    return await anext(answers)


ON_THREADS: dict[str, Callable[[Client], Any]] = {
    "execution": lambda client: client.execute_inventory_operation("o", "L", 1.0),
    "list": lambda client: list(client.list_lots()),
    "export": lambda client: list(client.export_inventory_operations(export_format=EXPORT_FORMAT_CSV)),
    "watch": lambda client: _first(client.watch_inventory_lot_records()),
}
ON_ASYNCIO: dict[str, Callable[[AsyncClient], Coroutine[Any, Any, Any]]] = {
    "execution": lambda client: client.execute_inventory_operation("o", "L", 1.0),
    "list": lambda client: _first_of(client.list_lots()),
    "export": lambda client: _first_of(client.export_inventory_operations(export_format=EXPORT_FORMAT_CSV)),
    "watch": lambda client: _first_of(client.watch_inventory_lot_records()),
}


def raised(address: str, what: str, kind: type[Any], *, coalesce: bool) -> LotkeeperError:
    """What a call raises, which ends within its deadline."""
    options = {"token": "t", "timeout_seconds": 1.5, "coalesce": coalesce}
    on_threads = kind is Client
    with pytest.raises(LotkeeperError) as info:
        _call(address, what, options) if on_threads else asyncio.run(_call_on_asyncio(address, what, options))
    return info.value


def _call(address: str, what: str, options: Any) -> None:
    with Client(address, **options) as client:
        ON_THREADS[what](client)


async def _call_on_asyncio(address: str, what: str, options: Any) -> None:
    async with asyncio.timeout(20), AsyncClient(address, **options) as client:
        await ON_ASYNCIO[what](client)


EVERY_CALL = pytest.mark.parametrize(
    ("what", "kind", "coalesce"),
    [
        *((what, kind, False) for what in ON_THREADS for kind in (Client, AsyncClient)),
        ("execution", Client, True),
        ("execution", AsyncClient, True),
    ],
)


@EVERY_CALL
def test_a_message_that_cannot_be_read_is_an_internal_error(
    what: str, kind: type[Any], coalesce: bool, listening: tuple[Raw, str]
) -> None:
    """`grpc.aio` gives None in its place."""
    raw, address = listening
    raw.answer = b"\xff\xff\xff\xff"
    assert type(raised(address, what, kind, coalesce=coalesce)) is Internal


def status(code: grpc.StatusCode, *details: Message, message: str = "said") -> bytes:
    """A google.rpc.Status."""
    made = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        made.details.add().Pack(detail)
    return made.SerializeToString()


def unreadable_detail(code: grpc.StatusCode, kind: str) -> bytes:
    """A google.rpc.Status with a detail of which only the type can be read."""
    made = status_pb2.Status(code=code.value[0], message="said")
    made.details.add(type_url=f"type.googleapis.com/google.rpc.{kind}", value=b"\xff\xff\xff")
    return made.SerializeToString()


@EVERY_CALL
@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (grpc.StatusCode.NOT_FOUND, b"\xff\xfe not a message", NotFound),
        (grpc.StatusCode.NOT_FOUND, status(grpc.StatusCode.INTERNAL), NotFound),
        (grpc.StatusCode.NOT_FOUND, unreadable_detail(grpc.StatusCode.NOT_FOUND, "ErrorInfo"), NotFound),
        (grpc.StatusCode.INVALID_ARGUMENT, unreadable_detail(grpc.StatusCode.INVALID_ARGUMENT, "BadRequest"), None),
        (grpc.StatusCode.NOT_FOUND, unreadable_detail(grpc.StatusCode.NOT_FOUND, "Unheard"), NotFound),
    ],
    ids=["no status", "another status", "an unreadable reason", "unreadable violations", "an unknown detail"],
)
def test_where_details_cannot_be_read_the_status_counts(
    what: str,
    kind: type[Any],
    coalesce: bool,
    code: grpc.StatusCode,
    details: bytes,
    expected: type[LotkeeperError] | None,
    listening: tuple[Raw, str],
) -> None:
    raw, address = listening
    raw.answer, raw.status = None, (code, details)
    error = raised(address, what, kind, coalesce=coalesce)
    assert (type(error), error.message) == (expected or InvalidArgument, "said")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("seconds", "nanos", "expected"),
    [(2**62, 2**31 - 1, 3_600.0), (-(2**62), -(2**31), 0.0), (-5, 0, 0.0), (7, 500_000_000, 7.5)],
)
def test_no_server_is_waited_for_longer_than_an_hour_or_less_than_nothing(
    kind: type[Any], seconds: int, nanos: int, expected: float, listening: tuple[Raw, str]
) -> None:
    raw, address = listening
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.seconds, retry.retry_delay.nanos = seconds, nanos
    raw.answer, raw.status = None, (grpc.StatusCode.UNAVAILABLE, status(grpc.StatusCode.UNAVAILABLE, retry))
    error = raised(address, "execution", kind, coalesce=False)
    assert (type(error), error.retry_after_seconds) == (Unavailable, expected)
