"""Start, Stop and Cancel: an operation that takes its time, between a RUNNING record and its end."""

from dataclasses import replace

from lotkeeper_server.domain.apply.movement import apply, main_index
from lotkeeper_server.domain.apply.picking import first_to_pick
from lotkeeper_server.domain.commands import Cancel, Start, Stop
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.kinds import Primary, kind_of_operation
from lotkeeper_server.domain.model import dates
from lotkeeper_server.domain.model.definitions import InventoryOperation, Location
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import (
    Id,
    LocationId,
    ProductionOrderId,
    ReasonCodeId,
    RecordId,
    format_id,
)
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.model.stock import Answer, Common, Lot, OperationRun, Placed, Record
from lotkeeper_server.domain.refusals import (
    NotFound,
    OperationAlreadyRunning,
    OperationDisabled,
    OperationNotRunning,
    Refused,
)
from lotkeeper_server.domain.resolve import lots, within
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.resolve.operation import intent_of_operation
from lotkeeper_server.domain.resolve.steps import required_quantity, resolve
from lotkeeper_server.domain.working_set import WorkingSet


def found_operation(
    state: WorkingSet, operation_id: Id, scope: Scope | None
) -> tuple[InventoryOperation, OperationRun]:
    """Step 4: the operation by id, and the state of its run; it lies where the caller may, if that is limited."""
    run = state.run(operation_id)
    operation = None if run is None else state.inventory_operation(operation_id)
    if run is None or operation is None:
        if scope is not None:
            raise Refused(within.elsewhere(state, scope))
        refusal = NotFound(entity="inventory_operation", id=format_id(operation_id))
        raise Refused(refusal.at("inventory_operation_id"))
    if scope is not None:
        within.check_operation(state, scope, operation)
    return operation, run


def check_enabled(operation: InventoryOperation) -> None:
    """Step 4: an operation that is not running must be enabled."""
    if not operation.enabled:
        raise Refused(OperationDisabled(inventory_operation_id=format_id(operation.id)))


def start(state: WorkingSet, command: Start, context: Context) -> Answer:
    """Takes steps 1 to 12 without a quantity and writes the RUNNING record."""
    operation, run = found_operation(state, command.operation_id, command.scope)
    if run.status is Status.RUNNING:
        status = run.status.name
        raise Refused(OperationAlreadyRunning(inventory_operation_id=format_id(operation.id), status=status))
    check_enabled(operation)
    action = resolve(state, intent_of_operation(operation, command), context)
    picked = action.lot is None and action.kind.primary is Primary.PICKED
    lot = first_to_pick(state, action, context) if picked else action.the_lot
    lots.check_status(lot, action.kind, action.end_millis)
    for made in action.new_lots:
        state.put_lot(made)
    record = _running_record(action, lot, context, picked=picked)
    state.put_record(record)
    state.put_run(operation.id, OperationRun(Status.RUNNING, record.id))
    return Answer([record])


def _running_record(action: Action, lot: Lot, context: Context, *, picked: bool) -> Record:
    return Record(
        id=RecordId(context.new_id()),
        lot_record_type=action.kind.record,
        status=Status.RUNNING,
        lot=lot,
        secondary_lot=action.secondary_lot,
        material=action.material,
        inventory_operation=action.operation,
        operation_record_id=action.operation_record_id,
        production_order=action.production_order,
        reason_code=action.reason_code,
        source_location=action.source,
        destination_location=action.destination,
        lot_status=lot.status_at(action.end_millis),
        quantity_millionths=0,
        unit=action.unit,
        source_change_millionths=0,
        destination_change_millionths=0,
        inventory_name=action.inventory_name,
        start_millis=action.start_millis,
        end_millis=None,
        reverses_record_id=None,
        reversed_by_record_id=None,
        request_id=action.request_id,
        common=Common(context.now_millis, action.principal, action.notes),
        picked=picked,
    )


def _running(state: WorkingSet, operation: InventoryOperation, run: OperationRun) -> Record:
    if run.status is not Status.RUNNING:
        refusal = OperationNotRunning(inventory_operation_id=format_id(operation.id), status=run.status.name)
        raise Refused(refusal)
    assert run.current_record_id is not None
    record = state.record(run.current_record_id)
    assert record is not None
    return record


def stop(state: WorkingSet, command: Stop, context: Context) -> Answer:
    """Applies the quantity to what the running record names, by steps 12 to 16, and completes it."""
    operation, run = found_operation(state, command.operation_id, command.scope)
    running = _running(state, operation, run)
    quantity = required_quantity(kind_of_operation(operation.operation_type), command.quantity_millionths)
    end_millis = dates.end_of_running(running.start_millis, command.end_millis, context)
    action = _action_of(state, operation, running, command, quantity, end_millis)
    records = apply(state, action, context)
    state.put_run(operation.id, OperationRun(Status.COMPLETED))
    return Answer(records, main_index(action, records))


def _action_of(
    state: WorkingSet, operation: InventoryOperation, running: Record, command: Stop, quantity: int, end_millis: int
) -> Action:
    """What Start fixed, as it is now."""
    lot = state.lot(running.lot.id)
    material = state.material(running.material.id)
    assert lot is not None
    assert material is not None
    code, order = running.reason_code, running.production_order
    return Action(
        kind=kind_of_operation(operation.operation_type),
        material=material,
        lot=None if running.picked else lot,
        secondary_lot=None if running.secondary_lot is None else state.lot(running.secondary_lot.id),
        new_lots=[],
        quantity_millionths=quantity,
        unit=None if running.unit is None else state.unit(running.unit.id),
        source=_location(state, running.source_location),
        destination=_location(state, running.destination_location),
        inventory_name=command.inventory_name or running.inventory_name,
        start_millis=running.start_millis,
        end_millis=end_millis,
        reason_code=None if code is None else state.reason_code(ReasonCodeId(code.id)),
        notes=operation.notes,
        operation=operation,
        operation_record_id=running.operation_record_id,
        production_order=None if order is None else state.production_order(ProductionOrderId(order.id)),
        increments_order=operation.increment_production_order_count,
        principal=command.principal,
        request_id=command.request_id or "",
        running=running,
        fixed_lot=lot if running.picked else None,
    )


def _location(state: WorkingSet, place: Placed | None) -> Location | None:
    return None if place is None else state.location(LocationId(place.id))


def cancel(state: WorkingSet, command: Cancel, context: Context) -> Answer:
    """Ends the run and moves no stock; always works."""
    operation, run = found_operation(state, command.operation_id, command.scope)
    running = _running(state, operation, run)
    lot = state.lot(running.lot.id)
    assert lot is not None
    end_millis = max(context.now_millis, running.start_millis)
    record = replace(
        running,
        status=Status.CANCELLED,
        lot=lot,
        lot_status=lot.status_at(end_millis),
        end_millis=end_millis,
        common=running.common.edited(context.now_millis, command.principal),
    )
    state.put_record(record)
    state.put_run(operation.id, OperationRun(Status.CANCELLED))
    return Answer([record])
