"""How every method of the client reaches the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from lotkeeper._async_pages import AsyncPages
from lotkeeper._async_transport import AsyncTransport
from lotkeeper._requests import Uploading, path_of
from lotkeeper._retrying import Repeatable, with_request_id
from lotkeeper._tokens import Tokens

DEFAULT_TIMEOUT_SECONDS = 30.0
Response = TypeVar("Response", bound=Message)
Item = TypeVar("Item", bound=Message)
_DATA = "data"  # a field that the responses of streams share; Message does not have it


class Calling:
    """The connection to a server, and the ways to use it."""

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        channel_credentials: grpc.ChannelCredentials | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        """Connects with the first call.

        Args:
            address: HOST:PORT.
            token: the bearer token. Default: LOTKEEPER_TOKEN, or the one in the file LOTKEEPER_TOKEN_FILE, otherwise
                that of a development server on this machine, once the server has shown that it made it.
            channel_credentials: for TLS, `grpc.ssl_channel_credentials()`. Default: none, plain text.
            timeout_seconds: how long a call may take, retries included.

        Raises:
            TokenFault: where the token cannot be sent, or its file not be read; the text does not show it.
        """
        self._timeout_seconds = timeout_seconds
        self._transport = AsyncTransport(address, Tokens(address, token), channel_credentials)

    async def close(self) -> None:
        """Closes the connection; streams that are open end."""
        await self._transport.close()

    def _timeout(self, timeout_seconds: float | None) -> float:
        return self._timeout_seconds if timeout_seconds is None else timeout_seconds

    async def _call(self, request: Message, response_class: type[Response], timeout_seconds: float | None) -> Response:
        """A call that changes something: a copy of the request carries a request id if it can."""
        sent = type(request)()
        sent.CopyFrom(request)
        repeatable = with_request_id(sent)
        timeout = self._timeout(timeout_seconds)
        return await self._transport.call(path_of(sent), sent, response_class, timeout, repeatable)

    async def _read(self, request: Message, response_class: type[Response], timeout_seconds: float | None) -> Response:
        """A call that changes nothing and may be repeated."""
        timeout = self._timeout(timeout_seconds)
        return await self._transport.call(path_of(request), request, response_class, timeout, Repeatable.YES)

    def _pages(
        self,
        request: Message,
        response_class: type[Response],
        items_of: Callable[[Response], Iterable[Item]],
        timeout_seconds: float | None,
    ) -> AsyncPages[Item]:
        """The items of a list."""

        async def read_page(asking: Message) -> Response:
            return await self._read(asking, response_class, timeout_seconds)

        return AsyncPages(request, response_class, read_page, items_of)

    async def _download(
        self, request: Message, response_class: type[Response], timeout_seconds: float | None
    ) -> AsyncGenerator[bytes, None]:
        """The data of a stream, piece by piece; closing the generator ends the call."""
        path, timeout = path_of(request), self._timeout(timeout_seconds)
        async with aclosing(self._transport.stream(path, request, response_class, timeout)) as responses:
            async for response in responses:
                yield getattr(response, _DATA)

    async def _upload(
        self,
        first: Message,
        pieces: bytes | Iterable[bytes] | AsyncIterable[bytes],
        response_class: type[Response],
        timeout_seconds: float | None,
    ) -> Response:
        """A call that sends data in pieces; the first message says what it is."""
        path, timeout = path_of(first), self._timeout(timeout_seconds)
        return await self._transport.upload(path, Uploading(first), pieces, response_class, timeout)
