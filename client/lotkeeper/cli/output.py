"""What the command line prints: tables for people, one JSON object on each line for programs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from unicodedata import combining, east_asian_width

import click
from google.protobuf.message import Message

from lotkeeper._json import to_dict, to_json
from lotkeeper.visible_text import visible_cell, visible_lines

Column = tuple[str, Callable[[dict[str, Any]], Any]]
ROWS_MEASURED: Final = 200
"""How many rows decide the widths of a table; later rows follow as they come."""
COLUMN_CHARACTERS_MIN: Final = 8
"""The smallest width of a column on a narrow terminal."""
_GAP: Final = "  "
_EXACT: Final = "exact"


@dataclass(frozen=True)
class Output:
    """How results are shown.

    Attributes:
        as_json: one JSON object on each line instead of a table.
        utc: times in UTC instead of the local zone.
    """

    as_json: bool
    utc: bool

    def one(self, message: Message) -> None:
        """A single message: its fields that have a value, one on each line."""
        if self.as_json:
            click.echo(to_json(message, indent=None))
            return
        shown = _exactly({name: value for name, value in to_dict(message).items() if value not in (None, "", [])})
        width = max((len(name) for name in shown), default=0)
        for name, value in shown.items():
            click.echo(f"{name:<{width}}  {self.text(_moment(value) if name.endswith('Date') else value)}")

    def each(self, messages: Sequence[Message], instead: str) -> None:
        """A few messages, each shown like `one`; if there is none, people get a line that says so."""
        if not messages and not self.as_json:
            click.echo(instead)
        for number, message in enumerate(messages):
            if number and not self.as_json:
                click.echo()
            self.one(message)

    def many(self, messages: Iterable[Message], columns: Sequence[Column]) -> None:
        """Messages as rows of a table, or as JSON: any number of them, each shown soon after it came."""
        if self.as_json:
            for message in messages:
                click.echo(to_json(message, indent=None))
            return
        self.table(
            [title for title, _ in columns],
            ([value_of(row) for _, value_of in columns] for row in map(to_dict, messages)),
        )

    def table(self, titles: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
        """Rows of values under titles, for people."""
        rows = ([self.text(value) for value in row] for row in values)
        chunk = list(islice(rows, ROWS_MEASURED))
        widths = _widths([titles, *chunk])
        click.echo(click.style(_line(titles, widths), bold=True))
        while chunk:
            click.echo("\n".join(_line(row, widths) for row in chunk))
            chunk = list(islice(rows, ROWS_MEASURED))

    def text(self, value: Any) -> str:
        """A value for people: on one line, and not to be taken for more than one field."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{value:.6f}".rstrip("0").rstrip(".")
        if isinstance(value, datetime):
            return self._time(value)
        return visible_cell(str(value))

    def _time(self, moment: datetime) -> str:
        local = moment.astimezone(UTC) if self.utc else moment.astimezone()
        return local.strftime("%Y-%m-%d %H:%M:%S") + ("Z" if self.utc else local.strftime("%z"))


def field(name: str) -> Callable[[dict[str, Any]], Any]:
    """A column that shows a field."""
    return lambda row: row[name]


def date(name: str) -> Callable[[dict[str, Any]], Any]:
    """A column that shows a date."""
    return lambda row: _moment(row[name])


def quantity(row: dict[str, Any]) -> str:
    """A column that shows the quantity in its unit."""
    number = row["exactQuantity"] or f"{row['quantity']:.6f}".rstrip("0").rstrip(".")
    return f"{number} {row['unitOfMeasureSymbol'] or ''}".rstrip()


def exactly(name: str) -> Callable[[dict[str, Any]], Any]:
    """A column that shows a quantity by its exact text, if the server sends one."""
    exact = _EXACT + name[0].upper() + name[1:]
    return lambda row: row[name] if row[exact] is None else row[exact]


def _exactly(fields: dict[str, Any]) -> dict[str, Any]:
    """Shows the exact text of a quantity instead of its double, and not both."""
    exact = {name: value for name, value in fields.items() if name.startswith(_EXACT)}
    shown = {name: value for name, value in fields.items() if name not in exact}
    for name, value in exact.items():
        bare = name.removeprefix(_EXACT)
        shown[bare[0].lower() + bare[1:]] = value
    return shown


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


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The widths of columns: that of the widest cell; on a terminal the widest columns shrink until a line fits."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    if not sys.stdout.isatty():
        return widths
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - shutil.get_terminal_size().columns
    while excess > 0 and max(widths) > COLUMN_CHARACTERS_MIN:
        widths[widths.index(max(widths))] -= 1
        excess -= 1
    return widths


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [_fitted(text, width) for text, width in zip(row, widths, strict=True)]
    return _GAP.join(cells).rstrip()


def _fitted(text: str, width: int) -> str:
    """A cell, padded. A long one is cut on a terminal, but not elsewhere, where programs may read it."""
    excess = _width(text) - width
    if excess > 0 and sys.stdout.isatty():
        while text and _width(text) > width - 1:
            text = text[:-1]
        text += "…"
        excess = _width(text) - width
    return text + " " * -excess


def _width(text: str) -> int:
    """How many columns a terminal gives it."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
