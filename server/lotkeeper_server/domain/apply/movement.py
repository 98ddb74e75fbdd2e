"""Steps 12 to 16: an action is applied to stock. It does not matter who asks, or what it was resolved from."""

from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Final

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.apply import single_lot, storing
from lotkeeper_server.domain.apply.checking import (
    check_whole,
    checked_factor,
    checked_quantity,
    unit_of,
    whole_fall,
)
from lotkeeper_server.domain.apply.in_time import check_fall, need_timelines
from lotkeeper_server.domain.apply.picking import pick
from lotkeeper_server.domain.apply.rearranging import REARRANGEMENTS
from lotkeeper_server.domain.apply.records import (
    Movement,
    check_count,
    check_quantity,
    complete,
    move_stock,
    raise_total,
)
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import Key, LotRowsKey, QueueKey, StockKey
from lotkeeper_server.domain.kinds import Effect, Kind, Secondary
from lotkeeper_server.domain.model.conversion import converted
from lotkeeper_server.domain.model.definitions import Location, Unit
from lotkeeper_server.domain.model.enumerations import LotUseStrategy
from lotkeeper_server.domain.model.genealogy import genealogy_key
from lotkeeper_server.domain.model.identifiers import LocationId, LotId, MaterialId, ProductionOrderId
from lotkeeper_server.domain.model.stock import Lot, Record, StockRow
from lotkeeper_server.domain.refusals import Refused, UnitNotConvertible
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import QUEUE_LENGTH_FIRST, WorkingSet


