"""Steps 14 and 15: whether the location takes a rise, by its capacity and its storage strategy with the merges."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Final

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.apply import single_lot
from lotkeeper_server.domain.apply.in_time import check_fall, need_timelines
from lotkeeper_server.domain.apply.records import (
    Movement,
    check_count,
    check_quantity,
    complete,
    edited_once,
    move_stock,
)
from lotkeeper_server.domain.apply.single_lot import check_single_lot
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import Key, QueueKey, SumsKey
from lotkeeper_server.domain.kinds import kind_of_action
from lotkeeper_server.domain.model.conversion import converted, exactly
from lotkeeper_server.domain.model.definitions import Location, Unit
from lotkeeper_server.domain.model.enumerations import (
    InventoryActionType,
    LotStatus,
    LotStorageStrategy,
    LotUseStrategy,
)
from lotkeeper_server.domain.model.identifiers import MaterialId, ProductionOrderId, UnitId
from lotkeeper_server.domain.model.quantity import Exact, decimal_text, round_half_even
from lotkeeper_server.domain.model.stock import BesideStock, Lot, Record, StockRow
from lotkeeper_server.domain.refusals import (
    LocationCapacityExceeded,
    MergeNotPossible,
    Refused,
    UnitNotConvertible,
)
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import QUEUE_LENGTH_FIRST, WorkingSet

MERGE: Final = kind_of_action(InventoryActionType.MERGE)
"""What the merges of a storage strategy follow, for every action."""
_MERGES_IN: Final = {
    LotStorageStrategy.MERGE_INTO_PREVIOUS: LotUseStrategy.LIFO,
    LotStorageStrategy.MERGE_INTO_NEW: LotUseStrategy.FIFO,
}
"""Strategies by which lots merge, and the order in which they look for the others."""


@dataclass(slots=True)
class Merges:
    """What a storage strategy merges: the rise into the other lot that came last, or all others into the new one."""

    into_previous: bool = False
    others: list[tuple[StockRow, Lot]] = field(default_factory=list)
    order_floor: int = 0
    """The latest effect that the rise with its merges must come after."""


def check_rise(state: WorkingSet, location: Location, lot: Lot, rise: int, end_millis: int, context: Context) -> Merges:
    """Takes steps 14 and 15 for a rise where stock is kept.

    Args:
        state: what is there.
        location: where it rises.
        lot: which lot rises.
        rise: by how much, millionths of the lot's unit.
        end_millis: of the action; lots that merge must be usable then, and there from then on.
        context: has the tolerance for clocks that differ.

    Returns:
        The merges that follow it.

    Raises:
        Refused: by the first step that fails.
    """
    row = state.stock_row(location.id, lot.id)
    old = row.millionths if row else 0
    check_quantity(old + rise)
    other_lots = lots_to_merge(state, location, lot)
    check_capacity(state, location, lot, rise, _net_rise(location, old, rise, other_lots))
    check_single_lot(state, location, lot.id, {}, also_where_merged=False)
    merges = plan_merges(state, location, lot, row, rise, other_lots, end_millis, context)
    check_count(1 + len(merges.others))
    floors = [other.changed_order for pair in merges.others for other in pair]
    merges.order_floor = max([row.changed_order if row else 0, *floors])
    return merges


def store(
    state: WorkingSet,
    action: Action,
    location: Location,
    lot: Lot,
    rise: int,
    record: Record,
    merges: Merges,
    context: Context,
    production_order_id: ProductionOrderId | None,
) -> list[Record]:
    """Adds the rise to stock and merges; returns the MERGE records."""
    stays = not merges.into_previous
    move_stock(
        state,
        location.id,
        lot,
        rise,
        record,
        name=action.inventory_name if stays else "",
        production_order_id=production_order_id if stays else None,
    )
    records = []
    for row, other in merges.others:
        if merges.into_previous:
            records.append(merge_one(state, action, location, other, lot, rise, context, production_order_id))
        else:
            lot = state.lot(lot.id) or lot
            records.append(merge_one(state, action, location, lot, other, row.millionths, context, None))
    return records


def lots_to_merge(state: WorkingSet, location: Location, lot: Lot) -> list[tuple[StockRow, Lot]]:
    """The other lots above zero that the strategy merges: the one that came last, all in order, or none."""
    order = _MERGES_IN.get(location.lot_storage_strategy)
    if order is None:
        return []
    others = (pair for pair in state.in_stock(location.id, None, order) if pair[1].id != lot.id)
    all_go = location.lot_storage_strategy is LotStorageStrategy.MERGE_INTO_NEW
    return list(islice(others, limits.RECORDS_PER_CALL_MAX if all_go else 1))


def likely_reads(location: Location) -> list[Key]:
    """What `check_rise` reads about a location besides the lot's own row. It may miss something, but never decides."""
    if not location.keeps_stock:
        return []
    order = _MERGES_IN.get(location.lot_storage_strategy)
    others = [] if order is None else [QueueKey(location.id, None, order, QUEUE_LENGTH_FIRST)]
    return [
        *likely_reads_of_capacity(location),
        *single_lot.likely_reads(location, also_where_merged=False),
        *others,
    ]


