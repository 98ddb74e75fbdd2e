"""What a transaction reads of a store in memory, and locks: as `store/state/loading.py` does, without SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

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
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import Conversions
from lotkeeper_server.domain.model.enumerations import LotUseStrategy, Status
from lotkeeper_server.domain.model.identifiers import LocationId, LotId, MaterialId, UnitId
from lotkeeper_server.domain.model.stock import Lot, StockRow
from lotkeeper_server.domain.working_set import WorkingSet

from tests.plant import load_timeline
from tests.simulation.database import Database, Session

NEVER = 1 << 62


class Loading:
    """One load.

    Attributes:
        held: the keys of what other transactions hold.
    """

    def __init__(self, database: Database, session: Session, state: WorkingSet, *, locks: bool) -> None:
        self.held: set[Key] = set()
        self._database = database
        self._session = session
        self._state = state
        self._locks = locks

    def load(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Brings in what is free; returns the keys of the rest."""
        wanted: dict[type, dict[Any, None]] = defaultdict(dict)
        for key in keys:
            wanted[type(key)][key] = None
        load_definitions(self._database, self._state, wanted)
        self._lock_first(wanted)
        for lot_key in wanted[LotKey]:
            self._load_lot(lot_key.id, lot_key)
        for name in wanted[LotNameKey]:
            self._load_lot_named(name)
        for key in (*wanted[RunKey], *wanted[RequestKey], *wanted[CountKey], *wanted[RecordKey]):
            self._load_by_itself(key)
        of_lots = (StockKey, LotRowsKey, EdgeKey, OrderEdgeKey, TimelineKey)
        for key in (key for kind in of_lots for key in wanted[kind]):
            self._load_of_lots(key)
        if wanted[ArchiveKey]:
            self._state.timelines.accept_archive(None)
        for key in (*wanted[QueueKey], *wanted[SumsKey]):
            if key not in self.held:
                self._load_of_location(key)
        return frozenset(self.held)

    def _lock_first(self, wanted: dict[type, dict[Any, None]]) -> None:
        """Locations of which a rule looks at all, and the lots of what is wanted."""
        for key in (*wanted[SumsKey], *wanted[QueueKey]):
            rules_on_all = isinstance(key, SumsKey) or key.material_id is None
            if rules_on_all and not self._may_lock("location", key.location_id):
                self.held.add(key)
        for kind in (StockKey, LotRowsKey, EdgeKey, OrderEdgeKey, TimelineKey):
            for key in wanted[kind]:
                for lot_id in lots_of(key):
                    wanted[LotKey].setdefault(LotKey(lot_id))  # type: ignore[arg-type]

    def _may_lock(self, *lock: Any) -> bool:
        return not self._locks or self._database.may_lock(self._session, lock)

    def _load_lot(self, identifier: bytes, key: Key) -> None:
        lot = self._database.lots.get(identifier)
        if lot is None:
            self._state.lots.setdefault(LotId(identifier), None)
        elif self._may_lock("lot", identifier):
            self._state.accept_lots([lot])
        else:
            self.held.add(key)

    def _load_lot_named(self, key: LotNameKey) -> None:
        identifier = self._database.lot_ids_by_name.get((key.material_id, key.name))
        if identifier is None:
            self._state.lot_ids_by_name.setdefault((key.material_id, key.name), None)
        else:
            self._load_lot(identifier, key)

    def _load_by_itself(self, key: Any) -> None:
        database, state = self._database, self._state
        match key:
            case RunKey():
                run = database.runs.get(key.operation_id)
                changes = run is not None and (key.to_change or run.status is not Status.COMPLETED)
                if changes and not self._may_lock("run", key.operation_id):
                    self.held |= {key, RunKey(key.operation_id), RunKey(key.operation_id, to_change=True)}
                else:
                    state.runs.setdefault(key.operation_id, run)
            case RequestKey():
                state.requests.setdefault(key, database.requests.get(key))
            case CountKey():
                if self._may_lock("order", key.order_id):
                    state.counts.setdefault(key.order_id, database.counts[key.order_id])
                else:
                    self.held.add(key)
            case RecordKey():
                record = database.records.get(key.id)
                if record is None or self._may_lock("record", key.id):
                    state.records.setdefault(key.id, record)
                else:
                    self.held.add(key)

    def _load_of_lots(self, key: Any) -> None:
        database, state = self._database, self._state
        if any(lot_id not in state.lots for lot_id in lots_of(key)):
            self.held.add(key)
            return
        match key:
            case StockKey():
                row = database.rows.get((key.location_id, key.lot_id))
                state.accept_stock([row] if row else [])
                state.accept_no_stock(key)
            case LotRowsKey():
                rows = [row for row in database.rows.values() if row.lot_id == key.lot_id and row.millionths != 0]
                state.accept_rows_of_lot(key.lot_id, rows)
            case EdgeKey() | OrderEdgeKey():
                state.accept_edges({key: database.edges.get(key)})
            case TimelineKey():
                state.timelines.accept_archive(None)
                load_timeline(state, key, database.records.values())

    def _load_of_location(self, key: Any) -> None:
        if isinstance(key, SumsKey):
            sums: dict[tuple[MaterialId, UnitId | None], int] = {}
            for row in self._database.rows.values():
                if row.location_id == key.location_id and row.millionths > 0:
                    group = (row.material_id, self._database.lots[row.lot_id].unit_id)
                    sums[group] = sums.get(group, 0) + row.millionths
            self._state.accept_sums(LocationId(key.location_id), sums)
            return
        rows = self._queue(key)
        for _, lot in rows:
            if lot.id not in self._state.lots and not self._may_lock("lot", lot.id):
                self.held.add(key)
                return
        self._state.accept_queue(key, rows)

    def _queue(self, key: QueueKey) -> list[tuple[StockRow, Lot]]:
        pairs = [
            (row, self._database.lots[row.lot_id])
            for row in self._database.rows.values()
            if row.location_id == key.location_id and row.millionths > 0 and key.material_id in {None, row.material_id}
        ]

        def place(pair: tuple[StockRow, Lot]) -> tuple[int, int]:
            row, lot = pair
            if key.strategy is LotUseStrategy.LIFO:
                return (0, -row.arrived_order)
            if key.strategy is LotUseStrategy.FIFO:
                return (0, row.arrived_order)
            return (NEVER if lot.expiration_millis is None else lot.expiration_millis, row.arrived_order)

        return sorted(pairs, key=place)[: key.length]


