"""The feed of a store on which one transaction writes at a time: a walk along the index of `effect_order`.

Each transaction begins by reading the latest order number, so numbers rise in commit order across all processes.
Records from before that index may share a number; then the id decides.
"""

from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import ID_BYTES
from lotkeeper_server.store.archived import archived_after
from lotkeeper_server.store.db.dialects import dialect_of
from lotkeeper_server.store.db.statements import fetch
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

VERSION: Final = 1
_LARGEST: Final = 2**63 - 1
_FEED: Final = (
    "FROM inventory_lot_record WHERE status = 3 "  # noqa: S608 - a constant
    f"AND effect_order < COALESCE((SELECT first_order FROM staged_import), {_LARGEST})"
)
"""It ends before the records of an import that is not there yet, so nobody can be past them when they are."""
LATEST: Final = f"SELECT effect_order, id {_FEED} ORDER BY effect_order DESC, id DESC LIMIT 1"
ARCHIVED: Final = (
    # The last one of all may be archived; if it is put back, it comes no second time.
    "SELECT feed_order, feed_record_id FROM archive_file ORDER BY feed_order DESC, feed_record_id DESC LIMIT 1"
)
AFTER: Final = (
    f"SELECT effect_order, {', '.join(ENTRY_COLUMNS)} {_FEED} AND (effect_order, id) > (?, ?) "
    "ORDER BY effect_order, id LIMIT ?"
)


class FeedByEffect:
    """The feed; its methods do what `record_feed.RecordFeed` says."""

    beginning: Final = FeedPosition(VERSION, -1, bytes(ID_BYTES))

    def position_of(self, raw: bytes) -> FeedPosition | None:
        """Does what `RecordFeed.position_of` says."""
        return FeedPosition.from_bytes(raw, self.beginning)

    def latest_position(self, connection: Connection) -> FeedPosition:
        """Does what `RecordFeed.latest_position` says."""
        places = [*fetch(connection, LATEST), *fetch(connection, ARCHIVED)]
        return max([self.beginning, *(FeedPosition(VERSION, order, bytes(within)) for order, within in places)])

    def is_ahead(self, connection: Connection, position: FeedPosition) -> bool:
        """Does what `RecordFeed.is_ahead` says."""
        archived = fetch(connection, "SELECT feed_order FROM archive_state WHERE id = 1")
        latest = (self.latest_position(connection).order, *(int(row[0]) for row in archived))
        return position.order > max(latest)

    def kept_behind(self, connection: Connection, position: FeedPosition, files: int) -> Kept:
        """Does what `RecordFeed.kept_behind` says."""
        lost = archived_after(connection, position.order, position.within, files)
        return Kept.NOT_ALL if lost else Kept.ALL

    def read_after(
        self, connection: Connection, after: FeedPosition, wanted: FeedFilter, records_max: int, walk_max: int
    ) -> FeedPage:
        """Does what `RecordFeed.read_after` says."""
        return page_of(connection, _walk(connection, after, walk_max), after, wanted, records_max, walk_max)


def _walk(connection: Connection, after: FeedPosition, walk_max: int) -> Walk:
    """Rows one by one: a caller that has enough stops, and the rest is not read."""
    dialect = dialect_of(connection)
    cursor = dialect.cursor(connection)
    try:
        cursor.execute(dialect.text(AFTER), (after.order, after.within, walk_max))
        while (row := cursor.fetchone()) is not None:
            position = FeedPosition(VERSION, row[0], row[1])
            yield position, FeedEntry(position, *row[1:])
    finally:
        cursor.close()
