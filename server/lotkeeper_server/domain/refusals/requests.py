"""What is wrong with a request, or is not there that it names: INVALID_ARGUMENT, NOT_FOUND."""

from dataclasses import dataclass
from typing import Self

from lotkeeper_server.domain.refusals.faults import Fault, FieldReason
from lotkeeper_server.domain.refusals.refusal import Code, FieldViolation, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidArgument(Refusal):
    """A wrong shape of a request, or an argument that a later step finds invalid."""

    code = Code.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"
    text: str = ""

    @classmethod
    def on(cls, field_path: str, fault: Fault) -> Self:
        """One field at fault."""
        return cls.of((FieldViolation.of(field_path, fault),))

    @classmethod
    def of(cls, violations: tuple[FieldViolation, ...]) -> Self:
        """All faults of shape at once."""
        return cls(violations=violations)

    @property
    def field_reason(self) -> str:
        return FieldReason.MALFORMED

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
