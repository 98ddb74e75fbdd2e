"""The methods of the contract on a port of their own, for what has no gRPC. Made, begun and ended on one event loop."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.http import http_limits
from lotkeeper_server.http.call_protocols import (
    CONNECT,
    STREAM_TYPES,
    UNARY_TYPES,
    WEB_TYPES,
    CallProtocol,
    ConnectStream,
    ConnectUnary,
    GrpcWeb,
)
from lotkeeper_server.http.call_serving import CallServing
from lotkeeper_server.http.codecs import CODECS, Converting
from lotkeeper_server.http.connect_get import ConnectGet, query_of
from lotkeeper_server.http.connection import HttpConnection
from lotkeeper_server.http.envelopes import Broken
from lotkeeper_server.http.error_json import error_json, http_status
from lotkeeper_server.http.exchange import Exchange, Headers
from lotkeeper_server.http.http_call import HttpCall, HttpStream
from lotkeeper_server.http.listener import Listener
from lotkeeper_server.http.origins import Origins
from lotkeeper_server.http.pages import Pages
from lotkeeper_server.http.request_headers import content_type_of, deadline_of, metadata_of
from lotkeeper_server.http.served_methods import ServedMethod, served_methods
from lotkeeper_server.rpc.gate.doorway import Doorway
from lotkeeper_server.transport import Status, Streaming, TlsPair, Unary
from lotkeeper_server.transport.call import INVALID_ARGUMENT, UNIMPLEMENTED, OnFault
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.loop_call import Metadata
from lotkeeper_server.transport.observing import Observe

DRAIN_SECONDS: Final = 2.0
"""How long answers may take to be sent once all calls have ended."""
_DRAIN_LOOK_SECONDS: Final = 0.01
_GRPC_TYPE: Final = "application/grpc"
_NOT_GRPC: Final = (
    ("grpc-status", str(UNIMPLEMENTED)),
    ("grpc-message", "This port is for Connect and gRPC-Web. gRPC has one of its own: the setting listen."),
)
_PLAIN: Final = ("content-type", "text/plain; charset=utf-8")
_NO_SUCH_METHOD: Final = "There is no such method here"
_SHOWN_CHARACTERS_MAX: Final = 200
_OTHER_VERSION: Final = Status(INVALID_ARGUMENT, "Connect-Protocol-Version must be 1.")
_log = get_logger()


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How it listens.

    Attributes:
        listen: HOST:PORT; port 0 takes a free one.
        allowed_origins: sites whose pages may call.
        streams_max: calls in progress on one connection.
        connections: what one of them, one peer and all together may take.
        shares_address: whether other processes of this server listen there, too.
    """

    listen: str
    allowed_origins: Collection[str]
    streams_max: int
    connections: ConnectionLimits
    shares_address: bool


