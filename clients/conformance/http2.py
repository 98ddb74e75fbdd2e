"""A server of just enough HTTP/2 and gRPC to do what no gRPC library does when told: half answers, GOAWAYs, cuts."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from google.protobuf.message import DecodeError, Message
from hyperframe.frame import GoAwayFrame

from clients.conformance.contract import request_class

HEALTH_PREFIX: Final = "/grpc.health.v1.Health/"
REFLECTION_PREFIX: Final = "/grpc.reflection."
UNIMPLEMENTED: Final = 12
_RECEIVE_BYTES: Final = 65_536
_RESET_BY_PEER: Final = struct.pack("ii", 1, 0)
_UNIT_SECONDS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


@dataclass
class Call:
    """A call that has come, and the ways to answer it. After one that ends it nothing more is sent.

    Attributes:
        path: `/package.Service/Method`.
        metadata: its headers, by name; several of one name are joined by a comma.
        request: its message; None where it is none.
        timeout_seconds: the deadline that it carries; None for none.
        at_seconds: when it came, of the clock that only goes forward.
        number: how many calls came before it.
        answered_seconds: when it was answered, or cut; None while it was not.
    """

    path: str
    metadata: dict[str, str]
    request: Any
    timeout_seconds: float | None
    at_seconds: float
    number: int
    connection: Connection = field(repr=False)
    stream: int = 0
    answered_seconds: float | None = None
    has_begun: bool = False

    @property
    def method(self) -> str:
        """The method's name alone."""
        return self.path.rpartition("/")[2]

    def send(self, message: Message) -> None:
        """Sends a message of a stream, or the answer without its end."""
        self._begin()
        data = message.SerializeToString()
        self.connection.data(self.stream, _framed(data))

    def end(self) -> None:
        """Ends the call without an error."""
        self._begin()
        self._end([("grpc-status", "0")])

    def answer(self, message: Message) -> None:
        """Answers with a message, and ends the call."""
        self.send(message)
        self.end()

    def refuse(self, code: int, text: str, status: bytes | None = None) -> None:
        """Ends the call with an error.

        Args:
            code: gRPC's number.
            text: its message.
            status: bytes of the google.rpc.Status in the trailers; None for none.
        """
        trailers = [("grpc-status", str(code)), ("grpc-message", urllib.parse.quote(text, safe=" ;:,()'/+=<>"))]
        if status is not None:
            trailers.append(("grpc-status-details-bin", base64.b64encode(status).decode().rstrip("=")))
        self._end(trailers)

    def answer_with_bytes(self, data: bytes) -> None:
        """Answers with what may be no message."""
        self._begin()
        self.connection.data(self.stream, _framed(data))
        self.end()

    def half_an_answer(self, message: Message) -> None:
        """Sends the first half of an answer, and cuts the connection."""
        self._begin()
        data = _framed(message.SerializeToString())
        self.connection.data(self.stream, data[: len(data) // 2])
        self.cut()

    def reset(self, code: h2.errors.ErrorCodes) -> None:
        """Resets the stream."""
        self.answered_seconds = time.monotonic()
        self.connection.reset(self.stream, code)

    def cut(self) -> None:
        """Cuts the connection."""
        self.answered_seconds = time.monotonic()
        self.connection.cut()

    def freeze(self) -> None:
        """Neither reads nor says anything more on the connection, as a machine that is gone."""
        self.connection.freeze()

    def hang_up(self) -> None:
        """Ends the connection once everything has been sent, without a word."""
        self.connection.hang_up()

    def go_away(self, *, processed: bool, code: h2.errors.ErrorCodes, debug: bytes = b"") -> None:
        """Sends GOAWAY.

        Args:
            processed: whether this call counts as one that the server has taken.
            code: why.
            debug: more about it.
        """
        self.connection.go_away(self.stream if processed else self.stream - 2, code, debug)

    def _begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            self.connection.headers(self.stream, [(":status", "200"), ("content-type", "application/grpc")])

    def _end(self, trailers: Sequence[tuple[str, str]]) -> None:
        self.answered_seconds = time.monotonic()
        if not self.has_begun:
            trailers = [(":status", "200"), ("content-type", "application/grpc"), *trailers]
        self.connection.headers(self.stream, trailers, ends=True)


class Connection:
    """One connection of a client."""

    def __init__(self, peer: socket.socket, server: ScriptedServer) -> None:
        """Greets; `run` serves it."""
        self._socket, self._server = peer, server
        configuration = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config=configuration)
        self._lock = threading.Lock()
        self._opened: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._is_frozen = False

    def run(self) -> None:
        """Serves until the other end, or the server, has enough."""
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            with self._lock:
                self._h2.initiate_connection()
                self._flush()
            while data := self._socket.recv(_RECEIVE_BYTES):
                if self._is_frozen:
                    continue
                with self._lock:
                    events = self._h2.receive_data(data)
                    if any(isinstance(event, h2.events.ConnectionTerminated) for event in events):
                        # The other end begins nothing more, but waits for its answers; h2 would send none.
                        self._h2.state_machine.state = h2.connection.ConnectionState.SERVER_OPEN
                    self._flush()
                for event in events:
                    self._on(event)
        self._socket.close()

    def _on(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                assert event.stream_id is not None
                assert event.headers is not None
                headers: dict[str, str] = {}
                for name, value in event.headers:
                    key, text = str(name), str(value)
                    headers[key] = f"{headers[key]},{text}" if key in headers else text
                self._opened[event.stream_id] = (headers, bytearray())
            case h2.events.DataReceived():
                assert event.stream_id is not None
                assert event.flow_controlled_length is not None
                with self._lock:
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    self._flush()
                if event.stream_id in self._opened:
                    self._opened[event.stream_id][1].extend(event.data or b"")
            case h2.events.StreamEnded():
                assert event.stream_id is not None
                if event.stream_id in self._opened:
                    self._server.came(self, event.stream_id, *self._opened.pop(event.stream_id))

    def headers(self, stream: int, headers: Sequence[tuple[str, str]], *, ends: bool = False) -> None:
        """Sends headers or trailers; nothing where the other end has gone."""
        self._send(lambda: self._h2.send_headers(stream, list(headers), end_stream=ends))

    def data(self, stream: int, data: bytes) -> None:
        """Sends data."""
        self._send(lambda: self._h2.send_data(stream, data))

    def reset(self, stream: int, code: h2.errors.ErrorCodes) -> None:
        """Resets a stream."""
        self._send(lambda: self._h2.reset_stream(stream, code))

    def go_away(self, last_stream: int, code: h2.errors.ErrorCodes, debug: bytes) -> None:
        """Sends GOAWAY by hand: to h2 the connection would be closed, and open streams with it."""
        frame = GoAwayFrame(0, last_stream_id=max(last_stream, 0), error_code=int(code), additional_data=debug)
        with self._lock, contextlib.suppress(OSError):
            self._socket.sendall(frame.serialize())

    def cut(self) -> None:
        """Ends the connection with an RST."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_BY_PEER)
            self._socket.shutdown(socket.SHUT_RD)
            self._socket.close()

    def freeze(self) -> None:
        """Leaves everything unanswered from now on, pings as well."""
        self._is_frozen = True

    def hang_up(self) -> None:
        """Ends the connection with a FIN, behind what was sent."""
        with self._lock, contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _send(self, write: Callable[[], None]) -> None:
        with self._lock, contextlib.suppress(OSError, h2.exceptions.StreamClosedError):
            write()
            self._flush()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._socket.sendall(data)


class ScriptedServer:
    """Listens on a free port of loopback, and has a script answer each call, on a thread of its own.

    Attributes:
        address: HOST:PORT.
        calls: all that came, but for those of health and reflection, in order.
        connections: how many were made.
        faults: of the script itself; empty unless the suite is wrong.
    """

    def __init__(self, script: Callable[[Call], None], *, listens_after_seconds: float = 0.0) -> None:
        """Holds a port.

        Args:
            script: answers a call.
            listens_after_seconds: how long connections are refused.
        """
        self._script = script
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        if not listens_after_seconds:
            self._socket.listen()
        self.calls: list[Call] = []
        self.connections = 0
        self.faults: list[str] = []
        self._lock = threading.Lock()
        self._open: list[Connection] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._accept, args=(listens_after_seconds,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Waits, in a script; shorter where the server stops."""
        self._stopped.wait(seconds)

    def close(self) -> None:
        """Stops it, and cuts all connections."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()
        for connection in self._open:
            connection.cut()

    def _accept(self, listens_after_seconds: float) -> None:
        with contextlib.suppress(OSError):
            if listens_after_seconds:
                self._stopped.wait(listens_after_seconds)
                if self._stopped.is_set():
                    return
                self._socket.listen()
            while True:
                peer, _ = self._socket.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(peer, self)
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=connection.run, daemon=True).start()

    def came(self, connection: Connection, stream: int, headers: dict[str, str], body: bytearray) -> None:
        """Has the script answer a call."""
        path, now = headers[":path"], time.monotonic()
        request = _message(path, bytes(body))
        metadata = {name: value for name, value in headers.items() if not name.startswith(":")}
        call = Call(path, metadata, request, _seconds(metadata.get("grpc-timeout")), now, 0, connection, stream)
        if path.startswith((HEALTH_PREFIX, REFLECTION_PREFIX)):
            call.refuse(UNIMPLEMENTED, "a scripted server")
            return
        with self._lock:
            call.number = len(self.calls)
            self.calls.append(call)
        threading.Thread(target=self._play, args=(call,), daemon=True).start()

    def _play(self, call: Call) -> None:
        try:
            self._script(call)
        except Exception as error:
            self.faults.append(repr(error))
            raise


def _framed(data: bytes) -> bytes:
    return b"\x00" + len(data).to_bytes(4, "big") + data


def _message(path: str, body: bytes) -> Any:
    message = request_class(path)
    if message is None or len(body) < 5:
        return None
    try:
        return message.FromString(body[5:])
    except DecodeError:
        return None


def _seconds(timeout: str | None) -> float | None:
    return None if timeout is None else int(timeout[:-1]) * _UNIT_SECONDS[timeout[-1]]
