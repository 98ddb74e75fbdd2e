"""Steps 4 to 11: an operation and a few arguments become an action."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.model.plant import ById, Location, Lot, Operation, Plant, Reference
from tests.model.refusal import Refusal
from tests.model.requests import Execute, Start, Stop, quantity_told

HOUR, DAY = 3_600_000, 86_400_000
FUTURE_MAX, PAST_MAX = 24 * HOUR, 7 * DAY
LAST_MOMENT = 253_402_300_799_999

RISES = {"PRODUCE", "UNCONSUME", "RECEIVE"}
MAKES_LOTS = RISES | {"RECEIVE_AND_CONSUME"}
STARRED = {"MOVE", "SPLIT", "MERGE", "EDIT", "STATUS_CHANGE"}
CLEARS_AWAY = {"SCRAP", "SCRAP_ALL", "RETURN"} | STARRED
WRITES = {"SCRAP_ALL": {"SCRAP"}, "RECEIVE_AND_CONSUME": {"RECEIVE", "CONSUME"}}


@dataclass
class Action:
    """What happens to stock; `lot` is None for a pick and for a SCRAP_ALL of every lot.

    Attributes:
        versioned: the lots whose version the call has raised already, or that it made before.
    """

    type: str
    source: str | None
    destination: str | None
    material: str
    lot: str | None
    secondary: str | None
    unit: str
    inventory_name: str
    start: int
    end: int
    now: int
    order: str | None
    operation_record: str
    reason_code: str | None
    notes: str
    request_id: str
    operation: str | None
    increment: bool
    quantity: Fraction = Fraction(0)
    running: str | None = None
    spares: tuple[str, str, str] = ("", "", "")
    new_lot_name: str = ""
    lot_status: str = ""
    made_lots: list[str] = field(default_factory=list)
    versioned: set[str] = field(default_factory=set)

    @property
    def place(self) -> str:
        """The location that the type needs."""
        place = self.destination if self.type in RISES else self.source
        assert place is not None
        return place


def find_operation(plant: Plant, reference: Reference) -> Operation:
    """Step 4, its beginning."""
    assert isinstance(reference, ById)
    if reference.key not in plant.operations:
        raise Refusal("INVENTORY_OPERATION_NOT_FOUND", {"inventory_operation_id"}, id=reference.key)
    return plant.operations[reference.key]


def check_operation(plant: Plant, operation: Operation) -> Location:
    """Step 4 for what is not running: enabled, with an enabled location."""
    if not operation.enabled:
        raise Refusal("OPERATION_DISABLED", None, inventory_operation_id=operation.key)
    place = operation.destination if operation.type in RISES else operation.source
    assert place is not None
    location = plant.locations[place]
    if not location.enabled:
        raise Refusal("DISABLED", None, entity="location", id=location.key)
    return location


def required_quantity(request: Execute | Stop) -> Fraction:
    """Step 4, its end."""
    quantity = quantity_told(request)
    if not quantity:
        raise Refusal("INVALID_ARGUMENT", {"quantity"})
    return quantity


def refuse_stated(operation: Operation, request: Execute | Start) -> None:
    """Step 4: who states something about a lot has an operation that could make it."""
    stated = {"lot_expiration_date_millis": request.lot_expiration_date_millis is not None}
    stated |= {"supplier_lot_name": request.supplier_lot_name != ""}
    at_fault = {name for name, is_given in stated.items() if is_given}
    if at_fault and operation.type not in MAKES_LOTS:
        raise Refusal("INVALID_ARGUMENT", at_fault)


def state_of_lot(plant: Plant, key: str | None, made: list[str], expiration: int | None, supplier: str) -> None:
    """Step 6: a lot that was just made gets what is stated; one that was there has it already, the date first."""
    if key is None:
        return
    lot = plant.lots[key]
    if key in made:
        lot.expiration = lot.expiration if expiration is None else expiration
        lot.supplier = supplier
        return
    if expiration is not None and lot.expiration != expiration:
        stored = "" if lot.expiration is None else str(lot.expiration)
        values = {"field": "expiration_date", "stored": stored, "given": str(expiration)}
        raise Refusal("LOT_DIFFERS", {"lot_expiration_date_millis"}, lot=lot.name, **values)
    if supplier not in {"", lot.supplier}:
        values = {"field": "supplier_lot_name", "stored": lot.supplier, "given": supplier}
        raise Refusal("LOT_DIFFERS", {"supplier_lot_name"}, lot=lot.name, **values)


def resolve(plant: Plant, operation: Operation, request: Execute | Start, now: int) -> Action:
    """Steps 5 to 11; lots that are made are there afterwards."""
    end_given = request.end_date_millis if isinstance(request, Execute) else None
    material = _material(plant, operation, request)
    # The end of step 10 is needed for the dates of lots that are made; it is refused in its turn.
    end = now if end_given is None else end_given
    made: list[str] = []
    primary = _primary_lot(plant, operation, request.primary_lot_id_or_name, material, end, made)
    state_of_lot(plant, primary, made, request.lot_expiration_date_millis, request.supplier_lot_name)
    secondary = _secondary_lot(plant, operation, request.secondary_lot_id_or_name, primary, end, made)
    name = request.inventory_name or _inventory_name(plant, operation)
    process = plant.process_operations.get(operation.process_operation or "")
    order = process.order if process else None
    unit = _unit(plant, operation, order, material, primary)
    give_units(plant, made, unit)
    start = times(request.start_date_millis, end_given, now, is_start=isinstance(request, Start))
    if operation.reason_code is not None:
        check_reason_code(plant, operation.reason_code, operation.type, operation.notes, None)
    return Action(
        type=operation.type,
        source=operation.source,
        destination=operation.destination,
        material=material,
        lot=primary,
        secondary=secondary,
        unit=unit,
        inventory_name=name,
        start=start,
        end=end,
        now=now,
        order=order,
        operation_record=process.operation_record if process else "",
        reason_code=operation.reason_code,
        notes=operation.notes,
        request_id=request.request_id,
        operation=operation.key,
        increment=operation.increment,
        made_lots=made,
    )


def _material(plant: Plant, operation: Operation, request: Execute | Start) -> str:
    """Step 5."""
    given = request.material_id_or_path
    lot = request.primary_lot_id_or_name
    if given:
        material = find_material(plant, given, "material_id_or_path")
        if operation.material_source == "STATIC" and operation.material not in {None, material}:
            paths = {
                "configured": plant.materials[operation.material or ""].path,
                "given": plant.materials[material].path,
            }
            raise Refusal("MATERIAL_CONFLICT", {"material_id_or_path"}, **paths)
    elif operation.material is not None:
        material = operation.material
    elif isinstance(lot, ById):
        if lot.key not in plant.lots:
            raise Refusal("LOT_NOT_FOUND", {"primary_lot_id_or_name"}, id=lot.key)
        material = plant.lots[lot.key].material
    else:
        raise Refusal("MATERIAL_REQUIRED")
    if not plant.materials[material].enabled and operation.type not in CLEARS_AWAY:
        raise Refusal("DISABLED", None, entity="material", id=material)
    return material


def find_material(plant: Plant, reference: Reference, field_name: str) -> str:
    """By id or by path."""
    if isinstance(reference, ById):
        if reference.key in plant.materials:
            return reference.key
        raise Refusal("MATERIAL_NOT_FOUND", {field_name}, id=reference.key)
    path = reference.removeprefix("/")
    for material in plant.materials.values():
        if material.path == path:
            return material.key
    raise Refusal("MATERIAL_NOT_FOUND", {field_name}, path=frozenset({path, reference}))


def give_units(plant: Plant, made: list[str], unit: str) -> None:
    """A lot made along the way has its material's unit, or the action's."""
    for key in made:
        lot = plant.lots[key]
        lot.unit = plant.materials[lot.material].unit or unit


def _primary_lot(
    plant: Plant, operation: Operation, reference: Reference, material: str, end: int, made: list[str]
) -> str | None:
    """Step 6; None where lots are picked or all are taken."""
    field_name, makes = "primary_lot_id_or_name", operation.type in MAKES_LOTS
    if reference:
        return given_lot(plant, reference, material, field_name, end, made if makes and operation.create_lot else None)
    if operation.type == "SCRAP_ALL":
        return None
    strategy = operation.primary_strategy
    if strategy == "FROM_LOCATION":
        return None
    if strategy == "AUTO_GENERATE" and makes:
        return _make_lot(plant, plant.new_key("uuid"), material, end, made)
    raise Refusal("LOT_REQUIRED", {field_name}, field=field_name, strategy=strategy)


def _secondary_lot(
    plant: Plant, operation: Operation, reference: Reference, primary: str | None, end: int, made: list[str]
) -> str | None:
    """Step 7."""
    field_name, material = "secondary_lot_id_or_name", operation.secondary_material
    if not reference:
        if operation.secondary_strategy == "AUTO_GENERATE" and material is not None:
            return _make_lot(plant, plant.new_key("uuid"), material, end, made)
        return None
    if material is None and not isinstance(reference, ById):
        raise Refusal("MATERIAL_REQUIRED")
    lot = given_lot(plant, reference, material, field_name, end, made if operation.create_lot else None)
    if lot == primary:
        raise Refusal("INVALID_ARGUMENT", {field_name})
    return lot


def given_lot(
    plant: Plant, reference: Reference, material: str | None, field_name: str, end: int, made: list[str] | None
) -> str:
    """A lot by id, else by name within the material; made where `made` is a list to note it in."""
    if isinstance(reference, ById):
        if reference.key not in plant.lots:
            raise Refusal("LOT_NOT_FOUND", {field_name}, id=reference.key)
        lot = plant.lots[reference.key]
        if material is not None and lot.material != material:
            raise Refusal("LOT_MATERIAL_MISMATCH", {field_name}, lot=lot.name, material=plant.materials[material].path)
        return lot.key
    for lot in plant.lots.values():
        if lot.name == reference and lot.material == material:
            return lot.key
    if made is None:
        raise Refusal("LOT_NOT_FOUND", {field_name}, name=reference)
    assert material is not None
    return _make_lot(plant, reference, material, end, made)


def _make_lot(plant: Plant, name: str, material: str, end: int, made: list[str]) -> str:
    days = plant.materials[material].shelf_life_days
    lot = Lot(plant.new_key("lot"), name, material, unit="")
    lot.expiration = None if days is None else min(end + days * DAY, LAST_MOMENT)
    plant.lots[lot.key] = lot
    made.append(lot.key)
    return lot.key


def _inventory_name(plant: Plant, operation: Operation) -> str:
    """Step 8, where none is given."""
    if operation.name_strategy == "STATIC":
        return operation.inventory_name
    if operation.name_strategy == "AUTO_GENERATE" and operation.type in RISES:
        return plant.new_key("uuid")
    return ""


def _unit(plant: Plant, operation: Operation, order: str | None, material: str, lot: str | None) -> str:
    """Step 9."""
    if operation.unit_strategy == "STATIC" and operation.unit is not None:
        return operation.unit
    if operation.type == "PRODUCE" and order is not None:
        return plant.orders[order].unit
    unit = plant.materials[material].unit or (plant.lots[lot].unit if lot else "")
    if not unit:
        raise Refusal("UNIT_REQUIRED")
    return unit


def times(start_given: int | None, end_given: int | None, now: int, *, is_start: bool) -> int:
    """Step 10; the start."""
    end = now if end_given is None else end_given
    start = min(now, end) if start_given is None else start_given
    if is_start and start > now:
        raise Refusal("INVALID_ARGUMENT", {"start_date_millis"})
    if end < start:
        raise Refusal("INVALID_ARGUMENT")
    check_end(end, now)
    return start


def check_end(end: int, now: int) -> None:
    """The limits of step 10."""
    if not now - PAST_MAX <= end <= now + FUTURE_MAX:
        raise Refusal("INVALID_ARGUMENT", {"end_date_millis"})


def check_reason_code(plant: Plant, key: str, kind: str, notes: str, at_fault: set[str] | None) -> None:
    """Step 11."""
    code = plant.reason_codes[key]
    if not code.enabled:
        raise Refusal("DISABLED", None, entity="material_reason_code", id=code.key)
    if code.record_type not in {None} | WRITES.get(kind, {kind}):
        raise Refusal("INVALID_ARGUMENT", at_fault)
    if code.require_comments and not notes:
        raise Refusal("COMMENTS_REQUIRED", None, reason_code=code.code)
