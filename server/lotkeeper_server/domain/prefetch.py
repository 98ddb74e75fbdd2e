"""What commands will need, as far as can be told before they are decided.

This only saves rounds: a decision asks for whatever it turns out to need. What a rule reads is said beside the rule,
and put together here by the round in which it can be known.
"""

from collections.abc import Iterator

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
from lotkeeper_server.domain.keys import DefinitionKey, Key, LotKey, RecordKey, RequestKey, RunKey
from lotkeeper_server.domain.kinds import kind_of_action, kind_of_operation
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import InventoryOperation, Location
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.resolve import operation as of_operation
from lotkeeper_server.domain.resolve import requested_action as of_action
from lotkeeper_server.domain.working_set import WorkingSet


def first_keys(command: Command, definitions: DefinitionCache) -> Iterator[Key]:
    """What a command needs for certain, and what it names, as far as it is not in question what that is."""
    if command.request_id is not None:
        yield RequestKey(command.principal, command.request_id)
    if isinstance(command, OfOperation):
        yield RunKey(command.operation_id, to_change=not isinstance(command, Execute))
        operation = definitions.inventory_operations.get(command.operation_id)
        if operation is None:
            yield DefinitionKey("inventory_operation", command.operation_id)
        elif isinstance(command, Execute):
            yield from of_operation.names(command, operation)
    elif isinstance(command, ExecuteActions):
        for requested in command.actions:
            yield from of_action.names(requested, definitions)
    elif isinstance(command, Reverse | Annotate):
        yield RecordKey(command.record_id)


def likely_state(command: Command, state: WorkingSet) -> Iterator[Key]:
    """The state that a command will read, once what it names is loaded."""
    if isinstance(command, Execute):
        operation = state.definitions.inventory_operations.get(command.operation_id)
        if operation is not None:
            yield from _state_of_operation(command, operation, state)
    elif isinstance(command, ExecuteActions):
        for requested in command.actions:
            yield from _state_of_action(requested, state)
    elif isinstance(command, Reverse):
        record = state.records.get(command.record_id)
        if record is not None:
            yield from reversing.likely_reads(record, state.definitions)


def likely_rows(command: Command, state: WorkingSet) -> Iterator[Key]:
    """Rows, edges and counts of the lots that actions name, once those are loaded."""
    if isinstance(command, ExecuteActions):
        for requested in command.actions:
            yield from _rows_of_action(requested, state)


def _state_of_operation(command: Execute, operation: InventoryOperation, state: WorkingSet) -> Iterator[Key]:
    lot_ids = [
        key.id if isinstance(key, LotKey) else state.lot_ids_by_name.get((key.material_id, key.name))
        for key in of_operation.names(command, operation)
    ]
    if lot_ids and lot_ids[0] is not None:
        kind = kind_of_operation(operation.operation_type)
        secondary_id = lot_ids[1] if len(lot_ids) == 2 else None
        yield from movement.likely_rows(
            kind, lot_ids[0], secondary_id, operation.source_location_id, operation.destination_location_id
        )


def _state_of_action(requested: RequestedAction, state: WorkingSet) -> Iterator[Key]:
    yield from of_action.lots_named(requested, state)
    source, destination = _location(requested.source, state), _location(requested.destination, state)
    yield from movement.likely_reads(kind_of_action(requested.type), source, destination)


def _rows_of_action(requested: RequestedAction, state: WorkingSet) -> Iterator[Key]:
    lot_id, secondary_id = of_action.likely_lots(requested, state)
    if lot_id is not None:
        source, destination = _location(requested.source, state), _location(requested.destination, state)
        yield from movement.likely_rows(
            kind_of_action(requested.type),
            lot_id,
            secondary_id,
            source.id if source else None,
            destination.id if destination else None,
        )


def _location(given: Id | str | None, state: WorkingSet) -> Location | None:
    return None if given is None else state.definitions.locations.find(given)
