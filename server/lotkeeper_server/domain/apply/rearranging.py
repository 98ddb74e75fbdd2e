"""Steps 12 to 16 for what only actions do: MOVE, SPLIT, MERGE, EDIT and STATUS_CHANGE."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from lotkeeper_server.domain.apply import storing
from lotkeeper_server.domain.apply.checking import checked_quantity, unit_of, whole_fall
from lotkeeper_server.domain.apply.in_time import check_fall, counted_stock, insufficient, row_that_gives
from lotkeeper_server.domain.apply.records import (
    Movement,
    check_quantity,
    complete,
    edited_once,
    move_stock,
    raise_total,
)
from lotkeeper_server.domain.apply.single_lot import check_single_lot
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.kinds import Effect
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.stock import Lot, Record
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import WorkingSet


def _move(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Stock falls at the source and rises at the destination, by its capacity and strategy; no total changes."""
    lot, source, destination = action.the_lot, action.place, action.destination
    assert destination is not None
    if not destination.keeps_stock:  # it leaves the plant, like by SHIP
        lots.check_usable(lot, action.kind, action.end_millis)
    quantity = whole_fall(state, action, lot, checked_quantity(state, action, lot))
    may_fall_below = source.allow_negative_inventory
    row = row_that_gives(state, source, lot, quantity, action.end_millis, context, below_zero=may_fall_below)
    action.inventory_name = action.inventory_name or row.name
    merges = storing.Merges()
    if destination.keeps_stock:
        merges = storing.check_rise(state, destination, lot, quantity, action.end_millis, context)
    movement = Movement(
        action.kind.record,
        lot,
        None,
        action.quantity_millionths,
        action.unit,
        source,
        destination,
        lot_quantity=quantity,
        source_change=-quantity,
        destination_change=quantity if destination.keeps_stock else 0,
        order_floor=max(row.changed_order, merges.order_floor),
    )
    record = complete(state, action, movement, context, None)
    move_stock(state, source.id, lot, -quantity, record)
    if not destination.keeps_stock:
        return [record]
    return [record, *storing.store(state, action, destination, lot, quantity, record, merges, context, None)]


def _split(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Part of a lot becomes the new lot; stock never falls below zero."""
    lot, new_lot, location = action.the_lot, action.secondary_lot, action.place
    assert new_lot is not None
    quantity = whole_fall(state, action, lot, checked_quantity(state, action, lot))
    row = row_that_gives(state, location, lot, quantity, action.end_millis, context, below_zero=False)
    check_single_lot(state, location, new_lot.id, {lot.id: -quantity}, also_where_merged=True)
    movement = Movement(
        action.kind.record,
        lot,
        new_lot,
        action.quantity_millionths,
        action.unit,
        location,
        None,
        lot_quantity=quantity,
        source_change=-quantity,
        lot_total_change=quantity,
        order_floor=row.changed_order,
    )
    record = complete(state, action, movement, context, None)
    move_stock(state, location.id, lot, -quantity, record)
    new_lot = raise_total(state, new_lot, quantity, record)
    move_stock(state, location.id, new_lot, quantity, record, name=action.inventory_name)
    return [record]


def _merge(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """All stock of the secondary lot there goes into the primary one; the secondary is closed if it has none left."""
    receiving, merged, location = action.the_lot, action.secondary_lot, action.place
    assert merged is not None
    storing.check_merge(location, receiving, merged, action.end_millis)
    may_fall_below = location.allow_negative_inventory
    row = row_that_gives(state, location, merged, None, action.end_millis, context, below_zero=may_fall_below)
    receiving_row = state.stock_row(location.id, receiving.id)
    check_quantity(row.millionths + (receiving_row.millionths if receiving_row else 0))
    rows_of_merged = state.rows_of_lot(merged.id)
    floor = max(row.changed_order, receiving_row.changed_order if receiving_row else 0)
    closes = all(other.millionths == 0 for other in rows_of_merged if other.location_id != location.id)
    record = storing.merge_one(
        state, action, location, receiving, merged, row.millionths, context, None, floor, closes=closes
    )
    if closes:
        state.put_lot(_with_status(merged, LotStatus.CLOSED, record, action, context))
    return [record]


def _set(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """EDIT: makes the stock of its moment the quantity; the change, which the record says, takes effect now."""
    lot, location = action.the_lot, action.place
    quantity = checked_quantity(state, action, lot)
    if not location.keeps_stock:
        raise Refused(insufficient(state, location, lot, 0, quantity, action.end_millis))
    row = state.stock_row(location.id, lot.id)
    old = row.millionths if row else 0
    change = quantity - counted_stock(state, location, lot, row, action.end_millis, context)
    new = check_quantity(old + change)
    if change < 0 and not location.allow_negative_inventory:
        check_fall(state, location, lot, row, -change, action.end_millis, context)
    if change > 0:
        check_quantity(lot.total_millionths + change)
        storing.check_capacity(state, location, lot, change, max(new, 0) - max(old, 0))  # step 14
        if new > 0:
            check_single_lot(state, location, lot.id, {}, also_where_merged=True)
    movement = Movement(
        action.kind.record,
        lot,
        None,
        check_quantity(change),
        unit_of(state, lot),
        location,
        None,
        lot_quantity=change,
        source_change=change,
        lot_total_change=max(change, 0),
        order_floor=row.changed_order if row else 0,
    )
    record = complete(state, action, movement, context, None)
    if change > 0:
        lot = raise_total(state, lot, change, record)
    if change != 0 or row is not None:
        move_stock(state, location.id, lot, change, record, name=action.inventory_name if change > 0 else "")
    return [record]


def _change_status(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Sets any status, whatever it was; the same one again makes a record, but no edit."""
    lot, status = action.the_lot, action.lot_status
    assert status is not None
    movement = Movement(action.kind.record, replace(lot, status=status), None, 0, unit_of(state, lot), None, None)
    record = complete(state, action, movement, context, None)
    if status is not lot.status:
        state.put_lot(_with_status(lot, status, record, action, context))
    return [record]


def _with_status(lot: Lot, status: LotStatus, record: Record, action: Action, context: Context) -> Lot:
    """Returns the lot after an edit of its status."""
    return replace(
        lot,
        status=status,
        closed_millis=context.now_millis if status is LotStatus.CLOSED else None,
        changed_order=record.effect_order,
        common=edited_once(lot, action, context),
    )


REARRANGEMENTS: Final[dict[Effect, Callable[[WorkingSet, Action, Context], list[Record]]]] = {
    Effect.MOVE: _move,
    Effect.SPLIT: _split,
    Effect.MERGE: _merge,
    Effect.SET: _set,
    Effect.CHANGE_STATUS: _change_status,
}
"""The function for each of their effects; all of them write their records, in order."""
