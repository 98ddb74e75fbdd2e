"""What is typed wrongly, and what cannot be reached: in words for people, as an object for programs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from lotkeeper.cli import main
from lotkeeper.testing import LotkeeperServer

Run = Callable[..., Result]
ERROR = {"code", "reason", "message", "metadata", "fields"}


@pytest.fixture(scope="module")
def served() -> Iterator[LotkeeperServer]:
    """The demo plant."""
    with LotkeeperServer() as server:
        yield server


@pytest.fixture
def run(served: LotkeeperServer) -> Run:
    """Runs a command in this process."""

    def invoke(*words: str, **variables: str) -> Result:
        environment = {"LOTKEEPER_ADDRESS": served.address, "LOTKEEPER_TOKEN": served.token}
        return CliRunner().invoke(main, words, env=environment | variables)

    return invoke


WRONG = [
    (("foo",), "No such command 'foo'", None),
    (("operations", "lst"), "No such command 'lst'", None),
    (("lots", "list", "--bad"), "No such option '--bad'", "--bad"),
    (("lots", "get"), "Missing argument", "KEY"),
    (("lots", "list", "--limit", "0"), "0 is not in the range", "--limit"),
    (("lots", "list", "--columns", "nope"), "there is no column nope", None),
    (("execute", "Consume milk", "MILK-0815", "abc"), "abc is not a number", "QUANTITY"),
    (("records", "list", "--from", "5"), "5 is a bare number", "--from"),
    (("--timeout", "0", "lots"), "is not in the range", "--timeout"),
    (("--address", "http://plant", "lots"), "begins with http://", None),
    (("--token-file", "/nowhere", "lots"), "the token file /nowhere cannot be read", None),
    (("batch", "/nowhere"), "/nowhere", "FILE"),
]


@pytest.mark.parametrize(("words", "said", "field"), WRONG)
def test_wrong_usage_is_an_object_where_json_or_yaml_is_asked_for(
    run: Run, words: tuple[str, ...], said: str, field: str | None
) -> None:
    """On standard error, with exit status 2, wherever the form is asked for; text otherwise."""
    for asked in (("--json", *words), (*words, "--output=json"), (*words, "--json")):
        done = run(*asked)
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        error: dict[str, Any] = json.loads(done.stderr)
        assert (error.keys(), error["code"], error["reason"]) == (ERROR, "INVALID_ARGUMENT", "WRONG_USAGE")
        assert said in error["message"]
        assert [one["field"] for one in error["fields"]] == ([field] if field else [])
    assert yaml.safe_load(run("--output", "yaml", *words).stderr) == error
    for form in ((), ("--output", "csv")):
        told = run(*form, *words)
        assert (told.exit_code, told.stdout, said in told.stderr) == (2, "", True)


def test_no_command_at_all_is_an_object_too(run: Run) -> None:
    """People get the help."""
    error = json.loads(run("--json").stderr)
    assert (error["reason"], error["message"]) == ("WRONG_USAGE", "Missing command.")
    assert "Run operations:" in run().output


def test_what_fails_on_this_machine_is_an_object_too(run: Run, tmp_path: Path) -> None:
    """It is no wrong usage: the status is 1."""
    done = run("--json", "export", "--output", str(tmp_path / "none" / "file.csv"))
    error = json.loads(done.stderr)
    assert (done.exit_code, error["code"], error["reason"]) == (1, "FAILED_PRECONDITION", "LOCAL_FAILURE")


def test_a_file_that_cannot_be_read_is_one_object_with_its_cells(run: Run, tmp_path: Path) -> None:
    """Also where the server finds the fault; in lines otherwise."""
    for content, cell in (
        ("colour\nred\n", "units.csv, line 1, column 1"),
        ("name,symbol\n x,y\n", "units.csv, line 2"),
    ):
        file = tmp_path / "units.csv"
        file.write_text(content)
        words = ("plant", "apply", str(file), "--section", "units_of_measure")
        refused = run("--json", *words)
        error = json.loads(refused.stderr)
        assert (refused.exit_code, refused.stdout, error["code"]) == (1, "", "INVALID_ARGUMENT")
        assert cell in error["fields"][0]["description"]
        for form in ((), ("--output", "csv")):
            first, *_, last = run(*form, *words).stderr.splitlines()
            assert (first.startswith(cell), last.startswith("refused: INVALID_ARGUMENT: ")) == (True, True)


def test_an_empty_list_says_so_on_a_terminal_only(run: Run) -> None:
    """A pipe has the titles, or nothing."""
    done = run("lots", "list", "--name-prefix", "none such")
    assert (done.exit_code, done.stdout.split()[:2], done.stderr) == (0, ["ID", "NAME"], "")


def test_a_refusal_has_the_form_that_a_later_word_asks_for(run: Run) -> None:
    """A name is looked up while the words are read."""
    refused = run("operations", "get", "Consume milc", "-ojson")
    assert (refused.exit_code, json.loads(refused.stderr)["reason"]) == (1, "INVENTORY_OPERATION_NOT_FOUND")
    several = run("lots", "get", "MILK-0815", "-ojson", "--columns", "id", "--json")
    assert json.loads(several.stdout).keys() == {"id"}


def test_a_quantity_is_called_as_it_was_typed(run: Run) -> None:
    """Not by the field that its exact text travels in."""
    assert run("execute", "Consume milk", "MILK-0815", "-5").stderr == (
        "refused: INVALID_ARGUMENT: quantity: -5 is negative\n"
    )
    error = json.loads(run("convert", "-5", "t", "kg", "--json").stderr)
    assert [one["field"] for one in error["fields"]] == ["quantity"]


def test_a_name_with_characters_that_no_name_has_is_not_found(run: Run) -> None:
    """The refusal does not speak of what was asked to find it."""
    for name, status, lot, operation in (
        ("MILK\x1b[31m", 1, "has a control character", "There is no inventory operation"),
        ("MILK\udcff", 2, "has characters that are not Unicode's", "has characters that are not Unicode's"),
    ):
        for words, said in ((("lots", "get"), lot), (("trace",), lot), (("operations", "get"), operation)):
            done = run(*words, name)
            assert (done.exit_code, said in done.stderr) == (status, True), done.stderr
            assert "name_prefix" not in done.stderr
            assert "\x1b" not in done.stderr


@pytest.mark.parametrize("token", [None, "lk_unknown"])
def test_without_a_token_that_the_server_knows_it_says_what_to_do(run: Run, token: str | None, tmp_path: Path) -> None:
    """In the refusal itself, and in a check."""
    variables = {"LOTKEEPER_TOKEN": token or "", "XDG_STATE_HOME": str(tmp_path)}
    said = (
        "give --token-file or LOTKEEPER_TOKEN" if token is None else "this server does not know that of LOTKEEPER_TOKEN"
    )
    refused = run("lots", "list", **variables)
    assert (refused.exit_code, said in refused.stderr, refused.stderr.count("\n")) == (1, True, 1), refused.stderr
    assert "lotkeeper-server token" in refused.stderr
    checked = run("check", "--json", **variables)
    advice = next(one["advice"] for one in map(json.loads, checked.stdout.splitlines()) if one["check"] == "token")
    assert said.casefold() in advice.casefold()


def test_check_and_all_that_answers_have_every_form(run: Run) -> None:
    """JSON, YAML and CSV of the same."""
    rows = [json.loads(line) for line in run("check", "--json").stdout.splitlines()]
    assert [one["check"] for one in rows] == ["address", "TLS", "token", "version", "clock", "round trip"]
    assert [one["check"] for one in yaml.safe_load(run("check", "-o", "yaml").stdout)] == [one["check"] for one in rows]
    lines = run("check", "-o", "csv").stdout.splitlines()
    assert (lines[0], len(lines)) == ("check,state,text,advice", len(rows) + 1)
    assert run("permissions", "-o", "csv").stdout.splitlines()[:2] == ["list,permission", "GRANTED,*"]
    assert run("convert", "2", "t", "kg", "--output", "csv").stdout == "quantity\n2000\n"
    held = run("lots", "hold-traced", "MILK-0815", "--dry-run", "-o", "csv").stdout.splitlines()
    assert held[0].startswith("result,inventory_lot_id,")
    assert held[1].startswith("HELD,")


def groups(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The groups of commands, and the whole."""
    if isinstance(command, click.Group):
        yield words
        for name, below in command.commands.items():
            yield from groups(below, (*words, name))


@pytest.mark.parametrize("words", list(groups(main)), ids=" ".join)
def test_the_help_says_in_full_what_each_command_does(words: tuple[str, ...]) -> None:
    """At 80 columns; no line ends in dots."""
    shown = CliRunner().invoke(main, [*words, "--help"], terminal_width=80).stdout
    assert "..." not in shown.replace("[ARGS]...", "").replace("NAME,...", "")
    assert max(map(len, shown.splitlines())) <= 80


def test_ctrl_c_during_the_start_leaves_no_stack() -> None:
    """Imports take a moment; whoever regrets then sees nothing of them."""
    program = (
        "import signal, sys, lotkeeper_command\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name == 'lotkeeper.cli': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "lotkeeper_command.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
