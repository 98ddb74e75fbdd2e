"""Writes rows in each form: a table for people; JSON, YAML and CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import click

from lotkeeper.cli.columns import Amount, Column, Row
from lotkeeper.cli.formulas import harmless
from lotkeeper.cli.table import Table
from lotkeeper.cli.yaml_text import item_lines
from lotkeeper.visible_text import json_text


class Writer(Protocol):
    """Writes rows, some at a time; the first ones may decide how all are written."""

    def begin(self, rows: Sequence[Row]) -> None:
        """Learns from the first rows, which are written afterwards, and writes what stands above them."""

    def write(self, rows: Sequence[Row]) -> None:
        """Writes rows, at least one."""

    def end(self) -> None:
        """Writes what stands below all rows."""


class JsonWriter:
    """An object on each line."""

    def __init__(self, columns: Sequence[Column] | None) -> None:
        """Writes these columns only; None: every field."""
        self._columns = columns

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing stands above."""

    def write(self, rows: Sequence[Row]) -> None:
        click.echo("\n".join(json_text(picked(row, self._columns)) for row in rows))

    def end(self) -> None:
        """Nothing stands below."""


class YamlWriter:
    """One sequence of mappings."""

    def __init__(self, columns: Sequence[Column] | None) -> None:
        """Writes these columns only; None: every field."""
        self._columns = columns
        self._empty = True

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing stands above."""

    def write(self, rows: Sequence[Row]) -> None:
        self._empty = False
        click.echo("\n".join(line for row in rows for line in item_lines(picked(row, self._columns))))

    def end(self) -> None:
        if self._empty:
            click.echo("[]")


class CsvWriter:
    """A line of names, and a line for each row, as RFC 4180 has it but for line feeds alone, which shells read.

    A text that a spreadsheet would run gets an apostrophe in front.
    """

    def __init__(self, columns: Sequence[Column], names: Sequence[str], *, headers: bool) -> None:
        """Writes these columns under these names."""
        self._columns = columns
        self._names = names if headers else None

    def begin(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every row is written alike
        if self._names is not None:
            click.echo(_csv_text([self._names]), nl=False)

    def write(self, rows: Sequence[Row]) -> None:
        cells = [[_csv_cell(column.value_of(row)) for column in self._columns] for row in rows]
        click.echo(_csv_text(cells), nl=False)

    def end(self) -> None:
        """Nothing stands below."""


class TableWriter:
    """A table, in which nothing is cut; what a terminal has no room for is named below it."""

    def __init__(
        self, columns: Sequence[Column], text_of: Callable[[Any], str], screen: int | None, *, headers: bool, live: bool
    ) -> None:
        """Makes a table.

        Args:
            columns: what is shown.
            text_of: writes a value.
            screen: the width of the terminal; None: lines may be of any length.
            headers: whether the titles stand above it.
            live: rows come slowly, and the first ones say little: later ones widen columns.
        """
        self._table = Table(columns, text_of, screen)
        self._columns = columns
        self._headers = headers
        self._live = live
        self._is_on_terminal = screen is not None
        self._empty = True

    def begin(self, rows: Sequence[Row]) -> None:
        self._table.measure([self._values(row) for row in rows])
        if self._headers:
            click.echo(click.style(self._table.titles(), bold=True))
        if self._live:
            self._tell_left_out()

    def write(self, rows: Sequence[Row]) -> None:
        lines: list[str] = []
        self._empty = False
        for row in rows:
            values = self._values(row)
            if self._live:
                self._table.grow(values)
            lines += self._table.lines(values)
        click.echo("\n".join(lines))

    def end(self) -> None:
        if self._live:
            return
        self._tell_left_out()
        if self._empty and self._is_on_terminal:
            click.echo(click.style("(no rows)", dim=True), err=True)

    def _tell_left_out(self) -> None:
        left_out = self._table.left_out()
        if left_out:
            text = f"Without {', '.join(left_out)}: the terminal is too narrow. --wide shows all, --columns some."
            click.echo(click.style("\n".join(self._table.wrapped(text)), dim=True), err=True)

    def _values(self, row: Row) -> list[Any]:
        return [column.value_of(row) for column in self._columns]


def picked(row: Row, columns: Sequence[Column] | None) -> Row:
    """The fields of a row that columns name; None: all."""
    return row if columns is None else {column.name: row[column.name] for column in columns}


def _csv_text(cells: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(cells)
    return file.getvalue()


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Amount):
        return value.number
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")
    if isinstance(value, str):
        return harmless(value)
    return json_text(value)
