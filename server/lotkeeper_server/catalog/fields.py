"""The kinds of field that entities have: how each is read from a message, checked, stored, and written back."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from google.protobuf.message import Message

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import parse_id
from lotkeeper_server.domain.model.quantity import (
    QuantityOutOfRange,
    UnusableQuantity,
    decimal_text,
    double_of,
    factor_of,
    millionths_of,
    millionths_said,
)
from lotkeeper_server.domain.model.text import name_fault, name_form, text_fault
from lotkeeper_server.domain.refusals import Fault

NoteFault = Callable[[str, Fault], None]
"""Takes a field's name and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of one proto name and one column.

    Attributes:
        name: in the contract.
        column: in the table.
    """

    name: str
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """All proto fields that say its value."""
        return (self.name,)

    def read(self, message: Message, fault: NoteFault) -> Any:
        """The value to store."""
        raise NotImplementedError

    def read_from(self, message: Message, names: Collection[str], fault: NoteFault) -> Any:  # noqa: ARG002 - most have one
        """The value to store, by those of its names that count."""
        return self.read(message, fault)

    def write(self, value: Any, message: Message) -> None:
        """Puts a stored value into a message."""
        setattr(message, self.name, value)


@dataclass(frozen=True, slots=True)
class Name(Field):
    """A name, symbol or code in its one form, which is not that of a ULID; a part of a path has no slash."""

    required: bool = True
    part_of_path: bool = False

    def read(self, message: Message, fault: NoteFault) -> str:
        form = name_form(getattr(message, self.name))
        if not form and not self.required:
            return form
        if description := name_fault(form):
            fault(self.name, description)
        elif self.required and parse_id(form) is not None:
            fault(self.name, Fault.malformed(f"{form} has the form of a ULID"))
        elif self.part_of_path and "/" in form:
            fault(self.name, Fault.malformed("has a slash, which separates the parts of a path"))
        return form


@dataclass(frozen=True, slots=True)
class Text(Field):
    """Free text; tab and line feed are allowed."""

    code_points_max: int = limits.TEXT_CODE_POINTS_MAX

    def read(self, message: Message, fault: NoteFault) -> str:
        text: str = getattr(message, self.name)
        if description := text_fault(text, self.code_points_max):
            fault(self.name, description)
        return text


@dataclass(frozen=True, slots=True)
class Flag(Field):
    """True or false."""

    def read(self, message: Message, fault: NoteFault) -> bool:  # noqa: ARG002 - every bool will do
        value: bool = getattr(message, self.name)
        return value


@dataclass(frozen=True, slots=True)
class Enumerated(Field):
    """A value of a closed vocabulary; absent means the default, or no value where the default is None."""

    vocabulary: type[IntEnum]
    default: IntEnum | None

    def read(self, message: Message, fault: NoteFault) -> int | None:
        number: int = getattr(message, self.name)
        if number != 0:
            try:
                return int(self.vocabulary(number))
            except ValueError:
                fault(self.name, Fault.unknown(f"{number} is not a value of {self.vocabulary.__name__}"))
        return None if self.default is None else int(self.default)

    def write(self, value: Any, message: Message) -> None:
        setattr(message, self.name, value or 0)


@dataclass(frozen=True, slots=True)
class Whole(Field):
    """A whole number of 32 bits; if `optional`, it may be absent, stored as None."""

    optional: bool = False
    minimum: int = -(1 << 31)

    def read(self, message: Message, fault: NoteFault) -> int | None:
        if self.optional and not message.HasField(self.name):
            return None
        number: int = getattr(message, self.name)
        if number < self.minimum:
            fault(self.name, Fault.out_of_range(f"{number} is below {self.minimum}"))
        return number

    def write(self, value: Any, message: Message) -> None:
        if value is not None:
            setattr(message, self.name, value)


@dataclass(frozen=True, slots=True)
class Quantity(Field):
    """A quantity in millionths; if `optional`, it may be absent, stored as None.

    Attributes:
        exact: the field that says the same as exact text; empty if there is none.
    """

    optional: bool = False
    exact: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.exact) if self.exact else (self.name,)

    def read_from(self, message: Message, names: Collection[str], fault: NoteFault) -> int | None:
        if self.exact not in names:
            return self.read(message, fault)
        double: float = getattr(message, self.name) if self.name in names else 0.0
        if not message.HasField(self.exact):
            return self.read(message, fault) if self.name in names else 0
        try:
            return millionths_said(getattr(message, self.exact).value, double or None)  # beside it 0 counts as absent
        except UnusableQuantity as error:
            fault(self.exact, error.fault)
            return None

    def read(self, message: Message, fault: NoteFault) -> int | None:
        if self.optional and not message.HasField(self.name):
            return None
        number: float = getattr(message, self.name)
        try:
            return millionths_of(number)
        except QuantityOutOfRange:
            fault(self.name, Fault.out_of_range(f"{number!r} is not a quantity: a number from 0 to below 9.2e12"))
            return None

    def write(self, value: Any, message: Message) -> None:
        if value is not None:
            setattr(message, self.name, double_of(value))
            if self.exact:
                getattr(message, self.exact).value = decimal_text(value)


@dataclass(frozen=True, slots=True)
class Factor(Field):
    """A conversion factor, stored as decimal text with all its digits."""

    def read(self, message: Message, fault: NoteFault) -> str:
        number: float = getattr(message, self.name)
        try:
            return str(factor_of(number))
        except QuantityOutOfRange:
            fault(self.name, Fault.out_of_range(f"{number!r} is not a factor: a number from 1e-9 to 1e9"))
            return ""

    def write(self, value: Any, message: Message) -> None:
        setattr(message, self.name, float(value))


@dataclass(frozen=True, slots=True)
class Moment(Field):
    """A timestamp, cut to milliseconds, years 1970 to 9999; absent is None."""

    def read(self, message: Message, fault: NoteFault) -> int | None:
        if not message.HasField(self.name):
            return None
        stamp = getattr(message, self.name)
        millis: int = stamp.seconds * 1000 + stamp.nanos // 1_000_000
        if not limits.MILLIS_MIN <= millis <= limits.MILLIS_MAX or not 0 <= stamp.nanos < 1_000_000_000:
            fault(self.name, Fault.out_of_range("is outside the years 1970 to 9999"))
            return None
        return millis

    def write(self, value: Any, message: Message) -> None:
        if value is not None:
            stamp = getattr(message, self.name)
            stamp.seconds, stamp.nanos = value // 1000, value % 1000 * 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A reference `x`: the id `x_id`, and other fields that name the same thing.

    Attributes:
        name: `source_location`.
        column: the id's.
        target: the table referred to.
        beside: columns of the target by proto field, `{"source_location_path": "path"}`.
        required: whether it must be given on creation.
    """

    name: str
    column: str
    target: str
    beside: dict[str, str]
    required: bool = False

    @property
    def id_field(self) -> str:
        """The proto field of the id."""
        return f"{self.name}_id"

    @property
    def fields(self) -> Collection[str]:
        """All its proto fields."""
        return (self.id_field, *self.beside)
