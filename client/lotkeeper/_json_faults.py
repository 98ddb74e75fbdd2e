"""What is wrong with values that do not fit a message, in words for whoever wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from lotkeeper.visible_text import json_text

DECIMAL: Final = "google.type.Decimal"
_SHOWN_CHARACTERS_MAX: Final = 60
_FIELDS_SHOWN_MAX: Final = 40
_SHAPES: Final = {
    DECIMAL: 'a quantity as text, such as "0.1"',
    "google.protobuf.Timestamp": 'a moment as text, such as "2026-03-01T06:00:00Z"',
    "google.protobuf.FieldMask": 'names of fields in one text, such as "name,notes"',
}
_FLOATS: Final = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}


def object_of(text: str) -> dict[str, Any]:
    """The object that a JSON text is.

    Raises:
        ValueError: where it is no JSON, no object, has a name twice, or is nested too deeply.
    """
    try:
        values = json.loads(text, object_pairs_hook=_without_repeats)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError("it is not a JSON object")
    return values


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{shown(repeated)} is given twice")
    return values


def fault_of(message: Message, values: Any, path: str = "") -> str | None:
    """The first thing that is wrong with values for a message; None where each of them fits.

    Args:
        message: an empty one of the class that they are for.
        values: as they came from JSON.
        path: of the message in a larger one.
    """
    if not isinstance(values, Mapping):
        return f"{path or 'it'} must be an object, and is {shown(values)}"
    fields = {name: field for field in message.DESCRIPTOR.fields for name in (field.name, field.json_name)}
    seen: set[str] = set()
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            return _unknown(name, [one.json_name for one in message.DESCRIPTOR.fields], path)
        place = f"{path}.{name}" if path else name
        if field.name in seen:
            return f"{place} is given twice, as {field.name} and as {field.json_name}"
        seen.add(field.name)
        fault = _fault_of_field(type(message), field, value, place)
        if fault is not None:
            return fault
    return None


def shown(value: Any) -> str:
    """A value as JSON, cut where it is long; control characters are escaped."""
    text = json_text(value) if isinstance(value, str | int | float | bool | list | dict | None) else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[: _SHOWN_CHARACTERS_MAX - 1]}…"


def names_of(enum: EnumDescriptor) -> list[str]:
    """The names of an enum's values, without their prefix and the one of 0."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return [value.name.removeprefix(prefix) for value in enum.values if value.number]


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean quantity?`, or all names where none is close and they are few, otherwise nothing."""
    names = list(known)
    lower = {one.lower(): one for one in names}
    close = get_close_matches(name.replace("_", "").lower(), lower, 2, 0.75)
    if close:
        return f"; did you mean {' or '.join(lower[one] for one in close)}?"
    return f"; there are {', '.join(names)}" if len(names) <= _FIELDS_SHOWN_MAX else ""


def _unknown(name: str, known: list[str], path: str) -> str:
    return f"there is no field {shown(name)}{f' in {path}' if path else ''}{meant(name, known)}"


def _fault_of_field(message_class: type[Message], field: Any, value: Any, place: str) -> str | None:
    if value is None and not field.is_repeated:
        return None
    if field.is_repeated:
        if value is None:
            return None
        if not isinstance(value, list):
            return f"{place} must be a list, and is {shown(value)}"
        items = ((f"{place}[{index}]", item) for index, item in enumerate(value))
        found = (_fault_of_single(message_class, field, item, item_place) for item_place, item in items)
        return next((fault for fault in found if fault is not None), None)
    return _fault_of_single(message_class, field, value, place)


def _fault_of_single(message_class: type[Message], field: Any, value: Any, place: str) -> str | None:
    described = field.message_type
    if described is not None and described.full_name not in _SHAPES:
        holder = message_class()
        inner = getattr(holder, field.name)
        return fault_of(inner.add() if field.is_repeated else inner, value, place)
    if _fits(message_class, field, value):
        return None
    if field.enum_type is not None:
        return f"{place} must be one of {', '.join(names_of(field.enum_type))}, and is {_enum_shown(field, value)}"
    return f"{place} must be {_wanted(field)}, and is {shown(value)}"


def _fits(message_class: type[Message], field: FieldDescriptor, value: Any) -> bool:
    try:
        json_format.ParseDict({field.name: [value] if field.is_repeated else value}, message_class())
    except (json_format.ParseError, ValueError, TypeError, OverflowError):
        return False
    return True


def _enum_shown(field: FieldDescriptor, value: Any) -> str:
    if isinstance(value, str) and field.enum_type is not None:
        value = value.removeprefix(field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED"))
    return shown(value)


def wanted(field: Any) -> str:
    """What a field takes as a value of Python, in words."""
    if field.is_repeated:
        return f"a sequence, each of it {_single(field)}"
    return _single(field)


def _single(field: Any) -> str:
    if field.enum_type is not None:
        return f"one of {', '.join(value.name for value in field.enum_type.values if value.number)}"
    if field.message_type is not None:
        return f"a {field.message_type.name}"
    return _wanted(field)


def _wanted(field: Any) -> str:
    if field.message_type is not None:
        return _SHAPES[field.message_type.full_name]
    if field.type == FieldDescriptor.TYPE_STRING:
        return "a text"
    if field.type == FieldDescriptor.TYPE_BOOL:
        return "true or false"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "bytes as a text in Base64"
    return "a number" if field.type in _FLOATS else "a whole number"
