"""Completed records in the order in which they took effect: what watchers follow.

How the order is kept depends on whether several transactions write at a time; outside of these modules positions are
opaque.
"""

from typing import Protocol

from sqlalchemy import Connection

from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.feed.by_effect import FeedByEffect
from lotkeeper_server.store.feed.by_number import FeedByNumber
from lotkeeper_server.store.feed.entries import FeedFilter, FeedPage, FeedPosition, Kept

__all__ = ["Kept", "RecordFeed", "record_feed_of"]


class RecordFeed(Protocol):
    """The feed of one kind of store."""

    @property
    def beginning(self) -> FeedPosition:
        """The position before the first record."""

    def position_of(self, raw: bytes) -> FeedPosition | None:
        """The position with these bytes; None if they are not a position, or one of another kind of store."""

    def latest_position(self, connection: Connection) -> FeedPosition:
        """The position after the latest record of a snapshot."""

    def is_ahead(self, connection: Connection, position: FeedPosition) -> bool:
        """Whether a position comes after everything that the store of a snapshot ever had."""

    def kept_behind(self, connection: Connection, position: FeedPosition, files: int) -> Kept:
        """Whether no record after a position was archived in files after the first so many."""

    def read_after(
        self, connection: Connection, after: FeedPosition, wanted: FeedFilter, records_max: int, walk_max: int
    ) -> FeedPage:
        """The next wanted records of a snapshot.

        Args:
            connection: a snapshot.
            after: where the last read ended.
            wanted: which records.
            records_max: at most so many.
            walk_max: how many it may pass at most, wanted or not.
        """


def record_feed_of(store: Store) -> RecordFeed:
    """The feed of a store."""
    return FeedByNumber() if store.capabilities.numbers_after_commit else FeedByEffect()
