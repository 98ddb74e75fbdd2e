"""What is archived, for reads and decisions: nothing here opens a file."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id, RecordId
from lotkeeper_server.store.db.statements import fetch, rows_by_columns, rows_by_key
from lotkeeper_server.store.schema.archive_tables import opening_stock


class ArchiveState(NamedTuple):
    """How far records are archived.

    Attributes:
        files: how many files there ever were, each one transaction; also those whose records were put back.
        until_millis: the latest moment of an archived record; None where there is none.
    """

    files: int
    until_millis: int | None


_STATE: Final = "SELECT files, until_millis FROM archive_state WHERE id = 1"
_NOTHING: Final = ArchiveState(0, None)


def read_archive_state(connection: Connection) -> ArchiveState:
    """Reads it in a snapshot."""
    rows = fetch(connection, _STATE)
    return ArchiveState(*rows[0]) if rows else _NOTHING


def count_files(connection: Connection) -> int:
    """How many files there are now."""
    return int(fetch(connection, "SELECT COUNT(*) FROM archive_file")[0][0])


def archived_among(connection: Connection, record_ids: Collection[RecordId]) -> set[RecordId]:
    """Those of these ids whose records are in a file now."""
    return {row[0] for row in rows_by_key(connection, "SELECT id FROM archived_record", "id", sorted(record_ids))}


def archived_references(connection: Connection, identifiers: Collection[Id]) -> dict[Id, int]:
    """How many archived records refer to each of these things; things without any are left out."""
    select = "SELECT id, records FROM archived_reference"
    return {row[0]: row[1] for row in rows_by_key(connection, select, "id", sorted(identifiers))}


def opening_stocks(connection: Connection, keys: Collection[tuple[Id, Id]]) -> dict[tuple[Id, Id], int]:
    """The sums of archived records, in millionths, for the rows that they touched, by location and lot."""
    columns = ("location_id", "lot_id", "quantity")
    rows = rows_by_columns(connection, columns, opening_stock, columns[:2], sorted(keys))
    return {(location_id, lot_id): quantity for location_id, lot_id, quantity in rows}


def archived_since(connection: Connection, record_ids: Collection[RecordId], files: int) -> bool:
    """Whether any of these records was archived in files after the first so many."""
    select = "SELECT file_number FROM archived_record"
    return any(row[0] > files for row in rows_by_key(connection, select, "id", sorted(record_ids)))


def archived_after(connection: Connection, effect_order: int, record_id: bytes, files: int) -> bool:
    """Whether records after a position of the feed were archived in files after the first so many."""
    text = (
        "SELECT 1 FROM archive_file WHERE number > ? "
        "AND (feed_order > ? OR feed_order = ? AND feed_record_id > ?) LIMIT 1"
    )
    return bool(fetch(connection, text, (files, effect_order, effect_order, record_id)))
