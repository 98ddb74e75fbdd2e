"""The parts of a plant's document: its sections, and how each field of an entry is read."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Enumerated, Factor, Field, Flag, Moment, Name, Quantity, Reference, Whole
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.text import name_form
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
"""The section of opening stock, which comes last."""

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

_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_OFFSET: Final = re.compile(r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])\Z")
"""The offset of a time; the parser accepts any two numbers."""
_NUMBER: Final = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
"""Each character fits in one place only, or a text of digits would be tried in every way, for minutes."""
_INT32_MAX: Final = (1 << 31) - 1


class Unfit(Exception):
    """A value does not fit its field; says why."""


Put = Callable[[Message, Tree], None]


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
            return lambda message, tree: setattr(message, name, _enumerated(tree, names))
        case Flag():
            return lambda message, tree: setattr(message, name, tree is not None and flag(tree))
        case Whole():
            return _or_absent(name, whole)
        case Quantity() | Factor():
            return _or_absent(name, number)
        case Name():
            return lambda message, tree: setattr(message, name, name_form(text(tree)))
        case Moment():
            return lambda message, tree: _put_moment(message, name, tree)
        case _:
            return lambda message, tree: setattr(message, name, text(tree))


def _or_absent(name: str, read: Callable[[Tree], Any]) -> Put:
    def put(message: Message, tree: Tree) -> None:
        if tree is not None:
            setattr(message, name, read(tree))

    return put


def _put_enabled(message: Message, tree: Tree) -> None:
    message.enabled = flag(tree)  # type: ignore[attr-defined]  # every entity has it


def _put_moment(message: Message, name: str, tree: Tree) -> None:
    if tree is None:
        return
    try:
        stamp = Timestamp()
        stamp.FromJsonString(text(tree))
        if not _OFFSET.search(text(tree)):
            raise ValueError(tree)
    except ValueError:
        raise Unfit(f"{text(tree)} is not a time such as 2026-03-01T08:30:00Z") from None
    getattr(message, name).CopyFrom(stamp)


def text(tree: Tree) -> str:
    """A text; an unquoted value is taken as written."""
    if tree is None:
        return ""
    if isinstance(tree, bool):
        return "true" if tree else "false"
    if not isinstance(tree, str):
        raise Unfit("is a list or mapping; a text is needed")
    if not tree.isascii():
        try:
            tree.encode()
        except UnicodeEncodeError:
            raise Unfit("has half a character, a surrogate") from None
    return str(tree)


def flag(tree: Tree) -> bool:
    """True or false."""
    if isinstance(tree, bool):
        return tree
    word = tree.lower() if isinstance(tree, Plain) else ""
    if word not in {"true", "false"}:
        raise Unfit("must be true or false")
    return word == "true"


def whole(tree: Tree) -> int:
    """A whole number of 32 bits."""
    if not isinstance(tree, Plain) or not _WHOLE.fullmatch(tree):
        raise Unfit("must be a whole number")
    found = int(tree)
    if not -_INT32_MAX - 1 <= found <= _INT32_MAX:
        raise Unfit(f"{tree} is larger than 32 bits")
    return found


def number(tree: Tree) -> float:
    """A number."""
    if not isinstance(tree, Plain) or len(tree) > limits.NUMBER_CHARACTERS_MAX or not _NUMBER.fullmatch(tree):
        raise Unfit("must be a number")
    found = float(tree)
    if not math.isfinite(found):
        raise Unfit(f"{tree} is too large")
    return found


def _enumerated(tree: Tree, names: Mapping[str, int]) -> int:
    if tree is None:
        return 0
    found = names.get(text(tree))
    if found is None:
        raise Unfit(f"{text(tree)} is not one of {', '.join(names)}")
    return found


_READERS: Final = {one.entity: _field_readers(one) for one in SECTIONS.values()}
_REFERENCES: Final = {one.entity: {other.name: other for other in one.references} for one in SECTIONS.values()}
