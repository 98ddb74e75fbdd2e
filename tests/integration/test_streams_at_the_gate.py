"""What a streaming method passes on its way in and out: refusals, faults, the caller's end and the server's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
from lotkeeper import LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as inventory_grpc
from lotkeeper.inventory.v1 import master_data_service_pb2 as pb
from lotkeeper.inventory.v1 import master_data_service_pb2_grpc as pb_grpc
from lotkeeper.inventory.v1 import trace_service_pb2 as trace_pb
from lotkeeper.inventory.v1 import trace_service_pb2_grpc as trace_grpc
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.looks import Looks
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, revoke_tokens
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, Refused
from lotkeeper_server.engine.engine import READERS, Engine
from lotkeeper_server.rpc.gate.admissions import Admissions
from lotkeeper_server.rpc.gate.call import Call, ends_with_the_server
from lotkeeper_server.rpc.gate.calls_in_progress import CallsInProgress
from lotkeeper_server.rpc.gate.denials import Denials
from lotkeeper_server.rpc.gate.doorway import Doorway, confirm_by
from lotkeeper_server.rpc.gate.gate import Methods, methods_of
from lotkeeper_server.rpc.gate.pace import PaceLimits
from lotkeeper_server.rpc.gate.refused_callers import RefusedCallers
from lotkeeper_server.rpc.server import SERVICES
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.transport import CallerGone, ServerOptions
from lotkeeper_server.transport.aio_server import AioServer
from lotkeeper_server.transport.core_server import CoreServer

NOT_EVEN_HALF_A_MINUTE = 20
REST_SECONDS = 0.6
BYTES_PER_SECOND_MIN = 10_000
SECONDS_MAX = 2.5
LOOK_SECONDS = 0.05
BROKEN = b"\xff\xff\xff\x00garbage"
ADMIN = (("authorization", "Bearer admin"),)
REFUSAL = InvalidArgument.on("name", Fault.malformed("is at fault"))


@dataclass
class Told:
    """Streams as it is told, and keeps what it sees."""

    give: Callable[[], AsyncIterator[bytes]] | None = None
    taken: list[bytes] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: list[type[BaseException] | None] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __getattr__(self, name: str) -> Any:
        """Every other method of the contract is there, and not called."""
        if not name[:1].isupper():
            raise AttributeError(name)
        return lambda *_: None

    async def ExportMasterData(  # noqa: N802
        self, _request: pb.ExportMasterDataRequest, _call: Call
    ) -> AsyncGenerator[pb.ExportMasterDataResponse, None]:
        """What it was told to give."""
        assert self.give is not None
        try:
            async for data in self.give():
                yield pb.ExportMasterDataResponse(data=data)
        except BaseException as error:
            self.ended.append(type(error))
            raise
        else:
            self.ended.append(None)
        finally:
            self.over.set()

    @ends_with_the_server
    async def WatchInventoryLotRecords(  # noqa: N802
        self, request: inventory_pb.WatchInventoryLotRecordsRequest, _call: Call
    ) -> AsyncGenerator[inventory_pb.WatchInventoryLotRecordsResponse, None]:
        """A message, then nothing; from the beginning: megabytes without end."""
        try:
            yield inventory_pb.WatchInventoryLotRecordsResponse(resume_token="first")
            while request.from_beginning:
                yield inventory_pb.WatchInventoryLotRecordsResponse(resume_token="x" * 1_000_000)
            await asyncio.Event().wait()
        except BaseException as error:
            self.ended.append(type(error))
            raise
        finally:
            self.over.set()

    async def GetLotTraceGraph(  # noqa: N802
        self, _request: trace_pb.GetLotTraceGraphRequest, _call: Call
    ) -> trace_pb.GetLotTraceGraphResponse:
        """A long read: begins, and ends once it is told."""
        self.began.set()
        await self.goes_on.wait()
        return trace_pb.GetLotTraceGraphResponse()

    async def ImportMasterData(  # noqa: N802
        self, requests: AsyncIterator[pb.ImportMasterDataRequest], _call: Call
    ) -> pb.ImportMasterDataResponse:
        """Counts bytes; `refuse` and `fail` do so."""
        try:
            async for request in requests:
                self.taken.append(request.data)
                self.began.set()
                if request.data == b"refuse":
                    raise Refused(REFUSAL)
                if request.data == b"fail":
                    raise ZeroDivisionError
        except BaseException as error:
            self.ended.append(type(error))
            raise
        else:
            self.ended.append(None)
        finally:
            self.over.set()
        return pb.ImportMasterDataResponse(created=sum(map(len, self.taken)))


class Served:
    """That servicer behind the real gate on a real socket."""

    def __init__(self, store: Store, server_class: type[CoreServer] | type[AioServer]) -> None:
        self._store = store
        self._server_class = server_class

    async def __aenter__(self) -> Served:
        self.told = Told()
        directory, event_loop = Directory(), asyncio.get_running_loop()
        self._engine = Engine(self._store, confirm_by(directory))
        self.calls = CallsInProgress(event_loop)
        looks = Looks(directory, self._engine.read_soon, event_loop)
        admissions = Admissions(directory, self._engine.read_access, LOOK_SECONDS)
        pace = PaceLimits(REST_SECONDS, BYTES_PER_SECOND_MIN, SECONDS_MAX)
        refused_callers = RefusedCallers(event_loop)
        denials = Denials(self._engine, event_loop)
        doorway = Doorway(directory, looks, self._engine, self.calls, admissions, refused_callers, denials, pace)
        methods: Methods = {}
        for service in SERVICES:
            methods |= methods_of(service, [self.told], doorway)
        self._server = self._server_class(methods, ServerOptions(), event_loop)
        port = self._server.listen("127.0.0.1:0")
        self._server.start()
        self.address = f"127.0.0.1:{port}"
        self._channel = grpc.aio.insecure_channel(self.address)
        self.master_data: Any = pb_grpc.MasterDataServiceStub(self._channel)
        self.inventory: Any = inventory_grpc.InventoryServiceStub(self._channel)
        self.trace: Any = trace_grpc.TraceServiceStub(self._channel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()
        await self._server.close()
        await self._engine.close()

    async def everything_over(self) -> None:
        """Returns once the servicer has ended and no call is in the house."""
        async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
            await self.told.over.wait()
            await self.in_the_house(0)

    async def in_the_house(self, count: int) -> None:
        """Returns once so many calls are left."""
        while self.calls.count > count:  # noqa: ASYNC110 - the gate tells of it at shutdown only
            await asyncio.sleep(0.001)


@pytest.fixture(params=[CoreServer, AioServer])
def server_class(request: pytest.FixtureRequest) -> type[CoreServer] | type[AioServer]:
    """Both of them."""
    served_by: type[CoreServer] | type[AioServer] = request.param
    return served_by


@pytest.fixture
async def served(store: Store, server_class: type[CoreServer] | type[AioServer]) -> AsyncIterator[Served]:
    """A server with a token for everything and one for units."""
    with store.write() as connection:
        add_role(connection, "units", ["UNIT"], 1)
        for number, role in enumerate(("admin", "units"), 1):
            entry = TokenEntry(number.to_bytes(16, "big"), role, (role,), False, 1, None, None)
            add_token(connection, role, entry)
    async with Served(store, server_class) as started:
        yield started


async def _reason(call: Any) -> str:
    """What a call is refused with; it must have brought nothing."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await (anext(aiter(call)) if hasattr(call, "__aiter__") else call)
    error: LotkeeperError = error_of(refused.value)
    return error.reason


