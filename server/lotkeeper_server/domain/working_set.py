"""Everything the decisions of one transaction read and change, in memory.

A decision asks it by key; what is not loaded yet raises `Missing`, the engine loads it for all decisions at once, and
the decision is taken again. Changes are values put in the place of values, each noted in a journal: a refusal rolls
back to where its decision began, and what is written in the end is what the journal names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from lotkeeper_server.domain.asked_definitions import AskedDefinitions
from lotkeeper_server.domain.changes import Changes, KeptRequest
from lotkeeper_server.domain.keys import (
    CountKey,
    EdgeKey,
    GenealogyKey,
    LotKey,
    LotNameKey,
    LotRowsKey,
    Missing,
    QueueKey,
    RecordKey,
    RequestKey,
    RunKey,
    StockKey,
    SumsKey,
)
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import LotUseStrategy, Status
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, MaterialId, RecordId, UnitId
from lotkeeper_server.domain.model.stock import Edge, Lot, OperationRun, Record, StockRow
from lotkeeper_server.domain.timelines import Timelines

QUEUE_LENGTH_FIRST: Final = 16
"""How many rows of a location's queue are loaded first; four times as many each time that they do not suffice."""
_NEVER: Final = 1 << 62
_FIRST: Final = itemgetter(0)


@dataclass(slots=True)
class LoadedQueue:
    """How far a location's queue is loaded: to the sort key `frontier`, or to its end."""

    length: int
    frontier: tuple[int, int]
    exhausted: bool


