"""Steps 4 to 11: an intent is looked up and becomes an action. Nothing moves here."""

from dataclasses import replace

from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import LotKey, LotNameKey, Missing
from lotkeeper_server.domain.kinds import Kind, Place, Primary, Quantity, Secondary
from lotkeeper_server.domain.model import dates
from lotkeeper_server.domain.model.definitions import (
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import LotResolutionStrategy
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import (
    CommentsRequired,
    Disabled,
    Fault,
    FieldViolation,
    InvalidArgument,
    LocationRequired,
    LotRequired,
    MaterialConflict,
    NameTaken,
    NotFound,
    Refused,
    StartNotSupported,
    UnitRequired,
)
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.resolve.intent import Intent
from lotkeeper_server.domain.working_set import WorkingSet

_MATERIAL, _SECONDARY_MATERIAL = "material_id_or_path", "secondary_material_id_or_path"
_SECONDARY_LOT, _NEW_LOT = "secondary_lot_id_or_name", "new_lot_name"
_ORDER = "production_order_id_or_name"


def resolve(state: WorkingSet, intent: Intent, context: Context) -> Action:
    """Takes the steps, in their order.

    Args:
        state: what is there.
        intent: its shape is correct.
        context: the time, and where new ids come from.

    Raises:
        Refused: by the first step that fails.
        Missing: for what is not loaded yet.
    """
    kind = intent.kind
    source, destination = _locations(state, intent)  # step 4
    quantity_millionths = _quantity(intent, source)
    if intent.stated is not None:
        _check_makes_lots(intent.kind, intent.stated)
    material = _material(state, intent)  # step 5
    secondary_material = _secondary_material(state, intent, material)
    _expect_lots(state, intent, material, secondary_material)
    primary = _primary_lot(state, intent, material, context)  # step 6
    secondary = _secondary_lot(state, intent, secondary_material, primary, context)  # step 7
    _check_new_name(state, intent, material)
    inventory_name = intent.inventory_name  # step 8
    if intent.makes_inventory_name and kind.names_inventory:
        inventory_name = context.new_uuid()
    process_operation = _process_operation(state, intent)
    order = _order(state, intent, process_operation)
    unit = _unit(state, intent, order, material, primary)  # step 9
    start_millis, end_millis = dates.start_and_end(intent.start_millis, intent.end_millis, context)  # step 10
    reason_code = _reason_code(state, intent)  # step 11
    new_lots: list[Lot] = []
    if isinstance(primary, lots.NewLot) or isinstance(secondary, lots.NewLot) or intent.new_lot_name is not None:
        born = lots.Birth(end_millis, intent.principal, context)
        primary, secondary = _made(state, intent, primary, secondary, unit, born, new_lots)
    return Action(  # positional arguments: this runs in every call
        kind,
        material,
        primary,
        secondary,
        new_lots,
        quantity_millionths,
        unit,
        source,
        destination,
        inventory_name,
        start_millis,
        end_millis,
        reason_code,
        intent.notes,
        intent.operation,
        process_operation.current_operation_record_id if process_operation else "",
        order,
        intent.increments_order,
        intent.principal,
        intent.request_id,
        None,
        None,
        intent.versioned,
        intent.spares,
        intent.lot_status,
    )


def required_quantity(kind: Kind, millionths: int | None) -> int:
    """Step 4: returns a quantity above zero; 0 for a kind that ignores it.

    Raises:
        Refused: INVALID_ARGUMENT on `quantity`.
    """
    if kind.quantity is Quantity.NONE:
        return 0
    if millionths is None:
        raise Refused(
            InvalidArgument.on("quantity", Fault.required(f"must be given for an operation of type {kind.name}"))
        )
    if millionths == 0 and kind.quantity is Quantity.ABOVE_ZERO:
        raise Refused(
            InvalidArgument.on("quantity", Fault.out_of_range("must be above zero when rounded to 6 decimals"))
        )
    return millionths


def _quantity(intent: Intent, place: Location | None) -> int:
    """Step 4: a Start has no quantity yet; one below zero, of an EDIT, is for places that may hold that."""
    if not intent.starts:
        quantity = required_quantity(intent.kind, intent.quantity_millionths)
        if quantity < 0 and place is not None and not place.allow_negative_inventory:
            text = f"{decimal_text(quantity)} is below zero, and {place.path} does not allow negative inventory"
            raise Refused(InvalidArgument.on("exact_quantity", Fault.out_of_range(text)))
        return quantity
    if not intent.kind.startable:
        raise Refused(StartNotSupported(operation_type=intent.kind.name))
    return 0


def _check_makes_lots(kind: Kind, stated: lots.LotStatement) -> None:
    """Step 4: what a call states about its lot is for types that make lots."""
    if kind.primary is not Primary.MADE:
        text = f"is not used by an operation of type {kind.name}, which makes no lot"
        raise Refused(
            InvalidArgument.of(tuple(FieldViolation.of(field, Fault.not_allowed(text)) for field in stated.fields))
        )


def _locations(state: WorkingSet, intent: Intent) -> tuple[Location | None, Location | None]:
    """Step 4: the locations where stock moves must exist and be enabled; the other location is genealogy."""
    place = intent.kind.place
    if place is Place.DESTINATION:
        destination = _location(state, intent, intent.destination, "destination", needed=True)
        return _location(state, intent, intent.source, "source", needed=False), destination
    source = _location(state, intent, intent.source, "source", needed=place is not Place.NOWHERE)
    destination = _location(state, intent, intent.destination, "destination", needed=place is Place.BOTH)
    if place is Place.BOTH and source == destination:
        text = "is the same location as the other one"
        fields = (_location_field("source"), _location_field("destination"))
        raise Refused(InvalidArgument.of(tuple(FieldViolation.of(field, Fault.conflicting(text)) for field in fields)))
    return source, destination


def _location(state: WorkingSet, intent: Intent, given: Id | str | None, role: str, *, needed: bool) -> Location | None:
    if given is None:
        if needed:
            raise Refused(LocationRequired(role=role, operation_type=intent.kind.name))
        return None
    location = state.location(given) if isinstance(given, bytes) else state.location_at(given)
    if location is None:
        raise Refused(_absent("location", "path", given).at(_location_field(role)))
    if needed and not location.enabled:
        raise Refused(Disabled(entity="location", id=format_id(location.id), text=location.path))
    return location


def _location_field(role: str) -> str:
    return f"{role}_location_id_or_path"


def _absent(entity: str, key: str, given: Id | str) -> NotFound:
    return NotFound.by(entity, "id", format_id(given)) if isinstance(given, bytes) else NotFound.by(entity, key, given)


def _material(state: WorkingSet, intent: Intent) -> Material:
    """Step 5: the given material, else the configured one, else that of a lot given by id; some may be disabled."""
    configured = None if intent.configured_material is None else state.material(intent.configured_material)
    if intent.material is not None:
        material = _given_material(state, intent.material, _MATERIAL)
        if configured is not None and intent.material_is_fixed and configured.id != material.id:
            raise Refused(MaterialConflict(configured=configured.path, given=material.path).at(_MATERIAL))
    elif configured is not None:
        material = configured
    elif isinstance(intent.lot, bytes):
        of_lot = state.material(lots.by_id(state, intent.lot, intent.origin.lot_field).material_id)
        assert of_lot is not None
        material = of_lot
    else:
        raise Refused(intent.origin.material_required)
    if not material.enabled and not intent.kind.any_material:
        raise Refused(Disabled(entity="material", id=format_id(material.id), text=material.path))
    return material


def _given_material(state: WorkingSet, given: Id | str, field: str) -> Material:
    material = _found_material(state, given)
    if material is None:
        raise Refused(_absent("material", "path", given).at(field))
    return material


def _found_material(state: WorkingSet, given: Id | str) -> Material | None:
    return state.material(given) if isinstance(given, bytes) else state.material_at(given)


def _secondary_material(state: WorkingSet, intent: Intent, material: Material) -> Material | None:
    """The material of step 7; None if it does not exist, since step 6 comes first and may refuse."""
    if intent.secondary_material is not None:
        return _found_material(state, intent.secondary_material)
    merged_by_name = intent.kind.secondary is Secondary.MERGED and isinstance(intent.secondary_lot, str)
    return material if merged_by_name else None


def _expect_lots(state: WorkingSet, intent: Intent, material: Material, secondary_material: Material | None) -> None:
    """Loads both lots at once; steps 6 and 7 decide what they mean."""
    primary, secondary = intent.lot, intent.secondary_lot
    missing: list[LotKey | LotNameKey] = []
    if primary is not None and not state.knows_lot(primary, material.id):
        missing.append(lots.key(primary, material.id))
    if secondary is not None:
        of_material = secondary_material or material
        names_nothing = secondary_material is None and isinstance(secondary, str)
        if not names_nothing and not state.knows_lot(secondary, of_material.id):
            missing.append(lots.key(secondary, of_material.id))
    if missing:
        raise Missing(*missing)


def _primary_lot(state: WorkingSet, intent: Intent, material: Material, context: Context) -> Lot | lots.NewLot | None:
    """Step 6: the primary lot. None: it is picked from the location, or every lot there is meant."""
    lot_comes_from, strategy, field = intent.kind.primary, intent.lot_strategy, intent.origin.lot_field
    if intent.lot is not None:
        creates = intent.creates_lots and lot_comes_from is Primary.MADE
        found = lots.find(state, intent.lot, material, field, creates=creates)
        return found if intent.stated is None else _agreeing(found, intent.stated)
    if lot_comes_from is Primary.EVERY:
        return None
    if lot_comes_from is Primary.MADE and strategy is LotResolutionStrategy.AUTO_GENERATE:
        return lots.NewLot(material, context.new_uuid(), intent.stated)
    if lot_comes_from is Primary.PICKED and (strategy is None or strategy is LotResolutionStrategy.FROM_LOCATION):
        return None
    raise Refused(LotRequired(field=field, strategy=strategy.name if strategy else None).at(field))


def _agreeing(found: Lot | lots.NewLot, stated: lots.LotStatement) -> Lot | lots.NewLot:
    if isinstance(found, Lot):
        lots.check_agrees(found, stated)
        return found
    return replace(found, stated=stated)


def _secondary_lot(
    state: WorkingSet,
    intent: Intent,
    secondary_material: Material | None,
    primary: Lot | lots.NewLot | None,
    context: Context,
) -> Lot | lots.NewLot | None:
    """Step 7: the secondary lot. A material alone makes no lot, unless the intent says so."""
    if secondary_material is None and intent.secondary_material is not None:
        raise Refused(_absent("material", "path", intent.secondary_material).at(_SECONDARY_MATERIAL))
    given = intent.secondary_lot
    if given is None:
        if intent.kind.secondary is Secondary.MERGED:
            raise Refused(LotRequired(field=_SECONDARY_LOT).at(_SECONDARY_LOT))
        if secondary_material is not None and intent.makes_secondary_lot:
            return lots.NewLot(secondary_material, context.new_uuid())
        return None
    if secondary_material is not None:
        secondary = lots.find(state, given, secondary_material, _SECONDARY_LOT, creates=intent.creates_lots)
    elif isinstance(given, bytes):
        secondary = lots.by_id(state, given, _SECONDARY_LOT)
    else:
        raise Refused(intent.origin.secondary_material_required(given))
    if primary is not None and lots.same(primary, secondary):
        raise Refused(
            InvalidArgument.on(_SECONDARY_LOT, Fault.conflicting(f"is the primary lot itself, {secondary.name}"))
        )
    return secondary


def _check_new_name(state: WorkingSet, intent: Intent, material: Material) -> None:
    """Step 7 of a SPLIT: no lot has the new lot's name."""
    name = intent.new_lot_name
    if name is not None and state.lot_named(material.id, name) is not None:
        raise Refused(NameTaken(entity="inventory_lot", name=name).at(_NEW_LOT))


def _process_operation(state: WorkingSet, intent: Intent) -> ProcessOperation | None:
    if intent.process_operation_id is None:
        return None
    process_operation = state.process_operation(intent.process_operation_id)
    if process_operation is None:
        raise Refused(_absent("operation", "id", intent.process_operation_id).at("operation_id"))
    return process_operation


def _order(state: WorkingSet, intent: Intent, process_operation: ProcessOperation | None) -> ProductionOrder | None:
    """The given order, else the one that the process operation currently has."""
    order = None if intent.production_order is None else _given_order(state, intent.production_order)
    if order is None and process_operation is not None and process_operation.current_production_order_id is not None:
        order = state.production_order(process_operation.current_production_order_id)
    if order is None and intent.needs_order:
        raise Refused(InvalidArgument.on(_ORDER, Fault.required("must be given if its count is to rise")))
    return order


def _given_order(state: WorkingSet, given: Id | str) -> ProductionOrder:
    order_id = given if isinstance(given, bytes) else state.id_named("production_order", "name", given)
    order = None if order_id is None else state.production_order(order_id)
    if order is None:
        raise Refused(_absent("production_order", "name", given).at(_ORDER))
    return order


def _unit(
    state: WorkingSet,
    intent: Intent,
    order: ProductionOrder | None,
    material: Material,
    primary: Lot | lots.NewLot | None,
) -> Unit | None:
    """Step 9: the given unit, else what its origin says. A kind without a quantity uses each lot's own."""
    if intent.kind.quantity is Quantity.NONE:
        return None
    unit = _given_unit(state, intent) or intent.origin.unit(state, intent.kind, order, material, primary)
    if unit is None:
        raise Refused(UnitRequired())
    return unit


def _given_unit(state: WorkingSet, intent: Intent) -> Unit | None:
    """The unit by id, name and symbol, which must all mean the same."""
    by_id = None if intent.unit_id is None else _found_unit(state, "id", intent.unit_id)
    if intent.unit_name is None and intent.unit_symbol is None:
        return by_id
    found = {} if by_id is None else {"id": by_id}
    for key, given in (("name", intent.unit_name), ("symbol", intent.unit_symbol)):
        if given is not None:
            found[key] = _found_unit(state, key, given)
    if len({unit.id for unit in found.values()}) > 1:
        text = "names something else than the other fields for it"
        raise Refused(
            InvalidArgument.of(tuple(FieldViolation.of(_unit_field(key), Fault.conflicting(text)) for key in found))
        )
    return next(iter(found.values()))


def _found_unit(state: WorkingSet, key: str, given: Id | str) -> Unit:
    unit_id = given if isinstance(given, bytes) else state.id_named("unit_of_measure", key, given)
    unit = None if unit_id is None else state.unit(unit_id)
    if unit is None:
        raise Refused(_absent("unit_of_measure", key, given).at(_unit_field(key)))
    return unit


def _unit_field(key: str) -> str:
    return f"unit_of_measure_{key}"


def _reason_code(state: WorkingSet, intent: Intent) -> ReasonCode | None:
    """Step 11: checks that it is enabled, allows this type, and has the comments that it requires."""
    if intent.reason_code_id is None:
        return None
    reason_code = state.reason_code(intent.reason_code_id)
    if reason_code is None:
        raise Refused(_absent("material_reason_code", "id", intent.reason_code_id).at("material_reason_code_id"))
    if not reason_code.enabled:
        raise Refused(Disabled(entity="material_reason_code", id=format_id(reason_code.id), text=reason_code.code))
    serves = reason_code.lot_record_type
    if serves is not None and serves not in intent.kind.records:
        text = f"reason code {reason_code.code} is for {serves.name} only, not for {intent.kind.name}"
        raise Refused(InvalidArgument.on("material_reason_code_id", Fault.not_allowed(text)))
    if reason_code.require_comments and not intent.notes:
        raise Refused(CommentsRequired(reason_code=reason_code.code))
    return reason_code


def _made(
    state: WorkingSet,
    intent: Intent,
    primary: Lot | lots.NewLot | None,
    secondary: Lot | lots.NewLot | None,
    unit: Unit | None,
    born: lots.Birth,
    new_lots: list[Lot],
) -> tuple[Lot | None, Lot | None]:
    """Both lots; those that do not exist are made, and the action's first record writes them."""
    lot = lots.existing_or_made(primary, unit, born, new_lots)
    secondary_lot = lots.existing_or_made(secondary, unit, born, new_lots)
    if intent.new_lot_name is not None:
        assert lot is not None
        secondary_lot = lots.split_off(lot, intent.new_lot_name, born)
        new_lots.append(secondary_lot)
    for made in new_lots:
        state.expect_lot(made.id)
    return lot, secondary_lot
