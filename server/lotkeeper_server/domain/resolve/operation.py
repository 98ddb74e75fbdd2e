"""Steps 4 to 11: an operation and the arguments of a call become an action. Nothing moves here."""

from dataclasses import dataclass

from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model import dates
from lotkeeper_server.domain.model.definitions import (
    InventoryOperation,
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import (
    InventoryNameResolutionStrategy,
    InventoryOperationType,
    LotResolutionStrategy,
    MaterialSource,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.identifiers import Id, MaterialId
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import (
    InvalidArgument,
    LocationRequired,
    LotRequired,
    MaterialConflict,
    MaterialRequired,
    Refused,
    UnitRequired,
)
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import ACTION_OF, FALLS, MAKES_LOTS, RISES, Action
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

_Type = InventoryOperationType
_SELF_NAMING = frozenset({_Type.PRODUCE, _Type.UNCONSUME, _Type.RECEIVE})


@dataclass(slots=True)
class Arguments:
    """What a call gives beside the operation; None for what it leaves out. An id is bytes, a name or path text."""

    principal: str
    request_id: str
    primary_lot: Id | str | None
    secondary_lot: Id | str | None
    material: Id | str | None
    inventory_name: str | None
    start_millis: int | None
    end_millis: int | None


def required_place(state: WorkingSet, operation: InventoryOperation) -> Location:
    """Step 4: the location that the type needs must be configured and enabled."""
    rises = operation.operation_type in RISES
    location_id = operation.destination_location_id if rises else operation.source_location_id
    if location_id is None:
        role = "destination" if rises else "source"
        raise Refused(LocationRequired(role=role, operation_type=operation.operation_type.name))
    location = state.location(location_id)
    assert location is not None
    check_location(location)
    return location


def required_quantity(operation_type: InventoryOperationType, millionths: int | None) -> int:
    """Step 4: a quantity above zero, but for SCRAP_ALL, which ignores it."""
    if operation_type is _Type.SCRAP_ALL:
        return 0
    if millionths is None:
        raise Refused(InvalidArgument.on("quantity", f"must be given for an operation of type {operation_type.name}"))
    if millionths == 0:
        raise Refused(InvalidArgument.on("quantity", "must be above zero when rounded to 6 decimals"))
    return millionths


def resolve(
    state: WorkingSet,
    operation: InventoryOperation,
    arguments: Arguments,
    quantity_millionths: int,
    context: Context,
) -> Action:
    """Steps 5 to 11, in their order.

    Raises:
        Refused: by the first step that does not hold.
        Missing: for what is not loaded yet.
    """
    source, destination = _locations(state, operation)
    material = _material(state, operation, arguments)  # step 5
    secondary_material = _configured_material(state, operation.secondary_material_id)
    expect_lots(state, arguments.primary_lot, material, arguments.secondary_lot, secondary_material)
    primary = _primary_lot(state, operation, arguments, material, context)  # step 6
    secondary = _secondary_lot(state, operation, arguments, secondary_material, primary, context)  # step 7
    inventory_name = _inventory_name(operation, arguments, context)  # step 8
    process_operation = _process_operation(state, operation)
    order = current_order(state, process_operation)
    unit = _unit(state, operation, order, material, primary)  # step 9
    start_millis, end_millis = dates.start_and_end(arguments.start_millis, arguments.end_millis, context)  # step 10
    reason_code = _reason_code(state, operation)  # step 11
    born = lots.Birth(end_millis, arguments.principal, context)
    new_lots: list[Lot] = []
    lot = existing_or_new(state, primary, material.unit or unit, born, new_lots)
    secondary_lot = existing_or_new(
        state, secondary, (secondary_material.unit if secondary_material else None) or unit, born, new_lots
    )
    return Action(
        type=ACTION_OF[operation.operation_type],
        material=material,
        lot=lot,
        secondary_lot=secondary_lot,
        new_lots=new_lots,
        quantity_millionths=quantity_millionths,
        unit=unit,
        source=source,
        destination=destination,
        inventory_name=inventory_name,
        start_millis=start_millis,
        end_millis=end_millis,
        reason_code=reason_code,
        notes=operation.notes,
        operation=operation,
        operation_record_id=process_operation.current_operation_record_id if process_operation else "",
        production_order=order,
        increments_order=operation.increment_production_order_count,
        principal=arguments.principal,
        request_id=arguments.request_id,
    )


def _locations(state: WorkingSet, operation: InventoryOperation) -> tuple[Location | None, Location | None]:
    source = operation.source_location_id and state.location(operation.source_location_id)
    destination = operation.destination_location_id and state.location(operation.destination_location_id)
    return source or None, destination or None


def _configured_material(state: WorkingSet, material_id: MaterialId | None) -> Material | None:
    return None if material_id is None else state.material(material_id)


def _material(state: WorkingSet, operation: InventoryOperation, arguments: Arguments) -> Material:
    """Step 5."""
    configured = _configured_material(state, operation.material_id)
    if arguments.material is not None:
        material = given_material(state, arguments.material, "material_id_or_path")
        if (
            configured is not None
            and operation.material_source is MaterialSource.STATIC
            and configured.id != material.id
        ):
            conflict = MaterialConflict(configured=configured.path, given=material.path)
            raise Refused(conflict.at("material_id_or_path"))
    elif configured is not None:
        material = configured
    elif isinstance(arguments.primary_lot, bytes):
        material = material_of_lot(state, arguments.primary_lot, "primary_lot_id_or_name")
    else:
        raise Refused(MaterialRequired().at("material_id_or_path"))
    check_material(material, operation.operation_type)
    return material


def _primary_lot(
    state: WorkingSet, operation: InventoryOperation, arguments: Arguments, material: Material, context: Context
) -> Lot | lots.NewLot | None:
    """Step 6. None: to be picked from the location, or every lot of a SCRAP_ALL."""
    may_make = operation.operation_type in MAKES_LOTS
    if arguments.primary_lot is not None:
        creates = may_make and operation.create_lot_if_not_found
        return lots.find(state, arguments.primary_lot, material, "primary_lot_id_or_name", creates=creates)
    if operation.operation_type is _Type.SCRAP_ALL:
        return None
    strategy = operation.primary_lot_resolution_strategy
    if strategy is LotResolutionStrategy.AUTO_GENERATE and may_make:
        return lots.NewLot(material, context.new_uuid())
    if strategy is LotResolutionStrategy.FROM_LOCATION and operation.operation_type in FALLS:
        return None
    field = "primary_lot_id_or_name"
    raise Refused(LotRequired(field=field, strategy=strategy.name).at(field))


def _secondary_lot(
    state: WorkingSet,
    operation: InventoryOperation,
    arguments: Arguments,
    secondary_material: Material | None,
    primary: Lot | lots.NewLot | None,
    context: Context,
) -> Lot | lots.NewLot | None:
    """Step 7."""
    field = "secondary_lot_id_or_name"
    given = arguments.secondary_lot
    if given is None:
        makes_one = operation.secondary_lot_resolution_strategy is LotResolutionStrategy.AUTO_GENERATE
        return lots.NewLot(secondary_material, context.new_uuid()) if secondary_material and makes_one else None
    if secondary_material is not None:
        secondary = lots.find(state, given, secondary_material, field, creates=operation.create_lot_if_not_found)
    elif isinstance(given, bytes):
        secondary = lots.by_id(state, given, field)
    else:
        text = f"The operation has no secondary material, so a lot named {given} cannot be looked up; give its id."
        raise Refused(MaterialRequired(text=text).at(field))
    check_not_primary(primary, secondary, field)
    return secondary


def _inventory_name(operation: InventoryOperation, arguments: Arguments, context: Context) -> str:
    """Step 8."""
    if arguments.inventory_name:
        return arguments.inventory_name
    strategy = operation.inventory_name_resolution_strategy
    if strategy is InventoryNameResolutionStrategy.STATIC:
        return operation.inventory_name
    if strategy is InventoryNameResolutionStrategy.AUTO_GENERATE and operation.operation_type in _SELF_NAMING:
        return context.new_uuid()
    return ""


def _process_operation(state: WorkingSet, operation: InventoryOperation) -> ProcessOperation | None:
    return None if operation.operation_id is None else state.process_operation(operation.operation_id)


def _unit(
    state: WorkingSet,
    operation: InventoryOperation,
    order: ProductionOrder | None,
    material: Material,
    primary: Lot | lots.NewLot | None,
) -> Unit | None:
    """Step 9. SCRAP_ALL needs none: its records are in each lot's own."""
    if operation.operation_type is _Type.SCRAP_ALL:
        return None
    if (
        operation.unit_of_measure_resolution_strategy is UnitOfMeasureResolutionStrategy.STATIC
        and operation.unit_id is not None
    ):
        return state.unit(operation.unit_id)
    if operation.operation_type is _Type.PRODUCE and order is not None and order.unit is not None:
        return order.unit
    if material.unit is not None:
        return material.unit
    if isinstance(primary, Lot) and primary.unit_id is not None:
        return state.unit(primary.unit_id)
    raise Refused(UnitRequired())


def _reason_code(state: WorkingSet, operation: InventoryOperation) -> ReasonCode | None:
    """Step 11."""
    if operation.material_reason_code_id is None:
        return None
    reason_code = state.reason_code(operation.material_reason_code_id)
    assert reason_code is not None
    check_reason_code(reason_code, operation.operation_type, operation.notes)
    return reason_code
