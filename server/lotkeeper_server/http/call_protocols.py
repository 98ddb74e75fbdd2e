"""How the messages of one call come and go: by Connect, with and without a stream, and by gRPC-Web."""

import base64
import json
from abc import ABC, abstractmethod
from typing import ClassVar, Final
from urllib.parse import quote

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.codecs import Codec
from lotkeeper_server.http.compression import packed
from lotkeeper_server.http.envelopes import (
    SECOND_MESSAGE,
    TOO_LONG,
    Broken,
    EnvelopeReader,
    Received,
    base64_reader,
    in_envelope,
)
from lotkeeper_server.http.error_json import error_json, error_object, http_status, retry_after_seconds
from lotkeeper_server.http.exchange import Exchange, Headers
from lotkeeper_server.http.request_headers import packing_of, takes_gzip
from lotkeeper_server.transport import Status
from lotkeeper_server.transport.call import GRPC

_END: Final = 0b10
"""Connect's flag of the last envelope."""
_TRAILERS: Final = 0b1000_0000
"""gRPC-Web's."""
_JSON: Final = ("content-type", "application/json")
_NOT_STORED: Final = ("cache-control", "no-store")
_UNESCAPED: Final = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}~"


CONNECT: Final = "connectrpc"
"""By OpenTelemetry's name."""


class CallProtocol(ABC):
    """One call's.

    Attributes:
        system: the protocol, by OpenTelemetry's name.
        codec: how messages are written.
    """

    system: ClassVar[str] = CONNECT

    def __init__(self, exchange: Exchange, codec: Codec, content_type: str, more: Headers) -> None:
        """Nothing has been read or sent.

        Args:
            exchange: the request.
            codec: how messages are written.
            content_type: of the request, and of the answer.
            more: headers of every answer.
        """
        self.codec = codec
        self._exchange = exchange
        self._content_type = content_type
        self._more = more
        self._kept_bytes = 0  # of the message that `receive_only` has given, or is about to

    @abstractmethod
    async def receive(self) -> Received | None:
        """The next message; None after the last.

        Raises:
            Broken: where what comes is none.
            CallerGone: where it does not come.
        """

    @abstractmethod
    def begin(self) -> None:
        """The caller learns that its call is being served, where the protocol can say so before the first message."""

    @abstractmethod
    async def send(self, message: bytes) -> None:
        """Sends one of many messages; returns once the network has taken it."""

    @abstractmethod
    def finish(self, message: bytes | None, status: Status) -> None:
        """Ends the call.

        Args:
            message: the only one, or none.
            status: how it ended.
        """

    async def receive_only(self) -> Received | None:
        """The only message, once all of the body has come: whoever answers before loses the connection.

        Raises:
            Broken: as `receive`; also where there is another one.
            CallerGone: as `receive`.
        """
        received = await self.receive()
        if received is not None:
            self._kept_bytes = len(received.data)
            if await self.receive() is not None:
                raise Broken(SECOND_MESSAGE)
        return received

    def let_go(self) -> None:
        """What was received is kept no longer."""
        self._kept_bytes = 0
        self._note_gathered(0)

    def _note_gathered(self, count: int) -> None:
        self._exchange.gathered_bytes = 0 if self._exchange.is_gone else count + self._kept_bytes

    def break_off(self) -> None:
        """Ends the call so that the caller sees that something is missing."""
        self._exchange.abort()


class ConnectUnary(CallProtocol):
    """Connect, one message each way: the body is the message, an error is the status of HTTP and JSON."""

    def __init__(self, exchange: Exchange, codec: Codec, content_type: str, more: Headers) -> None:
        """As above.

        Raises:
            Broken: where it is packed in a way that is not taken.
        """
        super().__init__(exchange, codec, content_type, more)
        self._is_packed = bool(packing_of(exchange.head, "content-encoding"))
        self._packs = takes_gzip(exchange.head)
        self._is_received = False

    async def receive(self) -> Received | None:
        if self._is_received:
            return None
        whole = bytearray()
        while (piece := await self._exchange.read()) is not None:
            whole += piece
            self._note_gathered(len(whole))
            if len(whole) > http_limits.MESSAGE_BYTES_MAX:
                raise Broken(TOO_LONG)
        self._is_received = True
        return Received(bytes(whole), self._is_packed)

    def pack(self, message: bytes) -> bytes:
        """The answer as sent: packed where the caller takes that and it pays."""
        self._packs = self._packs and len(message) >= http_limits.COMPRESSED_BYTES_MIN
        return packed(message) if self._packs else message

    def begin(self) -> None:
        return

    async def send(self, message: bytes) -> None:
        raise AssertionError(message)

    def finish(self, message: bytes | None, status: Status) -> None:
        if message is not None:
            encoding = [("content-encoding", "gzip")] if self._packs else []
            vary = ("vary", "accept-encoding")
            head = [("content-type", self._content_type), *encoding, vary, _NOT_STORED, *self._more]
            self._exchange.respond(200, head, message)
            return
        wait_seconds = retry_after_seconds(status)
        retry = [] if wait_seconds is None else [("retry-after", str(wait_seconds))]
        challenge = [("www-authenticate", "Bearer")] if http_status(status) == 401 else []
        head = [_JSON, _NOT_STORED, *retry, *challenge, *self._more]
        self._exchange.respond(http_status(status), head, error_json(status))


