"""What callers ask for, read from the wire: ids as bytes, names as text, quantities in millionths, times in ms."""

from dataclasses import dataclass, field

from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStatus
from lotkeeper_server.domain.model.identifiers import Id, RecordId
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Refusal


@dataclass(slots=True)
class Asked:
    """What every command has: who asks, and with which request id.

    `fingerprint` is SHA-256 over the method and the meaning of its fields; empty if there is no request id. `scope` is
    where the caller may do it; None: everywhere.
    """

    principal: str
    request_id: str | None = field(default=None, kw_only=True)
    fingerprint: bytes = field(default=b"", kw_only=True)
    validate_only: bool = field(default=False, kw_only=True)
    scope: Scope | None = field(default=None, kw_only=True)


@dataclass(slots=True)
class OfOperation(Asked):
    """A call of an inventory operation."""

    operation_id: Id


@dataclass(slots=True)
class Execute(OfOperation):
    """Runs an operation to completion, or stops it if it is running. An id comes as bytes, a name as text."""

    primary_lot: Id | str | None = None
    quantity_millionths: int | None = None
    secondary_lot: Id | str | None = None
    material: Id | str | None = None
    inventory_name: str | None = None
    start_millis: int | None = None
    end_millis: int | None = None
    lot_expiration_millis: int | None = None
    supplier_lot_name: str | None = None


@dataclass(slots=True)
class Start(OfOperation):
    """Starts an operation."""

    primary_lot: Id | str | None = None
    secondary_lot: Id | str | None = None
    material: Id | str | None = None
    inventory_name: str | None = None
    start_millis: int | None = None
    lot_expiration_millis: int | None = None
    supplier_lot_name: str | None = None


@dataclass(slots=True)
class Stop(OfOperation):
    """Completes what Start began."""

    quantity_millionths: int | None = None
    inventory_name: str | None = None
    end_millis: int | None = None


@dataclass(slots=True)
class Cancel(OfOperation):
    """Ends what Start began and moves no stock."""


@dataclass(slots=True)
class RequestedAction:
    """A requested action with a correct shape; None, empty or False for what was left out.

    An id is bytes, a name or path text. `scope` is where the caller may do it; None: everywhere.
    """

    type: InventoryActionType
    lot: Id | str | None = None
    material: Id | str | None = None
    quantity_millionths: int | None = None
    unit_id: Id | None = None
    unit_name: str | None = None
    unit_symbol: str | None = None
    source: Id | str | None = None
    destination: Id | str | None = None
    secondary_lot: Id | str | None = None
    secondary_material: Id | str | None = None
    create_lot_if_not_found: bool = False
    inventory_name: str | None = None
    production_order: Id | str | None = None
    increment_production_order_count: bool = False
    operation_id: Id | None = None
    reason_code_id: Id | None = None
    start_millis: int | None = None
    end_millis: int | None = None
    new_lot_name: str | None = None
    lot_status: LotStatus | None = None
    notes: str = ""
    spares: tuple[str, str, str] = ("", "", "")
    lot_expiration_millis: int | None = None
    supplier_lot_name: str | None = None
    scope: Scope | None = None


@dataclass(slots=True)
class ExecuteActions(Asked):
    """Applies actions in order, each seeing the effects of those before it: all or nothing."""

    actions: list[RequestedAction]


@dataclass(slots=True)
class Reverse(Asked):
    """Undoes a completed record."""

    record_id: RecordId
    notes: str = ""


@dataclass(slots=True)
class Annotate(Asked):
    """Changes what may be changed in a record: its notes and spares; None leaves one as it is."""

    record_id: RecordId
    notes: str | None = None
    spares: tuple[str | None, str | None, str | None] = (None, None, None)


@dataclass(slots=True)
class Batch:
    """Many Execute commands in order, in one transaction; a malformed item comes as its refusal."""

    items: list[Execute | Refusal]
    all_or_nothing: bool
    validate_only: bool


Command = Execute | Start | Stop | Cancel | ExecuteActions | Reverse | Annotate
