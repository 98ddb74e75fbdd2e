"""Steps 12 and 13: whether a lot and its stock allow the requested quantity."""

from fractions import Fraction

from lotkeeper_server.domain.apply.records import check_quantity
from lotkeeper_server.domain.model.conversion import converted
from lotkeeper_server.domain.model.definitions import Location, Unit
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Lot, StockRow
from lotkeeper_server.domain.refusals import InsufficientInventory, InvalidArgument, Refused, UnitNotConvertible
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import WorkingSet


def unit_of(state: WorkingSet, lot: Lot) -> Unit | None:
    """The unit in which a lot's stock is kept."""
    return None if lot.unit_id is None else state.unit(lot.unit_id)


def checked_factor(state: WorkingSet, action: Action, lot: Lot) -> Fraction:
    """Step 12: checks the lot's status, then whether the requested unit converts to its own."""
    lots.check_status(lot, action.kind, action.end_millis)
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
        raise Refused(InvalidArgument.on("quantity", f"{text}, the unit of lot {lot.name}"))
    return check_quantity(in_lot_unit)


def insufficient(
    state: WorkingSet, location: Location, lot: Lot, available: int, requested: int | None
) -> InsufficientInventory:
    """Step 13's refusal, in the lot's unit."""
    unit = unit_of(state, lot)
    return InsufficientInventory(
        lot=lot.name,
        location=location.path,
        available=decimal_text(available),
        requested=None if requested is None else decimal_text(requested),
        unit=unit.symbol if unit else None,
    )


def row_that_gives(state: WorkingSet, location: Location, lot: Lot, fall: int | None, *, below_zero: bool) -> StockRow:
    """Step 13 for what needs stock there: returns the row that a quantity leaves.

    Args:
        state: what is there.
        location: where it leaves; if no stock is kept there, none can leave.
        lot: whose stock it is.
        fall: millionths of the lot's unit; None for all that is above zero.
        below_zero: whether stock may fall below zero.

    Raises:
        Refused: INSUFFICIENT_INVENTORY, QUANTITY_OVERFLOW.
    """
    row = state.stock_row(location.id, lot.id) if location.keeps_stock else None
    available = row.millionths if row else 0
    enough = available > 0 if fall is None else available >= fall or (below_zero and location.keeps_stock)
    if not enough:
        raise Refused(insufficient(state, location, lot, available, fall))
    if fall is not None:
        check_quantity(available - fall)
    return row or StockRow(location.id, lot.id, lot.material_id, 0, "", None, 0, None, None, 0)
