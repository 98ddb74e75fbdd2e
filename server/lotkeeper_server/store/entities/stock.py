"""Stock at locations, for saves of locations and documents of a plant."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.tables import inventory, location
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


def lots_lying_at(connection: Connection, location_id: Id) -> int:
    """How many lots have stock at a location that is not zero."""
    lying = select(func.count()).where(inventory.c.location_id == location_id, inventory.c.quantity != 0)
    lying = lying.where(*visible_clauses(connection, inventory.name))
    lots: int = connection.execute(lying).scalar_one()
    return lots


def keep_stock_away(connection: Connection, location_id: Id) -> None:
    """Waits for all who are bringing stock to a location; later ones see what this transaction saves."""
    WriteTransaction(connection).lock_with_referrers(location, [location_id])
