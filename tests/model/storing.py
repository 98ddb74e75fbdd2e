"""Steps 13 to 15: what a location gives, takes and does with it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.model.in_time import insufficient_of, refuse_below_zero, shown
from tests.model.lots import keeps_stock, refuse_unusable
from tests.model.plant import Location, Plant
from tests.model.quantities import converted_exactly, text
from tests.model.refusal import Refusal
from tests.model.resolving import Action
from tests.model.writing import change_stock, raise_total, write


def insufficient(plant: Plant, location: str, lot: str, requested: str | frozenset[str], end: int, now: int) -> Refusal:
    """There is nothing there; where nothing is kept, there is 0."""
    available = plant.stock(location, lot) if keeps_stock(plant.locations[location]) else Fraction(0)
    return insufficient_of(plant, location, lot, available, requested, shown(end, now))


def refuse_too_much(plant: Plant, location: str, lot: str, amount: Fraction, end: int, now: int) -> None:
    """Step 13."""
    if not plant.locations[location].allow_negative:
        refuse_below_zero(plant, location, lot, amount, end, now)


def in_capacity_unit(plant: Plant, location: Location, lot: str, quantity: Fraction) -> Fraction:
    """Exactly, of what is not above zero nothing."""
    assert location.capacity_unit is not None
    kept = plant.lots[lot]
    return converted_exactly(plant, max(quantity, Fraction(0)), kept.unit, location.capacity_unit, kept.material)


def refuse_over_capacity(plant: Plant, location: Location, lot: str, amount: Fraction, holder: str = "") -> None:
    """Step 14; the holder is the lot with which all that rises ends up, where it is another one."""
    if location.capacity is None or location.capacity_unit is None:
        return
    stored = sum(
        (
            in_capacity_unit(plant, location, other, plant.stock(location.key, other))
            for other in plant.lots_in_stock(location.key)
        ),
        Fraction(0),
    )
    before = Fraction(0) if holder else plant.stock(location.key, lot)
    after = (
        stored
        - in_capacity_unit(plant, location, lot, before)
        + in_capacity_unit(plant, location, lot, before + amount)
    )
    if after > location.capacity and after > stored:
        raise Refusal(
            "LOCATION_CAPACITY_EXCEEDED",
            None,
            location=location.path,
            capacity=text(location.capacity),
            stored=text(stored),
            requested=text(in_capacity_unit(plant, location, lot, amount)),
            unit=plant.units[location.capacity_unit].symbol,
        )


def others_in_stock(plant: Plant, location: Location, lot: str) -> list[str]:
    """The other lots above zero there, in the order in which they came."""
    return [other for other in plant.lots_in_stock(location.key) if other != lot]


def holds_another(plant: Plant, location: Location, lots: list[str]) -> Refusal:
    """Any of the lots may be named."""
    names = frozenset(plant.lots[lot].name for lot in lots)
    return Refusal("LOCATION_HOLDS_ANOTHER_LOT", None, location=location.path, lot=names)


def refuse_rise(plant: Plant, location: Location, lot: str, amount: Fraction) -> None:
    """Step 14, and of step 15 what refuses before anything is written."""
    others = others_in_stock(plant, location, lot)
    takes_over = others and location.storage == "MERGE_INTO_PREVIOUS"
    refuse_over_capacity(plant, location, lot, amount, others[-1] if takes_over else "")
    if others and location.storage == "ALLOW_SINGLE_OR_THROW":
        raise holds_another(plant, location, others)


def take_in(plant: Plant, action: Action, location: Location, lot: str, amount: Fraction, record: str) -> list[str]:
    """The record's stock rises, and merges as the location wants; the merges' records."""
    others = others_in_stock(plant, location, lot)
    change_stock(plant, location.key, lot, amount, record)
    holder, merges = lot, []
    if others and location.storage == "MERGE_INTO_PREVIOUS":
        holder = others[-1]
        merges.append(merge(plant, action, location.key, holder, lot, amount))
    if location.storage == "MERGE_INTO_NEW":
        stock = {other: plant.stock(location.key, other) for other in others}
        merges += [merge(plant, action, location.key, lot, other, all_of_it) for other, all_of_it in stock.items()]
    row = plant.row(location.key, holder)
    row.name = action.inventory_name or row.name
    if action.type == "PRODUCE":
        row.order = action.order or row.order
    return merges


def refuse_merge(plant: Plant, action: Action, place: str, receiving: str, merged: str) -> None:
    """Same material, same unit, both usable; the merged lot is looked at before the receiving one."""
    into, away = plant.lots[receiving], plant.lots[merged]
    if into.material != away.material or into.unit != away.unit:
        cause = "MATERIAL" if into.material != away.material else "UNIT"
        either = frozenset({into.name, away.name})
        path = plant.locations[place].path
        raise Refusal("MERGE_NOT_POSSIBLE", None, location=path, lot=either, other_lot=either, cause=cause)
    refuse_unusable(plant, merged, "MERGE", action.end)
    refuse_unusable(plant, receiving, "MERGE", action.end)


def merge(plant: Plant, action: Action, place: str, receiving: str, merged: str, amount: Fraction) -> str:
    """Stock of one lot goes over to another at the same place."""
    refuse_merge(plant, action, place, receiving, merged)
    refuse_too_much(plant, place, merged, amount, action.end, action.now)
    into, away = plant.lots[receiving], plant.lots[merged]
    earlier = min((date for date in (into.expiration, away.expiration) if date is not None), default=None)
    before = into.expiration
    if earlier != before:
        into.expiration = earlier
        raise_version(plant, action, receiving)
    there = replace(action, source=place, destination=None, secondary=merged, running=None)
    key = write(plant, there, "MERGE", receiving, amount, unit=into.unit, source_change=amount, moved=amount)
    if earlier is not None and earlier != before:
        plant.records[key].dated = before, earlier
    change_stock(plant, place, receiving, amount, key)
    change_stock(plant, place, merged, -amount, key)
    raise_total(plant, key, receiving, amount)
    return key


def raise_version(plant: Plant, action: Action, lot: str) -> None:
    """Once a call, and not of a lot that the call makes."""
    if lot not in action.made_lots and lot not in action.versioned:
        plant.lots[lot].version += 1
        action.versioned.add(lot)
