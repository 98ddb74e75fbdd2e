"""Lists of records: by the moment of their end (of a RUNNING one its start), then by id."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id, RecordId
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.store.lists.conditions import (
    Condition,
    IndexValues,
    LocationFilter,
    PartialIndex,
    among,
    at_location,
    equal,
    in_either,
)
from lotkeeper_server.store.lists.walking import Order, walk_page
from lotkeeper_server.store.schema.tables import inventory_lot_record
from lotkeeper_server.store.state.records import read_records

_MOMENT_BYTES: Final = 8
KEY_BYTES: Final = _MOMENT_BYTES + ID_BYTES
_NOT_COMPLETED: Final = PartialIndex("ix_inventory_lot_record_status", f"status <> {Status.COMPLETED:d}")
_COLUMNS: Final = ("moment_millis", "id")
_ENDS: Final = ("source_location_id", "destination_location_id")
_OLDEST_FIRST: Final = Order(inventory_lot_record.name, _COLUMNS)
_NEWEST_FIRST: Final = Order(inventory_lot_record.name, _COLUMNS, descending=True)


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records are wanted; they meet all of it.

    Attributes:
        lot_id: the primary or the secondary lot; None for any.
        references: by column of `inventory_lot_record`, the id that it must hold.
        types: the record's type is one of these numbers; empty for any.
        statuses: its status is one of these numbers; empty for any.
        location: the source or the destination; None for any.
        from_millis: the moment is at or after this one.
        before_millis: the moment is before this one.
    """

    lot_id: Id | None = None
    references: Mapping[str, Id] = field(default_factory=dict)
    types: Collection[int] = ()
    statuses: Collection[int] = ()
    location: LocationFilter | None = None
    from_millis: int | None = None
    before_millis: int | None = None

    def conditions(self, connection: Connection) -> list[Condition]:
        """The conditions on `inventory_lot_record`, without the moments."""
        conditions = [equal(column, identifier) for column, identifier in self.references.items()]
        if self.lot_id is not None:
            conditions.append(in_either(("lot_id", "secondary_lot_id"), self.lot_id))
        if self.types:
            conditions.append(among("lot_record_type", self.types))
        if self.location is not None:
            conditions.append(at_location(connection, _ENDS, self.location))
        if self.statuses:
            conditions.append(in_status(self.statuses))
        return conditions


class RecordPage(NamedTuple):
    """A page of records, and the key after which the next one begins; empty on the last page."""

    records: list[Record]
    next_after: bytes


def in_status(statuses: Collection[int]) -> Condition:
    """Records with one of some statuses; nearly all are completed, so these have no index of their own."""
    return among("status", statuses, indexed=Status.COMPLETED not in statuses, within=_NOT_COMPLETED)


def list_records(
    connection: Connection, wanted: RecordFilter, after: bytes, limit: int, *, oldest_first: bool
) -> RecordPage:
    """A page of records.

    Args:
        connection: a snapshot.
        wanted: which records.
        after: the key after which it begins, of the page before in a list of the same filter; empty for the first one.
        limit: at most so many; it may hold fewer, or none, without being the last.
        oldest_first: the exact reverse of the default order.
    """
    begin, end = _edge(wanted.from_millis), _edge(wanted.before_millis)
    if not oldest_first:
        begin, end = end, begin
    begin = _key(after) if after else begin
    order = _OLDEST_FIRST if oldest_first else _NEWEST_FIRST
    page = walk_page(connection, order, wanted.conditions(connection), limit, begin, end)
    records = read_records(connection, [key[1] for key in page.keys])
    found = [records[RecordId(key[1])] for key in page.keys]
    return RecordPage(found, b"" if page.next_after is None else _text(*page.next_after))


def key_of(record: Record) -> bytes:
    """The place of a record in the order of lists."""
    return _text(record.start_millis if record.end_millis is None else record.end_millis, record.id)


def _edge(moment_millis: int | None) -> IndexValues | None:
    """Right before every record of a moment."""
    return None if moment_millis is None else (moment_millis, b"")


def _text(moment_millis: int, record_id: bytes) -> bytes:
    return moment_millis.to_bytes(_MOMENT_BYTES, "big", signed=True) + record_id


def _key(text: bytes) -> IndexValues:
    return int.from_bytes(text[:_MOMENT_BYTES], "big", signed=True), text[_MOMENT_BYTES:]
