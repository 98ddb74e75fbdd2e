"""Each inventory row knows its latest end: the latest end of the completed records that touched it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.progress import report

revision = "0007"
down_revision = "0006"

_PIECE: Final = 10_000
"""Rows that one statement reads or writes: no database is to wait for seconds for one answer."""
_COLUMN: Final = "latest_end_millis"
"""It may be there already, where a database makes columns outside of transactions and a migration was killed."""
_EDIT, _SPLIT, _MERGE = 10, 5, 6
_COMPLETED: Final = 3

_Row = tuple[bytes, bytes]
"""Location and lot."""


def upgrade() -> None:
    """Adds the column and fills it from the records. Holds the store's write lock, some 20 s for a million records.

    What is archived was over by the moment until which there are archived records; that is what rows with archived
    records get, where they have no later ones.
    """
    connection = op.get_bind()
    if not any(column["name"] == _COLUMN for column in sa.inspect(connection).get_columns("inventory")):
        op.add_column("inventory", sa.Column(_COLUMN, sa.BigInteger(), comment="of its completed records"))
    latest = _latest_of_archived(connection)
    _look_at_records(connection, latest)
    _write(connection, latest)


def _latest_of_archived(connection: sa.Connection) -> dict[_Row, int]:
    until = connection.execute(sa.text("SELECT until_millis FROM archive_state")).scalar()
    if until is None:
        return {}
    rows = connection.execute(sa.text("SELECT location_id, lot_id FROM opening_stock"))
    return {(bytes(location), bytes(lot)): int(until) for location, lot in rows}


def _look_at_records(connection: sa.Connection, latest: dict[_Row, int]) -> None:
    """An EDIT touches its row even if it changes nothing; of SPLIT and MERGE the secondary lot changes, too."""
    total = connection.execute(sa.text("SELECT COUNT(*) FROM inventory_lot_record")).scalar() or 0
    columns = (
        "id, lot_record_type, status, lot_id, secondary_lot_id, source_location_id, destination_location_id, "
        "source_quantity_change, destination_quantity_change, end_millis"
    )
    done = 0
    for piece in _pieces(connection, columns):
        for _, kind, status, lot, other, source, destination, at_source, at_destination, end in piece:
            if status != _COMPLETED:
                continue
            if source is not None and (at_source or kind == _EDIT):
                _raise(latest, source, lot, end)
                if kind in {_SPLIT, _MERGE} and other is not None:
                    _raise(latest, source, other, end)
            if destination is not None and at_destination:
                _raise(latest, destination, lot, end)
        done += len(piece)
        report("the ends of records are looked at", done, total)


def _pieces(connection: sa.Connection, columns: str) -> Iterator[Sequence[Sequence[Any]]]:
    text = sa.text(f"SELECT {columns} FROM inventory_lot_record WHERE id > :after ORDER BY id LIMIT {_PIECE}")  # noqa: S608
    after = b""
    while piece := connection.execute(text, {"after": after}).all():
        yield piece
        after = bytes(piece[-1][0])


def _raise(latest: dict[_Row, int], location: bytes, lot: bytes, end: int) -> None:
    row = (bytes(location), bytes(lot))
    if end > latest.get(row, -1):
        latest[row] = end


def _write(connection: sa.Connection, latest: dict[_Row, int]) -> None:
    """What touched no row, as an EDIT to 0 of what was not there, changes none here either."""
    text = sa.text("UPDATE inventory SET latest_end_millis = :end WHERE location_id = :location AND lot_id = :lot")
    rows = [{"end": end, "location": location, "lot": lot} for (location, lot), end in sorted(latest.items())]
    for at in range(0, len(rows), _PIECE):
        connection.execute(text, rows[at : at + _PIECE])
        report("rows of stock get their latest end", min(at + _PIECE, len(rows)), len(rows))
