"""Steps 12 to 16: an action happens to stock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from tests.model import starred
from tests.model.lots import keeps_stock, refuse_unusable
from tests.model.picking import choose
from tests.model.plant import Plant
from tests.model.refusal import Refusal
from tests.model.resolving import RISES, Action
from tests.model.starred import falling, in_lot_unit, refuse_broken
from tests.model.storing import refuse_rise, refuse_too_much, take_in
from tests.model.writing import change_stock, count, raise_total, write

RECORDS_MAX = 1_000


def apply(plant: Plant, action: Action) -> list[str]:
    """The keys of the records, in order."""
    written = _way(action)(plant, action)
    refuse_too_many(len(written))
    if not written:
        for lot in action.made_lots:
            del plant.lots[lot]
    return written


def refuse_too_many(records: int) -> None:
    """What one call may write."""
    if records > RECORDS_MAX:
        raise Refusal("TOO_MANY_RECORDS", None, count=str(records), limit=str(RECORDS_MAX))


def _way(action: Action) -> Callable[[Plant, Action], list[str]]:
    match action.type:
        case "SCRAP_ALL":
            return _scrap_all
        case "RECEIVE_AND_CONSUME":
            return _pass_through
        case "MOVE":
            return starred.move
        case "SPLIT":
            return starred.split
        case "MERGE":
            return starred.merge_away
        case "EDIT":
            return starred.edit_stock
        case "STATUS_CHANGE":
            return starred.change_status
    if action.type in RISES:
        return _rise
    return _pick if action.lot is None else _fall


def _fall(plant: Plant, action: Action) -> list[str]:
    assert action.lot is not None
    lot, location = action.lot, plant.locations[action.place]
    refuse_unusable(plant, lot, action.type, action.end)
    amount = in_lot_unit(plant, action, lot)
    if not keeps_stock(location):
        return [write(plant, action, action.type, lot, action.quantity, moved=amount)]
    amount = falling(plant, action, lot, amount)
    refuse_too_much(plant, location.key, lot, amount, action.end, action.now)
    key = write(plant, action, action.type, lot, action.quantity, source_change=-amount, moved=amount)
    change_stock(plant, location.key, lot, -amount, key)
    return [key]


def _scrap_all(plant: Plant, action: Action) -> list[str]:
    location = plant.locations[action.place]
    written = []
    for lot in plant.lots_in_stock(location.key) if keeps_stock(location) else []:
        if plant.lots[lot].material == action.material and action.lot in {None, lot} and lot != action.secondary:
            stock = plant.stock(location.key, lot)
            unit = plant.lots[lot].unit
            refuse_too_much(plant, location.key, lot, stock, action.end, action.now)
            key = write(plant, action, "SCRAP", lot, stock, unit=unit, source_change=-stock, moved=stock)
            change_stock(plant, location.key, lot, -stock, key)
            written.append(key)
    return written


def _pick(plant: Plant, action: Action) -> list[str]:
    written = []
    refuse_broken(plant, action)
    for lot, (asked, amount) in choose(plant, action).items():
        key = write(plant, action, action.type, lot, asked, source_change=-amount, moved=amount)
        change_stock(plant, action.place, lot, -amount, key)
        written.append(key)
    return written


def _pass_through(plant: Plant, action: Action) -> list[str]:
    """The RECEIVE comes before the CONSUME; what the one brings the other takes, and no row knows of it."""
    assert action.lot is not None
    refuse_unusable(plant, action.lot, action.type, action.end)
    amount = in_lot_unit(plant, action, action.lot)
    receipt = replace(action, source=None, destination=action.source, secondary=None, running=None)
    kept = amount if keeps_stock(plant.locations[action.place]) else Fraction(0)
    lot, asked = action.lot, action.quantity
    received = write(plant, receipt, "RECEIVE", lot, asked, destination_change=kept, moved=amount)
    raise_total(plant, received, lot, amount)
    return [received, write(plant, action, "CONSUME", lot, asked, source_change=-kept, moved=amount)]


def _rise(plant: Plant, action: Action) -> list[str]:
    assert action.lot is not None
    lot, location = action.lot, plant.locations[action.place]
    refuse_unusable(plant, lot, action.type, action.end)
    amount = in_lot_unit(plant, action, lot)
    if keeps_stock(location):
        refuse_rise(plant, location, lot, amount)
        key = write(plant, action, action.type, lot, action.quantity, destination_change=amount, moved=amount)
        merges = take_in(plant, action, location, lot, amount, key)
    else:
        key, merges = write(plant, action, action.type, lot, action.quantity, moved=amount), []
    raise_total(plant, key, lot, amount)
    count(plant, action, key)
    return [key, *merges]
