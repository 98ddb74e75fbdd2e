"""A load generator that writes HTTP/2 frames itself: it costs less than the server that it measures.

It uses one constant header block for each connection and a DATA frame for each call, and counts the `grpc-status` of
each answer, because a refused call is an HTTP 200, too. The server is told that no header may refer to an earlier one,
so that the status is in the trailers as text.
"""

import itertools
import selectors
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 3, 4
WINDOW_MAX: Final = 2**31 - 1
WINDOW_FIRST: Final = 65_535
WINDOW_UPDATE_BYTES: Final = 1 << 29
"""After so many received bytes the server gets the same credit again."""
RECEIVE_BYTES: Final = 1 << 18
OK, CANCELLED, RESOURCE_EXHAUSTED, UNAUTHENTICATED = 0, 1, 8, 16
STATUS_NAME: Final = b"\x0bgrpc-status"
STATUS_OK: Final = STATUS_NAME + b"\x010"
RESET: Final = -1
"""Counted in place of a status: the stream was broken off without one."""
OFFERING_WAIT_SECONDS: Final = 0.002
"""How long a generator with its own rate waits for answers before it checks what is due."""
REST_SECONDS_MAX: Final = 30.0
"""How long a server that owes answers may be silent."""

FRAME_HEADER: Final = struct.Struct(">HBBBI")
"""The upper and the lower part of a length of three bytes, kind, flags, stream."""
FRAME_HEADER_BYTES: Final = FRAME_HEADER.size
STREAM: Final = struct.Struct(">I")
FRAME_BYTES_MAX: Final = 16_384
"""The largest payload of a frame, unless the server allows more."""

Call = tuple[bytes, bytes, bytes]
"""The frames of a call without the two places for its stream's number."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One HTTP/2 frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def literal(name: str, value: str) -> bytes:
    """One header, spelt out and never indexed, so that the block is the same for every call."""
    raw_name, raw_value = name.encode(), value.encode()
    assert len(raw_name) < 127
    assert len(raw_value) < 127
    return b"\x10" + bytes((len(raw_name),)) + raw_name + bytes((len(raw_value),)) + raw_value


def framed(body: bytes) -> bytes:
    """A message as gRPC sends it."""
    return b"\0" + struct.pack(">I", len(body)) + body


@dataclass(slots=True)
class Outcome:
    """The result of a run.

    Attributes:
        seconds: how long it took, with the last answers.
        statuses: how many calls ended with each `grpc-status`; RESET without one.
        latencies: of the calls that ended with OK, in seconds, in the order of their ends.
        refusals: those of all other calls.
        offered: calls that were due; for a run with a fixed number in flight, those that were sent.
        own_seconds: processor time that the generator itself took.
        server_seconds: processor time that the server's first process took; 0 if it was not measured.
    """

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    offered: int = 0
    own_seconds: float = 0.0
    server_seconds: float = 0.0

    @property
    def acknowledged(self) -> int:
        """Calls that ended with OK."""
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        """Acknowledged calls a second."""
        return self.acknowledged / self.seconds

    @property
    def refused_per_second(self) -> float:
        """Calls a second that ended otherwise."""
        return len(self.refusals) / self.seconds

    def micros_a_call(self, seconds: float) -> float:
        """Seconds for all calls, as microseconds for each."""
        return seconds / max(1, self.statuses.total()) * 1e6

    def ended(self, status: int, seconds: float) -> None:
        """Counts one call."""
        self.statuses[status] += 1
        (self.latencies if status == OK else self.refusals).append(seconds)


def status_in(trailers: bytes) -> int:
    """The `grpc-status` of trailers that hold it as text.

    Raises:
        ValueError: they do not.
    """
    begin = trailers.find(STATUS_NAME) + len(STATUS_NAME)
    if begin < len(STATUS_NAME):
        raise ValueError(f"trailers without a grpc-status as text: {trailers!r}")
    return int(trailers[begin + 1 : begin + 1 + trailers[begin]])


def call_of(address: str, path: str, token: str, body: bytes) -> Call:
    """The frames of a call, made once: to send it, a stream's number is put in twice."""
    fields = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", address),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("authorization", f"Bearer {token}"),
    )
    headers = b"".join(literal(name, value) for name, value in fields)
    message = framed(body)
    assert len(message) <= FRAME_BYTES_MAX, f"a message of {len(message)} bytes does not fit in one frame"
    begin, data = (
        frame(kind, flags, 0, payload)[: FRAME_HEADER_BYTES - STREAM.size]
        for kind, flags, payload in ((HEADERS, END_HEADERS, headers), (DATA, END_STREAM, message))
    )
    return begin, headers + data, message


