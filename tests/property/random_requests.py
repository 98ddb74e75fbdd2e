"""Requests that mostly make sense in a plant, and the odd ones that do not."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from tests.model.edits import ChangeLot, ChangeStorage, Edit, Switch
from tests.model.plant import ById, Plant, Reference
from tests.model.requests import Batch, Cancel, Execute, Request, Single, Start, Stop
from tests.model.resolving import DAY, HOUR, MAKES_LOTS, RISES
from tests.model.stock_requests import ActionItem
from tests.property.random_plants import DATES, LOT_NAMES, STATUSES, STORAGES, SUPPLIERS, Dice

PLAIN = [10.0, 1.0, 2.0, 5.0, 100.0, 0.5, 0.1, 0.3, 3.0, 7.25, 33.333333, 1000.0, 0.0005]
ODD = [1e-6, 1.5e-6, 5e-7, 4e-7, 0.0, -0.0, -1.0, 1e-9, 9.2e12, 9e12, 5e12, float("nan"), float("inf"), 1e308]
WRITTEN_ODDLY = ["1.", ".5", "1_0", " 1", "+1", "-1", "-0", "1e13", "1e-10", "0.0000001", "9.2e12", "NaN", "1,5", "0"]
Measured = TypeVar("Measured", Execute, Stop, ActionItem)
STARTS = [None] * 12 + [-HOUR, -HOUR, -2 * HOUR, -8 * DAY, HOUR]
ENDS = [None] * 12 + [HOUR, HOUR, 2 * HOUR, -HOUR // 2, -HOUR, -HOUR, -2 * HOUR, -6 * DAY, -8 * DAY, 25 * HOUR]


def random_request(dice: Dice, plant: Plant, prefix: str, now: int, earlier: list[Any]) -> Request:
    """Any request; now and then one that was made before, to the letter."""
    with_ids = [one for one in earlier if isinstance(one, Batch) or (isinstance(one, Single) and one.request_id)]
    if with_ids and dice.seldom():
        return dice.one_of(with_ids)
    if dice.seldom():
        items = [_execute(dice, plant, prefix, now) for _ in range(dice.one_of([2, 1, 3, 5]))]
        if dice.seldom():
            items.append(items[0])
        return Batch(tuple(items), all_or_nothing=dice.one_of([False, True]), validate_only=dice.seldom())
    return _single(dice, plant, prefix, now)


def openings(dice: Dice, plant: Plant) -> list[Request]:
    """Something in stock, where the plant lets it in."""
    receiving = [ById(key) for key, one in plant.operations.items() if one.type in RISES]
    return [Execute(dice.one_of(receiving), ById(lot), dice.one_of(PLAIN)) for lot in plant.lots]


def random_edit(dice: Dice, plant: Plant, now: int) -> Edit:
    """A Save of something that calls look at."""
    if dice.seldom(4):
        location = dice.one_of(list(plant.locations))
        has_stock = any(row.quantity != 0 for (place, _), row in plant.rows.items() if place == location)
        return ChangeStorage(location, dice.one_of(STORAGES[:-1] if has_stock else STORAGES))
    if dice.one_of([True, False]):
        lot = plant.lots[dice.one_of(list(plant.lots))]
        offset = dice.one_of(DATES)
        return ChangeLot(
            lot.key,
            dice.one_of([lot.status, "OPEN", "OPEN", *STATUSES]),
            not dice.seldom(),
            dice.one_of([lot.expiration, None if offset is None else now + offset]),
            spelled(dice, dice.one_of([lot.supplier, lot.supplier, *SUPPLIERS])),
        )
    return Switch(dice.one_of([*plant.operations, *plant.locations, *plant.materials]), not dice.seldom(3))


def _single(dice: Dice, plant: Plant, prefix: str, now: int) -> Single:
    operation, identifier = _operation(dice, plant), request_id(dice, prefix)
    running = [ById(key) for key, run in plant.runs.items() if run.status == "RUNNING"]
    ends = ["stop", "stop", "cancel"] if running or dice.seldom(20) else []
    match dice.one_of(["execute"] * 7 + ["start", "start"] + ends):
        case "start":
            execute = _execute(dice, plant, prefix, now)
            return Start(
                execute.inventory_operation_id,
                execute.primary_lot_id_or_name,
                execute.secondary_lot_id_or_name,
                execute.material_id_or_path,
                execute.inventory_name,
                execute.start_date_millis,
                identifier,
                dice.seldom(),
                execute.lot_expiration_date_millis,
                execute.supplier_lot_name,
            )
        case "stop":
            stop = Stop(
                dice.one_of([*running, *running, operation]),
                quantity(dice),
                inventory_name(dice),
                moment(dice, ENDS, now),
                identifier,
                validate_only=dice.seldom(),
            )
            return exactly(dice, stop)
        case "cancel":
            return Cancel(dice.one_of([*running, *running, operation]), identifier)
    return replace(exactly(dice, _execute(dice, plant, prefix, now)), validate_only=dice.seldom())


def _execute(dice: Dice, plant: Plant, prefix: str, now: int) -> Execute:
    operation = _operation(dice, plant)
    definition = plant.operations.get(operation.key) if isinstance(operation, ById) else None
    picks = definition is not None and (
        definition.primary_strategy == "FROM_LOCATION" or definition.type == "SCRAP_ALL"
    )
    lot = "" if picks and not dice.seldom() else _lot(dice, plant)
    makes = definition is not None and definition.type in MAKES_LOTS
    return Execute(
        operation,
        lot,
        quantity(dice),
        _lot(dice, plant) if dice.seldom(5) else "",
        _material(dice, plant) if dice.seldom(5) else "",
        inventory_name(dice),
        moment(dice, STARTS, now),
        moment(dice, ENDS, now),
        request_id(dice, prefix),
        False,
        *(stated(dice, plant, lot, now) if dice.seldom(4 if makes else 60) else (None, "")),
    )


def stated(dice: Dice, plant: Plant, reference: Reference, now: int) -> tuple[int | None, str]:
    """What a call says of its lot: a date and its supplier's number, mostly those that it has."""
    known = [lot for lot in plant.lots.values() if reference in {ById(lot.key), lot.name}]
    offset = dice.one_of(DATES)
    dates = [None if offset is None else now + offset, *(lot.expiration for lot in known)]
    names = [*SUPPLIERS, *(lot.supplier for lot in known * 4)]
    if dice.seldom(20):
        return dice.one_of([-1, 0, 253_402_300_800_000]), dice.one_of([" S", "S\u200b", "\u2028", "S" * 256])
    return dice.one_of(dates), spelled(dice, dice.one_of(names))


