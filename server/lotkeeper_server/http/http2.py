"""HTTP/2 on one connection, by h2, which knows the frames: many requests beside each other."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import Frame, GoAwayFrame

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.exchange import Headers, Serve, head_of
from lotkeeper_server.http.http2_exchange import Http2Exchange
from lotkeeper_server.http.link import Link

BYTES_AT_ONCE: Final = 4_096
"""So much is looked at before others have their turn."""
STREAM_WINDOW_BYTES: Final = 256 * 1024
CONNECTION_WINDOW_BYTES: Final = 1024 * 1024
HEAD_BYTES_READ_MAX: Final = 4 * http_limits.HEAD_BYTES_MAX
"""A longer head ends its connection; one in between is refused as by HTTP/1.1."""
HEAD_TOO_LONG: Final = f"The head of a request may have {http_limits.HEAD_BYTES_MAX} bytes.\n"
_FIRST_WINDOW_BYTES: Final = 65_535
_LAST_STREAM_ID: Final = (1 << 31) - 1
_PING: Final = b"the end?"
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade"})
_FAULTS: Final = (h2.exceptions.ProtocolError, h2.exceptions.DenialOfServiceError, UnicodeError, ValueError)


@dataclass(frozen=True, slots=True)
class Http2Limits:
    """What one connection may take.

    Attributes:
        streams_max: requests in progress.
        held_bytes_max: messages that have not come whole, and answers that nobody has taken.
        answer_seconds: how long an answer may wait until some of it is taken.
        cancelled_per_second_max: requests that are begun and broken off.
    """

    streams_max: int
    held_bytes_max: int
    answer_seconds: float
    cancelled_per_second_max: int


class _Announced(h2.settings.Settings):
    """Settings that a caller learns after it may have sent more: h2 would end its connection for that."""

    @property  # type: ignore[misc] # nobody sets it
    def max_concurrent_streams(self) -> int:
        """As far as h2 sees to it: `Http2` itself refuses each stream that is too many, and no other one."""
        return _LAST_STREAM_ID


class _Frames(h2.connection.H2Connection):
    """h2's, but that whoever says GOAWAY in good order still gets the answers that it waits for, as it may expect."""

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[h2.events.Event]]:
        if frame.error_code == h2.errors.ErrorCodes.NO_ERROR:
            return [], [h2.events.UnknownFrameReceived(frame=frame)]
        return super()._receive_goaway_frame(frame)


