"""What keeps the server's command line from working is one line that says what to do."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from lotkeeper import Client, PermissionDenied

from tests.server_process import BINARIES, ServerProcess

_DROP_CAPABILITY = 24
_READS_ALL = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root enters every folder."""


def _as_one_of_many() -> None:
    """Makes modes count for root, too."""
    for capability in _READS_ALL:
        ctypes.CDLL(None).prctl(_DROP_CAPABILITY, capability, 0, 0, 0)


def program(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `lotkeeper-server`; a server that does start is a failure."""
    return subprocess.run(
        [BINARIES / "lotkeeper-server", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env=os.environ | environment,
        preexec_fn=_as_one_of_many,
    )


def line_of(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line on standard error."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("lotkeeper-server: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that may not be entered."""
    folder = tmp_path / "closed"
    (folder / "in").mkdir(parents=True)
    folder.chmod(0)
    return folder


@pytest.mark.parametrize("command", ["serve", "verify", "migrate", "demo"])
@pytest.mark.parametrize("place", ["store.db", "in/store.db"])
def test_a_store_in_a_folder_that_may_not_be_entered(closed: Path, command: str, place: str) -> None:
    """Whoever may not enter it is told which folder it is."""
    said = line_of(program(command, "--database-url", f"sqlite:///{closed / place}"), 1)
    assert f"{(closed / place).parent} of the store cannot be entered" in said
    assert "give --database-url with another folder" in said


def test_settings_in_a_folder_that_may_not_be_entered(closed: Path) -> None:
    """The file is named."""
    said = line_of(program("serve", "--config", closed / "settings.toml"), 2)
    assert f"the settings file {closed / 'settings.toml'} cannot be read: Permission denied" in said


def test_a_current_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """The default store would be made there."""
    tmp_path.chmod(0o500)
    said = line_of(program("run", "--listen", "127.0.0.1:0", cwd=tmp_path), 1)
    assert "data cannot be made: Permission denied; start it in another folder, or give --database-url" in said


@pytest.mark.parametrize("flag", ["listen", "http-listen", "metrics-listen"])
def test_an_address_that_is_in_use_is_told_with_the_flag_that_names_it(tmp_path: Path, flag: str) -> None:
    """A server has up to three; another --listen would not help the other two."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        addresses = {"listen": "127.0.0.1:0", flag: taken}
        flags = [part for name, address in addresses.items() for part in (f"--{name}", address)]
        done = program("run", "--log-level", "error", "--database-url", f"sqlite:///{tmp_path}/store.db", *flags)
    said = line_of(done, 1)
    assert f"the address {taken} cannot be listened on: it is in use; end what listens there" in said
    assert said.endswith(f"or give --{flag} another address\n")


@pytest.mark.parametrize("command", ["serve", "run"])
@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("nowhere.invalid:50051", "nowhere.invalid does not resolve"),
        ("a..b:50051", "a..b does not resolve"),
        ("192.0.2.1:50051", "192.0.2.1 is not an address of this machine"),
    ],
)
def test_an_address_that_leads_nowhere(tmp_path: Path, command: str, listen: str, why: str) -> None:
    """GRPC would have said that it is in use; the store is not made."""
    store = tmp_path / "store.db"
    said = line_of(program(command, "--database-url", f"sqlite:///{store}", "--listen", listen), 1)
    assert f"the address {listen} cannot be listened on: {why}" in said
    assert "give --listen an address of this machine" in said
    assert not store.exists()


def test_a_variable_that_nothing_reads(tmp_path: Path) -> None:
    """It is named, with the one that it may have been meant to be."""
    url = f"sqlite:///{tmp_path}/store.db"
    said = line_of(program("migrate", "--database-url", url, LOTKEEPER_DATABSE_URL="x"), 2)
    assert "the variable LOTKEEPER_DATABSE_URL is not a setting: did you mean LOTKEEPER_DATABASE_URL?" in said
    others = {
        "LOTKEEPER_ADDRESS": "plant-1",
        "LOTKEEPER_PROFILE": "plant-1",
        "LOTKEEPER_SERVICE_HOST": "10.0.0.1",
        "LOTKEEPER_PORT_50051_TCP_ADDR": "10.0.0.1",
        "LOTKEEPER_EMPTY": "",
    }
    assert program("migrate", "--database-url", url, **others).stdout == "migrated\n"


@pytest.mark.parametrize("missing", ["structlog", "sqlalchemy", "pydantic_settings"])
def test_started_without_its_extra(tmp_path: Path, missing: str) -> None:
    """It says what to install."""
    hidden = tmp_path / f"{missing}.py"
    hidden.write_text(f"raise ModuleNotFoundError('No module named {missing}', name='{missing}')\n")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    said = line_of(program("serve", PYTHONPATH=path), 1)
    assert said == f"lotkeeper-server: {missing} is not installed: pip install 'lotkeeper[server]'\n"


def test_lists_are_for_programs_too(own_server: ServerProcess) -> None:
    """One JSON object a line; a token's secret is in none."""
    roles = [json.loads(line) for line in own_server.run("role", "list", "--json").stdout.splitlines()]
    assert "admin" in {one["name"] for one in roles}
    assert next(one for one in roles if one["name"] == "admin")["permissions"] == ["*"]
    listed = own_server.run("token", "list", "--json").stdout
    [token] = [json.loads(line) for line in listed.splitlines()]
    assert (token["state"], token["roles"], token["expires"]) == ("live", ["admin"], None)
    assert own_server.token not in listed


def test_a_role_is_updated_for_all_who_have_it(own_server: ServerProcess) -> None:
    """What is not named stays; tokens need not be made again."""
    assert own_server.run("role", "create", "reader", "--permission", "UNIT.READ", "--streams-max", "3").returncode == 0
    token = own_server.run("token", "create", "--name", "screen", "--role", "reader").stdout.strip()
    with Client(own_server.address, token=token) as client:
        assert list(client.list_units_of_measure()) == []
        with pytest.raises(PermissionDenied):
            list(client.list_locations())
        assert own_server.run("role", "update", "reader", "--add", "LOCATION.READ").stdout == "role reader is updated\n"
        with Client(own_server.address, token=token) as again:
            _until_granted(again)
    assert (
        own_server.run("role", "update", "reader", "--remove", "UNIT.READ", "--streams-max", "default").returncode == 0
    )
    listed = [json.loads(line) for line in own_server.run("role", "list", "--json").stdout.splitlines()]
    reader = next(one for one in listed if one["name"] == "reader")
    assert (reader["permissions"], reader["limits"]["streams_max"]) == (["LOCATION.READ"], None)
    assert own_server.run("role", "update", "reader", "--permission", "LOT").returncode == 0
    assert "reader\tLOT\n" in own_server.run("role", "list").stdout


def _until_granted(client: Client) -> None:
    """A server looks at roles once a second."""
    for _ in range(1_000):
        if "LOCATION.READ" in client.list_permissions().granted_permissions:
            return
    pytest.fail("the permission was not granted")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none", "--add", "UNIT"), "there is no role none"),
        (("admin", "--permission", "UNIT"), "the role admin grants everything, and stays so"),
        (("reader", "--add", "UNITT"), "did you mean UNIT"),
        (("reader", "--add", "UNIT", "--permission", "LOT"), "--permission says all that it grants"),
        (("reader",), "nothing is to be changed"),
        (("reader", "--remove", "LOT"), "it does not grant LOT; it grants UNIT.READ"),
        (("reader", "--remove", "UNIT.READ"), "it would grant nothing: delete it instead"),
    ],
)
def test_an_update_of_a_role_that_makes_no_sense_is_refused(
    updated: ServerProcess, arguments: tuple[str, ...], said: str
) -> None:
    """The role stays as it is."""
    refused = updated.run("role", "update", *arguments)
    assert (refused.returncode > 0, said in refused.stderr) == (True, True), refused.stderr
    assert "reader\tUNIT.READ\n" in updated.run("role", "list").stdout


