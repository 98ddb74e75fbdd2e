"""The parts of a plant's document: its sections, and how each field of an entry is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import Decimal
from math import isinf
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from lotkeeper.days import last_milli

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Enumerated, Factor, Field, Flag, Moment, Name, Quantity, Reference, Whole
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.quantity import (
    NotANumber,
    QuantityOutOfRange,
    decimal_text,
    millionths_of_text,
    number_of_text,
)
from lotkeeper_server.domain.model.text import name_form
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.plant.tree import Plain, Tree

LOTS: Final = "lots"
SECTIONS: Final[Mapping[str, Description]] = {
    "units_of_measure": d.UNIT_OF_MEASURE,
    "material_classes": d.MATERIAL_CLASS,
    "materials": d.MATERIAL,
    "unit_of_measure_conversions": d.UNIT_OF_MEASURE_CONVERSION,
    "material_reason_codes": d.MATERIAL_REASON_CODE,
    "locations": d.LOCATION,
    "production_orders": d.PRODUCTION_ORDER,
    "operations": d.OPERATION,
    "inventory_operations": d.INVENTORY_OPERATION,
    LOTS: d.LOT,
}
"""The names of the lists; each comes after the sections that it may refer to."""
INVENTORY: Final = "inventory"
OPENING_STOCK: Final = "opening_stock"
STOCK_SECTIONS: Final = (INVENTORY, OPENING_STOCK)
"""The two names of the section of opening stock, which comes last."""

NAMED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "unit_of_measure": ("symbol", "name"),
    "material_class": ("path",),
    "material": ("path",),
    "location": ("path",),
    "material_reason_code": ("reason_code",),
    "operation": ("name",),
    "production_order": ("name",),
}
"""The columns that a document may use for a reference; an export writes the first one."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET: Final = re.compile(r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])\Z")
"""The offset of a time; the parser accepts any two numbers."""
_INT32_MAX: Final = (1 << 31) - 1


class Unfit(Exception):
    """A value does not fit its field; says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault: Final = fault


Put = Callable[[Message, Tree, tzinfo], None]
"""Sets a field of a message; a day is one in the zone."""


@dataclass(frozen=True, slots=True)
class FieldReader:
    """How an entry's field is put into the message of a Save.

    Attributes:
        field: of the catalog, None for `enabled`.
        put: sets it; raises Unfit.
    """

    field: Field | None
    put: Put


def field_readers(description: Description) -> Mapping[str, FieldReader]:
    """The fields of an entity by name, without its references."""
    return _READERS[description.entity]


def references(description: Description) -> Mapping[str, Reference]:
    """Its references by name."""
    return _REFERENCES[description.entity]


def _field_readers(description: Description) -> Mapping[str, FieldReader]:
    readers = {one.name: FieldReader(one, _put(description, one)) for one in description.all_fields}
    readers["enabled"] = FieldReader(None, _put_enabled)
    return readers


def short_names(description: Description, field: str) -> Mapping[str, int]:
    """The values of a field's enum without their prefix, `QA_HOLD`."""
    enum = description.message.DESCRIPTOR.fields_by_name[field].enum_type
    assert enum is not None
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix): value.number for value in enum.values if value.number}


def _put(description: Description, one: Field) -> Put:
    name = one.name
    match one:
        case Enumerated():
            names = short_names(description, name)
            return lambda message, tree, _zone: setattr(message, name, _enumerated(tree, names))
        case Flag():
            return lambda message, tree, _zone: setattr(message, name, tree is not None and flag(tree))
        case Whole():
            return _or_absent(name, whole)
        case Quantity(exact=exact) if exact:
            return lambda message, tree, _zone: _put_exact(message, name, exact, tree)
        case Quantity() | Factor():
            return _or_absent(name, _double)
        case Name():
            return lambda message, tree, _zone: setattr(message, name, name_form(text(tree)))
        case Moment():
            return lambda message, tree, zone: _put_moment(message, name, tree, zone)
        case _:
            return lambda message, tree, _zone: setattr(message, name, text(tree))


def _put_exact(message: Any, name: str, exact: str, tree: Tree) -> None:
    """A quantity with all its digits, rounded as anywhere in a document; where it is none, its double says so."""
    if tree is None:
        return
    double = _double(tree)
    try:
        millionths = millionths_of_text(text(tree))
    except QuantityOutOfRange:
        setattr(message, name, double)
    else:
        getattr(message, exact).value = decimal_text(millionths)


