"""Steps 4 to 11 for an action as it was given."""

from __future__ import annotations

from fractions import Fraction

from tests.model.plant import ById, Lot, Plant, Reference
from tests.model.refusal import Refusal
from tests.model.requests import quantity_told
from tests.model.resolving import (
    CLEARS_AWAY,
    MAKES_LOTS,
    RISES,
    Action,
    check_reason_code,
    find_material,
    give_units,
    given_lot,
    state_of_lot,
    times,
)
from tests.model.stock_requests import ActionItem

PICKS = {"CONSUME", "SHIP", "RETURN", "SCRAP"}


def resolve_action(plant: Plant, item: ActionItem, request_id: str, now: int, versioned: set[str]) -> Action:
    """What happens to stock; lots that are made are there afterwards."""
    source, destination = _locations(plant, item)
    if (quantity_told(item) or 0) < 0 and source is not None and not plant.locations[source].allow_negative:
        raise Refusal("INVALID_ARGUMENT", {"exact_quantity"})
    material = _material(plant, item)
    end = now if item.end_date_millis is None else item.end_date_millis
    made: list[str] = []
    primary = _primary_lot(plant, item, material, end, made)
    state_of_lot(plant, primary, made, item.lot_expiration_date_millis, item.supplier_lot_name)
    secondary = _secondary_lot(plant, item, material, primary, end, made)
    if item.type == "SPLIT" and any(one.name == item.new_lot_name for one in _lots_of(plant, material)):
        raise Refusal("NAME_TAKEN", {"new_lot_name"}, entity="inventory_lot", name=str(item.new_lot_name))
    unit = _unit(plant, item, material, primary)
    give_units(plant, made, unit)
    start = times(item.start_date_millis, item.end_date_millis, now, is_start=False)
    code = _reason_code(plant, item)
    order, operation_record = _order(plant, item)
    return Action(
        type=item.type,
        source=source,
        destination=destination,
        material=material,
        lot=primary,
        secondary=secondary,
        unit=unit,
        inventory_name=item.inventory_name,
        start=start,
        end=end,
        now=now,
        order=order,
        operation_record=operation_record,
        reason_code=code,
        notes=item.notes,
        request_id=request_id,
        operation=None,
        increment=item.increment_production_order_count,
        quantity=quantity_told(item) or Fraction(0),
        spares=(item.spare1, item.spare2, item.spare3),
        new_lot_name=str(item.new_lot_name),
        lot_status=item.lot_status,
        made_lots=made,
        versioned=versioned,
    )


def find_location(plant: Plant, reference: Reference, field_name: str) -> str:
    """By id or by path."""
    if isinstance(reference, ById):
        if reference.key in plant.locations:
            return reference.key
        raise Refusal("LOCATION_NOT_FOUND", {field_name}, id=reference.key)
    path = reference.removeprefix("/")
    for location in plant.locations.values():
        if location.path == path:
            return location.key
    raise Refusal("LOCATION_NOT_FOUND", {field_name}, path=frozenset({path, reference}))


def find_order(plant: Plant, reference: Reference) -> str:
    """By id or by name."""
    if isinstance(reference, ById):
        if reference.key in plant.orders:
            return reference.key
        raise Refusal("PRODUCTION_ORDER_NOT_FOUND", {"production_order_id_or_name"}, id=reference.key)
    for order in plant.orders.values():
        if order.name == reference:
            return order.key
    raise Refusal("PRODUCTION_ORDER_NOT_FOUND", {"production_order_id_or_name"}, name=reference)


def _lots_of(plant: Plant, material: str) -> list[Lot]:
    return [lot for lot in plant.lots.values() if lot.material == material]


def _locations(plant: Plant, item: ActionItem) -> tuple[str | None, str | None]:
    """Step 4: what the type needs must be there and enabled; the other one only there."""
    found: dict[str, str] = {}
    for role in ("source", "destination"):
        reference = getattr(item, f"{role}_location_id_or_path")
        if reference:
            found[role] = find_location(plant, reference, f"{role}_location_id_or_path")
    if item.type == "MOVE" and found["source"] == found["destination"]:
        raise Refusal("INVALID_ARGUMENT", {"source_location_id_or_path", "destination_location_id_or_path"})
    needed = {"MOVE": ["source", "destination"], "STATUS_CHANGE": []}
    for role in needed.get(item.type, ["destination" if item.type in RISES else "source"]):
        location = plant.locations[found[role]]
        if not location.enabled:
            raise Refusal("DISABLED", None, entity="location", id=location.key)
    return found.get("source"), found.get("destination")


