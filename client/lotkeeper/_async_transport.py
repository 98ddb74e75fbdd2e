"""One channel, on asyncio: connects, sends, retries, and turns failures into errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from lotkeeper._errors import LotkeeperError, error_of
from lotkeeper._requests import Uploading
from lotkeeper._retrying import CHANNEL_OPTIONS, KNOCK_PATH, NOBODY_ANSWERED, Attempts, Repeatable, silent
from lotkeeper._tokens import bearer_header

Response = TypeVar("Response", bound=Message)


class AsyncTransport:
    """Calls methods by their path."""

    def __init__(self, address: str, token: str | None, channel_credentials: grpc.ChannelCredentials | None) -> None:
        self._address = address
        self._metadata = (("authorization", bearer_header(token)),) if token else ()
        if channel_credentials is None:
            self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(address, channel_credentials, options=CHANNEL_OPTIONS)
        self._connected = False

    async def call(
        self,
        path: str,
        request: Message,
        response_class: type[Response],
        timeout_seconds: float,
        repeatable: Repeatable,
    ) -> Response:
        """Makes a call, and repeats it where that is safe.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        attempts = Attempts(timeout_seconds, repeatable)
        method: Any = self._channel.unary_unary(path, _serialized, response_class.FromString)
        while True:
            await self._connect(attempts)
            try:
                response: Response = await method(request, timeout=attempts.left_seconds(), metadata=self._metadata)
                return response
            except grpc.aio.AioRpcError as rpc_error:
                error = self._failed(rpc_error)
                error.__cause__ = rpc_error
            await asyncio.sleep(attempts.pause_seconds(error))

    async def stream(
        self, path: str, request: Message, response_class: type[Response], timeout_seconds: float
    ) -> AsyncGenerator[Response, None]:
        """The stream of a method that changes nothing; the call is repeated only while nothing has come.

        Closing the generator ends the call.

        Raises:
            LotkeeperError: the refusal or failure, also after messages.
        """
        attempts = Attempts(timeout_seconds, Repeatable.YES)
        while True:
            await self._connect(attempts)
            begun = False
            try:
                async with aclosing(
                    self._responses(path, request, response_class, attempts.left_seconds())
                ) as responses:
                    async for response in responses:
                        begun = True
                        yield response
                return
            except LotkeeperError as error:
                if begun:
                    raise
                pause = attempts.pause_seconds(error)
            await asyncio.sleep(pause)

    async def follow(
        self,
        path: str,
        request: Message,
        response_class: type[Response],
        connect_seconds: float,
        silence_seconds: float,
    ) -> AsyncGenerator[Response, None]:
        """The stream of a method that may go on for ever: called once, without a deadline.

        Closing the generator ends the call.

        Raises:
            LotkeeperError: the refusal or failure, also after messages; Unavailable where no server answers for
                `connect_seconds`, or nothing comes for `silence_seconds`.
        """
        await self._connect(Attempts(connect_seconds, Repeatable.YES))
        async with aclosing(self._responses(path, request, response_class, None)) as responses:
            while True:
                try:
                    async with asyncio.timeout(silence_seconds):
                        response = await anext(responses)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    self._connected = False
                    raise silent(self._address, silence_seconds) from None
                yield response

    async def _responses(
        self, path: str, request: Message, response_class: type[Response], timeout_seconds: float | None
    ) -> AsyncGenerator[Response, None]:
        method: Any = self._channel.unary_stream(path, _serialized, response_class.FromString)
        call = method(request, timeout=timeout_seconds, metadata=self._metadata)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as rpc_error:
            raise self._failed(rpc_error) from rpc_error
        finally:
            call.cancel()

    async def upload(
        self,
        path: str,
        uploading: Uploading,
        pieces: bytes | Iterable[bytes] | AsyncIterable[bytes],
        response_class: type[Response],
        timeout_seconds: float,
    ) -> Response:
        """Sends data in pieces, once: the caller may not be able to give them again.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        attempts = Attempts(timeout_seconds, Repeatable.IF_NOTHING_WAS_DONE)
        await self._connect(attempts)
        method: Any = self._channel.stream_unary(path, _serialized, response_class.FromString)
        call = method(timeout=attempts.left_seconds(), metadata=self._metadata)
        try:
            async for piece in _each(pieces):
                for message in uploading.add(piece):
                    await _write(call, message)
            for message in uploading.end():
                await _write(call, message)
            await call.done_writing()
        except (grpc.aio.AioRpcError, grpc.aio.InternalError, asyncio.InvalidStateError):
            pass  # the server has ended the call already: its status is read below
        except BaseException:
            call.cancel()
            raise
        try:
            response: Response = await call
            return response
        except grpc.aio.AioRpcError as rpc_error:
            raise self._failed(rpc_error) from rpc_error

    def _failed(self, rpc_error: grpc.aio.AioRpcError) -> LotkeeperError:
        error = error_of(rpc_error)
        self._connected = error.code is not grpc.StatusCode.UNAVAILABLE
        return error

    async def _connect(self, attempts: Attempts) -> None:
        """Calls until a server answers: so the next call is sent only when there is a server to take it."""
        if self._connected:
            return
        knock: Any = self._channel.unary_unary(KNOCK_PATH)
        waiting = attempts.connecting()
        while True:
            try:
                await knock(b"", timeout=waiting.left_seconds())
            except grpc.aio.AioRpcError as rpc_error:
                if rpc_error.code() in NOBODY_ANSWERED:
                    pause = waiting.pause_or_give_up(self._address)
                    await asyncio.sleep(pause)
                    continue
            self._connected = True
            return

    async def close(self) -> None:
        """Closes the channel."""
        await self._channel.close()


async def pause(seconds: float) -> None:
    """Waits."""
    await asyncio.sleep(seconds)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


async def _each(pieces: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(pieces, bytes):
        yield pieces
    elif isinstance(pieces, AsyncIterable):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece


async def _write(call: Any, message: Message) -> None:
    """Sends one message of an upload.

    Since some release grpc.aio's own `write` takes a message that it could not send for the status of the call: where
    the server had refused the upload, one caller in six was told INTERNAL. What stands behind it does not.

    Raises:
        grpc.aio.InternalError, grpc.aio.AioRpcError, asyncio.InvalidStateError: where the server has ended the call.
    """
    send = getattr(getattr(call, "_cython_call", None), "send_serialized_message", None)
    if send is None:
        await call.write(message)
        return
    await call.wait_for_connection()
    if call.done():
        raise asyncio.InvalidStateError
    await send(message.SerializeToString())
