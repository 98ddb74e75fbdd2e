"""Streams that go on after a loss of the connection or the server, each message once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, TypeVar

from lotkeeper._async_transport import AsyncTransport
from lotkeeper._errors import LotkeeperError
from lotkeeper._requests import path_of
from lotkeeper._retrying import Resuming
from lotkeeper.inventory.v1 import audit_service_pb2, inventory_service_pb2

SILENCE_SECONDS: Final = 30.0
"""After so long without a message the connection counts as lost: there is a heartbeat at least every 10 s."""
Request = inventory_service_pb2.WatchInventoryLotRecordsRequest | audit_service_pb2.WatchAuditEventsRequest
Response = TypeVar(
    "Response", inventory_service_pb2.WatchInventoryLotRecordsResponse, audit_service_pb2.WatchAuditEventsResponse
)


async def followed(
    transport: AsyncTransport, request: Request, response_class: type[Response], timeout_seconds: float
) -> AsyncGenerator[Response, None]:
    """The messages of a watch, without an end.

    Args:
        transport: of the client.
        request: its resume token is replaced by that of each message.
        response_class: what it answers with.
        timeout_seconds: of the first message.

    Raises:
        LotkeeperError: what the server refuses; Unavailable if it cannot be reached at the beginning.
    """
    path, resuming = path_of(request), Resuming()
    while True:
        try:
            stream = transport.follow(path, request, response_class, timeout_seconds, SILENCE_SECONDS)
            async with aclosing(stream) as messages:
                async for message in messages:
                    resuming.came()
                    request.resume_token = message.resume_token
                    yield message
            seconds = resuming.pause_seconds()
        except LotkeeperError as error:
            seconds = resuming.pause_seconds_after(error)
        await transport.wait(seconds)
