"""The words of a command line, put in the order in which click reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import click

_NEGATIVE: Final = re.compile(r"-\.?[0-9].*", re.DOTALL)
"""What begins like a negative number; no option does."""
_END_OF_OPTIONS: Final = "--"


def in_order(root: click.Group, words: Sequence[str]) -> list[str]:
    """The options of the root in front, wherever they stand, and negative numbers where no option is looked for.

    An option that a command has itself stays with it, and a word that an option takes stays behind that option.

    Args:
        root: the whole command line.
        words: as they were typed, without the program.
    """
    return _read(root, words).in_order()


def form_asked(root: click.Group, words: Sequence[str]) -> str | None:
    """The form that the words ask for, also where nothing else of them makes sense; None: they do not say."""
    return _read(root, words).form


def _read(root: click.Group, words: Sequence[str]) -> _Words:
    found, level = _Words(), _Level(root)
    global_options = _options(root)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == _END_OF_OPTIONS:
            level.take_arguments(*rest)
            level.ends_options = True
            break
        name = word.partition("=")[0]
        if _NEGATIVE.fullmatch(word):
            level.take_arguments(word)
            level.ends_options = True
        elif level.owns(name):
            taken = [word, *_values(level.option(name), word, rest)]
            level.take_options(*taken)
            found.note_form(level.option(name), taken)
        elif name in global_options:
            taken = [word, *_values(global_options[name], word, rest)]
            found.global_options += taken
            found.note_form(global_options[name], taken)
        elif not word.startswith("-") or word == "-":
            below = level.below(word)
            if below is None:
                level.take_arguments(word)
            else:
                found.levels.append(level)
                level = below
        else:
            level.take_options(word)  # click says that there is no such option
    found.levels.append(level)
    return found


@dataclass
class _Level:
    """The words of one command, without those of commands below it."""

    command: click.Command
    name: str | None = None
    ends_options: bool = False

    def __post_init__(self) -> None:
        self._options = _options(self.command)
        self._typed: list[str] = []
        self._own: list[str] = []
        self._arguments: list[str] = []

    def take_options(self, *words: str) -> None:
        self._typed += words
        self._own += words

    def take_arguments(self, *words: str) -> None:
        self._typed += words
        self._arguments += words

    def in_order(self) -> list[str]:
        """As they were typed, unless something could be taken for an option."""
        name = [] if self.name is None else [self.name]
        if self.ends_options:
            return [*name, *self._own, _END_OF_OPTIONS, *self._arguments]
        return name + self._typed

    def owns(self, option: str) -> bool:
        return self.name is not None and (option in self._options or option[:2] in self._short)

    def option(self, name: str) -> click.Parameter:
        return self._options.get(name) or self._options[name[:2]]

    @property
    def _short(self) -> set[str]:
        """`-o`, which may have its value without a space."""
        return {name for name in self._options if len(name) == 2 and name[1] != "-"}

    def below(self, word: str) -> _Level | None:
        """The level of a command below this one; None where the word is none."""
        commands = self.command.commands if isinstance(self.command, click.Group) else {}
        return _Level(commands[word], word) if word in commands and not self._arguments else None


@dataclass
class _Words:
    global_options: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    form: str | None = None

    def note_form(self, option: click.Parameter, words: Sequence[str]) -> None:
        """The last option counts, as click has it."""
        if "--json" in option.opts:
            self.form = "json"
        elif option.name == "form":
            self.form = words[-1].removeprefix("--output=").removeprefix("-o")

    def in_order(self) -> list[str]:
        words = self.global_options
        for level in self.levels:
            words = words + level.in_order()
        return words


def _options(command: click.Command) -> dict[str, click.Parameter]:
    return {
        name: parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _values(option: click.Parameter, word: str, rest: list[str]) -> list[str]:
    """Takes the words that are the option's values; none where the value stands in the option's own word."""
    assert isinstance(option, click.Option)
    if word not in (*option.opts, *option.secondary_opts) or option.is_flag or option.count:
        return []
    if option._flag_needs_value:  # noqa: SLF001 - an option with or without a value, as click knows it
        return [rest.pop(0)] if rest and not rest[0].startswith("-") else []
    values, rest[: option.nargs] = rest[: option.nargs], []
    return values
