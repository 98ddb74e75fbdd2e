"""Stock in time: no moment of a row is taken below zero, and a count speaks of its own moment (step 13).

What comes last, as nearly all does, asks nothing beyond the row itself. Moments before the archive are not looked at:
nobody can ask for the stock of then.
"""

from collections.abc import Iterable

from lotkeeper_server.domain.apply.checking import unit_of
from lotkeeper_server.domain.apply.records import check_quantity
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import Key, Missing, TimelineKey
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.definitions import Location
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Lot, StockRow
from lotkeeper_server.domain.refusals import AsOfArchived, CountSuperseded, InsufficientInventory, Refused
from lotkeeper_server.domain.working_set import WorkingSet


def comes_last(row: StockRow | None, end_millis: int, context: Context) -> bool:
    """Whether an end is looked at as if it came after all that is known of a row: it does, or clocks may differ so."""
    if row is None or row.latest_end_millis is None:
        return True
    return end_millis + context.backdating_tolerance_millis > row.latest_end_millis


def available_from(state: WorkingSet, row: StockRow, end_millis: int, context: Context) -> int:
    """The least stock of a row from a moment on, in millionths of the lot's unit.

    Raises:
        Missing: its timeline.
    """
    if comes_last(row, end_millis, context):
        return row.millionths
    timeline = state.timelines.of(row.location_id, row.lot_id, end_millis)
    return timeline.least(row.millionths, _known_from(state, end_millis)).millionths


def need_timelines(state: WorkingSet, rows: Iterable[StockRow], end_millis: int, context: Context) -> None:
    """Asks for all timelines that these rows will be asked for, so that one load brings them all.

    Raises:
        Missing: those that are not loaded.
    """
    missing: list[Key] = [
        TimelineKey(row.location_id, row.lot_id, end_millis)
        for row in rows
        if not comes_last(row, end_millis, context) and not state.timelines.has(row.location_id, row.lot_id, end_millis)
    ]
    if missing:
        raise Missing(*missing)


def check_fall(
    state: WorkingSet,
    location: Location,
    lot: Lot,
    row: StockRow | None,
    fall: int,
    end_millis: int,
    context: Context,
    *,
    rises_before: int = 0,
) -> None:
    """Step 13: refuses a fall that takes any moment from its end on below zero.

    Args:
        state: what is there.
        location: where the stock falls.
        lot: whose stock falls.
        row: its row there; None where there is none, or none can be.
        fall: millionths of the lot's unit.
        end_millis: the end of the fall.
        context: has the tolerance for clocks that differ.
        rises_before: by how much the same call raises the row first.

    Raises:
        Refused: INSUFFICIENT_INVENTORY with the first moment that would be below zero.
        Missing: the row's timeline.
    """
    available = (row.millionths if row else 0) + rises_before
    latest = row.latest_end_millis if row else None
    if row is None or latest is None or end_millis + context.backdating_tolerance_millis > latest:  # `comes_last`
        if available < fall:
            at = end_millis if latest is None else max(end_millis, latest)
            raise Refused(insufficient(state, location, lot, available, fall, at))
        return
    timeline = state.timelines.of(location.id, lot.id, end_millis)
    begin = _known_from(state, end_millis)
    least = timeline.least(available, begin).millionths
    if least < fall:
        raise Refused(
            insufficient(state, location, lot, least, fall, timeline.first_below(available, begin, fall) or begin)
        )


def counted_stock(
    state: WorkingSet, location: Location, lot: Lot, row: StockRow | None, end_millis: int, context: Context
) -> int:
    """The stock that a count at a moment is compared with: that of the moment, in millionths of the lot's unit.

    Args:
        state: what is there.
        location: where is counted.
        lot: that is counted.
        row: its row there; None where there is none.
        end_millis: the moment.
        context: has the tolerance for clocks that differ; within it the stock is that of now.

    Raises:
        Refused: COUNT_SUPERSEDED by a later count, AS_OF_ARCHIVED before the archive.
        Missing: what is not loaded.
    """
    latest = None if row is None else row.latest_end_millis
    is_latest = latest is None or latest <= end_millis
    if end_millis < context.now_millis and (is_latest or not comes_last(row, end_millis, context)):
        archived_until = state.timelines.archived_until()
        if archived_until is not None and end_millis < archived_until:
            raise Refused(AsOfArchived(oldest=rfc3339(archived_until)).at("end_date_millis"))
    if row is not None and is_latest:
        return row.millionths
    # A count of 0 where nothing ever was leaves a record, but makes no row that would know of it.
    timeline = state.timelines.of(location.id, lot.id, end_millis)
    later = timeline.first_count_after(end_millis)
    if later is not None:
        record_id, at = later
        raise Refused(CountSuperseded(inventory_lot_record_id=format_id(record_id), at_moment=rfc3339(at)))
    if row is None:
        return 0
    if comes_last(row, end_millis, context):
        return row.millionths
    return timeline.least(row.millionths, end_millis).stock_then


def row_that_gives(
    state: WorkingSet,
    location: Location,
    lot: Lot,
    fall: int | None,
    end_millis: int,
    context: Context,
    *,
    below_zero: bool,
) -> StockRow:
    """Step 13 for what needs stock there: returns the row that a quantity leaves.

    Args:
        state: what is there.
        location: where it leaves; if no stock is kept there, none can leave.
        lot: whose stock it is.
        fall: millionths of the lot's unit; None for all that is above zero now.
        end_millis: when it leaves.
        context: has the tolerance for clocks that differ.
        below_zero: whether stock may fall below zero.

    Raises:
        Refused: INSUFFICIENT_INVENTORY, QUANTITY_OVERFLOW.
        Missing: what is not loaded.
    """
    row = state.stock_row(location.id, lot.id) if location.keeps_stock else None
    available = row.millionths if row else 0
    if fall is None and available <= 0:
        raise Refused(insufficient(state, location, lot, available, None, end_millis))
    if not (below_zero and location.keeps_stock):
        check_fall(state, location, lot, row, available if fall is None else fall, end_millis, context)
    if fall is not None:
        check_quantity(available - fall)
    return row or StockRow(location.id, lot.id, lot.material_id, 0, "", None, 0, None, None, 0, None)


def _known_from(state: WorkingSet, end_millis: int) -> int:
    """The moment from which stock is looked at: the end, or where records begin that are not archived."""
    archived_until = state.timelines.archived_until()
    return end_millis if archived_until is None else max(end_millis, archived_until)


def insufficient(
    state: WorkingSet, location: Location, lot: Lot, available: int, requested: int | None, at_millis: int
) -> InsufficientInventory:
    """Step 13's refusal, in the lot's unit, with the first moment at which there is too little."""
    unit = unit_of(state, lot)
    return InsufficientInventory(
        lot=lot.name,
        location=location.path,
        available=decimal_text(available),
        requested=None if requested is None else decimal_text(requested),
        unit=unit.symbol if unit else None,
        at_moment=rfc3339(at_millis),
    )
