"""How requests are made: the part that both clients share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, ParamSpec, TypeVar

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from lotkeeper._action_errors import argument_of
from lotkeeper._errors import FieldViolation, InvalidArgument
from lotkeeper._json_faults import wanted
from lotkeeper._reasons import FieldReason
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.visible_text import visible

Given = ParamSpec("Given")
Made = TypeVar("Made", bound=Message)
PIECE_BYTES_MAX: Final = 256 * 1024
"""The size of data in one message of an upload."""
_SHOWN_MAX: Final = 60

PAGE_SIZE_MAX: Final = 1_000
"""How many items a page of a list has at the most."""


def path_of(request: Message) -> str:
    """The path of the method that takes a request."""
    return _path_of(request.DESCRIPTOR)


@cache
def _path_of(request: Descriptor) -> str:
    """The contract has one service in each file, and method X takes XRequest."""
    [service] = request.file.services_by_name.values()
    return f"/{service.full_name}/{request.name.removesuffix('Request')}"


def listed_class(response_class: type[Message]) -> type[Any]:
    """The class of what a list's answers have: a list's answer has one field of many messages."""
    return _listed_class(response_class.DESCRIPTOR)


@cache
def _listed_class(response: Descriptor) -> type[Any]:
    [item] = [field.message_type for field in response.fields if field.is_repeated and field.message_type]
    return GetMessageClass(item)


def made(kind: Callable[Given, Made], *args: Given.args, **values: Given.kwargs) -> Made:
    """A message of these values.

    Raises:
        InvalidArgument: where a value does not fit its field, which protobuf says by errors of many kinds.
    """
    try:
        return kind(*args, **values)
    except (TypeError, ValueError) as error:
        raise _unfit(kind, values, error) from error


def _unfit(kind: Any, values: dict[str, Any], error: Exception) -> InvalidArgument:
    """The client's own error, which names the field."""
    for field, value in values.items():
        try:
            kind(**{field: value})
        except (TypeError, ValueError) as of_field:
            what = f"{type(value).__name__} {value!r}"
            shown = what if len(what) <= _SHOWN_MAX else f"{what[:_SHOWN_MAX]}..."
            described = kind.DESCRIPTOR.fields_by_name.get(field)
            why = str(of_field) if described is None else f"it must be {wanted(described)}"
            description = f"cannot be the {visible(shown)}: {why}"
            name = argument_of(field) if kind is InventoryAction else field
            violations = (FieldViolation(name, description, FieldReason.MALFORMED),)
            text = f"{name} {description}"
            return InvalidArgument(grpc.StatusCode.INVALID_ARGUMENT, text, field_violations=violations)
    return InvalidArgument(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def mask(fields: Sequence[str] | None) -> FieldMask | None:
    """The mask that names the fields; None: every field.

    Raises:
        InvalidArgument: for a single text, whose letters would be taken for names.
    """
    if isinstance(fields, str):
        text = f"update_mask is the text {visible(fields)!r}: give a list of names"
        violation = FieldViolation("update_mask", "is a text, not a list of names", FieldReason.MALFORMED)
        raise InvalidArgument(grpc.StatusCode.INVALID_ARGUMENT, text, field_violations=(violation,))
    return None if fields is None else made(FieldMask, paths=fields)


class Uploading:
    """Cuts data that comes in pieces of any size into messages: the first one says what the data is."""

    def __init__(self, first: Message) -> None:
        self._message: Any = first
        self._begun = False
        self._kept = bytearray()

    def add(self, piece: bytes) -> Iterator[Message]:
        """The messages that are full now."""
        self._kept += piece
        whole = len(self._kept) - len(self._kept) % PIECE_BYTES_MAX
        for start in range(0, whole, PIECE_BYTES_MAX):
            yield self._with(bytes(self._kept[start : start + PIECE_BYTES_MAX]))
        del self._kept[:whole]

    def end(self) -> Iterator[Message]:
        """The last message, if there is something left to send."""
        if self._kept or not self._begun:
            yield self._with(bytes(self._kept))

    def _with(self, data: bytes) -> Message:
        message = type(self._message)() if self._begun else self._message
        self._begun = True
        message.data = data
        sent: Message = message
        return sent
