"""A load generator that writes HTTP/2 frames itself: it costs less than the server that it measures.

One constant header block a connection, a DATA frame per call, and the `grpc-status` of each answer counted: a refused
call is an HTTP 200, too. The server is told that no header may refer to an earlier one, so that a status stands in the
trailers as text.
"""

import selectors
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.figures import at

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 3, 4
WINDOW_MAX: Final = 2**31 - 1
WINDOW_FIRST: Final = 65_535
RECEIVE_BYTES: Final = 1 << 18
OK, CANCELLED, RESOURCE_EXHAUSTED = 0, 1, 8
STATUS_NAME: Final = b"\x0bgrpc-status"
STATUS_OK: Final = STATUS_NAME + b"\x010"
RESET: Final = -1
"""Counted in the place of a status: the stream was broken off without one."""
OFFERING_WAIT_SECONDS: Final = 0.002
"""So long a generator with a rate of its own waits for answers before it looks what is due."""
REST_SECONDS_MAX: Final = 30.0
"""So long nothing may come from a server that owes answers."""


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
    """What a run brought.

    Attributes:
        seconds: how long it took, with the last answers.
        statuses: how many calls ended with each `grpc-status`; RESET without one.
        latencies: of the calls that ended with OK, in seconds, in the order of their ends.
        refusals: the same of all others.
        offered: calls that were due; of a run that keeps so many in flight those that were sent.
    """

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    offered: int = 0

    @property
    def acknowledged(self) -> int:
        """Calls that ended with OK."""
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        """Acknowledged calls a second."""
        return self.acknowledged / self.seconds

    def milliseconds(self, percent: float) -> float:
        """The latency that so many percent of the acknowledged calls stayed below."""
        return at(sorted(self.latencies), percent) * 1e3

    def ended(self, status: int, seconds: float) -> None:
        """Counts one call."""
        self.statuses[status] += 1
        (self.latencies if status == OK else self.refusals).append(seconds)


def status_in(trailers: bytes) -> int:
    """The `grpc-status` of trailers that hold it as text."""
    begin = trailers.index(STATUS_NAME) + len(STATUS_NAME)
    return int(trailers[begin + 1 : begin + 1 + trailers[begin]])


