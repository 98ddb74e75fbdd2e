"""What commands will need, as far as can be told before they are decided.

This only saves rounds: a decision asks for whatever it turns out to need.
"""

from collections.abc import Iterator
from typing import Any, Final

from lotkeeper_server.domain.commands import (
    Annotate,
    Command,
    Execute,
    ExecuteActions,
    OfOperation,
    RequestedAction,
    Reverse,
)
from lotkeeper_server.domain.keys import (
    DefinitionKey,
    Key,
    LotKey,
    LotNameKey,
    LotRowsKey,
    NameKey,
    PathKey,
    QueueKey,
    RecordKey,
    RequestKey,
    RunKey,
    StockKey,
    SumsKey,
)
from lotkeeper_server.domain.model.definition_cache import DefinitionCache, Shelf
from lotkeeper_server.domain.model.definitions import InventoryOperation, Location, Material
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStorageStrategy, LotUseStrategy
from lotkeeper_server.domain.model.genealogy import edge_key
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, MaterialId
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import RECORD_TYPE, RISES
from lotkeeper_server.domain.working_set import QUEUE_LENGTH_FIRST, WorkingSet

_NEWEST_FIRST: Final = frozenset({LotStorageStrategy.MERGE_INTO_PREVIOUS})


def first_keys(command: Command, definitions: DefinitionCache) -> Iterator[Key]:
    """What a command needs for certain, and the lot that it names where its material is not in question."""
    if command.request_id is not None:
        yield RequestKey(command.principal, command.request_id)
    if isinstance(command, OfOperation):
        yield RunKey(command.operation_id, to_change=not isinstance(command, Execute))
        operation = definitions.inventory_operations.get(command.operation_id)
        if operation is None:
            yield DefinitionKey("inventory_operation", command.operation_id)
        elif isinstance(command, Execute):
            for lot, material_id in _lots_named(command, operation):
                yield lots.key(lot, material_id)
    elif isinstance(command, ExecuteActions):
        for requested in command.actions:
            yield from _named_by(requested, definitions)
    elif isinstance(command, Reverse | Annotate):
        yield RecordKey(command.record_id)


def likely_state(command: Command, state: WorkingSet) -> Iterator[Key]:
    """The state that a command will read, once what it names is loaded."""
    if isinstance(command, Execute):
        yield from _state_of_operation(command, state)
    elif isinstance(command, ExecuteActions):
        for requested in command.actions:
            yield from _state_of_action(requested, state)
    elif isinstance(command, Reverse):
        record = state.records.get(command.record_id)
        if record is not None:
            yield from _state_of_reversal(record, state.definitions)


def likely_rows(command: Command, state: WorkingSet) -> Iterator[Key]:
    """Rows, edges and counts of the lots that actions name, once those are loaded."""
    if isinstance(command, ExecuteActions):
        for requested in command.actions:
            yield from _rows_of_action(requested, state)


def _lots_named(command: Execute, operation: InventoryOperation) -> Iterator[tuple[Id | str, MaterialId]]:
    """The lots that a call names, within materials that are not in question, the primary one first."""
    if command.primary_lot is not None and operation.material_id is not None:
        yield command.primary_lot, operation.material_id
        if command.secondary_lot is not None and operation.secondary_material_id is not None:
            yield command.secondary_lot, operation.secondary_material_id


def _state_of_operation(command: Execute, state: WorkingSet) -> Iterator[Key]:
    """The row of the lot that a command names, at the place of its operation, and the edge to its secondary lot."""
    operation = state.definitions.inventory_operations.get(command.operation_id)
    if operation is None:
        return
    lot_ids = [_known_id(state, *named) for named in _lots_named(command, operation)]
    rises = operation.operation_type in RISES
    place = operation.destination_location_id if rises else operation.source_location_id
    match lot_ids:
        case [lot_id] | [lot_id, None] if lot_id is not None and place is not None:
            yield StockKey(place, lot_id)
        case [lot_id, secondary_id] if lot_id is not None and secondary_id is not None and place is not None:
            yield StockKey(place, lot_id)
            yield edge_key(RECORD_TYPE[operation.operation_type], lot_id, secondary_id)


def _known_id(state: WorkingSet, lot: Id | str, material_id: MaterialId) -> LotId | None:
    return LotId(lot) if isinstance(lot, bytes) else state.lot_ids_by_name.get((material_id, lot))


def _named_by(requested: RequestedAction, definitions: DefinitionCache) -> Iterator[Key]:
    """The definitions and lots that an action names."""
    things: tuple[tuple[str, Shelf[Any], Id | str | None], ...] = (
        ("location", definitions.locations, requested.source),
        ("location", definitions.locations, requested.destination),
        ("material", definitions.materials, requested.material),
        ("material", definitions.materials, requested.secondary_material),
        ("operation", definitions.process_operations, requested.operation_id),
        ("material_reason_code", definitions.reason_codes, requested.reason_code_id),
        ("unit_of_measure", definitions.units, requested.unit_id),
    )
    for entity, shelf, given in things:
        if given is not None and _kept(shelf, given) is None:
            yield DefinitionKey(entity, given) if isinstance(given, bytes) else PathKey(entity, given)
    if requested.unit_symbol is not None:
        yield NameKey("unit_of_measure", "symbol", requested.unit_symbol)
    if requested.unit_name is not None:
        yield NameKey("unit_of_measure", "name", requested.unit_name)
    if isinstance(requested.production_order, str):
        yield NameKey("production_order", "name", requested.production_order)
    for lot in (requested.lot, requested.secondary_lot):
        if isinstance(lot, bytes):
            yield LotKey(LotId(lot))


