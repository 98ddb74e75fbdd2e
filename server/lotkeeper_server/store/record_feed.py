"""Completed records in the order in which they took effect: what watchers follow.

On the embedded store one transaction writes at a time, and each begins by reading the latest order number, so numbers
rise in commit order across all processes: the feed is a walk along the index of `effect_order`. Records from before
that index may share a number; the id decides among them. Positions are opaque outside of this module.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.identifiers import ID_BYTES, Id, RecordId
from lotkeeper_server.domain.stock import Record
from lotkeeper_server.store.dialects import dialect_of
from lotkeeper_server.store.record_reading import read_records
from lotkeeper_server.store.statements import fetch
from lotkeeper_server.store.tables import inventory_lot_record

_VERSION: Final = b"\x01"
"""The first byte of a position: a store that numbers otherwise writes another one."""
_ORDER_BYTES: Final = 8


class FeedPosition(NamedTuple):
    """Behind one record of the feed, and before the next."""

    effect_order: int
    record_id: bytes

    def to_bytes(self) -> bytes:
        """For a token that outlives the process."""
        return _VERSION + self.effect_order.to_bytes(_ORDER_BYTES, "big", signed=True) + self.record_id

    @staticmethod
    def from_bytes(raw: bytes) -> "FeedPosition | None":
        """The position; None where the bytes are none."""
        if len(raw) != len(_VERSION) + _ORDER_BYTES + ID_BYTES or not raw.startswith(_VERSION):
            return None
        order, record_id = raw[len(_VERSION) : -ID_BYTES], raw[-ID_BYTES:]
        position = FeedPosition(int.from_bytes(order, "big", signed=True), record_id)
        return position if position >= BEGINNING else None


BEGINNING: Final = FeedPosition(-1, bytes(ID_BYTES))


class FeedEntry(NamedTuple):
    """A record of the feed with what it is filtered by, as columns of its table."""

    effect_order: int
    id: RecordId
    lot_record_type: int
    lot_id: Id
    secondary_lot_id: Id | None
    source_location_id: Id | None
    destination_location_id: Id | None
    material_id: Id
    inventory_operation_id: Id | None
    production_order_id: Id | None
    material_reason_code_id: Id | None

    @property
    def position(self) -> FeedPosition:
        """Right behind it."""
        return FeedPosition(self.effect_order, self.id)


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which records of the feed are wanted; every criterion holds.

    Looked at entry by entry, not in SQL: so that the same filter holds for entries that all watchers share, and each
    read walks no further than it was told.

    Attributes:
        lot_id: the primary or the secondary lot; None for any.
        references: by column, the id that it must hold.
        types: the record's type is one of these numbers; empty for any.
        locations: the source or the destination is one of these; None for any.
    """

    lot_id: Id | None
    references: Mapping[str, Id]
    types: frozenset[int]
    locations: frozenset[bytes] | None

    def matches(self, entry: FeedEntry) -> bool:
        """Whether the entry is wanted."""
        if self.types and entry.lot_record_type not in self.types:
            return False
        if self.lot_id is not None and self.lot_id not in {entry.lot_id, entry.secondary_lot_id}:
            return False
        if self.locations is not None and self.locations.isdisjoint(
            (entry.source_location_id, entry.destination_location_id)
        ):
            return False
        return all(getattr(entry, column) == identifier for column, identifier in self.references.items())


EVERYTHING: Final = FeedFilter(None, {}, frozenset(), None)


class FeedPage(NamedTuple):
    """What a read of the feed brings.

    Attributes:
        entries: those that are wanted, in order.
        records: the same ones in full.
        end: as far as was walked, matching or not.
        more: whether the walk ended before the feed did.
    """

    entries: list[FeedEntry]
    records: list[Record]
    end: FeedPosition
    more: bool


_FEED: Final = "FROM inventory_lot_record WHERE status = 3"
_LATEST: Final = f"SELECT effect_order, id {_FEED} ORDER BY effect_order DESC, id DESC LIMIT 1"
_columns = ", ".join(str(inventory_lot_record.c[name].name) for name in FeedEntry._fields)
_AFTER: Final = f"SELECT {_columns} {_FEED} AND (effect_order, id) > (?, ?) ORDER BY effect_order, id LIMIT ?"


def latest_position(connection: Connection) -> FeedPosition:
    """Behind the latest record of a snapshot."""
    rows = fetch(connection, _LATEST)
    return FeedPosition(*rows[0]) if rows else BEGINNING


def read_after(
    connection: Connection, after: FeedPosition, wanted: FeedFilter, records_max: int, walk_max: int
) -> FeedPage:
    """The next wanted records of a snapshot.

    Args:
        connection: a snapshot.
        after: where the read before has ended.
        wanted: which records.
        records_max: at most so many.
        walk_max: and past at most so many, wanted or not.
    """
    entries: list[FeedEntry] = []
    walked, end = 0, after
    for entry in _walk(connection, after, walk_max):
        walked, end = walked + 1, entry.position
        if wanted.matches(entry):
            entries.append(entry)
            if len(entries) == records_max:
                break
    records = read_records(connection, [entry.id for entry in entries])
    more = walked == walk_max or len(entries) == records_max
    return FeedPage(entries, [records[entry.id] for entry in entries], end, more)


def _walk(connection: Connection, after: FeedPosition, walk_max: int) -> Iterator[FeedEntry]:
    """Rows as they are asked for: whoever has enough stops, and what follows is not read."""
    dialect = dialect_of(connection)
    cursor = dialect.cursor(connection)
    try:
        cursor.execute(dialect.text(_AFTER), (*after, walk_max))
        while (row := cursor.fetchone()) is not None:
            yield FeedEntry(*row)
    finally:
        cursor.close()
