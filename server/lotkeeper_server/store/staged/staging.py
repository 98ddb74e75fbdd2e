"""Writes an import beside what is there, in small transactions, switches it in by one, or takes it away again.

Each staged row is marked in the transaction that writes it. The rows count as absent while their marks are there, and
marks are emptied at once: SQLite gives up the pages of a table without looking at its rows. So a killed process leaves
nothing that anybody sees, and what it left is found by its marks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import execute, fetch, insert_of, write_many
from lotkeeper_server.store.schema.staging_tables import staged_import, staged_row
from lotkeeper_server.store.schema.tables import inventory, metadata
from lotkeeper_server.store.staged.visible import NUMBERS, note_staging

Rows = list[tuple[Any, ...]]
"""The values of every column, in order."""
Piece = tuple[Table, Rows]

_MARK: Final = insert_of(staged_row)
_BEGIN: Final = insert_of(staged_import)
_TABLES: Final = {number: metadata.tables[name] for name, number in NUMBERS.items()}
_TREES: Final = frozenset({"location", "material_class"})
"""Tables that refer to themselves."""


class Staging(NamedTuple):
    """The import that is being written.

    Attributes:
        owner: an id of whoever writes it.
        turn: rises with each of its transactions.
    """

    owner: Id
    turn: int


@dataclass(frozen=True, slots=True)
class Orders:
    """The effect orders of staged records, ahead of the clock: what is written meanwhile comes before them.

    Attributes:
        first: of the first one.
        last: of the last one.
    """

    first: int
    last: int


def read_staging(connection: Connection) -> Staging | None:
    """The import that is being written, if one is."""
    rows = fetch(connection, "SELECT owner, turn FROM staged_import")
    return Staging(*rows[0]) if rows else None


def begin_staging(connection: Connection, owner: Id, orders: Orders | None) -> Staging | None:
    """Begins one if none is being written; else returns that one, and does nothing."""
    present = read_staging(connection)
    if present is None:
        first, last = (orders.first, orders.last) if orders else (None, None)
        write_many(connection, _BEGIN, [(1, owner, 0, first, last)])
        note_staging(connection, True)
    return present


def take_turn(connection: Connection, owner: Id) -> bool:
    """Shows that an owner is alive; returns whether it still is the owner."""
    return bool(execute(connection, "UPDATE staged_import SET turn = turn + 1 WHERE owner = ?", (owner,)))


def take_over(connection: Connection, seen: Staging, owner: Id) -> bool:
    """Gives an import to a new owner if it has not moved since it was seen; returns whether it did."""
    text = "UPDATE staged_import SET owner = ?, turn = turn + 1 WHERE owner = ? AND turn = ?"
    return bool(execute(connection, text, (owner, seen.owner, seen.turn)))


def stage(connection: Connection, pieces: Sequence[Piece]) -> None:
    """Writes new rows, each behind what it refers to; stock comes with the record that raised it from zero."""
    for table, rows in pieces:
        if (number := NUMBERS.get(table.name)) is not None:
            write_many(connection, _MARK, [(number, row[0]) for row in rows])
        write_many(connection, insert_of(table), rows)


def switch_in(connection: Connection) -> None:
    """Makes everything that is staged count, from the end of this transaction on."""
    for table in ("staged_row", "staged_change", "staged_import"):
        execute(connection, f"DELETE FROM {table}")  # noqa: S608
    note_staging(connection, False)


def drop_piece(connection: Connection, rows_max: int) -> bool:
    """Deletes some staged rows, the last ones first; with the last of all, the import. Returns whether it was that."""
    for number in sorted(_TABLES, reverse=True):
        table = _TABLES[number]
        ids = _last_staged(connection, number, table, rows_max)
        if ids:
            for text in _deletions(table):
                for identifier in ids:
                    execute(connection, text, (identifier,) * text.count("?"))
            for identifier in ids:
                execute(connection, "DELETE FROM staged_row WHERE entity = ? AND id = ?", (number, identifier))
            return False
    switch_in(connection)  # nothing is there
    return True


def _last_staged(connection: Connection, number: int, table: Table, rows_max: int) -> list[Id]:
    order = "t.path DESC" if table.name in _TREES else "s.id DESC"
    joined = f" JOIN {table.name} AS t ON t.id = s.id" if table.name in _TREES else ""
    text = f"SELECT s.id FROM staged_row AS s{joined} WHERE s.entity = ? ORDER BY {order} LIMIT ?"  # noqa: S608
    return [row[0] for row in fetch(connection, text, (number, rows_max))]


def _deletions(table: Table) -> Iterator[str]:
    """Deletes a row by its id, behind what was written with it."""
    if table.name == "inventory_lot_record":
        where = (
            "(location_id, lot_id) = (SELECT source_location_id, lot_id FROM inventory_lot_record WHERE id = ?) "
            "AND arrived_record_id = ?"
        )
        yield f"DELETE FROM {inventory.name} WHERE {where}"  # noqa: S608
    if table.name == "inventory_operation":
        yield "DELETE FROM inventory_operation_run WHERE operation_id = ?"
    yield f"DELETE FROM {table.name} WHERE id = ?"  # noqa: S608
