"""Step 12: whether a lot allows the requested quantity, and how much that is in its unit."""

from fractions import Fraction

from lotkeeper_server.domain.apply.records import check_quantity
from lotkeeper_server.domain.model.conversion import converted
from lotkeeper_server.domain.model.definitions import Unit
from lotkeeper_server.domain.model.quantity import MILLIONTHS_PER_UNIT, decimal_text, is_whole
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, Refused, UnitNotConvertible
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import WorkingSet


def unit_of(state: WorkingSet, lot: Lot) -> Unit | None:
    """The unit in which a lot's stock is kept."""
    return None if lot.unit_id is None else state.unit(lot.unit_id)


def check_whole(action: Action) -> None:
    """Step 12: what comes in whole numbers is requested in whole numbers.

    Raises:
        Refused: INVALID_ARGUMENT on `quantity`.
    """
    unit = action.unit
    if unit is not None and unit.whole_only and not is_whole(action.quantity_millionths):
        text = f"{decimal_text(action.quantity_millionths)} is not a whole number of {unit.symbol}"
        raise Refused(InvalidArgument.on("quantity", Fault.out_of_range(text)))


def check_whole_in_lot(state: WorkingSet, action: Action, lot: Lot, in_lot_unit: int) -> None:
    """Step 12: a quantity in another unit is a whole number in that of a lot that is kept in whole numbers.

    Raises:
        Refused: INVALID_ARGUMENT on `quantity`.
    """
    if is_whole(in_lot_unit) or action.unit is None or action.unit.id == lot.unit_id:
        return
    unit = unit_of(state, lot)
    if unit is not None and unit.whole_only:
        asked = f"{decimal_text(action.quantity_millionths)} {action.unit.symbol}"
        text = (
            f"{asked}, {decimal_text(in_lot_unit)} {unit.symbol}, is not a whole number in the unit of lot {lot.name}"
        )
        raise Refused(InvalidArgument.on("quantity", Fault.out_of_range(text)))


def whole_fall(state: WorkingSet, action: Action, lot: Lot, in_lot_unit: int) -> int:
    """What leaves the lot's row if it is requested in whole things and kept in another unit.

    A thing that is not whole any more is none: if what would be left, or what is missing, is less than half of one,
    all that is there leaves.
    """
    unit, location = action.unit, action.place
    if unit is None or not unit.whole_only or unit.id == lot.unit_id or not location.keeps_stock:
        return in_lot_unit
    factor = state.factor(lot.material_id, unit.id, lot.unit_id) if lot.unit_id is not None else None
    row = state.stock_row(location.id, lot.id)
    if row is None or factor is None or not is_within_half(row.millionths, in_lot_unit, factor):
        return in_lot_unit
    return row.millionths


def is_within_half(stock: int, fall: int, factor: Fraction) -> bool:
    """Whether stock above zero and what is to leave it differ by less than half of a requested thing.

    Args:
        stock: millionths of the lot's unit.
        fall: millionths of the lot's unit.
        factor: from the requested unit to the lot's.
    """
    return stock > 0 and abs(stock - fall) * 2 < factor * MILLIONTHS_PER_UNIT


def checked_factor(state: WorkingSet, action: Action, lot: Lot) -> Fraction:
    """Step 12: checks the lot's status, then the requested number, then whether its unit converts to the lot's own."""
    lots.check_status(lot, action.kind, action.end_millis)
    check_whole(action)
    factor = None
    if action.unit is not None and lot.unit_id is not None:
        factor = state.factor(lot.material_id, action.unit.id, lot.unit_id)
    if factor is None:
        unit = unit_of(state, lot)
        refusal = UnitNotConvertible(
            from_unit=action.unit.symbol if action.unit else None,
            to_unit=unit.symbol if unit else None,
            material=action.material.path,
        )
        raise Refused(refusal)
    return factor


def checked_quantity(state: WorkingSet, action: Action, lot: Lot) -> int:
    """All of step 12: returns the quantity in the lot's unit. Only a quantity of 0, which EDIT takes, stays 0."""
    in_lot_unit = converted(action.quantity_millionths, checked_factor(state, action, lot))
    if in_lot_unit == 0 and action.quantity_millionths != 0:
        unit = unit_of(state, lot)
        text = f"{decimal_text(action.quantity_millionths)} rounds to zero in {unit.symbol if unit else 'the lot'}"
        raise Refused(InvalidArgument.on("quantity", Fault.out_of_range(f"{text}, the unit of lot {lot.name}")))
    check_whole_in_lot(state, action, lot, in_lot_unit)
    return check_quantity(in_lot_unit)
