"""What the command line prints: tables for people; JSON, YAML or CSV for programs."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

import click
from google.protobuf.message import Message

from lotkeeper._json import to_dict
from lotkeeper.cli.columns import Column, Described, Row, chosen, columns_of, exactly, moment, plain
from lotkeeper.cli.columns import text as text_column
from lotkeeper.cli.fitting import WRAPPED_CHARACTERS_MIN
from lotkeeper.cli.writers import CsvWriter, JsonWriter, TableWriter, Writer, YamlWriter, picked
from lotkeeper.cli.yaml_text import yaml_lines
from lotkeeper.progress import Progress, progress
from lotkeeper.visible_text import json_text, visible, visible_cell, visible_lines

FORMS: Final = ("table", "json", "yaml", "csv")
ROWS_MEASURED: Final = 200
"""How many rows decide the widths of a table; later rows follow as they come."""


@dataclass(frozen=True)
class Output:
    """How results are shown.

    Attributes:
        form: of FORMS.
        utc: times in UTC instead of the local zone.
        wide: every column, whole, also where lines are longer than the terminal is wide.
        columns: the names of those that are wanted; None: those that the command thinks of.
        headers: whether titles stand above columns, and names beside fields.
        poll_seconds: after how long a list is read again, and again; None: never.
    """

    form: str = "table"
    utc: bool = False
    wide: bool = False
    columns: tuple[str, ...] | None = None
    headers: bool = True
    poll_seconds: float | None = None

    @property
    def as_json(self) -> bool:
        """Whether each result is a JSON object on a line."""
        return self.form == "json"

    @property
    def for_people(self) -> bool:
        """Whether words beside the results do no harm."""
        return self.form == "table"

    @property
    def errors_are_text(self) -> bool:
        """Whether what goes wrong is said in lines; otherwise in one object of the form."""
        return self.form in {"table", "csv"}

    def one(self, message: Message) -> None:
        """A single message: its fields that have a value, one on each line; or the fields that were asked for."""
        descriptor, row = message.DESCRIPTOR, to_dict(message)
        wanted = None if self.columns is None else chosen(self.columns, (), descriptor)
        if self.form == "csv":
            self._write(iter([[row]]), self._writer((), descriptor))
        elif self.for_people:
            self._fields(row, wanted)
        else:
            self.value(picked(row, wanted))

    def value(self, value: Any) -> None:
        """An object of JSON's types, as JSON, YAML or a line of CSV."""
        if self.form == "csv":
            row = exactly(value)
            columns = [text_column(name, name) for name in row]
            names = [re.sub("([A-Z])", r"_\1", name).lower() for name in row]
            self._write(iter([[row]]), CsvWriter(columns, names, headers=self.headers))
        else:
            click.echo(self.value_text(value))

    def value_text(self, value: Any) -> str:
        """An object of JSON's types as JSON or YAML."""
        return json_text(value) if self.as_json else "\n".join(yaml_lines(value))

    def each(self, messages: Sequence[Message], instead: str) -> None:
        """A few messages, each shown like `one`; if there is none, people get a line that says so."""
        if not self.for_people:
            descriptor = messages[0].DESCRIPTOR if messages else None
            self._write(_pieces(map(to_dict, messages)), self._writer((), descriptor))
            return
        if not messages:
            click.echo(instead)
        for number, message in enumerate(messages):
            if number:
                click.echo()
            self.one(message)

    def many(
        self, messages: Iterable[Message], columns: Sequence[Column], message_class: type[Message] | None = None
    ) -> None:
        """Messages as rows: any number of them, each shown soon after it came.

        Args:
            messages: all of one class.
            columns: what a table shows.
            message_class: their class. Default: that of the first one.
        """
        descriptor = getattr(message_class or getattr(messages, "message_class", None), "DESCRIPTOR", None)
        if descriptor is None:
            messages = iter(messages)
            begun = list(islice(messages, 1))
            descriptor = begun[0].DESCRIPTOR if begun else None
            messages = chain(begun, messages)
        self._write(_pieces(map(to_dict, messages)), self._writer(columns, descriptor))

    def live(
        self,
        pieces: Iterable[Sequence[Row]],
        columns: Sequence[Column],
        descriptor: Described,
        beside: Sequence[Column] = (),
    ) -> None:
        """Rows that come slowly, as `to_dict` writes messages: each piece is shown as soon as it is there.

        Args:
            pieces: the first one, which may be empty, decides the widths of a table.
            columns: what a table shows.
            descriptor: of the messages.
            beside: columns of what rows have beside the fields of messages; they are always shown, and come first.
        """
        _write_pieces(iter(pieces), self._writer(columns, descriptor, beside, live=True))

    def raw_rows(self, pieces: Iterable[Sequence[Row]], columns: Sequence[Column]) -> None:
        """Rows that are no messages, in a form for programs: each piece is shown as soon as it is there."""
        _write_pieces(iter(pieces), self._writer(columns, None))

    def table(self, titles: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
        """Rows of texts under titles, for people."""
        columns = [text_column(title, title, rank=0) for title in titles]
        writer = TableWriter(columns, self.text, self._screen(), headers=self.headers, live=False)
        self._write(_pieces(dict(zip(titles, row, strict=True)) for row in values), writer)

    def wrapped(self, text: str, below: str = "") -> list[str]:
        """A text in lines that the terminal has room for; the whole of it on one where there is no terminal.

        Args:
            text: one line.
            below: what every line but the first begins with.
        """
        screen = self._screen()
        if screen is None:
            return [text]
        width = max(screen, len(below) + WRAPPED_CHARACTERS_MIN)
        return textwrap.wrap(
            text,
            width,
            subsequent_indent=below,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
            replace_whitespace=False,
        )

    def note(self, text: str) -> None:
        """A line for people on standard error, beside results of any form."""
        click.echo(visible(text), err=True)

    def say_if_validated(self, validate_only: bool) -> None:
        """Says, where a call was only tried, that nothing was done."""
        if validate_only:
            self.note("only validated: nothing was done")

    def text(self, value: Any) -> str:
        """A value for people: on one line, and not to be taken for more than one field."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return plain(value)
        if isinstance(value, datetime):
            return self._time(value)
        if isinstance(value, list | dict):
            return visible_cell(json_text(value))
        return visible_cell(str(value))

    def _time(self, when: datetime) -> str:
        local = when.astimezone(UTC) if self.utc else when.astimezone()
        return local.strftime("%Y-%m-%d %H:%M:%S") + ("Z" if self.utc else local.strftime("%z"))

    def _fields(self, row: Row, wanted: Sequence[Column] | None) -> None:
        """A line for each field."""
        if wanted is None:
            shown = {
                name: moment(value) if name.endswith("Date") else value
                for name, value in exactly(row).items()
                if value not in (None, "", [])
            }
        else:
            shown = {column.name: column.value_of(row) for column in wanted}
        width = max(map(len, shown), default=0)
        for name, value in shown.items():
            click.echo(f"{name:<{width}}  {self.text(value)}" if self.headers else self.text(value))

    def _writer(
        self,
        columns: Sequence[Column],
        descriptor: Described | None,
        beside: Sequence[Column] = (),
        *,
        live: bool = False,
    ) -> Writer:
        wanted = None
        if self.columns is not None and descriptor is not None:
            wanted = [*beside, *chosen(self.columns, columns, descriptor)]
        if self.for_people:
            shown = wanted or [*beside, *columns]
            return TableWriter(shown, self.text, self._screen(), headers=self.headers, live=live)
        if self.as_json:
            return JsonWriter(wanted)
        if self.form == "yaml":
            return YamlWriter(wanted)
        of_csv = wanted or [*beside, *(columns_of(descriptor) if descriptor is not None else columns)]
        return CsvWriter(of_csv, [_contract_name(one, descriptor) for one in of_csv], headers=self.headers)

    def _write(self, pieces: Iterator[Sequence[Row]], writer: Writer) -> None:
        """Writes rows, with their number on standard error where they go somewhere else than to the terminal."""
        with progress("reading", unit="rows") as shown:
            if not sys.stdout.isatty():
                _write_pieces(pieces, writer, shown)
                return
            first = next(pieces, ())
        _write_pieces(chain([first], pieces), writer)

    def _screen(self) -> int | None:
        """The width that a table may have."""
        return None if self.wide or not sys.stdout.isatty() else shutil.get_terminal_size().columns


def write_out(pieces: Iterable[bytes]) -> None:
    """Writes a file's content to standard output: exactly, unless that is a terminal, which would obey parts of it."""
    if not sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    begun = b""
    for piece in pieces:
        whole, line_feed, begun = (begun + piece).rpartition(b"\n")
        click.echo(_for_terminal(whole + line_feed), nl=False)
    click.echo(_for_terminal(begun), nl=False)


def _for_terminal(content: bytes) -> str:
    return visible_lines(content.replace(b"\r\n", b"\n").decode(errors="replace"))


def quiet_on_closed_pipe() -> None:
    """Avoids complaints when the reader has closed the pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def styled() -> bool | None:
    """Whether terminals are shown colours and weights: not with NO_COLOR (no-color.org); None: terminals only."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _pieces(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Rows, some at a time; if a later one fails, those before it come first."""
    piece: list[Row] = []
    failed = None
    try:
        for row in rows:
            piece.append(row)
            if len(piece) == ROWS_MEASURED:
                yield piece
                piece = []
    except Exception as error:
        failed = error
    if piece:
        yield piece
    if failed is not None:
        raise failed


def _write_pieces(pieces: Iterator[Sequence[Row]], writer: Writer, shown: Progress | None = None) -> None:
    first = next(pieces, ())
    writer.begin(first)
    for piece in chain([first], pieces):
        if piece:
            writer.write(piece)
        if shown is not None:
            shown.done += len(piece)
    writer.end()


def _contract_name(column: Column, descriptor: Described | None) -> str:
    """The name of a column in files: that of its field in the contract."""
    fields = () if descriptor is None else descriptor.fields
    return next((field.name for field in fields if field.json_name == column.name), column.name)
