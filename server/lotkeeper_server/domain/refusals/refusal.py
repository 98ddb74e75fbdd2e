"""What every refusal has, and how it is raised."""

from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import ClassVar, Final, Self

from lotkeeper_server.domain.refusals.faults import Fault

_SHOWN_AS: Final = {"at_moment": "at"}
"""Metadata whose key is another word than the field."""
_NOT_SHOWN: Final = frozenset({"violations", "text", "wait_millis", "limit_hit"})


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
    """One wrong field of the request, by its proto path (`requests[3].quantity`).

    Attributes:
        field: its path.
        description: what is wrong, for people.
        reason: the same for programs: a FieldReason, or the reason of the whole refusal, such as LOT_NOT_FOUND.
    """

    field: str
    description: str
    reason: str

    @classmethod
    def of(cls, field_path: str, fault: Fault) -> Self:
        """A field whose value is wrong by itself."""
        return cls(field_path, fault.text, fault.reason)


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
    def field_reason(self) -> str:
        """What a field that it names is told to be wrong by."""
        return self.reason

    @property
    def message(self) -> str:
        """One sentence that names the wrong value."""
        raise NotImplementedError

    @property
    def metadata(self) -> dict[str, str]:
        """The fields that have a value, by name."""
        return {
            _SHOWN_AS.get(name, name): str(value)
            for name in (f.name for f in fields(self) if f.name not in _NOT_SHOWN)
            if (value := getattr(self, name)) is not None and value != ""
        }

    def at(self, field_path: str, description: str | None = None) -> Self:
        """This refusal, with a request field named as the wrong one."""
        violation = FieldViolation(field_path, description or self.message, self.field_reason)
        return replace(self, violations=(*self.violations, violation))

    def instead(self, violations: tuple[FieldViolation, ...]) -> Self:
        """This refusal with other wrong fields: those of a document in place of those of a request."""
        return replace(self, violations=violations)

    def below(self, prefix: str) -> Self:
        """This refusal with `prefix` before every field path (`requests[3].`)."""
        moved = tuple(FieldViolation(prefix + v.field, v.description, v.reason) for v in self.violations)
        return replace(self, violations=moved)


class Refused(Exception):
    """Carries a refusal from the place of decision to the border that answers."""

    def __init__(self, refusal: Refusal, index: int | None = None) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
        self.index = index
