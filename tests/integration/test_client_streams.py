"""The streams of both clients over real sockets, against a server of a few lines that does what a test tells it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import lotkeeper
import lotkeeper._async.watching
import lotkeeper._sync.watching
import pytest
from lotkeeper import (
    AsyncClient,
    DeadlineExceeded,
    InvalidArgument,
    LotkeeperError,
    OutOfRange,
    Unavailable,
)
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as inventory_grpc
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_data_pb
from lotkeeper.inventory.v1 import master_data_service_pb2_grpc as master_data_grpc
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from tests.both_clients import CLIENTS, pieces_of

YAML = enums_pb2.EXPORT_FORMAT_YAML
WAIT_SECONDS = 20


class Told(master_data_grpc.MasterDataServiceServicer, inventory_grpc.InventoryServiceServicer):
    """Does with each call what the next function says that was put into `plays`; takes down what was asked."""

    def __init__(self) -> None:
        self.plays: queue.Queue[Callable[[grpc.ServicerContext], Iterator[Any]]] = queue.Queue()
        self.asked: list[Any] = []
        self.metadata: list[dict[str, Any]] = []
        self.ended = threading.Event()

    def _played(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        self.asked.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        context.add_callback(self.ended.set)
        yield from self.plays.get(timeout=WAIT_SECONDS)(context)

    def ExportMasterData(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802 - the contract's name
        yield from self._played(request, context)

    def WatchInventoryLotRecords(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        yield from self._played(request, context)

    def ImportMasterData(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
        taken: list[Any] = []
        self.asked.append(taken)
        for request in request_iterator:
            taken.append(request)
            if request.data.startswith(b"refuse"):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such document")
        return master_data_pb.ImportMasterDataResponse(created=sum(len(request.data) for request in taken))


class Listening:
    """A server on a port of its own that can be stopped, and started on the same port."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.address = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        """Begins to answer."""
        self._pool = futures.ThreadPoolExecutor(8)
        self._server = grpc.server(self._pool)
        master_data_grpc.add_MasterDataServiceServicer_to_server(self.told, self._server)
        inventory_grpc.add_InventoryServiceServicer_to_server(self.told, self._server)
        port = self._server.add_insecure_port(self.address)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self) -> None:
        """Breaks every call off, and closes the port."""
        self._server.stop(None).wait(WAIT_SECONDS)
        self._pool.shutdown(wait=False)


@pytest.fixture
def listening() -> Iterator[Listening]:
    """A server that does as it is told."""
    server = Listening(Told())
    yield server
    server.stop()


@pytest.fixture(params=CLIENTS)
def connected(request: pytest.FixtureRequest, listening: Listening) -> Iterator[Any]:
    """Each of the clients, connected to it."""
    with request.param(listening.address, token="t") as client:
        yield client


def data(*pieces: bytes) -> Callable[[grpc.ServicerContext], Iterator[Any]]:
    """Sends these pieces."""
    return lambda _: (master_data_pb.ExportMasterDataResponse(data=piece) for piece in pieces)


def refused(code: grpc.StatusCode) -> Callable[[grpc.ServicerContext], Iterator[Any]]:
    """Ends the call with a status, before any message."""

    def play(context: grpc.ServicerContext) -> Iterator[Any]:
        context.abort(code, "as told")
        yield from ()

    return play


def records(*numbers: int, then: grpc.StatusCode | None = None) -> Callable[[grpc.ServicerContext], Iterator[Any]]:
    """Sends a heartbeat, then a record for each number, its token the number; then ends as told."""

    def play(context: grpc.ServicerContext) -> Iterator[Any]:
        yield inventory_pb.WatchInventoryLotRecordsResponse(resume_token=str(numbers[0] - 1) if numbers else "0")
        for number in numbers:
            record = InventoryLotRecord(id=str(number))
            yield inventory_pb.WatchInventoryLotRecordsResponse(inventory_lot_record=record, resume_token=str(number))
        if then is not None:
            context.abort(then, "as told")

    return play


def open_end(*numbers: int) -> Callable[[grpc.ServicerContext], Iterator[Any]]:
    """As `records`, then silence until the call is ended by the other side."""

    def play(context: grpc.ServicerContext) -> Iterator[Any]:
        yield from records(*numbers)(context)
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(WAIT_SECONDS)

    return play


class Generating(grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Puts a generator in the place of the call, as tracers do."""

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        yield from continuation(details, request)


