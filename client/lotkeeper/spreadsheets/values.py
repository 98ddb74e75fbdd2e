"""Cells as values of a document, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from lotkeeper.days import day_of
from lotkeeper.numbers import number_fault
from lotkeeper.spreadsheets.options import CsvOptions
from lotkeeper.spreadsheets.sections import Kind

TEXT_CHARACTERS_MAX: Final = 4_000
"""No field takes a longer one."""
NOTHING: Final = "~"
"""A cell that empties its field; an empty cell leaves it as it is."""
_RUN_BY_SPREADSHEETS: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""A cell that begins with one of these could be a formula; in some languages in full width, too."""
_MARK: Final = "'"
_MARKED_STARTS: Final = _RUN_BY_SPREADSHEETS | {_MARK}
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_LEADING_ZEROS: Final = re.compile(r"\A(-?)0+(?=[0-9])")


class Unfit(Exception):
    """A cell does not fit its column; says why, to be read after what the cell says."""


def as_text(cell: str) -> str:
    """The text that a cell means: without the apostrophe that keeps it from being run."""
    return cell[1:] if cell.startswith(_MARK) and _is_marked(cell[1:]) else cell


def as_cell(text: str) -> str:
    """The cell of a text: with an apostrophe in front where a spreadsheet would run it, or reading would change it."""
    return _MARK + text if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    return text == NOTHING or text[:1] in _MARKED_STARTS


class Values:
    """Reads cells by some options."""

    def __init__(self, options: CsvOptions) -> None:
        self._options = options
        self._readers: Final[dict[Kind, Callable[[str], tuple[str, str]]]] = {
            Kind.TEXT: self._text,
            Kind.NUMBER: self._number,
            Kind.FLAG: self._flag,
            Kind.MOMENT: self._moment,
        }

    def read(self, kind: Kind, cell: str) -> tuple[str, str]:
        """What a cell means, as JSON and for people.

        Args:
            kind: of its column.
            cell: not empty.

        Raises:
            Unfit: where it does not fit.
        """
        return ("null", "") if cell == NOTHING else self._readers[kind](cell)

    def _text(self, cell: str) -> tuple[str, str]:
        text = as_text(cell)
        if len(text) > TEXT_CHARACTERS_MAX:
            raise Unfit(f"has {len(text)} characters; no field takes more than {TEXT_CHARACTERS_MAX}")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unfit("has half a character, a surrogate") from None
        return json.dumps(text, ensure_ascii=False), text

    def _number(self, cell: str) -> tuple[str, str]:
        other = "," if self._options.decimal == "." else "."
        if other in cell and not number_fault(cell.replace(other, "."), may_be_negative=True):
            marks = {",": "comma", ".": "point"}
            raise Unfit(f"has a decimal {marks[other]}; a decimal {marks[self._options.decimal]} is expected")
        number = cell if other in cell else cell.replace(self._options.decimal, ".")
        if fault := number_fault(number, may_be_negative=True):
            raise Unfit(fault)
        plain = _LEADING_ZEROS.sub(r"\1", number)
        return plain, plain

    def _flag(self, cell: str) -> tuple[str, str]:
        word = cell.lower()
        if word not in {"true", "false"}:
            raise Unfit("is not true or false")
        return word, word

    def _moment(self, cell: str) -> tuple[str, str]:
        text = self._written(cell, self._options.dates) if self._options.dates else _as_written(cell)
        return json.dumps(text), text

    def _written(self, cell: str, form: str) -> str:
        try:
            moment = datetime.strptime(cell, form)
        except ValueError:
            raise Unfit(f"is not a date as {form} says") from None
        if not self._options.reads_times:
            return moment.date().isoformat()
        zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=self._options.zone)
        try:
            return zoned.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        except OverflowError:
            raise Unfit("is outside the calendar") from None


def _as_written(cell: str) -> str:
    """RFC 3339, or a day."""
    try:
        day = day_of(cell)
    except ValueError:
        raise Unfit("is not in the calendar") from None
    if day is not None:
        return day.isoformat()
    if not _TIME.fullmatch(cell):
        raise Unfit("is not a day such as 2039-12-31, or a time such as 2026-03-01T08:30:00Z")
    return cell
