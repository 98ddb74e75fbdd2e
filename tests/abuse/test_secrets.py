"""Secrets are looked for wherever somebody else could read them: outputs, logs, stacks, lists of processes, files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import click
import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client, TokenFault
from lotkeeper.cli import main as command
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper_server.cli import main as server_command
from lotkeeper_server.settings import read_settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.store_url import hidden_password
from lotkeeper_server.transport import TlsPair

from tests.certificates import made_certificate
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

TOKEN: Final = "lk_SECRETsecretSECRETsecretSECRETsecretSECRETsecr"
NOT_SENDABLE: Final = {
    "line_feed": f"{TOKEN}\n{TOKEN}",
    "return": f"{TOKEN}\r{TOKEN}",
    "byte_order_mark": f"\ufeff{TOKEN}",
    "nul": f"\x00{TOKEN}",
    "escape": f"\x1b[8m{TOKEN}",
    "umlaut": f"{TOKEN}ü",
    "space": f"{TOKEN} {TOKEN}",
    "bidirectional": f"{TOKEN}\u202e",
    "blank": "  ",
}
URLS: Final = (
    "postgresql+psycopg://u:SECRET@127.0.0.1:1/db",
    "postgresql+psycopg://u:p@SECRET@127.0.0.1:1/db",
    "postgresql+psycopg://u:p@SECRET:x@127.0.0.1:1/db",
    "postgresql+psycopg://u:p/SECRET@127.0.0.1:1/db",
    "postgresql+psycopg://u:p?SECRET@127.0.0.1:1/db",
    "postgresql+psycopg://u:p#SECRET@127.0.0.1:1/db",
    "postgresql+psycopg://u:p SECRET@127.0.0.1:1/db",
    "postgresql+psycopg://u:SECRET/db",
    "postgresql+psycopg://127.0.0.1:1/db?password=SECRET",
    "postgresql+psycopg://127.0.0.1:1/db?password=a@SECRET",
    "postgresql+psycopg://127.0.0.1:1/db?passwrd=SECRET",
    "postgresql+psycopg://u:SECRET@127.0.0.1:1,127.0.0.1:2/db",
    "postgresql+psycopg//u:SECRET@127.0.0.1:1/db",
    "mariadb+pymysql://u:SECRET@127.0.0.1:1/db",
    "mariadb+pymysql://u@127.0.0.1:1/db?password=SECRET",
    "mysql://u:SECRET@127.0.0.1:1/db",
    "SECRET",
)


_BROKEN: Final = f"""
from lotkeeper_server.cli.main import main
from lotkeeper_server.rpc.methods import list_permissions
import sqlalchemy

def fails(self, *_arguments, **_more):
    local = "{TOKEN}"
    engine = sqlalchemy.create_engine("sqlite://", hide_parameters=True)
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT * FROM nowhere WHERE a = :a"), {{"a": "SECRET parameter"}})
    except Exception as error:
        raise RuntimeError("Bearer {TOKEN} at postgresql://u:p@SECRET@host/db?password=SECRET") from error

