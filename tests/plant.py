"""A plant in memory, for tests of the domain: what decisions ask for is here, and what they change stays here.

Quantities are written as decimals in text, "2.000001", and read back so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from lotkeeper_server.domain.commands import (
    Annotate,
    Batch,
    Cancel,
    Command,
    Execute,
    ExecuteActions,
    RequestedAction,
    Reverse,
    Start,
    Stop,
)
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.decide.command import Outcome, decide, decide_batch
from lotkeeper_server.domain.keys import (
    ArchiveKey,
    ConversionsKey,
    CountKey,
    EdgeKey,
    GenealogyKey,
    LotKey,
    LotNameKey,
    LotRowsKey,
    Missing,
    NameKey,
    OrderEdgeKey,
    QueueKey,
    RecordKey,
    RequestKey,
    RunKey,
    StockKey,
    SumsKey,
    TimelineKey,
)
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import (
    Conversions,
    InventoryOperation,
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import (
    InventoryActionType,
    InventoryNameResolutionStrategy,
    InventoryOperationType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
    LotUseStrategy,
    MaterialSource,
    Status,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Answer, Common, Edge, Lot, OperationRun, Record, StockRow
from lotkeeper_server.domain.model.timeline import Timeline
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.domain.working_set import WorkingSet

NOW = 1_750_000_000_000
NOW_TEXT = "2025-06-15T15:06:40Z"
HOUR, DAY = 3_600_000, 86_400_000
_ids = itertools.count(1)


Asked = TypeVar("Asked")


def new_id() -> bytes:
    """Ids that grow."""
    return next(_ids).to_bytes(16, "big")


def millionths(text: str) -> int:
    """A decimal in text, in millionths."""
    return int(Decimal(text).scaleb(6))


def load_timeline(state: WorkingSet, key: TimelineKey, records: Iterable[Record]) -> None:
    """All of it, from all completed records after its moment, one by one."""
    row = (key.location_id, key.lot_id)
    timeline = Timeline(key.since_millis, (), ())
    state.timelines.by_row[row] = timeline
    for record in records:
        if record.status is Status.COMPLETED:
            state.timelines.catch_up(None, record, {row: None})
    state.note_own_changes({row: None})


@dataclass
class Plant:
    """Units kg, g and t; material Milk in kg with ten days of shelf life; location Silo; whatever a test adds."""

    cache: DefinitionCache = field(default_factory=DefinitionCache)
    lots: dict[bytes, Lot] = field(default_factory=dict)
    rows: dict[tuple[bytes, bytes], StockRow] = field(default_factory=dict)
    runs: dict[bytes, OperationRun] = field(default_factory=dict)
    records: dict[bytes, Record] = field(default_factory=dict)
    counts: dict[bytes, int] = field(default_factory=dict)
    edges: dict[GenealogyKey, Edge] = field(default_factory=dict)
    requests: dict[Any, Any] = field(default_factory=dict)
    ids_by_name: dict[NameKey, bytes] = field(default_factory=dict)
    archived_until: int | None = None
    now: int = NOW
    effects: int = 0

    def __post_init__(self) -> None:
        self.kg, self.g, self.t = self.unit("kg"), self.unit("g"), self.unit("t")
        self.cache.conversions[None] = Conversions(
            {(self.kg.id, self.g.id): Decimal(1000), (self.t.id, self.kg.id): Decimal(1000)}
        )
        self.milk = self.material("Milk", self.kg, shelf_life_days=10)
        self.silo = self.location("Silo")

    # What is set up.

    def unit(self, symbol: str, *, whole_only: bool = False) -> Unit:
        """A unit."""
        unit = Unit(new_id(), symbol, symbol, True, whole_only)  # type: ignore[arg-type]
        self.cache.units.put(unit.id, unit)
        self.ids_by_name[NameKey("unit_of_measure", "name", symbol)] = unit.id
        self.ids_by_name[NameKey("unit_of_measure", "symbol", symbol)] = unit.id
        return unit

    def material(
        self, path: str, unit: Unit | None, *, enabled: bool = True, shelf_life_days: int | None = None
    ) -> Material:
        """A material without conversions of its own."""
        material = Material(new_id(), path, enabled, unit, shelf_life_days)  # type: ignore[arg-type]
        self.cache.materials.put(material.id, material, path)
        self.cache.conversions[material.id] = Conversions({})
        return material

    def location(self, path: str, **changes: Any) -> Location:
        """A location that allows many lots, FIFO."""
        values: dict[str, Any] = {
            "id": new_id(),
            "name": path,
            "path": path,
            "enabled": True,
            "allow_negative_inventory": False,
            "storage_capacity_millionths": None,
            "storage_capacity_unit": None,
            "lot_storage_strategy": LotStorageStrategy.ALLOW_MULTIPLE,
            "lot_use_strategy": LotUseStrategy.FIFO,
        }
        location = Location(**(values | changes))
        self.cache.locations.put(location.id, location, path)
        return location

    def reason_code(self, code: str, **changes: Any) -> ReasonCode:
        """A reason code that serves everything."""
        values: dict[str, Any] = {"enabled": True, "lot_record_type": None, "require_comments": False}
        reason_code = ReasonCode(id=new_id(), code=code, **(values | changes))  # type: ignore[arg-type]
        self.cache.reason_codes.put(reason_code.id, reason_code)
        return reason_code

    def order(self, name: str, **changes: Any) -> ProductionOrder:
        """A production order for milk."""
        values: dict[str, Any] = {"product_material_id": self.milk.id, "unit": self.kg}
        order = ProductionOrder(id=new_id(), name=name, **(values | changes))  # type: ignore[arg-type]
        self.cache.production_orders.put(order.id, order)
        self.ids_by_name[NameKey("production_order", "name", name)] = order.id
        self.counts[order.id] = 0
        return order

    def process_operation(self, order: ProductionOrder | None, run: str = "") -> ProcessOperation:
        """A process operation that works on an order."""
        operation = ProcessOperation(new_id(), run, order.id if order else None)  # type: ignore[arg-type]
        self.cache.process_operations.put(operation.id, operation)
        return operation

    def operation(self, operation_type: InventoryOperationType, **changes: Any) -> InventoryOperation:
        """A definition at the silo, for milk, whose lots the caller names."""
        rises = operation_type.name in {"PRODUCE", "UNCONSUME", "RECEIVE"}
        values: dict[str, Any] = {
            "id": new_id(),
            "name": operation_type.name.lower(),
            "enabled": True,
            "notes": "",
            "operation_type": operation_type,
            "operation_id": None,
            "source_location_id": None if rises else self.silo.id,
            "destination_location_id": self.silo.id if rises else None,
            "material_source": MaterialSource.STATIC,
            "material_id": self.milk.id,
            "secondary_material_id": None,
            "primary_lot_resolution_strategy": LotResolutionStrategy.MANUAL,
            "secondary_lot_resolution_strategy": LotResolutionStrategy.MANUAL,
            "create_lot_if_not_found": False,
            "inventory_name_resolution_strategy": InventoryNameResolutionStrategy.STATIC,
            "inventory_name": "",
            "unit_of_measure_resolution_strategy": UnitOfMeasureResolutionStrategy.STATIC,
            "unit_id": None,
            "material_reason_code_id": None,
            "increment_production_order_count": False,
        }
        operation = InventoryOperation(**(values | changes))
        self.cache.inventory_operations.put(operation.id, operation)
        self.runs[operation.id] = OperationRun(Status.IDLE)
        return operation

    def lot(self, name: str, *, stock: str | None = None, at: Location | None = None, **changes: Any) -> Lot:
        """A lot of milk, with stock at a location, the silo by default."""
        enabled = changes.pop("enabled", True)
        values: dict[str, Any] = {
            "id": new_id(),
            "name": name,
            "material_id": self.milk.id,
            "status": LotStatus.OPEN,
            "total_millionths": millionths(stock or "0"),
            "unit_id": self.kg.id,
            "expiration_millis": None,
            "closed_millis": None,
            "changed_order": 0,
            "common": Common(NOW, "setup", enabled=enabled),
        }
        lot = Lot(**(values | changes))
        self.lots[lot.id] = lot
        if stock is not None:
            self.put(lot, stock, at or self.silo)
        return lot

    def put(self, lot: Lot, stock: str, at: Location) -> None:
        """Stock of a lot, arrived after all that came before."""
        self.effects += 1
        self.rows[at.id, lot.id] = StockRow(
            at.id, lot.id, lot.material_id, millionths(stock), "", None, self.effects, NOW, None, self.effects, None
        )

    # What is asked.

    def execute(
        self, operation: InventoryOperation, lot: Any = None, quantity: str | None = None, **more: Any
    ) -> Outcome:
        """Executes; lots by object or name."""
        return self.decide(
            Execute(
                principal="me",
                operation_id=operation.id,
                primary_lot=_named(lot),
                quantity_millionths=None if quantity is None else millionths(quantity),
                **{key: _named(value) for key, value in more.items()},
            )
        )

    def start(self, operation: InventoryOperation, lot: Any = None, **more: Any) -> Outcome:
        """Starts."""
        return self.decide(Start(principal="me", operation_id=operation.id, primary_lot=_named(lot), **more))

    def stop(self, operation: InventoryOperation, quantity: str | None = None, **more: Any) -> Outcome:
        """Stops."""
        given = None if quantity is None else millionths(quantity)
        return self.decide(Stop(principal="me", operation_id=operation.id, quantity_millionths=given, **more))

    def cancel(self, operation: InventoryOperation) -> Outcome:
        """Cancels."""
        return self.decide(Cancel(principal="me", operation_id=operation.id))

    def act(self, kind: str, lot: Any = None, quantity: str | None = None, **more: Any) -> Outcome:
        """Executes one action; lots and the like by object, name or path. Milk, at the silo where the type needs it."""
        return self.act_all(self.action(kind, lot, quantity, **more))

    def act_all(self, *actions: RequestedAction, **more: Any) -> Outcome:
        """Executes actions; a refusal comes as a value, without its index."""
        try:
            return self.decide(ExecuteActions("me", list(actions), **more))
        except Refused as refused:
            return refused.refusal

    def action(self, kind: str, lot: Any = None, quantity: str | None = None, **more: Any) -> RequestedAction:
        """An action as it is asked for, of milk; at the silo where its type needs one location."""
        values: dict[str, Any] = {"material": self.milk.id}
        if kind in {"PRODUCE", "UNCONSUME", "RECEIVE"}:
            values["destination"] = self.silo.id
        elif kind != "STATUS_CHANGE":
            values["source"] = self.silo.id
        given = {name: _named(value) for name, value in more.items()}
        return RequestedAction(
            InventoryActionType[kind],
            lot=_named(lot),
            quantity_millionths=None if quantity is None else millionths(quantity),
            **(values | given),
        )

    def reverse(self, record: Record, **more: Any) -> Outcome:
        """Reverses a record."""
        return self.decide(Reverse("me", record.id, **more))

    def annotate(self, record: Record, **more: Any) -> Outcome:
        """Annotates a record."""
        return self.decide(Annotate("me", record.id, **more))

    def decide(self, command: Command) -> Outcome:
        """Decides a command and keeps what it changes."""
        return self._run(lambda state: decide(state, command, self.context()))

    def decide_batch(self, batch: Batch) -> list[Outcome]:
        """Decides a batch and keeps what it changes."""
        return self._run(lambda state: decide_batch(state, batch, self.context()))

    def ask(self, question: Callable[[WorkingSet], Asked]) -> Asked:
        """The answer to a question that changes nothing."""
        answer: Asked = self._run(question)
        return answer

    def _run(self, deciding: Any) -> Any:
        state = WorkingSet(self.cache)
        while True:
            try:
                outcome = deciding(state)
            except Missing as missing:
                for key in missing.keys:
                    self._load(state, key)
                continue
            self._keep(state)
            return outcome

    def context(self) -> Context:
        """Now, with the default limits."""
        return Context(
            self.now, new_id, lambda: f"uuid-{next(_ids)}", self._next_effect, DAY, 7 * DAY, 30 * DAY, 60_000
        )

    def _next_effect(self, floor: int) -> int:
        self.effects = max(self.effects, floor) + 1
        return self.effects

    def _load(self, state: WorkingSet, key: Any) -> None:
        match key:
            case LotKey():
                state.accept_lots([lot for lot in self.lots.values() if lot.id == key.id])
                state.lots.setdefault(key.id, None)
            case LotNameKey():
                state.accept_lots([lot for lot in self.lots.values() if (lot.material_id, lot.name) == tuple(key)])
                state.lot_ids_by_name.setdefault((key.material_id, key.name), None)
            case StockKey():
                row = self.rows.get((key.location_id, key.lot_id))
                state.accept_stock([row] if row else [])
                state.accept_no_stock(key)
            case LotRowsKey():
                rows = [row for (_, lot_id), row in self.rows.items() if lot_id == key.lot_id and row.millionths != 0]
                state.accept_rows_of_lot(key.lot_id, rows)
            case RunKey():
                state.runs.setdefault(key.operation_id, self.runs.get(key.operation_id))
            case CountKey():
                state.counts.setdefault(key.order_id, self.counts[key.order_id])
            case RecordKey():
                state.records.setdefault(key.id, self.records.get(key.id))
            case EdgeKey() | OrderEdgeKey():
                state.accept_edges({key: self.edges.get(key)})
            case RequestKey():
                state.requests.setdefault(key, self.requests.get(key))
            case TimelineKey() | ArchiveKey():
                self._load_past(state, key)
            case _:
                self._load_definition_or_place(state, key)

    def _load_past(self, state: WorkingSet, key: TimelineKey | ArchiveKey) -> None:
        state.timelines.accept_archive(self.archived_until)
        if isinstance(key, TimelineKey):
            load_timeline(state, key, self.records.values())

    def _load_definition_or_place(self, state: WorkingSet, key: Any) -> None:
        match key:
            case ConversionsKey():
                self.cache.conversions.setdefault(key.material_id, Conversions({}))
            case NameKey():
                state.ids_by_name[key] = self.ids_by_name.get(key)
            case SumsKey():
                state.accept_sums(key.location_id, self._sums(key.location_id))
            case QueueKey():
                state.accept_queue(key, self._queue(key))
            case _:
                state.absent.add(key)

    def _sums(self, location_id: bytes) -> dict[Any, int]:
        sums: dict[Any, int] = {}
        for (at, lot_id), row in self.rows.items():
            if at == location_id and row.millionths > 0:
                group = (row.material_id, self.lots[lot_id].unit_id)
                sums[group] = sums.get(group, 0) + row.millionths
        return sums

    def _queue(self, key: QueueKey) -> list[tuple[StockRow, Lot]]:
        pairs = [
            (row, self.lots[lot_id])
            for (at, lot_id), row in self.rows.items()
            if at == key.location_id and row.millionths > 0 and key.material_id in {None, row.material_id}
        ]
        orders = {
            LotUseStrategy.FIFO: lambda pair: pair[0].arrived_order,
            LotUseStrategy.LIFO: lambda pair: -pair[0].arrived_order,
            LotUseStrategy.FEFO: lambda pair: (pair[1].expiration_millis or 1 << 62, pair[0].arrived_order),
        }
        return sorted(pairs, key=orders[key.strategy])[: key.length]

    def _keep(self, state: WorkingSet) -> None:
        changes = state.changes()
        for lot in changes.new_lots + changes.changed_lots:
            self.lots[lot.id] = lot
        for row in changes.new_stock + changes.changed_stock + changes.changed_quantities:
            self.rows[row.location_id, row.lot_id] = row
        for record in changes.new_records + changes.changed_records:
            self.records[record.id] = record
        self.runs.update(changes.runs)
        self.counts.update(changes.counts)
        self.edges.update(changes.new_edges + changes.changed_edges)
        self.edges.update(changes.new_order_edges + changes.changed_order_edges)
        self.requests.update(changes.new_requests + changes.renewed_requests)

    # What is there.

    def stock(self, lot: Any, at: Location | None = None) -> str:
        """The stock of a lot, as a decimal."""
        name = lot if isinstance(lot, str) else lot.name
        place = at or self.silo
        for (location_id, lot_id), row in self.rows.items():
            if location_id == place.id and self.lots[lot_id].name == name:
                return decimal_text(row.millionths)
        return "0"

    def total(self, lot: Any) -> str:
        """A lot's total_quantity, as a decimal."""
        name = lot if isinstance(lot, str) else lot.name
        return next(decimal_text(one.total_millionths) for one in self.lots.values() if one.name == name)


def _named(thing: Any) -> Any:
    return thing.id if isinstance(thing, Lot | Material | Location | Unit | ProductionOrder) else thing


def told(outcome: Any) -> list[tuple[str, str, str, str]]:
    """Type, lot, quantity and change (at source, else at destination) of each record of an answer."""
    assert isinstance(outcome, Answer), outcome
    return [
        (
            record.lot_record_type.name,
            record.lot.name,
            decimal_text(record.quantity_millionths),
            decimal_text(record.source_change_millionths or record.destination_change_millionths),
        )
        for record in outcome.records
    ]
