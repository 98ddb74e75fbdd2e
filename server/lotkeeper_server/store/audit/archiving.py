"""Old events leave the store: read in order, and deleted together with their place in the order of watchers."""

from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.audit import AuditEvent
from lotkeeper_server.store.audit.entries import Key, unpacked
from lotkeeper_server.store.db.statements import beyond, execute, fetch

_FEED_ROWS: Final = 20_000
"""At most so many rows of the feed go with one chunk of events."""
_OLDEST: Final = (
    f"SELECT {', '.join(AuditEvent._fields)} FROM audit_event WHERE occurred_millis < ? "  # noqa: S608 - the schema's own names
    "ORDER BY occurred_millis, id LIMIT ?"
)


def read_oldest(connection: Connection, before_millis: int, limit: int) -> list[AuditEvent]:
    """The oldest events from before a moment."""
    return [AuditEvent(*row) for row in fetch(connection, _OLDEST, (before_millis, limit))]


def delete_until(connection: Connection, last: Key) -> int:
    """Deletes all events up to one, it included; how many there were."""
    where, parameters = beyond(connection, ("occurred_millis", "id"), "<=", last)
    return execute(connection, f"DELETE FROM audit_event WHERE {where}", parameters)  # noqa: S608


def shorten_feed(connection: Connection, last: Key) -> None:
    """Deletes the first rows of the feed that name nothing after an event; the latest row stays, so numbers go on."""
    rows = fetch(
        connection,
        "SELECT number, entries FROM audit_feed WHERE number < (SELECT MAX(number) FROM audit_feed) "
        "ORDER BY number LIMIT ?",
        (_FEED_ROWS,),
    )
    gone = 0
    for number, entries in rows:
        if max(unpacked(entries)) > last:
            break
        gone = number
    if gone:
        execute(connection, "DELETE FROM audit_feed WHERE number <= ?", (gone,))