@pytest.fixture(scope="module")
def updated(server: ServerProcess) -> ServerProcess:
    """A store with a role."""
    server.run("role", "create", "reader", "--permission", "UNIT.READ")
    return server


def test_completion_of_the_server_knows_roles_permissions_and_tokens(updated: ServerProcess) -> None:
    """From the store that the variables name."""

    def completed(*words: str) -> list[str]:
        environment = {
            "_LOTKEEPER_SERVER_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("lotkeeper-server", *words)) + (" " if not words[-1] else ""),
            "COMP_CWORD": str(len(words)),
            "LOTKEEPER_DATABASE_URL": updated.database_url,
        }
        done = program(**environment)
        assert done.stderr == ""
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert {"serve", "role", "completion"} <= set(completed(""))
    assert completed("role", "delete", "rea") == ["reader"]
    assert "INVENTORY.READ" in completed("role", "update", "reader", "--add", "INV")
    assert len(completed("token", "revoke", "0")) == 1
    assert "_lotkeeper_server_completion" in program("completion", "bash").stdout


def test_completion_without_a_store_is_silent(tmp_path: Path) -> None:
    """And makes none."""
    environment = {
        "_LOTKEEPER_SERVER_COMPLETE": "bash_complete",
        "COMP_WORDS": "lotkeeper-server role delete ",
        "COMP_CWORD": "3",
        "LOTKEEPER_DATABASE_URL": f"sqlite:///{tmp_path}/none.db",
    }
    done = program(**environment)
    assert (done.stdout.strip(), done.stderr, list(tmp_path.iterdir())) == ("", "", [])


