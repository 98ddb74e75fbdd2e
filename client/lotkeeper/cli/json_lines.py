"""Files with a JSON object on each line, as `--json` writes them, read as messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import JSONDecodeError
from typing import TypeVar

import click
from google.protobuf.message import Message

from lotkeeper._json import from_json

Received = TypeVar("Received", bound=Message)


def messages_of_lines(lines: Iterable[bytes], message_class: type[Received]) -> Iterator[tuple[int, Received]]:
    """The messages, each with the number of its line; empty lines are none.

    Args:
        lines: in UTF-8.
        message_class: of the messages.

    Raises:
        click.UsageError: where a line cannot be read; it says which, and why.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, _message(number, line, message_class)


def _message(number: int, line: bytes, message_class: type[Received]) -> Received:
    try:
        return from_json(line.decode("utf-8-sig" if number == 1 else "utf-8"), message_class)
    except UnicodeDecodeError as error:
        raise click.UsageError(f"line {number}: byte {error.start + 1} is not UTF-8") from error
    except JSONDecodeError as error:
        raise click.UsageError(f"line {number}: it is no JSON, by character {error.colno}: {error.msg}") from error
    except ValueError as error:
        raise click.UsageError(f"line {number}: {error}") from error