list_permissions.Permissions.ListPermissions = fails
main()
"""  # noqa: S608 - a test of what it shows


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LOTKEEPER_TOKEN")]:
        monkeypatch.delenv(name)


def run(program: click.Group, *arguments: str | Path, **environment: str | Path) -> Result:
    """Runs a command of ours in this process, which is ten times faster than in one of its own."""
    words = [str(word) for word in arguments]
    return CliRunner().invoke(program, words, env={name: str(value) for name, value in environment.items()})


def said(done: Result) -> str:
    """All that it wrote; it ended as it should, and nothing is secret."""
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert "SECRET" not in done.output, done.output
    return done.output


@pytest.mark.parametrize("kind", NOT_SENDABLE)
def test_a_token_that_cannot_be_sent_is_one_line_that_does_not_show_it(tmp_path: Path, kind: str) -> None:
    """By the environment, a file or a program."""
    token = NOT_SENDABLE[kind]
    with pytest.raises(TokenFault) as fault:
        Client("127.0.0.1:1", token=token)
    assert "SECRET" not in f"{fault.value} {fault.value.__cause__} {fault.value.__context__}"
    file = tmp_path / "token"
    file.write_bytes(token.encode("utf-16" if kind == "byte_order_mark" else "utf-8"))
    file.chmod(0o600)
    words = ("--address", "127.0.0.1:1", "--timeout", "0.2", "permissions")
    outcomes = [run(command, "--token-file", file, *words), run(command, *words, LOTKEEPER_TOKEN_FILE=file)]
    if "\x00" not in token:
        outcomes.append(run(command, *words, LOTKEEPER_TOKEN=token))
    for done in outcomes:
        assert done.exit_code == 2, done.output
        assert "the token" in said(done)


def test_a_token_comes_by_file_for_the_command_line_and_for_programs(
    own_server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line feed of an editor and the mark of Windows; a file that others can read is warned about."""
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf" + own_server.token.encode() + b"\r\n")
    file.chmod(0o600)
    by_file = {"LOTKEEPER_TOKEN_FILE": str(file), "LOTKEEPER_ADDRESS": own_server.address}
    done = run(command, "permissions", **by_file)
    assert (done.exit_code, done.stderr) == (0, "")
    for name, value in by_file.items():
        monkeypatch.setenv(name, value)
    with Client(own_server.address) as client:
        assert client.list_permissions().granted_permissions
    file.chmod(0o644)
    warned = run(command, "permissions", **by_file)
    assert warned.exit_code == 0
    assert warned.stderr == f"warning: the token file {file} has mode 0644: other users can read it\n"
    both = run(command, "permissions", LOTKEEPER_TOKEN=own_server.token, **by_file)
    assert (both.exit_code, own_server.token in both.stdout + both.stderr) == (2, False)


def test_what_shows_variables_does_not_show_secrets() -> None:
    """Debuggers, stacks with variables, and errors that show what they were given."""
    with Client("127.0.0.1:1", token=TOKEN) as client:
        connections = client._transport._connections
        assert "SECRET" not in repr((vars(client), vars(client._transport), vars(connections), connections._endpoints))
    settings = read_settings({"database_url": URLS[0]}, None)
    assert "SECRET" not in f"{settings!r} {settings} {Store(settings.database_url).url!r}"
    assert "SECRET" not in repr(TlsPair(b"", b"SECRET"))


@pytest.mark.parametrize("url", URLS)
def test_no_part_of_a_password_in_a_url_is_shown(tmp_path: Path, url: str) -> None:
    """Wherever it stands, and whether or not the URL can be read; by every way to give it."""
    assert "SECRET" not in hidden_password(url)
    file = tmp_path / "url"
    file.write_text(url + "\n")
    file.chmod(0o600)
    for done in (
        run(server_command, "migrate", "--database-url-file", file),
        run(server_command, "migrate", "--database-url", url),
        run(server_command, "token", "list", LOTKEEPER_DATABASE_URL=url),
    ):
        assert done.exit_code == 1
        said(done)


def test_wrong_usage_does_not_repeat_a_secret(tmp_path: Path) -> None:
    """A token or a URL in the place of something else, and a token where its id was meant."""
    store = f"sqlite:///{tmp_path}/store.db"
    run(server_command, "migrate", "--database-url", store)
    for arguments in (
        ("token", "revoke", TOKEN),
        ("token", "revoke", "SECRET"),
        ("token", "revoke", "--name", TOKEN),
        ("token", "list", TOKEN),
        (TOKEN,),
        ("serve", URLS[0]),
        ("serve", "--listen", URLS[1]),
        ("role", "create", "x", "--permission", TOKEN),
        ("role", "delete", TOKEN),
        ("archive", "--yes", "--before", TOKEN),
    ):
        on_store = () if arguments[0] in {"serve", TOKEN} else ("--database-url", store)
        done = run(server_command, *arguments, *on_store)
        assert done.exit_code in {1, 2}, arguments
        said(done)
    for arguments in ((TOKEN,), (f"--token={TOKEN}",), ("permissions", TOKEN), ("--timeout", TOKEN, "permissions")):
        done = run(command, *arguments)
        assert done.exit_code == 2, arguments
        said(done)


