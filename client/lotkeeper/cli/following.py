"""What commands that follow a stream share: how they show it, and how they go on after their own end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from google.protobuf.descriptor import FieldDescriptor

from lotkeeper._errors import LotkeeperError
from lotkeeper._json import to_dict
from lotkeeper.cli.columns import Column, Row, chosen
from lotkeeper.cli.output import Output
from lotkeeper.cli.writers import picked

_TOKEN: Final = "resumeToken"  # noqa: S105 - no secret
_EXPIRED: Final = "RESUME_TOKEN_EXPIRED"


class TokenFile:
    """Keeps the token of the last record that was dealt with, across restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = ""

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._path

    def read(self) -> str | None:
        """The token; None if there is none yet.

        Raises:
            click.UsageError: where the file cannot be read.
        """
        try:
            return self._path.read_text().strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{self._path} cannot be read: {error}") from error

    def keep(self, token: str) -> None:
        """Replaces the stored token; if anything fails, the old one stays.

        Raises:
            click.ClickException: where the file cannot be written.
        """
        if token == self._kept:
            return
        beside = self._path.with_name(self._path.name + ".new")
        try:
            with beside.open("w") as file:
                file.write(token + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise click.ClickException(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._kept = token


def show_followed(
    messages: Iterator[Any], output: Output, columns: Sequence[Column], field: FieldDescriptor, kept: TokenFile | None
) -> None:
    """Shows what messages of a watch have, as it comes; one that has nothing is a heartbeat.

    Args:
        messages: of a watch; each has a resume token.
        output: how; where it is neither a table nor CSV, each with that token.
        columns: of a table.
        field: of the messages, with what is shown.
        kept: where the token of what was shown is kept; None for nowhere.
    """
    descriptor = field.message_type
    messages = _saying_how_to_begin_anew(messages, kept)
    if output.form in {"table", "csv"}:
        output.live(_rows(messages, field, kept, lambda row, _: row), columns, descriptor)
        return
    shown = None if output.columns is None else chosen(output.columns, columns, descriptor)
    rows = _rows(messages, field, kept, lambda row, token: {field.json_name: picked(row, shown), _TOKEN: token})
    replace(output, columns=None).live(rows, (), descriptor)


def _saying_how_to_begin_anew(messages: Iterator[Any], kept: TokenFile | None) -> Iterator[Any]:
    """The messages; a refusal of the token says what to do about it here."""
    try:
        yield from messages
    except LotkeeperError as error:
        if error.reason != _EXPIRED:
            raise
        drop = f"delete {kept.path}" if kept else "leave out --resume-token"
        raise error.saying(
            f"{error.message.rstrip('.')}: {drop}, and give --from-beginning.", error.field_violations
        ) from None


def _rows(
    messages: Iterator[Any], field: FieldDescriptor, kept: TokenFile | None, row_of: Callable[[Row, str], Row]
) -> Iterator[Sequence[Row]]:
    """Each when it has come; first nothing, so that titles stand there once the server answers."""
    for number, message in enumerate(messages):
        if number == 0:
            yield ()
        if message.HasField(field.name):
            yield [row_of(to_dict(getattr(message, field.name)), message.resume_token)]
        if kept:  # only now: after a crash, printing twice is better than never printing
            kept.keep(message.resume_token)
