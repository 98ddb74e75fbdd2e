"""Questions about lots beyond their own rows."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.archived import archived_references
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.entities.pages import rows_with_all
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.schema.tables import inventory_lot
from lotkeeper_server.store.staged.visible import and_visible

_HAS_RECORD = (
    "SELECT id, EXISTS (SELECT 1 FROM inventory_lot_record AS r WHERE r.lot_id = inventory_lot.id{shown}) "
    "OR EXISTS (SELECT 1 FROM inventory_lot_record AS r WHERE r.secondary_lot_id = inventory_lot.id{shown}) "
    "FROM inventory_lot"
)


def lots_named(connection: Connection, keys: Iterable[tuple[Id, str]]) -> dict[tuple[Id, str], EntityRow]:
    """Lots by material and name."""
    rows = rows_with_all(connection, inventory_lot, ("material_id", "name"), set(keys))
    return {(row["material_id"], row["name"]): row for row in rows}


def with_records(connection: Connection, lot_ids: Collection[Id]) -> set[Id]:
    """Those of these lots that have a record, archived or not, as its primary or secondary lot."""
    select = _HAS_RECORD.replace("{shown}", and_visible(connection, "inventory_lot_record", "r"))
    kept = {identifier for identifier, has in rows_by_key(connection, select, "id", sorted(lot_ids)) if has}
    return kept | archived_references(connection, lot_ids).keys()
