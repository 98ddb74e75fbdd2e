"""What is said of a refusal: a line for people, an object for programs; on standard error."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

from lotkeeper._errors import FieldViolation, LotkeeperError
from lotkeeper.cli.output import Output
from lotkeeper.visible_text import visible

EXIT_REFUSED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_INTERRUPTED = 1, 2, 3, 130
_ITEM: Final = re.compile(r"\b(?:actions|requests)\[\d+\]\.?(?=\w|$|[ :,])")
_INDEX: Final = "index"
_EXACT: Final = re.compile(r"\bexact_(?=[a-z])")
"""What the command line sends of a quantity is its exact text; who typed it knows one QUANTITY."""


def refuse(error: LotkeeperError, status: int, output: Output) -> NoReturn:
    """Says it, and ends with an exit status."""
    violations = (
        FieldViolation(_EXACT.sub("", one.field), one.description, one.reason) for one in error.field_violations
    )
    error = error.saying(_EXACT.sub("", error.message), tuple(violations))
    if output.errors_are_text:
        word = "unreachable" if status == EXIT_UNREACHABLE and not error.reason else "refused"
        place = "" if error.index is None else f" (item {error.index + 1})"
        click.echo(f"{word}: {said(error)}{place}", err=True)
    else:
        click.echo(output.value_text(refusal_of(error)), err=True)
    sys.exit(status)


def said(error: LotkeeperError) -> str:
    """A refusal on one line."""
    return f"{visible(error.reason) or error.code.name}: {visible(' '.join(error.message.split()))}"


def refusal_of(error: LotkeeperError) -> dict[str, Any]:
    """A refusal as an object of JSON's types."""
    refusal: dict[str, Any] = {
        "code": error.code.name,
        "reason": error.reason or None,
        "message": error.message,
        "metadata": error.metadata,
        "fields": [
            {"field": one.field, "description": one.description, "reason": one.reason or None}
            for one in error.field_violations
        ],
    }
    if error.retry_after_seconds is not None:
        refusal["retryAfterSeconds"] = error.retry_after_seconds
    return refusal


def without_path(error: LotkeeperError) -> LotkeeperError:
    """A refusal that speaks of its action or request as if it were the whole call, as whoever made it thinks of it."""
    return type(error)(
        error.code,
        _ITEM.sub("", error.message),
        reason=error.reason,
        metadata={name: value for name, value in error.metadata.items() if name != _INDEX},
        field_violations=tuple(
            FieldViolation(_ITEM.sub("", one.field), _ITEM.sub("", one.description), one.reason)
            for one in error.field_violations
        ),
        retry_after_seconds=error.retry_after_seconds,
    )


@contextmanager
def of_single_action() -> Iterator[None]:
    """A refusal of a call with one action does not count actions."""
    try:
        yield
    except LotkeeperError as error:
        raise without_path(error) from None
