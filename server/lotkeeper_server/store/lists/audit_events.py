"""Lists of events: by when they occurred, then by id."""

from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.audit import AuditEvent
from lotkeeper_server.store.audit.entries import key_of, packed
from lotkeeper_server.store.audit.rows import AuditFilter, read_events
from lotkeeper_server.store.lists.conditions import IndexValues
from lotkeeper_server.store.lists.walking import Order, walk_page
from lotkeeper_server.store.schema.audit_tables import audit_event

_COLUMNS: Final = ("occurred_millis", "id")
_OLDEST_FIRST: Final = Order(audit_event.name, _COLUMNS)
_NEWEST_FIRST: Final = Order(audit_event.name, _COLUMNS, descending=True)


class AuditPage(NamedTuple):
    """A page of events, and the key after which the next one begins; empty on the last page."""

    events: list[AuditEvent]
    next_after: bytes


def list_events(
    connection: Connection,
    wanted: AuditFilter,
    moments: tuple[int | None, int | None],
    after: bytes,
    limit: int,
    *,
    oldest_first: bool,
) -> AuditPage:
    """A page of events.

    Args:
        connection: a snapshot.
        wanted: which events.
        moments: at or after the first one, before the second, milliseconds since the epoch; None leaves it open.
        after: the key after which it begins, of the page before in a list of the same filter; empty for the first one.
        limit: at most so many; it may hold fewer, or none, without being the last.
        oldest_first: the exact reverse of the default order.
    """
    begin, end = map(_edge, moments if oldest_first else reversed(moments))
    order = _OLDEST_FIRST if oldest_first else _NEWEST_FIRST
    page = walk_page(connection, order, wanted.conditions(), limit, key_of(after) if after else begin, end)
    events = read_events(connection, [(key[0], key[1]) for key in page.keys])
    next_after = b"" if page.next_after is None else packed([(page.next_after[0], page.next_after[1])])
    return AuditPage([events[key[0], key[1]] for key in page.keys], next_after)


def key_after(event: AuditEvent) -> bytes:
    """The place of an event in the order of lists."""
    return packed([(event.occurred_millis, event.id)])


def _edge(moment_millis: int | None) -> IndexValues | None:
    """Right before every event of a moment."""
    return None if moment_millis is None else (moment_millis, b"")
