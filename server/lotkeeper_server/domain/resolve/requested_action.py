"""Steps 4 to 11 of a requested action: what is given by name is found, and it becomes an `Action`."""

from lotkeeper_server.domain.commands import ExecuteActions, RequestedAction
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model import dates
from lotkeeper_server.domain.model.definitions import (
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import InventoryActionType
from lotkeeper_server.domain.model.identifiers import Id, LotId, format_id
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import (
    FieldViolation,
    InvalidArgument,
    LotRequired,
    MaterialRequired,
    NameTaken,
    NotFound,
    Refused,
    UnitRequired,
)
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import ACTION_OF, MAKES_LOTS, PICKS, RISES, Action
from lotkeeper_server.domain.resolve.steps import (
    check_location,
    check_material,
    check_not_primary,
    check_reason_code,
    current_order,
    existing_or_new,
    expect_lots,
    given_material,
    material_of_lot,
)
from lotkeeper_server.domain.working_set import WorkingSet

_Type = InventoryActionType
_LOT, _MATERIAL = "lot_id_or_name", "material_id_or_path"
_SECONDARY_LOT, _SECONDARY_MATERIAL = "secondary_lot_id_or_name", "secondary_material_id_or_path"
_SOURCE, _DESTINATION = "source_location_id_or_path", "destination_location_id_or_path"
_ORDER = "production_order_id_or_name"
_IN_LOT_UNIT = frozenset({_Type.SCRAP_ALL, _Type.MERGE, _Type.STATUS_CHANGE})
"""Types without a quantity: their records are in each lot's own unit."""


def resolve_action(
    state: WorkingSet, requested: RequestedAction, command: ExecuteActions, versioned: set[LotId], context: Context
) -> Action:
    """Steps 4 to 11, in their order.

    Args:
        state: what is there.
        requested: the action, whose shape is in order.
        command: the call that it belongs to.
        versioned: lots whose version the call has raised already.
        context: the time, and where new ids come from.

    Raises:
        Refused: by the first step that does not hold, field paths from the action.
        Missing: for what is not loaded yet.
    """
    source, destination = _locations(state, requested)  # step 4
    material = _material(state, requested)  # step 5
    secondary_material = _secondary_material(state, requested, material)
    expect_lots(state, requested.lot, material, requested.secondary_lot, secondary_material)
    primary = _primary_lot(state, requested, material)  # step 6
    secondary = _secondary_lot(state, requested, secondary_material, primary)  # step 7
    if requested.new_lot_name is not None and state.lot_named(material.id, requested.new_lot_name) is not None:
        taken = NameTaken(entity="inventory_lot", name=requested.new_lot_name)
        raise Refused(taken.at("new_lot_name"))
    process_operation = _process_operation(state, requested)
    order = _order(state, requested, process_operation)
    unit = _unit(state, requested, material, primary)  # step 9
    start_millis, end_millis = dates.start_and_end(requested.start_millis, requested.end_millis, context)  # step 10
    reason_code = _reason_code(state, requested)  # step 11
    born = lots.Birth(end_millis, command.principal, context)
    new_lots: list[Lot] = []
    lot = existing_or_new(state, primary, material.unit or unit, born, new_lots)
    unit_of_secondary = (secondary_material.unit if secondary_material else None) or unit
    secondary_lot = existing_or_new(state, secondary, unit_of_secondary, born, new_lots)
    if requested.new_lot_name is not None:
        assert lot is not None
        secondary_lot = lots.split_off(lot, requested.new_lot_name, born)
        state.expect_lot(secondary_lot.id)
        new_lots.append(secondary_lot)
    return Action(
        type=ACTION_OF[requested.type],
        material=material,
        lot=lot,
        secondary_lot=secondary_lot,
        new_lots=new_lots,
        quantity_millionths=requested.quantity_millionths or 0,
        unit=unit,
        source=source,
        destination=destination,
        inventory_name=requested.inventory_name or "",  # step 8
        start_millis=start_millis,
        end_millis=end_millis,
        reason_code=reason_code,
        notes=requested.notes,
        operation=None,
        operation_record_id=process_operation.current_operation_record_id if process_operation else "",
        production_order=order,
        increments_order=requested.increment_production_order_count,
        principal=command.principal,
        request_id=command.request_id or "",
        versioned=versioned,
        spares=requested.spares,
        lot_status=requested.lot_status,
    )


def _locations(state: WorkingSet, requested: RequestedAction) -> tuple[Location | None, Location | None]:
    """Step 4: where stock moves must be there and enabled; the other location is genealogy."""
    source: Location | None = None
    destination: Location | None = None
    if requested.type in RISES:
        destination = _location(state, requested.destination, _DESTINATION, needed=True)
        source = _location(state, requested.source, _SOURCE, needed=False)
        return source, destination
    moves = requested.type is _Type.MOVE
    source = _location(state, requested.source, _SOURCE, needed=True)
    destination = _location(state, requested.destination, _DESTINATION, needed=moves)
    if moves and source == destination:
        text = "is the same location as the other"
        raise Refused(InvalidArgument.of((FieldViolation(_SOURCE, text), FieldViolation(_DESTINATION, text))))
    return source, destination


def _location(state: WorkingSet, given: Id | str | None, field: str, *, needed: bool) -> Location | None:
    if given is None:
        return None
    if isinstance(given, bytes):
        location, absent = state.location(given), NotFound(entity="location", id=format_id(given))
    else:
        location, absent = state.location_at(given), NotFound(entity="location", path=given)
    if location is None:
        raise Refused(absent.at(field))
    if needed:
        check_location(location)
    return location


def _material(state: WorkingSet, requested: RequestedAction) -> Material:
    """Step 5."""
    if requested.material is not None:
        material = given_material(state, requested.material, _MATERIAL)
    elif isinstance(requested.lot, bytes):
        material = material_of_lot(state, requested.lot, _LOT)
    else:
        raise Refused(MaterialRequired(text="Neither a material nor a lot's id is given.").at(_MATERIAL))
    check_material(material, requested.type)
    return material


def _secondary_material(state: WorkingSet, requested: RequestedAction, material: Material) -> Material | None:
    """That of step 7; one that is not there stays None here, since step 6 goes first."""
    given = requested.secondary_material
    if given is not None:
        return state.material(given) if isinstance(given, bytes) else state.material_at(given)
    named = isinstance(requested.secondary_lot, str)
    return material if requested.type is _Type.MERGE and named else None


def _primary_lot(state: WorkingSet, requested: RequestedAction, material: Material) -> Lot | lots.NewLot | None:
    """Step 6. None: to be picked from the location, or every lot of a SCRAP_ALL."""
    if requested.lot is not None:
        creates = requested.type in MAKES_LOTS and requested.create_lot_if_not_found
        return lots.find(state, requested.lot, material, _LOT, creates=creates)
    if requested.type in PICKS or requested.type is _Type.SCRAP_ALL:
        return None
    raise Refused(LotRequired(field=_LOT).at(_LOT))


def _secondary_lot(
    state: WorkingSet,
    requested: RequestedAction,
    secondary_material: Material | None,
    primary: Lot | lots.NewLot | None,
) -> Lot | lots.NewLot | None:
    """Step 7. A material alone makes no lot."""
    if requested.secondary_material is not None and secondary_material is None:
        given_material(state, requested.secondary_material, _SECONDARY_MATERIAL)
    given = requested.secondary_lot
    if given is None:
        if requested.type is _Type.MERGE:
            raise Refused(LotRequired(field=_SECONDARY_LOT).at(_SECONDARY_LOT))
        return None
    if secondary_material is not None:
        creates = requested.create_lot_if_not_found
        secondary = lots.find(state, given, secondary_material, _SECONDARY_LOT, creates=creates)
    elif isinstance(given, bytes):
        secondary = lots.by_id(state, given, _SECONDARY_LOT)
    else:
        text = f"A lot named {given} cannot be looked up without its material; give that, or the lot's id."
        raise Refused(MaterialRequired(text=text).at(_SECONDARY_MATERIAL))
    check_not_primary(primary, secondary, _SECONDARY_LOT)
    return secondary


def _process_operation(state: WorkingSet, requested: RequestedAction) -> ProcessOperation | None:
    if requested.operation_id is None:
        return None
    process_operation = state.process_operation(requested.operation_id)
    if process_operation is None:
        absent = NotFound(entity="operation", id=format_id(requested.operation_id))
        raise Refused(absent.at("operation_id"))
    return process_operation


def _order(
    state: WorkingSet, requested: RequestedAction, process_operation: ProcessOperation | None
) -> ProductionOrder | None:
    """The one given, else the one that the process operation currently has."""
    order = _given_order(state, requested.production_order) or current_order(state, process_operation)
    if order is None and requested.increment_production_order_count:
        raise Refused(InvalidArgument.on(_ORDER, "must be given where its count is to rise"))
    return order


def _given_order(state: WorkingSet, given: Id | str | None) -> ProductionOrder | None:
    if given is None:
        return None
    if isinstance(given, bytes):
        order_id, absent = given, NotFound(entity="production_order", id=format_id(given))
    else:
        absent = NotFound(entity="production_order", name=given)
        order_id = state.id_named("production_order", "name", given) or b""
    order = state.production_order(order_id) if order_id else None
    if order is None:
        raise Refused(absent.at(_ORDER))
    return order


def _unit(
    state: WorkingSet, requested: RequestedAction, material: Material, primary: Lot | lots.NewLot | None
) -> Unit | None:
    """The unit given, else the lot's; of a pick, and of a lot yet to be made, the material's."""
    if requested.type in _IN_LOT_UNIT:
        return None
    given = _given_unit(state, requested)
    if given is not None:
        return given
    if not isinstance(primary, Lot):
        unit = material.unit
    else:
        unit = None if primary.unit_id is None else state.unit(primary.unit_id)
    if unit is None:
        raise Refused(UnitRequired())
    return unit


def _given_unit(state: WorkingSet, requested: RequestedAction) -> Unit | None:
    """By id, name and symbol, which must all mean the same."""
    found: dict[str, Unit] = {}
    for key, given in (("id", requested.unit_id), ("name", requested.unit_name), ("symbol", requested.unit_symbol)):
        if given is None:
            continue
        unit_id = given if isinstance(given, bytes) else state.id_named("unit_of_measure", key, given)
        unit = None if unit_id is None else state.unit(unit_id)
        field = f"unit_of_measure_{key}"
        if unit is None:
            shown = format_id(given) if isinstance(given, bytes) else given
            raise Refused(NotFound.by("unit_of_measure", key, shown).at(field))
        found[field] = unit
    if len({unit.id for unit in found.values()}) > 1:
        text = "does not name the same as the others given of it"
        raise Refused(InvalidArgument.of(tuple(FieldViolation(field, text) for field in found)))
    return next(iter(found.values()), None)


def _reason_code(state: WorkingSet, requested: RequestedAction) -> ReasonCode | None:
    """Step 11."""
    if requested.reason_code_id is None:
        return None
    reason_code = state.reason_code(requested.reason_code_id)
    if reason_code is None:
        absent = NotFound(entity="material_reason_code", id=format_id(requested.reason_code_id))
        raise Refused(absent.at("material_reason_code_id"))
    check_reason_code(reason_code, requested.type, requested.notes)
    return reason_code
