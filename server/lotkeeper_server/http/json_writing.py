"""Answers in JSON, as protobuf maps them: names in lowerCamelCase, whole numbers of 64 bits as texts.

Fields that are not set are left out.
"""

import base64
import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_LONG: Final = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED64,
    }
)
_SHORT_MAX: Final = 1e15
"""A whole number below it is written without a point, as other protobufs do."""
_WRITERS: Final[dict[str, Callable[[Any], Any]]] = {
    "google.protobuf.Timestamp": lambda message: message.ToJsonString(),
    "google.protobuf.Duration": lambda message: message.ToJsonString(),
    "google.protobuf.FieldMask": lambda message: message.ToJsonString(),
    "google.protobuf.Any": json_format.MessageToDict,
}
"""Messages that protobuf writes in a way of their own, as far as the contract has them."""


def write_json(message: Message) -> bytes:
    """The message, in UTF-8."""
    return json.dumps(as_json(message), ensure_ascii=False, separators=(",", ":")).encode()


def as_json(message: Message) -> Any:
    """The message as Python's values."""
    writer = _WRITERS.get(message.DESCRIPTOR.full_name)
    if writer is not None:
        return writer(message)
    names = _plan(message.DESCRIPTOR)
    written = {}
    for field, value in message.ListFields():
        name, write = names[field.number]
        written[name] = write(value)
    return written


@cache
def _plan(descriptor: Descriptor) -> dict[int, tuple[str, Callable[[Any], Any]]]:
    """What each field is called, and how its values are written."""
    return {field.number: (field.json_name, _writer(field)) for field in descriptor.fields}


def _writer(field: FieldDescriptor) -> Callable[[Any], Any]:
    part = field.message_type
    if part is not None and part.GetOptions().map_entry:
        write_value = _value_writer(part.fields_by_name["value"])
        return lambda entries: {str(key): write_value(value) for key, value in entries.items()}
    write = _value_writer(field)
    return (lambda values: [write(one) for one in values]) if field.is_repeated else write


def _value_writer(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.message_type is not None:
        return as_json
    if field.enum_type is not None:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda value: names.get(value, value)
    if field.type in _LONG:
        return str
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode()
    if field.type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}:
        return _float
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _float(value: float) -> Any:
    if math.isfinite(value):
        is_whole = value.is_integer() and abs(value) < _SHORT_MAX and str(value) != "-0.0"
        return int(value) if is_whole else value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
