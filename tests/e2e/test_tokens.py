"""Stored tokens: their default expiry, their last use, rotation with overlap, and a warning ahead of expiry."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client, Unauthenticated
from lotkeeper_server.cli.main import main

from tests import stores
from tests.abuse.tokens import metadata_of
from tests.server_process import ServerProcess

SOON_SECONDS = 30
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        yield process
    stores.give_back(process.database_url)


def command(server: ServerProcess, *arguments: str, **environment: str) -> Result:
    """`lotkeeper-server`, in this process: it is another one than that of the server all the same."""
    return CliRunner().invoke(main, [*arguments, "--database-url", server.database_url], env=environment)


def made(server: ServerProcess, *arguments: str, **environment: str) -> str:
    done = command(server, "token", *arguments, **environment)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def listed(server: ServerProcess, principal: str, **environment: str) -> list[dict[str, Any]]:
    """The tokens of a principal, oldest first."""
    entries = [json.loads(line) for line in made(server, "list", "--json", **environment).splitlines()]
    return [one for one in entries if one["name"] == principal]


def until(happens: Callable[[], bool]) -> None:
    end_seconds = time.monotonic() + SOON_SECONDS
    while not happens():
        assert time.monotonic() < end_seconds
        time.sleep(0.1)


def may_call(server: ServerProcess, token: str) -> bool:
    try:
        with Client(server.address, token=token) as client:
            client.list_permissions()
    except Unauthenticated:
        return False
    return True


def days_from_now(moment: str) -> float:
    """Of an RFC 3339 time."""
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds() / DAY_SECONDS


def test_a_token_expires_as_the_setting_says_unless_it_is_said_otherwise(server: ServerProcess) -> None:
    usual = {"LOTKEEPER_TOKEN_EXPIRY_DAYS": "90"}
    made(server, "create", "--name", "usual", "--role", "admin", **usual)
    made(server, "create", "--name", "usual", "--role", "admin", "--expires", "2d", **usual)
    made(server, "create", "--name", "usual", "--role", "admin", "--expires", "never", **usual)
    made(server, "create", "--name", "usual", "--role", "admin")
    expires = [one["expires"] for one in listed(server, "usual")]
    assert [None if one is None else round(days_from_now(one)) for one in expires] == [90, 2, None, None]


def test_a_rotated_token_goes_on_for_the_overlap(server: ServerProcess) -> None:
    """The new one has the same principal and roles, and lives as long as the old one was made for."""
    old = made(server, "create", "--name", "line 7", "--role", "admin", "--expires", "30d")
    [entry] = listed(server, "line 7")
    new = made(server, "rotate", entry["id"], "--overlap", "2d")
    assert may_call(server, old)
    assert may_call(server, new)
    first, second = listed(server, "line 7")
    assert (first["id"], first["roles"], second["roles"]) == (entry["id"], ["admin"], ["admin"])
    assert [round(days_from_now(one["expires"])) for one in (first, second)] == [2, 30]
    newest = made(server, "rotate", second["id"], "--overlap", "0h", "--expires", "never")
    until(lambda: not may_call(server, new))
    assert may_call(server, newest)
    assert command(server, "token", "rotate", second["id"]).exit_code == 1  # it is not valid any more
    assert command(server, "token", "rotate", new).exit_code == 2
    assert new not in command(server, "token", "rotate", new).output
    assert command(server, "token", "rotate", second["id"], "--overlap", "soon").exit_code == 2
    assert round(days_from_now(listed(server, "line 7")[0]["expires"])) == 2


def test_an_overlap_makes_no_token_live_longer(server: ServerProcess) -> None:
    made(server, "create", "--name", "brief", "--role", "admin", "--expires", "3h")
    [entry] = listed(server, "brief")
    made(server, "rotate", entry["id"], "--overlap", "2w")
    assert listed(server, "brief")[0]["expires"] == entry["expires"]


def test_the_last_use_of_a_token_is_noted_and_no_more_than_once_an_hour(server: ServerProcess) -> None:
    used = made(server, "create", "--name", "used", "--role", "admin")
    made(server, "create", "--name", "used", "--role", "admin")
    assert may_call(server, used)
    until(lambda: listed(server, "used")[0]["last_used"] is not None)
    before = listed(server, "used")
    assert before[1]["last_used"] is None
    assert "never used" in made(server, "list")
    for _ in range(3):
        assert may_call(server, used)
    time.sleep(6)  # a look later
    assert listed(server, "used") == before


def test_a_token_that_is_refused_is_not_used(server: ServerProcess) -> None:
    text = made(server, "create", "--name", "over", "--role", "admin", "--expires", "0h")
    assert not may_call(server, text)
    time.sleep(6)
    assert [one["last_used"] for one in listed(server, "over")] == [None]


def test_an_expiry_that_is_near_is_warned_of(server: ServerProcess) -> None:
    """In the log of a server, and in the list."""
    text = made(server, "create", "--name", "soon", "--role", "admin", "--expires", "3d")
    made(server, "create", "--name", "later", "--role", "admin", "--expires", "30d")
    assert [one["expires_soon"] for one in (*listed(server, "soon"), *listed(server, "later"))] == [True, False]
    assert [one["expires_soon"] for one in listed(server, "soon", LOTKEEPER_TOKEN_WARNING_DAYS="2")] == [False]
    assert "live, expires soon" in made(server, "list")
    assert server.terminate() == 0
    server.start()
    until(lambda: "tokens_expire_soon" in server.log())
    line = next(json.loads(line) for line in server.log().splitlines() if "tokens_expire_soon" in line)
    assert "soon" in {one["principal"] for one in line["tokens"]}
    assert "later" not in {one["principal"] for one in line["tokens"]}
    assert text not in server.log()
    assert metadata_of(text)[0][1] not in server.log()
