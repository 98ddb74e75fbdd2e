"""Requests in JSON, as protobuf maps them: everything that is wrong is found at once, each at its field.

A name that the message does not have is refused: a misspelt `validateOnly` must not execute.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from google.protobuf import field_mask_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from lotkeeper_server.domain.refusals import FieldViolation, InvalidArgument, Refused
from lotkeeper_server.domain.refusals.faults import Fault, FieldReason
from lotkeeper_server.http import http_limits

FAULTS_MAX: Final = 200
"""So many are noted; what follows is not looked at."""
SHOWN_CHARACTERS_MAX: Final = 64
_BITS: Final = {
    FieldDescriptor.TYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_SINT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_SFIXED32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.TYPE_FIXED32: (0, (1 << 32) - 1),
    FieldDescriptor.TYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_SINT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_UINT64: (0, (1 << 64) - 1),
    FieldDescriptor.TYPE_FIXED64: (0, (1 << 64) - 1),
}
_FLOATS: Final = frozenset({FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT})
_NAMED_FLOATS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_WHOLE: Final = re.compile(r"-?\d{1,20}", re.ASCII)
_NUMBER: Final = re.compile(r"-?(\d+)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
"""As RFC 3339 has it, in capital letters."""
_DECIMAL: Final = "google.type.Decimal"
_MARKS: Final = (b"{", b"[", b",")


class _Wrong(Exception):
    """A value is not what its field takes; says why."""

    def __init__(self, text: str, reason: FieldReason = FieldReason.MALFORMED) -> None:
        super().__init__(text)
        self.fault = Fault(reason, text)


class _Enough(Exception):
    """More faults than are noted."""


def read_json(request_class: type[Message], body: bytes) -> bytes:
    """A request as the gate takes it.

    Args:
        request_class: of it.
        body: JSON in UTF-8.

    Raises:
        Refused: INVALID_ARGUMENT, with the fields that are wrong, or the place where it is not JSON.
    """
    given = _parsed(body)
    message = request_class()
    if not isinstance(given, dict):
        raise Refused(InvalidArgument(text=f"The body is {_kind(given)}; it must be an object of JSON."))
    reading = _Reading()
    with suppress(_Enough):
        reading.fill(message, given, "")
    if reading.violations:
        raise Refused(InvalidArgument.of(tuple(reading.violations)))
    return message.SerializeToString()


def _parsed(body: bytes) -> Any:
    if not body.strip():
        raise Refused(InvalidArgument(text="The body is empty; a request without fields is {}."))
    if sum(map(body.count, _MARKS)) > http_limits.JSON_MARKS_MAX:
        text = f"The body has more than {http_limits.JSON_MARKS_MAX} brackets, braces and commas."
        raise Refused(InvalidArgument(text=text))
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Refused(InvalidArgument(text=f"The body is not UTF-8: see byte {error.start + 1}.")) from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Refused(InvalidArgument(text=f"The body is not JSON: {error.msg}: {place}.")) from None
    except RecursionError:
        raise Refused(InvalidArgument(text="The body is not JSON that is read: it is nested too deeply.")) from None
    except _Wrong as error:
        raise Refused(InvalidArgument(text=f"The body is not JSON: {error}.")) from None
    except ValueError:  # a number of thousands of digits
        raise Refused(InvalidArgument(text="The body is not JSON that is read: a number is too long.")) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:  # once through: there may be a hundred thousand
            if name in seen:
                raise _Wrong(f"{_shown(name)} is given twice in one object")
            seen.add(name)
    return found


def _refuse_constant(name: str) -> Any:
    raise _Wrong(f'{name} is no number of JSON; protobuf writes "{name}"')


class _Reading:
    """One request that is being read.

    Attributes:
        violations: what is wrong so far.
    """

    def __init__(self) -> None:
        self.violations: list[FieldViolation] = []

    def fill(self, message: Message, given: dict[str, Any], path: str) -> None:
        """Sets the fields of a message.

        Raises:
            _Enough: where too much is wrong.
        """
        fields = _fields(message.DESCRIPTOR)
        chosen: dict[str, str] = {}
        seen: set[str] = set()
        for name, value in given.items():
            field = fields.get(name)
            if field is None:
                self._note(path + _plain(name), _unknown(name, fields))
                continue
            if field.name in seen:
                self._note(
                    path + field.name, Fault.conflicting(f"is given twice, as {field.name} and as {field.json_name}")
                )
                continue
            seen.add(field.name)
            if value is None:  # protobuf: as if it were not given
                continue
            oneof = field.containing_oneof
            if oneof is not None and len(oneof.fields) > 1:
                if oneof.name in chosen:
                    self._note(path + field.name, Fault.conflicting(f"cannot be given with {chosen[oneof.name]}"))
                    continue
                chosen[oneof.name] = field.name
            self._set(message, field, value, path + field.name)

    def _set(self, message: Message, field: FieldDescriptor, value: Any, path: str) -> None:
        if field.is_repeated:
            self._set_all(message, field, value, path)
        elif field.message_type is not None:
            part = getattr(message, field.name)
            part.SetInParent()
            self._fill_part(part, value, path)
        else:
            try:
                setattr(message, field.name, _scalar(field, value))
            except (_Wrong, ValueError, TypeError) as error:
                self._note(path, _said(error))

    def _set_all(self, message: Message, field: FieldDescriptor, value: Any, path: str) -> None:
        if not isinstance(value, list):
            self._note(path, Fault.malformed(f"must be a list, not {_kind(value)}"))
            return
        parts = getattr(message, field.name)
        for index, one in enumerate(value):
            at = f"{path}[{index}]"
            if field.message_type is not None:
                self._fill_part(parts.add(), one, at)
                continue
            try:
                parts.append(_scalar(field, one))
            except (_Wrong, ValueError, TypeError) as error:
                self._note(at, _said(error))

    def _fill_part(self, part: Message, value: Any, path: str) -> None:
        known = _WELL_KNOWN.get(part.DESCRIPTOR.full_name)
        if known is not None:
            try:
                known(part, value)
            except (_Wrong, ValueError) as error:
                self._note(path, _said(error))
        elif isinstance(value, dict):
            if path.count(".") >= http_limits.JSON_DEPTH_MAX:
                self._note(path, Fault.malformed("is nested too deeply"))
            else:
                self.fill(part, value, f"{path}.")
        else:
            such = ' such as {"value": "0.1"}' if part.DESCRIPTOR.full_name == _DECIMAL else ""
            self._note(path, Fault.malformed(f"must be an object{such}, not {_kind(value)}"))

    def _note(self, path: str, fault: Fault) -> None:
        self.violations.append(FieldViolation.of(path, fault))
        if len(self.violations) >= FAULTS_MAX:
            raise _Enough


@cache
def _fields(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """By the names that JSON may use: lowerCamelCase, and those of the contract."""
    return {field.name: field for field in descriptor.fields} | {field.json_name: field for field in descriptor.fields}


def _unknown(name: str, fields: Iterable[str]) -> Fault:
    meant = get_close_matches(name[:SHOWN_CHARACTERS_MAX], [one for one in fields if "_" not in one], 1)
    return Fault.unknown("is no field of the request" + (f"; did you mean {meant[0]}?" if meant else ""))


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    kind = field.type
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise _Wrong("has half of a character")
    if field.enum_type is not None:
        return _enum(field, value)
    if kind == FieldDescriptor.TYPE_STRING:
        if not isinstance(value, str):
            raise _Wrong(f"must be a text in quotes, not {_kind(value)}")
        return value
    if kind == FieldDescriptor.TYPE_BOOL:
        if not isinstance(value, bool):
            raise _Wrong(f"must be true or false, not {_kind(value)}")
        return value
    if kind == FieldDescriptor.TYPE_BYTES:
        return _bytes(value)
    return _float(value) if kind in _FLOATS else _integer(value, *_BITS[kind])


def _enum(field: FieldDescriptor, value: Any) -> int:
    assert field.enum_type is not None
    names = field.enum_type.values_by_name
    if isinstance(value, str):
        found = names.get(value)
        if found is None:
            shown = value[:SHOWN_CHARACTERS_MAX].upper()
            short = [name for name in names if shown and name.endswith(f"_{shown}")]
            meant = short or get_close_matches(shown, list(names), 1)
            also = f"; did you mean {meant[0]}?" if meant else ""
            raise _Wrong(f"{_shown(value)} is not one of its values{also}", FieldReason.UNKNOWN)
        return int(found.number)
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer(value, *_BITS[FieldDescriptor.TYPE_INT32])
    raise _Wrong(f"must be the name of a value, not {_kind(value)}")


def _integer(value: Any, least: int, most: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise _Wrong(f"{_shown(value)} is not a whole number")
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong(f"must be a whole number, not {_kind(value)}")
    if not least <= value <= most:
        raise _Wrong(f"must be from {least} to {most}", FieldReason.OUT_OF_RANGE)
    return value


def _float(value: Any) -> float:
    if isinstance(value, str):
        if value in _NAMED_FLOATS:
            return _NAMED_FLOATS[value]
        if not _NUMBER.fullmatch(value):
            raise _Wrong(f"{_shown(value)} is not a number")
        value = float(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(f"must be a number, not {_kind(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise _Wrong("is out of range", FieldReason.OUT_OF_RANGE)
    return number


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _Wrong(f"must be a text of base 64, not {_kind(value)}")
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        raise _Wrong("is not base 64") from None


def _timestamp(part: Message, value: Any) -> None:
    assert isinstance(part, timestamp_pb2.Timestamp)
    if not isinstance(value, str):
        raise _Wrong(f"must be a moment such as 2026-11-30T08:00:00Z, not {_kind(value)}")
    try:
        if not _MOMENT.fullmatch(value):  # protobuf's own reading takes an hour of one digit, an offset of 99 hours
            raise ValueError
        part.FromJsonString(value)
    except ValueError:
        raise _Wrong(f"{_shown(value)} is not a moment such as 2026-11-30T08:00:00Z") from None


def _field_mask(part: Message, value: Any) -> None:
    assert isinstance(part, field_mask_pb2.FieldMask)
    if not isinstance(value, str):
        raise _Wrong(f"must be a text of names with commas between them, not {_kind(value)}")
    try:
        part.FromJsonString(value)
    except ValueError:
        raise _Wrong(f"{_shown(value)} is not names such as displayName with commas between them") from None


_WELL_KNOWN: Final[dict[str, Callable[[Any, Any], None]]] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.FieldMask": _field_mask,
}


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + "…")


def _plain(name: str) -> str:
    """A name that somebody else chose, as a part of a path."""
    return name if name.isidentifier() and len(name) <= SHOWN_CHARACTERS_MAX else _shown(name)


def _said(error: Exception) -> Fault:
    return error.fault if isinstance(error, _Wrong) else Fault.malformed("is not what the field takes")
