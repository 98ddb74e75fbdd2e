"""What lies at a location, as a save of the location looks at it."""

from sqlalchemy import Connection, func, select

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import lock_with_referrers
from lotkeeper_server.store.schema.tables import inventory, location


def lots_lying_at(connection: Connection, location_id: Id) -> int:
    """How many lots a location has stock of that is not zero."""
    lying = select(func.count()).where(inventory.c.location_id == location_id, inventory.c.quantity != 0)
    lots: int = connection.execute(lying).scalar_one()
    return lots


def keep_stock_away(connection: Connection, location_id: Id) -> None:
    """Waits for whoever brings stock to a location now; who comes later sees what is saved in this transaction."""
    lock_with_referrers(connection, location, [location_id])
