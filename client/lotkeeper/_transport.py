"""One channel: connects, sends, retries, and turns failures into errors."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from lotkeeper._errors import error_of
from lotkeeper._retrying import Attempts, Repeatable, unreachable

Response = TypeVar("Response", bound=Message)


class Transport:
    """Calls unary methods by their path. May be used from several threads."""

    def __init__(self, address: str, token: str | None, channel_credentials: grpc.ChannelCredentials | None) -> None:
        self._address = address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        if channel_credentials is None:
            self._channel = grpc.insecure_channel(address)
        else:
            self._channel = grpc.secure_channel(address, channel_credentials)
        self._connected = False

    def call(
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
            self._connect(attempts)
            try:
                response: Response = method(request, timeout=attempts.left_seconds(), metadata=self._metadata)
                return response
            except grpc.RpcError as rpc_error:
                error = error_of(rpc_error)
                error.__cause__ = rpc_error
            self._connected = False
            time.sleep(attempts.pause_seconds(error))

    def _connect(self, attempts: Attempts) -> None:
        if self._connected:
            return
        try:
            grpc.channel_ready_future(self._channel).result(timeout=attempts.connect_seconds())
        except grpc.FutureTimeoutError:
            raise unreachable(self._address) from None
        self._connected = True

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()
