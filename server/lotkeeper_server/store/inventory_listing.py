"""Lists of stock: rows by location id, then lot id, with the names of what they refer to."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, select, tuple_

from lotkeeper_server.domain.enumerations import LotStatus
from lotkeeper_server.domain.identifiers import ID_BYTES, Id
from lotkeeper_server.store import tables
from lotkeeper_server.store.tables import inventory

KEY_BYTES: Final = 2 * ID_BYTES


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


def list_inventory(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], after: bytes, limit: int
) -> list[InventoryEntry]:
    """A page of stock.

    Args:
        connection: a snapshot.
        conditions: on `inventory`.
        after: the key of the last one of the page before; empty for the first page.
        limit: at most so many.
    """
    row, lot, location = inventory.c, tables.inventory_lot.c, tables.location.c
    material, unit, order = tables.material.c, tables.unit_of_measure.c, tables.production_order.c
    query = (
        select(
            row.location_id,
            location.path,
            row.lot_id,
            lot.name,
            lot.status,
            lot.expiration_millis,
            row.material_id,
            material.path,
            row.quantity,
            unit.id,
            unit.name,
            unit.symbol,
            row.name,
            row.production_order_id,
            order.name,
            row.arrived_millis,
            row.arrived_record_id,
        )
        .join_from(inventory, tables.inventory_lot, lot.id == row.lot_id)
        .join(tables.location, location.id == row.location_id)
        .join(tables.material, material.id == row.material_id)
        .outerjoin(tables.unit_of_measure, unit.id == lot.unit_of_measure_id)
        .outerjoin(tables.production_order, order.id == row.production_order_id)
        .where(*conditions)
        .order_by(row.location_id, row.lot_id)
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(row.location_id, row.lot_id) > tuple_(after[:ID_BYTES], after[ID_BYTES:]))
    rows = connection.execute(query)
    return [InventoryEntry._make((*found[:4], LotStatus(found[4]), *found[5:])) for found in rows]
