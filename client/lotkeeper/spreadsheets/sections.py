"""The sections of a plant's document and their fields: what a column can be, and how its cells are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from lotkeeper.inventory.v1 import inventory_lot_pb2, inventory_operation_pb2, master_data_pb2


class Kind(Enum):
    """How the cells of a column are read."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    MOMENT = auto()


OPENING_STOCK: Final = "opening_stock"
INVENTORY: Final = "inventory"
"""The older name of the section of opening stock."""
_ID: Final = "id"
_BESIDE: Final = ("_name", "_path", "_symbol", "_code")
_BY_SERVER: Final = frozenset(
    {
        *("version", "created_date", "created_by", "modified_date", "modified_by", "path", "current_record_id"),
        *("quantity_produced", "total_quantity", "closed_date"),
    }
)
"""Fields that the server sets, of one message or another."""
_SET_IN_OPERATIONS: Final = "status"
_STOCK: Final[Mapping[str, Kind]] = {
    "location": Kind.TEXT,
    "material": Kind.TEXT,
    "lot": Kind.TEXT,
    "quantity": Kind.NUMBER,
    "name": Kind.TEXT,
    "expiration_date": Kind.MOMENT,
    "supplier_lot_name": Kind.TEXT,
}
_SEPARATORS: Final = re.compile(r"[\s_-]+")


def _fields(descriptor: Descriptor, left_out: Iterable[str] = ()) -> Mapping[str, Kind]:
    """The fields of a message as a document names them: a reference `x` in place of `x_id` and what is beside it."""
    by_name = {field.name: field for field in descriptor.fields}
    references = [name.removesuffix("_id") for name in by_name if name.endswith("_id") and name != "current_record_id"]
    references = [one for one in references if any(f"{one}{end}" in by_name for end in _BESIDE) or one in by_name]
    beside = {f"{one}{end}" for one in references for end in ("_id", *_BESIDE)}
    kinds = {
        name: _kind(field)
        for name, field in by_name.items()
        if name not in {*beside, *_BY_SERVER, *left_out} and not name.startswith("exact_")
    }
    return {**kinds, **dict.fromkeys(references, Kind.TEXT)}


def _kind(field: FieldDescriptor) -> Kind:
    if field.message_type is not None:
        return Kind.MOMENT
    if field.type == FieldDescriptor.TYPE_BOOL:
        return Kind.FLAG
    if field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_ENUM}:
        return Kind.TEXT
    return Kind.NUMBER


SECTIONS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "units_of_measure": _fields(master_data_pb2.UnitOfMeasure.DESCRIPTOR),
    "material_classes": _fields(master_data_pb2.MaterialClass.DESCRIPTOR),
    "materials": _fields(master_data_pb2.Material.DESCRIPTOR),
    "unit_of_measure_conversions": _fields(master_data_pb2.UnitOfMeasureConversion.DESCRIPTOR),
    "material_reason_codes": _fields(master_data_pb2.MaterialReasonCode.DESCRIPTOR),
    "locations": _fields(master_data_pb2.Location.DESCRIPTOR),
    "production_orders": _fields(master_data_pb2.ProductionOrder.DESCRIPTOR),
    "operations": _fields(master_data_pb2.Operation.DESCRIPTOR),
    "inventory_operations": _fields(inventory_operation_pb2.InventoryOperation.DESCRIPTOR, (_SET_IN_OPERATIONS,)),
    "lots": _fields(inventory_lot_pb2.InventoryLot.DESCRIPTOR),
    OPENING_STOCK: _STOCK,
}
"""How each field of each section is read, in the order in which a document has them."""


def section_named(name: str) -> str | None:
    """The section of a name, in any letter case; None if there is none."""
    known = name.casefold()
    known = OPENING_STOCK if known == INVENTORY else known
    return known if known in SECTIONS else None


def plain_form(header: str) -> str:
    """A header without what people write differently: letter case, spaces, underscores, hyphens."""
    return _SEPARATORS.sub("", header).casefold()
