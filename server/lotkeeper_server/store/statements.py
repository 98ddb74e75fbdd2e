"""SQL text made once from the tables, so that the schema stands in one place and the hot path builds no statements."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table

from lotkeeper_server.domain import limits

_PLACE: Final = "?"


def columns_of(table: Table) -> tuple[str, ...]:
    """A table's column names, in order."""
    return tuple(column.name for column in table.columns)


def insert_text(table: Table) -> str:
    """INSERT of every column, in order."""
    names = columns_of(table)
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(_PLACE for _ in names)})"  # noqa: S608


def update_text(table: Table, changed: Sequence[Column[Any]], by: Sequence[Column[Any]]) -> str:
    """UPDATE of some columns by key."""
    assignments = ", ".join(f"{column.name} = {_PLACE}" for column in changed)
    keys = " AND ".join(f"{column.name} = {_PLACE}" for column in by)
    return f"UPDATE {table.name} SET {assignments} WHERE {keys}"  # noqa: S608 - names are the schema's own


def indexed_by(index: str) -> str:
    """Names the index to walk, behind a table in FROM: SQLite's planner has no statistics to find it by."""
    return f" INDEXED BY {index}" if index else ""


def rows_by_key(connection: Connection, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows whose key is among these.

    Args:
        connection: a transaction.
        select_from: `SELECT ... FROM ...`.
        by: the key's column.
        keys: ids, paths or names; few or many.
    """
    for chunk in chunks(keys):
        places = ", ".join(_PLACE for _ in chunk)
        yield from fetch(connection, f"{select_from} WHERE {by} IN ({places})", tuple(chunk))


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
    parts = ", ".join(f"k{number}" for number in range(len(by)))
    same = " AND ".join(f"t.{name} = k.k{number}" for number, name in enumerate(by))
    places = "(" + ", ".join(_PLACE for _ in by) + ")"
    for chunk in chunks(keys):
        text = (
            f"WITH k({parts}) AS (VALUES {', '.join(places for _ in chunk)}) "  # noqa: S608
            f"SELECT {selected} FROM k CROSS JOIN {table.name} AS t ON {same}{joined}"
        )
        yield from fetch(connection, text, tuple(value for key in chunk for value in key))


def fetch(connection: Connection, text: str, parameters: tuple[Any, ...] = ()) -> Sequence[Sequence[Any]]:
    """Every row, through the driver's own cursor: what SQLAlchemy wraps around a result costs 40 µs a statement."""
    cursor = connection.connection.cursor()
    cursor.execute(text, parameters)
    rows: Sequence[Sequence[Any]] = cursor.fetchall()
    cursor.close()
    return rows


def write_many(connection: Connection, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Runs a write for each row of parameters; as many rows change as were meant."""
    if not rows:
        return
    cursor = connection.connection.cursor()
    cursor.executemany(text, rows)
    changed = cursor.rowcount
    cursor.close()
    assert changed == len(rows), f"{changed} of {len(rows)} rows changed: {text}"


def chunks(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Pieces padded to a power of two with their last key, so that few distinct statements are prepared."""
    for begin in range(0, len(keys), limits.KEYS_PER_STATEMENT_MAX):
        piece = list(keys[begin : begin + limits.KEYS_PER_STATEMENT_MAX])
        size = 1 << (len(piece) - 1).bit_length()
        yield piece + [piece[-1]] * (size - len(piece))