def spelled(dice: Dice, name: str) -> str:
    """A name, now and then in another spelling that looks the same."""
    if name.isascii() or not dice.seldom(3):
        return name
    return dice.one_of([unicodedata.normalize("NFD", name), name.replace(" ", "\u00a0"), name.replace(" ", "\u2003")])


def _operation(dice: Dice, plant: Plant) -> Reference:
    if dice.seldom(40):
        odd: list[Reference] = [ById("unknown 1"), ById("lot 1"), "no id", ""]
        return dice.one_of(odd)
    return ById(dice.one_of(list(plant.operations)))


def _lot(dice: Dice, plant: Plant) -> Reference:
    known = [ById(key) for key in plant.lots]
    generated = [lot.name for lot in plant.lots.values() if lot.name.startswith("uuid ")]
    kind = "odd" if dice.seldom(40) else dice.one_of(["name"] * 5 + ["id"] * 4 + ["generated", "none"])
    if kind == "name" or (kind == "generated" and not generated):
        return spelled(dice, dice.one_of([*LOT_NAMES, "E", "F"]))
    if kind == "id":
        return dice.one_of(known)
    if kind == "generated":
        return dice.one_of(generated)
    odd: list[Reference] = [
        ById("unknown 2"),
        ById("location 1"),
        " A",
        "A\t",
        "é" * 256,
        "A\u200b",
        "\u00a0A",
        "\ue000",
    ]
    return "" if kind == "none" else dice.one_of(odd)


def _material(dice: Dice, plant: Plant) -> Reference:
    ids: list[Reference] = [ById(key) for key in plant.materials]
    paths: list[Reference] = [material.path for material in plant.materials.values()]
    slashed: list[Reference] = [f"/{material.path}" for material in plant.materials.values()]
    odd: list[Reference] = ["no such path", ById("unknown 3"), ById("operation 1")]
    return dice.one_of(odd if dice.seldom(20) else ids + paths + slashed)


def quantity(dice: Dice) -> float | None:
    """A quantity, seldom an odd one."""
    if dice.seldom(20):
        return dice.one_of([None, *ODD])
    return dice.one_of(PLAIN)


def exactly(dice: Dice, request: Measured) -> Measured:
    """The request, often with its quantity as exact text, alone or beside the double; seldom with another one."""
    double = request.quantity
    if double is None or not 0 <= double < 1e15 or not dice.seldom(3):
        return request
    plain = f"{Decimal(repr(double)):f}"
    text = dice.one_of([plain, plain, f"{plain}e0", f"{Decimal(repr(double)).scaleb(-2):f}E+2", f"0{plain}"])
    if dice.seldom():
        text = dice.one_of([*WRITTEN_ODDLY, "3", "0.000001", "90000000001.099997"])
    beside = double if dice.one_of([True, False]) else None
    return replace(request, quantity=beside, exact_quantity=text)


def inventory_name(dice: Dice) -> str:
    """The name of a pallet, or none."""
    return " odd " if dice.seldom(300) else dice.one_of(["", "", "", "LPN 1", "LPN 2"])


def moment(dice: Dice, offsets: list[int | None], now: int) -> int | None:
    """A moment so far from now, or none."""
    if dice.seldom(60):
        return dice.one_of([-1, 0, 253_402_300_799_999, 253_402_300_800_000])
    offset = dice.one_of(offsets)
    return None if offset is None else now + offset


def request_id(dice: Dice, prefix: str) -> str:
    """One of a few, so that requests meet under it; mostly none."""
    if dice.seldom(60):
        return dice.one_of(["tab\t", "é", "x" * 129, f"{prefix} spaced "])
    return dice.one_of([""] * 25 + [f"{prefix}-{number}" for number in range(1, 11)])
