"""Numbers for completed records where several transactions write at a time, given after their commit.

A number taken inside a transaction may become visible after a higher one, and a reader along the numbers would miss it.
So a transaction only leaves the ids of what it completed (`feed_pending`), and the holder of the lease (the row of
`feed_lease`, locked for one transaction) appends everything pending to the feed. There are no sequences and no advisory
locks: where locks do not reach other nodes, two of them both write the lease, and one is refused.

Records that share a row, for example a lot's, come in the order of that row's versions. The later one's transaction has
read the row as the earlier one committed it. If both are pending, `effect_order` decides, which is above that of the
row that was read. If not, the earlier one was numbered before: a snapshot that has the later one has it, too. That is
why everything pending is numbered at once, and never only a part.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import ID_BYTES, RecordId
from lotkeeper_server.store.db.commit_marks import drop_old_marks
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.statements import chunks, fetch, insert_of
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.audit_tables import audit_feed
from lotkeeper_server.store.schema.coordination_tables import feed, feed_pending

Value = TypeVar("Value")
RECORDS_PER_PENDING_ROW: Final = 1_000
RECORDS_PER_FEED_ROW: Final = 500
_ORDER_BYTES: Final = 8
_ENTRY_BYTES: Final = _ORDER_BYTES + ID_BYTES
_INSERT_PENDING: Final = insert_of(feed_pending)
_INSERT_FEED: Final = insert_of(feed)
_INSERT_EVENTS: Final = insert_of(audit_feed)
_ANY_PENDING: Final = (
    "SELECT 1 FROM store_state WHERE EXISTS (SELECT 1 FROM feed_pending) OR EXISTS (SELECT 1 FROM audit_pending)"
)
_PENDING: Final = "SELECT id, entries FROM feed_pending"


def leave_pending(connection: Connection, completed: Sequence[tuple[int, RecordId]]) -> None:
    """Notes what this transaction completed, to be numbered; does nothing where one transaction writes at a time.

    Args:
        connection: a write transaction.
        completed: effect order and id of each record; no record is ever completed twice.
    """
    tx = WriteTransaction(connection)
    if completed and tx.capabilities.numbers_after_commit:
        rows = [
            (part[0][1], b"".join([order.to_bytes(_ORDER_BYTES, "big") + record_id for order, record_id in part]))
            for part in _parts(completed, RECORDS_PER_PENDING_ROW)
        ]
        tx.write_many(_INSERT_PENDING, rows)


def pending_ids(connection: Connection) -> set[bytes]:
    """What is pending now, to find out later whether it is numbered."""
    return {row[0] for row in fetch(connection, "SELECT id FROM feed_pending UNION ALL SELECT id FROM audit_pending")}


def pending_records(connection: Connection) -> set[RecordId]:
    """The completed records that are not in the feed yet."""
    return {RecordId(record_id) for _, record_id in _entries(row[1] for row in fetch(connection, _PENDING))}


def number_pending(store: Store, now_millis: int) -> int | None:
    """Appends everything pending to its feed; returns how many records and events, or None if another process does so.

    Raises:
        StoreError: StoreContention where another process did so at the same time.
    """
    with store.write(Locking.SKIP) as connection:
        tx = WriteTransaction(connection)
        if not tx.fetch(_ANY_PENDING):
            return 0
        if (number := _take_lease(tx)) is None:
            return None
        # Read while the lease is held: what its last holder numbered is not pending any more.
        pending = tx.fetch(_PENDING)
        record_ids = [record_id for _, record_id in sorted(_entries(row[1] for row in pending))]
        rows = [
            (number + at, b"".join(part), now_millis)
            for at, part in enumerate(_parts(record_ids, RECORDS_PER_FEED_ROW))
        ]
        tx.write_many(_INSERT_FEED, rows)
        tx.execute("UPDATE feed_lease SET next_number = ? WHERE id = 1", (number + len(rows),))
        _delete(tx, "feed_pending", [row[0] for row in pending])
        events = _number_events(tx)
    return len(record_ids) + events


def _number_events(tx: WriteTransaction) -> int:
    """Appends the pending events to theirs; the lease is held. The order among them is that of their ids."""
    pending = tx.fetch("SELECT id, entries FROM audit_pending ORDER BY id")
    if not pending:
        return 0
    (last,) = tx.fetch("SELECT COALESCE(MAX(number), 0) FROM audit_feed")
    tx.write_many(_INSERT_EVENTS, [(last[0] + at, entries) for at, (_, entries) in enumerate(pending, 1)])
    _delete(tx, "audit_pending", [row[0] for row in pending])
    return len(pending)


def _delete(tx: WriteTransaction, table: str, ids: Sequence[bytes]) -> None:
    deleted = 0
    for part in chunks(ids):
        places = ", ".join("?" for _ in part)
        deleted += tx.execute(f"DELETE FROM {table} WHERE id IN ({places})", tuple(part))  # noqa: S608
    assert deleted == len(ids), f"{deleted} of {len(ids)} rows of {table} deleted"


def drop_marks(store: Store, now_millis: int) -> None:
    """Deletes the marks of old transactions, unless another process is doing so.

    Raises:
        StoreError: where it cannot be done now.
    """
    with store.write(Locking.SKIP) as connection:
        if _take_lease(WriteTransaction(connection)) is not None:
            drop_old_marks(connection, now_millis)


def _take_lease(tx: WriteTransaction) -> int | None:
    """Takes the lease until this transaction ends: the feed's next number; None if another transaction holds it."""
    rows = list(tx.lock_to_change("SELECT next_number FROM feed_lease", "id", [1]))
    return rows[0][0] if rows else None


def _entries(packed: Iterable[bytes]) -> list[tuple[int, bytes]]:
    return [
        (int.from_bytes(entries[at : at + _ORDER_BYTES], "big"), entries[at + _ORDER_BYTES : at + _ENTRY_BYTES])
        for entries in packed
        for at in range(0, len(entries), _ENTRY_BYTES)
    ]


def _parts(values: Sequence[Value], count_max: int) -> list[Sequence[Value]]:
    return [values[at : at + count_max] for at in range(0, len(values), count_max)]