class Connection:
    """One connection with a limited number of calls in flight. It sends none before it knows the server's settings.

    Attributes:
        waiting: when each call was sent that has no answer yet, by its stream.
    """

    def __init__(self, address: str, in_flight: int) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=REST_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting: dict[int, float] = {}
        self._in_flight = in_flight
        self._streams_max: int | None = None
        self._window = WINDOW_FIRST
        self._stream = 1
        self._received = b""
        self._data_bytes = 0
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, WINDOW_MAX)
        update = STREAM.pack(WINDOW_MAX - WINDOW_FIRST)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, update))
        while self._streams_max is None:
            self.receive(Outcome())

    @property
    def free(self) -> int:
        """How many calls may be sent now: at most what was asked for and what the server takes, less those waiting."""
        assert self._streams_max is not None
        return min(self._in_flight, self._streams_max) - len(self.waiting)

    def send(self, calls: Iterator[Call], largest: int, count: int) -> int:
        """Sends so many calls, or as many as the server's window allows.

        Args:
            calls: what is sent.
            largest: bytes of the largest message among them.
            count: at most; no more than are `free`.

        Returns:
            How many were sent.
        """
        count = min(count, self._window // largest)
        if count <= 0:
            return 0
        waiting, stream, pack, out = self.waiting, self._stream, STREAM.pack, []
        now = time.perf_counter()
        for call in itertools.islice(calls, count):
            out.append(pack(stream).join(call))
            self._window -= len(call[2])
            waiting[stream] = now
            stream += 2
        self._stream = stream
        self.socket.sendall(b"".join(out))
        return count

    def receive(self, outcome: Outcome) -> None:
        """Reads what is there and counts the streams that ended."""
        chunk = self.socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        now = time.perf_counter()
        buffer = self._received + chunk if self._received else chunk
        begin, last, unpack = 0, len(buffer) - FRAME_HEADER_BYTES, FRAME_HEADER.unpack_from
        while begin <= last:
            high, low, kind, flags, stream = unpack(buffer, begin)
            payload = begin + FRAME_HEADER_BYTES
            end = payload + (high << 8 | low)
            if end > len(buffer):
                break
            if kind == DATA:
                self._data_bytes += end - payload
            elif kind != HEADERS:
                self._control(kind, flags, stream, buffer[payload:end], outcome)
            elif flags & END_STREAM:
                ok = buffer.find(STATUS_OK, payload, end) >= 0
                self._ended(stream, OK if ok else status_in(buffer[payload:end]), now, outcome)
            begin = end
        self._received = buffer[begin:]
        if self._data_bytes > WINDOW_UPDATE_BYTES:
            self.socket.sendall(frame(WINDOW_UPDATE, 0, 0, STREAM.pack(self._data_bytes)))
            self._data_bytes = 0

    def _ended(self, stream: int, status: int, now: float, outcome: Outcome) -> None:
        sent = self.waiting.pop(stream, None)
        if sent is not None:
            outcome.ended(status, now - sent)

    def _control(self, kind: int, flags: int, stream: int, payload: bytes, outcome: Outcome) -> None:
        if kind == SETTINGS and not flags & ACK:
            settings = dict(struct.iter_unpack(">HI", payload))
            self._streams_max = settings.get(MAX_CONCURRENT_STREAMS, self._streams_max or self._in_flight)
            self.socket.sendall(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.socket.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            self._ended(stream, RESET, time.perf_counter(), outcome)
        elif kind == GOAWAY:
            raise ConnectionError("the server sent GOAWAY")


class Load:
    """Connections to one method, and calls that are sent in turn. Closed by `with`.

    Args:
        address: HOST:PORT.
        path: `/package.Service/Method`.
        token: the bearer token, or several that take turns.
        bodies: messages as bytes, sent in turn.
        connections: how many.
        in_flight: calls on each; fewer where the server takes fewer.
    """

    def __init__(
        self,
        address: str,
        path: str,
        token: str | list[str],
        bodies: Sequence[bytes],
        connections: int,
        in_flight: int,
    ) -> None:
        tokens = [token] if isinstance(token, str) else token
        turns = range(max(len(tokens), len(bodies)))
        calls = [call_of(address, path, tokens[turn % len(tokens)], bodies[turn % len(bodies)]) for turn in turns]
        self._calls = itertools.cycle(calls)
        self._largest = max(len(message) for _, _, message in calls)
        self._opened = [Connection(address, in_flight) for _ in range(connections)]
        self._selector = selectors.DefaultSelector()
        for one in self._opened:
            self._selector.register(one.socket, selectors.EVENT_READ, one)

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._opened:
            one.socket.close()
        self._selector.close()

    @property
    def free(self) -> int:
        """How many calls may be sent now, on all connections together."""
        return sum(one.free for one in self._opened)

    def kept_in_flight(self, seconds: float = float("inf"), calls: float = float("inf")) -> Outcome:
        """Keeps as many calls in flight as allowed, for a time or a number of calls; waits for the last answers."""
        outcome = Outcome()
        own, begun = time.thread_time(), time.perf_counter()
        end = begun + seconds
        for one in self._opened:
            outcome.offered += self._send(one, min(one.free, calls - outcome.offered))
        while True:
            sending = time.perf_counter() < end and outcome.offered < calls
            if not sending and not any(one.waiting for one in self._opened):
                break
            for one in self._ready(REST_SECONDS_MAX):
                one.receive(outcome)
                if sending:
                    outcome.offered += self._send(one, min(one.free, calls - outcome.offered))
        outcome.seconds = time.perf_counter() - begun
        outcome.own_seconds = time.thread_time() - own
        return outcome

    def offered(self, per_second: float, seconds: float) -> Outcome:
        """Calls at a fixed rate, independent of answers; calls that no connection takes yet are held back.

        What is held back at the end is never sent; `drained` waits for what is not answered by then.
        """
        outcome = Outcome(seconds)
        own, begun = time.thread_time(), time.perf_counter()
        sent = 0
        while (now := time.perf_counter() - begun) < seconds:
            outcome.offered = int(now * per_second)
            for one in self._opened:
                sent += self._send(one, min(one.free, outcome.offered - sent))
            for one in self._ready(OFFERING_WAIT_SECONDS):
                one.receive(outcome)
        outcome.own_seconds = time.thread_time() - own
        return outcome

    def drained(self) -> Outcome:
        """Waits for the answers that are still owed."""
        outcome = Outcome()
        begun = time.perf_counter()
        while any(one.waiting for one in self._opened):
            for one in self._ready(REST_SECONDS_MAX):
                one.receive(outcome)
        outcome.seconds = time.perf_counter() - begun
        return outcome

    def _send(self, connection: Connection, count: float) -> int:
        return connection.send(self._calls, self._largest, int(count)) if count > 0 else 0

    def _ready(self, wait_seconds: float) -> list[Connection]:
        ready = [key.data for key, _ in self._selector.select(wait_seconds)]
        if not ready and wait_seconds == REST_SECONDS_MAX:
            raise TimeoutError(f"the server owes answers and sent none for {REST_SECONDS_MAX} s")
        return ready
