"""Names that a store may hold from before names had one form: written straight into it, as no call can."""

from __future__ import annotations

from contextlib import closing

from lotkeeper_server.domain.model.identifiers import parse_id
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.state.definition_changes import note_definition_changes
from sqlalchemy import Table, update


def store_name(database_url: str, table: Table, identifier: str, name: str) -> None:
    """Gives a lot, or a location at the root, a name by its id."""
    key = parse_id(identifier)
    assert key is not None
    values = {"name": name, "path": name} if table is tables.location else {"name": name}
    with closing(Store(database_url)) as store, store.write() as connection:
        connection.execute(update(table).where(table.c.id == key).values(**values))
        if table is tables.location:
            note_definition_changes(connection, table.name, [key])
