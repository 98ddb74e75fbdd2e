"""Messages as JSON, with the source system's names and values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from lotkeeper._json_faults import DECIMAL, fault_of, object_of
from lotkeeper.visible_text import json_text

Received = TypeVar("Received", bound=Message)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BESIDE = ("_name", "_path", "_symbol", "_code")


def to_json(message: Message, *, indent: int | None = 2) -> str:
    """The message as JSON text.

    Names in camelCase, enum values without their prefix, 64-bit integers as numbers, dates RFC 3339 in UTC, absent
    references and dates null, exact quantities texts. Characters that would hide or reorder text on a terminal are
    escaped.

    Args:
        message: any message of the service.
        indent: spaces for each level; None writes one line.
    """
    return json_text(to_dict(message), indent=indent)


def to_dict(message: Message) -> dict[str, Any]:
    """The message as a dictionary, with the same names and values as `to_json`."""
    return {name: value_of(message) for name, value_of in _written(message.DESCRIPTOR)}


def from_json(text: str, message_class: type[Received]) -> Received:
    """Reads a message from JSON text: what `to_json` writes comes back the same.

    Names in camelCase or as in the contract, enum values with or without their prefix.

    Args:
        text: a JSON object.
        message_class: the class of the message.

    Raises:
        ValueError: where the text is not a JSON object, or does not fit the message; it says what is wrong, in one
            line that names the field.
    """
    return from_dict(object_of(text), message_class)


def from_dict(values: dict[str, Any], message_class: type[Received]) -> Received:
    """Reads a message from a dictionary, with the same names and values as `from_json`.

    Raises:
        ValueError: where it does not fit the message; it says what is wrong.
    """
    message = message_class()
    prefixed = _prefixed(message.DESCRIPTOR.fields, values)
    try:
        json_format.ParseDict(prefixed, message)
    except (json_format.ParseError, ValueError, TypeError, OverflowError) as error:
        fault = fault_of(message_class(), prefixed) or " ".join(str(error).split())
        raise ValueError(fault) from error
    return message


def _prefixed(described: Iterable[Any], values: Any) -> Any:
    """The values with the enums' full names, as in proto3 JSON."""
    if not isinstance(values, dict):
        return values
    fields = {name: field for field in described for name in (field.name, field.json_name)}
    return {
        name: [_prefixed_single(fields.get(name), item) for item in value]
        if isinstance(value, list)
        else _prefixed_single(fields.get(name), value)
        for name, value in values.items()
    }


def _prefixed_single(field: FieldDescriptor | None, value: Any) -> Any:
    if field is None:
        return value
    if field.message_type is not None:
        if field.message_type.full_name == DECIMAL and isinstance(value, str):
            return {"value": value}
        return _prefixed(field.message_type.fields, value)
    if field.enum_type is not None and isinstance(value, str) and value not in field.enum_type.values_by_name:
        return prefix_of(field.enum_type) + value
    return value


def prefix_of(enum: EnumDescriptor) -> str:
    """The prefix of the names of an enum's values: `LOT_STATUS_`."""
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


@cache
def _written(descriptor: Any) -> tuple[tuple[str, Callable[[Message], Any]], ...]:
    """How each field is written; computed once, since a list may hold millions of one message."""
    return tuple((field.json_name, _value_of(field)) for field in descriptor.fields)


def _value_of(field: FieldDescriptor) -> Callable[[Message], Any]:
    get = attrgetter(field.name)
    if field.is_repeated:
        return lambda message: [_single(field, item) for item in get(message)]
    if field.type == FieldDescriptor.TYPE_STRING and is_of_reference(field):
        return lambda message: get(message) or None  # absent and empty are the same
    if field.has_presence:
        return lambda message: _single(field, get(message)) if message.HasField(field.name) else None
    if field.enum_type is not None or field.type == FieldDescriptor.TYPE_BYTES:
        return lambda message: _single(field, get(message))
    return get


def is_of_reference(field: FieldDescriptor) -> bool:
    """Whether a text belongs to a reference: an id, or a name, path or symbol beside one."""
    if field.name.endswith("_id"):
        return True
    assert field.containing_type is not None
    siblings = field.containing_type.fields_by_name
    stems = [field.name, *(field.name.removesuffix(end) for end in _BESIDE if field.name.endswith(end))]
    return any(f"{stem}_id" in siblings for stem in stems)


def _single(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return _enum_text(field.enum_type, value)
    if field.message_type is None:
        return value.hex() if isinstance(value, bytes) else value
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return _date_text(value)
    if field.message_type.full_name == DECIMAL:
        return value.value
    return to_dict(value)


def _enum_text(enum: EnumDescriptor, number: int) -> str | int | None:
    value = enum.values_by_number.get(number)
    if value is None:
        return number
    return None if number == 0 else value.name.removeprefix(prefix_of(enum))


def _date_text(stamp: Any) -> str:
    moment = _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)
    millis = stamp.nanos // 1_000_000
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{millis:03d}Z" if millis else "Z")
