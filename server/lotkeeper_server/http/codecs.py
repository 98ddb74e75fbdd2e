"""Messages as callers write them: protobuf's own bytes, or JSON."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeVar

from google.protobuf.message import Message

from lotkeeper_server.engine.readers import Readers
from lotkeeper_server.http import http_limits
from lotkeeper_server.http.json_reading import read_json
from lotkeeper_server.http.json_writing import write_json

Result = TypeVar("Result")


class Codec(ABC):
    """One of them.

    Attributes:
        is_json: whether it is JSON.
    """

    is_json: bool

    @abstractmethod
    def read(self, request_class: type[Message], message: bytes) -> bytes:
        """A request as the gate takes it.

        Raises:
            Refused: INVALID_ARGUMENT.
        """

    @abstractmethod
    def write(self, response_class: type[Message], message: bytes) -> bytes:
        """An answer of the gate as the caller takes it."""


class Protobuf(Codec):
    """Bytes as they are: the gate looks at them."""

    is_json = False

    def read(self, request_class: type[Message], message: bytes) -> bytes:  # noqa: ARG002
        return message

    def write(self, response_class: type[Message], message: bytes) -> bytes:  # noqa: ARG002
        return message


class Json(Codec):
    """JSON, as protobuf maps it."""

    is_json = True

    def read(self, request_class: type[Message], message: bytes) -> bytes:
        return read_json(request_class, message)

    def write(self, response_class: type[Message], message: bytes) -> bytes:
        return write_json(response_class.FromString(message))


CODECS: Final[dict[str, Codec]] = {"json": Json(), "proto": Protobuf()}
"""By the ends of content types."""


class Converting:
    """Has what takes long done on threads of its own, so that everybody else goes on; principals take turns."""

    def __init__(self) -> None:
        self._threads = Readers(http_limits.CONVERTERS, "lotkeeper-http")

    async def do(self, whose: str, size: int, work: Callable[[], Result]) -> Result:
        """Does it: here where the message is short, else in the turn of the principal whose it is."""
        if size <= http_limits.CONVERTED_AT_ONCE_BYTES:
            return work()
        return await asyncio.wrap_future(self._threads.submit(whose, work))

    def close(self) -> None:
        """Ends the threads."""
        self._threads.close()
