"""Entries of the feed of records, positions in it, and filters, for every way in which a store keeps their order."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id, RecordId
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.store.state.records import read_records

_VERSION_BYTES: Final = 1
_ORDER_BYTES: Final = 8


class FeedPosition(NamedTuple):
    """A place after one record of the feed and before the next; only positions of one store can be compared.

    Attributes:
        version: of the store's way of ordering records.
        order: the place of a record, or of several.
        within: which of several with the same place; it has the same length in every position of a version.
    """

    version: int
    order: int
    within: bytes

    def to_bytes(self) -> bytes:
        """The position as bytes, for a token that outlives the process."""
        return bytes([self.version]) + self.order.to_bytes(_ORDER_BYTES, "big", signed=True) + self.within

    @staticmethod
    def from_bytes(raw: bytes, beginning: "FeedPosition") -> "FeedPosition | None":
        """The position.

        Args:
            raw: bytes that may be a position.
            beginning: before all others of its version.

        Returns:
            None if the bytes are not a position of the same version.
        """
        head = _VERSION_BYTES + _ORDER_BYTES
        if len(raw) != head + len(beginning.within) or raw[0] != beginning.version:
            return None
        order = int.from_bytes(raw[_VERSION_BYTES:head], "big", signed=True)
        position = FeedPosition(raw[0], order, raw[head:])
        return position if position >= beginning else None


class FeedEntry(NamedTuple):
    """A record of the feed with what filters need, as columns of its table.

    Attributes:
        position: right after it.
    """

    position: FeedPosition
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


ENTRY_COLUMNS: Final = FeedEntry._fields[1:]
"""The columns that are read of a record, in order."""


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which records of the feed are wanted; they must meet every criterion.

    Checked entry by entry, not in SQL: so the same filter works for entries that all watchers share, and each read has
    a limit.

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


class Kept(Enum):
    """Checks that what comes after a position is still in the store."""

    ALL = "all"
    SO_FAR = "so far"
    """Checks only as far as the next read of the feed goes."""
    NOT_ALL = "not all"


EVERYTHING: Final = FeedFilter(None, {}, frozenset(), None)


class FeedPage(NamedTuple):
    """The result of a read of the feed.

    Attributes:
        entries: those that are wanted, in order.
        records: the full records of these.
        end: how far it walked, matching or not.
        more: whether the walk ended before the feed did.
    """

    entries: list[FeedEntry]
    records: list[Record]
    end: FeedPosition
    more: bool


Step = tuple[FeedPosition, FeedEntry | None]
"""One step along the feed; without an entry if its record is not in the store any more."""
Walk = Generator[Step, None, None]


def page_of(
    connection: Connection, walk: Walk, after: FeedPosition, wanted: FeedFilter, records_max: int, walk_max: int
) -> FeedPage:
    """The wanted records of a walk.

    Args:
        connection: the snapshot to walk through.
        walk: its steps, `walk_max` at most.
        after: where it begins.
        wanted: which records.
        records_max: after so many the walk ends.
        walk_max: a walk of so many steps may have ended before the feed did.
    """
    entries: list[FeedEntry] = []
    walked, end = 0, after
    with closing(walk):
        for position, entry in walk:
            walked, end = walked + 1, position
            if entry is not None and wanted.matches(entry):
                entries.append(entry)
                if len(entries) == records_max:
                    break
    records = read_records(connection, [entry.id for entry in entries])
    more = walked == walk_max or len(entries) == records_max
    return FeedPage(entries, [records[entry.id] for entry in entries], end, more)
