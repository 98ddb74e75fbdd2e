"""Events in the order that watchers see: each row of `audit_feed` was committed after those before it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.audit import AuditEvent
from lotkeeper_server.store.audit.entries import KEY_BYTES, Key, unpacked
from lotkeeper_server.store.audit.rows import read_events
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.feed.entries import FeedPosition

VERSION: Final = 3
"""Of positions; those of records are others."""
EVENTS_PER_READ: Final = 256
_WITHIN_BYTES: Final = 4
_ROWS_PER_READ: Final = 64
_LATEST: Final = "SELECT number, LENGTH(entries) FROM audit_feed ORDER BY number DESC LIMIT 1"
_OLDEST: Final = "SELECT number FROM audit_feed ORDER BY number LIMIT 1"
_AFTER: Final = (
    # A look at the end of the feed does not read its last row again.
    "SELECT number, entries FROM audit_feed WHERE number >= ? AND (number > ? OR LENGTH(entries) > ?) "
    "ORDER BY number LIMIT ?"
)


class AuditSteps(NamedTuple):
    """Some of the feed.

    Attributes:
        events: each with the position right after it; without those that were archived meanwhile.
        end: how far it was read.
        is_whole: whether nothing in between was archived.
    """

    events: Sequence[tuple[FeedPosition, AuditEvent]]
    end: FeedPosition
    is_whole: bool


class AuditFeed:
    """The feed of events. A position: a row's number, and how many of its events come before."""

    beginning: Final = FeedPosition(VERSION, 0, bytes(_WITHIN_BYTES))

    def position_of(self, raw: bytes) -> FeedPosition | None:
        """The position with these bytes; None if they are none."""
        return FeedPosition.from_bytes(raw, self.beginning)

    def latest_position(self, connection: Connection) -> FeedPosition:
        """The position after the latest event of a snapshot."""
        rows = fetch(connection, _LATEST)
        return _position(rows[0][0], rows[0][1] // KEY_BYTES) if rows else self.beginning

    def is_kept_behind(self, connection: Connection, position: FeedPosition) -> bool:
        """Whether no event after a position was archived; archiving leaves the latest row."""
        oldest = fetch(connection, _OLDEST)
        return not oldest or oldest[0][0] <= max(position.order, 1)

    def kept_since(self, connection: Connection) -> int:
        """When the oldest event occurred that is in the store, milliseconds since the epoch; 0 where there is none."""
        rows = fetch(connection, "SELECT occurred_millis FROM audit_event ORDER BY occurred_millis LIMIT 1")
        return int(rows[0][0]) if rows else 0

    def read_after(self, connection: Connection, after: FeedPosition) -> AuditSteps:
        """The next events of a snapshot."""
        passed = int.from_bytes(after.within, "big")
        places: list[tuple[FeedPosition, Key]] = []
        rows = fetch(connection, _AFTER, (after.order, after.order, passed * KEY_BYTES, _ROWS_PER_READ))
        is_whole = not rows or after == self.beginning or rows[0][0] <= after.order + 1
        for number, entries in rows:
            first = passed if number == after.order else 0
            keys = unpacked(entries)
            places += [(_position(number, at), keys[at - 1]) for at in range(first + 1, len(keys) + 1)]
            if len(places) >= EVENTS_PER_READ:
                break
        places = places[:EVENTS_PER_READ]
        events = read_events(connection, [key for _, key in places])
        steps = [(position, events[key]) for position, key in places if key in events]
        return AuditSteps(steps, places[-1][0] if places else after, is_whole)


def _position(number: int, passed: int) -> FeedPosition:
    return FeedPosition(VERSION, number, passed.to_bytes(_WITHIN_BYTES, "big"))
