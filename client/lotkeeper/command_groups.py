"""Groups of commands, for both command lines: their help says in full what each command does."""

from __future__ import annotations

import re
from typing import Final

import click

_IN_BRACKETS: Final = re.compile(r" \([^)]*\)")
_FIRST_SENTENCE: Final = re.compile(r"(?s)(.*?)(?:; |: (?=JSON|eval)|\.(?:\s|$)|\n\n|$)")


class CommandGroup(click.Group):
    """A group whose help has a line or two for each command, and no line that ends in dots."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, by name."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, summary_of(one)) for name, one in commands if one is not None and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def summary_of(command: click.Command) -> str:
    """What a command does: the first sentence of its help, without what stands in brackets or behind a semicolon."""
    if command.short_help:
        return command.short_help
    text = _IN_BRACKETS.sub("", " ".join((command.help or "").partition("\n\n")[0].split()))
    match = _FIRST_SENTENCE.match(text)
    assert match is not None  # it matches every text
    return f"{match[1].rstrip('.')}." if match[1] else ""
