"""A command that changes roles or tokens while a call does: one waits for the other, and neither is ended for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from click.testing import CliRunner, Result
from lotkeeper_server.access.roles import add_role, change_role, list_roles
from lotkeeper_server.cli.main import main
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.state.definitions import lock_versions
from sqlalchemy import text

from tests import stores
from tests.galera import GaleraCluster

BUSY_MACHINE_SECONDS = 20
LONGER_THAN_MARIADB_WAITS_SECONDS = 1.5
_WAITING = {
    "postgresql": "SELECT COUNT(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'",
    "mysql": "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    "mariadb": "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
}


@pytest.fixture(params=["postgresql", pytest.param("galera", marks=pytest.mark.galera)])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a store on which several transactions write at a time."""
    if request.param == "postgresql":
        yield stores.migrated_postgresql_url()
        return
    if missing := GaleraCluster.missing():
        pytest.skip(missing)
    databases = stores.galera_databases()
    made = databases.take()
    yield made
    databases.give_back(made)


@pytest.mark.parametrize(
    "command",
    [
        ["role", "update", "clerk", "--add", "LOT.READ"],
        ["role", "delete", "clerk"],
        ["grant", "somebody", "clerk"],
        ["token", "create", "--name", "x", "--role", "clerk"],
    ],
)
def test_a_command_that_meets_a_call_waits_for_it_before_it_holds_anything(url: str, command: list[str]) -> None:
    """The call has locked the versions and goes on to the role; the command came in between."""
    done: list[Result] = []

    def run() -> None:
        done.append(CliRunner().invoke(main, [*command, "--database-url", url]))

    with closing(Store(url)) as store:
        with store.write() as connection:
            add_role(connection, "clerk", {"INVENTORY.READ"}, now_millis())
        with store.write() as connection:
            lock_versions(connection)
            running = threading.Thread(target=run)
            running.start()
            _until_somebody_waits(store, done)
            time.sleep(LONGER_THAN_MARIADB_WAITS_SECONDS)
            change_role(connection, "clerk", {"INVENTORY"})
        running.join(BUSY_MACHINE_SECONDS)
        (result,) = done
        assert result.exit_code == 0, result.output + result.stderr
        with store.read() as connection:
            roles = list_roles(connection)
    if command[:2] == ["role", "delete"]:
        assert "clerk" not in roles
    else:
        assert "INVENTORY" in roles["clerk"].permissions


def _until_somebody_waits(store: Store, done: list[Result]) -> None:
    begun = time.monotonic()
    while True:
        assert not done, done[0].output + done[0].stderr
        with store.read() as connection:
            if connection.execute(text(_WAITING[connection.dialect.name])).scalar_one():
                return
        assert time.monotonic() - begun < BUSY_MACHINE_SECONDS, "nobody waits"
        time.sleep(0.25)  # InnoDB shows what it knew if it is asked more often
