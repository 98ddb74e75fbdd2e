"""Picking lots from a location."""

from __future__ import annotations

from fractions import Fraction

from tests.model.in_time import available_from
from tests.model.lots import keeps_stock, refuse_unusable
from tests.model.plant import Plant
from tests.model.quantities import converted, converted_exactly, in_range, rounded, text
from tests.model.refusal import Refusal
from tests.model.resolving import Action
from tests.model.starred import is_nearly, refuse_broken_where_kept_whole

Shares = dict[str, tuple[Fraction, Fraction]]
"""By lot: how much in the unit that was asked for, and how much in the lot's own."""


def pickable(plant: Plant, action: Action) -> list[str]:
    """The lots that step 12 would accept (what cannot be converted is none), in the location's order."""
    location = plant.locations[action.place]
    lots = []
    for lot in plant.lots_in_stock(location.key) if keeps_stock(location) else []:
        if plant.lots[lot].material == action.material and lot != action.secondary:
            try:
                refuse_unusable(plant, lot, action.type, action.end)
                _in_asked_unit(plant, action, lot)
            except Refusal:
                continue
            lots.append(lot)
    if location.use == "LIFO":
        lots.reverse()
    if location.use == "FEFO":
        lots.sort(key=lambda lot: (plant.lots[lot].expiration is None, plant.lots[lot].expiration or 0))
    return lots


def first_pick(plant: Plant, action: Action) -> str:
    """The lot that a Start fixes."""
    for lot in pickable(plant, action):
        if _in_asked_unit(plant, action, lot) > 0:
            return lot
    raise Refusal("INSUFFICIENT_INVENTORY")


def choose(plant: Plant, action: Action) -> Shares:
    """Lots in order, each giving what it has, until the rest is covered; what a Start fixed comes first."""
    fixed = plant.records[action.running].lot if action.running else None
    lots = pickable(plant, action)
    if fixed is not None:
        refuse_unusable(plant, fixed, action.type, action.end)
        lots = [fixed, *(lot for lot in lots if lot != fixed)]
    taken: Shares = {}
    rest, last_passed = action.quantity, None
    for lot in lots:
        if _in_asked_unit(plant, action, lot) == 0:
            last_passed = lot
            continue
        share = _share(plant, action, lot, rest)
        if share is None and not taken:
            raise Refusal("INVALID_ARGUMENT", {"quantity"})
        if share is None:
            rest = Fraction(0)
            break
        taken[lot] = share
        rest -= share[0]
        if rest <= 0:
            break
    if rest > 0:
        _take_rest_below_zero(plant, action, taken, rest, last_passed)
    if fixed is not None and fixed not in taken:
        return {fixed: (Fraction(0), Fraction(0)), **taken}
    return taken


def _in_asked_unit(plant: Plant, action: Action, lot: str) -> Fraction:
    stock = max(available_from(plant, action.place, lot, action.end), Fraction(0))
    own = plant.lots[lot].unit
    if plant.units[action.unit].whole and own != action.unit:
        return in_range(Fraction(round(converted_exactly(plant, stock, own, action.unit, action.material))))
    return converted(plant, stock, own, action.unit, action.material)


def _share(plant: Plant, action: Action, lot: str, rest: Fraction) -> tuple[Fraction, Fraction] | None:
    """What a lot gives; None where the rest rounds to zero in its unit."""
    needed = rounded(converted_exactly(plant, rest, action.unit, plant.lots[lot].unit, action.material))
    if needed == 0:
        return None
    stock = available_from(plant, action.place, lot, action.end)
    if is_nearly(plant, action, lot, stock, needed):
        return rest, stock
    if stock < needed:
        return _in_asked_unit(plant, action, lot), stock
    refuse_broken_where_kept_whole(plant, action, lot, needed)
    return rest, needed


def _take_rest_below_zero(plant: Plant, action: Action, taken: Shares, rest: Fraction, last_passed: str | None) -> None:
    location = plant.locations[action.place]
    giver = next(reversed(taken), last_passed)
    if giver is None or not location.allow_negative:
        raise Refusal(
            "INSUFFICIENT_INVENTORY",
            None,
            location=location.path,
            available=text(action.quantity - rest),
            requested=text(action.quantity),
            unit=plant.units[action.unit].symbol,
        )
    asked, amount = taken.get(giver, (Fraction(0), Fraction(0)))
    more = converted(plant, rest, action.unit, plant.lots[giver].unit, action.material)
    refuse_broken_where_kept_whole(plant, action, giver, more)
    amount += more
    if amount == 0:
        raise Refusal("INVALID_ARGUMENT", {"quantity"})
    taken[giver] = asked + rest, amount
