"""One request and its answer, whichever version of HTTP carries them. All of it on one event loop."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.http import http_limits
from lotkeeper_server.transport import CallerGone

Headers = Sequence[tuple[str, str]]
_MARKS_BYTES: Final = len(": \r\n")


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What comes before the body.

    Attributes:
        method: `POST`.
        path: of the target, as sent, without its query.
        query: of the target, without its question mark.
        authority: whom the request is for, HOST:PORT; empty where it does not say.
        headers: names in lower case, in the order in which they came.
    """

    method: str
    path: str
    query: str
    authority: str
    headers: Headers

    @property
    def size_bytes(self) -> int:
        """Of the target and the headers, each of these with the marks around it."""
        lines_bytes = sum(len(name) + len(value) + _MARKS_BYTES for name, value in self.headers)
        return len(self.path) + len(self.query) + lines_bytes

    def value(self, name: str) -> str:
        """Of a header; with commas between them where it came several times, empty where it did not."""
        return ",".join(value for key, value in self.headers if key == name)


def head_of(method: str, target: str, authority: str, headers: Headers) -> RequestHead:
    """The head of a request.

    Args:
        method: `POST`.
        target: a path with or without a query; a whole URL, as proxies are asked by, counts as its path.
        authority: of HTTP/2; empty for HTTP/1.1, which has it as a header.
        headers: names in lower case.
    """
    if "://" in target[:8]:
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    authority = authority or next((value for key, value in headers if key == "host"), "")
    return RequestHead(method, path, query, authority, headers)


class Exchange(ABC):
    """One request that is being answered.

    Attributes:
        head: of the request.
        peer: the other end of its connection, as gRPC writes it.
        http_version: `1.1`, `2`.
        is_gone: whether nobody takes an answer any more.
        is_begun: whether the answer has begun.
        unread_bytes: of the body, which nobody has read yet.
        gathered_bytes: of a message that was read, and is not whole yet or has not been made use of.
    """

    def __init__(self, head: RequestHead, peer: str, http_version: str) -> None:
        """Has come so far."""
        self.head = head
        self.peer = peer
        self.http_version = http_version
        self.is_gone = False
        self.is_begun = False
        self.unread_bytes = self.gathered_bytes = 0
        self._own_bytes = http_limits.REQUEST_BYTES + head.size_bytes
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._is_whole = False
        self._changed: asyncio.Event = asyncio.Event()
        self._when_gone: Callable[[], None] | None = None

    # What its connection tells.

    def feed(self, data: bytes, flow_bytes: int) -> None:
        """A piece of the body has come.

        Args:
            data: it.
            flow_bytes: what it counts for who controls the flow.
        """
        self._pieces.append((data, flow_bytes))
        self.unread_bytes += flow_bytes
        self._changed.set()

    def feed_end(self) -> None:
        """The body is whole."""
        self._is_whole = True
        self._changed.set()

    def leave(self) -> None:
        """Nobody takes an answer any more."""
        if self.is_gone:
            return
        self.is_gone = True
        self.unread_bytes = self.gathered_bytes = self._own_bytes = 0
        self._pieces.clear()
        self._changed.set()
        callback, self._when_gone = self._when_gone, None
        if callback is not None:
            callback()

    # What whoever answers asks for.

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Has this called once nobody takes an answer any more; at once if that is so already."""
        if self.is_gone:
            callback()
        else:
            self._when_gone = callback

    @property
    def waiting_bytes(self) -> int:
        """What of it waits in memory, its head included."""
        return self._own_bytes + self.unread_bytes + self.gathered_bytes

    @property
    def is_whole(self) -> bool:
        """Whether all of the body has come."""
        return self._is_whole

    async def read(self) -> bytes | None:
        """The next piece of the body; None after the last one. It may be cancelled and called again.

        Raises:
            CallerGone: where the rest does not come.
        """
        self.begin_reading()
        while not self._pieces:
            if self.is_gone:
                raise CallerGone
            if self._is_whole:
                return None
            self._changed.clear()
            await self._changed.wait()
        data, flow_bytes = self._pieces.popleft()
        self.unread_bytes -= flow_bytes
        self.note_read(flow_bytes)
        return data

    def begin_reading(self) -> None:
        """The body is wanted: who waits for a word before sending it gets that."""
        return

    @abstractmethod
    def note_read(self, flow_bytes: int) -> None:
        """So much of the body has been read, so that more may come."""

    @abstractmethod
    def start(self, status: int, headers: Headers) -> None:
        """Begins the answer; does nothing where nobody takes it."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Sends a piece of the answer, soon."""

    @abstractmethod
    async def drained(self) -> None:
        """Returns once what was written has been given to the network, or nearly so.

        Raises:
            CallerGone: where nobody takes it.
        """

    @abstractmethod
    def end(self) -> None:
        """Ends the answer."""

    @abstractmethod
    def abort(self) -> None:
        """Ends it so that the caller sees that something is missing."""

    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Answers with one body."""
        length = [] if status == 204 else [("content-length", str(len(body)))]  # which may not have one
        self.start(status, [*headers, *length])
        if body and self.head.method != "HEAD":
            self.write(body)
        self.end()


Serve = Callable[[Exchange], None]
"""Takes a request whose head has come; on the event loop, and must not block."""
