"""Every refusal of the catalogue: one class for each reason; its fields are its metadata.

A refusal is a value. `Refused` carries it up to the border that answers. What is refused has changed nothing.
Metadata values are texts: lots by name, locations and materials by path, units by symbol, quantities as plain
decimals, enum values without prefix. A field without a value is left out.
"""

from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import ClassVar, Final, Self

SHORTEST_WAIT_MILLIS: Final = 50
LONGEST_WAIT_MILLIS: Final = 6_400
"""Between these a caller is told to wait that the server has too much to do for."""


_SHOWN_AS: Final = {"at_moment": "at"}
"""Metadata whose key is another word than the field."""


class Code(Enum):
    """gRPC status codes that refusals use, with their numbers on the wire."""

    CANCELLED = 1
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field of the request, by its proto path (`requests[3].quantity`)."""

    field: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What every refusal has: a code, a reason, a message for a plant engineer, metadata, wrong fields."""

    code: ClassVar[Code]
    reason: ClassVar[str]
    retry_after_millis: ClassVar[int | None] = None
    """Set where a retry is safe and makes sense: the answer then carries google.rpc.RetryInfo."""

    violations: tuple[FieldViolation, ...] = ()

    @property
    def retry_millis(self) -> int | None:
        """After how many milliseconds a retry makes sense; None where it does not."""
        return self.retry_after_millis

    @property
    def message(self) -> str:
        """One sentence that names the wrong value."""
        raise NotImplementedError

    @property
    def metadata(self) -> dict[str, str]:
        """The fields that have a value, by name."""
        return {
            _SHOWN_AS.get(name, name): str(value)
            for name in (f.name for f in fields(self) if f.name not in {"violations", "text", "wait_millis"})
            if (value := getattr(self, name)) is not None and value != ""
        }

    def at(self, field_path: str, description: str | None = None) -> Self:
        """This refusal, with a request field named as the wrong one."""
        return replace(self, violations=(*self.violations, FieldViolation(field_path, description or self.message)))

    def instead(self, violations: tuple[FieldViolation, ...]) -> Self:
        """This refusal with other wrong fields: those of a document in place of those of a request."""
        return replace(self, violations=violations)

    def below(self, prefix: str) -> Self:
        """This refusal with `prefix` before every field path (`requests[3].`)."""
        moved = tuple(FieldViolation(prefix + v.field, v.description) for v in self.violations)
        return replace(self, violations=moved)