class Http2:
    """One connection."""

    def __init__(self, link: Link, serve: Serve, limits: Http2Limits) -> None:
        """Nothing has come yet; says what it allows."""
        self._link = link
        self._serve = serve
        self._limits = limits
        self._exchanges: dict[int, Http2Exchange] = {}
        self._is_over = self._has_said_so = False
        self._last_stream_id = _LAST_STREAM_ID  # none that begins after it is served
        self._waiting = bytearray()
        self._pumping: asyncio.Handle | None = None
        self._unasked = self._cancelled = 0
        self._second = time.monotonic()
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        self._h2 = connection = _Frames(config)
        connection.local_settings = _Announced(
            client=False,
            initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams_max,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: http_limits.HEAD_BYTES_MAX,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW_BYTES,
            },
        )
        connection.decoder.max_header_list_size = HEAD_BYTES_READ_MAX
        connection.initiate_connection()
        connection.increment_flow_control_window(CONNECTION_WINDOW_BYTES - _FIRST_WINDOW_BYTES)
        self._flush()

    @property
    def is_idle(self) -> bool:
        return not self._exchanges

    @property
    def awaits_head(self) -> bool:
        return False

    @property
    def in_progress(self) -> int:
        return len(self._exchanges)

    @property
    def held_bytes(self) -> int:
        return sum(one.waiting_bytes + one.pending_bytes for one in self._exchanges.values())

    def feed(self, data: bytes) -> None:
        if self._is_over:
            return
        self._waiting += data
        if self._pumping is None:
            self._pump()

    def _pump(self) -> None:
        """Goes on with what has come, a part at a time: a few bytes may be a request."""
        self._pumping = None
        part = bytes(self._waiting[:BYTES_AT_ONCE])
        del self._waiting[:BYTES_AT_ONCE]
        try:
            for event in self._h2.receive_data(part):
                if self._is_over:
                    return
                self._take(event)
        except _FAULTS:
            self._give_up()
            return
        self._flush()
        self._link.hold(reading=not self._waiting)
        if self._waiting and not self._is_over:
            self._pumping = asyncio.get_running_loop().call_soon(self._pump)
        if self.held_bytes > self._limits.held_bytes_max:
            self._give_up(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)

    def feed_end(self) -> None:
        self.leave()
        self._link.close()

    def leave(self) -> None:
        self._is_over = True
        self._waiting.clear()
        if self._pumping is not None:
            self._pumping.cancel()
        exchanges, self._exchanges = self._exchanges, {}
        for exchange in exchanges.values():
            exchange.leave()

    def announce_end(self) -> None:
        """Asks for no further request; whoever answers the ping has read that."""
        if self._is_over or self._has_said_so:
            return
        self._has_said_so = True
        self._say_last_stream_id()
        self._h2.ping(_PING)
        self._flush()

    def take_no_more(self) -> None:
        """Says which request is the last, and ends once all up to it are answered."""
        if self._is_over or self._takes_no_more:
            return
        self._last_stream_id = self._h2.highest_inbound_stream_id
        self._say_last_stream_id()
        if not self._exchanges:
            self._end()

    @property
    def _takes_no_more(self) -> bool:
        return self._last_stream_id != _LAST_STREAM_ID

    def _say_last_stream_id(self) -> None:
        """By hand: once h2 has said GOAWAY it answers nothing any more."""
        self._link.write(GoAwayFrame(0, last_stream_id=self._last_stream_id).serialize())

    def unclog(self) -> None:
        self.push_all()

    def end_stalled(self, now_seconds: float) -> None:
        for stream_id, exchange in list(self._exchanges.items()):
            if exchange.waits_since and now_seconds - exchange.waits_since > self._limits.answer_seconds:
                self.reset(stream_id, h2.errors.ErrorCodes.CANCEL)

    # What its requests need.

    def send_head(self, stream_id: int, status: int, headers: Headers, *, is_all: bool) -> None:
        """Begins an answer; ends it, too, where that is all."""
        sent = [(name, value) for name, value in headers if name not in _HOP_BY_HOP]
        if self._may_send(stream_id):
            self._h2.send_headers(stream_id, [(":status", str(status)), *sent], end_stream=is_all)
            self._flush()
            if is_all:
                self._forget(stream_id)

    def push(self, exchange: Http2Exchange) -> None:
        """Sends what the other end takes now."""
        stream_id = exchange.stream_id
        while self._may_send(stream_id) and not self._link.is_clogged:
            try:
                window_bytes = self._h2.local_flow_control_window(stream_id)
            except h2.exceptions.ProtocolError:
                break
            piece = exchange.take_pending(min(window_bytes, self._h2.max_outbound_frame_size))
            if piece:
                self._h2.send_data(stream_id, piece)
            if exchange.is_sent:
                self._h2.end_stream(stream_id)
                self._flush()
                self._forget(stream_id)
                return
            if not piece:
                break
            self._flush()
        self._flush()

    def push_all(self) -> None:
        """The same for all requests."""
        for exchange in list(self._exchanges.values()):
            self.push(exchange)

    def acknowledge(self, stream_id: int, flow_bytes: int) -> None:
        """So much was read, so that more may come."""
        if flow_bytes and not self._is_over:
            try:
                self._h2.acknowledge_received_data(flow_bytes, stream_id)
            except h2.exceptions.ProtocolError:  # the stream has ended
                return
            self._flush()

    def reset(self, stream_id: int, code: h2.errors.ErrorCodes) -> None:
        """Breaks a request off."""
        if self._may_send(stream_id):
            self._h2.reset_stream(stream_id, code)
            self._flush()
        exchange = self._exchanges.get(stream_id)
        self._forget(stream_id)
        if exchange is not None:
            exchange.leave()

    def _may_send(self, stream_id: int) -> bool:
        return not self._is_over and stream_id in self._exchanges

    def _forget(self, stream_id: int) -> None:
        exchange = self._exchanges.pop(stream_id, None)
        if exchange is not None and exchange.unread_bytes:
            self.acknowledge(stream_id, exchange.unread_bytes)
        if exchange is not None:
            self._link.note_answered()
        if self._takes_no_more and not self._exchanges and not self._is_over:
            self._end()

    def _end(self) -> None:
        """All that was taken is answered, and the other end knows what was."""
        self._flush()
        self._is_over = True
        self._link.close()

    def _take(self, event: h2.events.Event) -> None:
        exchange = self._exchanges.get(getattr(event, "stream_id", None) or 0)
        match event:
            case h2.events.RequestReceived():
                self._begin(event)
            case h2.events.DataReceived():
                self._take_data(event)
            case h2.events.StreamEnded() if exchange is not None:
                exchange.feed_end()
            case h2.events.StreamReset() if exchange is not None:
                self._forget(exchange.stream_id)
                exchange.leave()
                self._cancelled += 1
                self._count()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._note_unasked()
                self.push_all() if exchange is None else self.push(exchange)
            case h2.events.PingAckReceived() if self._has_said_so:
                self._note_unasked()
                self.take_no_more()
            case h2.events.ConnectionTerminated():
                self.leave()
                self._link.close()
            case _:
                self._note_unasked()

    def _begin(self, event: Any) -> None:
        # h2 has read ahead: what begins after this one does not count against it.
        count = sum(one.open for stream_id, one in self._h2.streams.items() if stream_id <= event.stream_id)
        if count > self._limits.streams_max or event.stream_id > self._last_stream_id:
            self._note_unasked()
            self._h2.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        pseudo: dict[str, str] = {}
        headers: list[tuple[str, str]] = []
        for name, value in event.headers or ():
            if name.startswith(":"):
                pseudo[name] = value
            else:
                headers.append((name, value))
        head = head_of(pseudo.get(":method", ""), pseudo.get(":path", ""), pseudo.get(":authority", ""), headers)
        exchange = Http2Exchange(self, self._link, event.stream_id, head)
        self._exchanges[event.stream_id] = exchange
        # Soon: what came together with the head may break it off, and then h2 takes no answer any more.
        asyncio.get_running_loop().call_soon(self._serve_or_refuse, exchange)

    def _serve_or_refuse(self, exchange: Http2Exchange) -> None:
        if exchange.is_gone:
            return
        if exchange.head.size_bytes > http_limits.HEAD_BYTES_MAX:
            exchange.respond(431, [("content-type", "text/plain; charset=utf-8")], HEAD_TOO_LONG.encode())
        else:
            self._serve(exchange)

    def _take_data(self, event: Any) -> None:
        exchange = self._exchanges.get(event.stream_id)
        flow_bytes = event.flow_controlled_length or 0
        if exchange is None:
            self.acknowledge(event.stream_id, flow_bytes)
        else:
            if len(event.data or b"") < http_limits.SMALL_PIECE_BYTES:
                self._note_unasked()
            exchange.feed(event.data or b"", flow_bytes)

    def _note_unasked(self) -> None:
        self._unasked += 1
        self._count()

    def _count(self) -> None:
        """Gives a connection up that sends too much of what costs it nothing.

        Raises:
            ProtocolError: then.
        """
        now_seconds = time.monotonic()
        if now_seconds - self._second >= 1.0:
            self._second, self._unasked, self._cancelled = now_seconds, 0, 0
        if (
            self._unasked > http_limits.UNASKED_FRAMES_PER_SECOND_MAX
            or self._cancelled > self._limits.cancelled_per_second_max
        ):
            raise h2.exceptions.ProtocolError

    def _give_up(self, code: h2.errors.ErrorCodes | None = None) -> None:
        """Tells the other end that it is over, and why."""
        if not self._is_over:
            self.leave()
            try:
                if code is not None:
                    self._h2.close_connection(code)
                self._link.write(self._h2.data_to_send())
            except _FAULTS:
                self._link.abort()
                return
            self._link.close(after_seconds=http_limits.LINGER_SECONDS)

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._link.write(data)
