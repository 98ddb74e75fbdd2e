"""What the decisions of one transaction change, as it is written in the end."""

from dataclasses import dataclass, field, fields

from lotkeeper_server.domain.keys import EdgeKey, GenealogyKey, OrderEdgeKey, RequestKey
from lotkeeper_server.domain.model.audit import CommandEvent
from lotkeeper_server.domain.model.identifiers import Id, RecordId
from lotkeeper_server.domain.model.stock import Edge, Lot, OperationRun, Record, StockRow


@dataclass(slots=True)
class KeptRequest:
    """A request id that took effect, and what its answer needs. Never changed; see `model.stock` on `frozen`."""

    fingerprint: bytes
    created_millis: int
    record_ids: tuple[RecordId, ...]
    main_index: int | None
    stopped_running_operation: bool
    action_indexes: tuple[int, ...] = ()


@dataclass(slots=True)
class Changes:
    """What a transaction writes: values to insert and values to put in the place of old ones.

    `completed_records` are those of its records, new or changed, that were not completed before. `events` tell who
    had it written.
    """

    new_lots: list[Lot] = field(default_factory=list)
    changed_lots: list[Lot] = field(default_factory=list)
    new_stock: list[StockRow] = field(default_factory=list)
    changed_stock: list[StockRow] = field(default_factory=list)
    changed_quantities: list[StockRow] = field(default_factory=list)
    new_records: list[Record] = field(default_factory=list)
    changed_records: list[Record] = field(default_factory=list)
    completed_records: list[Record] = field(default_factory=list)
    runs: list[tuple[Id, OperationRun]] = field(default_factory=list)
    counts: list[tuple[Id, int]] = field(default_factory=list)
    new_edges: list[tuple[EdgeKey, Edge]] = field(default_factory=list)
    changed_edges: list[tuple[EdgeKey, Edge]] = field(default_factory=list)
    new_order_edges: list[tuple[OrderEdgeKey, Edge]] = field(default_factory=list)
    changed_order_edges: list[tuple[OrderEdgeKey, Edge]] = field(default_factory=list)
    new_requests: list[tuple[RequestKey, KeptRequest]] = field(default_factory=list)
    renewed_requests: list[tuple[RequestKey, KeptRequest]] = field(default_factory=list)
    events: list[CommandEvent] = field(default_factory=list)

    def note_stock(self, old: StockRow | None, new: StockRow) -> None:
        """An inventory row to write, by its stored state."""
        if old is None:
            self.new_stock.append(new)
        elif (
            (old.millionths > 0) == (new.millionths > 0)
            and old.arrived_order == new.arrived_order
            and old.name == new.name
            and old.production_order_id == new.production_order_id
        ):
            self.changed_quantities.append(new)
        else:
            self.changed_stock.append(new)

    def note_edge(self, key: GenealogyKey, edge: Edge, *, is_new: bool) -> None:
        """An edge of the genealogy to write."""
        if isinstance(key, OrderEdgeKey):
            (self.new_order_edges if is_new else self.changed_order_edges).append((key, edge))
        else:
            (self.new_edges if is_new else self.changed_edges).append((key, edge))

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return any(getattr(self, one.name) for one in fields(self))