def _or_absent(name: str, read: Callable[[Tree], Any]) -> Put:
    def put(message: Message, tree: Tree, _zone: tzinfo) -> None:
        if tree is not None:
            setattr(message, name, read(tree))

    return put


def _put_enabled(message: Message, tree: Tree, _zone: tzinfo) -> None:
    message.enabled = flag(tree)  # type: ignore[attr-defined]  # every entity has it


def _put_moment(message: Message, name: str, tree: Tree, zone: tzinfo) -> None:
    if tree is not None:
        getattr(message, name).CopyFrom(_moment(tree, zone))


def moment_millis(tree: Tree, zone: tzinfo) -> int:
    """A time in ms since the epoch: RFC 3339, or a day, which means its last millisecond in the zone."""
    stamp = _moment(tree, zone)
    millis: int = stamp.ToMilliseconds()
    if not limits.MILLIS_MIN <= millis <= limits.MILLIS_MAX:
        raise Unfit(Fault.out_of_range("is outside the years 1970 to 9999"))
    return millis


def _moment(tree: Tree, zone: tzinfo) -> Timestamp:
    given, stamp = text(tree), Timestamp()
    try:
        if _DAY.fullmatch(given):
            stamp.FromMilliseconds(last_milli(date.fromisoformat(given), zone))
            return stamp
        stamp.FromJsonString(given)
        if not _OFFSET.search(given):
            raise ValueError(given)
    except ValueError:
        raise Unfit(
            Fault.malformed(f"{cut(given)} is not a time such as 2026-03-01T08:30:00Z, or a day such as 2026-03-01")
        ) from None
    return stamp


def text(tree: Tree) -> str:
    """A text; an unquoted value is taken as written."""
    if tree is None:
        return ""
    if isinstance(tree, bool):
        return "true" if tree else "false"
    if not isinstance(tree, str):
        raise Unfit(Fault.malformed("is a list or mapping; a text is needed"))
    if not tree.isascii():
        try:
            tree.encode()
        except UnicodeEncodeError:
            raise Unfit(Fault.malformed("has half a character, a surrogate")) from None
    return str(tree)


def flag(tree: Tree) -> bool:
    """True or false."""
    if isinstance(tree, bool):
        return tree
    word = tree.lower() if isinstance(tree, Plain) else ""
    if word not in {"true", "false"}:
        raise Unfit(Fault.malformed("must be true or false"))
    return word == "true"


def whole(tree: Tree) -> int:
    """A whole number of 32 bits."""
    found = number(tree, may_be_negative=True)
    if not -_INT32_MAX - 1 <= found <= _INT32_MAX:
        raise Unfit(Fault.out_of_range(f"{cut(text(tree))} is larger than 32 bits"))
    if found != int(found):
        raise Unfit(Fault.malformed(f"{cut(text(tree))} is not a whole number"))
    return int(found)


def _double(tree: Tree) -> float:
    found = float(number(tree))
    if isinf(found):
        raise Unfit(Fault.out_of_range(f"{cut(text(tree))} is too large"))
    return found


def number(tree: Tree, *, may_be_negative: bool = False) -> Decimal:
    """A number with all its digits; a text in quotes is none."""
    if not isinstance(tree, Plain):
        raise Unfit(
            Fault.malformed("must be a number, without quotes" if isinstance(tree, str) else "must be a number")
        )
    if len(tree) > limits.NUMBER_CHARACTERS_MAX:
        raise Unfit(Fault.too_long(f"is not a number: it has more than {limits.NUMBER_CHARACTERS_MAX} characters"))
    try:
        return number_of_text(tree, may_be_negative=may_be_negative)
    except NotANumber as fault:
        raise Unfit(Fault.malformed(f"{cut(tree)} {fault}")) from None


def cut(shown: str) -> str:
    """A text as a refusal shows it, not longer than that."""
    most = limits.REFUSAL_SHOWN_CODE_POINTS_MAX
    return (shown if len(shown) <= most else shown[:most] + "…").encode(errors="replace").decode()


def _enumerated(tree: Tree, names: Mapping[str, int]) -> int:
    if tree is None:
        return 0
    found = names.get(text(tree))
    if found is None:
        raise Unfit(Fault.unknown(f"{cut(text(tree))} is not one of {', '.join(names)}"))
    return found


_READERS: Final = {one.entity: _field_readers(one) for one in SECTIONS.values()}
_REFERENCES: Final = {one.entity: {other.name: other for other in one.references} for one in SECTIONS.values()}
