"""HTTP/1.1 on one connection, by h11, which knows the grammar: one request after the other."""

import asyncio
from http import HTTPStatus
from typing import Final

import h11

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.exchange import Exchange, Headers, RequestHead, Serve, head_of
from lotkeeper_server.http.link import Link
from lotkeeper_server.transport import CallerGone

_VERSIONS: Final = frozenset({b"1.0", b"1.1"})
_MALFORMED: Final = "This is no request of HTTP/1.1."
_TEXTS: Final = {
    431: f"The head of a request may have {http_limits.HEAD_BYTES_MAX} bytes.",
    501: "A body comes with its length, or in chunks.",
    505: "The versions are HTTP/1.1 and HTTP/2.",
}
_PLAIN: Final = (("content-type", "text/plain; charset=utf-8"), ("connection", "close"))
_LINE_END: Final = b"\r\n"
_PHRASES: Final = {one.value: one.phrase.encode() for one in HTTPStatus}


class Http1:
    """One connection.

    Attributes:
        is_idle: whether it waits for a request, and nothing of one has come.
        awaits_head: whether it waits for the rest of a head.
    """

    def __init__(self, link: Link, serve: Serve) -> None:
        """Nothing has come yet."""
        self._link = link
        self._serve = serve
        self._h11 = _connection()
        self._exchange: Http1Exchange | None = None
        self._is_over = False
        self._pumping: asyncio.Handle | None = None
        self._pieces = self._piece_bytes = 0

    @property
    def is_idle(self) -> bool:
        return self._exchange is None and not self._h11.trailing_data[0]

    @property
    def awaits_head(self) -> bool:
        return self._exchange is None and bool(self._h11.trailing_data[0])

    @property
    def in_progress(self) -> int:
        """How many requests are being answered."""
        return 0 if self._exchange is None else 1

    @property
    def held_bytes(self) -> int:
        """What of requests and answers waits in memory, beside what the network was given."""
        return 0 if self._exchange is None else self._exchange.waiting_bytes

    def feed(self, data: bytes) -> None:
        """Takes what has come."""
        if self._is_over or self._is_last:
            return
        if self.is_idle:  # RFC 9112, 2.2: a client may send an empty line too much
            data = data.lstrip(_LINE_END)
        if data:
            self._h11.receive_data(data)
            self.pump()

    @property
    def _is_last(self) -> bool:
        """Whether the request that is being answered is whole, and no other one may follow it."""
        return self._h11.their_state is h11.MUST_CLOSE

    def feed_end(self) -> None:
        """The other end sends no more: it counts as gone, as nearly all who close do so in both directions."""
        self.leave()
        self._link.close()

    def leave(self) -> None:
        """The connection is gone."""
        self._is_over = True
        if self._pumping is not None:
            self._pumping.cancel()
        if self._exchange is not None:
            self._exchange.leave()

    def announce_end(self) -> None:
        """The next answer says so, or the end of the connection."""

    def take_no_more(self) -> None:
        """Ends a connection that waits; any other ends with its answer."""
        if self.is_idle and not self._is_over:
            self._is_over = True
            self._link.close()

    def unclog(self) -> None:
        """What was written has been taken."""
        if self._exchange is not None:
            self._exchange.unclog()

    def end_stalled(self, now_seconds: float) -> None:
        """There is one request: it ends with its connection, which sees to that."""

    def pump(self) -> None:
        """Goes on with what has come, a part at a time."""
        self._pumping = None
        for _ in range(http_limits.PIECES_AT_ONCE):
            if self._is_over or self._is_last:
                return
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as fault:
                self._refuse(fault.error_status_hint)
                return
            if event is h11.NEED_DATA or event is h11.PAUSED:
                if len(self._h11.trailing_data[0]) > http_limits.PIPELINED_BYTES_MAX:
                    self._is_over = True
                    self._link.abort()
                self._hold()
                return
            self._take(event)
        self._link.hold(reading=False)
        self._pumping = asyncio.get_running_loop().call_soon(self.pump)

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Request):
            self._begin(event)
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._piece_bytes += len(event.data)
            if self._pieces > http_limits.SMALL_PIECES_MAX + self._piece_bytes // http_limits.SMALL_PIECE_BYTES:
                self._refuse(400, "The body comes in too many pieces.")
            elif self._exchange is not None:
                self._exchange.feed(bytes(event.data), len(event.data))
        elif isinstance(event, h11.EndOfMessage):
            if self._exchange is not None:
                self._exchange.feed_end()
        elif isinstance(event, h11.ConnectionClosed):
            self._is_over = True
            self._link.close()

    def _hold(self) -> None:
        unread_bytes = 0 if self._exchange is None else self._exchange.unread_bytes
        self._link.hold(reading=unread_bytes < http_limits.BODY_UNREAD_BYTES_MAX)

    def _begin(self, request: h11.Request) -> None:
        headers = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in request.headers]
        names = [name for name, _ in headers]
        if "transfer-encoding" in names and "content-length" in names:
            self._refuse(400, "A request has a length or comes in pieces, not both.")
            return
        if names.count("host") > 1:
            self._refuse(400, "There is more than one host.")
            return
        if request.http_version not in _VERSIONS:
            self._refuse(505)
            return
        head = head_of(bytes(request.method).decode("latin-1"), bytes(request.target).decode("latin-1"), "", headers)
        if head.size_bytes > http_limits.HEAD_BYTES_MAX:
            self._refuse(431)
            return
        self._pieces = self._piece_bytes = 0
        version = request.http_version.decode()
        self._exchange = exchange = Http1Exchange(self, self._link, self._h11, head, version)
        # Soon: what came together with the head belongs to it, and a whole request leaves its connection in use.
        asyncio.get_running_loop().call_soon(self._serve, exchange)

    def _refuse(self, status: int, text: str = "") -> None:
        """Answers what is no request; nothing that comes after it is looked at, and nothing of it is sent back."""
        self._is_over = True
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.leave()
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = f"{text or _TEXTS.get(status, _MALFORMED)}\n".encode()
            length = ("content-length", str(len(body)))
            self._link.write(self._h11.send(_response(status, [*_PLAIN, length])) or b"")
            self._link.write(self._h11.send(h11.Data(data=body)) or b"")
            self._link.close(after_seconds=http_limits.LINGER_SECONDS)
        else:
            self._link.abort()

    def note_answered(self) -> None:
        """The request is answered: the next one may begin, unless something of this one is still to come."""
        self._exchange = None
        self._link.note_answered()
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE and not self._link.is_draining:
            self._begin_next()
            self._pumping = asyncio.get_running_loop().call_soon(self.pump)
        else:
            self._is_over = True
            is_whole = self._h11.their_state in {h11.DONE, h11.MUST_CLOSE}
            self._link.close(after_seconds=0.0 if is_whole else http_limits.LINGER_SECONDS)

    def _begin_next(self) -> None:
        ahead, _ = self._h11.trailing_data
        if ahead[:1] and ahead[:1] in _LINE_END:
            self._h11 = _connection()
            if rest := ahead.lstrip(_LINE_END):  # nothing at all would mean that no more comes
                self._h11.receive_data(rest)
        else:
            self._h11.start_next_cycle()

    def go_on_reading(self) -> None:
        """Something of the body was read."""
        if not self._is_over and self._pumping is None:
            self._hold()


