"""Loads how the stock of rows changed by moments, and keeps long timelines from one batch to the next.

To read a week of a busy row takes a second, in which nobody else's call is decided on the embedded store. So a long
timeline that was read once is kept in memory, and when it is wanted again only the moments are read that records have
changed since.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.keys import TimelineKey
from lotkeeper_server.domain.kinds import BETWEEN_LOTS
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import LocationId, LotId, RecordId
from lotkeeper_server.domain.model.timeline import Timeline
from lotkeeper_server.domain.timelines import Row
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.archived import read_archive_state
from lotkeeper_server.store.db.statements import chunks, fetch
from lotkeeper_server.store.staged.visible import and_visible

KEPT_MOMENTS_MIN: Final = 1_000
"""A shorter timeline is read in a few milliseconds, and not kept."""
KEPT_MOMENTS_MAX: Final = 2_000_000
"""In all that are kept, some 50 bytes each; beyond it those that were used the longest ago go."""
RECORDS_FOLLOWED_MAX: Final = 20_000
"""Records of whatever rows since a timeline was kept; where there are more it is read again."""

_LARGEST: Final = 2**63 - 1
_MOMENT_AND_CHANGE: Final = itemgetter(1, 2)
_BETWEEN: Final = ", ".join(str(int(one)) for one in sorted(BETWEEN_LOTS))
_SPAN: Final = "AND r.moment_millis > ? AND r.moment_millis <= ?"
# Of the primary lot at either place, then of the secondary lot, which changes at the source by the opposite.
_OF_PRIMARY: Final = (
    "SELECT r.lot_id, r.moment_millis, "  # noqa: S608 - constants
    "CASE WHEN r.source_location_id = ? THEN r.source_quantity_change ELSE 0 END "
    "+ CASE WHEN r.destination_location_id = ? THEN r.destination_quantity_change ELSE 0 END "
    f"FROM inventory_lot_record AS r WHERE r.status = {Status.COMPLETED:d} "
    f"AND (r.source_location_id = ? OR r.destination_location_id = ?) {_SPAN} AND r.lot_id IN ({{lots}}){{shown}}"
)
_OF_SECONDARY: Final = (
    "SELECT r.secondary_lot_id, r.moment_millis, -r.source_quantity_change "  # noqa: S608 - constants
    f"FROM inventory_lot_record AS r WHERE r.status = {Status.COMPLETED:d} AND r.lot_record_type IN ({_BETWEEN}) "
    f"AND r.source_location_id = ? {_SPAN} AND r.secondary_lot_id IN ({{lots}}){{shown}}"
)
_COUNTS: Final = (
    "SELECT r.lot_id, r.id, r.moment_millis "  # noqa: S608 - constants
    f"FROM inventory_lot_record AS r WHERE r.status = {Status.COMPLETED:d} AND r.lot_record_type = "
    f"{LotRecordType.EDIT:d} AND r.reverses_record_id IS NULL AND r.reversed_by_record_id IS NULL "
    f"AND r.source_location_id = ? {_SPAN} AND r.lot_id IN ({{lots}}){{shown}}"
)
_SINCE: Final = (
    "SELECT n.lot_id, n.secondary_lot_id, n.moment_millis, n.reverses_record_id FROM ("  # noqa: S608 - constants
    "SELECT r.lot_id, r.secondary_lot_id, r.moment_millis, r.reverses_record_id FROM inventory_lot_record AS r "
    f"WHERE r.status = {Status.COMPLETED:d} AND r.effect_order > ?{{shown}} ORDER BY r.effect_order LIMIT ?) AS n"
)
_ORDER: Final = "SELECT changed_order FROM inventory WHERE location_id = ? AND lot_id = ?"


class _Kept(NamedTuple):
    """A timeline as it was once a record had taken effect on its row."""

    changed_order: int
    timeline: Timeline


class KeptTimelines:
    """Long timelines of one user of a store, between its transactions.

    A transaction borrows them, and changes them with its decisions. They come back when it was committed; otherwise
    they are read again one day.
    """

    def __init__(self) -> None:
        """Keeps nothing yet."""
        self._kept: OrderedDict[Row, _Kept] = OrderedDict()
        self._moments = 0

    def borrow(self, connection: Connection, row: Row) -> Timeline | None:
        """A timeline as the store has it now; None if it is not kept, or better read again.

        Args:
            connection: of a transaction that has locked the lot.
            row: of which.
        """
        kept = self._kept.pop(row, None)
        if kept is None:
            return None
        self._moments -= len(kept.timeline)
        stored = fetch(connection, _ORDER, row)
        if not stored:
            return None
        return kept.timeline if _has_followed(connection, row, kept, stored[0][0]) else None

    def give_back(self, state: WorkingSet) -> None:
        """Keeps what a transaction has used, once it was committed."""
        until_millis = state.timelines.archived_until_millis
        for row, timeline in state.timelines.by_row.items():
            if (length := len(timeline)) < KEPT_MOMENTS_MIN:
                continue
            if until_millis is not None and timeline.since_millis < until_millis:
                continue  # it may lack archived records, which may be put back
            if (stock := state.stock_row(*row)) is not None:
                self._kept[row] = _Kept(stock.changed_order, timeline)
                self._moments += length
        while self._moments > KEPT_MOMENTS_MAX:
            _, gone = self._kept.popitem(last=False)
            self._moments -= len(gone.timeline)


def _has_followed(connection: Connection, row: Row, kept: _Kept, stored_order: int) -> bool:
    """Reads again the moments of records that have touched the row since; False where these are too many to look for.

    Every record that touches a row takes effect after the latest one that did.
    """
    if stored_order == kept.changed_order:
        return True
    text = _SINCE.format(shown=and_visible(connection, "inventory_lot_record", "r"))
    later = fetch(connection, text, (kept.changed_order, RECORDS_FOLLOWED_MAX + 1))
    if len(later) > RECORDS_FOLLOWED_MAX:
        return False
    location_id, lot_id = row
    timeline, moments = kept.timeline, set()
    for one, other, moment, reverses in later:
        if lot_id in (one, other) and moment > timeline.since_millis:
            moments.add(moment)
            if reverses is not None:
                timeline.counts.pop(reverses, None)
    latest = timeline.latest_millis
    spans: list[tuple[int, int | None]] = [(moment - 1, moment) for moment in moments if moment <= latest]
    if len(spans) < len(moments):
        spans.append((latest, None))
    for after, until in spans:
        changes, counts = _read(connection, location_id, [lot_id], after, until)
        for moment, change in sorted(changes[lot_id].items()):
            timeline[moment] = change
        timeline.counts.update(counts[lot_id])
    return True


def load_timelines(
    connection: Connection, state: WorkingSet, keys: Collection[TimelineKey], kept: KeptTimelines | None
) -> None:
    """Brings timelines into a working set; their lots are locked.

    Args:
        connection: a transaction.
        state: which gets them.
        keys: rows, each with the moment after which everything is wanted.
        kept: where long ones may be; None where nothing is kept.
    """
    since: dict[Row, int] = {}
    for key in keys:
        row = (key.location_id, key.lot_id)
        since[row] = min(key.since_millis, since.get(row, key.since_millis))
    by_row = state.timelines.by_row
    for row in since:
        if kept is not None and row not in by_row and (borrowed := kept.borrow(connection, row)) is not None:
            by_row[row] = borrowed
            state.note_own_changes({row: None})
    reads: dict[tuple[LocationId, int, int | None], list[LotId]] = defaultdict(list)
    for (location_id, lot_id), begin in since.items():
        known = by_row.get((location_id, lot_id))
        if known is None or begin < known.since_millis:
            reads[location_id, begin, None if known is None else known.since_millis].append(lot_id)
    loaded: dict[Row, int | None] = {}
    for (location_id, begin, until), lots in reads.items():
        changes, counts = _read(connection, location_id, sorted(lots), begin, until)
        for lot_id in lots:
            row = (location_id, lot_id)
            loaded[row] = until
            in_order = sorted(changes[lot_id].items())
            if row in by_row:
                by_row[row].extend_back(begin, in_order, counts[lot_id].items())
            else:
                by_row[row] = Timeline(begin, in_order, counts[lot_id].items())
    if loaded:
        state.note_own_changes(loaded)
    load_archive(connection, state)  # behind the records: what has been archived meanwhile is before that moment


def load_archive(connection: Connection, state: WorkingSet) -> None:
    """Brings in until when records are archived."""
    state.timelines.accept_archive(read_archive_state(connection).until_millis)


def _read(
    connection: Connection, location_id: LocationId, lots: Collection[LotId], after: int, until: int | None
) -> tuple[Mapping[LotId, dict[int, int]], Mapping[LotId, dict[RecordId, int]]]:
    """The changes of lots at a location by moment, and their counts that hold, after one moment and until another."""
    changes: dict[LotId, dict[int, int]] = defaultdict(dict)
    counts: dict[LotId, dict[RecordId, int]] = defaultdict(dict)
    is_alone = len(lots) == 1
    last = _LARGEST if until is None else until
    shown = and_visible(connection, "inventory_lot_record", "r")
    for chunk in chunks(list(lots)):
        marks = {"lots": ", ".join("?" for _ in chunk), "shown": shown}
        span = (after, last, *chunk)
        _add(changes, fetch(connection, _OF_PRIMARY.format(**marks), (location_id,) * 4 + span), is_alone=is_alone)
        _add(changes, fetch(connection, _OF_SECONDARY.format(**marks), (location_id, *span)), is_alone=is_alone)
        for lot_id, record_id, moment in fetch(connection, _COUNTS.format(**marks), (location_id, *span)):
            counts[lot_id][record_id] = moment
    return changes, counts


def _add(changes: dict[LotId, dict[int, int]], rows: Sequence[Sequence[Any]], *, is_alone: bool) -> None:
    """Adds changes, each with its lot and its moment; records of one moment are summed. `is_alone`: all of one lot."""
    if is_alone and rows:
        alone = dict(map(_MOMENT_AND_CHANGE, rows))
        if len(alone) == len(rows) and not changes[rows[0][0]]:  # a quarter of the time
            changes[rows[0][0]] = alone
            return
    for lot_id, moment, change in rows:
        of_lot = changes[lot_id]
        of_lot[moment] = of_lot.get(moment, 0) + change