def _given(*pieces: bytes, then: BaseException | None = None) -> Callable[[], AsyncIterator[bytes]]:
    async def give() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        if then is not None:
            raise then

    return give


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "UNAUTHENTICATED"),
        ((("authorization", "Bearer wrong"),), "UNAUTHENTICATED"),
        ((("authorization", "Bearer units"),), "PERMISSION_DENIED"),
    ],
)
async def test_who_may_not_is_refused_before_the_method_begins(served: Served, metadata: Any, reason: str) -> None:
    """Both directions; also while the caller is still sending."""
    request = pb.ExportMasterDataRequest()
    assert await _reason(served.master_data.ExportMasterData(request, metadata=metadata)) == reason
    assert await _reason(served.inventory.WatchInventoryLotRecords(request, metadata=metadata)) == reason
    call = served.master_data.ImportMasterData(metadata=metadata)
    assert await _reason(call) == reason
    assert served.told.ended == []
    assert served.calls.count == 0


async def test_bytes_that_are_no_message_are_an_invalid_argument(served: Served) -> None:
    """The first message of either direction, and a later one of a stream."""
    channel = served._channel
    name = "/lotkeeper.inventory.v1.MasterDataService"
    assert await _reason(channel.unary_stream(f"{name}/ExportMasterData")(BROKEN, metadata=ADMIN)) == "INVALID_ARGUMENT"
    for pieces in ([BROKEN], [pb.ImportMasterDataRequest(data=b"good").SerializeToString(), BROKEN]):
        call = channel.stream_unary(f"{name}/ImportMasterData")(iter(pieces), metadata=ADMIN)
        assert await _reason(call) == "INVALID_ARGUMENT"
    assert served.told.taken == [b"good"]


