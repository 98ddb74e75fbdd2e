"""The words of a command line, in any order."""

from __future__ import annotations

import pytest
from lotkeeper.cli import main
from lotkeeper.cli.words import form_asked, in_order


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("inventory --json", "--json inventory"),
        ("inventory --address plant-1 --utc", "--address plant-1 --utc inventory"),
        ("lots get A --address=plant-1", "--address=plant-1 lots get A"),
        ("--utc records list --limit 3 --timeout 4", "--utc --timeout 4 records list --limit 3"),
        ("trace A --json file.json", "trace A --json file.json"),  # a command's own option stays with it
        ("trace A --json", "trace A --json"),
        ("trace --json -- A", "trace --json -- A"),
        ("units delete A --version 3", "units delete A --version 3"),
        ("consume A 1 --from P --notes --json", "consume A 1 --from P --notes --json"),  # a value, not an option
        ("execute O A -5", "execute -- O A -5"),
        ("execute O A -5 --json", "--json execute -- O A -5"),
        ("execute O -.5 --material M", "execute --material M -- O -.5"),
        ("records list --from -2d", "records list --from -2d"),
        ("inventory --location P summary --by lot", "inventory --location P summary --by lot"),
        ("export -ofile", "export -ofile"),
        ("lots list -ojson --utc", "--utc lots list -ojson"),
        ("lots get -- --json", "lots get -- --json"),
        ("lots get --nonsense A", "lots get --nonsense A"),
        ("operations get operations", "operations get operations"),
    ],
)
def test_options_stand_anywhere_and_negative_numbers_are_arguments(typed: str, read: str) -> None:
    """A value stays behind its option, and an option of a command with the command."""
    assert in_order(main, typed.split()) == read.split()


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("lots", None),
        ("--json foo --bar", "json"),
        ("lots list --output yaml --bad", "yaml"),
        ("lots list -ojson", "json"),
        ("--output=csv lots -o json", "json"),
        ("export -o json", None),  # a file
        ("consume A 1 --notes --json", None),  # a value
        ("trace A --json file.json", "json"),
        ("lots get -- --json", None),
    ],
)
def test_the_form_is_known_before_anything_else_of_the_words(typed: str, form: str | None) -> None:
    """So that an error has it, too."""
    assert form_asked(main, typed.split()) == form
