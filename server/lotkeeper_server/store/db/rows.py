"""Single rows, through the driver's own cursor: a plant's document may save ten thousands of them at once."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table

from lotkeeper_server.store.db.statements import (
    columns_of,
    execute,
    fetch,
    insert_of,
    write_many,
)
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.staged.visible import and_visible, visible_by


def stored_row(connection: Connection, table: Table, identifier: bytes) -> dict[str, Any] | None:
    """A row by its id, by column; None where there is none."""
    shown = and_visible(connection, table.name)
    rows = fetch(connection, f"{_select(table)} WHERE id = ?{shown}", (identifier,))
    return dict(zip(columns_of(table), rows[0], strict=True)) if rows else None


def lock_row(connection: Connection, table: Table, identifier: bytes) -> dict[str, Any] | None:
    """Reads like `stored_row`, and locks the row: this transaction is going to change it or relies on it."""
    by = visible_by(connection, table.name, "id")
    rows = list(WriteTransaction(connection).lock_to_change(_select(table), by, [identifier]))
    return dict(zip(columns_of(table), rows[0], strict=True)) if rows else None


@cache
def _select(table: Table) -> str:
    return f"SELECT {', '.join(columns_of(table))} FROM {table.name}"  # noqa: S608 - the schema's names


def value_where(connection: Connection, table: Table, column: str, **equal: Any) -> Any:
    """A column of the row that has these values; None where there is none.

    Args:
        connection: a transaction.
        table: where to look.
        column: what to return.
        equal: values by column, none of them None.
    """
    condition = " AND ".join(f"{name} = ?" for name in equal)
    shown = and_visible(connection, table.name)
    text = f"SELECT {column} FROM {table.name} WHERE {condition}{shown} LIMIT 1"  # noqa: S608 - the schema's names
    rows = fetch(connection, text, tuple(equal.values()))
    return rows[0][0] if rows else None


def insert_row(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Inserts a row that has every column."""
    write_many(connection, insert_of(table), [tuple(row[name] for name in columns_of(table))])


def update_row(connection: Connection, table: Table, identifier: bytes, values: dict[str, Any]) -> None:
    """Changes some columns of a row."""
    assignments = ", ".join(f"{name} = ?" for name in values)
    text = f"UPDATE {table.name} SET {assignments} WHERE id = ?"  # noqa: S608 - the schema's names
    changed = execute(connection, text, (*values.values(), identifier))
    assert changed == 1, f"{changed} rows changed: {text}"
