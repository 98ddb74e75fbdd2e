"""A caller who writes HTTP/2 frames by hand, so also those that no client would write."""

import socket
import struct
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Final

from bench.http2_load import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    framed,
    literal,
    status_in,
)

CANCEL: Final = 8
WAIT_SECONDS: Final = 20.0
FRAME_HEAD_BYTES: Final = 9
ENDLESS_WINDOW: Final = 2**31 - 1


class RawCaller:
    """One connection. Closed by `with`.

    Attributes:
        statuses: the `grpc-status` of each stream that ended; None for one that the server reset without a status.
        data: how many bytes of DATA came on each stream.
        pongs: answers to pings.
        goaway: what the server said with GOAWAY; None where it sent none.
        peer: this end, as gRPC writes it.
    """

    def __init__(self, port: int, window: int = ENDLESS_WINDOW) -> None:
        """Connects.

        Args:
            port: of a server on 127.0.0.1.
            window: how many bytes the server may send on each stream.
        """
        self._socket = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS)
        self.peer = "ipv4:{}:{}".format(*self._socket.getsockname())
        self._received = b""
        self.statuses: dict[int, int | None] = {}
        self.data: dict[int, int] = {}
        self.pongs = 0
        self.goaway: str | None = None
        settings = struct.pack(">HIHI", 1, 0, INITIAL_WINDOW_SIZE, window)
        self.write(PREFACE, frame(SETTINGS, 0, 0, settings))
        if window == ENDLESS_WINDOW:
            self.write(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", ENDLESS_WINDOW - 65_535)))

    def __enter__(self) -> "RawCaller":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._socket.close()

    def write(self, *frames: bytes) -> None:
        """Sends them at once."""
        self._socket.sendall(b"".join(frames))

    def vanish(self) -> None:
        """Dies: the connection is reset, not closed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def wait_for(self, streams: Iterable[int]) -> None:
        """Reads until all of them have ended."""
        waiting = set(streams)
        end = time.monotonic() + WAIT_SECONDS
        while not waiting <= self.statuses.keys():
            assert time.monotonic() < end, f"{waiting - self.statuses.keys()} did not end"
            self.read()

    def read(self) -> None:
        """Reads what is there, or waits for something.

        Raises:
            ConnectionError: where the server ended the connection.
        """
        chunk = self._socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._received += chunk
        while len(self._received) >= FRAME_HEAD_BYTES:
            size = FRAME_HEAD_BYTES + int.from_bytes(self._received[:3], "big")
            if len(self._received) < size:
                return
            whole, self._received = self._received[:size], self._received[size:]
            self._take(whole[3], whole[4], int.from_bytes(whole[5:9], "big"), whole[9:])

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == HEADERS and flags & END_STREAM:
            self.statuses[stream] = status_in(payload)
        elif kind == RST_STREAM:
            self.statuses.setdefault(stream, None)
        elif kind == DATA:
            self.data[stream] = self.data.get(stream, 0) + len(payload)
        elif kind == PING and flags & ACK:
            self.pongs += 1
        elif kind == PING:
            self.write(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.goaway = payload[8:].decode()
        elif kind == SETTINGS and not flags & ACK:
            self.write(frame(SETTINGS, ACK, 0, b""))


def opening(stream: int, path: str, *more: tuple[str, str]) -> bytes:
    """The frame that opens a stream."""
    headers = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *more,
    )
    return frame(HEADERS, END_HEADERS, stream, b"".join(literal(name, value) for name, value in headers))


def message(stream: int, body: bytes, *, last: bool = True) -> bytes:
    """The frame of a whole message."""
    return frame(DATA, END_STREAM if last else 0, stream, framed(body))


def half_message(stream: int, body: bytes) -> bytes:
    """The frame of a message that lacks its second half."""
    whole = framed(body)
    return frame(DATA, 0, stream, whole[: len(whole) // 2])


def end(stream: int) -> bytes:
    """The frame that says that the caller has sent all."""
    return frame(DATA, END_STREAM, stream, b"")


def reset(stream: int) -> bytes:
    """The frame that breaks a stream off."""
    return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))


def ping(number: int) -> bytes:
    """A ping."""
    return frame(PING, 0, 0, number.to_bytes(8, "big"))


def window_update(stream: int, size: int) -> bytes:
    """Lets the server send so many bytes more, on a stream or, with stream 0, the connection."""
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))
