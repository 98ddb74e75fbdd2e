"""What an inventory operation intends with the arguments of a call."""

from typing import Final

from lotkeeper_server.domain.commands import Execute, Start
from lotkeeper_server.domain.keys import LotKey, LotNameKey
from lotkeeper_server.domain.kinds import Kind, kind_of_operation
from lotkeeper_server.domain.model.definitions import InventoryOperation, Material, ProductionOrder, Unit
from lotkeeper_server.domain.model.enumerations import (
    InventoryNameResolutionStrategy,
    LotResolutionStrategy,
    MaterialSource,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.identifiers import LotId, ProductionOrderId
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import MaterialRequired
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.intent import Intent, Origin
from lotkeeper_server.domain.working_set import WorkingSet


def intent_of_operation(operation: InventoryOperation, command: Execute | Start) -> Intent:
    """The operation's own values; where both can be given, the call's value is preferred."""
    quantity_millionths = end_millis = None
    starts = True
    if isinstance(command, Execute):
        quantity_millionths, end_millis, starts = command.quantity_millionths, command.end_millis, False
    inventory_name, names = command.inventory_name or "", operation.inventory_name_resolution_strategy
    if not inventory_name and names is InventoryNameResolutionStrategy.STATIC:
        inventory_name = operation.inventory_name
    fixed_unit = operation.unit_of_measure_resolution_strategy is UnitOfMeasureResolutionStrategy.STATIC
    return Intent(  # positional arguments: this runs in every call
        kind_of_operation(operation.operation_type),
        _OPERATION,
        command.principal,
        command.request_id or "",
        command.primary_lot,
        operation.primary_lot_resolution_strategy,
        command.secondary_lot,
        operation.secondary_lot_resolution_strategy is LotResolutionStrategy.AUTO_GENERATE,
        operation.create_lot_if_not_found,
        command.material,
        operation.material_id,
        operation.material_source is MaterialSource.STATIC,
        operation.secondary_material_id,
        operation.source_location_id,
        operation.destination_location_id,
        quantity_millionths,
        starts,
        operation.unit_id if fixed_unit else None,
        None,
        None,
        inventory_name,
        not inventory_name and names is InventoryNameResolutionStrategy.AUTO_GENERATE,
        operation.operation_id,
        None,
        operation.increment_production_order_count,
        False,
        command.start_millis,
        end_millis,
        operation.material_reason_code_id,
        operation.notes,
        operation,
        None,
        None,
        None,
        set(),
        lots.statement(command.lot_expiration_millis, command.supplier_lot_name),
    )


def _unit(
    state: WorkingSet, kind: Kind, order: ProductionOrder | None, material: Material, primary: Lot | lots.NewLot | None
) -> Unit | None:
    """Step 9: the unit of the order that it fills, else the material's, else the lot's."""
    if kind.fills_order and order is not None and order.unit is not None:
        return order.unit
    if material.unit is None and isinstance(primary, Lot) and primary.unit_id is not None:
        return state.unit(primary.unit_id)
    return material.unit


def _secondary_material_required(name: str) -> MaterialRequired:
    text = f"The operation has no secondary material, so a lot named {name} cannot be looked up; give its id."
    return MaterialRequired(text=text).at("secondary_lot_id_or_name")


_OPERATION: Final = Origin(
    "primary_lot_id_or_name",
    MaterialRequired().at("material_id_or_path"),
    _secondary_material_required,
    _unit,
)


# What the steps will look up. It may miss something, but never decides.


def names(command: Execute, operation: InventoryOperation) -> list[LotKey | LotNameKey]:
    """The lots that a call names, if their materials are clear."""
    if command.primary_lot is None or operation.material_id is None:
        return []
    keys = [lots.key(command.primary_lot, operation.material_id)]
    if command.secondary_lot is not None and operation.secondary_material_id is not None:
        keys.append(lots.key(command.secondary_lot, operation.secondary_material_id))
    return keys


def likely_lots(
    command: Execute, operation: InventoryOperation, state: WorkingSet
) -> tuple[LotId | None, LotId | None]:
    """Both lots that a call names, if they are loaded."""
    lot, secondary = command.primary_lot, command.secondary_lot
    lot_id = secondary_id = None
    if lot is not None and operation.material_id is not None:
        lot_id = lots.likely(lot, operation.material_id, state)
        if secondary is not None and operation.secondary_material_id is not None:
            secondary_id = lots.likely(secondary, operation.secondary_material_id, state)
    return lot_id, secondary_id


def likely_order(command: Execute, operation: InventoryOperation, state: WorkingSet) -> ProductionOrderId | None:
    """The order that a call without a secondary lot runs for, if what names it is loaded."""
    if command.secondary_lot is not None or operation.operation_id is None:
        return None
    process_operation = state.definitions.process_operations.get(operation.operation_id)
    return None if process_operation is None else process_operation.current_production_order_id
