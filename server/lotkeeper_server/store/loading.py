"""Brings what decisions found missing into the working set, each kind with one statement."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from lotkeeper_server.domain.keys import (
    ConversionsKey,
    CountKey,
    DefinitionKey,
    EdgeKey,
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
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store import state_reading
from lotkeeper_server.store.definition_reading import (
    load_by_path,
    load_conversions,
    load_definitions,
    read_ids_by_name,
)
from lotkeeper_server.store.record_reading import read_records


def load(connection: Connection, state: WorkingSet, keys: Iterable[Key]) -> None:
    """Loads every key, in the one order of tables that all transactions keep; what is not there is noted as absent."""
    wanted: dict[type, set[Any]] = defaultdict(set)
    for key in keys:
        wanted[type(key)].add(key)
    _load_definitions(connection, state, wanted)
    _load_lots(connection, state, wanted)
    if stock := wanted[StockKey]:
        rows = state_reading.read_stock(connection, stock)
        state.accept_stock(rows)
        for key in stock - {StockKey(row.location_id, row.lot_id) for row in rows}:
            state.accept_no_stock(key)
    if of_lots := wanted[LotRowsKey]:
        by_lot = state_reading.read_rows_of_lots(connection, of_lots)
        for key in of_lots:
            state.accept_rows_of_lot(key.lot_id, by_lot.get(key.lot_id, []))
    if queues := wanted[QueueKey]:
        for queue in sorted(queues, key=lambda key: (key.location_id, key.material_id or b"", key.strategy)):
            state.accept_queue(queue, state_reading.read_queue(connection, queue))
    if sums := wanted[SumsKey]:
        for location_id, of_location in state_reading.read_sums(connection, sums).items():
            state.accept_sums(location_id, of_location)
    if edges := wanted[EdgeKey]:
        stored = state_reading.read_edges(connection, edges)
        state.accept_edges({key: stored.get(key) for key in edges})
    _load_runs(connection, state, wanted)


def _load_definitions(connection: Connection, state: WorkingSet, wanted: dict[type, set[Any]]) -> None:
    by_entity: dict[str, set[bytes]] = defaultdict(set)
    for key in wanted[DefinitionKey]:
        by_entity[key.entity].add(key.id)
    for entity, ids in by_entity.items():
        load_definitions(connection, state.definitions, entity, ids)
    by_path: dict[str, set[str]] = defaultdict(set)
    for key in wanted[PathKey]:
        by_path[key.entity].add(key.path)
    for entity, paths in by_path.items():
        load_by_path(connection, state.definitions, entity, paths)
    # What has come is found on its shelf before this set is asked.
    state.absent |= wanted[DefinitionKey] | wanted[PathKey]
    if names := wanted[NameKey]:
        found = read_ids_by_name(connection, names)
        for key in names:
            state.ids_by_name[key] = found.get(key)
    if conversions := wanted[ConversionsKey]:
        load_conversions(connection, state.definitions, {key.material_id for key in conversions})


def _load_lots(connection: Connection, state: WorkingSet, wanted: dict[type, set[Any]]) -> None:
    if by_id := wanted[LotKey]:
        state.accept_lots(state_reading.read_lots(connection, by_id))
        for key in by_id:
            state.lots.setdefault(key.id, None)
    if by_name := wanted[LotNameKey]:
        state.accept_lots(state_reading.read_lots_by_name(connection, by_name))
        for key in by_name:
            state.lot_ids_by_name.setdefault((key.material_id, key.name), None)


def _load_runs(connection: Connection, state: WorkingSet, wanted: dict[type, set[Any]]) -> None:
    if requests := wanted[RequestKey]:
        found = state_reading.read_requests(connection, requests)
        for key in requests:
            state.requests.setdefault(key, found.get(key))
    if runs := wanted[RunKey]:
        stored = state_reading.read_runs(connection, runs)
        for key in runs:
            state.runs.setdefault(key.operation_id, stored.get(key.operation_id))
    if counts := wanted[CountKey]:
        for order_id, millionths in state_reading.read_counts(connection, counts).items():
            state.counts.setdefault(order_id, millionths)
    if records := wanted[RecordKey]:
        read = read_records(connection, [key.id for key in records])
        for key in records:
            state.records.setdefault(key.id, read.get(key.id))
