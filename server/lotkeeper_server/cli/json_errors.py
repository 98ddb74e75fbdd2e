"""Errors for programs: where `--json` is asked for, an object on standard error, of the shape of `lotkeeper`'s."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click
from lotkeeper.command_errors import Group, shown
from lotkeeper.visible_text import json_text

_ASKED: Final = "lotkeeper_server.json"
EXIT_USAGE: Final = 2


class ServerGroup(Group):
    """The commands of the server."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        """Reads the words; what is wrong with them is said in the form that they ask for."""
        asked = _asks_for_json(args)
        with _errors(as_json=asked):
            context = super().make_context(info_name, args, *more, **extra)
        context.meta[_ASKED] = asked
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        with _errors(as_json=bool(ctx.meta.get(_ASKED))):
            return super().invoke(ctx)


def tell_failure(text: str, status: int) -> None:
    """Says on standard error why a command ends: a line, or an object where the words asked for JSON.

    Args:
        text: on one line.
        status: with which it ends; 2 is wrong usage.
    """
    if not _is_asked():
        click.echo(f"lotkeeper-server: {shown(text)}", err=True)
        return
    is_usage = status == EXIT_USAGE
    _write(
        {
            "code": "INVALID_ARGUMENT" if is_usage else "FAILED_PRECONDITION",
            "reason": "WRONG_USAGE" if is_usage else "LOCAL_FAILURE",
            "message": shown(text),
            "metadata": {},
            "fields": [],
        }
    )


def tell_warning(text: str) -> None:
    """Says on standard error what is wrong and stops nothing: a line, or an object with `warning`."""
    if _is_asked():
        _write({"warning": shown(text)})
    else:
        click.echo(f"lotkeeper-server: warning: {shown(text)}", err=True)


def _is_asked() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().meta.get(_ASKED))


def _asks_for_json(words: Sequence[str]) -> bool:
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


@contextmanager
def _errors(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        if not as_json:
            raise
        from lotkeeper.cli.usage_errors import error_object  # noqa: PLC0415 - only for an error, and it takes a while

        _write(error_object(error))
        sys.exit(error.exit_code)


def _write(one: dict[str, Any]) -> None:
    click.echo(json_text(one), err=True)