def test_streams_come_through_an_interceptor_that_makes_generators_of_them(listening: Listening) -> None:
    """Closing one still ends the call."""
    listening.told.plays.put(data(b"one ", b"two"))
    listening.told.plays.put(open_end(1))
    with lotkeeper.Client(listening.address, token="t", interceptors=[Generating()]) as client:
        assert b"".join(client.export_master_data(export_format=YAML)) == b"one two"
        listening.told.ended.clear()
        watch = client.watch_inventory_lot_records()
        assert next(watch).resume_token == "0"
        assert next(watch).inventory_lot_record.id == "1"
        watch.close()
        del watch
        assert listening.told.ended.wait(WAIT_SECONDS)


def test_an_export_comes_in_pieces_with_the_token_in_its_metadata(connected: Any, listening: Listening) -> None:
    """And with what was asked for."""
    listening.told.plays.put(data(b"one ", b"two ", b"three"))
    exported = connected.export_master_data(export_format=YAML, include_lots=True)
    assert b"".join(exported) == b"one two three"
    assert listening.told.asked == [master_data_pb.ExportMasterDataRequest(format=YAML, include_lots=True)]
    assert listening.told.metadata[0]["authorization"] == "Bearer t"


def test_a_stream_that_has_not_begun_is_asked_for_again(connected: Any, listening: Listening) -> None:
    """UNAVAILABLE before the first message is no end of a read."""
    listening.told.plays.put(refused(grpc.StatusCode.UNAVAILABLE))
    listening.told.plays.put(data(b"there"))
    assert list(connected.export_master_data(export_format=YAML)) == [b"there"]


def test_a_stream_that_breaks_off_is_an_error_and_never_looks_whole(connected: Any, listening: Listening) -> None:
    """Half a document is not asked for again behind the caller's back, where it would double."""

    def play(context: grpc.ServicerContext) -> Iterator[Any]:
        yield master_data_pb.ExportMasterDataResponse(data=b"half")
        context.abort(grpc.StatusCode.UNAVAILABLE, "as told")

    listening.told.plays.put(play)
    exported = connected.export_master_data(export_format=YAML)
    assert next(exported) == b"half"
    with pytest.raises(Unavailable, match="as told"):
        next(exported)


def test_a_refused_stream_is_the_typed_error(connected: Any, listening: Listening) -> None:
    """As of any other call."""
    listening.told.plays.put(refused(grpc.StatusCode.OUT_OF_RANGE))
    with pytest.raises(OutOfRange):
        list(connected.export_master_data(export_format=YAML))


def test_a_stream_has_a_deadline(connected: Any, listening: Listening) -> None:
    """Of the whole of it."""
    listening.told.plays.put(open_end())
    listening.told.plays.put(open_end())
    with pytest.raises(LotkeeperError) as late:
        list(connected.export_master_data(export_format=YAML, timeout_seconds=0.3))
    assert isinstance(late.value, DeadlineExceeded)


def test_closing_the_iterator_ends_the_call(connected: Any, listening: Listening) -> None:
    """The server hears of it."""
    listening.told.plays.put(open_end(1))
    watched = connected.watch_inventory_lot_records()
    assert [next(watched).resume_token for _ in range(2)] == ["0", "1"]
    assert not listening.told.ended.is_set()
    watched.close()
    assert listening.told.ended.wait(WAIT_SECONDS)


@pytest.mark.parametrize("size", [1_000, 256 * 1024, 10_000_000])
def test_an_upload_is_cut_anew_and_only_its_first_message_says_how(
    connected: Any, listening: Listening, size: int
) -> None:
    """Whatever the sizes of the caller's pieces: no message carries more than 256 KiB."""
    document = bytes(range(256)) * 3_000
    answer = connected.import_master_data(pieces_of(document, size), export_format=YAML, validate_only=True)
    assert answer.created == len(document)
    [taken] = listening.told.asked
    assert b"".join(message.data for message in taken) == document
    assert {len(message.data) for message in taken[:-1]} == {256 * 1024}
    assert [(message.format, message.validate_only) for message in taken] == [(YAML, True), *[(0, False)] * 2]


def test_an_upload_takes_the_whole_as_well_and_nothing(connected: Any, listening: Listening) -> None:
    """One message, the options among it."""
    assert connected.import_master_data(b"all of it", export_format=YAML).created == 9
    assert connected.import_master_data([], export_format=YAML).created == 0
    request = master_data_pb.ImportMasterDataRequest
    assert listening.told.asked == [[request(format=YAML, data=b"all of it")], [request(format=YAML)]]