def likely_reads_of_capacity(location: Location) -> list[SumsKey]:
    """What step 14 reads. It may miss something, but never decides."""
    return [] if location.storage_capacity_millionths is None else [SumsKey(location.id)]


def check_capacity(state: WorkingSet, location: Location, lot: Lot, rise: int, net_rise: int) -> None:
    """Step 14: the exact sum of the rows above zero, each in the capacity's unit, must not be above the capacity.

    Args:
        state: what is there.
        location: where it rises.
        lot: which lot rises; quantities are in its unit.
        rise: the requested quantity, which the refusal names.
        net_rise: by how much the stock above zero rises in the end.
    """
    if location.storage_capacity_millionths is None:
        return
    unit = location.storage_capacity_unit
    assert unit is not None
    before = stored_in_capacity_unit(state, location)
    own_factor = into_capacity_unit(state, lot.material_id, lot.unit_id, unit)
    after = before + exactly(net_rise, own_factor)
    if exceeds_capacity(location, before, after):
        raise Refused(
            LocationCapacityExceeded(
                location=location.path,
                capacity=decimal_text(location.storage_capacity_millionths),
                stored=decimal_text(round_half_even(before)),
                requested=decimal_text(converted(rise, own_factor)),
                unit=unit.symbol,
            )
        )


def stored_in_capacity_unit(state: WorkingSet, location: Location) -> Exact:
    """What counts towards a location's capacity: the exact sum of its rows above zero, in millionths of its unit.

    Raises:
        Refused: UNIT_NOT_CONVERTIBLE for a row that cannot be converted.
    """
    unit = location.storage_capacity_unit
    assert unit is not None
    stored: Exact = 0
    for (material_id, unit_id), millionths in state.stock_sums(location.id).items():
        if millionths > 0:
            stored += exactly(millionths, into_capacity_unit(state, material_id, unit_id, unit))
    return stored


def exceeds_capacity(location: Location, before: Exact, after: Exact) -> bool:
    """Whether stock that rises from one sum to another is refused; stock already above the capacity may stay."""
    capacity = location.storage_capacity_millionths
    return capacity is not None and after > capacity and after > before


def _net_rise(location: Location, old: int, rise: int, other_lots: list[tuple[StockRow, Lot]]) -> int:
    """By how much the stock above zero rises once the strategy's merges are done; only what is above zero counts."""
    if location.lot_storage_strategy is LotStorageStrategy.MERGE_INTO_PREVIOUS and other_lots:
        return rise
    merged = 0
    if location.lot_storage_strategy is LotStorageStrategy.MERGE_INTO_NEW:
        merged = sum(other.millionths for other, _ in other_lots)
    return max(old + rise + merged, 0) - max(old, 0) - merged


def into_capacity_unit(
    state: WorkingSet, material_id: MaterialId | None, unit_id: UnitId | None, unit: Unit
) -> Fraction:
    """Returns the exact factor into a capacity's unit.

    Args:
        state: the working set.
        material_id: its own conversions are preferred; None for the global ones only.
        unit_id: the unit converted from.
        unit: the capacity's.

    Raises:
        Refused: UNIT_NOT_CONVERTIBLE.
    """
    factor = None if unit_id is None else state.factor(material_id, unit_id, unit.id)
    if factor is None:
        material = None if material_id is None else state.material(material_id)
        stored_in = None if unit_id is None else state.unit(unit_id)
        refusal = UnitNotConvertible(
            from_unit=stored_in.symbol if stored_in else None,
            to_unit=unit.symbol,
            material=material.path if material else None,
        )
        raise Refused(refusal)
    return factor


