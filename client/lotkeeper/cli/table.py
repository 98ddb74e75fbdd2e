"""A table for people, line by line, of any number of rows."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from lotkeeper.cli.columns import Amount, Column, Kind
from lotkeeper.cli.fitting import GAP, Fit, fit, width_of, wrapped


class Table:
    """Rows of values under the titles of columns.

    The first rows decide the widths; a later value that is wider is still shown whole.
    """

    def __init__(self, columns: Sequence[Column], text_of: Callable[[Any], str], screen: int | None) -> None:
        """Measures nothing yet.

        Args:
            columns: what is shown.
            text_of: writes a value that has no unit.
            screen: the width of the terminal; None: there is none, lines may be of any length.
        """
        self._columns = columns
        self._text_of = text_of
        self._screen = screen
        self._numbers = [0] * len(columns)
        self._units = [0] * len(columns)
        self._fit = Fit(range(len(columns)), [0] * len(columns))

    def measure(self, rows: Sequence[Sequence[Any]]) -> None:
        """Decides from the first rows which columns are shown, and how wide."""
        self._measure_numbers(rows)
        cells = [[column.title] if rows else [column.title, _typical(column)] for column in self._columns]
        for row in rows:
            for place, text in enumerate(self._texts(row)):
                cells[place].append(text)
        if self._screen is None:
            widths = [max(map(width_of, column)) for column in cells]
            self._fit = Fit(range(len(widths)), widths)
        else:
            self._fit = fit(self._columns, cells, self._screen)

    def grow(self, row: Sequence[Any]) -> None:
        """Lets columns grow with a later row, where lines may be of any length; numbers and units do everywhere."""
        self._measure_numbers([row])
        if self._screen is None:
            texts = zip(self._fit.widths, self._texts(row), strict=True)
            self._fit = Fit(self._fit.places, [max(width, width_of(text)) for width, text in texts])

    def left_out(self) -> list[str]:
        """The titles of the columns that have no room."""
        return [column.title for place, column in enumerate(self._columns) if place not in self._fit.places]

    def wrapped(self, text: str) -> list[str]:
        """A text beside the table, in lines that the terminal has room for."""
        if self._screen is None:
            return [text]
        return textwrap.wrap(text, max(self._screen, 1), break_long_words=False, break_on_hyphens=False)

    def titles(self) -> str:
        """The first line."""
        cells = []
        for place, width in zip(self._fit.places, self._fit.widths, strict=True):
            column = self._columns[place]
            pad = " " * (width - width_of(column.title))
            cells.append(pad + column.title if column.kind is Kind.NUMBER else column.title + pad)
        return GAP.join(cells).rstrip()

    def lines(self, row: Sequence[Any]) -> Iterator[str]:
        """A row: one line, or several where a text wraps."""
        texts = self._texts(row)
        columns = [
            self._lines_of(place, texts[place], width)
            for place, width in zip(self._fit.places, self._fit.widths, strict=True)
        ]
        for line in zip_longest(*columns, fillvalue=""):
            padded = (text + " " * (width - width_of(text)) for text, width in zip(line, self._fit.widths, strict=True))
            yield GAP.join(padded).rstrip()

    def _lines_of(self, place: int, text: str, width: int) -> list[str]:
        kind = self._columns[place].kind
        if kind is Kind.NUMBER:
            return [" " * (width - width_of(text)) + text]
        return wrapped(text, width) if kind is Kind.TEXT and self._screen is not None else [text]

    def _measure_numbers(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            for place, value in enumerate(row):
                if isinstance(value, Amount):
                    self._numbers[place] = max(self._numbers[place], width_of(value.number))
                    self._units[place] = max(self._units[place], width_of(self._text_of(value.unit)))

    def _texts(self, row: Sequence[Any]) -> list[str]:
        return [
            self._aligned(value, place) if isinstance(value, Amount) else self._text_of(value)
            for place, value in enumerate(row)
        ]

    def _aligned(self, value: Amount, place: int) -> str:
        """A number to the right, and its unit to the left of what follows."""
        unit = self._text_of(value.unit)
        number = f"{value.number:>{self._numbers[place]}}"
        if not unit and not self._units[place]:
            return number
        return f"{number} {unit}" + " " * (self._units[place] - width_of(unit))


def _typical(column: Column) -> str:
    return ("parts/" * column.typical)[: column.typical]
