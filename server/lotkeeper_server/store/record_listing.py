"""Lists of records: by the moment of their end (of a RUNNING one its start), then by id."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select, tuple_, union_all

from lotkeeper_server.domain.identifiers import ID_BYTES, Id, RecordId
from lotkeeper_server.domain.stock import Record
from lotkeeper_server.store.record_reading import read_records
from lotkeeper_server.store.tables import inventory_lot_record

_record = inventory_lot_record.c
_MOMENT_BYTES: Final = 8
KEY_BYTES: Final = _MOMENT_BYTES + ID_BYTES


@dataclass(slots=True)
class RecordFilter:
    """Which records: every condition holds; a lot is the primary or the secondary one."""

    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    lot_id: Id | None = None


def list_records(
    connection: Connection, wanted: RecordFilter, after: bytes, limit: int, *, oldest_first: bool
) -> list[Record]:
    """A page of records.

    Args:
        connection: a snapshot.
        wanted: which records.
        after: the key of the last one of the page before; empty for the first page.
        limit: at most so many.
        oldest_first: the exact reverse of the default order.
    """
    conditions = [*wanted.conditions, *_beyond(after, oldest_first=oldest_first)]
    if wanted.lot_id is None:
        query = _page(conditions, limit, oldest_first=oldest_first)
    else:
        # Two walks along an index each, merged, instead of one that can use neither.
        halves = [
            select(_page([*conditions, column == wanted.lot_id], limit, oldest_first=oldest_first).subquery())
            for column in (_record.lot_id, _record.secondary_lot_id)
        ]
        both = union_all(*halves).subquery()
        order = [both.c.moment_millis, both.c.id]
        query = select(both.c.moment_millis, both.c.id).order_by(*_directed(order, oldest_first)).limit(limit)
    ids = [RecordId(row.id) for row in connection.execute(query)]
    records = read_records(connection, ids)
    return [records[record_id] for record_id in ids]


def key_of(record: Record) -> bytes:
    """Where a record stands in the order of lists."""
    moment = record.start_millis if record.end_millis is None else record.end_millis
    return moment.to_bytes(_MOMENT_BYTES, "big") + record.id


def _page(conditions: Sequence[ColumnElement[bool]], limit: int, *, oldest_first: bool) -> Any:
    order = _directed([_record.moment_millis, _record.id], oldest_first)
    return select(_record.moment_millis, _record.id).where(*conditions).order_by(*order).limit(limit)


def _directed(columns: Sequence[Any], oldest_first: bool) -> list[Any]:
    return [column if oldest_first else column.desc() for column in columns]


def _beyond(after: bytes, *, oldest_first: bool) -> list[ColumnElement[bool]]:
    if not after:
        return []
    moment, record_id = int.from_bytes(after[:_MOMENT_BYTES], "big"), after[_MOMENT_BYTES:]
    here = tuple_(_record.moment_millis, _record.id)
    there = tuple_(moment, record_id)
    return [here > there if oldest_first else here < there]