def test_an_upload_that_is_refused_half_way_ends_with_the_refusal(connected: Any) -> None:
    """Not with what went wrong in sending the rest."""
    endless = (b"refuse" if number == 0 else b"-" * 300_000 for number in range(1_000))
    with pytest.raises(InvalidArgument, match="no such document"):
        connected.import_master_data(endless, export_format=YAML)


def test_what_fails_in_the_callers_pieces_comes_out_of_the_call(connected: Any) -> None:
    """And the server never sees an end that looks like the whole."""

    def broken() -> Iterator[bytes]:
        yield b"-" * 300_000
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connected.import_master_data(broken(), export_format=YAML)
    assert connected.import_master_data(b"1", export_format=YAML).created == 1


async def test_an_upload_on_asyncio_takes_pieces_that_come_asynchronously(listening: Listening) -> None:
    """Beside those that do not."""

    async def pieces() -> Any:
        for piece in (b"one", b"two"):
            yield piece

    async with AsyncClient(listening.address, token="t") as client:
        assert (await client.import_master_data(pieces(), export_format=YAML)).created == 6


def test_a_watch_goes_on_behind_what_came_last(connected: Any, listening: Listening) -> None:
    """After UNAVAILABLE, after a break, after an end of the stream: nothing is skipped, nothing comes twice."""
    told = listening.told
    told.plays.put(records(1, 2, then=grpc.StatusCode.UNAVAILABLE))
    told.plays.put(refused(grpc.StatusCode.UNAVAILABLE))
    told.plays.put(records(3))
    told.plays.put(open_end(4, 5))
    watched = connected.watch_inventory_lot_records(from_beginning=True, lot_id_or_name="L")
    found: list[str] = []
    while len(found) < 5:
        message = next(watched)
        if message.HasField("inventory_lot_record"):
            found.append(message.inventory_lot_record.id)
    watched.close()
    assert found == ["1", "2", "3", "4", "5"]
    assert [request.resume_token for request in told.asked] == ["", "2", "2", "3"]
    assert {request.lot_id_or_name for request in told.asked} == {"L"}


def test_a_watch_outlives_the_server(connected: Any, listening: Listening) -> None:
    """Which comes back on the same port."""
    listening.told.plays.put(open_end(1))
    watched = connected.watch_inventory_lot_records()
    assert [next(watched).resume_token for _ in range(2)] == ["0", "1"]
    listening.stop()
    back = threading.Timer(0.5, listening.start)
    back.start()
    listening.told.plays.put(open_end(2))
    assert [next(watched).resume_token for _ in range(2)] == ["1", "2"]
    watched.close()
    back.join()


def test_a_watch_that_falls_silent_is_lost_and_goes_on(
    connected: Any, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may be dead without either end being told; a reader who takes its time is not silence."""
    for module in (lotkeeper._async.following, lotkeeper._sync.following):
        monkeypatch.setattr(module, "SILENCE_SECONDS", 0.3)
    listening.told.plays.put(open_end(1))
    listening.told.plays.put(open_end(2))
    watched = connected.watch_inventory_lot_records()
    assert next(watched).resume_token == "0"
    threading.Event().wait(0.7)
    assert [next(watched).resume_token for _ in range(3)] == ["1", "1", "2"]
    watched.close()
    assert [request.resume_token for request in listening.told.asked] == ["", "1"]


def test_a_watch_that_is_refused_ends(connected: Any, listening: Listening) -> None:
    """Also where it had begun."""
    listening.told.plays.put(records(1, then=grpc.StatusCode.INVALID_ARGUMENT))
    watched = connected.watch_inventory_lot_records()
    assert [next(watched).resume_token for _ in range(2)] == ["0", "1"]
    with pytest.raises(InvalidArgument):
        next(watched)


@pytest.mark.parametrize("client_class", CLIENTS)
def test_a_watch_that_finds_nobody_at_the_beginning_says_so(client_class: Any) -> None:
    """Within the client's timeout: an address that is wrong is not sought for ever."""
    with client_class("127.0.0.1:1", token="t", timeout_seconds=0.5) as nobody, pytest.raises(Unavailable):
        next(nobody.watch_inventory_lot_records())