class Refused(Exception):
    """Carries a refusal from the place of decision to the border that answers."""

    def __init__(self, refusal: Refusal, index: int | None = None) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
        self.index = index


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidArgument(Refusal):
    """A wrong shape of a request, or an argument that a later step finds invalid."""

    code = Code.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"
    text: str = ""

    @classmethod
    def on(cls, field_path: str, description: str) -> Self:
        """One field at fault."""
        return cls.of((FieldViolation(field_path, description),))

    @classmethod
    def of(cls, violations: tuple[FieldViolation, ...]) -> Self:
        """All faults of shape at once."""
        return cls(violations=violations)

    @property
    def message(self) -> str:
        if self.text or not self.violations:
            return self.text or "The request is malformed."
        return "; ".join(f"{v.field}: {v.description}" for v in self.violations)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRequired(Refusal):
    """Step 6: a lot was not given that the strategy cannot supply, or that an action needs."""

    code = Code.INVALID_ARGUMENT
    reason = "LOT_REQUIRED"
    field: str
    strategy: str | None = None

    @property
    def message(self) -> str:
        because = f": the operation resolves its lot by {self.strategy}" if self.strategy else ""
        return f"{self.field} must be given{because}."


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialRequired(Refusal):
    """Steps 5 and 7: a material is neither given nor configured."""

    code = Code.INVALID_ARGUMENT
    reason = "MATERIAL_REQUIRED"
    text: str = "No material is given, and none is configured."

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRequired(Refusal):
    """Step 9: the operation, the order, the material and the lot all have no unit of measure."""

    code = Code.INVALID_ARGUMENT
    reason = "UNIT_REQUIRED"

    @property
    def message(self) -> str:
        return "There is no unit of measure: the operation, the material and the lot all have none."


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialConflict(Refusal):
    """Step 5: not the material that the operation fixes."""

    code = Code.INVALID_ARGUMENT
    reason = "MATERIAL_CONFLICT"
    configured: str
    given: str

    @property
    def message(self) -> str:
        return f"The operation is configured for material {self.configured}; {self.given} was given."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotMaterialMismatch(Refusal):
    """Steps 6 and 7: the lot belongs to another material."""

    code = Code.INVALID_ARGUMENT
    reason = "LOT_MATERIAL_MISMATCH"
    lot: str
    material: str

    @property
    def message(self) -> str:
        return f"Lot {self.lot} is not of material {self.material}."


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIdReused(Refusal):
    """Step 3: the request id was used for a different request."""

    code = Code.INVALID_ARGUMENT
    reason = "REQUEST_ID_REUSED"
    request_id: str

    @property
    def message(self) -> str:
        return f"request_id {self.request_id} was used for a different request."


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound(Refusal):
    """Something that the request names does not exist; `entity`, in snake_case, gives the reason its name."""

    code = Code.NOT_FOUND
    entity: str
    id: str | None = None
    name: str | None = None
    path: str | None = None
    symbol: str | None = None
    code_text: str | None = None
    archived: bool = False
    """For a record: it existed, and is now in a file."""

    @classmethod
    def by(cls, entity: str, key: str, value: str) -> Self:
        """Names it by one of its keys: `id`, `name`, `path`, `symbol` or `code`."""
        match key:
            case "id":
                return cls(entity=entity, id=value)
            case "path":
                return cls(entity=entity, path=value)
            case "symbol":
                return cls(entity=entity, symbol=value)
            case "code":
                return cls(entity=entity, code_text=value)
            case _:
                return cls(entity=entity, name=value)

    @property
    def reason(self) -> str:  # type: ignore[override]
        return {"inventory_lot": "LOT"}.get(self.entity, self.entity.upper()) + "_NOT_FOUND"

    @property
    def message(self) -> str:
        if self.entity == "inventory":
            return f"There is no inventory row of lot {self.name} at {self.path}."
        named = self.id or self.path or self.name or self.symbol or self.code_text
        if self.archived:
            return f"The {self.entity.replace('_', ' ')} {named} was archived."
        return f"There is no {self.entity.replace('_', ' ')} {named}."

    @property
    def metadata(self) -> dict[str, str]:
        keys = {"id": self.id, "name": self.name, "path": self.path, "symbol": self.symbol, "code": self.code_text}
        archived = {"archived": "true"} if self.archived else {}
        return {key: value for key, value in keys.items() if value} | archived


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
class InsufficientInventory(Refusal):
    """Step 13: stock would fall below zero. For a pick: in the requested unit, without a lot.

    Attributes:
        available: the least that there is from the end of the fall on.
        at_moment: the first moment from then on that would be below zero; of a pick none.
    """

    code = Code.FAILED_PRECONDITION
    reason = "INSUFFICIENT_INVENTORY"
    lot: str | None = None
    location: str
    available: str
    requested: str | None = None
    unit: str | None = None
    at_moment: str | None = None

    @property
    def message(self) -> str:
        what = f"lot {self.lot}" if self.lot else "the lots that may be picked"
        unit = f" {self.unit}" if self.unit else ""
        asked = f"; {self.requested}{unit} were requested" if self.requested else ""
        too_little = f", too little at {self.at_moment}" if self.at_moment else ""
        return f"{self.location} has {self.available}{unit} of {what}{asked}{too_little}."


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSuperseded(Refusal):
    """An EDIT whose moment lies before that of another one of the same stock.

    Attributes:
        inventory_lot_record_id: of the first later one.
        at_moment: its end.
    """

    code = Code.FAILED_PRECONDITION
    reason = "COUNT_SUPERSEDED"
    inventory_lot_record_id: str
    at_moment: str

    @property
    def message(self) -> str:
        return f"Record {self.inventory_lot_record_id} counted the same stock at {self.at_moment}, which is later."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotStatusForbids(Refusal):
    """Step 12: the lot's status does not allow this type."""

    code = Code.FAILED_PRECONDITION
    reason = "LOT_STATUS_FORBIDS"
    lot: str
    lot_status: str
    operation_type: str

    @property
    def message(self) -> str:
        return f"Lot {self.lot} is {self.lot_status}, which forbids {self.operation_type}."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotExpired(Refusal):
    """Step 12: the lot's expiration date is before the end of the call."""

    code = Code.FAILED_PRECONDITION
    reason = "LOT_EXPIRED"
    lot: str
    expiration_date: str

    @property
    def message(self) -> str:
        return f"Lot {self.lot} expired on {self.expiration_date}."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotDiffers(Refusal):
    """Step 6: the lot that is there has another value than the call states; `stored` is empty where it has none."""

    code = Code.FAILED_PRECONDITION
    reason = "LOT_DIFFERS"
    lot: str
    field: str
    stored: str
    given: str

    @property
    def message(self) -> str:
        has = f"the {self.field} {self.stored}" if self.stored else f"no {self.field}"
        return f"Lot {self.lot} has {has}; the call says {self.given}."

    @property
    def metadata(self) -> dict[str, str]:
        return {"lot": self.lot, "field": self.field, "stored": self.stored, "given": self.given}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCapacityExceeded(Refusal):
    """Step 14: the location's stock would rise above its capacity."""

    code = Code.FAILED_PRECONDITION
    reason = "LOCATION_CAPACITY_EXCEEDED"
    location: str
    capacity: str
    stored: str
    requested: str
    unit: str

    @property
    def message(self) -> str:
        return (
            f"{self.location} holds {self.stored} of at most {self.capacity} {self.unit}; "
            f"another {self.requested} {self.unit} do not fit."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationHoldsAnotherLot(Refusal):
    """Step 15: another lot has stock at a location that takes one lot at a time."""

    code = Code.FAILED_PRECONDITION
    reason = "LOCATION_HOLDS_ANOTHER_LOT"
    location: str
    lot: str

    @property
    def message(self) -> str:
        return f"{self.location} holds lot {self.lot} and takes one lot at a time."


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeNotPossible(Refusal):
    """Step 15: lots of different material or unit cannot merge; `cause` is MATERIAL or UNIT."""

    code = Code.FAILED_PRECONDITION
    reason = "MERGE_NOT_POSSIBLE"
    location: str
    lot: str
    other_lot: str
    cause: str

    @property
    def message(self) -> str:
        return f"Lot {self.other_lot} cannot merge into {self.lot} at {self.location}: {self.cause.lower()} differs."


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNotConvertible(Refusal):
    """Step 12: there is no conversion from one unit to the other."""

    code = Code.FAILED_PRECONDITION
    reason = "UNIT_NOT_CONVERTIBLE"
    from_unit: str | None
    to_unit: str | None
    material: str | None = None

    @property
    def message(self) -> str:
        of = f" for material {self.material}" if self.material else ""
        return f"There is no conversion from {self.from_unit or 'no unit'} to {self.to_unit or 'no unit'}{of}."

    @property
    def metadata(self) -> dict[str, str]:
        keys = {"from": self.from_unit, "to": self.to_unit, "material": self.material}
        return {key: value for key, value in keys.items() if value}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWhole(Refusal):
    """A unit of measure with broken numbers in stock cannot be saved as one of whole numbers; names one of them."""

    code = Code.FAILED_PRECONDITION
    reason = "NOT_WHOLE"
    lot: str
    location: str
    quantity: str

    @property
    def message(self) -> str:
        return f"Lot {self.lot} has {self.quantity} at {self.location}, which is not a whole number."


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationNotEmpty(Refusal):
    """A location with stock cannot be saved as NO_STORAGE."""

    code = Code.FAILED_PRECONDITION
    reason = "LOCATION_NOT_EMPTY"
    location: str
    lots: int

    @property
    def message(self) -> str:
        return f"{self.location} has stock of {self.lots} lots and cannot become NO_STORAGE."


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmutableField(Refusal):
    """A lot's material or unit after its first record, an order's once it has a count; a running operation."""

    code = Code.FAILED_PRECONDITION
    reason = "IMMUTABLE_FIELD"
    entity: str
    field: str

    @property
    def message(self) -> str:
        return f"{self.field} of this {self.entity.replace('_', ' ')} cannot change any more."


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyCycle(Refusal):
    """A parent that is the entity itself or lies below it."""

    code = Code.FAILED_PRECONDITION
    reason = "HIERARCHY_CYCLE"
    entity: str
    id: str

    @property
    def message(self) -> str:
        return f"The parent of {self.entity.replace('_', ' ')} {self.id} lies below it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Referenced(Refusal):
    """A delete of something in use; `entity` is what refers to it."""

    code = Code.FAILED_PRECONDITION
    reason = "REFERENCED"
    entity: str
    count: int

    @property
    def message(self) -> str:
        return f"It is still in use by: {self.entity.replace('_', ' ')} ({self.count})."


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
class QuantityOverflow(Refusal):
    """A stored quantity would reach 9.2e12 units."""

    code = Code.OUT_OF_RANGE
    reason = "QUANTITY_OVERFLOW"

    @property
    def message(self) -> str:
        return "A stored quantity would reach 9.2e12; all stored quantities are below that."


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeTokenExpired(Refusal):
    """A watch would have to begin, or go on, before records that were archived."""

    code = Code.OUT_OF_RANGE
    reason = "RESUME_TOKEN_EXPIRED"
    oldest: str

    @property
    def message(self) -> str:
        return f"Records after this token were archived, up to {self.oldest}; watch from the beginning."


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOfArchived(Refusal):
    """Stock at a moment whose records are partly archived."""

    code = Code.OUT_OF_RANGE
    reason = "AS_OF_ARCHIVED"
    oldest: str

    @property
    def message(self) -> str:
        return f"Records are archived up to {self.oldest}; stock is known from that moment on."


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTaken(Refusal):
    """A unique name, symbol, code or path is taken."""

    code = Code.ALREADY_EXISTS
    reason = "NAME_TAKEN"
    entity: str
    name: str

    @property
    def message(self) -> str:
        named = f" {self.name}" if self.name else " with the same key"
        return f"There is already another {self.entity.replace('_', ' ')}{named}."


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionConflict(Refusal):
    """A save or delete that names an old version."""

    code = Code.ABORTED
    reason = "VERSION_CONFLICT"
    expected: int
    actual: int

    @property
    def message(self) -> str:
        return f"Version {self.expected} was given, but its version is {self.actual}. Read it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention(Refusal):
    """The store kept refusing the transaction; nothing was done, and a retry is safe."""

    code = Code.ABORTED
    reason = "CONTENTION"
    retry_after_millis = 100

    @property
    def message(self) -> str:
        return "Other calls kept changing the same rows; nothing was done. Retry."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthenticated(Refusal):
    """Credentials are missing or wrong; it never says which part."""

    code = Code.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"

    @property
    def message(self) -> str:
        return "A valid token is needed: authorization: Bearer TOKEN."


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionDenied(Refusal):
    """The caller's roles do not grant the permission."""

    code = Code.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"
    permission: str

    @property
    def message(self) -> str:
        return f"The permission {self.permission} is needed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Overloaded(Refusal):
    """The server takes no more for now, of this caller or of all; nothing was done."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"
    retry_after_millis = 250
    text: str = "More calls are waiting than the server takes; nothing was done. Retry later."
    wait_millis: int = 250

    @classmethod
    def for_seconds(cls, seconds: float, text: str = text) -> Self:
        """Likely for so long: rounded up to a few steps, within what a caller should wait."""
        wait_millis = SHORTEST_WAIT_MILLIS
        while wait_millis < min(seconds * 1_000, LONGEST_WAIT_MILLIS):
            wait_millis *= 2
        return cls(text=text, wait_millis=wait_millis)

    @property
    def retry_millis(self) -> int:
        return self.wait_millis

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTemporarySpace(Refusal):
    """A file that the call needs while it lasts finds no room: its quota is used up, or the disk is full."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "NO_TEMPORARY_SPACE"
    limit: int | None = None

    @property
    def message(self) -> str:
        if self.limit is None:
            return "The server's disk has no room for a temporary file; nothing was done."
        return f"The server's quota for temporary files is used up ({self.limit} bytes); nothing was done. Retry later."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUnavailable(Refusal):
    """The store cannot be reached; nothing was done, or what was done is unknown: the text says which."""

    code = Code.UNAVAILABLE
    reason = "STORE_UNAVAILABLE"
    text: str = "The store cannot be reached; a retry with the same request_id shows what was done."

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuttingDown(Refusal):
    """The server is shutting down; nothing was done."""

    code = Code.UNAVAILABLE
    reason = "SHUTTING_DOWN"
    retry_after_millis = 1_000

    @property
    def message(self) -> str:
        return "The server is shutting down; nothing was done. Retry."


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineExceeded(Refusal):
    """The call was given up before the commit began; nothing was done."""

    code = Code.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"
    text: str = "The call's deadline passed before it was done; nothing was done."

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Refusal):
    """The caller cancelled before the commit began; nothing was done."""

    code = Code.CANCELLED
    reason = "CANCELLED"

    @property
    def message(self) -> str:
        return "The caller cancelled the call before it was done; nothing was done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal(Refusal):
    """A fault of the server; the log has the same error_id."""

    code = Code.INTERNAL
    reason = "INTERNAL"
    error_id: str = field(default="")

    @property
    def message(self) -> str:
        return f"The server has a fault; its log says more under error_id {self.error_id}."