def plan_merges(
    state: WorkingSet,
    location: Location,
    lot: Lot,
    row: StockRow | None,
    rise: int,
    other_lots: list[tuple[StockRow, Lot]],
    end_millis: int,
    context: Context,
) -> Merges:
    """Step 15: returns the merges that follow the rise, each by the rules of MERGE, and of step 13 for what falls."""
    if not other_lots:
        return Merges()
    may_fall_below = location.allow_negative_inventory
    if location.lot_storage_strategy is LotStorageStrategy.MERGE_INTO_PREVIOUS:
        check_merge(location, other_lots[0][1], lot, end_millis)
        if not may_fall_below:
            check_fall(state, location, lot, row, rise, end_millis, context, rises_before=rise)
        return Merges(into_previous=True, others=other_lots)
    if not may_fall_below:
        need_timelines(state, [other_row for other_row, _ in other_lots], end_millis, context)
    for other_row, other in other_lots:
        check_merge(location, lot, other, end_millis)
        if not may_fall_below:
            check_fall(state, location, other, other_row, other_row.millionths, end_millis, context)
    return Merges(others=other_lots)


def check_merge(location: Location, receiving: Lot, merged: Lot, end_millis: int) -> None:
    """Checks that material and unit are the same, and both lots usable as for CONSUME, the merged one first."""
    cause = "MATERIAL" if receiving.material_id != merged.material_id else None
    if cause is None and receiving.unit_id != merged.unit_id:
        cause = "UNIT"
    if cause is not None:
        refusal = MergeNotPossible(location=location.path, lot=receiving.name, other_lot=merged.name, cause=cause)
        raise Refused(refusal)
    lots.check_usable(merged, MERGE, end_millis)
    lots.check_usable(receiving, MERGE, end_millis)


def merge_one(
    state: WorkingSet,
    action: Action,
    location: Location,
    receiving: Lot,
    merged: Lot,
    millionths: int,
    context: Context,
    production_order_id: ProductionOrderId | None,
    order_floor: int = 0,
    *,
    closes: bool = False,
) -> Record:
    """Writes one MERGE: a quantity goes from one lot to another in their place; both keep their status.

    With `closes`, the caller closes the lot merged away afterwards; the record keeps what a reversal puts back.
    """
    unit = None if receiving.unit_id is None else state.unit(receiving.unit_id)
    expiration_millis = _earlier_expiration(receiving, merged)
    movement = Movement(
        MERGE.record,
        receiving,
        merged,
        millionths,
        unit,
        location,
        None,
        lot_quantity=millionths,
        source_change=millionths,
        lot_total_change=millionths,
        order_floor=max(order_floor, merged.changed_order),
        beside_stock=_beside_stock(receiving, expiration_millis, merged.status if closes else None),
    )
    record = complete(state, action, movement, context, None)
    move_stock(state, location.id, merged, -millionths, record)
    move_stock(
        state,
        location.id,
        receiving,
        millionths,
        record,
        name=action.inventory_name,
        production_order_id=production_order_id,
    )
    common = receiving.common
    if expiration_millis != receiving.expiration_millis:
        common = edited_once(receiving, action, context)
    received = replace(
        receiving,
        total_millionths=check_quantity(receiving.total_millionths + millionths),
        expiration_millis=expiration_millis,
        changed_order=record.effect_order,
        common=common,
    )
    state.put_lot(received)
    return record


def _earlier_expiration(receiving: Lot, merged: Lot) -> int | None:
    dates = [date for date in (receiving.expiration_millis, merged.expiration_millis) if date is not None]
    return min(dates, default=None)


def _beside_stock(receiving: Lot, expiration_millis: int | None, closed_from: LotStatus | None) -> BesideStock | None:
    """What the MERGE changes beside stock; None where that is nothing."""
    before = receiving.expiration_millis
    if expiration_millis != before:
        return BesideStock(expiration_millis, before, closed_from)
    return None if closed_from is None else BesideStock(None, None, closed_from)
