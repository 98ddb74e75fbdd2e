"""Stock at locations, for saves of locations and documents of a plant."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.quantity import MILLIONTHS_PER_UNIT
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.tables import inventory, location, unit_of_measure
from lotkeeper_server.store.staged.visible import and_visible, visible_clauses

_ABOVE_ZERO: Final = (
    "SELECT location.path, material.path, inventory_lot.name, inventory.quantity, inventory.name FROM inventory "
    "JOIN location ON location.id = inventory.location_id JOIN inventory_lot ON inventory_lot.id = inventory.lot_id "
    "JOIN material ON material.id = inventory_lot.material_id WHERE inventory.quantity > 0"
)


class NamedStock(NamedTuple):
    """The stock of a lot at a location, in millionths of its unit, with the names that people know."""

    location_path: str
    material_path: str
    lot_name: str
    millionths: int
    name: str


def stock_above_zero(connection: Connection) -> list[NamedStock]:
    """All stock above zero, ordered by location, material and lot."""
    return sorted(
        map(NamedStock._make, fetch(connection, _ABOVE_ZERO + and_visible(connection, "inventory"))),
        key=lambda one: one[:3],
    )


def places_of_lot(connection: Connection, lot_id: Id) -> frozenset[Id]:
    """The locations where a lot has stock, also below zero."""
    text = "SELECT location_id FROM inventory WHERE lot_id = ? AND quantity <> 0"
    return frozenset(row[0] for row in fetch(connection, text + and_visible(connection, "inventory"), (lot_id,)))


class BrokenStock(NamedTuple):
    """Stock that is not a whole number of its lot's unit."""

    location_id: Id
    location_path: str
    lot_name: str
    millionths: int


def first_broken_stock(connection: Connection, unit_id: Id) -> BrokenStock | None:
    """The first stock in a unit that is not a whole number of it, by location and lot; None where there is none."""
    shown = and_visible(connection, "inventory", "i")
    text = (
        "SELECT i.location_id, p.path, l.name, i.quantity FROM inventory_lot AS l "  # noqa: S608 - the schema's own names
        "JOIN inventory AS i ON i.lot_id = l.id JOIN location AS p ON p.id = i.location_id "
        f"WHERE l.unit_of_measure_id = ? AND i.quantity % {MILLIONTHS_PER_UNIT} <> 0{shown} "
        "ORDER BY i.location_id, i.lot_id LIMIT 1"
    )
    rows = fetch(connection, text, (unit_id,))
    return BrokenStock(*rows[0]) if rows else None


def keep_stock_unchanged(connection: Connection, unit_id: Id) -> None:
    """Waits for all who are changing stock in a unit; later ones see what this transaction saves.

    Who changes stock holds its lot, and who makes a lot refers to its unit. A lot that somebody was making is there,
    and is held, too, the second time.
    """
    tx = WriteTransaction(connection)
    if not tx.capabilities.has_many_writers:
        return
    _lock_lots(tx, unit_id)
    tx.lock_with_referrers(unit_of_measure, [unit_id])
    _lock_lots(tx, unit_id)


def _lock_lots(tx: WriteTransaction, unit_id: Id) -> None:
    list(tx.lock("SELECT id FROM inventory_lot", "unit_of_measure_id", [unit_id]))


def lots_lying_at(connection: Connection, location_id: Id) -> int:
    """How many lots have stock at a location that is not zero."""
    lying = select(func.count()).where(inventory.c.location_id == location_id, inventory.c.quantity != 0)
    lying = lying.where(*visible_clauses(connection, inventory.name))
    lots: int = connection.execute(lying).scalar_one()
    return lots


def keep_stock_away(connection: Connection, location_id: Id) -> None:
    """Waits for all who are bringing stock to a location; later ones see what this transaction saves."""
    WriteTransaction(connection).lock_with_referrers(location, [location_id])