def test_a_password_on_the_command_line_is_warned_about_and_one_from_a_file_is_not(tmp_path: Path) -> None:
    """Other users can read the list of processes."""
    url = "postgresql+psycopg://u:SECRET@127.0.0.1:1/db"
    assert "list of processes" in said(run(server_command, "migrate", "--database-url", url))
    file = tmp_path / "url"
    file.write_text(url)
    file.chmod(0o600)
    assert "warning" not in said(run(server_command, "migrate", LOTKEEPER_DATABASE_URL_FILE=file))
    file.chmod(0o644)
    assert f"{file} has mode 0644" in said(run(server_command, "migrate", "--database-url-file", file))
    both = run(server_command, "migrate", LOTKEEPER_DATABASE_URL_FILE=file, LOTKEEPER_DATABASE_URL=url)
    assert (both.exit_code, "database_url_file" in said(both)) == (2, True)
    settings = tmp_path / "server.toml"
    settings.write_text(f'database_url = "{url}"\n')
    settings.chmod(0o644)
    assert f"{settings} has mode 0644" in said(run(server_command, "--config", str(settings), "migrate"))


def test_the_list_of_processes_shows_no_secret_of_a_server_that_got_it_by_file(tmp_path: Path) -> None:
    """Nor does its log."""
    file = tmp_path / "url"
    file.write_text(f"sqlite:///{tmp_path}/in-the-file.db")
    with subprocess.Popen(
        [BINARIES / "lotkeeper-server", "serve", "--database-url-file", file, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Lotkeeper serves on ")
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.terminate()
        _, log = process.communicate(timeout=30)
    assert b"in-the-file" not in shown
    assert "in-the-file" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="modes of files")
def test_stores_archives_and_their_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    """Whatever the umask, with what SQLite puts beside the store."""
    before = os.umask(0)
    try:
        server = ServerProcess(tmp_path, database_url=f"sqlite:///{tmp_path}/fresh.db")
        assert server.run("migrate").returncode == 0
        with server, Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
            long_ago = int(time.time() - 3 * 86_400) * 1_000
            client.execute_inventory_operation(operation.id, "L", 1.0, end_date_millis=long_ago)
            beside = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("fresh.db*")}
            assert beside == dict.fromkeys(("fresh.db", "fresh.db-shm", "fresh.db-wal"), 0o600)
        done = server.run("archive", "--yes", "--before", "1d", "--request-id-days", "0.000001")
    finally:
        os.umask(before)
    assert done.stdout.startswith("1 records from before "), done.stdout + done.stderr
    assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o700
    (file,) = (tmp_path / "archive").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_files_that_others_can_read_are_warned_about_at_the_start(tmp_path: Path) -> None:
    """The TLS key and the store."""
    certificate, key = made_certificate(tmp_path, "server")
    flags = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    server = ServerProcess(tmp_path, flags=flags)
    with server:
        assert "secret_exposed" not in server.log()
    key.chmod(0o604)
    Path(server.database_url.removeprefix("sqlite:///")).chmod(0o666)
    with server:
        log = server.log()
    assert f"the TLS key {key} has mode 0604: other users can read it" in log
    assert "has mode 0666: other users can change it" in log


def test_a_fault_is_logged_without_what_callers_and_operators_keep_secret(tmp_path: Path) -> None:
    """A stack in the log has neither variables, nor the parameters of statements, nor a URL's password."""
    server = ServerProcess(tmp_path, program=(sys.executable, "-c", _BROKEN, "serve"))
    with server, Client(server.address, token=server.token) as client:
        with pytest.raises(Exception, match="INTERNAL"):
            client.list_permissions()
        with pytest.raises(Exception, match=r"NOT_FOUND"):
            client.get_location("SECRET place")
        list(client.export_inventory_operations(export_format=enums_pb2.EXPORT_FORMAT_CSV))
    log = server.log()
    assert "RuntimeError" in log
    assert "nowhere" in log
    assert "SECRET" not in log
