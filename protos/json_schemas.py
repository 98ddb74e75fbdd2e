"""JSON Schemas (2020-12) of the contract's messages and enums, as protobuf's JSON has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from comments import ENUM, MEMBER, MESSAGE, Comments
from descriptors import PACKAGE
from google.api import field_behavior_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

Schema = dict[str, Any]
OWN: Final = f".{PACKAGE}."
INT64: Final[Schema] = {"type": ["string", "integer"], "format": "int64"}
"""Answers have it as a text, since JavaScript's numbers end at 2^53; requests may have either."""
SCALARS: Final[dict[int, Schema]] = {
    FieldDescriptorProto.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptorProto.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptorProto.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptorProto.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptorProto.TYPE_INT64: INT64,
    FieldDescriptorProto.TYPE_STRING: {"type": "string"},
}
OF_OTHERS: Final[dict[str, Schema]] = {
    ".google.protobuf.FieldMask": {"type": "string", "examples": ["name,notes"]},
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.rpc.Status": {"$ref": "#/components/schemas/google.rpc.Status"},
    ".google.type.Decimal": {"$ref": "#/components/schemas/google.type.Decimal"},
}
SENT_AS_TEXT: Final = {"ErrorReason", "FieldReason"}
"""Enums whose values are sent by their names without prefix, in messages of Google's that have a text for them."""
SHARED: Final[dict[str, Schema]] = {
    "google.type.Decimal": {
        "type": "object",
        "description": "A number as exact text.",
        "properties": {"value": {"type": "string", "examples": ["-1.25"]}},
        "additionalProperties": False,
    },
    "google.rpc.Status": {
        "type": "object",
        "description": "Why one item of a batch was refused.",
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The number of the gRPC status code."},
            "message": {"type": "string", "description": "A sentence for people."},
            "details": {
                "type": "array",
                "description": "google.rpc.ErrorInfo, BadRequest and RetryInfo.",
                "items": {
                    "type": "object",
                    "properties": {"@type": {"type": "string"}},
                    "additionalProperties": True,
                },
            },
        },
    },
}
"""Messages of others, by their full names."""


class Schemas:
    """The schemas of one contract."""

    def __init__(self, files: Sequence[FileDescriptorProto]) -> None:
        self._files = sorted(files, key=lambda one: one.name)
        self._comment = Comments(files).of
        self._messages = {f"{OWN}{message.name}": message for file in files for message in file.message_type}

    def all(self) -> dict[str, Schema]:
        """Those of all messages and enums, by their names in the contract, and the shared ones."""
        methods = [method for file in self._files for service in file.service for method in service.method]
        answered = self._reached(method.output_type for method in methods)
        reached = answered | self._reached(method.input_type for method in methods)
        schemas: dict[str, Schema] = dict(SHARED)
        for file in self._files:
            for index, message in enumerate(file.message_type):
                if (name := f"{OWN}{message.name}") in reached:
                    schemas[message.name] = self._message(file, index, message, closed=name not in answered)
            for index, enum in enumerate(file.enum_type):
                schemas[enum.name] = self._enum(file, index, enum)
        return dict(sorted(schemas.items()))

    def _reached(self, begin: Iterator[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(begin)
        while waiting:
            name = waiting.pop()
            if name in self._messages and name not in found:
                found.add(name)
                waiting += [field.type_name for field in self._messages[name].field]
        return found

    def _message(self, file: FileDescriptorProto, index: int, message: DescriptorProto, *, closed: bool) -> Schema:
        schema: Schema = {"type": "object", "description": self._comment(file, MESSAGE, index)}
        properties = {}
        required = []
        for number, field in enumerate(message.field):
            comment = self._comment(file, MESSAGE, index, MEMBER, number)
            behavior = field.options.Extensions[field_behavior_pb2.field_behavior]
            properties[field.json_name] = self._field(field, comment, behavior)
            if field_behavior_pb2.REQUIRED in behavior:
                required.append(field.json_name)
        if properties:
            schema["properties"] = properties
        if closed:  # what is only sent: an unknown name is refused, while answers may grow
            schema["additionalProperties"] = False
        if closed and required:  # of an entity, what its mask does not name need not be given
            schema["required"] = required
        return schema

    def _field(self, field: FieldDescriptorProto, comment: str, behavior: Sequence[int]) -> Schema:
        schema = dict(self._type(field))
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            schema = {"type": "array", "items": schema}
        if comment:
            schema["description"] = comment
        if field_behavior_pb2.OUTPUT_ONLY in behavior:
            schema["readOnly"] = True
        return schema

    @staticmethod
    def _type(field: FieldDescriptorProto) -> Schema:
        if field.type_name.startswith(OWN):
            return {"$ref": f"#/components/schemas/{field.type_name.removeprefix(OWN)}"}
        return OF_OTHERS[field.type_name] if field.type_name else SCALARS[field.type]

    def _enum(self, file: FileDescriptorProto, index: int, enum: EnumDescriptorProto) -> Schema:
        about = [self._comment(file, ENUM, index)]
        first = enum.value[0].name
        prefix = first.removesuffix("UNSPECIFIED") if enum.name in SENT_AS_TEXT else ""
        names = []
        for number, value in enumerate(enum.value):
            if prefix and value.name == first:
                continue
            names.append(value.name.removeprefix(prefix))
            about.append(f"* `{names[-1]}`: {self._comment(file, ENUM, index, MEMBER, number)}")
        return {"type": "string", "enum": names, "description": "\n".join(about)}
