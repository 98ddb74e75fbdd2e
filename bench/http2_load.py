"""A load generator that writes HTTP/2 frames itself: it costs less than the server that it measures.

One constant header block a connection, a DATA frame per call, an answer counted when a frame ends its stream. A refused
call ends its stream, too: count what the store holds afterwards, not what is answered here.
"""

import selectors
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
WINDOW_MAX = 2**31 - 1
WINDOW_FIRST = 65_535
RECEIVE_BYTES = 1 << 18


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One HTTP/2 frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def literal(name: str, value: str) -> bytes:
    """One header, spelt out and never indexed, so that the block is the same for every call."""
    raw_name, raw_value = name.encode(), value.encode()
    assert len(raw_name) < 127
    assert len(raw_value) < 127
    return b"\x10" + bytes((len(raw_name),)) + raw_name + bytes((len(raw_value),)) + raw_value


@dataclass
class Outcome:
    """What a run brought: calls answered, how long it took, and each call's latency where asked for, in seconds."""

    answered: int
    seconds: float
    reset: int
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answered calls a second."""
        return self.answered / self.seconds


class Connection:
    """One connection with a fixed number of calls in flight."""

    def __init__(self, host: str, port: int, path: str, token: str, in_flight: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = b"".join(
            literal(name, value)
            for name, value in (
                (":method", "POST"),
                (":scheme", "http"),
                (":path", path),
                (":authority", f"{host}:{port}"),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("authorization", f"Bearer {token}"),
            )
        )
        self.in_flight = in_flight
        self.window = WINDOW_FIRST
        self.stream = 1
        self.received = b""
        self.waiting: dict[int, float] = {}
        settings = struct.pack(">HI", 4, WINDOW_MAX)
        update = struct.pack(">I", WINDOW_MAX - WINDOW_FIRST)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, update))

    def send(self, bodies: Iterator[bytes]) -> None:
        """Fills up what is in flight, as far as the server's window allows."""
        out = []
        while len(self.waiting) < self.in_flight:
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

    def receive(self, outcome: Outcome) -> None:
        """Reads what is there and counts the streams that ended."""
        chunk = self.socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        buffer = self.received + chunk
        at, size = 0, len(buffer)
        while size - at >= 9:
            length = buffer[at] << 16 | buffer[at + 1] << 8 | buffer[at + 2]
            if size - at < 9 + length:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                self._ended(int.from_bytes(buffer[at + 5 : at + 9], "big"), outcome)
            elif kind not in (HEADERS, DATA):
                payload = buffer[at + 9 : at + 9 + length]
                self._control(kind, flags, int.from_bytes(buffer[at + 5 : at + 9], "big"), payload, outcome)
            at += 9 + length
        self.received = buffer[at:]

    def _ended(self, stream: int, outcome: Outcome) -> None:
        outcome.latencies.append(time.perf_counter() - self.waiting.pop(stream))
        outcome.answered += 1

    def _control(self, kind: int, flags: int, stream: int, payload: bytes, outcome: Outcome) -> None:
        if kind == SETTINGS and not flags & ACK:
            self.socket.sendall(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.socket.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            self.window += int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            outcome.reset += 1
            self.waiting.pop(stream, None)
        elif kind == GOAWAY:
            raise ConnectionError("the server sent GOAWAY")


def run_load(
    address: str, path: str, token: str, bodies: list[bytes], *, connections: int, in_flight: int, seconds: float
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
    host, _, port = address.rpartition(":")
    framed = [b"\0" + struct.pack(">I", len(body)) + body for body in bodies]
    endless = _turning(framed)
    opened = [Connection(host, int(port), path, token, in_flight) for _ in range(connections)]
    selector = selectors.DefaultSelector()
    for one in opened:
        selector.register(one.socket, selectors.EVENT_READ, one)
    outcome = Outcome(0, 0.0, 0)
    begun = time.perf_counter()
    end = begun + seconds
    for one in opened:
        one.send(endless)
    while True:
        sending = time.perf_counter() < end
        if not sending and not any(one.waiting for one in opened):
            break
        for key, _ in selector.select(timeout=5):
            key.data.receive(outcome)
            if sending:
                key.data.send(endless)
    outcome.seconds = time.perf_counter() - begun
    for one in opened:
        one.socket.close()
    selector.close()
    return outcome


def _turning(bodies: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from bodies