class Connection:
    """One connection with a limited number of calls in flight."""

    def __init__(self, address: str, path: str, token: str, in_flight: int) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = b"".join(
            literal(name, value)
            for name, value in (
                (":method", "POST"),
                (":scheme", "http"),
                (":path", path),
                (":authority", address),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("authorization", f"Bearer {token}"),
            )
        )
        self.in_flight = in_flight
        self.streams_max = in_flight
        self.window = WINDOW_FIRST
        self.stream = 1
        self.received = b""
        self.waiting: dict[int, float] = {}
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, WINDOW_MAX)
        update = struct.pack(">I", WINDOW_MAX - WINDOW_FIRST)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, update))

    @property
    def free(self) -> int:
        """How many calls may be sent now: what was asked for and what the server takes at once, less those waiting."""
        return min(self.in_flight, self.streams_max) - len(self.waiting)

    def send(self, bodies: Iterator[bytes], count: int | None = None) -> int:
        """Fills up what is in flight, or sends `count` more, as far as the server's window allows; how many."""
        out = []
        for _ in range(self.free if count is None else count):
            body = next(bodies)
            if self.window < len(body):
                break
            self.window -= len(body)
            out.append(frame(HEADERS, END_HEADERS, self.stream, self.headers))
            out.append(frame(DATA, END_STREAM, self.stream, body))
            self.waiting[self.stream] = time.perf_counter()
            self.stream += 2
        if out:
            self.socket.sendall(b"".join(out))
        return len(out) // 2

    def receive(self, outcome: Outcome) -> None:
        """Reads what is there and counts the streams that ended."""
        chunk = self.socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        buffer = self.received + chunk
        begin, size = 0, len(buffer)
        while size - begin >= 9:
            length = buffer[begin] << 16 | buffer[begin + 1] << 8 | buffer[begin + 2]
            if size - begin < 9 + length:
                break
            kind, flags = buffer[begin + 3], buffer[begin + 4]
            if kind == HEADERS and flags & END_STREAM:
                trailers = buffer[begin + 9 : begin + 9 + length]
                status = OK if STATUS_OK in trailers else status_in(trailers)
                self._ended(int.from_bytes(buffer[begin + 5 : begin + 9], "big"), status, outcome)
            elif kind not in (HEADERS, DATA):
                payload = buffer[begin + 9 : begin + 9 + length]
                self._control(kind, flags, int.from_bytes(buffer[begin + 5 : begin + 9], "big"), payload, outcome)
            begin += 9 + length
        self.received = buffer[begin:]

    def _ended(self, stream: int, status: int, outcome: Outcome) -> None:
        sent = self.waiting.pop(stream, None)
        if sent is not None:
            outcome.ended(status, time.perf_counter() - sent)

    def _control(self, kind: int, flags: int, stream: int, payload: bytes, outcome: Outcome) -> None:
        if kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == MAX_CONCURRENT_STREAMS:
                    self.streams_max = value
            self.socket.sendall(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.socket.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            self.window += int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            self._ended(stream, RESET, outcome)
        elif kind == GOAWAY:
            raise ConnectionError("the server sent GOAWAY")


class Load:
    """Connections to one method, and bodies that are sent in turn. Closed by `with`."""

    def __init__(
        self, address: str, path: str, token: str, bodies: Sequence[bytes], connections: int, in_flight: int
    ) -> None:
        self._bodies = _turning([framed(body) for body in bodies])
        self._opened = [Connection(address, path, token, in_flight) for _ in range(connections)]
        self._selector = selectors.DefaultSelector()
        for one in self._opened:
            self._selector.register(one.socket, selectors.EVENT_READ, one)

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._opened:
            one.socket.close()
        self._selector.close()

    def kept_in_flight(self, seconds: float = float("inf"), calls: float = float("inf")) -> Outcome:
        """Keeps as many calls in flight as may be, for so long or so many; waits for the last answers."""
        outcome = Outcome()
        begun = time.perf_counter()
        end = begun + seconds
        for one in self._opened:
            outcome.offered += one.send(self._bodies)
        while True:
            sending = time.perf_counter() < end and outcome.offered < calls
            if not sending and not any(one.waiting for one in self._opened):
                break
            for one in self._ready(REST_SECONDS_MAX):
                one.receive(outcome)
                if sending:
                    outcome.offered += one.send(self._bodies)
        outcome.seconds = time.perf_counter() - begun
        return outcome

    def offered(self, per_second: float, seconds: float) -> Outcome:
        """Calls at a rate of their own, whatever comes back; those that no connection takes yet are held back.

        What is held back at the end is never sent; what is not answered by then is for `drained`.
        """
        outcome = Outcome(seconds)
        begun = time.perf_counter()
        sent = 0
        while (now := time.perf_counter() - begun) < seconds:
            outcome.offered = int(now * per_second)
            for one in self._opened:
                take = min(one.free, outcome.offered - sent)
                if take > 0:
                    sent += one.send(self._bodies, take)
            for one in self._ready(OFFERING_WAIT_SECONDS):
                one.receive(outcome)
        return outcome

    def drained(self) -> Outcome:
        """Waits for what is still to be answered."""
        outcome = Outcome()
        begun = time.perf_counter()
        while any(one.waiting for one in self._opened):
            for one in self._ready(REST_SECONDS_MAX):
                one.receive(outcome)
        outcome.seconds = time.perf_counter() - begun
        return outcome

    def _ready(self, wait_seconds: float) -> list[Connection]:
        ready = [key.data for key, _ in self._selector.select(wait_seconds)]
        if not ready and wait_seconds == REST_SECONDS_MAX:
            raise TimeoutError(f"the server owes answers and sent none for {REST_SECONDS_MAX} s")
        return ready


def run_load(
    address: str, path: str, token: str, bodies: Sequence[bytes], *, connections: int, in_flight: int, seconds: float
) -> Outcome:
    """Keeps so many calls in flight on each connection for a while; waits for the last answers.

    Args:
        address: HOST:PORT.
        path: `/package.Service/Method`.
        token: the bearer token.
        bodies: messages as bytes, sent in turn.
        connections: how many.
        in_flight: calls on each.
        seconds: for how long new calls are sent.
    """
    with Load(address, path, token, bodies, connections, in_flight) as load:
        return load.kept_in_flight(seconds)


def _turning(bodies: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from bodies
