"""The feed of a store on which several transactions write at a time: records in the order in which they were numbered.

`feed_numbering` gives the numbers. A row of `feed` holds the ids of records, one after the other, and never changes.
Each was committed after the one before it, so a snapshot that has one has all before it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id, RecordId
from lotkeeper_server.store.archived import archived_since
from lotkeeper_server.store.db.statements import fetch, rows_by_key
from lotkeeper_server.store.feed.entries import (
    ENTRY_COLUMNS,
    FeedEntry,
    FeedFilter,
    FeedPage,
    FeedPosition,
    Kept,
    Walk,
    page_of,
)

VERSION: Final = 2
ROWS_PER_READ: Final = 32
ENTRIES_PER_READ: Final = 128
_WITHIN_BYTES: Final = 4
LATEST: Final = "SELECT number, LENGTH(entries) FROM feed ORDER BY number DESC LIMIT 1"
AFTER: Final = (
    # A look at the end of the feed does not read its last row again.
    "SELECT number, entries FROM feed WHERE number >= ? AND (number > ? OR LENGTH(entries) > ?) ORDER BY number LIMIT ?"
)
_ENTRIES: Final = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM inventory_lot_record"  # noqa: S608 - the schema's own names


class FeedByNumber:
    """The feed, like `record_feed.RecordFeed`. A position: a row's number, and how many of its records come before."""

    beginning: Final = FeedPosition(VERSION, 0, bytes(_WITHIN_BYTES))

    def position_of(self, raw: bytes) -> FeedPosition | None:
        """Does what `RecordFeed.position_of` says."""
        return FeedPosition.from_bytes(raw, self.beginning)

    def latest_position(self, connection: Connection) -> FeedPosition:
        """Does what `RecordFeed.latest_position` says."""
        rows = fetch(connection, LATEST)
        return _position(rows[0][0], rows[0][1] // ID_BYTES) if rows else self.beginning

    def is_ahead(self, connection: Connection, position: FeedPosition) -> bool:
        """Does what `RecordFeed.is_ahead` says."""
        ((next_number,),) = fetch(connection, "SELECT next_number FROM feed_lease WHERE id = 1")
        return bool(position.order >= next_number)

    def kept_behind(self, connection: Connection, position: FeedPosition, files: int) -> Kept:
        """Does what `RecordFeed.kept_behind` says, for as many records as a read passes."""
        places = list(islice(_places(connection, position), limits.WATCH_WALK_PER_READ_MAX + 1))
        if archived_since(connection, [record_id for _, record_id in places], files):
            return Kept.NOT_ALL
        return Kept.SO_FAR if len(places) > limits.WATCH_WALK_PER_READ_MAX else Kept.ALL

    def read_after(
        self, connection: Connection, after: FeedPosition, wanted: FeedFilter, records_max: int, walk_max: int
    ) -> FeedPage:
        """Does what `RecordFeed.read_after` says."""
        return page_of(connection, _walk(connection, after, walk_max), after, wanted, records_max, walk_max)


def _position(number: int, passed: int) -> FeedPosition:
    return FeedPosition(VERSION, number, passed.to_bytes(_WITHIN_BYTES, "big"))


def _walk(connection: Connection, after: FeedPosition, walk_max: int) -> Walk:
    """Entries one by one, read some at a time."""
    places: list[tuple[FeedPosition, RecordId]] = []
    left = walk_max
    for place in _places(connection, after):
        places.append(place)
        left -= 1
        if len(places) == ENTRIES_PER_READ or not left:
            yield from _steps(connection, places)
            places = []
        if not left:
            return
    yield from _steps(connection, places)


def _steps(connection: Connection, places: Sequence[tuple[FeedPosition, RecordId]]) -> Walk:
    rows = {row[0]: row for row in rows_by_key(connection, _ENTRIES, "id", [record_id for _, record_id in places])}
    for position, record_id in places:
        row = rows.get(record_id)
        yield position, None if row is None else FeedEntry(position, *row)


def _places(connection: Connection, after: FeedPosition) -> Iterator[tuple[FeedPosition, RecordId]]:
    """Ids of records with the positions after them."""
    number, passed = after.order, int.from_bytes(after.within, "big")
    rows: Sequence[Sequence[object]] = [()] * ROWS_PER_READ
    while len(rows) == ROWS_PER_READ:
        rows = fetch(connection, AFTER, (number, number, passed * ID_BYTES, ROWS_PER_READ))
        for row_number, entries in rows:
            assert isinstance(row_number, int)
            assert isinstance(entries, bytes)
            first = passed if row_number == number else 0
            number, passed = row_number, len(entries) // ID_BYTES
            for index in range(first, passed):
                yield _position(number, index + 1), RecordId(Id(entries[index * ID_BYTES : (index + 1) * ID_BYTES]))
