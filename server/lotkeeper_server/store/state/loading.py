"""Loads what decisions miss into the working set, each kind with one statement.

If others write at the same time, what decisions may change is locked as it is read. The lock on a lot covers everything
of the lot: its stock at all locations, its edges. So the lot is always read before those. A rule about a whole location
locks the location. What another transaction holds is not loaded: its keys are returned, and a call that needs one of
them is decided later, in another transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, TypeVar

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
from lotkeeper_server.domain.model.identifiers import Id, LotId
from lotkeeper_server.domain.model.stock import Lot, OperationRun
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.archived import archived_among
from lotkeeper_server.store.db.dialects import Locking, dialect_of
from lotkeeper_server.store.db.statements import asked_together, locking_of
from lotkeeper_server.store.state import reading as state_reading
from lotkeeper_server.store.state.definitions import (
    load_by_path,
    load_conversions,
    load_definitions,
    read_ids_by_name,
)
from lotkeeper_server.store.state.records import read_records

_QUEUE_READINGS_MAX: Final = 8
"""How often a queue is read until the lots in it are those that were locked."""
_Wanted = dict[type, set[Any]]
_OneKey = TypeVar("_OneKey", LotKey, LotNameKey, CountKey, RecordKey)


def load(connection: Connection, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
    """Loads every key, in the order of tables that all transactions use; what does not exist is noted as absent.

    Returns:
        The keys that are not loaded, because another transaction holds their rows.
    """
    wanted: _Wanted = defaultdict(set)
    for key in keys:
        wanted[type(key)].add(key)
    _load_definitions(connection, state, wanted)
    loading = _Loading(connection, state, locking_of(connection))
    loading.load(wanted)
    return frozenset(loading.held)


def _load_definitions(connection: Connection, state: WorkingSet, wanted: _Wanted) -> None:
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
    # What was loaded is found on its shelf before this set is asked.
    state.absent |= wanted[DefinitionKey] | wanted[PathKey]
    if names := wanted[NameKey]:
        found = read_ids_by_name(connection, names)
        for key in names:
            state.ids_by_name[key] = found.get(key)
    if conversions := wanted[ConversionsKey]:
        load_conversions(connection, state.definitions, {key.material_id for key in conversions})


class StateLoader:
    """Loads within one transaction or snapshot."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """Does what the function `load` says."""
        return load(self._connection, state, keys)


class _Loading:
    """One load of state.

    Attributes:
        held: the keys whose rows other transactions hold.
    """

    def __init__(self, connection: Connection, state: WorkingSet, locking: Locking) -> None:
        self.held: set[Key] = set()
        self._connection = connection
        self._state = state
        self._locking = locking

    def load(self, wanted: _Wanted) -> None:
        connection, state = self._connection, self._state
        if self._locking is not Locking.NONE:
            self._lock_locations(wanted)
            wanted[LotKey] |= _lots_first(state, wanted)
        self._load_what_is_named(wanted)
        if stock := self._of_locked_lots(wanted[StockKey]):
            rows = state_reading.read_stock(connection, stock)
            state.accept_stock(rows)
            for key in stock - {StockKey(row.location_id, row.lot_id) for row in rows}:
                state.accept_no_stock(key)
        if of_lots := self._of_locked_lots(wanted[LotRowsKey]):
            by_lot = state_reading.read_rows_of_lots(connection, of_lots)
            for key in of_lots:
                state.accept_rows_of_lot(key.lot_id, by_lot.get(key.lot_id, []))
        for queue in sorted(wanted[QueueKey], key=lambda key: (key.location_id, key.material_id or b"", key.strategy)):
            self._load_queue(queue)
        if sums := wanted[SumsKey]:
            for location_id, of_location in state_reading.read_sums(connection, sums).items():
                state.accept_sums(location_id, of_location)
        if edges := self._of_locked_lots(wanted[EdgeKey]):
            stored = state_reading.read_edges(connection, edges)
            state.accept_edges({key: stored.get(key) for key in edges})
        self._load_counts_and_records(wanted)

    def _lock_locations(self, wanted: _Wanted) -> None:
        """Locks the locations of rules about whole locations; a key whose location is held is taken out."""
        by_location: dict[Any, list[Any]] = defaultdict(list)
        for key in (*wanted[SumsKey], *wanted[QueueKey]):
            if isinstance(key, SumsKey) or key.material_id is None:
                by_location[key.location_id].append(key)
        if not by_location:
            return
        locked = state_reading.lock_locations(self._connection, by_location, self._locking)
        dialect_of(self._connection).guard(self._connection, list(locked))
        for location_id in by_location.keys() - locked:
            self.held.update(by_location[location_id])
            wanted[SumsKey] -= set(by_location[location_id])
            wanted[QueueKey] -= set(by_location[location_id])

    def _load_what_is_named(self, wanted: _Wanted) -> None:
        """Loads lots, runs and requests together, since nearly every call names some of each."""
        connection, state = self._connection, self._state
        with asked_together(connection):
            by_id = state_reading.read_lots(connection, wanted[LotKey], self._locking)
            by_name = state_reading.read_lots_by_name(connection, wanted[LotNameKey], self._locking)
            runs = state_reading.read_runs(connection, {key.operation_id for key in wanted[RunKey]}, Locking.NONE)
            requests = state_reading.read_requests(connection, wanted[RequestKey])
            self._accept_lots(wanted, list(by_id), list(by_name))
            stored_runs, stored_requests = dict(runs), dict(requests)
        for key in wanted[RequestKey]:
            state.requests.setdefault(key, stored_requests.get(key))
        self._accept_runs(wanted[RunKey], stored_runs)

    def _accept_lots(self, wanted: _Wanted, by_id: list[Lot], by_name: list[Lot]) -> None:
        state = self._state
        state.accept_lots(by_id)
        state.accept_lots(by_name)
        if self._locking is not Locking.NONE:
            dialect_of(self._connection).guard(self._connection, [lot.id for lot in (*by_id, *by_name)])
        found = {LotKey(lot.id) for lot in by_id}
        for key in self._absent(wanted[LotKey], found, state_reading.read_lots, _key_of_lot):
            state.lots.setdefault(key.id, None)
        named = {_name_of_lot(lot) for lot in by_name}
        for name in self._absent(wanted[LotNameKey], named, state_reading.read_lots_by_name, _name_of_lot):
            state.lot_ids_by_name.setdefault((name.material_id, name.name), None)

    def _absent(
        self,
        wanted: set[_OneKey],
        found: set[_OneKey],
        read: Callable[[Connection, Collection[_OneKey], Locking], Iterable[Any]],
        key_of: Callable[[Any], _OneKey],
    ) -> set[_OneKey]:
        """Those of the missing keys that do not exist; the others are held."""
        missing = wanted - found
        if not missing or not self._locking.skips:
            return missing
        held = {key_of(one) for one in read(self._connection, missing, Locking.NONE)}
        self.held |= held
        return missing - held

    def _of_locked_lots(self, keys: set[Any]) -> set[Any]:
        """Those whose lots are not held; a lot that does not exist has no rows to hold."""
        if not self._locking.skips or not keys:
            return keys
        lots = self._state.lots
        held = {key for key in keys if any(lot_id not in lots for lot_id in _lots_of(key))}
        self.held |= held
        return keys - held

    def _load_queue(self, key: QueueKey) -> None:
        """A queue is accepted once all lots in it were locked before it was read."""
        for _ in range(_QUEUE_READINGS_MAX):
            rows = state_reading.read_queue(self._connection, key)
            unlocked = {lot.id for _, lot in rows if lot.id not in self._state.lots}
            if not unlocked or self._locking is Locking.NONE:
                self._state.accept_queue(key, rows)
                return
            lots: _Wanted = defaultdict(set)
            lots[LotKey] = {LotKey(lot_id) for lot_id in unlocked}
            by_id = state_reading.read_lots(self._connection, lots[LotKey], self._locking)
            self._accept_lots(lots, list(by_id), [])
            if not self.held.isdisjoint(lots[LotKey]):
                break
        self.held.add(key)

    def _load_counts_and_records(self, wanted: _Wanted) -> None:
        connection, state = self._connection, self._state
        if counts := wanted[CountKey]:
            stored = state_reading.read_counts(connection, counts, self._locking)
            for order_id, millionths in stored.items():
                state.counts.setdefault(order_id, millionths)
            self.held |= {key for key in counts if key.order_id not in state.counts}
        if records := wanted[RecordKey]:
            read = read_records(connection, [key.id for key in records], self._locking)
            for one in read.values():
                state.records.setdefault(one.id, one)
            found = {RecordKey(identifier) for identifier in read}
            for missing in self._absent(records, found, _read_records, lambda one: RecordKey(one.id)):
                state.records.setdefault(missing.id, None)
            if gone := [key.id for key in records if state.records.get(key.id, key) is None]:
                state.archived |= archived_among(connection, gone)

    def _accept_runs(self, keys: set[RunKey], stored: dict[Id, OperationRun]) -> None:
        """Locks runs in progress and those that will begin; a call on an idle operation needs only to know that."""
        state = self._state
        ids = {key.operation_id for key in keys}
        if self._locking is not Locking.NONE:
            changing = {key.operation_id for key in keys if key.to_change} & stored.keys()
            changing |= {one for one, run in stored.items() if run.current_record_id is not None}
            if changing:
                locked = state_reading.lock_runs(self._connection, changing, self._locking)
                held = changing - locked.keys()
                self.held |= {RunKey(one) for one in held} | {RunKey(one, to_change=True) for one in held}
                stored |= locked
                ids -= held
        for operation_id in ids:
            state.runs.setdefault(operation_id, stored.get(operation_id))


def _lots_first(state: WorkingSet, wanted: _Wanted) -> set[LotKey]:
    """The lots whose rows and edges are wanted, without those that are loaded."""
    ids = {
        lot_id
        for kind in (StockKey, LotRowsKey, EdgeKey)
        for key in wanted[kind]
        for lot_id in _lots_of(key)
        if lot_id not in state.lots
    }
    return {LotKey(lot_id) for lot_id in ids}


def _lots_of(key: StockKey | LotRowsKey | EdgeKey) -> tuple[LotId, ...]:
    return (key.from_lot_id, key.to_lot_id) if isinstance(key, EdgeKey) else (key.lot_id,)


def _key_of_lot(lot: Any) -> LotKey:
    return LotKey(lot.id)


def _name_of_lot(lot: Any) -> LotNameKey:
    return LotNameKey(lot.material_id, lot.name)


def _read_records(connection: Connection, keys: Collection[RecordKey], locking: Locking) -> Iterable[Any]:
    return read_records(connection, [key.id for key in keys], locking).values()
