"""Errors of a command line, which repeat what was typed: without secrets, and without what a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from lotkeeper.command_groups import CommandGroup
from lotkeeper.redaction import without_secrets
from lotkeeper.visible_text import visible

_TEXTS: Final = ("message", "ui_filename")


def shown(text: str) -> str:
    """A text on one line, without secrets and without what a terminal would obey."""
    return visible(without_secrets(text))


class Group(CommandGroup):
    """A group of commands whose errors are shown like that."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with errors_shown():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with errors_shown():
            return super().invoke(ctx)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Changes the text of an error of click on its way out."""
    try:
        yield
    except click.ClickException as error:
        # click means its texts to be final; there is no other place through which all of them pass.
        vars(error).update({name: shown(getattr(error, name)) for name in _TEXTS if hasattr(error, name)})
        raise
    except UnicodeEncodeError as error:
        if error.encoding != "utf-8":  # standard output has another
            raise
        raise click.UsageError("an argument or a name in a file has characters that are not Unicode's") from None