class HttpServer:
    """A server on one address."""

    def __init__(
        self,
        settings: HttpSettings,
        doorway: Doorway,
        services: Sequence[ServiceDescriptor],
        methods: Mapping[str, Unary | Streaming],
        observe: Observe,
        hand_over: Callable[[], None],
        on_fault: OnFault,
    ) -> None:
        """Listens nowhere yet.

        Args:
            settings: how it listens.
            doorway: who is let in.
            services: of the contract.
            methods: what serves them, by their paths.
            observe: gives what is told of each method's calls.
            hand_over: called after what was brought for the engine.
            on_fault: what the caller gets for an exception of a handler.
        """
        self._settings = settings
        self._methods = served_methods(services, methods, observe)
        self._unknown = observe("", is_unary=True)
        self._origins = Origins(settings.allowed_origins)
        self._pages = Pages(self._methods.values())
        self._converting = Converting()
        request_seconds = min(settings.connections.request_seconds, http_limits.SLOW_SECONDS)
        self._serving = CallServing(doorway, self._converting, hand_over, on_fault, request_seconds)
        self._listener = Listener(settings.connections, settings.streams_max, self._serve)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many there are."""
        return self._listener.count

    async def begin(self, tls: TlsPair | None) -> str:
        """Listens; returns the address, with the port that was taken.

        Args:
            tls: what it proves itself with.

        Raises:
            OSError: where nothing can listen there.
        """
        settings = self._settings
        address = await self._listener.begin(settings.listen, tls, shares_address=settings.shares_address)
        _log.info("http_served", address=address, tls=tls is not None)
        return address

    def replace_tls(self, pair: TlsPair) -> None:
        """What it proves itself with to connections from now on; on any thread."""
        self._listener.replace_tls(pair)

    async def shut(self) -> None:
        """Takes no further connections; those that there are end with their next answer, or soon."""
        await self._listener.shut()
        self._serving.shut()

    async def drained(self) -> None:
        """Returns once the answers of calls that have ended are sent, or after a while.

        Then callers have a moment to close their connections: what they still send when the process ends is answered
        by a reset, which may overtake an answer that they have not read.
        """
        await _until(lambda: not self._listener.in_progress, DRAIN_SECONDS)
        await _until(lambda: not self._listener.count, http_limits.ON_ITS_WAY_SECONDS)

    async def close(self) -> None:
        """Ends it at once."""
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._converting.close()

    def _serve(self, connection: HttpConnection, exchange: Exchange) -> None:
        """Takes a request; on the event loop."""
        try:
            self._route(connection, exchange)
        except Exception:  # the outermost border: one request ends with it, nothing else
            _log.exception("fault", method="http")
            self._end_badly(exchange)

    def _end_badly(self, exchange: Exchange) -> None:
        if exchange.is_begun:
            exchange.abort()
        else:
            exchange.respond(500, [_PLAIN], b"The server has a fault.\n")

    def _route(self, connection: HttpConnection, exchange: Exchange) -> None:
        head = exchange.head
        if head.method == "OPTIONS" and head.value("origin") and head.value("access-control-request-method"):
            exchange.respond(204, self._origins.preflight(head))
            return
        if content_type_of(head).partition("+")[0] == _GRPC_TYPE:
            # As gRPC tells a call that ends without an answer: by headers alone.
            exchange.respond(200, [("content-type", _GRPC_TYPE), *_NOT_GRPC])
            return
        served = self._methods.get(head.path)
        if self._origins.refuses(head, is_call=served is not None):
            text = b"Pages of this origin may not call: see the setting http_allowed_origins.\n"
            exchange.respond(403, [_PLAIN, *self._origins.headers(head)], text)
            return
        more = self._origins.headers(head)
        allowed = _allowed(served)
        if head.method not in allowed:
            listed = ", ".join(allowed)
            exchange.respond(405, [_PLAIN, ("allow", listed), *more], f"Only {listed}.\n".encode())
        elif served is None and head.method != "POST":
            self._pages.answer(exchange, more)
        elif served is None:
            self._refuse_unknown(connection, exchange, more)
        else:
            self._call(connection, exchange, served, more)

    def _refuse_unknown(self, connection: HttpConnection, exchange: Exchange, more: Headers) -> None:
        """A path that is no method's is counted as one of gRPC is."""
        metadata: Metadata = ()
        with suppress(Broken):
            metadata = metadata_of(exchange.head.headers)
        call = HttpCall(exchange.head.path, metadata, None, exchange, connection, self._unknown, CONNECT)
        paths = {path.rpartition("/")[2]: path for path in self._methods}
        asked = exchange.head.path.rpartition("/")[2]
        meant = get_close_matches(asked[:_SHOWN_CHARACTERS_MAX], paths, 1, 0.8)
        status = Status(UNIMPLEMENTED, f"{_NO_SUCH_METHOD}{f'; did you mean {paths[meant[0]]}?' if meant else '.'}")
        call.refuse(status)
        exchange.respond(404, [("content-type", "application/json"), *more], error_json(status))

    def _call(self, connection: HttpConnection, exchange: Exchange, served: ServedMethod, more: Headers) -> None:
        is_unary = isinstance(served.method, Unary)
        try:
            protocol = _protocol_of(exchange, more, is_unary=is_unary)
            if protocol is None:
                _refuse_type(exchange, more, is_unary=is_unary)
                return
            if exchange.head.value("connect-protocol-version") not in {"", "1"}:
                raise Broken(_OTHER_VERSION)
            deadline_seconds = deadline_of(exchange.head)
            metadata = metadata_of(exchange.head.headers)
        except Broken as broken:
            status = http_status(broken.status)
            exchange.respond(status, [("content-type", "application/json"), *more], error_json(broken.status))
            return
        if is_unary:
            call = HttpCall(
                served.path, metadata, deadline_seconds, exchange, connection, served.observer, protocol.system
            )
            serving = self._serving.serve_unary(call, served, protocol)
        else:
            stream = HttpStream(
                served.path, metadata, deadline_seconds, exchange, connection, served.observer, protocol.system
            )
            serving = self._serving.serve_stream(stream, served, protocol)
        task = asyncio.get_running_loop().create_task(serving, name=served.path)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _until(happens: Callable[[], bool], seconds_max: float) -> None:
    """Returns then, or after so long."""
    for _ in range(round(seconds_max / _DRAIN_LOOK_SECONDS)):
        if happens():
            return
        await asyncio.sleep(_DRAIN_LOOK_SECONDS)


def _allowed(served: ServedMethod | None) -> tuple[str, ...]:
    """The methods of HTTP, for a method of the contract or a page."""
    if served is None:
        return ("GET", "HEAD", "POST")
    return ("GET", "POST") if served.takes_get else ("POST",)


def _protocol_of(exchange: Exchange, more: Headers, *, is_unary: bool) -> CallProtocol | None:
    """By the content type, or the query of a GET; None where the method is not called by such.

    Raises:
        Broken: where messages are packed in a way that is not taken.
    """
    if exchange.head.method == "GET":
        query = query_of(exchange.head.query)
        return ConnectGet(exchange, query, more) if query.encoding in CODECS else None
    content_type = content_type_of(exchange.head)
    if content_type in WEB_TYPES:
        return GrpcWeb(exchange, CODECS[WEB_TYPES[content_type]], content_type, more)
    if is_unary and content_type in UNARY_TYPES:
        return ConnectUnary(exchange, CODECS[UNARY_TYPES[content_type]], content_type, more)
    if not is_unary and content_type in STREAM_TYPES:
        return ConnectStream(exchange, CODECS[STREAM_TYPES[content_type]], content_type, more)
    return None


def _refuse_type(exchange: Exchange, more: Headers, *, is_unary: bool) -> None:
    if exchange.head.method == "GET":
        body = json.dumps(
            {"code": "unknown", "message": f"The query's encoding must be {' or '.join(CODECS)}."}
        ).encode()
        exchange.respond(415, [("content-type", "application/json"), *more], body)
        return
    types = [*(UNARY_TYPES if is_unary else STREAM_TYPES), *WEB_TYPES]
    of_stream = "" if is_unary else "This method is a stream: "
    message = f"{of_stream}{'The' if is_unary else 'the'} content type must be one of {', '.join(types)}."
    body = json.dumps({"code": "unknown", "message": message}).encode()
    accept = ("accept-post", ", ".join(types))
    exchange.respond(415, [("content-type", "application/json"), accept, *more], body)
