"""What an inventory row says beside its quantity: a name, a production order."""

from typing import TypedDict

from sqlalchemy import Connection, func, select, update

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.rows import lock_row
from lotkeeper_server.store.schema.tables import inventory, inventory_lot, location


class MetadataChanges(TypedDict, total=False):
    """What is to be set: what is not there stays; an empty name and no order are set, too."""

    name: str
    production_order_id: Id | None


def set_metadata(connection: Connection, location_id: Id, lot_id: Id, changes: MetadataChanges) -> bool:
    """Changes what a row says; whether the row is there.

    The lot is locked first, as by all who change what is the lot's.
    """
    lock_row(connection, inventory_lot, lot_id)
    row = (inventory.c.location_id == location_id, inventory.c.lot_id == lot_id)
    if changes:
        return connection.execute(update(inventory).where(*row).values(**changes)).rowcount == 1
    return connection.execute(select(func.count()).select_from(inventory).where(*row)).scalar_one() == 1


def name_of_row(connection: Connection, location_id: Id, lot_id: Id) -> tuple[str, str]:
    """The lot's name and the location's path by which a row is named, whether or not it is there."""
    lot_name: str = connection.execute(select(inventory_lot.c.name).where(inventory_lot.c.id == lot_id)).scalar_one()
    path: str = connection.execute(select(location.c.path).where(location.c.id == location_id)).scalar_one()
    return lot_name, path
