"""Who asks for more by HTTP than a share of memory, time or attention: held to limits, by whichever door."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from lotkeeper import Client

from tests.http_calls import CONNECT_JSON, INVENTORY, JSON, SERVICE, HttpPort, http_port, in_envelope
from tests.plants import ServedPlant
from tests.watched import Watched, watched_server

LIST = f"{INVENTORY}ListInventory"
EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
BATCH = f"{SERVICE}BatchExecuteInventoryOperations"
HELD_OF_ONE_BYTES = 8 << 20
HELD_BYTES = 24 << 20
GROWTH_BYTES_MAX = 60_000_000
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One server for all, that holds little in memory."""
    flags = (
        *("--http-listen", "127.0.0.1:0"),
        *("--held-bytes-per-connection-max", str(HELD_OF_ONE_BYTES), "--held-bytes-max", str(HELD_BYTES)),
    )
    with watched_server(tmp_path_factory.mktemp("server"), flags) as server:
        yield server


@pytest.fixture
def port(watched: Watched) -> Iterator[HttpPort]:
    """Where it serves; it still answers when the test has ended, and has met no fault."""
    port = http_port(watched.server)
    yield port
    assert port.post(LIST, {}).status == 200
    assert '"fault"' not in watched.server.log()
    assert "never retrieved" not in watched.server.log()


class Http2:
    """A connection of HTTP/2 by hand."""

    def __init__(self, port: HttpPort) -> None:
        self.port = port
        self.frames = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="ascii"))
        self.frames.initiate_connection()
        self.socket = socket.create_connection((port.host, port.port), WAIT_SECONDS)
        self.events: list[h2.events.Event] = []

    def head(self, path: str, method: str = "POST", *repeated: tuple[str, str], **more: str) -> int:
        """Begins a request; returns its stream."""
        stream_id = self.frames.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "http"), (":authority", "here"), (":path", path)]
        headers = {"content-type": JSON, **more}
        self.frames.send_headers(stream_id, [*pseudo, *headers.items(), *repeated], end_stream=method == "GET")
        return stream_id

    def send(self) -> None:
        """What was made so far."""
        self.socket.sendall(self.frames.data_to_send())

    def until(self, done: Callable[[], bool]) -> None:
        """Takes what comes."""
        while not done():
            came = self.socket.recv(65_536)
            if not came:
                raise ConnectionError
            self.events += self.frames.receive_data(came)
            self.send()

    def status(self, stream_id: int) -> str:
        """Of the answer of a stream, once it has ended."""
        self.until(lambda: any(isinstance(e, h2.events.StreamEnded) and e.stream_id == stream_id for e in self.events))
        (head,) = [
            event
            for event in self.events
            if isinstance(event, h2.events.ResponseReceived) and event.stream_id == stream_id
        ]
        return str(dict(head.headers or ())[":status"])


@contextmanager
def http2(port: HttpPort) -> Iterator[Http2]:
    """One, closed at the end."""
    connection = Http2(port)
    try:
        yield connection
    finally:
        connection.socket.close()


def _fill(connection: Http2, streams: int, bytes_each: int) -> None:
    """Sends so much of each body as the server takes; none of them ends."""
    left = {connection.head(EXECUTE): bytes_each for _ in range(streams)}
    while any(left.values()):
        before = sum(left.values())
        for stream_id, wanted in left.items():
            count = min(wanted, 16_384, connection.frames.local_flow_control_window(stream_id))
            if count:
                connection.frames.send_data(stream_id, bytes(count))
                left[stream_id] -= count
        connection.send()
        if sum(left.values()) == before:
            connection.until(lambda: connection.frames.local_flow_control_window(next(iter(left))) > 0)
        _take_what_came(connection)


def _take_what_came(connection: Http2) -> None:
    connection.socket.setblocking(False)
    try:
        with suppress(BlockingIOError):
            while came := connection.socket.recv(65_536):
                events = connection.frames.receive_data(came)
                if any(isinstance(event, h2.events.ConnectionTerminated) for event in events):
                    raise ConnectionError
    finally:
        connection.socket.settimeout(WAIT_SECONDS)


def test_bodies_of_nobody_that_never_end_are_held_to_the_limit_of_a_connection(
    watched: Watched, port: HttpPort
) -> None:
    """A hundred requests of three megabytes each, none of them whole: it needs no token to send them."""
    before = watched.forget_peak()
    with http2(port) as greedy, pytest.raises((ConnectionError, h2.exceptions.ProtocolError)):
        _fill(greedy, streams=50, bytes_each=3_000_000)
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


def test_bodies_on_many_connections_are_held_to_the_limit_of_all(watched: Watched, port: HttpPort) -> None:
    """Each of them within its own; those that hold the most are ended, and who comes is served."""
    before = watched.forget_peak()
    body = bytes(3_900_000)
    ended = []
    opened = []
    for _ in range(40):
        one = socket.create_connection((port.host, port.port), WAIT_SECONDS)
        opened.append(one)
        try:
            one.sendall(port.head(EXECUTE, f"Content-Length: {len(body) + 1}") + body)
        except ConnectionError:
            ended.append(one)
    assert port.post(LIST, {}).status == 200
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX
    for one in opened:
        one.close()


