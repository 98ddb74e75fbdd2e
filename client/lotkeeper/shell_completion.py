"""Completion in a shell, for both command lines: the script, and what is written in the place of a name with spaces."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

_TO_ESCAPE: Final = re.compile(r"""([\s\\'"`$&|;<>()\[\]{}*?!#~])""")
_QUOTES: Final = ("'", '"')


class EscapingBashComplete(BashComplete):
    """Bash puts a completion into the line as it is, so what has a meaning there gets a backslash."""

    def format_completion(self, item: CompletionItem) -> str:
        """What bash reads: the kind, and the value; line feeds end it."""
        value = str(item.value).replace("\n", " ")
        if item.type == "plain" and not _is_quoted():
            value = _TO_ESCAPE.sub(r"\\\1", value)
        return f"{item.type},{value}".replace("\\", "\\\\")  # its `read` takes one away


def _is_quoted() -> bool:
    """Whether the word that is typed has an open quote in front, within which nothing is escaped."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    try:
        word = words[int(os.environ.get("COMP_CWORD", ""))]
    except (IndexError, ValueError):
        return False
    return word.startswith(_QUOTES)


add_completion_class(EscapingBashComplete)


def completion_command(root: Callable[[], click.Command], program: str) -> click.Command:
    """`completion`: prints the script that completes a program.

    Args:
        root: the command line, once it is made.
        program: its name.
    """

    def completion(shell: str) -> None:
        completion_class = get_completion_class(shell)
        assert completion_class is not None
        variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
        click.echo(completion_class(root(), {}, program, variable).source())

    text = f'Print the script that completes `{program}` in a shell: eval "$({program} completion bash)".'
    argument = click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
    return click.command("completion", help=text)(argument(completion))
