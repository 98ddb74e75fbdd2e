"""Writes events, in the transaction of what they tell of."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.audit import COMMAND_FIELDS, AuditEvent, CommandEvent
from lotkeeper_server.store.audit.entries import packed
from lotkeeper_server.store.audit.rows import read_events
from lotkeeper_server.store.db.statements import Write, insert_of
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.audit_tables import audit_event, audit_pending

INSERT_EVENT: Final = insert_of(audit_event)
INSERT_COMMAND_EVENT: Final = Write(audit_event, tuple(audit_event.columns)[:COMMAND_FIELDS])
"""The other columns have defaults: each column that is given costs an execute 0.1 µs."""
EVENTS_PER_ROW: Final = 1_000
"""Of `audit_feed` and `audit_pending`."""
_INSERT_PENDING: Final = insert_of(audit_pending)
_APPEND: Final = "INSERT INTO audit_feed (number, entries) SELECT COALESCE(MAX(number), 0) + 1, ? FROM audit_feed"


def write_events(tx: WriteTransaction, events: Sequence[AuditEvent]) -> None:
    """Adds events, and their place in the order of watchers.

    Where one transaction writes at a time, that is the order of commits; elsewhere it is given after the commit.

    Args:
        tx: what they tell of, too.
        events: with ids that no others have.
    """
    if events:
        tx.write_many(INSERT_EVENT, events)
        _place(tx, events)


def write_event(connection: Connection, event: AuditEvent) -> None:
    """Adds one."""
    write_events(WriteTransaction(connection), [event])


def write_missing_events(connection: Connection, events: Sequence[AuditEvent]) -> None:
    """Adds those that are not there yet: what was written before, and whose commit was not answered, is not again."""
    there = read_events(connection, [(event.occurred_millis, event.id) for event in events])
    missing = [event for event in events if (event.occurred_millis, event.id) not in there]
    write_events(WriteTransaction(connection), missing)


def write_command_events(tx: WriteTransaction, events: Sequence[CommandEvent]) -> None:
    """Adds events of commands, like `write_events`."""
    if events:
        tx.write_many(INSERT_COMMAND_EVENT, events)
        _place(tx, events)


def _place(tx: WriteTransaction, events: Sequence[AuditEvent | CommandEvent]) -> None:
    for at in range(0, len(events), EVENTS_PER_ROW):
        part = events[at : at + EVENTS_PER_ROW]
        entries = packed([event[:2] for event in part])
        if tx.capabilities.numbers_after_commit:
            tx.write_many(_INSERT_PENDING, [(part[0][1], entries)])
        else:
            tx.execute(_APPEND, (entries,))
