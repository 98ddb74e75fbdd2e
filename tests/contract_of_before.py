"""Callers of an earlier contract: messages and methods from descriptors that are kept, not from today's stubs."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2

PACKAGE: Final = "lotkeeper.inventory.v1"
BEFORE_LANGUAGE_OPTIONS: Final = "dbf8afb48dee5b51140ee8c3f3097d8c922fe23d"
"""The last commit whose contract had no options of languages, no ErrorReason, and Google's files beside it."""
_DESCRIPTORS: Final = Path(__file__).parent / "contracts/before_language_options.binpb.gz"
_DETAILS: Final = "grpc-status-details-bin"


class Refused(Exception):
    """A refusal, as a caller of then reads it.

    Attributes:
        code: of gRPC.
        reason: of its ErrorInfo.
        fields: of its BadRequest.
    """

    def __init__(self, error: Any, status: Any) -> None:
        self.code: grpc.StatusCode = error.code()
        details = [_unpacked(one) for one in status.details]
        super().__init__(status.message)
        [info] = [one for one in details if one.DESCRIPTOR.name == "ErrorInfo"]
        self.domain: str = info.domain
        self.reason: str = info.reason
        self.metadata: dict[str, str] = dict(info.metadata)
        bad = [one for one in details if one.DESCRIPTOR.name == "BadRequest"]
        self.fields = [violation.field for one in bad for violation in one.field_violations]


def descriptors_of_before() -> descriptor_pb2.FileDescriptorSet:
    """The contract of then, with Google's files that lay beside it."""
    return descriptor_pb2.FileDescriptorSet.FromString(gzip.decompress(_DESCRIPTORS.read_bytes()))


class EarlierContract:
    """Calls methods as the contract had them, on a channel of its own.

    Args:
        address: of the server.
        token: the caller's.
    """

    def __init__(self, address: str, token: str) -> None:
        described = descriptors_of_before()
        self.pool = descriptor_pool.DescriptorPool()
        for file in described.file:
            self.pool.Add(file)  # type: ignore[no-untyped-call]
        self._channel = grpc.insecure_channel(address)
        self._metadata = [("authorization", f"Bearer {token}")]
        self.services = [
            self.pool.FindServiceByName(f"{PACKAGE}.{one.name}")  # type: ignore[no-untyped-call]
            for file in described.file
            for one in file.service
        ]
        self._methods = {one.name: one for service in self.services for one in service.methods}

    def close(self) -> None:
        """Ends its channel."""
        self._channel.close()

    def message(self, name: str, **fields: Any) -> Any:
        """A message of the contract of then."""
        described = self.pool.FindMessageTypeByName(f"{PACKAGE}.{name}")  # type: ignore[no-untyped-call]
        return message_factory.GetMessageClass(described)(**fields)

    def number(self, enum: str, name: str) -> int:
        """The number of an enum's value."""
        return int(self.pool.FindEnumTypeByName(f"{PACKAGE}.{enum}").values_by_name[name].number)  # type: ignore[no-untyped-call]

    def call(self, method: str, **fields: Any) -> Any:
        """Asks once.

        Raises:
            Refused: with what a caller of then can read.
        """
        asked = self._channel.unary_unary(*self._of(method))
        try:
            return asked(self.message(f"{method}Request", **fields), metadata=self._metadata, timeout=30)
        except grpc.RpcError as error:
            raise self._refused(error) from error

    def stream(self, method: str, **fields: Any) -> Iterator[Any]:
        """Asks for a stream."""
        asked = self._channel.unary_stream(*self._of(method))
        messages = asked(self.message(f"{method}Request", **fields), metadata=self._metadata, timeout=30)
        try:
            yield from messages
        finally:
            messages.cancel()

    def _of(self, name: str) -> tuple[str, Any, Any]:
        method = self._methods[name]
        answer = message_factory.GetMessageClass(method.output_type)
        return f"/{method.containing_service.full_name}/{name}", _serialized, answer.FromString

    def _refused(self, error: Any) -> Refused:
        [details] = [value for key, value in error.trailing_metadata() if key == _DETAILS]
        described = self.pool.FindMessageTypeByName("google.rpc.Status")  # type: ignore[no-untyped-call]
        return Refused(error, message_factory.GetMessageClass(described).FromString(details))


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _unpacked(packed: Any) -> Any:
    """What an Any holds. The details' types were no part of the contract: callers had them of Google's package."""
    name = packed.TypeName()
    inner = getattr(error_details_pb2, name.removeprefix("google.rpc."))()
    assert packed.Unpack(inner), name
    return inner