ERROR = {"code", "reason", "message", "metadata", "fields"}


@pytest.mark.parametrize(
    ("words", "code", "reason", "status", "said"),
    [
        (("doctor", "--json", "--bad"), "INVALID_ARGUMENT", "WRONG_USAGE", 2, "No such option"),
        (("nothing", "--json"), "INVALID_ARGUMENT", "WRONG_USAGE", 2, "No such command"),
        (("token", "list", "--json", "more"), "INVALID_ARGUMENT", "WRONG_USAGE", 2, "unexpected extra argument"),
        (("status", "--json", "--every", "0"), "INVALID_ARGUMENT", "WRONG_USAGE", 2, "0 is not in the range"),
        (
            ("role", "list", "--json", "--database-url", "sqlite:////no/x.db"),
            "FAILED_PRECONDITION",
            "LOCAL_FAILURE",
            1,
            "/no",
        ),
        (
            ("grants", "list", "--json", "--database-url", "sqlite:///none.db"),
            "FAILED_PRECONDITION",
            "LOCAL_FAILURE",
            1,
            "not exist",
        ),
    ],
)
def test_where_json_is_asked_for_an_error_is_one_object(
    tmp_path: Path, words: tuple[str, ...], code: str, reason: str, status: int, said: str
) -> None:
    """On standard error, of the shape that `lotkeeper` writes; without `--json` it is text."""
    done = program(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    error = json.loads(done.stderr)
    assert done.stderr.count("\n") == 1
    assert error.keys() == ERROR
    assert (error["code"], error["reason"]) == (code, reason)
    assert said in error["message"]
    plain = program(*(word for word in words if word != "--json"), cwd=tmp_path)
    assert plain.returncode == status
    assert said in plain.stderr
    assert not plain.stderr.startswith("{")


def test_a_warning_is_an_object_too_where_json_is_asked_for(tmp_path: Path) -> None:
    """It has another shape than an error: the command goes on."""
    settings = tmp_path / "settings.toml"
    settings.write_text('database_url = "postgresql+psycopg://lotkeeper:secret@127.0.0.1:1/none"\n')
    settings.chmod(0o644)
    done = program("token", "list", "--json", "--config", settings, cwd=tmp_path)
    warning, error = map(json.loads, done.stderr.splitlines())
    assert "mode 0644" in warning["warning"]
    assert error["reason"] == "LOCAL_FAILURE"
    assert "secret" not in done.stderr
