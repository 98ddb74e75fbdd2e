"""The columns of a message: their names, their types, and how they are filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import accumulate
from operator import attrgetter
from typing import Any, Final

import pyarrow as pa
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from lotkeeper._json import is_of_reference, prefix_of

QUANTITY: Final = pa.decimal128(19, 6)
"""Whatever is stored: 64 bits of millionths."""

SUM: Final = pa.decimal128(38, 6)
"""A sum, which may pass the largest quantity."""

TIME: Final = pa.timestamp("ms", tz="UTC")
NAME: Final = pa.dictionary(pa.int16(), pa.string())

_PACKAGE = "lotkeeper.inventory.v1."
_SUMS: Final = {_PACKAGE + name for name in ("InventorySummary", "UnconvertibleStock", "TraceNode", "TraceEdge")}
_QUANTITIES_WITHOUT_TWIN: Final = {_PACKAGE + "Location.storage_capacity"}
_MILLIONTH: Final = Decimal("0.000001")
_PLAIN: Final = {
    FieldDescriptor.TYPE_STRING: pa.string(),
    FieldDescriptor.TYPE_BOOL: pa.bool_(),
    FieldDescriptor.TYPE_INT32: pa.int32(),
    FieldDescriptor.TYPE_INT64: pa.int64(),
    FieldDescriptor.TYPE_DOUBLE: pa.float64(),
}

Filled = Callable[[Sequence[Any]], Any]
"""Makes an array of messages."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: of the field.
        type: Arrow's.
        filled: makes the array of some messages.
    """

    name: str
    type: Any
    filled: Filled


@cache
def columns_of(message: Any) -> tuple[Column, ...]:
    """The columns of a message's fields, in the order of the contract.

    Args:
        message: its descriptor.

    Raises:
        TypeError: for a message that has no columns, as it holds another one.
    """
    return tuple(_columns_of(message))


def _columns_of(message: Descriptor) -> Iterator[Column]:
    by_name = message.fields_by_name
    for field in message.fields:
        if field.name.startswith("exact_") and field.name.removeprefix("exact_") in by_name:
            continue
        yield Column(field.name, *_column_of(field, has_twin=f"exact_{field.name}" in by_name))


def _column_of(field: FieldDescriptor, *, has_twin: bool) -> tuple[Any, Filled]:
    message = field.containing_type
    assert message is not None
    if has_twin:
        type_ = SUM if message.full_name in _SUMS else QUANTITY
        return type_, _by_value(type_, _exact(field))
    if field.full_name in _QUANTITIES_WITHOUT_TWIN:
        return QUANTITY, _by_value(QUANTITY, _rounded(field))
    if field.is_repeated:
        return _list_of(field)
    if field.enum_type is not None:
        return NAME, _names(field.name, field.enum_type)
    if field.message_type is None:
        return _PLAIN[field.type], _by_value(_PLAIN[field.type], _plain(field))
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return TIME, _by_value(TIME, _millis(field.name))
    raise TypeError(f"{message.name} has no columns: its {field.name} is a message")


def _by_value(type_: Any, value_of: Callable[[Any], Any]) -> Filled:
    return lambda messages: pa.array(map(value_of, messages), type_, size=len(messages))


def _plain(field: FieldDescriptor) -> Callable[[Any], Any]:
    name, get = field.name, attrgetter(field.name)
    if field.has_presence:
        return lambda message: get(message) if message.HasField(name) else None
    if field.type == FieldDescriptor.TYPE_STRING and is_of_reference(field):
        return lambda message: get(message) or None
    return get


def _millis(name: str) -> Callable[[Any], int | None]:
    get = attrgetter(name)

    def millis(message: Any) -> int | None:
        if not message.HasField(name):
            return None
        stamp = get(message)
        whole: int = stamp.seconds * 1_000 + stamp.nanos // 1_000_000
        return whole

    return millis


def _exact(field: FieldDescriptor) -> Callable[[Any], Decimal | None]:
    """The exact twin of a quantity; of servers that do not know it, the double."""
    twin, rounded = f"exact_{field.name}", _rounded(field)
    get = attrgetter(twin)

    def exact(message: Any) -> Decimal | None:
        return Decimal(get(message).value) if message.HasField(twin) else rounded(message)

    return exact


def _rounded(field: FieldDescriptor) -> Callable[[Any], Decimal | None]:
    """The decimal that a double is the nearest one to: that of its shortest text."""
    double = _plain(field)

    def rounded(message: Any) -> Decimal | None:
        value: float | None = double(message)
        return None if value is None else Decimal(repr(value)).quantize(_MILLIONTH)

    return rounded


def _names(name: str, enum: EnumDescriptor) -> Filled:
    """An enum's names, by a dictionary that is the same for each batch, but for numbers that it does not know."""
    get, prefix = attrgetter(name), prefix_of(enum)
    known = [value for value in enum.values if value.number]
    texts = [value.name.removeprefix(prefix) for value in known]
    index_of: dict[int, int | None] = {0: None} | {value.number: index for index, value in enumerate(known)}

    def names(messages: Sequence[Any]) -> Any:
        numbers = [get(message) for message in messages]
        unknown = sorted(set(numbers) - index_of.keys())
        index = index_of | {number: len(known) + place for place, number in enumerate(unknown)}
        indices = pa.array([index[number] for number in numbers], pa.int16())
        return pa.DictionaryArray.from_arrays(indices, pa.array([*texts, *map(str, unknown)], pa.string()))

    return names


def _list_of(field: FieldDescriptor) -> tuple[Any, Filled]:
    """A list of structs; there are no lists of anything else in what lists give."""
    assert field.message_type is not None
    get, columns = attrgetter(field.name), columns_of(field.message_type)
    fields = [pa.field(column.name, column.type) for column in columns]

    def lists(messages: Sequence[Any]) -> Any:
        each = [get(message) for message in messages]
        flat = [item for items in each for item in items]
        ends = pa.array([0, *accumulate(map(len, each))], pa.int32())
        structs = pa.StructArray.from_arrays([column.filled(flat) for column in columns], fields=fields)
        return pa.ListArray.from_arrays(ends, structs)

    return pa.list_(pa.struct(fields)), lists
