"""The columns of a list: what each one shows of a message, and what may happen to it where there is little room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum, auto
from typing import Any, Final, NamedTuple

import click
from google.protobuf.descriptor import FieldDescriptor

Row = Mapping[str, Any]
"""A message as `to_dict` writes it."""
Described = Any
"""A message's descriptor, which is of either of two classes that have no common one."""
EXACT: Final = "exact"
_MEANT_MAX: Final = 3
_TITLES_MAX: Final = 10
_TIMESTAMP: Final = "google.protobuf.Timestamp"
_UNIT: Final = "unitOfMeasureSymbol"


class Amount(NamedTuple):
    """A number, exact as a text, and its unit, which may be empty."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}".rstrip()


class Kind(Enum):
    """What may happen to the cells of a column on a narrow terminal."""

    TEXT = auto()
    """They wrap."""
    WHOLE = auto()
    """They stand on one line: ids and single words."""
    NUMBER = auto()
    """They stand on one line, to the right, with their unit."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: above it in a table.
        name: of its field in JSON.
        value_of: the value that it shows of a row.
        kind: what may happen to its cells.
        rank: 0: it is always shown; otherwise, where a terminal is too narrow, the highest rank is left out first,
            and of one rank the rightmost.
        typical: how wide its cells are, where that has to be known before the first row.
    """

    title: str
    name: str
    value_of: Callable[[Row], Any]
    kind: Kind = Kind.TEXT
    rank: int = 0
    typical: int = 0


def text(title: str, name: str, rank: int = 1) -> Column:
    """A name, a path, a text."""
    return Column(title, name, lambda row: row[name], Kind.TEXT, rank)


def word(title: str, name: str, rank: int = 1) -> Column:
    """A value of an enum, a flag, a code."""
    return Column(title, name, lambda row: row[name], Kind.WHOLE, rank)


def key(title: str, name: str, rank: int = 0) -> Column:
    """An id: whole, on one line."""
    return Column(title, name, lambda row: row[name], Kind.WHOLE, rank)


def date(title: str, name: str, rank: int = 1, kind: Kind = Kind.TEXT) -> Column:
    """A date and time."""
    return Column(title, name, lambda row: moment(row[name]), kind, rank)


def number(title: str, name: str, rank: int = 1) -> Column:
    """A number without a unit."""
    return Column(title, name, lambda row: _amount(row, name, None), Kind.NUMBER, rank)


def quantity(title: str = "QUANTITY", name: str = "quantity", unit: str = _UNIT, rank: int = 0) -> Column:
    """A quantity with its unit, by its exact text where the server sends one."""
    return Column(title, name, lambda row: _amount(row, name, unit), Kind.NUMBER, rank)


def amount(row: Row, name: str = "quantity", unit: str = _UNIT) -> Amount | None:
    """A quantity of a row; None where there is none."""
    return _amount(row, name, unit)


def moment(stamp: str | None) -> datetime | None:
    """A date of JSON."""
    return None if stamp is None else datetime.fromisoformat(stamp)


def exact_name(name: str) -> str:
    """The name of the field that has the exact text of another one."""
    return EXACT + name[0].upper() + name[1:]


def exactly(row: Row) -> dict[str, Any]:
    """A row with the exact text of each quantity in the place of its double, and not both."""
    exact = {name for name in row if exact_name(name) in row}
    twins = {exact_name(name) for name in exact}
    shown = {name: value for name, value in row.items() if name not in twins}
    for name in exact:
        if row[exact_name(name)] is not None:
            shown[name] = row[exact_name(name)]
    return shown


def plain(double: float) -> str:
    """A double as a text, with every digit that it has, in decimals."""
    return f"{Decimal(repr(double)):f}".removesuffix(".0")


def _amount(row: Row, name: str, unit: str | None) -> Amount | None:
    value, exact = row[name], row.get(exact_name(name))
    if exact is None:
        if value is None:
            return None
        exact = plain(value) if isinstance(value, float) else str(value)
    return Amount(exact, (row[unit] or "") if unit else "")


def chosen(names: Sequence[str], columns: Sequence[Column], message: Described) -> list[Column]:
    """The columns that --columns names: by title, or by the name of any field, as in JSON or in the contract.

    Raises:
        click.UsageError: where there is none of that name.
    """
    by_name: dict[str, Column] = {}
    for field in message.fields:
        made = column_of(field)
        by_name |= {field.name.casefold(): made, field.json_name.casefold(): made}
    by_name |= {column.title.casefold(): column for column in columns}
    found = []
    for name in names:
        column = by_name.get(name.strip().casefold())
        if column is None:
            raise click.UsageError(f"there is no column {name.strip()}; {_known(name.strip(), columns, message)}")
        found.append(replace(column, rank=0))
    return found


def _known(name: str, columns: Sequence[Column], message: Described) -> str:
    """What may have been meant, otherwise the titles; no list of all the fields, which may be 65."""
    known = list(dict.fromkeys([*(one.title for one in columns), *(field.json_name for field in message.fields)]))
    by_form = {one.replace("_", "").casefold(): one for one in reversed(known)}
    wanted = name.replace("_", "").casefold()
    meant = get_close_matches(wanted, by_form, _MEANT_MAX)
    meant += [form for form in by_form if len(wanted) > 2 and wanted in form and form not in meant]
    if meant:
        return f"did you mean {' or '.join(by_form[form] for form in meant[:_MEANT_MAX])}?"
    titles = [one.title for one in columns] or known[:_TITLES_MAX]
    return f"there are {', '.join(titles)}, and every field that --json shows"


def columns_of(message: Described) -> list[Column]:
    """A column for each field; a quantity and its exact text are one."""
    twins = {exact_name(field.json_name) for field in message.fields}
    return [column_of(field) for field in message.fields if field.json_name not in twins]


def column_of(field: FieldDescriptor) -> Column:
    """The column that shows a field."""
    name, title = field.json_name, field.name.upper()
    if field.message_type is not None and field.message_type.full_name == _TIMESTAMP:
        return date(title, name)
    if field.is_repeated or field.message_type is not None:
        return text(title, name)
    if field.enum_type is None and field.type != FieldDescriptor.TYPE_STRING:
        return word(title, name) if field.type == FieldDescriptor.TYPE_BOOL else number(title, name)
    return (
        word(title, name) if field.enum_type is not None or name == "id" or name.endswith("Id") else text(title, name)
    )