class WorkingSet(AskedDefinitions):
    """The state that the decisions of one transaction share."""

    def __init__(self, definitions: DefinitionCache) -> None:
        super().__init__(definitions)
        self.lots: dict[LotId, Lot | None] = {}
        self.lot_ids_by_name: dict[tuple[MaterialId, str], LotId | None] = {}
        self.stock: dict[LocationId, dict[LotId, StockRow | None]] = {}
        self.runs: dict[Id, OperationRun | None] = {}
        self.counts: dict[Id, int] = {}
        self.records: dict[RecordId, Record | None] = {}
        self.archived: set[RecordId] = set()
        self.edges: dict[GenealogyKey, Edge | None] = {}
        self.requests: dict[tuple[str, str], KeptRequest | None] = {}
        self.queues: dict[tuple[LocationId, MaterialId | None, LotUseStrategy], LoadedQueue] = {}
        self.sums: dict[LocationId, dict[tuple[MaterialId, UnitId | None], int]] = {}
        self.timelines = Timelines()
        self._born: set[LotId] = set()
        self._rows_known: set[LotId] = set()
        self._loaded_millionths: dict[tuple[LocationId, LotId], int] = {}
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []

    # What decisions ask for.

    def lot(self, identifier: Id) -> Lot | None:
        """A lot by id."""
        lot_id = LotId(identifier)
        if lot_id not in self.lots:
            raise Missing(LotKey(lot_id))
        return self.lots[lot_id]

    def lot_named(self, material_id: MaterialId, name: str) -> Lot | None:
        """A lot by name within its material."""
        if (material_id, name) not in self.lot_ids_by_name:
            raise Missing(LotNameKey(material_id, name))
        lot_id = self.lot_ids_by_name[material_id, name]
        return None if lot_id is None else self.lots[lot_id]

    def knows_lot(self, given: Id | str, material_id: MaterialId) -> bool:
        """Whether a lot by id, which is bytes, or by name within its material is loaded, also that it is not there."""
        return given in self.lots if isinstance(given, bytes) else (material_id, given) in self.lot_ids_by_name

    def stock_row(self, location_id: LocationId, lot_id: LotId) -> StockRow | None:
        """The inventory row of a lot at a location; None where there is none, which counts as zero."""
        rows = self.stock.get(location_id)
        if rows is None or lot_id not in rows:
            if lot_id in self._born:
                return None
            raise Missing(StockKey(location_id, lot_id))
        return rows[lot_id]

    def rows_of_lot(self, lot_id: LotId) -> list[StockRow]:
        """The inventory rows of a lot, at all locations; those of zero may be left out."""
        if lot_id not in self._rows_known and lot_id not in self._born:
            raise Missing(LotRowsKey(lot_id))
        return [row for rows in self.stock.values() if (row := rows.get(lot_id)) is not None]

    def rows_at(self, location_id: LocationId) -> list[StockRow]:
        """The inventory rows at a location that are loaded."""
        return [row for row in self.stock.get(location_id, {}).values() if row is not None]

    def run(self, operation_id: Id) -> OperationRun | None:
        """The status of an operation's run; None if the operation does not exist."""
        if operation_id not in self.runs:
            raise Missing(RunKey(operation_id))
        return self.runs[operation_id]

    def count(self, order_id: Id) -> int:
        """An order's quantity_produced, in millionths of its unit."""
        if order_id not in self.counts:
            raise Missing(CountKey(order_id))
        return self.counts[order_id]

    def record(self, identifier: RecordId) -> Record | None:
        """A record by id."""
        if identifier not in self.records:
            raise Missing(RecordKey(identifier))
        return self.records[identifier]

    def is_archived(self, identifier: RecordId) -> bool:
        """Whether a record that is not in the store is in a file now."""
        return self.record(identifier) is None and identifier in self.archived

    def records_known(self, identifiers: tuple[RecordId, ...]) -> None:
        """Asks for several records at once, so that one load brings them all."""
        missing = [RecordKey(identifier) for identifier in identifiers if identifier not in self.records]
        if missing:
            raise Missing(*missing)

    def edge(self, key: GenealogyKey) -> Edge | None:
        """How much of one lot went into another, or into or out of a production order; None if nothing ever did."""
        if key not in self.edges:
            lots = (key.from_lot_id, key.to_lot_id) if isinstance(key, EdgeKey) else (key.lot_id,)
            if not self._born.isdisjoint(lots):
                return None
            raise Missing(key)
        return self.edges[key]

    def request(self, principal: str, request_id: str) -> KeptRequest | None:
        """A request id that took effect."""
        key = RequestKey(principal, request_id)
        if key not in self.requests:
            raise Missing(key)
        return self.requests[key]

    def stock_sums(self, location_id: LocationId) -> dict[tuple[MaterialId, UnitId | None], int]:
        """Millionths above zero at a location, by material and unit."""
        if location_id not in self.sums:
            raise Missing(SumsKey(location_id))
        return self.sums[location_id]

    def in_stock(
        self, location_id: LocationId, material_id: MaterialId | None, strategy: LotUseStrategy
    ) -> Iterator[tuple[StockRow, Lot]]:
        """The rows above zero at a location, of one material or of all, in order of use, loaded as needed."""
        queue = self.queues.get((location_id, material_id, strategy))
        if queue is None:
            raise Missing(QueueKey(location_id, material_id, strategy, QUEUE_LENGTH_FIRST))
        rows = [
            row
            for row in self.stock.get(location_id, {}).values()
            if row is not None and row.millionths > 0 and (material_id is None or row.material_id == material_id)
        ]
        known = self._with_sort_keys(rows, strategy)
        known.sort(key=_FIRST)
        more = QueueKey(location_id, material_id, strategy, queue.length * 4)
        for sort_key, row in known:
            if not queue.exhausted and sort_key > queue.frontier:
                raise Missing(more)
            lot = self.lot(row.lot_id)
            assert lot is not None
            yield row, lot
        if not queue.exhausted:
            raise Missing(more)

    def _with_sort_keys(self, rows: list[StockRow], strategy: LotUseStrategy) -> list[tuple[tuple[int, int], StockRow]]:
        if strategy is LotUseStrategy.FIFO:
            return [((0, row.arrived_order), row) for row in rows]
        if strategy is LotUseStrategy.LIFO:
            return [((0, -row.arrived_order), row) for row in rows]
        return [((self._expires(row), row.arrived_order), row) for row in rows]

    def _expires(self, row: StockRow) -> int:
        lot = self.lot(row.lot_id)
        assert lot is not None
        return _NEVER if lot.expiration_millis is None else lot.expiration_millis

    # What decisions change.

    def expect_lot(self, lot_id: LotId) -> None:
        """A lot that is about to be made: it has no stock and no edges that could be loaded."""
        self._born.add(lot_id)

    def put_lot(self, lot: Lot) -> None:
        """A lot that is new or has changed."""
        self._put(self.lots, lot.id, lot)
        name_key = (lot.material_id, lot.name)
        if self.lot_ids_by_name.get(name_key) != lot.id:
            self._put(self.lot_ids_by_name, name_key, lot.id)

    def put_stock(self, row: StockRow, unit_id: UnitId | None) -> None:
        """An inventory row that is new or has changed; the location's sums follow it."""
        rows = self.stock.setdefault(row.location_id, {})
        old = rows.get(row.lot_id)
        sums = self.sums.get(row.location_id)
        if sums is not None:
            risen = max(row.millionths, 0) - max(old.millionths if old else 0, 0)
            group = (row.material_id, unit_id)
            if risen:
                self._put(sums, group, sums.get(group, 0) + risen)
        self._put(rows, row.lot_id, row)

    def put_run(self, operation_id: Id, run: OperationRun) -> None:
        """Where an operation's run stands now."""
        if self.runs.get(operation_id) != run:
            self._put(self.runs, operation_id, run)

    def put_count(self, order_id: Id, millionths: int) -> None:
        """An order's quantity_produced now."""
        self._put(self.counts, order_id, millionths)

    def put_record(self, record: Record) -> None:
        """A record that is new or has been completed or cancelled."""
        if self.timelines.by_row:
            self.timelines.follow(self.records.get(record.id), record, self._put)
        self._put(self.records, record.id, record)

    def put_edge(self, key: GenealogyKey, edge: Edge) -> None:
        """How much an edge of the genealogy sums now."""
        self._put(self.edges, key, edge)

    def put_request(self, key: RequestKey, kept: KeptRequest) -> None:
        """A request id that takes effect now."""
        self._put(self.requests, key, kept)

    def _put(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._journal.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def savepoint(self) -> int:
        """The present place in the journal, to roll back to."""
        return len(self._journal)

    def roll_back(self, savepoint: int) -> None:
        """Takes back everything put since."""
        journal = self._journal
        while len(journal) > savepoint:
            mapping, key, old = journal.pop()
            if old is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = old

    def new_ids(self, savepoint: int) -> frozenset[Id]:
        """The lots and records put since that are not stored."""
        return frozenset(
            key
            for mapping, key, old in self._journal[savepoint:]
            if (mapping is self.records or mapping is self.lots) and (old is _ABSENT or old is None)
        )

    def new_record_count(self, savepoint: int) -> int:
        """How many records were put since."""
        records = self.records
        return sum([mapping is records for mapping, _, _ in self._journal[savepoint:]])

    # What loads bring in. A load never overwrites what decisions have changed.

    def accept_lots(self, lots: list[Lot]) -> None:
        """Lots as stored."""
        for lot in lots:
            self.lots.setdefault(lot.id, lot)
            self.lot_ids_by_name.setdefault((lot.material_id, lot.name), lot.id)

    def accept_stock(self, rows: list[StockRow]) -> None:
        """Inventory rows as stored."""
        for row in rows:
            at_location = self.stock.setdefault(row.location_id, {})
            if at_location.get(row.lot_id) is None and (row.location_id, row.lot_id) not in self._loaded_millionths:
                at_location[row.lot_id] = row
                self._loaded_millionths[row.location_id, row.lot_id] = row.millionths

    def accept_rows_of_lot(self, lot_id: LotId, rows: list[StockRow]) -> None:
        """Every row of a lot that is not zero, as stored."""
        self.accept_stock(rows)
        self._rows_known.add(lot_id)

    def accept_no_stock(self, key: StockKey) -> None:
        """A row that is not stored."""
        self.stock.setdefault(key.location_id, {}).setdefault(key.lot_id, None)
        self._loaded_millionths.setdefault((key.location_id, key.lot_id), 0)

    def accept_sums(self, location_id: LocationId, sums: dict[tuple[MaterialId, UnitId | None], int]) -> None:
        """A location's sums as stored; what decisions have changed is added."""
        for lot_id, row in self.stock.get(location_id, {}).items():
            now = 0 if row is None else max(row.millionths, 0)
            risen = now - max(self._loaded_millionths.get((location_id, lot_id), 0), 0)
            if risen:
                lot = self.lots[lot_id]
                assert lot is not None
                group = (lot.material_id, lot.unit_id)
                sums[group] = sums.get(group, 0) + risen
        self.sums[location_id] = sums

    def accept_edges(self, edges: Mapping[GenealogyKey, Edge | None]) -> None:
        """Edges as stored; None for those that are not stored."""
        for key, edge in edges.items():
            self.edges.setdefault(key, edge)

    def accept_queue(self, key: QueueKey, rows: list[tuple[StockRow, Lot]]) -> None:
        """The first rows of a location's queue as stored, in order."""
        exhausted = len(rows) < key.length
        frontier = (0, 0)
        if rows:
            last_row, last_lot = rows[-1]
            frontier = {
                LotUseStrategy.FIFO: (0, last_row.arrived_order),
                LotUseStrategy.LIFO: (0, -last_row.arrived_order),
                LotUseStrategy.FEFO: (
                    _NEVER if last_lot.expiration_millis is None else last_lot.expiration_millis,
                    last_row.arrived_order,
                ),
            }[key.strategy]
        self.accept_lots([lot for _, lot in rows])
        self.accept_stock([row for row, _ in rows])
        self.queues[key.location_id, key.material_id, key.strategy] = LoadedQueue(key.length, frontier, exhausted)

    def note_own_changes(self, loaded: Mapping[tuple[LocationId, LotId], int | None]) -> None:
        """Adds to loaded timelines what decisions have changed before; that will not be taken back.

        Args:
            loaded: rows, each with the moment until which its timeline was loaded now; None for all of it.
        """
        seen: dict[RecordId, Record | None] = {}
        for mapping, key, old in self._journal:
            if mapping is self.records:
                seen.setdefault(key, None if old is _ABSENT else old)
        for record_id, before in seen.items():
            after = self.records[record_id]
            assert after is not None
            self.timelines.catch_up(before, after, loaded)

    # What is written.

    def changes(self) -> Changes:
        """Everything put since the transaction began that differs from what is stored."""
        changes = Changes()
        stock_mappings = {id(rows) for rows in self.stock.values()}
        seen: set[tuple[int, Any]] = set()
        for mapping, key, old in self._journal:
            place = (id(mapping), key)
            if place in seen:
                continue
            seen.add(place)
            new = mapping[key]
            if new == old:
                continue
            is_new = old is _ABSENT or old is None
            if mapping is self.records:
                (changes.new_records if is_new else changes.changed_records).append(new)
                if new.status is Status.COMPLETED and (is_new or old.status is not Status.COMPLETED):
                    changes.completed_records.append(new)
            elif id(mapping) in stock_mappings:
                changes.note_stock(None if is_new else old, new)
            elif mapping is self.lots:
                (changes.new_lots if is_new else changes.changed_lots).append(new)
            elif mapping is self.runs:
                changes.runs.append((key, new))
            elif mapping is self.counts:
                changes.counts.append((key, new))
            elif mapping is self.edges:
                changes.note_edge(key, new, is_new=is_new)
            elif mapping is self.requests:
                (changes.new_requests if is_new else changes.renewed_requests).append((RequestKey(*key), new))
        return changes


class _Absent:
    """Marks in the journal that there was no value before."""


_ABSENT: Final = _Absent()
