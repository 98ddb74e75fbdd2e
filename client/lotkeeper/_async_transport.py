"""Sends calls on asyncio, retries them, and turns failures into errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any, Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from lotkeeper._admission import Admission, Failure
from lotkeeper._async_connection import AsyncConnection
from lotkeeper._async_connections import AsyncConnections
from lotkeeper._endpoints import Connecting
from lotkeeper._errors import Cancelled, LotkeeperError, unreadable
from lotkeeper._requests import Uploading
from lotkeeper._retrying import Attempts, Repeatable, silent

Response = TypeVar("Response", bound=Message)
_FAILED: Final = (grpc.aio.AioRpcError, grpc.aio.UsageError, asyncio.CancelledError)


class AsyncTransport:
    """Calls methods by their path, on one event loop: that of its first call.

    Where an answer cannot be read, `grpc.aio` gives None in its place.
    """

    def __init__(self, connecting: Connecting) -> None:
        self._retries = connecting.retries
        self._connections = AsyncConnections(connecting)

    def attempts(self, timeout_seconds: float, repeatable: Repeatable) -> Attempts:
        """The attempts of a call that begins now."""
        return Attempts(timeout_seconds, repeatable, self._retries)

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
        return await self.repeated(path, request, response_class, self.attempts(timeout_seconds, repeatable))

    async def repeated(
        self, path: str, request: Message, response_class: type[Response], attempts: Attempts
    ) -> Response:
        """Makes a call that has begun, and repeats it where that is safe.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        while True:
            outcome = await self.attempt(path, request, response_class, attempts)
            if not isinstance(outcome, Failure):
                return outcome
            await self._connections.wait(outcome.pause_seconds(attempts))

    async def attempt(
        self, path: str, request: Message, response_class: type[Response], attempts: Attempts
    ) -> Response | Failure:
        """Makes a call once, as soon as a server answers.

        Raises:
            LotkeeperError: where it was not sent.
        """
        connection, admission = await self._connections.taken(attempts)
        try:
            method = connection.unary(path, response_class)
            response = await method(request, timeout=attempts.left_seconds(), metadata=admission.metadata)
            if response is None:
                return Failure(unreadable(), connection.endpoint, admission.knock)
            answer: Response = response
            return answer
        except _FAILED as error:
            failed = self._failed(connection, admission, error)
            failed.__cause__ = error
            return Failure(failed, connection.endpoint, admission.knock)

    def check_loop(self) -> None:
        """Takes the first event loop.

        Raises:
            WrongEventLoop: on another.
            ClientClosed: where the client is closed.
        """
        self._connections.check_loop()

    async def wait(self, seconds: float) -> None:
        """Waits.

        Raises:
            ClientClosed: where the client is closed, also meanwhile.
        """
        await self._connections.wait(seconds)

    async def stream(
        self, path: str, request: Message, response_class: type[Response], timeout_seconds: float
    ) -> AsyncGenerator[Response, None]:
        """The stream of a method that changes nothing; the call is repeated only while nothing has come.

        Closing the generator ends the call.

        Raises:
            LotkeeperError: the refusal or failure, also after messages.
        """
        attempts = self.attempts(timeout_seconds, Repeatable.YES)
        while True:
            connection, admission = await self._connections.taken(attempts)
            begun = False
            try:
                call = connection.streaming(path, response_class)(
                    request, timeout=attempts.left_seconds(), metadata=admission.metadata
                )
                async with aclosing(self._responses(call, connection, admission)) as responses:
                    async for response in responses:
                        begun = True
                        yield response
                return
            except LotkeeperError as error:
                if begun:
                    raise
                pause = Failure(error, connection.endpoint, admission.knock).pause_seconds(attempts)
            await self._connections.wait(pause)

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
        connection, admission = await self._connections.taken(self.attempts(connect_seconds, Repeatable.YES))
        call = connection.streaming(path, response_class)(request, metadata=admission.metadata)
        async with aclosing(self._responses(call, connection, admission)) as responses:
            while True:
                try:
                    async with asyncio.timeout(silence_seconds):
                        response = await anext(responses)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    connection.admission = None
                    raise silent(connection.endpoint.address.text, silence_seconds) from None
                yield response

    async def _responses(
        self, call: Any, connection: AsyncConnection, admission: Admission
    ) -> AsyncGenerator[Any, None]:
        try:
            async for response in call:
                if response is None:
                    raise unreadable()
                yield response
        except _FAILED as error:
            raise self._failed(connection, admission, error) from error
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
        attempts = self.attempts(timeout_seconds, Repeatable.IF_NOTHING_WAS_DONE)
        connection, admission = await self._connections.taken(attempts)
        method = connection.uploading(path, response_class)
        call = method(timeout=attempts.left_seconds(), metadata=admission.metadata)
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
            response = await call
            if response is None:
                raise unreadable()
            answer: Response = response
            return answer
        except _FAILED as error:
            raise self._failed(connection, admission, error) from error

    def _failed(self, connection: AsyncConnection, admission: Admission, error: BaseException) -> LotkeeperError:
        """The client's own error.

        Closing a channel cancels what waits on it as if its task were cancelled, and refuses what comes by UsageError.
        """
        if isinstance(error, grpc.aio.AioRpcError):
            failed = connection.failed(error, admission)
            if isinstance(failed, Cancelled):
                self._connections.check_open()
            return failed
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            self._connections.check_open()
        raise error

    async def close(self) -> None:
        """Ends every call, and refuses those that come."""
        await self._connections.close()


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
