# Made from _async/calling.py by `python client/async_to_sync.py`; change that file instead.
"""How every method of the client reaches the server."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from os import PathLike
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from lotkeeper._addresses import addresses_of
from lotkeeper._coalescing import Coalescing
from lotkeeper._endpoints import KEEPALIVE_SECONDS, KEEPALIVE_TIMEOUT_SECONDS, Connecting
from lotkeeper._pages import Pages
from lotkeeper._requests import Uploading, path_of
from lotkeeper._retrying import Repeatable, Retries, with_request_id
from lotkeeper._tls import TlsFiles, credentials_for
from lotkeeper._transport import Transport

DEFAULT_TIMEOUT_SECONDS = 30.0
Response = TypeVar("Response", bound=Message)
Item = TypeVar("Item", bound=Message)
_DATA = "data"  # a field that the responses of streams share; Message does not have it


class Calling:
    """The connection to a server, and the ways to use it."""

    def __init__(
        self,
        address: str | Sequence[str] | None = None,
        *,
        token: str | None = None,
        token_source: Callable[[], str] | None = None,
        tls: bool | None = None,
        ca_file: str | PathLike[str] | None = None,
        client_certificate: str | PathLike[str] | None = None,
        client_key: str | PathLike[str] | None = None,
        channel_credentials: grpc.ChannelCredentials | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        retries: Retries = Retries(),  # noqa: B008 - it does not change
        connections: int = 1,
        coalesce: bool = False,
        keepalive_seconds: float | None = KEEPALIVE_SECONDS,
        keepalive_timeout_seconds: float = KEEPALIVE_TIMEOUT_SECONDS,
        channel_options: Sequence[tuple[str, Any]] = (),
        interceptors: Sequence[Any] = (),
    ) -> None:
        """Connects with the first call.

        Args:
            address: HOST, HOST:PORT or [IPV6]:PORT, the port 50051 if it is not given; several, in a list or separated
                by commas, are of servers on one store and are called in turn, as are all addresses of a name. A server
                that does not answer is left out until it does. Default: LOTKEEPER_ADDRESS, otherwise 127.0.0.1:50051.
            token: the bearer token. Default: LOTKEEPER_TOKEN, or the one in the file LOTKEEPER_TOKEN_FILE, otherwise
                that of a development server on this machine, once the server has shown that it made it.
            token_source: in place of `token`, for tokens that expire, as an issuer's do: asked at each attempt of a
                call, so it keeps a token while that is good. It may be called by many threads, or on the event loop,
                and is not to wait for long. What it raises ends the call as Unauthenticated, and nothing was sent.
            tls: whether to use TLS. Default: if a CA or a certificate is given.
            ca_file: PEM file of whom to trust. Default: the file LOTKEEPER_CA_FILE, otherwise the public authorities.
            client_certificate: PEM file of what the client shows. Default: the file LOTKEEPER_CLIENT_CERTIFICATE.
            client_key: PEM file of its key, without a password. Default: the file LOTKEEPER_CLIENT_KEY.
            channel_credentials: of gRPC, in the place of `tls` and the files.
            timeout_seconds: how long a call may take, retries included.
            retries: their limits.
            connections: how many to make to each address. Each leads to one process of a server.
            coalesce: whether executions that wait for others travel together, as one batch.
            keepalive_seconds: how often a call that waits asks whether the server is there; None for never.
            keepalive_timeout_seconds: after how long without an answer to that the connection counts as lost.
            channel_options: gRPC's own, such as ("grpc.max_receive_message_length", 8388608).
            interceptors: of gRPC, or OpenTelemetry's: with asyncio those of `grpc.aio`, without it those of `grpc`,
                such as `UnaryUnaryClientInterceptor`.

        Raises:
            AddressFault: where an address is none.
            TlsFault: where a certificate or key cannot be used.
            TokenFault: where the token cannot be sent, or its file not be read; the text does not show it.
            SettingFault: where a number is out of its range; the faults above are of this class, too.
        """
        if channel_credentials is None:
            files = TlsFiles.given(ca_file, client_certificate, client_key)
            channel_credentials = credentials_for(tls, files)
        self._timeout_seconds = timeout_seconds
        self._transport = Transport(
            Connecting(
                addresses=addresses_of(address),
                token=token,
                credentials=channel_credentials,
                connections=connections,
                keepalive_seconds=keepalive_seconds,
                keepalive_timeout_seconds=keepalive_timeout_seconds,
                channel_options=channel_options,
                interceptors=interceptors,
                retries=retries,
                token_source=token_source,
            )
        )
        self._coalescing = Coalescing(self._transport) if coalesce else None

    def close(self) -> None:
        """Closes the connections; calls that wait, and streams that are open, end with ClientClosed."""
        self._transport.close()

    def _timeout(self, timeout_seconds: float | None) -> float:
        return self._timeout_seconds if timeout_seconds is None else timeout_seconds

    def _call(self, request: Message, response_class: type[Response], timeout_seconds: float | None) -> Response:
        """A call that changes something: a copy of the request carries a request id if it can."""
        sent = type(request)()
        sent.CopyFrom(request)
        repeatable = with_request_id(sent)
        timeout = self._timeout(timeout_seconds)
        return self._transport.call(path_of(sent), sent, response_class, timeout, repeatable)

    def _read(self, request: Message, response_class: type[Response], timeout_seconds: float | None) -> Response:
        """A call that changes nothing and may be repeated."""
        timeout = self._timeout(timeout_seconds)
        return self._transport.call(path_of(request), request, response_class, timeout, Repeatable.YES)

    def _pages(
        self,
        request: Message,
        response_class: type[Response],
        items_of: Callable[[Response], Iterable[Item]],
        timeout_seconds: float | None,
    ) -> Pages[Item]:
        """The items of a list."""

        def read_page(asking: Message) -> Response:
            return self._read(asking, response_class, timeout_seconds)

        return Pages(request, response_class, read_page, items_of)

    def _download(
        self, request: Message, response_class: type[Response], timeout_seconds: float | None
    ) -> Generator[bytes, None, None]:
        """The data of a stream, piece by piece; closing the generator ends the call."""
        path, timeout = path_of(request), self._timeout(timeout_seconds)
        with closing(self._transport.stream(path, request, response_class, timeout)) as responses:
            for response in responses:
                yield getattr(response, _DATA)

    def _upload(
        self,
        first: Message,
        pieces: bytes | Iterable[bytes],
        response_class: type[Response],
        timeout_seconds: float | None,
    ) -> Response:
        """A call that sends data in pieces; the first message says what it is."""
        path, timeout = path_of(first), self._timeout(timeout_seconds)
        return self._transport.upload(path, Uploading(first), pieces, response_class, timeout)
