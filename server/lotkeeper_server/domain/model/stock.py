"""What a run changes: lots, stock, records, the status of an operation's run, an order's count.

These have slots, but are not `frozen`. Each change makes a new value, and none is ever written to. They are on the hot
path, where a frozen dataclass costs eight times as much to make.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import (
    LocationId,
    LotId,
    MaterialId,
    ProductionOrderId,
    RecordId,
    UnitId,
)


@dataclass(slots=True)
class Common:
    """What every entity has in addition to its own fields; `modified_*` stay None until the first edit."""

    created_millis: int
    created_by: str
    notes: str = ""
    enabled: bool = True
    spare1: str = ""
    spare2: str = ""
    spare3: str = ""
    modified_millis: int | None = None
    modified_by: str | None = None
    version: int = 1

    def edited(self, now_millis: int, principal: str) -> "Common":
        """These fields after one more edit."""
        return replace(self, modified_millis=now_millis, modified_by=principal, version=self.version + 1)


@dataclass(slots=True)
class Lot:
    """A material lot. Quantities are in its own unit. `supplier_lot_name` is its supplier's number of it, or empty."""

    id: LotId
    name: str
    material_id: MaterialId
    status: LotStatus
    total_millionths: int
    unit_id: UnitId | None
    expiration_millis: int | None
    closed_millis: int | None
    changed_order: int
    common: Common
    supplier_lot_name: str = ""

    def status_at(self, moment_millis: int) -> LotStatus:
        """The status to show: EXPIRED instead of OPEN or AVAILABLE once the expiration date has passed."""
        if (
            self.expiration_millis is not None
            and self.expiration_millis < moment_millis
            and self.status in {LotStatus.OPEN, LotStatus.AVAILABLE}
        ):
            return LotStatus.EXPIRED
        return self.status


@dataclass(slots=True)
class StockRow:
    """The stock of a lot at a location, in the lot's unit; rows stay when they fall to zero.

    `latest_end_millis` is the latest end of the records that changed it or counted it; None where none is known.
    """

    location_id: LocationId
    lot_id: LotId
    material_id: MaterialId
    millionths: int
    name: str
    production_order_id: ProductionOrderId | None
    arrived_order: int
    arrived_millis: int | None
    arrived_record_id: RecordId | None
    changed_order: int
    latest_end_millis: int | None


@dataclass(slots=True)
class Edge:
    """How much of one lot went into another by one type of record: sums of completed records that are not reversed."""

    millionths: int
    record_count: int


@dataclass(slots=True)
class OperationRun:
    """The status of an inventory operation's run."""

    status: Status
    current_record_id: RecordId | None = None


class Named(Protocol):
    """Anything a record refers to by id and name."""

    @property
    def id(self) -> bytes:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name now."""


class Placed(Protocol):
    """Anything a record refers to by id and path."""

    @property
    def id(self) -> bytes:
        """Its id."""

    @property
    def path(self) -> str:
        """Its path now."""


class NamedPlace(Named, Placed, Protocol):
    """A location, as a record shows it."""


class Measured(Named, Protocol):
    """A unit, as a record shows it."""

    @property
    def symbol(self) -> str:
        """Its symbol now."""


class Coded(Protocol):
    """A reason code, as a record shows it."""

    @property
    def id(self) -> bytes:
        """Its id."""

    @property
    def code(self) -> str:
        """Its code now."""


@dataclass(slots=True)
class BesideStock:
    """What a MERGE changed beside stock, which its reversal puts back.

    Attributes:
        expiration_millis: the date that the receiving lot got; None where it kept its own.
        expiration_before_millis: its date before that; None where it had none.
        closed_from: the status from which the lot merged away was closed; None where it was not.
    """

    expiration_millis: int | None
    expiration_before_millis: int | None
    closed_from: LotStatus | None


@dataclass(slots=True)
class Record:
    """An inventory lot record with the things it refers to, by the names they have now.

    `quantity` and unit are those asked for; the changes are those of stock, in the primary lot's unit. `end_millis`
    is None while RUNNING. Callers do not see the last block: the order of its effect, what a reversal takes back,
    whether a Start picked it, the quantity in the primary lot's unit, as converted when it was written, and what a
    MERGE changed beside stock.
    """

    id: RecordId
    lot_record_type: LotRecordType
    status: Status
    lot: Named
    secondary_lot: Named | None
    material: Placed
    inventory_operation: Named | None
    operation_record_id: str
    production_order: Named | None
    reason_code: Coded | None
    source_location: NamedPlace | None
    destination_location: NamedPlace | None
    lot_status: LotStatus
    quantity_millionths: int
    unit: Measured | None
    source_change_millionths: int
    destination_change_millionths: int
    inventory_name: str
    start_millis: int
    end_millis: int | None
    reverses_record_id: RecordId | None
    reversed_by_record_id: RecordId | None
    request_id: str
    common: Common
    effect_order: int = 0
    lot_total_change_millionths: int = 0
    order_count_change_millionths: int = 0
    picked: bool = False
    lot_quantity_millionths: int = 0
    beside_stock: BesideStock | None = None


@dataclass(slots=True)
class Label:
    """A thing that a stored record refers to: what a join reads, enough to show it."""

    id: bytes
    name: str = ""
    path: str = ""
    symbol: str = ""
    code: str = ""


@dataclass(slots=True)
class Answer:
    """The answer of a call that took effect, also for a repeat of its request id.

    Attributes:
        records: all that were written, in order.
        main_index: which of them is the record of the call; None where nothing was found to write.
        stopped_running_operation: True where Execute met a running operation and stopped it.
        action_indexes: for each record the place of its action in the call; empty where there were no actions.
        unborn: ids that the answer must not show, since a dry run made them and they do not exist.
        is_repeat: whether it is the answer of an earlier call with the same request id, given again.
        wrote: whether the call changes anything; not where it is answered by its request id, or only tried.
    """

    records: list[Record]
    main_index: int | None = 0
    stopped_running_operation: bool = False
    action_indexes: tuple[int, ...] = ()
    unborn: frozenset[bytes] = field(default_factory=frozenset)
    is_repeat: bool = field(default=False, compare=False)
    wrote: bool = field(default=False, compare=False)

    @property
    def main(self) -> Record | None:
        """The record of the call."""
        return None if self.main_index is None else self.records[self.main_index]
