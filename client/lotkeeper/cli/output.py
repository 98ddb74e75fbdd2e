"""What the command line prints: tables for people, one JSON object a line for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from google.protobuf.message import Message

from lotkeeper._json import to_dict, to_json

Column = tuple[str, Callable[[dict[str, Any]], Any]]


@dataclass(frozen=True)
class Output:
    """How results are shown.

    Attributes:
        as_json: one JSON object a line instead of a table.
        utc: times in UTC instead of the local zone.
    """

    as_json: bool
    utc: bool

    def one(self, message: Message) -> None:
        """A single message: its fields that have a value, one a line."""
        if self.as_json:
            click.echo(to_json(message, indent=None))
            return
        shown = {name: value for name, value in to_dict(message).items() if value not in (None, "", [])}
        width = max((len(name) for name in shown), default=0)
        for name, value in shown.items():
            click.echo(f"{name:<{width}}  {self.text(value)}")

    def many(self, messages: Iterable[Message], columns: Sequence[Column]) -> None:
        """Messages as rows; as JSON they stream."""
        if self.as_json:
            for message in messages:
                click.echo(to_json(message, indent=None))
            return
        self._table([to_dict(message) for message in messages], columns)

    def _table(self, rows: list[dict[str, Any]], columns: Sequence[Column]) -> None:
        from rich.console import Console  # noqa: PLC0415 - takes 100 ms, and only tables need it
        from rich.table import Table  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, header_style="bold")
        for title, _ in columns:
            table.add_column(title, no_wrap=True)
        for row in rows:
            table.add_row(*(self.text(value_of(row)) for _, value_of in columns), style=None)
        terminal = sys.stdout.isatty()
        console = Console(width=None if terminal else 10_000, soft_wrap=not terminal, highlight=False, markup=False)
        console.print(table)

    def text(self, value: Any) -> str:
        """A value for people."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{value:.6f}".rstrip("0").rstrip(".")
        if isinstance(value, str) and value.endswith("Z") and value[4:5] == "-" and "T" in value:
            return self._time(value)
        return str(value)

    def _time(self, text: str) -> str:
        moment = datetime.fromisoformat(text)
        local = moment.astimezone(UTC) if self.utc else moment.astimezone()
        return local.strftime("%Y-%m-%d %H:%M:%S") + ("Z" if self.utc else local.strftime("%z"))


def field(name: str) -> Callable[[dict[str, Any]], Any]:
    """A column that shows a field."""
    return lambda row: row[name]


def quiet_on_closed_pipe() -> None:
    """Lets nothing complain when whoever reads has had enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