async def test_a_stream_ends_ok_after_its_last_message(served: Served) -> None:
    """Empty ones, too; what is taken comes whole and in order."""
    for pieces in ([], [b"a"], [bytes([number]) * 10_000 for number in range(200)]):
        served.told.give = _given(*pieces)
        call = served.master_data.ExportMasterData(pb.ExportMasterDataRequest(), metadata=ADMIN)
        assert [response.data async for response in call] == pieces
        assert await call.code() is grpc.StatusCode.OK
        served.told.taken.clear()
        sent = (pb.ImportMasterDataRequest(data=piece) for piece in pieces)
        response = await served.master_data.ImportMasterData(sent, metadata=ADMIN)
        assert response.created == sum(map(len, pieces))
        assert served.told.taken == pieces
    assert served.calls.count == 0


async def test_a_refusal_in_the_middle_of_a_stream_is_its_status(served: Served) -> None:
    """With its details; the messages before it have come."""
    served.told.give = _given(b"a", b"b", then=Refused(REFUSAL))
    call = served.master_data.ExportMasterData(pb.ExportMasterDataRequest(), metadata=ADMIN)
    messages = aiter(call)
    assert [(await anext(messages)).data for _ in range(2)] == [b"a", b"b"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await anext(messages)
    error = error_of(refused.value)
    assert (error.reason, [one.field for one in error.field_violations]) == ("INVALID_ARGUMENT", ["name"])
    # Within the window: where more is on its way, grpc.aio may say "Internal error from Core" instead.
    sent = (pb.ImportMasterDataRequest(data=piece) for piece in (b"a", b"refuse", *[b"x" * 10_000] * 20))
    assert await _reason(served.master_data.ImportMasterData(sent, metadata=ADMIN)) == "INVALID_ARGUMENT"
    assert served.told.taken == [b"a", b"refuse"]
    await served.everything_over()


async def test_a_fault_in_the_middle_of_a_stream_is_internal_with_an_error_id(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of the fault itself gets out; the log has the same id."""
    served.told.give = _given(b"a", then=ZeroDivisionError("secret"))
    calls = [
        served.master_data.ExportMasterData(pb.ExportMasterDataRequest(), metadata=ADMIN),
        served.master_data.ImportMasterData(iter([pb.ImportMasterDataRequest(data=b"fail")]), metadata=ADMIN),
    ]
    with pytest.raises(grpc.aio.AioRpcError) as given:
        async for _ in calls[0]:
            pass
    with pytest.raises(grpc.aio.AioRpcError) as taken:
        await calls[1]
    logged = caplog.text
    for rpc_error in (given.value, taken.value):
        error = error_of(rpc_error)
        assert error.reason == "INTERNAL"
        assert "secret" not in error.message
        assert error.metadata["error_id"] in logged
    await served.everything_over()


async def test_a_caller_who_cancels_ends_the_method_at_once(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it waits for the reader, for something to tell, or for the next message; no fault is logged."""
    watch = served.inventory.WatchInventoryLotRecords
    for request in (
        inventory_pb.WatchInventoryLotRecordsRequest(),
        inventory_pb.WatchInventoryLotRecordsRequest(from_beginning=True),
    ):
        served.told.over.clear()
        call = watch(request, metadata=ADMIN)
        assert (await anext(aiter(call))).resume_token == "first"
        call.cancel()
        await served.everything_over()
    served.told.over.clear()
    call = served.master_data.ImportMasterData(metadata=ADMIN)
    await call.write(pb.ImportMasterDataRequest(data=b"a"))
    await served.told.began.wait()
    call.cancel()
    await served.everything_over()
    assert served.told.ended[0] in {asyncio.CancelledError, GeneratorExit}  # it waits, or its message is on its way
    assert served.told.ended[1] is GeneratorExit
    assert served.told.ended[2] in {asyncio.CancelledError, CallerGone}
    assert "fault" not in caplog.text


async def test_what_was_cancelled_half_way_never_looks_whole(served: Served) -> None:
    """A stream that its caller broke off does not end as one that was finished."""
    for _ in range(50):
        served.told.over.clear()
        served.told.began.clear()
        call = served.master_data.ImportMasterData(metadata=ADMIN)
        await call.write(pb.ImportMasterDataRequest(data=b"a"))
        await served.told.began.wait()
        call.cancel()
        await served.everything_over()
    assert None not in served.told.ended


async def test_a_deadline_ends_a_stream(served: Served) -> None:
    """As the caller's own library says it; the method has ended, too."""
    call = served.inventory.WatchInventoryLotRecords(
        inventory_pb.WatchInventoryLotRecordsRequest(), metadata=ADMIN, timeout=0.2
    )
    messages = aiter(call)
    assert (await anext(messages)).resume_token == "first"
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await anext(messages)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await served.everything_over()


async def test_at_shutdown_streams_without_an_end_are_ended_and_the_others_finished(served: Served) -> None:
    """SHUTTING_DOWN with RetryInfo, at once; a reader who does not read holds nothing up."""
    go_on = asyncio.Event()

    async def give() -> AsyncIterator[bytes]:
        yield b"a"
        await go_on.wait()
        yield b"b"

    served.told.give = give
    export = aiter(served.master_data.ExportMasterData(pb.ExportMasterDataRequest(), metadata=ADMIN))
    await anext(export)
    watch, nothing = served.inventory.WatchInventoryLotRecords, inventory_pb.WatchInventoryLotRecordsRequest()
    idle = aiter(watch(nothing, metadata=ADMIN))
    await anext(idle)
    stuck = watch(inventory_pb.WatchInventoryLotRecordsRequest(from_beginning=True), metadata=ADMIN)
    await anext(aiter(stuck))
    calls = served.calls
    assert calls.count == 3
    calls.shut()
    async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
        await served.in_the_house(1)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await anext(idle)
        error = error_of(ended.value)
        assert (error.reason, error.retry_after_seconds) == ("SHUTTING_DOWN", 1.0)
        go_on.set()
        assert [response.data async for response in export] == [b"b"]
        await calls.drained()
    assert await _reason(watch(nothing, metadata=ADMIN)) == "SHUTTING_DOWN"
    sent = iter([pb.ImportMasterDataRequest(data=b"a")])
    assert await _reason(served.master_data.ImportMasterData(sent, metadata=ADMIN)) == "SHUTTING_DOWN"


async def test_an_upload_that_rests_is_given_up(served: Served) -> None:
    """So that a caller who hangs keeps no place from others; the method never sees an end."""

    async def pieces() -> AsyncIterator[pb.ImportMasterDataRequest]:
        yield pb.ImportMasterDataRequest(data=b"a")
        await asyncio.Event().wait()

    async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
        assert await _reason(served.master_data.ImportMasterData(pieces(), metadata=ADMIN)) == "DEADLINE_EXCEEDED"
        await served.everything_over()
        assert served.told.ended == [Refused]


async def test_a_download_that_nobody_takes_is_given_up(served: Served) -> None:
    """It holds a place and a file."""

    async def give() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1_000_000)

    async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
        served.told.give = give
        export = served.master_data.ExportMasterData(pb.ExportMasterDataRequest(), metadata=ADMIN)
        await anext(aiter(export))
        await served.everything_over()
        export.cancel()


async def test_an_upload_that_is_not_sent_whole_ends_with_the_server(served: Served) -> None:
    """Nothing was done; what is sent whole would be finished."""

    async def pieces() -> AsyncIterator[pb.ImportMasterDataRequest]:
        yield pb.ImportMasterDataRequest(data=b"a")
        await asyncio.Event().wait()

    async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
        upload = served.master_data.ImportMasterData(pieces(), metadata=ADMIN)
        while not served.told.taken:  # noqa: ASYNC110 - the servicer of this test tells of nothing else
            await asyncio.sleep(0.001)
        served.calls.shut()
        assert await _reason(upload) == "SHUTTING_DOWN"
        await served.calls.drained()


def _reason_of_upload(address: str, piece: bytes, pause_seconds: float) -> str:
    """What an upload is refused with that sends the same piece for ever.

    By gRPC's other library: grpc.aio may take a message that it could not send for the status of the call.
    """
    over = threading.Event()

    def pieces() -> Iterator[pb.ImportMasterDataRequest]:
        while not over.wait(pause_seconds):
            yield pb.ImportMasterDataRequest(data=piece)

    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.MasterDataServiceStub(channel).ImportMasterData(
            pieces(), metadata=ADMIN, timeout=NOT_EVEN_HALF_A_MINUTE
        )
    over.set()
    return error_of(refused.value).reason


@pytest.mark.parametrize(("piece", "pause_seconds"), [(b"", 0.02), (b"x", 0.4), (b"x" * 300, 0.1)])
async def test_an_upload_that_drips_is_given_up(served: Served, piece: bytes, pause_seconds: float) -> None:
    """It never rests for long, but brings too little."""
    reason = await asyncio.to_thread(_reason_of_upload, served.address, piece, pause_seconds)
    assert reason == "DEADLINE_EXCEEDED"
    await served.everything_over()


async def test_an_upload_at_a_good_pace_has_an_end_all_the_same(served: Served) -> None:
    """And brings far more until then than one that rests."""
    reason = await asyncio.to_thread(_reason_of_upload, served.address, bytes(BYTES_PER_SECOND_MIN), 0.1)
    assert reason == "DEADLINE_EXCEEDED"
    assert len(served.told.taken) > 2 * REST_SECONDS / 0.1


@pytest.mark.parametrize("method", ["ExportMasterData", "WatchInventoryLotRecords"])
async def test_a_request_that_never_comes_is_given_up(served: Served, method: str) -> None:
    """The call is open; nothing of it has been read."""
    service = "MasterDataService" if method == "ExportMasterData" else "InventoryService"
    call = served._channel.stream_stream(f"/lotkeeper.inventory.v1.{service}/{method}")(metadata=ADMIN)
    async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
        assert await _reason(call) == "DEADLINE_EXCEEDED"


async def test_what_is_revoked_ends_every_stream_and_long_read_of_it(served: Served, store: Store) -> None:
    """Wherever they are: in front of a reader who does not read, with nothing to tell, in the middle of an upload."""

    async def give() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    async def pieces() -> AsyncIterator[pb.ImportMasterDataRequest]:
        yield pb.ImportMasterDataRequest(data=b"a")
        await asyncio.Event().wait()

    served.told.give = give
    watch = served.inventory.WatchInventoryLotRecords
    idle = aiter(watch(inventory_pb.WatchInventoryLotRecordsRequest(), metadata=ADMIN))
    stuck = watch(inventory_pb.WatchInventoryLotRecordsRequest(from_beginning=True), metadata=ADMIN)
    export = aiter(served.master_data.ExportMasterData(pb.ExportMasterDataRequest(), metadata=ADMIN))
    for stream in (idle, aiter(stuck), export):
        await anext(stream)
    trace = served.trace.GetLotTraceGraph(trace_pb.GetLotTraceGraphRequest(), metadata=ADMIN)
    await served.told.began.wait()
    upload = served.master_data.ImportMasterData(pieces(), metadata=ADMIN)
    while not served.told.taken:  # noqa: ASYNC110 - the servicer of this test tells of nothing else
        await asyncio.sleep(0.001)
    with store.write() as connection:
        revoke_tokens(connection, [(1).to_bytes(16, "big")], 2)
    async with asyncio.timeout(NOT_EVEN_HALF_A_MINUTE):
        assert await _reason(upload) == "UNAUTHENTICATED"
        for stream in (idle, export):
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await anext(stream)
            assert error_of(ended.value).reason == "UNAUTHENTICATED"
        await served.in_the_house(1)
        served.told.goes_on.set()
        assert await _reason(trace) == "UNAUTHENTICATED"
        await served.in_the_house(0)
    stuck.cancel()


async def test_long_reads_of_others_hide_no_revocation(served: Served, store: Store) -> None:
    """They take every thread that there is for reads."""
    over = threading.Event()
    watch = served.inventory.WatchInventoryLotRecords
    stream = aiter(watch(inventory_pb.WatchInventoryLotRecordsRequest(), metadata=ADMIN))
    await anext(stream)
    taken = [asyncio.ensure_future(served._engine.read(lambda _: over.wait(20))) for _ in range(4 * READERS)]
    try:
        with store.write() as connection:
            revoke_tokens(connection, [(1).to_bytes(16, "big")], 2)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            async with asyncio.timeout(10):
                await anext(stream)
        assert error_of(ended.value).reason == "UNAUTHENTICATED"
    finally:
        over.set()
        await asyncio.gather(*taken)
