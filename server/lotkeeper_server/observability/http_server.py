"""The little HTTP server of metrics and probes: three pages, one answer a connection, a few connections at a time.

Whoever is slow, sends too much or comes when all places are taken is cut off; none of it concerns those who call.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final

from lotkeeper_server.observability.exposition import CONTENT_TYPE

CONNECTIONS_MAX: Final = 32
"""So many may be open; one more is closed at once."""
REQUEST_BYTES_MAX: Final = 8_192
SECONDS_MAX: Final = 5.0
"""A connection that has not sent its request and taken its answer by then is cut off."""
FRESH_SECONDS: Final = 0.5
"""For so long the same page of metrics is given again: making one takes some milliseconds."""
_PLAIN: Final = "text/plain; charset=utf-8"
_METHODS: Final = frozenset({"GET", "HEAD"})
_STATUS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class Pages:
    """What is served."""

    def __init__(
        self,
        exposition: Callable[[], str],
        why_not_ready: Callable[[], str],
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes none yet.

        Args:
            exposition: makes the page of metrics.
            why_not_ready: why calls cannot be served now; empty where they can.
            now_seconds: the time.
        """
        self._exposition = exposition
        self._why_not_ready = why_not_ready
        self._now_seconds = now_seconds
        self._page = b""
        self._made_seconds = float("-inf")

    def answer(self, request: bytes) -> bytes:
        """The answer to a request, with its head.

        Args:
            request: its first line and headers, without the empty line that ends them.
        """
        words = request.split(b"\n", 1)[0].decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _answer(400, b"This is no request of HTTP/1.\n")
        method, target, _ = words
        if method not in _METHODS:
            return _answer(405, b"Only GET and HEAD.\n", more="Allow: GET, HEAD\r\n")
        answer = self._page_of(target.partition("?")[0])
        return answer if method == "GET" else answer[: answer.index(b"\r\n\r\n") + 4]

    def _page_of(self, path: str) -> bytes:
        if path == "/metrics":
            return _answer(200, self._metrics(), CONTENT_TYPE)
        if path == "/healthz":
            return _answer(200, b"ok\n")
        if path == "/readyz":
            why = self._why_not_ready()
            return _answer(503, f"{why}\n".encode()) if why else _answer(200, b"ok\n")
        return _answer(404, b"There are /metrics, /healthz and /readyz.\n")

    def _metrics(self) -> bytes:
        now_seconds = self._now_seconds()
        if now_seconds - self._made_seconds >= FRESH_SECONDS:
            self._page = self._exposition().encode()
            self._made_seconds = now_seconds
        return self._page


def _answer(status: int, body: bytes, content_type: str = _PLAIN, more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status} {_STATUS[status]}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{more}Connection: close\r\n\r\n"
    )
    return head.encode() + body


class HttpServer:
    """Serves on one event loop."""

    def __init__(self, pages: Pages, seconds_max: float = SECONDS_MAX) -> None:
        """Listens nowhere yet.

        Args:
            pages: what is served.
            seconds_max: how long a connection may take.
        """
        self._pages = pages
        self._seconds_max = seconds_max
        self._connections: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def begin(self, address: str, *, shares_address: bool) -> str:
        """Listens; returns the address, with the port that was taken.

        Args:
            address: HOST:PORT; port 0 takes a free one.
            shares_address: whether other processes of this server listen there, too.

        Raises:
            OSError: where nothing can listen there.
        """
        host, _, port = address.rpartition(":")
        server = self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self._pages, self._connections, self._seconds_max),
            host.strip("[]"),
            int(port),
            family=socket.AF_UNSPEC,
            reuse_port=shares_address or None,
        )
        return f"{host}:{server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Listens no more, and ends what is open."""
        if self._server is not None:
            self._server.close()
        for transport in list(self._connections):
            transport.abort()


class _Connection(asyncio.Protocol):
    """One connection: a request, an answer, the end."""

    def __init__(self, pages: Pages, connections: set[asyncio.Transport], seconds_max: float) -> None:
        self._pages = pages
        self._connections = connections
        self._seconds_max = seconds_max
        self._received = b""
        self._is_answered = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._connections) >= CONNECTIONS_MAX:
            transport.abort()
            return
        self._connections.add(transport)
        self._timer = asyncio.get_running_loop().call_later(self._seconds_max, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._is_answered:
            return
        self._received += data
        head, end, _ = self._received.replace(b"\r\n", b"\n").partition(b"\n\n")
        if end:
            self._end(self._pages.answer(head))
        elif len(self._received) > REQUEST_BYTES_MAX:
            self._end(_answer(431, b"The request is too long.\n"))

    def _end(self, answer: bytes) -> None:
        self._is_answered = True
        self._received = b""
        self._transport.write(answer)
        self._transport.close()  # once it is taken, or cut off by the timer

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._connections.discard(self._transport)
        if self._timer is not None:
            self._timer.cancel()
