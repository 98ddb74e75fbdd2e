"""What only an action does: MOVE, SPLIT, MERGE, EDIT, STATUS_CHANGE."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.model.in_time import comes_last, refuse_below_zero, refuse_superseded, stock_at
from tests.model.lots import keeps_stock, refuse_unfit_to_ship
from tests.model.plant import Location, Lot, Plant
from tests.model.quantities import converted, converted_exactly, is_whole, text
from tests.model.refusal import ANYTHING, Refusal
from tests.model.resolving import Action
from tests.model.storing import (
    holds_another,
    insufficient,
    merge,
    others_in_stock,
    raise_version,
    refuse_merge,
    refuse_over_capacity,
    refuse_rise,
    refuse_too_much,
    take_in,
)
from tests.model.writing import change_stock, note_end, raise_total, write


def move(plant: Plant, action: Action) -> list[str]:
    """A fall at the source, a rise at the destination; the total stays. Out of the plant goes a usable lot only."""
    assert action.lot is not None
    assert action.source is not None
    assert action.destination is not None
    lot, source, destination = action.lot, action.source, plant.locations[action.destination]
    if not keeps_stock(destination):
        refuse_unfit_to_ship(plant, lot, "MOVE", action.end)
    amount = falling(plant, action, lot, in_lot_unit(plant, action, lot))
    _refuse_where_nothing_is_kept(plant, action, source, lot, amount)
    refuse_too_much(plant, source, lot, amount, action.end, action.now)
    row = plant.rows.get((source, lot))
    action = replace(action, inventory_name=action.inventory_name or (row.name if row else ""))
    if not keeps_stock(destination):
        key = write(plant, action, "MOVE", lot, action.quantity, source_change=-amount, moved=amount)
        change_stock(plant, source, lot, -amount, key)
        return [key]
    refuse_rise(plant, destination, lot, amount)
    key = write(
        plant, action, "MOVE", lot, action.quantity, source_change=-amount, destination_change=amount, moved=amount
    )
    change_stock(plant, source, lot, -amount, key)
    return [key, *take_in(plant, action, destination, lot, amount, key)]


def split(plant: Plant, action: Action) -> list[str]:
    """Some of a lot becomes a new lot at the same place; never below zero, no merge."""
    assert action.lot is not None
    assert action.source is not None
    lot, location = plant.lots[action.lot], plant.locations[action.source]
    amount = falling(plant, action, lot.key, in_lot_unit(plant, action, lot.key))
    _refuse_where_nothing_is_kept(plant, action, location.key, lot.key, amount)
    stock = plant.stock(location.key, lot.key)
    refuse_below_zero(plant, location.key, lot.key, amount, action.end, action.now)
    others = others_in_stock(plant, location, lot.key) + ([lot.key] if stock > amount else [])
    _refuse_second_lot(plant, location, others)
    new = Lot(
        key=plant.new_key("lot"),
        name=action.new_lot_name,
        material=lot.material,
        unit=lot.unit,
        status=lot.status,
        expiration=lot.expiration,
        enabled=lot.enabled,
        closed=action.now if lot.status == "CLOSED" else None,
        supplier=lot.supplier,
    )
    plant.lots[new.key] = new
    action.made_lots.append(new.key)
    there = replace(action, secondary=new.key)
    key = write(plant, there, "SPLIT", lot.key, action.quantity, source_change=-amount, moved=amount)
    change_stock(plant, location.key, lot.key, -amount, key)
    change_stock(plant, location.key, new.key, amount, key)
    raise_total(plant, key, new.key, amount)
    plant.row(location.key, new.key).name = action.inventory_name
    return [key]


def merge_away(plant: Plant, action: Action) -> list[str]:
    """All that the secondary lot has there goes to the primary one; it is closed if it has nothing anywhere then."""
    assert action.lot is not None
    assert action.secondary is not None
    assert action.source is not None
    merged = plant.lots[action.secondary]
    refuse_merge(plant, action, action.source, action.lot, merged.key)
    _refuse_where_nothing_is_kept(plant, action, action.source, merged.key, None)
    stock = plant.stock(action.source, merged.key)
    if stock <= 0:
        raise insufficient(plant, action.source, merged.key, ANYTHING, action.end, action.now)
    key = merge(plant, action, action.source, action.lot, merged.key, stock)
    row = plant.row(action.source, action.lot)
    row.name = action.inventory_name or row.name
    if all(row.quantity == 0 for (_, lot), row in plant.rows.items() if lot == merged.key):
        plant.records[key].closed_from = merged.status
        merged.status, merged.closed = "CLOSED", action.now
        raise_version(plant, action, merged.key)
    return [key]


def edit_stock(plant: Plant, action: Action) -> list[str]:
    """The stock of its moment becomes the quantity; the record says by how much it differed."""
    assert action.lot is not None
    assert action.source is not None
    lot, location = plant.lots[action.lot], plant.locations[action.source]
    wanted = in_lot_unit(plant, action, lot.key)
    _refuse_where_nothing_is_kept(plant, action, location.key, lot.key, None)
    refuse_superseded(plant, location.key, lot.key, action.end)
    now = plant.stock(location.key, lot.key)
    is_of_now = comes_last(plant, location.key, lot.key, action.end)
    more = wanted - (now if is_of_now else stock_at(plant, location.key, lot.key, action.end))
    if more < 0:
        refuse_too_much(plant, location.key, lot.key, -more, action.end, action.now)
    if more > 0:
        refuse_over_capacity(plant, location, lot.key, more)
        if now + more > 0:
            _refuse_second_lot(plant, location, others_in_stock(plant, location, lot.key))
    key = write(plant, action, "EDIT", lot.key, more, unit=lot.unit, source_change=more, moved=more)
    if more:
        change_stock(plant, location.key, lot.key, more, key)
    if more > 0:
        raise_total(plant, key, lot.key, more)
        row = plant.row(location.key, lot.key)
        row.name = action.inventory_name or row.name
    if (location.key, lot.key) in plant.rows:
        note_end(plant.row(location.key, lot.key), plant.records[key])
    return [key]


def change_status(plant: Plant, action: Action) -> list[str]:
    """Any status after any; its own leaves a record, but is no edit."""
    assert action.lot is not None
    lot = plant.lots[action.lot]
    if lot.status != action.lot_status:
        lot.status = action.lot_status
        lot.closed = action.now if lot.status == "CLOSED" else None
        raise_version(plant, action, lot.key)
    key = write(plant, action, "STATUS_CHANGE", lot.key, Fraction(0), unit=lot.unit)
    plant.records[key].lot_status = action.lot_status
    return [key]


def in_lot_unit(plant: Plant, action: Action, lot: str) -> Fraction:
    """Step 12, its end: what comes whole is asked for whole, and is whole where it is kept so."""
    refuse_broken(plant, action)
    amount = converted(plant, action.quantity, action.unit, plant.lots[lot].unit, action.material)
    if amount == 0 and action.quantity:
        raise Refusal("INVALID_ARGUMENT", {"quantity"})
    refuse_broken_where_kept_whole(plant, action, lot, amount)
    return amount


def refuse_broken(plant: Plant, action: Action) -> None:
    """Half a piece is none."""
    if plant.units[action.unit].whole and not is_whole(action.quantity):
        raise Refusal("INVALID_ARGUMENT", {"quantity"})


def refuse_broken_where_kept_whole(plant: Plant, action: Action, lot: str, amount: Fraction) -> None:
    """What was asked in another unit is a whole number there, too."""
    own = plant.lots[lot].unit
    if own != action.unit and plant.units[own].whole and not is_whole(amount):
        raise Refusal("INVALID_ARGUMENT", {"quantity"})


def falling(plant: Plant, action: Action, lot: str, amount: Fraction) -> Fraction:
    """All there is, where it differs from the amount by less than half of one of the things that were asked for."""
    if not keeps_stock(plant.locations[action.place]):
        return amount
    stock = plant.stock(action.place, lot)
    return stock if is_nearly(plant, action, lot, stock, amount) else amount


def is_nearly(plant: Plant, action: Action, lot: str, stock: Fraction, amount: Fraction) -> bool:
    """Of things that come whole and are kept in another unit: less than half of one between."""
    own = plant.lots[lot].unit
    if not plant.units[action.unit].whole or own == action.unit or stock <= 0:
        return False
    one = converted_exactly(plant, Fraction(1), action.unit, own, action.material)
    return abs(stock - amount) < one / 2


def _refuse_where_nothing_is_kept(
    plant: Plant, action: Action, location: str, lot: str, amount: Fraction | None
) -> None:
    if not keeps_stock(plant.locations[location]):
        asked = ANYTHING if amount is None else text(amount)
        raise insufficient(plant, location, lot, asked, action.end, action.now)


def _refuse_second_lot(plant: Plant, location: Location, others: list[str]) -> None:
    """No merge mends it: only a location for many lots may be left with two."""
    if others and location.storage != "ALLOW_MULTIPLE":
        raise holds_another(plant, location, others)
