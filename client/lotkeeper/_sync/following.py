# Made from _async/following.py by `python client/async_to_sync.py`; change that file instead.
"""Streams that go on after a loss of the connection or the server, each message once."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Final, TypeVar

from lotkeeper._errors import LotkeeperError
from lotkeeper._requests import path_of
from lotkeeper._retrying import Resuming
from lotkeeper._transport import Transport
from lotkeeper.inventory.v1 import audit_service_pb2, inventory_service_pb2

SILENCE_SECONDS: Final = 30.0
"""After so long without a message the connection counts as lost: there is a heartbeat at least every 10 s."""
Request = inventory_service_pb2.WatchInventoryLotRecordsRequest | audit_service_pb2.WatchAuditEventsRequest
Response = TypeVar(
    "Response", inventory_service_pb2.WatchInventoryLotRecordsResponse, audit_service_pb2.WatchAuditEventsResponse
)


def followed(
    transport: Transport, request: Request, response_class: type[Response], timeout_seconds: float
) -> Generator[Response, None, None]:
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
            with closing(stream) as messages:
                for message in messages:
                    resuming.came()
                    request.resume_token = message.resume_token
                    yield message
            seconds = resuming.pause_seconds()
        except LotkeeperError as error:
            seconds = resuming.pause_seconds_after(error)
        transport.wait(seconds)
