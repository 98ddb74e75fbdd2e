"""Records on their way into files and back: which exist, whether they have changed, how they go and come."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, delete

from lotkeeper_server.domain.model.identifiers import Id, LotId, RecordId
from lotkeeper_server.store.db.statements import (
    chunks,
    columns_of,
    fetch,
    indexed_by,
    insert_of,
    rows_by_key,
    write_many,
)
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.archive_tables import archived_record
from lotkeeper_server.store.schema.tables import inventory_lot_record
from lotkeeper_server.store.staged.visible import and_visible

RecordRow: TypeAlias = Mapping[str, Any]
"""A record by column of its table."""


class RecordColumn(NamedTuple):
    """A column of the records' table.

    Attributes:
        name: of the column.
        kind: `bytes` for an id, else `str`, `bool` or `int`.
        nullable: whether it may be absent.
    """

    name: str
    kind: type
    nullable: bool


RECORD_COLUMNS: Final = tuple(
    RecordColumn(column.name, column.type.python_type, bool(column.nullable)) for column in inventory_lot_record.columns
)
REFERENCES: Final = tuple(column.name for column in inventory_lot_record.c if column.foreign_keys)
"""The columns that hold the id of another thing."""


class Candidate(NamedTuple):
    """The columns of a record that decide whether it may be archived."""

    id: RecordId
    moment_millis: int
    status: int
    version: int
    request_id: str
    created_by: str
    modified_millis: int | None
    reverses_record_id: RecordId | None
    reversed_by_record_id: RecordId | None

    @property
    def partner_id(self) -> RecordId | None:
        """The other half of a reversal."""
        return self.reverses_record_id or self.reversed_by_record_id


_CANDIDATES: Final = f"SELECT {', '.join(Candidate._fields)} FROM inventory_lot_record"  # noqa: S608 - the schema's names
_NAMES: Final = columns_of(inventory_lot_record)
_ROWS: Final = f"SELECT {', '.join(_NAMES)} FROM inventory_lot_record"  # noqa: S608 - the schema's names


def read_candidates(connection: Connection, record_ids: Collection[RecordId]) -> list[Candidate]:
    """The records with these ids that exist."""
    return [Candidate(*row) for row in rows_by_key(connection, _CANDIDATES, "id", sorted(record_ids))]


def next_candidates(
    connection: Connection, after_millis: int, after_id: bytes, before_millis: int, limit: int
) -> list[Candidate]:
    """The next records by moment, then by id.

    Args:
        connection: a snapshot.
        after_millis: the moment of the record after which it begins.
        after_id: its id.
        before_millis: it ends before this moment.
        limit: at most so many.
    """
    by_moment = indexed_by(connection, "ix_inventory_lot_record_moment")
    text = (
        f"{_CANDIDATES}{by_moment} WHERE moment_millis >= ? AND moment_millis < ? "
        f"AND (moment_millis > ? OR id > ?){and_visible(connection, 'inventory_lot_record')} "
        "ORDER BY moment_millis, id LIMIT ?"
    )
    rows = fetch(connection, text, (after_millis, before_millis, after_millis, after_id, limit))
    return [Candidate(*row) for row in rows]


def read_record_rows(connection: Connection, record_ids: Collection[RecordId]) -> list[RecordRow]:
    """Records in full, in the order of their moments, then of their ids."""
    found = rows_by_key(connection, _ROWS, "id", sorted(record_ids))
    rows = [dict(zip(_NAMES, values, strict=True)) for values in found]
    return sorted(rows, key=lambda row: (row["moment_millis"], row["id"]))


def names_by_id(connection: Connection, table_name: str, column: str, ids: Collection[Id]) -> dict[Id, str]:
    """The present names of things."""
    select_from = f"SELECT id, {column} FROM {table_name}"  # noqa: S608 - the schema's names
    return {row[0]: row[1] for row in rows_by_key(connection, select_from, "id", sorted(ids))}


def lock_versions(connection: Connection, record_ids: Collection[RecordId]) -> dict[RecordId, int]:
    """The versions of those of these records that exist; nobody changes them until this transaction ends."""
    select_from = "SELECT id, version FROM inventory_lot_record"
    rows = WriteTransaction(connection).lock_to_change(select_from, "id", sorted(record_ids))
    return {row[0]: row[1] for row in rows}


def move_out(connection: Connection, record_ids: Sequence[RecordId], file_number: int) -> None:
    """Deletes existing records, and notes in which file they are."""
    write_many(connection, insert_of(archived_record), [(record_id, file_number) for record_id in record_ids])
    deleted = 0
    for chunk in chunks(sorted(record_ids)):
        statement = delete(inventory_lot_record).where(inventory_lot_record.c.id.in_(set(chunk)))
        deleted += connection.execute(statement).rowcount
    assert deleted == len(record_ids), f"{deleted} of {len(record_ids)} records deleted"


def lock_lots(connection: Connection, lot_ids: Collection[LotId]) -> None:
    """Locks lots: nobody decides on what is known of them until this transaction ends."""
    found = WriteTransaction(connection).lock("SELECT id FROM inventory_lot", "id", sorted(lot_ids))
    locked = sum(1 for _ in found)
    assert locked == len(lot_ids), f"{locked} of {len(lot_ids)} lots locked"


def move_in(connection: Connection, rows: Sequence[RecordRow], file_number: int) -> None:
    """Inserts the records of a file, which are in it no more: the opposite of `move_out`."""
    gone = 0
    for chunk in chunks(sorted(row["id"] for row in rows)):
        column = archived_record.c
        statement = delete(archived_record).where(column.id.in_(set(chunk)), column.file_number == file_number)
        gone += connection.execute(statement).rowcount
    assert gone == len(rows), f"{gone} of {len(rows)} records were archived"
    write_many(connection, insert_of(inventory_lot_record), [tuple(row[name] for name in _NAMES) for row in rows])
