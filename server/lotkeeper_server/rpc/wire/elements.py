"""How many elements a message has, counted on the wire: before it is parsed, since only then does it cost nothing.

Two bytes of a repeated field become an object of some hundred bytes. A field that is not repeated keeps its last value
only, so a message without repeated fields never takes more memory than its bytes, and is not counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from lotkeeper_server.domain import limits

_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH: Final = 2
_GROUP: Final = frozenset({3, 4})
_FIXED32: Final = 5
_VARINT_BYTES_MAX: Final = 10
_TAG_TYPE_BITS: Final = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted within a message, or within a field.

    Attributes:
        fields: those of a message to look into, by number.
        is_packed: whether it is a field whose values may stand one behind the other without tags, a byte or more each.
    """

    fields: Mapping[int, "Counted"]
    is_packed: bool = False


_PACKED: Final = Counted({}, is_packed=True)


def has_too_many_elements(request_class: type[Message], data: bytes) -> bool:
    """Whether a message has more elements than are parsed.

    It takes no longer than counting up to the limit, however long the message is. Bytes that are not a message are
    counted as far as they look like one; the parser says what they are.

    Args:
        request_class: of the message.
        data: its bytes.
    """
    counted = counted_in(request_class.DESCRIPTOR)
    return counted is not None and _count(data, 0, len(data), counted.fields, 0) > limits.MESSAGE_ELEMENTS_MAX


@cache
def counted_in(descriptor: Any) -> Counted | None:
    """What to count in a message of this type; None where nothing in it is repeated."""
    repeated = any(field.is_repeated for field in descriptor.fields)
    found: dict[int, Counted] = {}
    for field in descriptor.fields:
        if field.is_repeated and field.type not in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}:
            if field.message_type is None:
                found[field.number] = _PACKED
            elif (inner := counted_in(field.message_type)) is not None:
                found[field.number] = inner
        elif field.message_type is not None and (inner := counted_in(field.message_type)) is not None:
            found[field.number] = inner
    return Counted(found) if repeated or found else None


def _count(data: bytes, at: int, end: int, fields: Mapping[int, Counted], count: int) -> int:
    """The count, with the elements from one place to another added; it stops above the limit."""
    most = limits.MESSAGE_ELEMENTS_MAX
    while at < end and count <= most:
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = _varint(data, at - 1, end)
        count += 1
        wire_type = tag & 7
        if wire_type == _LENGTH:
            if at >= end:
                break
            length = data[at]
            at += 1
            if length > 0x7F:
                length, at = _varint(data, at - 1, end)
            until = min(at + length, end)
            within = fields.get(tag >> _TAG_TYPE_BITS)
            if within is not None:
                count = count + length if within.is_packed else _count(data, at, until, within.fields, count)
            at = until
        elif wire_type == _VARINT:
            _, at = _varint(data, at, end)
        elif wire_type == _FIXED64:
            at += 8
        elif wire_type == _FIXED32:
            at += 4
        elif wire_type not in _GROUP:
            break
    return count


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number, and where it ends; where it does not end, the end of all."""
    number = shift = 0
    for place in range(at, min(at + _VARINT_BYTES_MAX, end)):
        byte = data[place]
        number |= (byte & 0x7F) << shift
        if byte <= 0x7F:
            return number, place + 1
        shift += 7
    return number, end
