"""Rows of entities for Get and List, and of what they refer to."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, select

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import columns_of, fetch, rows_by_columns, rows_by_key
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.lists.conditions import Condition
from lotkeeper_server.store.lists.walking import Order, walk_page
from lotkeeper_server.store.staged.visible import visible_by, visible_clauses, where_visible


class EntityPage(NamedTuple):
    """Rows by id, and the id after which the next page begins; None on the last one."""

    rows: list[EntityRow]
    next_after: Id | None


def read_page(
    connection: Connection, table: Table, conditions: Sequence[Condition], after: Id | None, limit: int
) -> EntityPage:
    """A page of rows that meet every condition; it may hold fewer than `limit`, or none, without being the last."""
    order = Order(table.name, ("id",))
    page = walk_page(connection, order, conditions, limit, None if after is None else (after,))
    ids: list[Id] = [key[0] for key in page.keys]
    found = {row["id"]: row for row in rows_with(connection, table, "id", ids)}
    return EntityPage([found[one] for one in ids], None if page.next_after is None else page.next_after[0])


def rows_with(connection: Connection, table: Table, column: str, values: Iterable[Any]) -> list[EntityRow]:
    """The rows of a table that have one of these values in an indexed column."""
    names = columns_of(table)
    wanted = sorted(set(values))
    by = visible_by(connection, table.name, column)
    found = rows_by_key(connection, f"SELECT {', '.join(names)} FROM {table.name}", by, wanted)  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in found]


def all_rows(connection: Connection, table: Table) -> list[EntityRow]:
    """Every row of a table, in no order."""
    names = columns_of(table)
    shown = where_visible(connection, table.name)
    found = fetch(connection, f"SELECT {', '.join(names)} FROM {table.name}{shown}")  # noqa: S608 - the schema's own names
    return [dict(zip(names, row, strict=True)) for row in found]


def are_empty(connection: Connection, wanted: Iterable[Table]) -> bool:
    """Whether none of these tables has a row."""
    return not any(fetch(connection, f"SELECT 1 FROM {table.name} LIMIT 1") for table in wanted)  # noqa: S608


def column_by_id(connection: Connection, table_name: str, column: str) -> dict[Id, Any]:
    """A column of every row of a table."""
    shown = where_visible(connection, table_name)
    found = fetch(connection, f"SELECT id, {column} FROM {table_name}{shown}")  # noqa: S608 - the schema's own names
    return {row[0]: row[1] for row in found}


def rows_with_all(
    connection: Connection, table: Table, columns: Sequence[str], values: Collection[tuple[Any, ...]]
) -> list[EntityRow]:
    """The rows of a table that have one of these sets of values in the columns of an index."""
    names = columns_of(table)
    joined = where_visible(connection, table.name, "t")
    found = rows_by_columns(connection, names, table, columns, sorted(values), joined)
    return [dict(zip(names, row, strict=True)) for row in found]


def rows_by_name(connection: Connection, table: Table, rows_at_once: int) -> Iterator[list[EntityRow]]:
    """Every row of a table, ordered by name, then by id, so many at a time: never are all in memory."""
    query = select(table).where(*visible_clauses(connection, table.name)).order_by(table.c.name, table.c.id)
    query = query.execution_options(yield_per=rows_at_once)
    for rows in connection.execute(query).mappings().partitions():
        yield [dict(row) for row in rows]


def values_by_id(
    connection: Connection, table_name: str, columns: Sequence[str], ids: Collection[Id]
) -> dict[Id, Sequence[Any]]:
    """Some columns of the rows of these ids."""
    return {row[0]: row[1:] for row in values_with(connection, table_name, columns, "id", ids)}


def values_with(
    connection: Connection, table_name: str, columns: Sequence[str], by: str, values: Collection[Any]
) -> list[Sequence[Any]]:
    """The id and some columns of the rows that have one of these values in an indexed column."""
    select_from = f"SELECT {', '.join(('id', *columns))} FROM {table_name}"  # noqa: S608 - the schema's own names
    return list(rows_by_key(connection, select_from, visible_by(connection, table_name, by), sorted(values)))
