"""One channel, on asyncio: connects, sends, retries, and turns failures into errors."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from lotkeeper._errors import error_of
from lotkeeper._retrying import CHANNEL_OPTIONS, KNOCK_PATH, NOBODY_ANSWERED, Attempts, Repeatable

Response = TypeVar("Response", bound=Message)


class AsyncTransport:
    """Calls unary methods by their path."""

    def __init__(self, address: str, token: str | None, channel_credentials: grpc.ChannelCredentials | None) -> None:
        self._address = address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
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
        """Makes a call, again where that is safe.

        Raises:
            LotkeeperError: what it was refused or failed with.
        """
        attempts = Attempts(timeout_seconds, repeatable)
        method: Any = self._channel.unary_unary(
            path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response_class.FromString,
        )
        while True:
            await self._connect(attempts)
            try:
                response: Response = await method(request, timeout=attempts.left_seconds(), metadata=self._metadata)
                return response
            except grpc.aio.AioRpcError as rpc_error:
                error = error_of(rpc_error)
                error.__cause__ = rpc_error
            self._connected = error.code is not grpc.StatusCode.UNAVAILABLE
            await asyncio.sleep(attempts.pause_seconds(error))

    async def _connect(self, attempts: Attempts) -> None:
        """Knocks until somebody answers: a call that follows has left only once there is somebody to take it."""
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
