"""The timelines that the decisions of one transaction look at, and how the records of these decisions change them."""

from collections.abc import Callable, Iterator, Mapping
from operator import setitem
from typing import Any, Final, TypeAlias

from lotkeeper_server.domain.keys import ArchiveKey, Missing, TimelineKey
from lotkeeper_server.domain.kinds import BETWEEN_LOTS
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import LocationId, LotId
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.domain.model.timeline import Timeline

Row: TypeAlias = tuple[LocationId, LotId]
Put: TypeAlias = Callable[[Any, Any, Any], None]
"""Puts a value at a key of a mapping, in a way that can be taken back."""
_REVERSED: Final = -1
"""In place of the end of a count that was reversed: before every moment."""


def changes_of(record: Record) -> Iterator[tuple[Row, int]]:
    """Which rows a completed record changed, and by how much, in millionths."""
    lot_id = LotId(record.lot.id)
    if (change := record.source_change_millionths) and record.source_location is not None:
        source_id = LocationId(record.source_location.id)
        yield (source_id, lot_id), change
        if record.lot_record_type in BETWEEN_LOTS and record.secondary_lot is not None:
            yield (source_id, LotId(record.secondary_lot.id)), -change
    if (change := record.destination_change_millionths) and record.destination_location is not None:
        yield (LocationId(record.destination_location.id), lot_id), change


class Timelines:
    """What is known of the past of rows, and of the archive.

    Attributes:
        by_row: what is loaded, with the changes of this transaction.
        knows_archive: whether `archived_until_millis` is loaded.
        archived_until_millis: the latest moment of an archived record; None where there is none.
    """

    __slots__ = ("archived_until_millis", "by_row", "knows_archive")

    def __init__(self) -> None:
        """Knows nothing yet."""
        self.by_row: dict[Row, Timeline] = {}
        self.knows_archive = False
        self.archived_until_millis: int | None = None

    def of(self, location_id: LocationId, lot_id: LotId, since_millis: int) -> Timeline:
        """The timeline of a row from a moment on, or from an earlier one.

        Raises:
            Missing: it is not loaded, or not from so early on.
        """
        if not self.has(location_id, lot_id, since_millis):
            raise Missing(TimelineKey(location_id, lot_id, since_millis))
        return self.by_row[location_id, lot_id]

    def has(self, location_id: LocationId, lot_id: LotId, since_millis: int) -> bool:
        """Whether `of` would find it."""
        known = self.by_row.get((location_id, lot_id))
        return known is not None and known.since_millis <= since_millis

    def archived_until(self) -> int | None:
        """The latest moment of an archived record; None where there is none.

        Raises:
            Missing: that is not loaded.
        """
        if not self.knows_archive:
            raise Missing(ArchiveKey())
        return self.archived_until_millis

    def accept_archive(self, until_millis: int | None) -> None:
        """Until when records are archived, as stored; it only grows."""
        self.knows_archive = True
        if until_millis is not None:
            self.archived_until_millis = max(until_millis, self.archived_until_millis or 0)

    def follow(self, before: Record | None, after: Record, put: Put) -> None:
        """A decision puts a record in the place of another, or of none: timelines change with it."""
        for row, timeline in self._touched(after):
            self._enter(timeline, row, before, after, put)

    def catch_up(self, before: Record | None, after: Record, loaded: Mapping[Row, int | None]) -> None:
        """The same for timelines that were loaded after the decision, as far as they were loaded then.

        Args:
            before: what was stored.
            after: what is to be written.
            loaded: rows, each with the moment until which its timeline was loaded; None for all of it.
        """
        for row, timeline in self._touched(after):
            if row in loaded:
                until = loaded[row]
                if until is None or (after.end_millis is not None and after.end_millis <= until):
                    self._enter(timeline, row, before, after, setitem)

    def _touched(self, after: Record) -> list[tuple[Row, Timeline]]:
        if after.status is not Status.COMPLETED:
            return []
        rows = {row for row, _ in changes_of(after)}
        if after.lot_record_type is LotRecordType.EDIT and after.source_location is not None:
            rows.add((LocationId(after.source_location.id), LotId(after.lot.id)))
        return [(row, self.by_row[row]) for row in rows if row in self.by_row]

    def _enter(self, timeline: Timeline, row: Row, before: Record | None, after: Record, put: Put) -> None:
        end = after.end_millis
        assert end is not None
        if end <= timeline.since_millis:
            return
        is_count = after.lot_record_type is LotRecordType.EDIT and after.reverses_record_id is None
        if before is None or before.status is not Status.COMPLETED:
            change = sum(millionths for touched, millionths in changes_of(after) if touched == row)
            if change:
                put(timeline, end, timeline.get(end, 0) + change)
        if is_count:
            put(timeline.counts, after.id, end if after.reversed_by_record_id is None else _REVERSED)