def _material(plant: Plant, item: ActionItem) -> str:
    """Step 5."""
    if item.material_id_or_path:
        material = find_material(plant, item.material_id_or_path, "material_id_or_path")
    elif isinstance(item.lot_id_or_name, ById):
        if item.lot_id_or_name.key not in plant.lots:
            raise Refusal("LOT_NOT_FOUND", {"lot_id_or_name"}, id=item.lot_id_or_name.key)
        material = plant.lots[item.lot_id_or_name.key].material
    else:
        raise Refusal("MATERIAL_REQUIRED")
    if not plant.materials[material].enabled and item.type not in CLEARS_AWAY:
        raise Refusal("DISABLED", None, entity="material", id=material)
    return material


def _primary_lot(plant: Plant, item: ActionItem, material: str, end: int, made: list[str]) -> str | None:
    """Step 6; None where lots are picked or all are taken."""
    if not item.lot_id_or_name:
        if item.type in PICKS | {"SCRAP_ALL"}:
            return None
        raise Refusal("LOT_REQUIRED", {"lot_id_or_name"}, field="lot_id_or_name")
    makes = item.create_lot_if_not_found and item.type in MAKES_LOTS
    return given_lot(plant, item.lot_id_or_name, material, "lot_id_or_name", end, made if makes else None)


def _secondary_lot(
    plant: Plant, item: ActionItem, material: str, primary: str | None, end: int, made: list[str]
) -> str | None:
    """Step 7; MERGE seeks it in the first one's material, unless its own is given."""
    reference, field_name = item.secondary_lot_id_or_name, "secondary_lot_id_or_name"
    own: str | None = None
    if item.secondary_material_id_or_path:
        own = find_material(plant, item.secondary_material_id_or_path, "secondary_material_id_or_path")
    if not reference:
        if item.type == "MERGE":
            raise Refusal("LOT_REQUIRED", {field_name}, field=field_name)
        return None
    if own is None and not isinstance(reference, ById):
        if item.type != "MERGE":
            raise Refusal("MATERIAL_REQUIRED")
        own = material
    lot = given_lot(plant, reference, own, field_name, end, made if item.create_lot_if_not_found else None)
    if lot == primary:
        raise Refusal("INVALID_ARGUMENT", {field_name})
    return lot


def _unit(plant: Plant, item: ActionItem, material: str, lot: str | None) -> str:
    """The unit given, else the lot's, of a pick (and of a lot just made) the material's."""
    found = set()
    for name in ("id", "name", "symbol"):
        reference = getattr(item, f"unit_of_measure_{name}")
        if reference:
            found.add(_find_unit(plant, reference, name))
    if len(found) > 1:
        raise Refusal("INVALID_ARGUMENT")
    unit = found.pop() if found else (plant.lots[lot].unit if lot else "") or plant.materials[material].unit or ""
    if not unit and item.type not in {"SCRAP_ALL", "MERGE", "STATUS_CHANGE"}:
        raise Refusal("UNIT_REQUIRED")
    return unit


def _find_unit(plant: Plant, reference: Reference, name: str) -> str:
    if isinstance(reference, ById) and reference.key in plant.units:
        return reference.key
    for unit in plant.units.values():
        if unit.symbol == reference:
            return unit.key
    told = reference.key if isinstance(reference, ById) else reference
    raise Refusal("UNIT_OF_MEASURE_NOT_FOUND", {f"unit_of_measure_{name}"}, **{name: told})


def _reason_code(plant: Plant, item: ActionItem) -> str | None:
    """Step 11."""
    reference, field_name = item.material_reason_code_id, "material_reason_code_id"
    if not reference:
        return None
    assert isinstance(reference, ById)
    if reference.key not in plant.reason_codes:
        raise Refusal("MATERIAL_REASON_CODE_NOT_FOUND", {field_name}, id=reference.key)
    check_reason_code(plant, reference.key, item.type, item.notes, {field_name})
    return reference.key


def _order(plant: Plant, item: ActionItem) -> tuple[str | None, str]:
    """The order, the action's own before its process operation's, and the operation record."""
    order, operation_record = None, ""
    if item.operation_id:
        assert isinstance(item.operation_id, ById)
        if item.operation_id.key not in plant.process_operations:
            raise Refusal("OPERATION_NOT_FOUND", {"operation_id"}, id=item.operation_id.key)
        process = plant.process_operations[item.operation_id.key]
        order, operation_record = process.order, process.operation_record
    if item.production_order_id_or_name:
        order = find_order(plant, item.production_order_id_or_name)
    if item.increment_production_order_count and order is None:
        raise Refusal("INVALID_ARGUMENT", {"production_order_id_or_name"})
    return order, operation_record