def lots_of(key: StockKey | LotRowsKey | GenealogyKey | TimelineKey) -> tuple[bytes, ...]:
    """The lots whose locks stand for it."""
    return (key.from_lot_id, key.to_lot_id) if isinstance(key, EdgeKey) else (key.lot_id,)


def load_definitions(database: Database, state: WorkingSet, wanted: dict[type, dict[Any, None]]) -> None:
    """Definitions as they are now, and the conversions."""
    cache = state.definitions
    for key in wanted[DefinitionKey]:
        keep(cache, database, key.entity, key.id)
    for key in wanted[PathKey]:
        identifier = database.ids_by_path.get((key.entity, key.path))
        if identifier is not None:
            keep(cache, database, key.entity, identifier)
    state.absent |= wanted[DefinitionKey].keys() | wanted[PathKey].keys()
    for key in wanted[NameKey]:
        state.ids_by_name[key] = database.ids_by_name.get(key)
    for key in wanted[ConversionsKey]:
        cache.conversions[key.material_id] = database.conversions.get(key.material_id, Conversions({}))


def keep(cache: DefinitionCache, database: Database, entity: str, identifier: bytes) -> None:
    """Puts a definition on its shelf, if there is one."""
    value = database.definitions.get((entity, identifier))
    if value is not None:
        shelves: dict[str, Any] = {
            "unit_of_measure": cache.units,
            "material": cache.materials,
            "material_reason_code": cache.reason_codes,
            "location": cache.locations,
            "operation": cache.process_operations,
            "production_order": cache.production_orders,
            "inventory_operation": cache.inventory_operations,
        }
        shelves[entity].put(identifier, value, getattr(value, "path", None))
