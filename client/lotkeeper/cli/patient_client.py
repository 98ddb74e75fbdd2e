"""The client of the command line: whoever waits for more than a second sees that it waits, and for how long."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from lotkeeper._sync.client import Client
from lotkeeper.progress import progress

Response = TypeVar("Response", bound=Message)
_WAITING = "waiting for the server"


class PatientClient(Client):
    """A client that shows on a terminal that a call takes long."""

    def _call(self, request: Message, response_class: type[Response], timeout_seconds: float | None) -> Response:
        with progress(_WAITING):
            return super()._call(request, response_class, timeout_seconds)

    def _read(self, request: Message, response_class: type[Response], timeout_seconds: float | None) -> Response:
        with progress(_WAITING):
            return super()._read(request, response_class, timeout_seconds)
