"""The columns of a file of definitions: how each value is written to a cell or a JSON value, and read back.

Made from the catalog's descriptions: every field that a Save takes, and for a reference the one text that names it
(path, symbol, name or code). An import also takes the other texts that can be looked up, such as a unit's name. Ids,
versions, dates, authors and states are not columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Enumerated, Field, Flag, Quantity
from lotkeeper_server.catalog.references import looked_up
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.quantity import NotANumber, decimal_text, double_of, number_of_text

_RUN_BY_SPREADSHEETS: Final = frozenset("=+-@'\t\r\n\uff1d\uff0b\uff0d\uff20")
"""A cell that begins with one of these could be a formula, or look as if it were marked as text already.

In some languages spreadsheets take the signs in full width, too.
"""
_MARK: Final = "'"
_SHOWN_CODE_POINTS: Final = 64


class NumberText(str):
    """A number of JSON as it is written; other texts of JSON are plain ones."""

    __slots__ = ()


class Unreadable(ValueError):
    """A cell or JSON value that does not fit its column; the text says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of text.

    Attributes:
        field: of the contract's message.
        json_name: its name in the header, and in a JSON object.
        stored: the table's column, or the reference's name.
    """

    field: str
    json_name: str
    stored: str

    def cell_of(self, value: Any) -> str:
        """A stored value as a cell of CSV."""
        text: str = value or ""
        return _MARK + text if text[:1] in _RUN_BY_SPREADSHEETS else text

    def json_of(self, value: Any) -> Any:
        """A stored value as a JSON value."""
        return value or ""

    def of_cell(self, cell: str) -> Any:
        """What a cell of CSV sets in the message; None leaves the field unset.

        Raises:
            Unreadable: where it does not fit this column.
        """
        return cell.removeprefix(_MARK)

    def of_json(self, value: Any) -> Any:
        """What a JSON value sets in the message; None leaves the field unset.

        Raises:
            Unreadable: where it does not fit this column.
        """
        if value is None:
            return None
        if not isinstance(value, str) or isinstance(value, NumberText):
            raise Unreadable(f"{_shown(value)} is not a text")
        return value


@dataclass(frozen=True, slots=True)
class FlagColumn(Column):
    """True or false; spreadsheets write them in capitals. Empty: absent."""

    def cell_of(self, value: Any) -> str:
        return "true" if value else "false"

    def json_of(self, value: Any) -> Any:
        return bool(value)

    def of_cell(self, cell: str) -> Any:
        if not cell:
            return None
        if (flag := {"true": True, "false": False}.get(cell.lower())) is None:
            raise Unreadable(f"{_shown(cell)} is not true or false")
        return flag

    def of_json(self, value: Any) -> Any:
        if value is not None and not isinstance(value, bool):
            raise Unreadable(f"{_shown(value)} is not true or false")
        return value


@dataclass(frozen=True, slots=True)
class EnumColumn(Column):
    """A value of an enum: with the contract's prefix in JSON, without it in CSV; both are read. Empty: absent."""

    short_names: Mapping[int, str]
    full_names: Mapping[int, str]
    numbers: Mapping[str, int]

    @classmethod
    def of(cls, field: str, json_name: str, stored: str, values: Mapping[int, str]) -> "EnumColumn":
        """A column for a field of an enum with these values; zero means no value."""
        full = {number: name for number, name in values.items() if number}
        prefix = values[0].removesuffix("UNSPECIFIED")
        short = {number: name.removeprefix(prefix) for number, name in full.items()}
        numbers = {name: number for names in (full, short) for number, name in names.items()}
        return cls(field, json_name, stored, short, full, numbers | {"": 0, values[0]: 0})

    def cell_of(self, value: Any) -> str:
        return self.short_names[value]

    def json_of(self, value: Any) -> Any:
        return self.full_names[value]

    def of_cell(self, cell: str) -> Any:
        if (number := self.numbers.get(cell)) is None:
            raise Unreadable(f"{_shown(cell)} is not one of {', '.join(self.short_names.values())}")
        return number

    def of_json(self, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, NumberText) and (value == "0" or value in map(str, self.full_names)):
            return int(value)
        return self.of_cell(value if isinstance(value, str) else repr(value))


@dataclass(frozen=True, slots=True)
class NumberColumn(Column):
    """A quantity, as a plain decimal. Empty: absent."""

    def cell_of(self, value: Any) -> str:
        return "" if value is None else decimal_text(value)

    def json_of(self, value: Any) -> Any:
        return None if value is None else double_of(value)

    def of_cell(self, cell: str) -> Any:
        if not cell:
            return None
        if len(cell) > limits.NUMBER_CHARACTERS_MAX:
            raise Unreadable(
                f"{_shown(cell)} is not a number: it has more than {limits.NUMBER_CHARACTERS_MAX} characters"
            )
        try:
            return float(number_of_text(cell))
        except NotANumber as fault:
            raise Unreadable(f"{_shown(cell)} {fault}") from None

    def of_json(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return None if value is None else self.of_cell(value)
        raise Unreadable(f"{_shown(value)} is not a number")


@cache
def exported_columns(description: Description) -> tuple[Column, ...]:
    """The columns of an export, in the contract's order."""
    columns = [_column_of(description, one) for one in description.all_fields]
    columns.append(FlagColumn("enabled", "enabled", "enabled"))
    columns.extend(
        Column(field := looked_up(reference)[-1], _json_name(description, field), reference.name)
        for reference in description.references
    )
    numbers = {name: one.number for name, one in description.message.DESCRIPTOR.fields_by_name.items()}
    return tuple(sorted(columns, key=lambda column: numbers[column.field]))


@cache
def imported_columns(description: Description) -> dict[str, Column]:
    """The columns that an import takes, by header."""
    named = {
        field: Column(field, _json_name(description, field), reference.name)
        for reference in description.references
        for field in looked_up(reference)
        if field != reference.id_field
    }
    columns = {**named, **{column.field: column for column in exported_columns(description)}}
    return {column.json_name: column for column in columns.values()}


@cache
def header_of_fields(description: Description) -> dict[str, str]:
    """How a file names a field of a Save: in place of a reference's id stands the text that names the thing."""
    named = {field.name: field.json_name for field in description.message.DESCRIPTOR.fields}
    exported = {column.stored: column.json_name for column in exported_columns(description)}
    return named | {reference.id_field: exported[reference.name] for reference in description.references}


def _column_of(description: Description, field: Field) -> Column:
    names = (field.name, _json_name(description, field.name), field.column)
    if isinstance(field, Enumerated):
        enum = description.message.DESCRIPTOR.fields_by_name[field.name].enum_type
        assert enum is not None
        return EnumColumn.of(*names, {value.number: value.name for value in enum.values})
    if isinstance(field, Flag):
        return FlagColumn(*names)
    if isinstance(field, Quantity):
        return NumberColumn(*names)
    return Column(*names)


def _json_name(description: Description, field: str) -> str:
    return str(description.message.DESCRIPTOR.fields_by_name[field].json_name)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN_CODE_POINTS else text[:_SHOWN_CODE_POINTS] + "…"