class ConnectStream(CallProtocol):
    """Connect with a stream: messages in envelopes, the last of which says how it ended."""

    def __init__(self, exchange: Exchange, codec: Codec, content_type: str, more: Headers) -> None:
        """As above.

        Raises:
            Broken: where it is packed in a way that is not taken.
        """
        super().__init__(exchange, codec, content_type, more)
        self._reader = EnvelopeReader(
            exchange.read, packing_of(exchange.head, "connect-content-encoding"), self._note_gathered
        )

    async def receive(self) -> Received | None:
        return await self._reader.next()

    def begin(self) -> None:
        accepts = ("connect-accept-encoding", "gzip")
        self._exchange.start(200, [("content-type", self._content_type), accepts, _NOT_STORED, *self._more])

    async def send(self, message: bytes) -> None:
        self.begin()
        self._exchange.write(in_envelope(message))
        await self._exchange.drained()

    def finish(self, message: bytes | None, status: Status) -> None:
        self.begin()
        if message is not None:
            self._exchange.write(in_envelope(message))
        end = json.dumps({"error": error_object(status)} if status.code else {}, separators=(",", ":"))
        self._exchange.write(in_envelope(end.encode(), _END))
        self._exchange.end()


class GrpcWeb(CallProtocol):
    """gRPC-Web: as gRPC, with the trailers as a last message; all of it as base 64 for old browsers."""

    system = GRPC.system

    def __init__(self, exchange: Exchange, codec: Codec, content_type: str, more: Headers) -> None:
        """As above.

        Raises:
            Broken: where it is packed in a way that is not taken.
        """
        super().__init__(exchange, codec, content_type, more)
        self._is_text = content_type.startswith("application/grpc-web-text")
        read = base64_reader(exchange.read) if self._is_text else exchange.read
        self._reader = EnvelopeReader(read, packing_of(exchange.head, "grpc-encoding"), self._note_gathered)

    async def receive(self) -> Received | None:
        return await self._reader.next()

    def begin(self) -> None:
        accepts = ("grpc-accept-encoding", "identity,gzip")
        self._exchange.start(200, [("content-type", self._content_type), accepts, _NOT_STORED, *self._more])

    async def send(self, message: bytes) -> None:
        self.begin()
        self._write(in_envelope(message))
        await self._exchange.drained()

    def finish(self, message: bytes | None, status: Status) -> None:
        self.begin()
        trailers = [f"grpc-status: {status.code}"]
        if status.message:
            trailers.append(f"grpc-message: {quote(status.message, safe=_UNESCAPED)}")
        if status.details is not None:
            details = base64.b64encode(status.details).decode().rstrip("=")
            trailers.append(f"grpc-status-details-bin: {details}")
        last = in_envelope("".join(f"{one}\r\n" for one in trailers).encode(), _TRAILERS)
        self._write((b"" if message is None else in_envelope(message)) + last)
        self._exchange.end()

    def _write(self, data: bytes) -> None:
        self._exchange.write(base64.b64encode(data) if self._is_text else data)


UNARY_TYPES: Final = {"application/json": "json", "application/proto": "proto"}
STREAM_TYPES: Final = {"application/connect+json": "json", "application/connect+proto": "proto"}
WEB_TYPES: Final = {
    "application/grpc-web": "proto",
    "application/grpc-web+proto": "proto",
    "application/grpc-web+json": "json",
    "application/grpc-web-text": "proto",
    "application/grpc-web-text+proto": "proto",
}
"""Content types, with the codec of each."""
