"""`lotkeeper access`: roles, tokens and grants on the command line, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client, Unauthenticated
from lotkeeper.cli import main

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

Run = Callable[..., Result]


@pytest.fixture
def run(server: ServerProcess) -> Run:
    """The command, in this process."""
    environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}

    def run(*words: str, status: int = 0) -> Result:
        done = CliRunner().invoke(main, ["access", *words], env=environment)
        assert done.exit_code == status, done.output
        return done

    return run


def values(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_role_is_made_changed_and_deleted(run: Run, client: Client) -> None:
    """What is not named stays; a limit goes back to the server's settings by `default`."""
    silo = ServedPlant(client).silo
    run("roles", "create", "mover", "--permission", "INVENTORY.READ", "--location", silo.path, "--streams-max", "3")
    run("roles", "update", "mover", "--add", "INVENTORY.WRITE.MOVE", "--calls-in-flight-max", "7")
    [role] = values(run("roles", "get", "mover", "--json"))
    assert role["permissions"] == ["INVENTORY.READ", "INVENTORY.WRITE.MOVE"]
    assert (role["locationPaths"], role["limits"]["streamsMax"], role["limits"]["callsInFlightMax"]) == (
        [silo.path], 3, 7,
    )  # fmt: skip
    run("roles", "update", "mover", "--remove", "INVENTORY.READ", "--everywhere", "--streams-max", "default")
    table = run("roles", "list", "--wide").stdout
    [line] = [line for line in table.splitlines() if line.startswith("mover")]
    assert "INVENTORY.WRITE.MOVE" in line
    assert "callsInFlightMax 7" in line
    assert silo.path not in line
    run("roles", "delete", "mover")
    assert "ROLE_NOT_FOUND" in run("roles", "get", "mover", status=1).stderr


def test_a_token_is_printed_once_rotated_and_revoked(run: Run, server: ServerProcess) -> None:
    """On a terminal the secret and nothing else; lists never have it."""
    run("roles", "create", "reader", "--permission", "LOT.READ")
    secret = run("tokens", "create", "line 7", "--role", "reader", "--expires", "+30d").stdout.strip()
    with Client(server.address, token=secret) as holder:
        assert list(holder.list_permissions().granted_permissions) == ["LOT.READ"]
    [old] = values(run("tokens", "list", "--principal", "line 7", "--json"))
    assert (old["roles"], old["live"], "secret" in old) == (["reader"], True, False)
    [made] = values(run("tokens", "rotate", old["id"], "--overlap-seconds", "0", "--json"))
    with Client(server.address, token=secret) as holder, pytest.raises(Unauthenticated):
        holder.list_permissions()
    with Client(server.address, token=made["secret"]) as holder:
        assert list(holder.list_permissions().granted_permissions) == ["LOT.READ"]
    run("tokens", "revoke", made["token"]["id"])
    assert values(run("tokens", "list", "--principal", "line 7", "--live", "--json")) == []
    assert made["secret"] not in run("tokens", "list", "--wide").stdout


def test_a_role_is_given_to_a_principal_and_taken(run: Run) -> None:
    run("roles", "create", "guest", "--permission", "UNIT.READ")
    run("grants", "give", "CN robot", "guest")
    [grant] = values(run("grants", "list", "--role", "guest", "--json"))
    assert (grant["principal"], grant["role"]) == ("CN robot", "guest")
    run("grants", "take", "CN robot", "guest")
    assert values(run("grants", "list", "--role", "guest", "--json")) == []


@pytest.mark.parametrize(
    "words",
    [
        ("roles", "update", "admin"),
        ("roles", "update", "admin", "--permission", "LOT", "--add", "UNIT"),
        ("roles", "update", "admin", "--location", "a", "--everywhere"),
        ("roles", "update", "admin", "--remove", "LOT"),
        ("roles", "create", "x"),
        ("tokens", "create", "x"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    """With the exit status of that; nothing is asked of the server that changes anything."""
    run(*words, status=2)
