"""The options of lists and of single things that say how they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import click

from lotkeeper.cli.output import FORMS

POLL_SECONDS: Final = 2.0
Decorator = Callable[[Any], Any]


def _set(context: click.Context, **changed: Any) -> None:
    """Changes how this command's results are shown."""
    if context.obj is not None:  # as when a shell only asks what might come next
        context.obj.output = replace(context.obj.output, **changed)


def _form(context: click.Context, _parameter: click.Parameter, form: str | None) -> None:
    if form is not None:
        _set(context, form=form)


def _wide(context: click.Context, _parameter: click.Parameter, wide: bool) -> None:
    if wide:
        _set(context, wide=True)


def _columns(context: click.Context, _parameter: click.Parameter, names: str | None) -> None:
    if names is not None:
        _set(context, columns=tuple(names.split(",")))


def _no_headers(context: click.Context, _parameter: click.Parameter, no_headers: bool) -> None:
    if no_headers:
        _set(context, headers=False)


def _watch(context: click.Context, _parameter: click.Parameter, watch: bool) -> None:
    if watch:
        _set(context, poll_seconds=POLL_SECONDS)


def _interval(context: click.Context, _parameter: click.Parameter, seconds: float | None) -> None:
    if seconds is not None:
        _set(context, poll_seconds=seconds)


FORM: Final = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(FORMS),
    expose_value=False,
    callback=_form,
    help="Default: table. json has an object on each line.",
)
_COLUMNS: Final = click.option(
    "--columns",
    metavar="NAME,...",
    expose_value=False,
    callback=_columns,
    help="Only these, by title or by any field's name.",
)
_NO_HEADERS: Final = click.option(
    "--no-headers", is_flag=True, expose_value=False, callback=_no_headers, help="Without titles or names."
)
_WIDE: Final = click.option(
    "--wide", is_flag=True, expose_value=False, callback=_wide, help="Every column, however long the lines are."
)
_WHOLE: Final = click.option(
    "--wide",
    "every_field",
    is_flag=True,
    expose_value=False,
    callback=_wide,
    help="Every field of what was written, a line for each.",
)
_WATCH: Final = click.option(
    "--watch",
    is_flag=True,
    expose_value=False,
    callback=_watch,
    help="Go on, with each row that is new, changed or gone.",
)
_INTERVAL: Final = click.option(
    "--interval",
    type=click.FloatRange(0.1, 3_600),
    expose_value=False,
    callback=_interval,
    help=f"The same, every so many seconds. Default: {POLL_SECONDS:.0f}.",
)


def single(command: Any) -> Any:
    """Gives a command that shows one thing its options."""
    return _decorated(command, FORM, _COLUMNS, _NO_HEADERS)


def writing(command: Any) -> Any:
    """Gives a command that shows the records it wrote its options."""
    return _decorated(command, FORM, _COLUMNS, _WHOLE, _NO_HEADERS)


def streamed(command: Any) -> Any:
    """Gives a command that shows rows its options."""
    return _decorated(command, FORM, _COLUMNS, _WIDE, _NO_HEADERS)


def listed(command: Any) -> Any:
    """Gives a list that can be read again its options."""
    return _decorated(command, FORM, _COLUMNS, _WIDE, _NO_HEADERS, _WATCH, _INTERVAL)


def _decorated(command: Any, *options: Decorator) -> Any:
    for option in reversed(options):
        command = option(command)
    return command
