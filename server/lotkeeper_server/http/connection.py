"""One connection: TLS where there is any, then HTTP/1.1 or HTTP/2, and what it may take of time and memory."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.exchange import Exchange
from lotkeeper_server.http.http1 import Http1
from lotkeeper_server.http.http2 import Http2
from lotkeeper_server.transport.connections import Connection as CallerConnection

if TYPE_CHECKING:
    from lotkeeper_server.http.link import Version
    from lotkeeper_server.http.listener import Listener

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WRITE_BUFFER_BYTES: Final = 64 * 1024
_CONTROL_BYTES_MAX: Final = 1 << 20
"""Of answers to pings and settings, which nobody reads."""


class HttpConnection(asyncio.Protocol):
    """One connection.

    Attributes:
        peer: its other end, as gRPC writes it.
        host: the same without its port.
        is_clogged: whether what was written waits until the other end takes it.
        is_draining: whether it is to end: each answer says so, and ends it.
        caller: what those above keep of it.
        last_seconds: `time.monotonic()` when it was used.
        noted_bytes: what it held when that was looked at.
    """

    def __init__(self, listener: "Listener", serve: Callable[["HttpConnection", Exchange], None]) -> None:
        """Not connected yet."""
        self._listener = listener
        self._serve = serve
        self._transport: asyncio.Transport | None = None
        self._version: Version | None = None
        self._first = b""
        self._is_closing = False
        self._is_held = False
        self._handshake: asyncio.Task[None] | None = None
        self._busy_since = 0.0
        self._written = self._written_before = 0
        self.noted_bytes = 0
        self._answered_seconds = 0.0
        self._head_since = 0.0  # when the first byte of a head came on a connection that was idle
        self._certificate: list[bytes] = []
        self.is_clogged = self.is_draining = False
        self.begun_seconds = self.last_seconds = time.monotonic()
        self.peer = self.host = ""
        self.caller = CallerConnection(b"")

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._transport is not None:  # the same again, within TLS
            return
        self._transport = transport
        self.peer = peer_of(transport.get_extra_info("peername"))
        self.caller = CallerConnection(self.peer.encode())
        self.host = self.caller.address
        if not self._listener.let_in(self):
            transport.abort()
            return
        if self._listener.is_shut:
            self.drain()
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        if (context := self._listener.tls_context) is not None:
            self._handshake = asyncio.get_running_loop().create_task(self._begin_tls(transport, context))

    async def _begin_tls(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            within = await loop.start_tls(
                transport, self, context, server_side=True, ssl_handshake_timeout=http_limits.HANDSHAKE_SECONDS
            )
        except (OSError, asyncio.CancelledError):  # ssl's own errors are OSErrors
            transport.abort()
            self.connection_lost(None)
            return
        if within is None or self._is_closing:
            transport.abort()
            self.connection_lost(None)
            return
        self._transport = within
        self._handshake = None
        within.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        if (proof := within.get_extra_info("ssl_object")) is not None:
            if proof.selected_alpn_protocol() == "h2":
                self._begin_http2()
            if certificate := proof.getpeercert(binary_form=True):
                self._certificate = [ssl.DER_cert_to_PEM_cert(certificate).encode()]
        self.begun_seconds = self.last_seconds = time.monotonic()
        first, self._first = self._first, b""
        if first:
            self.data_received(first)

    def data_received(self, data: bytes) -> None:
        if self._is_closing:
            return
        if self._handshake is not None:  # it came with the end of the handshake
            self._first += data
            return
        self.last_seconds = time.monotonic()
        if self._version is not None and self._version.is_idle:
            self._head_since = self.last_seconds
        if self._version is None:
            data = self._first + data
            if len(data) < len(PREFACE) and PREFACE.startswith(data):
                self._first = data
                return
            self._first = b""
            if data.startswith(PREFACE):
                self._begin_http2()
            else:
                self._version = Http1(self, self._take)
        assert self._version is not None
        self._version.feed(data)
        self._listener.note_held(self)

    def eof_received(self) -> bool:
        if self._version is not None:
            self._version.feed_end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._is_closing = True
        if self._version is not None:
            self._version.leave()
        self._listener.forget(self)

    def pause_writing(self) -> None:
        self.is_clogged = True

    def resume_writing(self) -> None:
        self.is_clogged = False
        if self._version is not None:
            self._version.unclog()

    # What HTTP asks for.

    def write(self, data: bytes) -> None:
        """Sends it, soon."""
        if self._transport is None or not data or self._is_closing or self._transport.is_closing():
            return
        self._written += len(data)
        self._transport.write(data)
        if self._version is not None and not self._version.in_progress and self.unsent_bytes > _CONTROL_BYTES_MAX:
            self.abort()

    def hold(self, *, reading: bool) -> None:
        """Whether to take more from the network."""
        if self._transport is None or self._is_closing or reading is not self._is_held:
            return
        self._is_held = not reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self, *, after_seconds: float = 0.0) -> None:
        """Ends it, once all that was written is sent; what comes meanwhile is thrown away."""
        if self._transport is None or self._is_closing:
            return
        self.hold(reading=True)
        self._is_closing = True
        if self._transport.can_write_eof():
            # Whoever still sends would be answered by a reset, which may overtake what he has not read yet.
            self._transport.write_eof()
            after_seconds = http_limits.LINGER_SECONDS
        if after_seconds:
            asyncio.get_running_loop().call_later(after_seconds, self._transport.close)
        else:
            self._transport.close()

    def abort(self) -> None:
        """Ends it at once."""
        self._is_closing = True
        if self._transport is not None:
            self._transport.abort()

    # What the listener asks for.

    @property
    def unsent_bytes(self) -> int:
        """What was given to the network, which it has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def held_bytes(self) -> int:
        """What of it waits in memory."""
        return self.unsent_bytes + (0 if self._version is None else self._version.held_bytes)

    @property
    def in_progress(self) -> int:
        """How many requests are being answered."""
        return 0 if self._version is None else self._version.in_progress

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """What TLS proved of the caller, by the names of gRPC."""
        return {"x509_pem_cert": self._certificate} if self._certificate else {}

    def drain(self) -> None:
        """Ends soon: what is on its way already is answered, and what is being answered."""
        if self.is_draining or self._is_closing:
            return
        self.is_draining = True
        if self._version is not None:
            self._version.announce_end()
        asyncio.get_running_loop().call_later(http_limits.ON_ITS_WAY_SECONDS, self._take_no_more)

    def _take_no_more(self) -> None:
        if self._handshake is not None:
            self.abort()
        elif self._version is None:
            self.close()
        else:
            self._version.take_no_more()

    def look(self, now_seconds: float) -> None:
        """Ends what has taken too long."""
        listener = self._listener
        if self._handshake is not None:
            return
        if self._version is None or self._version.awaits_head:
            since_seconds = self._head_since or max(self.begun_seconds, self._answered_seconds)
            if now_seconds - since_seconds > listener.head_seconds:
                self.abort()
            return
        if self._version.is_idle:
            idle_seconds = now_seconds - self.last_seconds
            if idle_seconds > listener.limits.idle_seconds:
                self.drain()
        too_old_seconds = now_seconds - self.begun_seconds - listener.limits.age_seconds
        if too_old_seconds > listener.limits.age_grace_seconds:
            self.abort()
            return
        if too_old_seconds > 0:
            self.drain()
        self._version.end_stalled(now_seconds)
        self._look_at_answers(now_seconds)

    def _look_at_answers(self, now_seconds: float) -> None:
        """Ends a connection that takes its answers slower than at the pace that is asked for."""
        unsent_bytes = self.unsent_bytes
        if not unsent_bytes:
            self._busy_since = 0.0
            return
        if not self._busy_since:
            self._busy_since = now_seconds
            self._written_before = self._written - unsent_bytes
            return
        taken_bytes = self._written - unsent_bytes - self._written_before
        allowed_seconds = self._listener.answer_seconds + taken_bytes / self._listener.limits.answer_bytes_per_second
        if now_seconds - self._busy_since > allowed_seconds:
            self.abort()

    def note_answered(self) -> None:
        """A request was answered."""
        self.last_seconds = self._answered_seconds = time.monotonic()
        self._head_since = 0.0  # a head that was sent ahead begins to be waited for now
        self._listener.note_idle(self)

    def _begin_http2(self) -> None:
        self._version = version = Http2(self, self._take, self._listener.http2_limits)
        if self.is_draining:
            version.announce_end()

    def _take(self, exchange: Exchange) -> None:
        self._listener.note_busy(self)
        self._serve(self, exchange)


def peer_of(address: object) -> str:
    """The other end of a connection, as gRPC writes it: `ipv4:127.0.0.1:50000`, `ipv6:%5B::1%5D:50000`."""
    if not isinstance(address, tuple) or len(address) < 2:
        return "unknown"
    host, port = str(address[0]), address[1]
    return f"ipv6:{quote(f'[{host}]', safe=':')}:{port}" if ":" in host else f"ipv4:{host}:{port}"
