"""Lists of records: by the moment of their end (of a RUNNING one its start), then by id."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, select, tuple_, union_all

from lotkeeper_server.domain.identifiers import ID_BYTES, Id, RecordId
from lotkeeper_server.domain.stock import Record
from lotkeeper_server.store.record_reading import read_records
from lotkeeper_server.store.tables import inventory_lot_record

_record = inventory_lot_record.c
_MOMENT_BYTES: Final = 8
KEY_BYTES: Final = _MOMENT_BYTES + ID_BYTES


@dataclass(slots=True)
class RecordFilter:
    """Which records: every condition holds.

    Attributes:
        conditions: on `inventory_lot_record`.
        lot_id: the primary or the secondary lot.
        from_millis: the moment is at or after this one.
        before_millis: the moment is before this one.
    """

    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    lot_id: Id | None = None
    from_millis: int | None = None
    before_millis: int | None = None


def list_records(
    connection: Connection, wanted: RecordFilter, after: bytes, limit: int, *, oldest_first: bool
) -> list[Record]:
    """A page of records.

    Args:
        connection: a snapshot.
        wanted: which records.
        after: the key of the last one of the page before, in a list of the same filter; empty for the first page.
        limit: at most so many.
        oldest_first: the exact reverse of the default order.
    """
    conditions = [*wanted.conditions, *_span(wanted, after, oldest_first=oldest_first)]
    if wanted.lot_id is None:
        query = _page(conditions, limit, oldest_first=oldest_first)
    else:
        # Two walks along an index each, merged, instead of one that can use neither.
        halves = [
            select(_page([*conditions, column == wanted.lot_id], limit, oldest_first=oldest_first).subquery())
            for column in (_record.lot_id, _record.secondary_lot_id)
        ]
        both = union_all(*halves).subquery()
        order = _directed([both.c.moment_millis, both.c.id], oldest_first=oldest_first)
        query = select(both.c.moment_millis, both.c.id).order_by(*order).limit(limit)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    records = read_records(connection, [row.id for row in rows])
    return [records[RecordId(row.id)] for row in rows]


def key_of(record: Record) -> bytes:
    """Where a record stands in the order of lists."""
    moment_millis = record.start_millis if record.end_millis is None else record.end_millis
    return moment_millis.to_bytes(_MOMENT_BYTES, "big", signed=True) + record.id


def _page(conditions: Sequence[ColumnElement[bool]], limit: int, *, oldest_first: bool) -> Select[Any]:
    order = _directed([_record.moment_millis, _record.id], oldest_first=oldest_first)
    return select(_record.moment_millis, _record.id).where(*conditions).order_by(*order).limit(limit)


def _directed(columns: Sequence[ColumnElement[Any]], *, oldest_first: bool) -> list[ColumnElement[Any]]:
    return [column if oldest_first else column.desc() for column in columns]


def _span(wanted: RecordFilter, after: bytes, *, oldest_first: bool) -> list[ColumnElement[bool]]:
    """From where to where the index is walked: at most one bound at each end.

    Where a page begins after a key, that key is the bound at its end. The filter's own bound there would say nothing
    new, and SQLite might walk from it, over all the pages before.
    """
    span: list[ColumnElement[bool]] = []
    if after:
        moment_millis = int.from_bytes(after[:_MOMENT_BYTES], "big", signed=True)
        here, there = tuple_(_record.moment_millis, _record.id), tuple_(moment_millis, after[_MOMENT_BYTES:])
        span.append(here > there if oldest_first else here < there)
    if wanted.from_millis is not None and not (after and oldest_first):
        span.append(_record.moment_millis >= wanted.from_millis)
    if wanted.before_millis is not None and not (after and not oldest_first):
        span.append(_record.moment_millis < wanted.before_millis)
    return span
