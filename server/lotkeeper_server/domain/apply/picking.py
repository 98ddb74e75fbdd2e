"""Picking from a location: lots in the location's order of use, until the quantity is covered."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lotkeeper_server.domain.apply.checking import check_whole_in_lot, is_within_half
from lotkeeper_server.domain.apply.in_time import available_from, need_timelines
from lotkeeper_server.domain.apply.records import check_count
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import Missing
from lotkeeper_server.domain.model.conversion import converted, exactly
from lotkeeper_server.domain.model.quantity import decimal_text, nearest_whole
from lotkeeper_server.domain.model.stock import Lot, StockRow
from lotkeeper_server.domain.refusals import Fault, InsufficientInventory, InvalidArgument, Refused
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import WorkingSet


@dataclass(slots=True)
class Taken:
    """What is taken from one lot: in the requested unit, and in its own."""

    lot: Lot
    asked_millionths: int
    in_lot_unit: int


@dataclass(slots=True)
class _Candidate:
    lot: Lot
    stock: int  # may be below zero
    to_asked: Fraction
    to_own: Fraction
    in_whole_things: bool
    """Whether it is asked for in things that come whole, and kept in another unit."""

    @property
    def worth(self) -> int:
        """What it has above zero, in the requested unit; of things that come whole the nearest whole number."""
        stock = max(self.stock, 0)
        if self.in_whole_things:
            return nearest_whole(exactly(stock, self.to_asked))
        return converted(stock, self.to_asked)

    def covers_by_all(self, rest_in_own: int) -> bool:
        """Whether all that it has counts as the rest, since less than half of a whole thing is missing or left."""
        return self.in_whole_things and is_within_half(self.stock, rest_in_own, self.to_own)


def first_to_pick(state: WorkingSet, action: Action, context: Context) -> Lot:
    """Returns the lot that a Start fixes: the first one that a pick would take.

    Raises:
        Refused: INSUFFICIENT_INVENTORY where there is none.
    """
    for candidate in _candidates(state, action, context):
        if candidate.worth != 0:
            return candidate.lot
    raise Refused(_insufficient(action, 0, None))


def pick(state: WorkingSet, action: Action, context: Context) -> list[Taken]:
    """Returns how much is taken from which lots; the lot that a Start fixed comes first, with 0 if it has nothing left.

    Raises:
        Refused: INSUFFICIENT_INVENTORY where all lots together have too little, INVALID_ARGUMENT on `quantity` where it
            rounds to zero in the unit of the first lot, or is not whole in that of a lot kept in whole numbers,
            TOO_MANY_RECORDS.
    """
    taken: list[Taken] = []
    rest = action.quantity_millionths
    last: _Candidate | None = None  # the last lot that was taken, else the last one that was left out
    for candidate in _candidates(state, action, context):
        is_fixed = action.fixed_lot is not None and candidate.lot.id == action.fixed_lot.id
        worth = candidate.worth
        if worth == 0:
            if is_fixed:
                taken.append(Taken(candidate.lot, 0, 0))
            if not _gave(taken):
                last = candidate
            continue
        rest_in_own = converted(rest, candidate.to_own)
        if rest_in_own == 0:
            if not _gave(taken):
                raise Refused(_rounds_to_zero(action, candidate.lot))
            return taken
        last = candidate
        check_count(len(taken) + 1)
        if candidate.covers_by_all(rest_in_own):
            taken.append(Taken(candidate.lot, rest, candidate.stock))
            return taken
        if candidate.stock >= rest_in_own:
            check_whole_in_lot(state, action, candidate.lot, rest_in_own)
            taken.append(Taken(candidate.lot, rest, rest_in_own))
            return taken
        taken.append(Taken(candidate.lot, worth, candidate.stock))
        rest -= worth
        if rest <= 0:
            return taken
    if last is None or not action.place.allow_negative_inventory:
        raise Refused(_insufficient(action, action.quantity_millionths - rest, action.quantity_millionths))
    _take_rest(state, taken, last, rest, action)
    return taken


def _gave(taken: list[Taken]) -> bool:
    return any(one.in_lot_unit for one in taken)


def _take_rest(state: WorkingSet, taken: list[Taken], last: _Candidate, rest: int, action: Action) -> None:
    """Takes from one lot what no lot has, where negative inventory is allowed."""
    rest_in_own = converted(rest, last.to_own)
    check_whole_in_lot(state, action, last.lot, rest_in_own)
    for one in taken:
        if one.lot.id == last.lot.id:
            one.asked_millionths += rest
            one.in_lot_unit += rest_in_own
            break
    else:
        taken.append(Taken(last.lot, rest, rest_in_own))
    if not _gave(taken):
        raise Refused(_rounds_to_zero(action, last.lot))


def _candidates(state: WorkingSet, action: Action, context: Context) -> Iterator[_Candidate]:
    """Yields the fixed lot, then the lots of the material above zero that may be picked, in order of use."""
    location = action.place
    assert action.unit is not None
    if not location.keeps_stock:
        return
    if action.fixed_lot is not None:
        row = state.stock_row(location.id, action.fixed_lot.id)
        stock = 0 if row is None else _available(state, action, row, context)
        candidate = _candidate(state, action, action.fixed_lot, stock)
        assert candidate is not None
        yield candidate
    passed_over = {lot.id for lot in (action.fixed_lot, action.secondary_lot) if lot is not None}
    for row, lot in state.in_stock(location.id, action.material.id, location.lot_use_strategy):
        if lot.id in passed_over or not lots.may_be_picked(lot, action.kind, action.end_millis):
            continue
        candidate = _candidate(state, action, lot, _available(state, action, row, context))
        if candidate is not None:
            yield candidate


def _available(state: WorkingSet, action: Action, row: StockRow, context: Context) -> int:
    """What a row can give: the stock of now where it may fall below zero, else the least from the end on.

    Raises:
        Missing: the timelines of all rows that are loaded there: the next ones will be asked for, too.
    """
    if action.place.allow_negative_inventory:
        return row.millionths
    try:
        return available_from(state, row, action.end_millis, context)
    except Missing:
        loaded = [one for one in state.rows_at(action.place.id) if one.millionths > 0 or one is row]
        of_material = [one for one in loaded if one.material_id == action.material.id]
        need_timelines(state, of_material, action.end_millis, context)
        raise


def _candidate(state: WorkingSet, action: Action, lot: Lot, stock: int) -> _Candidate | None:
    """None where the requested unit cannot be converted to the lot's: step 12 would not accept the lot."""
    assert action.unit is not None
    if lot.unit_id is None:
        return None
    to_asked = state.factor(lot.material_id, lot.unit_id, action.unit.id)
    to_own = state.factor(lot.material_id, action.unit.id, lot.unit_id)
    if to_asked is None or to_own is None:
        return None
    in_whole_things = action.unit.whole_only and action.unit.id != lot.unit_id
    return _Candidate(lot, stock, to_asked, to_own, in_whole_things)


def _insufficient(action: Action, available: int, requested: int | None) -> InsufficientInventory:
    return InsufficientInventory(
        location=action.place.path,
        available=decimal_text(available),
        requested=None if requested is None else decimal_text(requested),
        unit=action.unit.symbol if action.unit else None,
    )


def _rounds_to_zero(action: Action, lot: Lot) -> InvalidArgument:
    quantity = decimal_text(action.quantity_millionths)
    return InvalidArgument.on(
        "quantity", Fault.out_of_range(f"{quantity} rounds to zero in the unit of lot {lot.name}")
    )
