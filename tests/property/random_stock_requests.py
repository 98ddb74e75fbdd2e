"""Actions, reversals and words on records that mostly make sense in a plant, and the odd ones that do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.model.plant import ById, Plant, Reference
from tests.model.resolving import HOUR, MAKES_LOTS, RISES
from tests.model.stock_requests import (
    FIRST_NINE,
    ActionItem,
    Actions,
    Annotate,
    Reverse,
    SetMetadata,
    StockRequest,
    needed_by,
    used_by,
)
from tests.property.random_plants import LOT_NAMES, STATUSES, TYPES, Dice
from tests.property.random_requests import PLAIN, exactly, inventory_name, moment, quantity, request_id, spelled, stated

STARRED = ["MOVE", "SPLIT", "MERGE"] * 3 + ["EDIT", "STATUS_CHANGE"]
STARTS = [None] * 60 + [-HOUR, -2 * HOUR, -150 * HOUR, HOUR]
ENDS = [None] * 24 + [HOUR, HOUR, 2 * HOUR, *[-HOUR // 2, -HOUR, -2 * HOUR] * 4, -144 * HOUR, 25 * HOUR]


def random_stock_request(dice: Dice, plant: Plant, prefix: str, now: int, earlier: list[Any]) -> StockRequest:
    """Any request; now and then one that was made before, to the letter."""
    with_ids = [one for one in earlier if isinstance(one, Actions | Reverse) and one.request_id]
    if with_ids and dice.seldom():
        return dice.one_of(with_ids)
    kinds = ["actions"] * 8 + (["reverse"] * 4 + ["annotate"] if plant.records else []) + ["metadata"]
    match dice.one_of(kinds):
        case "reverse":
            return _reverse(dice, plant, prefix)
        case "annotate":
            done = [ById(key) for key, record in plant.records.items() if record.status != "RUNNING"]
            words = [None, None, "", "a word", "two\nlines"]
            record = ById("unknown 4") if dice.seldom(20) or not done else dice.one_of(done)
            return Annotate(record, dice.one_of(words), *(dice.one_of(words[:4]) for _ in range(3)))
        case "metadata":
            return _metadata(dice, plant)
    items = tuple(random_action(dice, plant, now) for _ in range(dice.one_of([1, 1, 1, 1, 1, 2, 2, 3, 6])))
    return Actions(items, request_id(dice, prefix), validate_only=dice.seldom())


def stocking(dice: Dice, plant: Plant, now: int) -> list[Actions]:
    """Something of every lot where all is taken in, and at another place, where the plant lets it in; or long since."""
    first = tuple(
        ActionItem(
            "EDIT",
            ById(lot),
            quantity=dice.one_of(PLAIN[:6]),
            source_location_id_or_path=ById("location 0"),
            end_date_millis=dice.one_of([None, now - 3 * HOUR]),
        )
        for lot in plant.lots
    )
    return [Actions((one,)) for one in first] + [
        Actions(
            (
                ActionItem(
                    "RECEIVE",
                    ById(lot),
                    quantity=dice.one_of(PLAIN[:6]),
                    end_date_millis=dice.one_of([None, now - 3 * HOUR]),
                    destination_location_id_or_path=ById(dice.one_of(list(plant.locations))),
                    secondary_lot_id_or_name=ById(dice.one_of(list(plant.lots))) if dice.seldom(4) else "",
                ),
            )
        )
        for lot in plant.lots
    ]


def _reverse(dice: Dice, plant: Plant, prefix: str) -> Reverse:
    """Rather a late record, whose stock is still there; now and then one that has been reversed, or runs."""
    if dice.seldom(40):
        odd: list[Reference] = [ById("unknown 4"), ById("lot 1"), "no id", ""]
        record = dice.one_of(odd)
    else:
        keys = list(plant.records)
        fresh = [key for key, one in plant.records.items() if one.reversed_by is None and one.reverses is None]
        fresh = [key for key in fresh if plant.records[key].type != "STATUS_CHANGE" and plant.records[key].end]
        record = ById(dice.one_of((dice.one_of([fresh[-2:], fresh[-4:], fresh[-8:], fresh, keys])) or keys))
    return Reverse(record, dice.one_of(["", "a mistake"]), request_id(dice, prefix), validate_only=dice.seldom())


def _metadata(dice: Dice, plant: Plant) -> SetMetadata:
    spot = _spot(dice, plant)
    orders: list[Reference | None] = [None, None, ""]
    orders += [ById(key) for key in plant.orders] + [order.name for order in plant.orders.values()]
    lot = plant.lots[spot.lot]
    by_name = dice.one_of([True, False])
    return SetMetadata(
        lot.name if by_name else ById(lot.key),
        _location(dice, plant, spot.place),
        ById(lot.material) if by_name or dice.seldom() else "",
        dice.one_of([None, "", "LPN 1", "LPN 3"]),
        dice.one_of(orders),
    )


@dataclass
class Spot:
    """Somewhere, and a lot that may be there."""

    place: str
    lot: str


def _spot(dice: Dice, plant: Plant) -> Spot:
    held = [Spot(place, lot) for (place, lot), row in plant.rows.items() if row.quantity > 0]
    if held and not dice.seldom(5):
        return dice.one_of(held)
    return Spot(dice.one_of(list(plant.locations)), dice.one_of(list(plant.lots)))


def random_action(dice: Dice, plant: Plant, now: int) -> ActionItem:
    """One action of any type; one in some has something too much or too little."""
    kind = dice.one_of(TYPES + STARRED)
    spot = _spot(dice, plant)
    values: dict[str, Any] = {"type": kind, **_lot_values(dice, plant, kind, spot)}
    role = "destination" if kind in RISES else "source"
    if kind != "STATUS_CHANGE":
        values[f"{role}_location_id_or_path"] = _location(dice, plant, spot.place)
    if kind == "MOVE" or (kind in FIRST_NINE and dice.seldom(3)):
        other = "source" if role == "destination" else "destination"
        elsewhere = [key for key in plant.locations if key != spot.place or dice.seldom(10)]
        values[f"{other}_location_id_or_path"] = _location(dice, plant, dice.one_of(elsewhere))
    if "quantity" in used_by(kind):
        values["quantity"] = _quantity(dice, plant, kind, spot)
        values |= _unit_values(dice, plant)
    if kind == "SPLIT":
        values["new_lot_name"] = dice.one_of([*[f"part {len(plant.lots)}"] * 6, "E", "F", *LOT_NAMES])
    if kind == "STATUS_CHANGE":
        values["lot_status"] = dice.one_of(["OPEN"] * 4 + ["AVAILABLE"] * 4 + STATUSES)
    if "inventory_name" in used_by(kind):
        values["inventory_name"] = inventory_name(dice)
    if kind in MAKES_LOTS and dice.seldom(4):
        date, supplier = stated(dice, plant, values.get("lot_id_or_name", ""), now)
        values |= {"lot_expiration_date_millis": date, "supplier_lot_name": supplier}
    values |= _context_values(dice, plant, kind)
    values["start_date_millis"] = moment(dice, STARTS, now)
    values["end_date_millis"] = moment(dice, ENDS, now)
    item = exactly(dice, ActionItem(**values))
    if kind == "EDIT" and dice.seldom():
        item = replace(item, quantity=dice.one_of([None, None, -3.5]), exact_quantity="-3.5")
    return _spoilt(dice, item) if dice.seldom(30) else item


def _lot_values(dice: Dice, plant: Plant, kind: str, spot: Spot) -> dict[str, Any]:
    values: dict[str, Any] = {}
    lot = plant.lots[spot.lot]
    picks = kind in {"CONSUME", "SHIP", "RETURN", "SCRAP", "SCRAP_ALL"} and dice.one_of([True, False])
    if picks or dice.seldom(40):
        values["material_id_or_path"] = _material(dice, plant, lot.material)
    elif dice.one_of([True, False]):
        values["lot_id_or_name"] = ById("unknown 2") if dice.seldom(40) else ById(lot.key)
        if dice.seldom():
            values["material_id_or_path"] = ById(dice.one_of(list(plant.materials)))
    else:
        new = kind in MAKES_LOTS and dice.seldom(3)
        values["lot_id_or_name"] = dice.one_of(["E", "F", "G"]) if new or dice.seldom(20) else spelled(dice, lot.name)
        if not dice.seldom(30):
            values["material_id_or_path"] = _material(dice, plant, lot.material)
    if kind in FIRST_NINE:
        values["create_lot_if_not_found"] = not dice.seldom(4)
    if kind == "MERGE" or (kind in FIRST_NINE and dice.one_of([True, False])):
        values |= _secondary_values(dice, plant, kind, spot)
    return values


def _secondary_values(dice: Dice, plant: Plant, kind: str, spot: Spot) -> dict[str, Any]:
    others = [lot for lot in plant.lots.values() if lot.key != spot.lot or dice.seldom(20)]
    here = [lot for lot in others if plant.stock(spot.place, lot.key) > 0]
    same = [lot for lot in others if lot.material == plant.lots[spot.lot].material]
    fit = [lot for lot in here if lot in same and lot.unit == plant.lots[spot.lot].unit]
    lot = dice.one_of((fit or here or others) if kind == "MERGE" and not dice.seldom() else (same or others))
    if dice.one_of([True, False]):
        return {"secondary_lot_id_or_name": ById(lot.key)}
    values: dict[str, Any] = {"secondary_lot_id_or_name": lot.name}
    if kind in FIRST_NINE and dice.seldom(4):
        values["secondary_lot_id_or_name"] = dice.one_of(["E", "H"])
    if kind != "MERGE" or dice.one_of([True, False]):
        values["secondary_material_id_or_path"] = _material(dice, plant, lot.material)
    return values


def _quantity(dice: Dice, plant: Plant, kind: str, spot: Spot) -> float | None:
    """Often exactly what is there."""
    stock = plant.stock(spot.place, spot.lot)
    if kind == "EDIT" and dice.seldom(4):
        return 0.0
    if stock > 0 and kind not in RISES and not dice.seldom(4):
        return float(dice.one_of([stock, stock / 2, stock / 3, stock / 7]))
    return quantity(dice) if dice.seldom() else dice.one_of(PLAIN[1:9])


def _unit_values(dice: Dice, plant: Plant) -> dict[str, Any]:
    if not dice.seldom(3):
        return {}
    unit = plant.units[dice.one_of(["unit 1", "unit 1", "unit 2", "unit 3", "unit 4", "unit 5", "unit 6"])]
    ways: list[dict[str, Any]] = [
        {"unit_of_measure_id": ById(unit.key)},
        {"unit_of_measure_symbol": unit.symbol},
        {"unit_of_measure_name": unit.symbol},
        {"unit_of_measure_id": ById(unit.key), "unit_of_measure_symbol": unit.symbol},
    ]
    return dice.one_of(ways)


def _context_values(dice: Dice, plant: Plant, kind: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    orders = [*(ById(key) for key in plant.orders), *(order.name for order in plant.orders.values())]
    if dice.seldom(3) or (kind == "PRODUCE" and dice.one_of([True, False])):
        values["production_order_id_or_name"] = dice.one_of(orders)
        values["increment_production_order_count"] = kind == "PRODUCE" and not dice.seldom(4)
    if dice.seldom(5):
        values["operation_id"] = ById(dice.one_of(list(plant.process_operations)))
    if dice.seldom(6):
        fitting = [code.key for code in plant.reason_codes.values() if code.record_type in {None, kind}]
        codes = list(plant.reason_codes) if dice.seldom() else fitting
        values["material_reason_code_id"] = ById(dice.one_of(codes))
    values["notes"] = dice.one_of(["why", "because", ""])
    if dice.seldom(4):
        values |= {"spare1": "one", "spare3": "three"}
    return values


def _spoilt(dice: Dice, item: ActionItem) -> ActionItem:
    """One fault."""
    without = {name: None if name == "quantity" else "" for name in sorted(needed_by(item.type))}
    useless = {
        "quantity": 1.0,
        "exact_quantity": "1",
        "unit_of_measure_symbol": "x",
        "destination_location_id_or_path": ById("location 0"),
        "source_location_id_or_path": ById("location 0"),
        "secondary_lot_id_or_name": "A",
        "secondary_material_id_or_path": ById("material 0"),
        "create_lot_if_not_found": True,
        "inventory_name": "pallet",
        "increment_production_order_count": True,
        "new_lot_name": "Z",
        "lot_expiration_date_millis": 0,
        "supplier_lot_name": "S-1",
        "lot_status": "OPEN",
    }
    odd: list[dict[str, Any]] = [
        *({name: value} for name, value in without.items()),
        *({name: value} for name, value in useless.items() if name not in used_by(item.type)),
        {"type": ""},
        {"material_reason_code_id": "no id"},
        {"material_reason_code_id": ById("unknown 5")},
        {"operation_id": ById("unknown 6")},
        {"production_order_id_or_name": "no such order"},
        {"material_id_or_path": "no such path"},
        {"spare1": "x" * 256},
        {"notes": "x" * 4_001},
        {"start_date_millis": 2_000, "end_date_millis": 1_000},
    ]
    if item.type == "SPLIT":
        odd.append({"new_lot_name": ById("unknown 7")})
    return replace(item, **dice.one_of(odd))


def _location(dice: Dice, plant: Plant, key: str) -> Reference:
    if dice.seldom(60):
        odd: list[Reference] = [ById("unknown 8"), "no such place"]
        return dice.one_of(odd)
    return _one_of_its_names(dice, key, plant.locations[key].path)


def _material(dice: Dice, plant: Plant, key: str) -> Reference:
    return _one_of_its_names(dice, key, plant.materials[key].path)


def _one_of_its_names(dice: Dice, key: str, path: str) -> Reference:
    names: list[Reference] = [ById(key), path, f"/{path}"]
    return dice.one_of(names)
