"""What is wrong with one field: a word for programs, out of a closed set, and words for people."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class FieldReason(StrEnum):
    """Why a field's value is refused, where the request is wrong by itself. Part of the contract: it only grows."""

    REQUIRED = "REQUIRED"
    """It must be given."""
    MALFORMED = "MALFORMED"
    """It does not have the form that it must have: no ULID, no number, a character that may not be."""
    TOO_LONG = "TOO_LONG"
    """A text or a document has more characters or bytes than it may."""
    OUT_OF_RANGE = "OUT_OF_RANGE"
    """A number, a moment or a count of elements lies outside of what is allowed."""
    UNKNOWN = "UNKNOWN"
    """It names nothing that there is: a value of an enum, a field, a permission; or a token of another request."""
    CONFLICTING = "CONFLICTING"
    """It does not go together with another field, which may be at fault as well."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """It may not be given here, or not with this value, or nothing more may be added."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the value of a field.

    Attributes:
        reason: for programs.
        text: for people, as it goes on after the field's name: `must be given`.
    """

    reason: FieldReason
    text: str

    def __str__(self) -> str:
        return self.text

    @classmethod
    def required(cls, text: str = "must be given") -> Self:
        """It must be given."""
        return cls(FieldReason.REQUIRED, text)

    @classmethod
    def malformed(cls, text: str) -> Self:
        """It has another form than it must have."""
        return cls(FieldReason.MALFORMED, text)

    @classmethod
    def too_long(cls, text: str) -> Self:
        """A text or document is too long."""
        return cls(FieldReason.TOO_LONG, text)

    @classmethod
    def out_of_range(cls, text: str) -> Self:
        """A number, moment or count is too small or too large."""
        return cls(FieldReason.OUT_OF_RANGE, text)

    @classmethod
    def unknown(cls, text: str) -> Self:
        """It names nothing that there is."""
        return cls(FieldReason.UNKNOWN, text)

    @classmethod
    def conflicting(cls, text: str) -> Self:
        """It does not go together with another field."""
        return cls(FieldReason.CONFLICTING, text)

    @classmethod
    def not_allowed(cls, text: str) -> Self:
        """It may not be given here, or not so."""
        return cls(FieldReason.NOT_ALLOWED, text)
