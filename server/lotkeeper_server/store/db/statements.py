"""SQL text made once from the tables, so that the schema is in one place and the hot path builds no statements."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table

from lotkeeper_server.store.db.dialects import Locking, dialect_of
from lotkeeper_server.store.db.dialects.dialect import WIDE_SUM_UNIT, Write
from lotkeeper_server.store.db.dialects.key_lists import chunks

__all__ = [
    "Write",
    "beyond",
    "chunks",
    "columns_of",
    "exact_sum",
    "execute",
    "fetch",
    "indexed_by",
    "insert_of",
    "not_ascii",
    "rows_by_columns",
    "rows_by_key",
    "update_of",
    "walked_by",
    "wide",
    "wide_sum",
    "write_many",
]


def columns_of(table: Table) -> tuple[str, ...]:
    """A table's column names, in order."""
    return tuple(column.name for column in table.columns)


def insert_of(table: Table) -> Write:
    """INSERT of every column, in order."""
    return Write(table, tuple(table.columns))


def update_of(table: Table, changed: Sequence[Column[Any]], by: Sequence[Column[Any]]) -> Write:
    """UPDATE of some columns by key."""
    return Write(table, tuple(changed), tuple(by))


def indexed_by(connection: Connection, index: str) -> str:
    """Names the index to walk, after a table in FROM, for a planner without statistics."""
    return dialect_of(connection).indexed_by(index)


def beyond(
    connection: Connection, names: Sequence[str], sign: str, values: Sequence[Any]
) -> tuple[str, tuple[Any, ...]]:
    """SQL by which an index is walked from, or to, where its columns have these values, and its parameters.

    Args:
        connection: a transaction.
        names: one column or two, in the index's order.
        sign: `<`, `<=`, `>` or `>=`.
        values: one for each column.
    """
    return dialect_of(connection).beyond(names, sign, values)


def walked_by(connection: Connection, table: str, columns: Sequence[str]) -> str:
    """Names the index that begins with these columns, like `indexed_by`, for a planner that would read too much."""
    return dialect_of(connection).walked_by(table, tuple(columns))


def exact_sum(connection: Connection, column: str) -> str:
    """SQL of a sum that cannot overflow 64 bits on the way; a plain sum might, with large rises before large falls."""
    return dialect_of(connection).exact_sum(column)


def not_ascii(connection: Connection, column: str) -> str:
    """SQL of the condition that a text has other than ASCII."""
    return dialect_of(connection).not_ascii(column)


def wide_sum(connection: Connection, column: str) -> str:
    """SQL of a sum that may itself pass 64 bits, as two columns; `wide` makes one number of them."""
    return dialect_of(connection).wide_sum(column)


def wide(large: Any, small: Any) -> int:
    """The sum of a `wide_sum`."""
    return int(large) * WIDE_SUM_UNIT + int(small)


def rows_by_key(connection: Connection, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows with one of these keys.

    Args:
        connection: a transaction.
        select_from: `SELECT ... FROM ...`.
        by: the key's column.
        keys: ids, paths or names; few or many.
    """
    return dialect_of(connection).rows_by_key(connection, select_from, by, keys, Locking.NONE)


def rows_by_columns(
    connection: Connection,
    columns: Sequence[str],
    table: Table,
    by: Sequence[str],
    keys: Sequence[tuple[Any, ...]],
    joined: str = "",
) -> Iterator[Sequence[Any]]:
    """The rows whose key columns have one of these sets of values, each found by the index over all of them.

    Args:
        connection: a transaction.
        columns: of the table, which is `t`; those of joined ones with their tables' names.
        table: that has the rows.
        by: the key's columns.
        keys: few or many.
        joined: ` JOIN ...` to what the rows refer to.
    """
    selected = ", ".join(name if "." in name else f"t.{name}" for name in columns)
    select = f"SELECT {selected} FROM {{keys}}{joined}"  # noqa: S608 - the schema's own names
    return dialect_of(connection).rows_by_columns(connection, select, table, by, keys, Locking.NONE)


def fetch(connection: Connection, text: str, parameters: tuple[Any, ...] = ()) -> Sequence[Sequence[Any]]:
    """Every row of a SELECT with `?` where a value goes."""
    dialect = dialect_of(connection)
    cursor = dialect.cursor(connection)
    cursor.execute(dialect.text(text), parameters)
    rows: Sequence[Sequence[Any]] = cursor.fetchall()
    cursor.close()
    return rows


def execute(connection: Connection, text: str, parameters: tuple[Any, ...] = ()) -> int:
    """Runs a write with `?` where a value goes; returns how many rows it changed."""
    dialect = dialect_of(connection)
    cursor = dialect.cursor(connection)
    cursor.execute(dialect.text(text), parameters)
    changed: int = cursor.rowcount
    cursor.close()
    return changed


def write_many(connection: Connection, write: Write, rows: Sequence[tuple[Any, ...]]) -> None:
    """Runs a write for each row of parameters; fails if fewer rows change."""
    if rows:
        dialect_of(connection).write_many(connection, write, rows)
