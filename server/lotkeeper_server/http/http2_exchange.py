"""One request of a connection of HTTP/2, and its answer, which the other end takes as its windows allow."""

import asyncio
import time
from typing import Protocol

import h2.errors

from lotkeeper_server.http.exchange import Exchange, Headers, RequestHead
from lotkeeper_server.http.link import Link
from lotkeeper_server.transport import CallerGone


class Frames(Protocol):
    """What a request needs of its connection."""

    def send_head(self, stream_id: int, status: int, headers: Headers, *, is_all: bool) -> None:
        """Begins an answer; ends it, too, where that is all."""

    def push(self, exchange: "Http2Exchange") -> None:
        """Sends what the other end takes now."""

    def acknowledge(self, stream_id: int, flow_bytes: int) -> None:
        """So much was read, so that more may come."""

    def reset(self, stream_id: int, code: h2.errors.ErrorCodes) -> None:
        """Breaks a request off."""


class Http2Exchange(Exchange):
    """One request of a connection.

    Attributes:
        stream_id: of HTTP/2.
        pending_bytes: of the answer, which the other end has not asked for yet.
        waits_since: `time.monotonic()` since when none of it was taken; 0.0 where nothing waits.
    """

    def __init__(self, owner: Frames, link: Link, stream_id: int, head: RequestHead) -> None:
        """Has just begun."""
        super().__init__(head, link.peer, "2")
        self._owner = owner
        self._link = link
        self.stream_id = stream_id
        self.pending_bytes = 0
        self.waits_since = 0.0
        self._pending = bytearray()
        self._is_ended = False
        self._taken = asyncio.Event()

    @property
    def is_sent(self) -> bool:
        """Whether all of it was sent but its end."""
        return self._is_ended and not self._pending

    def take_pending(self, bytes_max: int) -> bytes:
        """The next piece of the answer."""
        piece = bytes(self._pending[:bytes_max]) if bytes_max > 0 else b""
        if piece:
            del self._pending[:bytes_max]
            self.pending_bytes = len(self._pending)
            self.waits_since = time.monotonic() if self._pending else 0.0
            self._taken.set()
        return piece

    def note_read(self, flow_bytes: int) -> None:
        self._owner.acknowledge(self.stream_id, flow_bytes)

    def start(self, status: int, headers: Headers) -> None:
        if not self.is_gone and not self.is_begun:
            self.is_begun = True
            self._owner.send_head(self.stream_id, status, headers, is_all=False)

    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        if body or self.is_gone or self.is_begun:
            super().respond(status, headers, body)
        else:
            self.is_begun = self._is_ended = True
            self._owner.send_head(self.stream_id, status, headers, is_all=True)

    def write(self, data: bytes) -> None:
        if self.is_gone or not data:
            return
        if not self._pending:
            self.waits_since = time.monotonic()
        self._pending += data
        self.pending_bytes = len(self._pending)
        self._owner.push(self)

    async def drained(self) -> None:
        while self._pending and not self.is_gone:
            self._taken.clear()
            await self._taken.wait()
        if self.is_gone:
            raise CallerGone

    def end(self) -> None:
        if self.is_gone or self._is_ended:
            return
        self._is_ended = True
        self._owner.push(self)

    def abort(self) -> None:
        if not self.is_gone:
            self._owner.reset(self.stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)

    def leave(self) -> None:
        super().leave()
        self._pending.clear()
        self.pending_bytes, self.waits_since = 0, 0.0
        self._taken.set()
