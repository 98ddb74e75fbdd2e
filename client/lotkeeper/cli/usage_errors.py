"""Wrong usage for programs: an object on standard error, of the same shape as that of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
import grpc

from lotkeeper.cli.naming import SeveralFit
from lotkeeper.cli.output import Output

FORMS_OF_ERRORS: Final = ("json", "yaml")
WRONG_USAGE: Final = "WRONG_USAGE"
LOCAL_FAILURE: Final = "LOCAL_FAILURE"
"""What fails on this machine without anybody being asked: a file that cannot be written, say."""


class _Shown(click.ClickException):
    """An error that is shown as one text, and nothing around it."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        vars(self)["exit_code"] = exit_code  # click means it to be a class's

    def show(self, file: Any = None) -> None:
        """Writes the text."""
        click.echo(self.message, file=file, err=file is None)


@contextmanager
def errors_in(form: str | None) -> Iterator[None]:
    """Shows click's errors in a form; tables, CSV and what is no form have click's own text."""
    try:
        yield
    except click.ClickException as error:
        if form not in FORMS_OF_ERRORS or isinstance(error, _Shown):
            raise
        raise _Shown(Output(form).value_text(error_object(error)), error.exit_code) from None


def error_object(error: click.ClickException) -> dict[str, Any]:
    """An error of click as an object of JSON's types, as `refusing.refusal_of` writes a refusal."""
    is_usage = isinstance(error, click.UsageError)
    code = grpc.StatusCode.INVALID_ARGUMENT if is_usage else grpc.StatusCode.FAILED_PRECONDITION
    return {
        "code": code.name,
        "reason": WRONG_USAGE if is_usage else LOCAL_FAILURE,
        "message": _message_of(error),
        "metadata": {},
        "fields": [{"field": name, "description": error.message or "is missing"} for name in _fields_of(error)],
    }


def _message_of(error: click.ClickException) -> str:
    if type(error).__name__ == "NoArgsIsHelpError":  # of newer clicks; its message is the whole help
        return "Missing command."
    text = error.format_message()
    return f"{text} {'; '.join(error.lines)}" if isinstance(error, SeveralFit) else text


def _fields_of(error: click.ClickException) -> Iterator[str]:
    """The option or the argument that is wrong, as it is written in the help."""
    if isinstance(error, click.NoSuchOption):
        yield error.option_name
    elif isinstance(error, click.BadParameter):
        if isinstance(error.param, click.Option):
            yield max(error.param.opts, key=len)
        elif error.param is not None and error.param.name is not None:
            yield error.param.metavar or error.param.name.upper()
