"""Writes events, in the transaction of what they tell of."""

from collections.abc import Sequence
from typing import Final, TypeVar

from lotkeeper_server.domain.model.audit import AuditEvent, CommandEvent
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id
from lotkeeper_server.store.db.statements import Write, insert_of
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.audit_tables import audit_event, audit_pending

Event = TypeVar("Event", AuditEvent, CommandEvent)
INSERT_EVENT: Final = insert_of(audit_event)
INSERT_COMMAND_EVENT: Final = Write(audit_event, tuple(audit_event.columns)[: len(CommandEvent._fields)])
"""The other columns have defaults: each column that is given costs an execute 0.1 µs."""
EVENTS_PER_PENDING_ROW: Final = 1_000
_INSERT_PENDING: Final = insert_of(audit_pending)
_LATEST: Final = "SELECT id FROM audit_event ORDER BY id DESC LIMIT 1"


def write_events(tx: WriteTransaction, events: Sequence[AuditEvent]) -> None:
    """Adds events; it is the last that a transaction writes.

    Where one transaction writes at a time, the order of ids is the order of commits: that is what watchers follow.
    Elsewhere events are numbered after the commit.

    Args:
        tx: what they tell of, too.
        events: in the order of their ids.
    """
    if events:
        tx.write_many(INSERT_EVENT, _placed(tx, events))


def write_command_events(tx: WriteTransaction, events: Sequence[CommandEvent]) -> None:
    """Adds events of commands, like `write_events`."""
    if events:
        tx.write_many(INSERT_COMMAND_EVENT, _placed(tx, events))


def _placed(tx: WriteTransaction, events: Sequence[Event]) -> Sequence[Event]:
    """The events, with a place in the order of watchers."""
    if tx.capabilities.numbers_after_commit:
        parts = [events[at : at + EVENTS_PER_PENDING_ROW] for at in range(0, len(events), EVENTS_PER_PENDING_ROW)]
        tx.write_many(_INSERT_PENDING, [(part[0].id, b"".join([event.id for event in part])) for part in parts])
        return events
    latest = tx.fetch(_LATEST)
    return _after(latest[0][0], events) if latest and events[0].id <= latest[0][0] else events


def _after(latest: bytes, events: Sequence[Event]) -> Sequence[Event]:
    """With ids that follow one that another process has given: within a millisecond, or by a clock that is ahead."""
    first = int.from_bytes(latest, "big") + 1
    return [event._replace(id=Id((first + at).to_bytes(ID_BYTES, "big"))) for at, event in enumerate(events)]
