"""Every command of `lotkeeper-server` that opens a store, found by walking, on stores that cannot be used."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from lotkeeper_server.cli import main

from tests.e2e.test_server_cli_faults import line_of, program

FREE = ("--listen", "127.0.0.1:0")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "serve": FREE,
    "run": FREE,
    "archive": ("--before", "400d"),
    "role create": ("x", "--permission", "LOT"),
    "role update": ("x", "--add", "LOT"),
    "role delete": ("x",),
    "token create": ("--name", "a", "--role", "admin"),
    "token revoke": ("01JPAND53P-BZ61RZHZ-V7C6EEHG",),
    "token rotate": ("01JPAND53P-BZ61RZHZ-V7C6EEHG",),
    "grant": ("line 1", "admin"),
    "revoke": ("line 1", "admin"),
    "restore": ("--renew-epoch",),
}
"""What a command needs; a new one that needs something gets a line here."""
TELLS_OF_ALL = {"backup", "doctor", "status"}
"""Commands that say of a bad store what it is like, or take it as it is; each has tests of its own."""
READS_ONLY = {"verify", "role list", "token list", "grants list"}


def commands(command: click.Command = main, name: tuple[str, ...] = ()) -> Iterator[str]:
    """Those that take --database-url."""
    if any(option.name == "database_url" for option in command.params):
        yield " ".join(name)
    for below, one in command.commands.items() if isinstance(command, click.Group) else ():
        yield from commands(one, (*name, below))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each kind."""
    folder = tmp_path_factory.mktemp("stores")
    made = {kind: folder / f"{kind}.db" for kind in ("text", "newer", "other", "good")}
    made["text"].write_text("no database, but long enough to be taken for the first page of one\n" * 20)
    done = CliRunner().invoke(main, ["migrate", "--database-url", f"sqlite:///{made['good']}"])
    assert done.exit_code == 0, done.output
    shutil.copy(made["good"], made["newer"])
    for kind, statement in (
        ("newer", "UPDATE alembic_version SET version_num = '9999'"),
        ("newer", "UPDATE store_state SET serves_from = '9999'"),
        ("other", "CREATE TABLE x(a)"),
    ):
        with closing(sqlite3.connect(made[kind])) as connection:
            connection.execute(statement)
            connection.commit()
    for file in made.values():
        file.chmod(0o600)
    return made | {"nofolder": folder / "none" / "store.db"}


def test_the_walk_finds_the_commands() -> None:
    """All that open a store."""
    assert set(commands()) >= ARGUMENTS.keys() | READS_ONLY | {"migrate", "demo"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "file is not a database; name another file in --database-url"),
        ("newer", "The store was written by a newer version of Lotkeeper; upgrade this program."),
        ("other", "The database holds tables that are not Lotkeeper's; name an empty one."),
        ("nofolder", "make it, or give --database-url with another"),
    ],
)
@pytest.mark.parametrize("command", sorted(set(commands()) - TELLS_OF_ALL))
def test_a_store_that_cannot_be_used_is_one_line_that_says_what_to_do(
    stores: dict[str, Path], command: str, kind: str, said: str
) -> None:
    """In this process, since each command has to be started."""
    words = [*command.split(), *ARGUMENTS.get(command, ()), "--database-url", f"sqlite:///{stores[kind]}"]
    done = CliRunner().invoke(main, words)
    assert isinstance(done.exception, SystemExit), done.exc_info
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.startswith("lotkeeper-server: ")
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("command", sorted(set(commands()) - READS_ONLY - TELLS_OF_ALL - {"run"}))
def test_a_store_that_may_not_be_written_is_one_line_that_says_what_to_do(
    stores: dict[str, Path], tmp_path: Path, command: str
) -> None:
    """The file and its folder are another user's."""
    store = tmp_path / "store.db"
    shutil.copy(stores["good"], store)
    store.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        words = [*command.split(), *ARGUMENTS.get(command, ())]
        said = line_of(program(*words, "--database-url", f"sqlite:///{store}"), 1)
        advice = "let this user write the file and its folder" if command == "migrate" else "give it to this user"
        assert advice in said
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("quee_max = 1", "quee_max is not a setting: did you mean queue_max?"),
        ("colour_of_the_shed = 1", "colour_of_the_shed is not a setting: lotkeeper-server serve --help names all"),
        ("x = [", "settings.toml is not TOML: "),
        ('listen = "nonsense"', "listen: give HOST:PORT, such as 127.0.0.1:50051"),
    ],
)
def test_a_settings_file_that_cannot_be_used_says_what_to_correct(tmp_path: Path, settings: str, said: str) -> None:
    """Without a word of the libraries that read it."""
    file = tmp_path / "settings.toml"
    file.write_text(settings)
    done = CliRunner().invoke(main, ["verify", "--config", str(file)])
    assert (done.exit_code, said in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.stderr


def test_no_command_writes_in_the_help_what_is_cut() -> None:
    """Neither here nor in a group below."""
    for words in ((), ("role",), ("token",)):
        shown = CliRunner().invoke(main, [*words, "--help"], terminal_width=80).stdout
        assert "..." not in shown.replace("[ARGS]...", "")
        assert shown.startswith("Usage: ")