def test_heads_that_wait_for_their_bodies_are_held_to_the_limit_of_all(watched: Watched, port: HttpPort) -> None:
    """By HTTP/2 a long head that was sent before takes a few bytes: 28 MB and more in memory of 1 MB on the network."""
    before = watched.forget_peak()
    with ExitStack() as stack:
        connections = [stack.enter_context(http2(port)) for _ in range(25)]
        ended = 0
        for connection in connections:
            try:
                for _ in range(75):
                    connection.head(EXECUTE, "POST", *[("x", "y" * 3_000)] * 5)
                connection.send()
                connection.until(lambda one=connection: bool(one.events))  # type: ignore[misc]
            except ConnectionError:
                ended += 1
        assert port.post(LIST, {}).status == 200
        for connection in connections:
            try:
                connection.frames.ping(bytes(8))
                connection.send()
                connection.until(lambda one=connection: _is_pinged(one))  # type: ignore[misc]
            except (ConnectionError, h2.exceptions.ProtocolError):
                ended += 1
        assert ended >= 5
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


def _is_pinged(connection: Http2) -> bool:
    return any(isinstance(event, h2.events.PingAckReceived) for event in connection.events)


@pytest.mark.parametrize(("path", "method"), [("/docs", "GET"), ("/nothing", "GET"), (EXECUTE, "PUT"), ("/no", "POST")])
def test_a_request_that_is_broken_off_as_it_begins_ends_by_itself_alone(port: HttpPort, path: str, method: str) -> None:
    """Its head and its reset come together; the next request of the connection is answered."""
    with http2(port) as connection:
        connection.frames.reset_stream(connection.head(path, method))
        next_id = connection.head("/docs", "GET")
        connection.send()
        assert connection.status(next_id) == "200"


def test_a_long_head_is_refused_by_http_2_as_by_http_1(port: HttpPort) -> None:
    """431; the connection goes on, and ends where the head is longer still."""
    with http2(port) as connection:
        long_id = connection.head("/docs", "GET", x="y" * 17_000)
        short_id = connection.head("/docs", "GET", x="y" * 15_000)
        connection.send()
        assert connection.status(long_id) == "431"
        assert connection.status(short_id) == "200"
        connection.head("/docs", "GET", x="y" * 70_000)
        with suppress(ConnectionError):
            connection.send()
            connection.until(lambda: _is_over(connection))
        with suppress(ConnectionError):
            assert connection.socket.recv(65_536) == b""


def _is_over(connection: Http2) -> bool:
    return any(isinstance(event, h2.events.ConnectionTerminated) for event in connection.events)


def test_a_second_message_where_there_may_be_one_executes_neither(watched: Watched, port: HttpPort) -> None:
    """By gRPC-Web, and to a method that answers with a stream."""
    with Client(watched.server.address, token=watched.server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
        request = {"inventoryOperationId": operation.id, "primaryLotIdOrName": "L1", "quantity": 1}
        body = in_envelope(json.dumps(request).encode())
        refused = port.post(EXECUTE, body * 2, "application/grpc-web+json")
        assert b"grpc-status: 3" in refused.body
        assert b"more than one message" in refused.body
        assert plant.stock() == {}

    export = in_envelope(b'{"format": "EXPORT_FORMAT_JSON"}')
    refused = port.post(f"{SERVICE}ExportInventoryOperations", export * 2, CONNECT_JSON)
    assert b'"invalid_argument"' in refused.body


def _principal(watched: Watched, name: str, *limits: str) -> HttpPort:
    """Somebody with a role of its own."""
    server = watched.server
    server.run("role", "create", name, "--permission", "INVENTORY", "--permission", "INVENTORY_OPERATION", *limits)
    made = server.run("token", "create", "--name", name, "--role", name)
    port = http_port(server)
    return HttpPort(port.host, port.port, made.stdout.split()[-1])


@pytest.mark.usefixtures("port")
def test_what_is_blank_in_a_request_counts_for_the_rate_of_its_caller(watched: Watched) -> None:
    """As bytes that were sent: the next request is refused, before it is read."""
    fast = _principal(watched, "fast", "--bytes-per-second-max", "10000")
    assert fast.post(LIST, b"{" + b" " * 3_000_000 + b"}").status == 200
    for body in (b"{}", b"{" + b"!" * 1_000_000):
        refused = fast.post(LIST, body)
        assert (refused.status, refused.reason) == (429, "OVERLOADED")
        assert int(refused.headers["retry-after"]) >= 1


def test_messages_that_take_long_to_read_keep_only_their_own_principal_waiting(
    watched: Watched, port: HttpPort
) -> None:
    """One sends them all the time, on eight connections; another's are read in their turn."""
    greedy = _principal(watched, "greedy")
    long: dict[str, Any] = {"requests": [{"primaryLotIdOrName": "x", "quantity": 1}] * 40_000}
    body = json.dumps(long, separators=(",", ":")).encode()
    stopping = threading.Event()
    answered: list[int] = []

    def send() -> None:
        while not stopping.is_set():
            with suppress(OSError, HTTPException):
                answered.append(greedy.post(BATCH, body).status)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        while not answered:
            time.sleep(0.05)
        before = len(answered)
        for _ in range(3):
            assert port.post(LIST, b"{" + b" " * 100_000 + b"}").status == 200
        assert len(answered) - before <= 12, "it waited for its turn among those of the other"
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
