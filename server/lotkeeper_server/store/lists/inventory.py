"""Lists of stock: rows by location id, then lot id, with the names of what they refer to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id
from lotkeeper_server.store.db.statements import rows_by_columns
from lotkeeper_server.store.lists.conditions import (
    Condition,
    IndexValues,
    LocationFilter,
    PartialIndex,
    Walk,
    at_location,
    equal,
)
from lotkeeper_server.store.lists.walking import Order, walk_page
from lotkeeper_server.store.schema.tables import inventory

KEY_BYTES: Final = 2 * ID_BYTES
ORDER_COLUMNS: Final = ("location_id", "lot_id")
ORDER: Final = Order(inventory.name, ORDER_COLUMNS)
NOT_ZERO: Final = PartialIndex("ix_inventory_not_zero", "quantity <> 0")
NAMED: Final = PartialIndex("ix_inventory_name", "name <> ''")
HOLDS_SOMETHING: Final = Condition("t.quantity <> 0", walks=(Walk(NOT_ZERO.condition, index=NOT_ZERO.name),))


@dataclass(frozen=True, slots=True)
class InventoryFilter:
    """Which rows are wanted; they meet all of it.

    Attributes:
        location: where; None for anywhere.
        lot_id: of the lot; None for any.
        material_id: of the lot's material; None for any.
        name: the inventory name; None for any.
        include_empty: whether rows of exactly zero are listed.
    """

    location: LocationFilter | None = None
    lot_id: Id | None = None
    material_id: Id | None = None
    name: str | None = None
    include_empty: bool = False

    @property
    def has_no_filter(self) -> bool:
        """Whether all stock is wanted."""
        return self.location is None and self.lot_id is None and self.material_id is None and self.name is None

    def conditions(self, connection: Connection, *, of_now: bool) -> list[Condition]:
        """The conditions on `inventory`; whether a row is empty can be checked only for the present."""
        skips_empty = of_now and not self.include_empty
        conditions = [HOLDS_SOMETHING] if skips_empty else []
        if self.location is not None:
            within = NOT_ZERO if skips_empty else None
            conditions.append(at_location(connection, ("location_id",), self.location, leads=True, within=within))
        if self.lot_id is not None:
            conditions.append(equal("lot_id", self.lot_id))
        if self.material_id is not None:
            conditions.append(equal("material_id", self.material_id))
        if self.name is not None:
            conditions.append(equal("name", self.name, NAMED))
        return conditions


class InventoryEntry(NamedTuple):
    """The stock of a lot at a location, by the names that things have now. Quantities in millionths of the unit."""

    location_id: Id
    location_path: str
    lot_id: Id
    lot_name: str
    lot_status: LotStatus
    expiration_millis: int | None
    material_id: Id
    material_path: str
    millionths: int
    unit_id: Id | None
    unit_name: str | None
    unit_symbol: str | None
    name: str
    production_order_id: Id | None
    production_order_name: str | None
    arrived_millis: int | None
    arrived_record_id: Id | None

    @property
    def key(self) -> bytes:
        """Where it stands in the list."""
        return self.location_id + self.lot_id


class InventoryPage(NamedTuple):
    """A page of stock, and the key after which the next one begins; empty on the last page."""

    entries: list[InventoryEntry]
    next_after: bytes


# fmt: off
_COLUMNS: Final = (
    "location_id", "location.path", "lot_id", "inventory_lot.name", "inventory_lot.status",
    "inventory_lot.expiration_millis", "material_id", "material.path", "quantity",
    "unit_of_measure.id", "unit_of_measure.name", "unit_of_measure.symbol", "name",
    "production_order_id", "production_order.name", "arrived_millis", "arrived_record_id",
)
# fmt: on
_JOINED: Final = (
    " JOIN inventory_lot ON inventory_lot.id = t.lot_id JOIN location ON location.id = t.location_id"
    " JOIN material ON material.id = t.material_id"
    " LEFT JOIN unit_of_measure ON unit_of_measure.id = inventory_lot.unit_of_measure_id"
    " LEFT JOIN production_order ON production_order.id = t.production_order_id"
)


def list_inventory(connection: Connection, wanted: InventoryFilter, after: bytes, limit: int) -> InventoryPage:
    """A page of stock.

    Args:
        connection: a snapshot.
        wanted: which rows.
        after: the key after which it begins, of the page before; empty for the first one.
        limit: at most so many; it may hold fewer, or none, without being the last.
    """
    conditions = wanted.conditions(connection, of_now=True)
    page = walk_page(connection, ORDER, conditions, limit, key_from(after))
    return InventoryPage(read_entries(connection, page.keys), text_of(page.next_after))


def read_entries(connection: Connection, keys: Sequence[IndexValues]) -> list[InventoryEntry]:
    """The rows with these keys, in their order; all of them exist."""
    found: dict[IndexValues, InventoryEntry] = {}
    for row in rows_by_columns(connection, _COLUMNS, inventory, ORDER_COLUMNS, keys, _JOINED):
        found[row[0], row[2]] = InventoryEntry._make((*row[:4], LotStatus(row[4]), *row[5:]))
    return [found[key] for key in keys]


def key_from(text: bytes) -> IndexValues | None:
    """The parts of a key in a token; None if it is empty."""
    return (text[:ID_BYTES], text[ID_BYTES:]) if text else None


def text_of(key: IndexValues | None) -> bytes:
    """The key in a token, from its parts."""
    return b"" if key is None else key[0] + key[1]
