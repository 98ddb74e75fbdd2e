"""What a save or a delete of a definition cannot do."""

from dataclasses import dataclass

from lotkeeper_server.domain.refusals.refusal import Code, Refusal


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
class AdminStays(Refusal):
    """A change of the role admin, or one that would leave nobody who may everything."""

    code = Code.FAILED_PRECONDITION
    reason = "ADMIN_STAYS"
    text: str = "The role admin grants everything, and stays as it is."

    @property
    def message(self) -> str:
        return self.text