def _kept(shelf: Shelf[Any], given: Id | str) -> Any:
    return shelf.get(given) if isinstance(given, bytes) else shelf.at_path(given)


def _state_of_action(requested: RequestedAction, state: WorkingSet) -> Iterator[Key]:
    """The lots by name within their material, and what locations say of a rise."""
    definitions = state.definitions
    material = _material_of(requested, state)
    if material is not None:
        for name in (requested.lot, requested.new_lot_name):
            if isinstance(name, str):
                yield LotNameKey(material.id, name)
    secondary_material = _secondary_material_of(requested, state)
    if isinstance(requested.secondary_lot, str) and secondary_material is not None:
        yield LotNameKey(secondary_material.id, requested.secondary_lot)
    for given in (requested.source, requested.destination):
        location: Location | None = None if given is None else _kept(definitions.locations, given)
        if location is None:
            continue
        yield from _rules_of(location, requested.type, is_source=given == requested.source)


def _material_of(requested: RequestedAction, state: WorkingSet) -> Material | None:
    if requested.material is not None:
        named: Material | None = _kept(state.definitions.materials, requested.material)
        return named
    lot = state.lots.get(LotId(requested.lot)) if isinstance(requested.lot, bytes) else None
    return None if lot is None else state.definitions.materials.get(lot.material_id)


def _secondary_material_of(requested: RequestedAction, state: WorkingSet) -> Material | None:
    if requested.secondary_material is None:
        return _material_of(requested, state)
    named: Material | None = _kept(state.definitions.materials, requested.secondary_material)
    return named


def _rows_of_action(requested: RequestedAction, state: WorkingSet) -> Iterator[Key]:
    """The rows of both lots where stock may move, what MERGE asks of the lot merged away, and the edge between them."""
    lot_id = _lot_of(requested.lot, _material_of(requested, state), state)
    secondary_id = None
    if requested.type is InventoryActionType.MERGE:
        secondary_id = _lot_of(requested.secondary_lot, _secondary_material_of(requested, state), state)
    for given in (requested.source, requested.destination):
        location = None if given is None else _kept(state.definitions.locations, given)
        if location is not None:
            for row_of in (lot_id, secondary_id):
                if row_of is not None:
                    yield StockKey(location.id, row_of)
    if secondary_id is not None:
        yield LotRowsKey(secondary_id)
    other_id = secondary_id or _lot_of(requested.secondary_lot, _secondary_material_of(requested, state), state)
    if lot_id is not None and other_id is not None:
        yield edge_key(RECORD_TYPE[requested.type], lot_id, other_id)


def _lot_of(lot: Id | str | None, material: Material | None, state: WorkingSet) -> LotId | None:
    """The id of a lot that is there."""
    if lot is None or isinstance(lot, bytes):
        return None if lot is None or state.lots.get(LotId(lot)) is None else LotId(lot)
    return None if material is None else state.lot_ids_by_name.get((material.id, lot))


def _rules_of(location: Location, action_type: InventoryActionType, *, is_source: bool) -> Iterator[Key]:
    """What a rise at a location looks at beside its own row."""
    looks_at_source = action_type in {InventoryActionType.SPLIT, InventoryActionType.EDIT}
    looks_at_destination = action_type in RISES or action_type is InventoryActionType.MOVE
    if not location.keeps_stock or not (looks_at_source if is_source else looks_at_destination):
        return
    if location.storage_capacity_millionths is not None:
        yield SumsKey(location.id)
    if location.lot_storage_strategy is not LotStorageStrategy.ALLOW_MULTIPLE:
        newest_first = location.lot_storage_strategy in _NEWEST_FIRST and not looks_at_source
        strategy = LotUseStrategy.LIFO if newest_first else LotUseStrategy.FIFO
        yield QueueKey(location.id, None, strategy, QUEUE_LENGTH_FIRST)


def _state_of_reversal(record: Record, definitions: DefinitionCache) -> Iterator[Key]:
    """Lots, rows, locations and the edge of a record."""
    lot_ids = [LotId(one.id) for one in (record.lot, record.secondary_lot) if one is not None]
    for lot_id in lot_ids:
        yield LotKey(lot_id)
    for place in (record.source_location, record.destination_location):
        if place is None:
            continue
        if definitions.locations.get(place.id) is None:
            yield DefinitionKey("location", place.id)
        for lot_id in lot_ids:
            yield StockKey(LocationId(place.id), lot_id)
    if len(lot_ids) == 2:
        yield edge_key(record.lot_record_type, lot_ids[0], lot_ids[1])