def apply(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Moves the stock and writes the records, in order.

    Raises:
        Refused: by the first step that fails.
        Missing: for what is not loaded yet.
    """
    return EFFECTS[action.kind.effect](state, action, context)


def main_index(action: Action, records: list[Record]) -> int | None:
    """Which of an action's records is the record of the call; None where none was written."""
    if not records:
        return None
    return action.kind.main_index


def _falls(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Steps 12 to 16 for stock that falls at the source: of one lot, or of the picked lots."""
    lot = action.lot
    if lot is None:
        return _picked_falls(state, action, context)
    quantity = whole_fall(state, action, lot, checked_quantity(state, action, lot))
    return [_fall(state, action, lot, action.quantity_millionths, quantity, context, action.running)]


def _fall(
    state: WorkingSet,
    action: Action,
    lot: Lot,
    asked_millionths: int,
    in_lot_unit: int,
    context: Context,
    running: Record | None,
    unit: Unit | None = None,
) -> Record:
    """Steps 13 and 16 for stock that falls: it leaves one location."""
    location = action.place
    movement = Movement(
        action.kind.record,
        lot,
        action.secondary_lot,
        asked_millionths,
        unit or action.unit,
        action.source,
        action.destination,
        lot_quantity=in_lot_unit,
    )
    moves = location.keeps_stock and in_lot_unit != 0
    if moves:
        row = state.stock_row(location.id, lot.id)
        if not location.allow_negative_inventory:
            check_fall(state, location, lot, row, in_lot_unit, action.end_millis, context)
        check_quantity((row.millionths if row else 0) - in_lot_unit)
        movement.source_change = -in_lot_unit
        movement.order_floor = row.changed_order if row else 0
    record = complete(state, action, movement, context, running)
    if moves:
        move_stock(state, location.id, lot, -in_lot_unit, record)
    return record


def _picked_falls(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """A pick: one record for each lot; the first one completes what Start left running."""
    check_whole(action)
    if action.fixed_lot is not None:
        checked_factor(state, action, action.fixed_lot)
    records: list[Record] = []
    for taken in pick(state, action, context):
        running = action.running if not records else None
        records.append(_fall(state, action, taken.lot, taken.asked_millionths, taken.in_lot_unit, context, running))
    return records


def _clear(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Every lot of the material with stock above zero at the source, in FIFO order; or only the given lot."""
    location = action.place
    if not location.keeps_stock:
        return []
    doomed: list[tuple[Lot, StockRow]] = []
    if action.lot is not None:
        row = state.stock_row(location.id, action.lot.id)
        if row is not None and row.millionths > 0:
            doomed.append((action.lot, row))
    else:
        in_stock = state.in_stock(location.id, action.material.id, LotUseStrategy.FIFO)
        spared = action.secondary_lot.id if action.secondary_lot else None
        others = ((lot, row) for row, lot in in_stock if lot.id != spared)
        doomed.extend(islice(others, limits.RECORDS_PER_CALL_MAX + 1))
    check_count(len(doomed))
    if not location.allow_negative_inventory:
        need_timelines(state, [row for _, row in doomed], action.end_millis, context)
    return [
        _fall(state, action, lot, row.millionths, row.millionths, context, None, unit=unit_of(state, lot))
        for lot, row in doomed
    ]


def _rise(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Steps 12 to 16 for stock that rises at the destination."""
    lot, location = action.the_lot, action.place
    quantity = checked_quantity(state, action, lot)
    check_quantity(lot.total_millionths + quantity)
    merges = storing.Merges()
    if location.keeps_stock:
        merges = storing.check_rise(state, location, lot, quantity, action.end_millis, context)
    movement = Movement(
        action.kind.record,
        lot,
        action.secondary_lot,
        action.quantity_millionths,
        action.unit,
        action.source,
        action.destination,
        lot_quantity=quantity,
        destination_change=quantity if location.keeps_stock else 0,
        lot_total_change=quantity,
        order_count_change=_order_count_change(state, action),
        order_floor=merges.order_floor,
    )
    record = complete(state, action, movement, context, action.running)
    order_id = action.production_order.id if action.production_order and action.kind.fills_order else None
    lot = raise_total(state, lot, quantity, record)
    if movement.order_count_change and order_id is not None:
        state.put_count(order_id, check_quantity(state.count(order_id) + movement.order_count_change))
    if not location.keeps_stock:
        return [record]
    return [record, *storing.store(state, action, location, lot, quantity, record, merges, context, order_id)]


def _order_count_change(state: WorkingSet, action: Action) -> int:
    """Step 16: returns what the order's count rises by, in the order's unit."""
    order = action.production_order
    if (
        not action.kind.fills_order
        or not action.increments_order
        or order is None
        or order.product_material_id != action.material.id
    ):
        return 0
    assert action.unit is not None
    counted_in = order.unit or action.material.unit or action.unit
    factor: Fraction | None = state.factor(action.material.id, action.unit.id, counted_in.id)
    if factor is None:
        refusal = UnitNotConvertible(
            from_unit=action.unit.symbol, to_unit=counted_in.symbol, material=action.material.path
        )
        raise Refused(refusal)
    change = converted(action.quantity_millionths, factor)
    check_quantity(state.count(order.id) + change)
    return change


def _pass_through(state: WorkingSet, action: Action, context: Context) -> list[Record]:
    """Receives and consumes at once: the lot's total rises; no inventory row is made or changed.

    Each record says what it did to stock, and both together did nothing. So either can be reversed by itself.
    """
    lot, kind = action.the_lot, action.kind
    assert kind.record_before is not None
    quantity = checked_quantity(state, action, lot)
    check_quantity(lot.total_millionths + quantity)
    passed = quantity if action.place.keeps_stock else 0
    received = complete(
        state,
        action,
        Movement(
            kind.record_before,
            lot,
            None,
            action.quantity_millionths,
            action.unit,
            None,
            action.source,
            lot_quantity=quantity,
            destination_change=passed,
            lot_total_change=quantity,
        ),
        context,
        None,
    )
    lot = raise_total(state, lot, quantity, received)
    consumed = complete(
        state,
        action,
        Movement(
            kind.record,
            lot,
            action.secondary_lot,
            action.quantity_millionths,
            action.unit,
            action.source,
            action.destination,
            lot_quantity=quantity,
            source_change=-passed,
        ),
        context,
        action.running,
    )
    return [received, consumed]


EFFECTS: Final[dict[Effect, Callable[[WorkingSet, Action, Context], list[Record]]]] = {
    Effect.FALL: _falls,
    Effect.CLEAR: _clear,
    Effect.RISE: _rise,
    Effect.PASS_THROUGH: _pass_through,
    **REARRANGEMENTS,
}
"""The function for each effect; all of them write their records, in order."""


# What applying will read. It may miss something, but never decides.


def likely_rows(
    kind: Kind,
    lot_id: LotId,
    secondary_id: LotId | None,
    order_id: ProductionOrderId | None,
    source: LocationId | None,
    destination: LocationId | None,
) -> list[Key]:
    """The rows of both lots where stock moves, the edge that the record adds to, and all rows of a lot merged away."""
    keys: list[Key] = []
    if kind.effect is not Effect.PASS_THROUGH:
        if source is not None and kind.place.is_source:
            keys.append(StockKey(source, lot_id))
        if destination is not None and kind.place.is_destination:
            keys.append(StockKey(destination, lot_id))
    if secondary_id is not None and kind.secondary is Secondary.MERGED:
        if source is not None:
            keys.append(StockKey(source, secondary_id))
        keys.append(LotRowsKey(secondary_id))
    if (edge := genealogy_key(kind.record, lot_id, secondary_id, order_id)) is not None:
        keys.append(edge)
    return keys


def likely_reads(kind: Kind, source: Location | None, destination: Location | None) -> list[Key]:
    """What is read about the locations themselves, for any lot."""
    effect = kind.effect
    if effect is Effect.RISE or effect is Effect.MOVE:
        return [] if destination is None else storing.likely_reads(destination)
    if source is None or not source.keeps_stock:
        return []
    if effect is Effect.SPLIT:
        return [*single_lot.likely_reads(source, also_where_merged=True)]
    if effect is Effect.SET:
        return [*storing.likely_reads_of_capacity(source), *single_lot.likely_reads(source, also_where_merged=True)]
    return []


def likely_reads_without_lot(kind: Kind, source: Location | None, material_id: MaterialId) -> list[Key]:
    """What is read if no lot is given: the queue from which lots are taken."""
    if source is None or not source.keeps_stock or not kind.leaves_lot_to_location:
        return []
    strategy = LotUseStrategy.FIFO if kind.effect is Effect.CLEAR else source.lot_use_strategy
    return [QueueKey(source.id, material_id, strategy, QUEUE_LENGTH_FIRST)]
