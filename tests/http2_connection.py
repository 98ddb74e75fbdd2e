"""A connection of HTTP/2 by hand that outlives GOAWAY, as the library's own does not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import h2.config
import h2.connection
import h2.errors
import h2.events
from hyperframe.frame import GoAwayFrame

from tests.http_calls import JSON, WAIT_SECONDS, HttpPort

LAST_OF_ALL: Final = 2**31 - 1
_FRAME_HEAD_BYTES: Final = 9
_GOAWAY: Final = 7


@dataclass
class Http2Connection:
    """One.

    Attributes:
        goaways: the last streams that the other end said it takes, in the order in which it said so.
        bodies: of the answers that have ended, by their streams.
        statuses: of HTTP, by streams.
        resets: streams that were broken off, with the code.
        is_over: whether the other end has closed it.
    """

    port: HttpPort
    socket: socket.socket
    frames: h2.connection.H2Connection
    goaways: list[int] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    resets: dict[int, int] = field(default_factory=dict)
    is_over: bool = False
    _came: bytes = b""
    _parts: dict[int, bytes] = field(default_factory=dict)

    def begin(self, path: str, request: Any, content_type: str = JSON, *, ends: bool = True, **more: str) -> int:
        """Sends a request; returns its stream.

        Args:
            path: of the method.
            request: bytes, or what becomes JSON.
            content_type: of it.
            ends: whether that is all of the request.
            more: headers.
        """
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        stream_id = self.frames.get_next_available_stream_id()
        pseudo = [(":method", "POST"), (":scheme", "http"), (":authority", "here"), (":path", path)]
        headers = [("content-type", content_type), ("authorization", f"Bearer {self.port.token}")]
        self.frames.send_headers(stream_id, [*pseudo, *headers, *more.items()])
        self.frames.send_data(stream_id, body, end_stream=ends)
        self._send()
        return stream_id

    def get(self, target: str) -> int:
        """Sends a GET; returns its stream."""
        stream_id = self.frames.get_next_available_stream_id()
        pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "here"), (":path", target)]
        self.frames.send_headers(stream_id, [*pseudo, ("authorization", f"Bearer {self.port.token}")], end_stream=True)
        self._send()
        return stream_id

    def say_goaway(self) -> None:
        """Says that nothing more will be asked for, and that all is well; a ping comes in one piece with it."""
        self._send()
        self.frames.ping(b"anything")
        self.socket.sendall(GoAwayFrame(0, last_stream_id=0).serialize() + self.frames.data_to_send())

    def take(self) -> None:
        """Takes what comes next, or that nothing comes any more."""
        try:
            came = self.socket.recv(65_536)
        except ConnectionResetError:
            came = b""
        if not came:
            self.is_over = True
        self._came += came
        while (frame := self._next_frame()) is not None:
            if frame[3] == _GOAWAY:
                self.goaways.append(int.from_bytes(frame[9:13]) & LAST_OF_ALL)
                assert int.from_bytes(frame[13:17]) == h2.errors.ErrorCodes.NO_ERROR
                continue
            for event in self.frames.receive_data(frame):
                self._note(event)
        self._send()

    def is_answered(self, stream_id: int) -> bool:
        """Whether a request has its whole answer."""
        return stream_id in self.bodies

    def _next_frame(self) -> bytes | None:
        length = _FRAME_HEAD_BYTES + int.from_bytes(self._came[:3])
        if len(self._came) < max(length, _FRAME_HEAD_BYTES):
            return None
        frame, self._came = self._came[:length], self._came[length:]
        return frame

    def _note(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=stream_id, headers=headers):
                self.statuses[stream_id] = int(dict(headers or ())[":status"])
            case h2.events.DataReceived(stream_id=stream_id, data=data, flow_controlled_length=length):
                self._parts[stream_id] = self._parts.get(stream_id, b"") + (data or b"")
                self.frames.acknowledge_received_data(length or 0, stream_id)
            case h2.events.StreamEnded(stream_id=stream_id):
                self.bodies[stream_id] = self._parts.pop(stream_id, b"")
            case h2.events.StreamReset(stream_id=stream_id, error_code=code):
                self.resets[stream_id] = int(code or 0)

    def _send(self) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # what has come may still be read
            self.socket.sendall(self.frames.data_to_send())


@contextmanager
def http2_connection(port: HttpPort) -> Iterator[Http2Connection]:
    """One, closed at the end."""
    frames = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="ascii"))
    frames.initiate_connection()
    with socket.create_connection((port.host, port.port), WAIT_SECONDS) as one:
        one.sendall(frames.data_to_send())
        yield Http2Connection(port, one, frames)