class Http1Exchange(Exchange):
    """One request of a connection."""

    def __init__(
        self, owner: Http1, link: Link, connection: h11.Connection, head: RequestHead, http_version: str
    ) -> None:
        """Has just begun."""
        super().__init__(head, link.peer, http_version)
        self._owner = owner
        self._link = link
        self._h11 = connection
        self._unclogged = asyncio.Event()
        self._is_ended = False

    def begin_reading(self) -> None:
        if not self.is_gone and self._h11.they_are_waiting_for_100_continue:
            self._link.write(self._h11.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")

    def note_read(self, flow_bytes: int) -> None:  # noqa: ARG002 - it is counted already
        self._owner.go_on_reading()

    def start(self, status: int, headers: Headers) -> None:
        if self.is_gone or self.is_begun:
            return
        self.is_begun = True
        is_last = self._link.is_draining or self._h11.their_state not in {h11.DONE, h11.MUST_CLOSE}
        more = [("connection", "close")] if is_last and not any(name == "connection" for name, _ in headers) else []
        self._send(_response(status, [*headers, *more]))

    def write(self, data: bytes) -> None:
        if not self.is_gone and data:
            self._send(h11.Data(data=data))

    async def drained(self) -> None:
        while self._link.is_clogged and not self.is_gone:
            self._unclogged.clear()
            await self._unclogged.wait()
        if self.is_gone:
            raise CallerGone

    def end(self) -> None:
        if self.is_gone or self._is_ended:
            return
        self._is_ended = True
        self._send(h11.EndOfMessage())
        self._owner.note_answered()

    def abort(self) -> None:
        if not self.is_gone and not self._is_ended:
            self._link.abort()

    def unclog(self) -> None:
        """What was written has been taken."""
        self._unclogged.set()

    def leave(self) -> None:
        super().leave()
        self._unclogged.set()

    def _send(self, event: h11.Event) -> None:
        self._link.write(self._h11.send(event) or b"")


def _connection() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=http_limits.HEAD_BYTES_MAX)


def _response(status: int, headers: Headers) -> h11.Response:
    """With its phrase: old programs look for it."""
    return h11.Response(status_code=status, headers=list(headers), reason=_PHRASES.get(status, b""))
