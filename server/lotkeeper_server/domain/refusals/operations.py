"""What an operation, an action, a reversal or a hold cannot do now."""

from dataclasses import dataclass, field

from lotkeeper_server.domain.refusals.refusal import Code, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class StartNotSupported(Refusal):
    """A type that cannot be started: SCRAP_ALL."""

    code = Code.FAILED_PRECONDITION
    reason = "START_NOT_SUPPORTED"
    operation_type: str

    @property
    def message(self) -> str:
        return f"An operation of type {self.operation_type} cannot be started; execute it."


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDisabled(Refusal):
    """Step 4: the inventory operation is disabled."""

    code = Code.FAILED_PRECONDITION
    reason = "OPERATION_DISABLED"
    inventory_operation_id: str

    @property
    def message(self) -> str:
        return f"Inventory operation {self.inventory_operation_id} is disabled."


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAlreadyRunning(Refusal):
    """A Start or a change of an operation that is running."""

    code = Code.FAILED_PRECONDITION
    reason = "OPERATION_ALREADY_RUNNING"
    inventory_operation_id: str
    status: str

    @property
    def message(self) -> str:
        return f"Inventory operation {self.inventory_operation_id} is {self.status}."


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationNotRunning(Refusal):
    """A Stop or Cancel of an operation that is not running."""

    code = Code.FAILED_PRECONDITION
    reason = "OPERATION_NOT_RUNNING"
    inventory_operation_id: str
    status: str

    @property
    def message(self) -> str:
        return f"Inventory operation {self.inventory_operation_id} is not running; it is {self.status}."


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationRequired(Refusal):
    """Step 4: the location that the type needs is not configured."""

    code = Code.FAILED_PRECONDITION
    reason = "LOCATION_REQUIRED"
    role: str
    operation_type: str

    @property
    def message(self) -> str:
        return f"An operation of type {self.operation_type} needs a {self.role} location."


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabled(Refusal):
    """A disabled material, lot, location or reason code; `text` is what people call it."""

    code = Code.FAILED_PRECONDITION
    reason = "DISABLED"
    entity: str
    id: str
    text: str = field(default="", compare=False)

    @property
    def message(self) -> str:
        return f"The {self.entity.replace('_', ' ')} {self.text or self.id} is disabled."


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentsRequired(Refusal):
    """Step 11: the reason code asks for comments and the operation has no notes."""

    code = Code.FAILED_PRECONDITION
    reason = "COMMENTS_REQUIRED"
    reason_code: str

    @property
    def message(self) -> str:
        return f"Reason code {self.reason_code} requires comments, but no notes are given."


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyRecords(Refusal):
    """A call would write more records than one call, batch or answer may have."""

    code = Code.FAILED_PRECONDITION
    reason = "TOO_MANY_RECORDS"
    count: int
    limit: int

    @property
    def message(self) -> str:
        return f"The call would write {self.count} records or more; at most {self.limit} fit."


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTruncated(Refusal):
    """Not all lots that a trace reaches can be held: it leads on beyond the depth, or passes the limits of traces."""

    code = Code.FAILED_PRECONDITION
    reason = "TRACE_TRUNCATED"
    lot: str
    depth: int

    @property
    def message(self) -> str:
        return f"The trace of lot {self.lot} to depth {self.depth} leaves something out; nothing is held."


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyReversed(Refusal):
    """The record was reversed before; a record can be reversed once."""

    code = Code.FAILED_PRECONDITION
    reason = "ALREADY_REVERSED"
    inventory_lot_record_id: str

    @property
    def message(self) -> str:
        return f"Record {self.inventory_lot_record_id} was reversed before."


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReversible(Refusal):
    """A record that cannot be reversed: `cause` is STATUS, REVERSAL, TYPE, ARCHIVED or LOCATION."""

    code = Code.FAILED_PRECONDITION
    reason = "NOT_REVERSIBLE"
    inventory_lot_record_id: str
    cause: str

    @property
    def message(self) -> str:
        why = {
            "STATUS": "it is not completed",
            "REVERSAL": "it is a reversal itself",
            "TYPE": "a change of status moves no stock",
            "ARCHIVED": "it was archived",
            "LOCATION": "the location that its stock would return to keeps no stock any more",
        }[self.cause]
        return f"Record {self.inventory_lot_record_id} cannot be reversed: {why}."
