"""What of the contract a server has, as the standard reflection service tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from lotkeeper._sync.client import Client
from lotkeeper.inventory.v1 import (
    access_service_pb2,
    audit_service_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)

_PATH: Final = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
_SERVICES: Final = (
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
    audit_service_pb2,
    access_service_pb2,
)
_Field: Final = descriptor_pb2.FieldDescriptorProto


def names_here() -> frozenset[str]:
    """The methods, fields and values of the contract that this client knows."""
    return _names(_with_dependencies(module.DESCRIPTOR for module in _SERVICES))


def names_there(client: Client, timeout_seconds: float) -> frozenset[str]:
    """The same of a server; empty where it tells nothing.

    Raises:
        LotkeeperError: where it has no reflection.
    """
    asked, answered = _messages()
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    for module in _SERVICES:
        request = asked(file_by_filename=module.DESCRIPTOR.name)
        for answer in client._transport.stream(_PATH, request, answered, timeout_seconds):  # noqa: SLF001 - the client's own part
            for content in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(content)
                files[file.name] = file
    return _names(files.values())


def _with_dependencies(files: Iterable[Any]) -> Iterator[descriptor_pb2.FileDescriptorProto]:
    waiting, met = list(files), set()
    while waiting:
        file = waiting.pop()
        if file.name in met:
            continue
        met.add(file.name)
        proto = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(proto)
        yield proto
        waiting += file.dependencies


def _names(files: Iterable[descriptor_pb2.FileDescriptorProto]) -> frozenset[str]:
    names: set[str] = set()
    for file in files:
        if not file.package.startswith("lotkeeper."):
            continue
        for service in file.service:
            names.update(f"{service.name}.{method.name}" for method in service.method)
        for message in file.message_type:
            names.update(f"{message.name}.{field.name}" for field in message.field)
        for enum in file.enum_type:
            names.update(value.name for value in enum.value)
    return frozenset(names)


@cache
def _messages() -> tuple[Any, Any]:
    """The two messages of reflection, as far as they are needed: the base install does not have them."""
    file = descriptor_pb2.FileDescriptorProto(name="asked.proto", package="asked", syntax="proto3")
    asked = file.message_type.add(name="Asked")
    asked.field.add(name="file_by_filename", number=3, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    files = file.message_type.add(name="Files")
    files.field.add(name="file_descriptor_proto", number=1, type=_Field.TYPE_BYTES, label=_Field.LABEL_REPEATED)
    answered = file.message_type.add(name="Answered")
    answered.field.add(
        name="file_descriptor_response",
        number=4,
        type=_Field.TYPE_MESSAGE,
        type_name=".asked.Files",
        label=_Field.LABEL_OPTIONAL,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = [pool.FindMessageTypeByName(f"asked.{name}") for name in ("Asked", "Answered")]
    return message_factory.GetMessageClass(found[0]), message_factory.GetMessageClass(found[1])
