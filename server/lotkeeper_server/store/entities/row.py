"""Single rows of entities."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, delete

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import update_of, write_many

EntityTable: TypeAlias = Table
"""Where the rows of one kind of entity are."""
EntityRow: TypeAlias = dict[str, Any]
"""A row of an entity's table: each column's value by the column's name."""


def delete_entity_row(connection: Connection, table: Table, identifier: Id) -> None:
    """Deletes the row of an id."""
    connection.execute(delete(table).where(table.c.id == identifier))


def update_entity_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[EntityRow]) -> None:
    """Updates some columns of stored rows, and raises the version of each.

    Args:
        connection: a write transaction.
        table: of the entity.
        columns: to change, besides the version.
        rows: with these columns, and with the id and the version that are stored now.
    """
    changed = [table.c[name] for name in (*columns, "version")]
    update = update_of(table, changed, [table.c.id, table.c.version])
    values = [(*(row[name] for name in columns), row["version"] + 1, row["id"], row["version"]) for row in rows]
    write_many(connection, update, values)
