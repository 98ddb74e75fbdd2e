"""Loads what decisions miss into the working set, each kind with one statement.

If others write at the same time, what decisions may change is locked as it is read. The lock on a lot covers everything
of the lot: its stock at all locations, its edges. So the lot is always read before those. A rule about a whole location
locks the location. What another transaction holds is not loaded: its keys are returned, and a call that needs one of
them is decided later, in another transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection

from lotkeeper_server.domain.changes import KeptRequest
from lotkeeper_server.domain.keys import (
    ArchiveKey,
    ConversionsKey,
    CountKey,
    DefinitionKey,
    EdgeKey,
    GenealogyKey,
    Key,
    LotKey,
    LotNameKey,
    LotRowsKey,
    NameKey,
    OrderEdgeKey,
    PathKey,
    QueueKey,
    RecordKey,
    RequestKey,
    RunKey,
    StockKey,
    SumsKey,
    TimelineKey,
)
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId
from lotkeeper_server.domain.model.stock import Edge, Lot, OperationRun, StockRow
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.archived import archived_among
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.write_transaction import ReadTransaction, WriteTransaction
from lotkeeper_server.store.state import reading as state_reading
from lotkeeper_server.store.state.definitions import (
    StoreVersions,
    ask_versions,
    follow_changes,
    load_by_path,
    load_conversions,
    load_definitions,
    read_ids_by_name,
)
from lotkeeper_server.store.state.records import lock_records, read_records
from lotkeeper_server.store.state.timelines import KeptTimelines, load_archive, load_timelines

_QUEUE_READINGS_MAX: Final = 8
"""How often a queue is read until the lots in it are those that were locked."""
_Wanted = dict[type, set[Any]]
_OneKey = TypeVar("_OneKey", LotKey, LotNameKey, CountKey, RecordKey)


def load(
    tx: ReadTransaction, state: WorkingSet, keys: Iterable[Key], kept: KeptTimelines | None = None
) -> frozenset[Key]:
    """Loads every key, in the order of tables that all transactions use; what does not exist is noted as absent.

    Args:
        tx: a transaction.
        state: which gets it.
        keys: of what is wanted.
        kept: where long timelines may be; None where nothing is kept.

    Returns:
        The keys that are not loaded, because another transaction holds their rows.
    """
    wanted = _by_kind(keys)
    _load_definitions(tx.connection, state, wanted)
    loading = _Loading(tx, state, kept)
    loading.load(wanted)
    return frozenset(loading.held)


def begin(
    tx: WriteTransaction,
    state: WorkingSet,
    keys: Iterable[Key],
    kept: KeptTimelines | None = None,
    *,
    holds_versions: bool,
) -> tuple[StoreVersions, frozenset[Key]]:
    """Begins a transaction and asks for what commands name, all together if the driver can.

    So the keys may come from definitions that have changed since they were cached; these are then dropped. What is
    loaded here is state, and correct for any definitions.

    Args:
        tx: a transaction that was not begun.
        state: nothing is loaded into it yet.
        keys: what is likely to be needed.
        kept: as in `load`.
        holds_versions: lets nobody change definitions, roles or tokens until it ends, where that can be done.

    Returns:
        How far the store has come, and what `load` returns.
    """
    wanted = _by_kind(keys)
    loading = _Loading(tx, state, kept)
    with tx.asked_together():
        tx.begin()
        if holds_versions:
            tx.hold_versions()
        versions = ask_versions(tx)
        asked = loading.ask(wanted)
    begun = next(versions)
    follow_changes(tx.connection, state.definitions, begun.definitions)
    loading.accept(wanted, asked)
    _load_definitions(tx.connection, state, wanted)
    loading.load_rest(wanted)
    return begun, frozenset(loading.held)


def _by_kind(keys: Iterable[Key]) -> _Wanted:
    wanted: _Wanted = defaultdict(set)
    for key in keys:
        wanted[type(key)].add(key)
    return wanted


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

    __slots__ = ("_tx",)

    def __init__(self, connection: Connection) -> None:
        self._tx = WriteTransaction(connection)

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """Does what the function `load` says."""
        return load(self._tx, state, keys)


class _Asked(NamedTuple):
    """What was asked for together; rows come as they are taken, in this order."""

    lots: Iterator[Lot]
    lots_by_name: Iterator[Lot]
    runs: Iterator[tuple[Id, OperationRun]]
    requests: Iterator[tuple[RequestKey, KeptRequest]]
    stock: Iterator[StockRow]
    rows_of_lots: Iterator[StockRow]
    edges: Iterator[tuple[GenealogyKey, Edge]]
    order_edges: Iterator[tuple[GenealogyKey, Edge]]


class _Loading:
    """One load of state.

    Attributes:
        held: the keys whose rows other transactions hold.
    """

    def __init__(self, tx: ReadTransaction, state: WorkingSet, kept: KeptTimelines | None) -> None:
        self._kept = kept
        self.held: set[Key] = set()
        self._tx = tx
        self._state = state
        self._locking = tx.locking
        self._locations: set[LocationId] = set()

    def load(self, wanted: _Wanted) -> None:
        """Everything but definitions."""
        self._lock_locations(wanted)
        with self._tx.asked_together():
            asked = self.ask(wanted)
        self.accept(wanted, asked)
        self.load_rest(wanted)

    def ask(self, wanted: _Wanted) -> _Asked:
        """Locks the lots and asks for what is theirs behind that, and for runs and requests, which most calls name.

        Each statement sees what was committed before it, so that what is read of a lot is read under its lock.
        """
        tx = self._tx
        if self._locking is not Locking.NONE:
            wanted[LotKey] |= _lots_first(self._state, wanted)
        return _Asked(
            state_reading.lock_lots(tx, wanted[LotKey]),
            state_reading.lock_lots_by_name(tx, wanted[LotNameKey]),
            state_reading.read_runs(tx, {key.operation_id for key in wanted[RunKey]}),
            state_reading.read_requests(tx, wanted[RequestKey]),
            state_reading.read_stock(tx, wanted[StockKey]),
            state_reading.read_rows_of_lots(tx, wanted[LotRowsKey]),
            state_reading.read_edges(tx, wanted[EdgeKey]),
            state_reading.read_order_edges(tx, wanted[OrderEdgeKey]),
        )

    def accept(self, wanted: _Wanted, asked: _Asked) -> None:
        """Takes what was asked for, except what another transaction holds."""
        state = self._state
        self._accept_lots(wanted, list(asked.lots), list(asked.lots_by_name))
        stored_runs, stored_requests = dict(asked.runs), dict(asked.requests)
        for key in wanted[RequestKey]:
            state.requests.setdefault(key, stored_requests.get(key))
        self._accept_runs(wanted[RunKey], stored_runs)
        if wanted[StockKey]:
            rows = {StockKey(row.location_id, row.lot_id): row for row in asked.stock}
            stock = self._of_locked_lots(wanted[StockKey])
            state.accept_stock([row for key, row in rows.items() if key in stock])
            for key in stock - rows.keys():
                state.accept_no_stock(key)
        if wanted[LotRowsKey]:
            by_lot = defaultdict(list)
            for row in asked.rows_of_lots:
                by_lot[row.lot_id].append(row)
            for key in self._of_locked_lots(wanted[LotRowsKey]):
                state.accept_rows_of_lot(key.lot_id, by_lot[key.lot_id])
        for kind, edges in ((EdgeKey, asked.edges), (OrderEdgeKey, asked.order_edges)):
            if wanted[kind]:
                stored = dict(edges)
                state.accept_edges({key: stored.get(key) for key in self._of_locked_lots(wanted[kind])})

    def load_rest(self, wanted: _Wanted) -> None:
        """What is read less often: of all of a location, counts and records."""
        state = self._state
        self._lock_locations(wanted)
        for queue in sorted(wanted[QueueKey], key=lambda key: (key.location_id, key.material_id or b"", key.strategy)):
            self._load_queue(queue)
        if sums := wanted[SumsKey]:
            for location_id, of_location in state_reading.read_sums(self._tx, sums).items():
                state.accept_sums(location_id, of_location)
        self._load_counts_and_records(wanted)
        if timelines := self._of_locked_lots(wanted[TimelineKey]):
            load_timelines(self._tx.connection, state, timelines, self._kept)
        elif wanted[ArchiveKey]:
            load_archive(self._tx.connection, state)

    def _lock_locations(self, wanted: _Wanted) -> None:
        """Locks the locations of rules about whole locations; a key whose location is held is taken out."""
        if self._locking is Locking.NONE:
            return
        by_location: dict[Any, list[Any]] = defaultdict(list)
        for key in (*wanted[SumsKey], *wanted[QueueKey]):
            if isinstance(key, SumsKey) or key.material_id is None:
                by_location[key.location_id].append(key)
        unlocked = by_location.keys() - self._locations
        if not unlocked:
            return
        locked = state_reading.lock_locations(self._tx, unlocked)
        self._locations |= locked
        for location_id in unlocked - locked:
            self.held.update(by_location[location_id])
            wanted[SumsKey] -= set(by_location[location_id])
            wanted[QueueKey] -= set(by_location[location_id])

    def _accept_lots(self, wanted: _Wanted, by_id: list[Lot], by_name: list[Lot]) -> None:
        state = self._state
        state.accept_lots(by_id)
        state.accept_lots(by_name)
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
        read: Callable[[ReadTransaction, Collection[_OneKey]], Iterable[Any]],
        key_of: Callable[[Any], _OneKey],
    ) -> set[_OneKey]:
        """Those of the missing keys that do not exist; the others are held."""
        missing = wanted - found
        if not missing or not self._locking.skips:
            return missing
        held = {key_of(one) for one in read(self._tx, missing)}
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
            rows = state_reading.read_queue(self._tx, key)
            unlocked = {lot.id for _, lot in rows if lot.id not in self._state.lots}
            if not unlocked or self._locking is Locking.NONE:
                self._state.accept_queue(key, rows)
                return
            lots: _Wanted = defaultdict(set)
            lots[LotKey] = {LotKey(lot_id) for lot_id in unlocked}
            by_id = state_reading.lock_lots(self._tx, lots[LotKey])
            self._accept_lots(lots, list(by_id), [])
            if not self.held.isdisjoint(lots[LotKey]):
                break
        self.held.add(key)

    def _load_counts_and_records(self, wanted: _Wanted) -> None:
        tx, state = self._tx, self._state
        if counts := wanted[CountKey]:
            stored = state_reading.lock_counts(tx, counts)
            for order_id, millionths in stored.items():
                state.counts.setdefault(order_id, millionths)
            self.held |= {key for key in counts if key.order_id not in state.counts}
        if records := wanted[RecordKey]:
            read = lock_records(tx, [key.id for key in records])
            for one in read.values():
                state.records.setdefault(one.id, one)
            found = {RecordKey(identifier) for identifier in read}
            for missing in self._absent(records, found, _read_records, lambda one: RecordKey(one.id)):
                state.records.setdefault(missing.id, None)
            if gone := [key.id for key in records if state.records.get(key.id, key) is None]:
                state.archived |= archived_among(tx.connection, gone)

    def _accept_runs(self, keys: set[RunKey], stored: dict[Id, OperationRun]) -> None:
        """What runs, what is going to, and what an Execute would change is locked.

        Most calls find that the operation has completed before: they leave that as it is, and only need to know it.
        """
        state = self._state
        ids = {key.operation_id for key in keys}
        if self._locking is not Locking.NONE:
            changing = {key.operation_id for key in keys if key.to_change} & stored.keys()
            changing |= {one for one, run in stored.items() if run.status is not Status.COMPLETED}
            if changing:
                locked = state_reading.lock_runs(self._tx, changing)
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
        for kind in (StockKey, LotRowsKey, EdgeKey, OrderEdgeKey, TimelineKey)
        for key in wanted[kind]
        for lot_id in _lots_of(key)
        if lot_id not in state.lots
    }
    return {LotKey(lot_id) for lot_id in ids}


def _lots_of(key: StockKey | LotRowsKey | GenealogyKey | TimelineKey) -> tuple[LotId, ...]:
    return (key.from_lot_id, key.to_lot_id) if isinstance(key, EdgeKey) else (key.lot_id,)


def _key_of_lot(lot: Any) -> LotKey:
    return LotKey(lot.id)


def _name_of_lot(lot: Any) -> LotNameKey:
    return LotNameKey(lot.material_id, lot.name)


def _read_records(tx: ReadTransaction, keys: Collection[RecordKey]) -> Iterable[Any]:
    return read_records(tx.connection, [key.id for key in keys]).values()
