"""The fields of an inventory row besides its quantity: a name, a production order."""

from typing import TypedDict

from sqlalchemy import Connection, func, select, update

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.rows import lock_row
from lotkeeper_server.store.schema.tables import inventory, inventory_lot, location


class MetadataChanges(TypedDict, total=False):
    """What to set: absent fields stay; an empty name and an empty order are set, too."""

    name: str
    production_order_id: Id | None


def set_metadata(connection: Connection, location_id: Id, lot_id: Id, changes: MetadataChanges) -> bool:
    """Changes the fields of a row; returns whether the row exists.

    The lot is locked first, like in every change of something of a lot.
    """
    lock_row(connection, inventory_lot, lot_id)
    row = (inventory.c.location_id == location_id, inventory.c.lot_id == lot_id)
    if changes:
        return connection.execute(update(inventory).where(*row).values(**changes)).rowcount == 1
    return connection.execute(select(func.count()).select_from(inventory).where(*row)).scalar_one() == 1


def name_of_row(connection: Connection, location_id: Id, lot_id: Id) -> tuple[str, str]:
    """The lot's name and the location's path that name a row, whether or not it exists."""
    lot_name: str = connection.execute(select(inventory_lot.c.name).where(inventory_lot.c.id == lot_id)).scalar_one()
    path: str = connection.execute(select(location.c.path).where(location.c.id == location_id)).scalar_one()
    return lot_name, path
