"""What commands will need, if that is clear before they are decided.

This only saves rounds: a decision asks itself for everything that it needs. Each rule says beside its code what it
reads; here that is put together by the round in which it can be known.
"""

from lotkeeper_server.domain.apply import movement
from lotkeeper_server.domain.commands import (
    Annotate,
    Command,
    Execute,
    ExecuteActions,
    OfOperation,
    RequestedAction,
    Reverse,
)
from lotkeeper_server.domain.decide import reversing
from lotkeeper_server.domain.keys import DefinitionKey, Key, RecordKey, RequestKey, RunKey
from lotkeeper_server.domain.kinds import kind_of_action, kind_of_operation
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import InventoryOperation, Location
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.resolve import operation as of_operation
from lotkeeper_server.domain.resolve import requested_action as of_action
from lotkeeper_server.domain.working_set import WorkingSet


def first_keys(command: Command, definitions: DefinitionCache) -> list[Key]:
    """What a command certainly needs, and what it names, if it is clear what that is."""
    keys: list[Key] = []
    if command.request_id is not None:
        keys.append(RequestKey(command.principal, command.request_id))
    if isinstance(command, Execute):
        keys.append(RunKey(command.operation_id))
        operation = definitions.inventory_operations.get(command.operation_id)
        if operation is None:
            keys.append(DefinitionKey("inventory_operation", command.operation_id))
        else:
            keys.extend(of_operation.names(command, operation))
    elif isinstance(command, ExecuteActions):
        for requested in command.actions:
            keys.extend(of_action.names(requested, definitions))
    elif isinstance(command, OfOperation):
        keys.append(RunKey(command.operation_id, to_change=True))
        if definitions.inventory_operations.get(command.operation_id) is None:
            keys.append(DefinitionKey("inventory_operation", command.operation_id))
    elif isinstance(command, Reverse | Annotate):
        keys.append(RecordKey(command.record_id))
    return keys


def names_all_by_id(command: Command, definitions: DefinitionCache) -> bool:
    """Whether all probable keys are clear now: the definitions are loaded, and lots are given by id, if at all."""
    if isinstance(command, Execute):
        lots = (command.primary_lot, command.secondary_lot)
        return not any(isinstance(one, str) for one in lots) and (
            definitions.inventory_operations.get(command.operation_id) is not None
        )
    if isinstance(command, ExecuteActions):
        return all(of_action.names_all_by_id(one, definitions) for one in command.actions)
    return False


def likely_state(command: Command, state: WorkingSet) -> list[Key]:
    """The state that a command will read, after what it names is loaded."""
    if isinstance(command, Execute):
        operation = state.definitions.inventory_operations.get(command.operation_id)
        return [] if operation is None else _state_of_operation(command, operation, state)
    if isinstance(command, ExecuteActions):
        return [key for requested in command.actions for key in _state_of_action(requested, state)]
    if isinstance(command, Reverse):
        record = state.records.get(command.record_id)
        return [] if record is None else reversing.likely_reads(record, state.definitions)
    return []


def likely_rows(command: Command, state: WorkingSet) -> list[Key]:
    """Rows and edges of the lots that actions name, after those are loaded."""
    if isinstance(command, ExecuteActions):
        return [key for requested in command.actions for key in _rows_of_action(requested, state)]
    return []


def _state_of_operation(command: Execute, operation: InventoryOperation, state: WorkingSet) -> list[Key]:
    kind = kind_of_operation(operation.operation_type)
    source_id, destination_id = operation.source_location_id, operation.destination_location_id
    locations = state.definitions.locations
    source = None if source_id is None else locations.get(source_id)
    destination = None if destination_id is None else locations.get(destination_id)
    keys = movement.likely_reads(kind, source, destination)
    lot_id, secondary_id = of_operation.likely_lots(command, operation, state)
    if lot_id is not None:
        order_id = of_operation.likely_order(command, operation, state)
        keys += movement.likely_rows(kind, lot_id, secondary_id, order_id, source_id, destination_id)
    elif command.primary_lot is None and operation.material_id is not None:
        keys += movement.likely_reads_without_lot(kind, source, operation.material_id)
    return keys


def _state_of_action(requested: RequestedAction, state: WorkingSet) -> list[Key]:
    kind = kind_of_action(requested.type)
    source, destination = _location(requested.source, state), _location(requested.destination, state)
    keys = [*of_action.lots_named(requested, state), *movement.likely_reads(kind, source, destination)]
    if requested.lot is None and (material := of_action.likely_material(requested, state)) is not None:
        keys += movement.likely_reads_without_lot(kind, source, material.id)
    return keys


def _rows_of_action(requested: RequestedAction, state: WorkingSet) -> list[Key]:
    lot_id, secondary_id = of_action.likely_lots(requested, state)
    if lot_id is None:
        return []
    source, destination = _location(requested.source, state), _location(requested.destination, state)
    return movement.likely_rows(
        kind_of_action(requested.type),
        lot_id,
        secondary_id,
        of_action.likely_order(requested, state),
        source.id if source else None,
        destination.id if destination else None,
    )


def _location(given: Id | str | None, state: WorkingSet) -> Location | None:
    return None if given is None else state.definitions.locations.find(given)
