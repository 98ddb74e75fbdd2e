"""Descriptors as reflection sends them: whole, with what they depend on, found by any symbol in them."""

import threading
from typing import Any, Final

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool


class DescriptorFiles:
    """The files of a pool, looked up by names. Each lookup raises KeyError for what is not there."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool: Final[Any] = pool  # its types leave out some of its methods
        self._serialized: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def named(self, name: str) -> FileDescriptor:
        """The file of that name."""
        return _file(self._pool.FindFileByName(name))

    def of_symbol(self, name: str) -> FileDescriptor:
        """The file of a service, method, message, field, oneof, enum, enum value or extension, by its full name."""
        try:
            return _file(self._pool.FindFileContainingSymbol(name))
        except KeyError:
            return _file(self._member(name).file)

    def of_extension(self, message_name: str, number: int) -> FileDescriptor:
        """The file that declares the extension of a message with that number."""
        found = self._pool.FindExtensionByNumber(self.message(message_name), number)
        if found is None:
            raise KeyError(message_name, number)
        return _file(found.file)

    def extension_numbers(self, message_name: str) -> list[int]:
        """The numbers of all known extensions of a message."""
        return sorted(extension.number for extension in self._pool.FindAllExtensions(self.message(message_name)))

    def message(self, name: str) -> Descriptor:
        """The message of that full name."""
        found: Descriptor = self._pool.FindMessageTypeByName(name)
        return found

    def with_dependencies(self, file: FileDescriptor) -> list[bytes]:
        """The file, then all that it depends on, each once; serialized FileDescriptorProtos."""
        ordered: dict[str, FileDescriptor] = {}
        waiting = [file]
        while waiting:
            one = waiting.pop()
            if one.name not in ordered:
                ordered[one.name] = one
                waiting += reversed(one.dependencies)
        return [self._serialize(one) for one in ordered.values()]

    def _member(self, name: str) -> Any:
        """What a parent declares: the pool does not find all of these by their full names."""
        parent_name, _, member = name.rpartition(".")
        for find, members in (
            (self._pool.FindMessageTypeByName, ("fields_by_name", "oneofs_by_name", "enum_values_by_name")),
            (self._pool.FindServiceByName, ("methods_by_name",)),
            (self._pool.FindEnumTypeByName, ("values_by_name",)),
        ):
            try:
                parent = find(parent_name)
            except KeyError:
                continue
            if any(member in getattr(parent, kind) for kind in members):
                return parent
        raise KeyError(name)

    def _serialize(self, file: FileDescriptor) -> bytes:
        with self._lock:
            if file.name not in self._serialized:
                proto = descriptor_pb2.FileDescriptorProto()
                file.CopyToProto(proto)
                for message in proto.message_type:
                    _fill_json_names(message)
                for extension in proto.extension:
                    _fill_json_name(extension)
                self._serialized[file.name] = proto.SerializeToString()
            return self._serialized[file.name]


def json_name(name: str) -> str:
    """A field's name in JSON, as protoc makes it."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _file(found: FileDescriptor) -> FileDescriptor:
    """States the type that the pool's methods lack."""
    return found


def _fill_json_names(message: descriptor_pb2.DescriptorProto) -> None:
    """Protoc leaves them out of what it makes for Python; tools that show JSON need them."""
    for field in (*message.field, *message.extension):
        _fill_json_name(field)
    for nested in message.nested_type:
        _fill_json_names(nested)


def _fill_json_name(field: descriptor_pb2.FieldDescriptorProto) -> None:
    if not field.json_name:
        field.json_name = json_name(field.name)
