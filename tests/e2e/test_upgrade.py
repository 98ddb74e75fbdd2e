"""A schema that is migrated under load: servers that are too old stop, and have written for the last time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper import Client, Unavailable
from lotkeeper_server.cli.main import main
from lotkeeper_server.cli.migrating import EXIT_MISSING
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.schema import migrating
from lotkeeper_server.store.schema.migrating import SchemaState, let_serve_only, schema_state
from sqlalchemy import Connection, text

from tests import stores
from tests.earlier_schemas import upgrade_to
from tests.plants import ServedPlant
from tests.restored import Producing
from tests.server_process import ServerProcess
from tests.stores import embedded_store_url, migrated_postgresql_url
from tests.watchers import SteadyWatcher

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
LATER = "9999"
BUSY_MACHINE_SECONDS = 20


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on each; with `--store galera` on that alone."""
    if stores.kind() == "galera":
        if request.param == "sqlite":
            pytest.skip("Galera alone is wanted")
        server = ServerProcess(tmp_path)
    else:
        url = embedded_store_url(tmp_path) if request.param == "sqlite" else migrated_postgresql_url()
        server = ServerProcess(tmp_path, database_url=url)
    with server:
        yield server


def _completed(connection: Connection) -> int:
    return int(connection.execute(text("SELECT COUNT(*) FROM inventory_lot_record WHERE status = 3")).scalar_one())


def _migrate_past(url: str) -> int:
    """As a later program's `migrate` does, with a step after which older ones may not serve.

    Returns:
        How many records there are once it holds the store: what older ones may have done at the most.
    """
    with closing(Store(url)) as store, store.write_to_any_schema() as connection:
        let_serve_only(connection, LATER)
        connection.execute(text("UPDATE alembic_version SET version_num = :later"), {"later": LATER})
        return _completed(connection)


def _health(channel: grpc.Channel) -> int:
    return int(health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5).status)


def _seconds_until(channel: grpc.Channel, status: int) -> float:
    begun = time.monotonic()
    while _health(channel) != status:
        assert time.monotonic() - begun < BUSY_MACHINE_SECONDS
        time.sleep(0.02)
    return time.monotonic() - begun


def test_a_server_that_the_schema_was_migrated_past_writes_nothing_more(served: ServerProcess) -> None:
    """Under load, to the record: what it had not committed when the migration held the store, it never commits."""
    with Client(served.address, token=served.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        with (
            SteadyWatcher(served.address, served.token) as watcher,
            Producing(served.address, served.token, operation.id) as producing,
        ):
            producing.wait_for(40)
            count = _migrate_past(served.database_url)
            with grpc.insecure_channel(served.address) as channel:
                _seconds_until(channel, NOT_SERVING)
                producing.end()
                assert _health(channel) == NOT_SERVING
            assert {record.id for record in watcher.records} >= set(producing.ids[:10])
        reasons = {error.reason for error in producing.refusals}
        assert "STORE_UNAVAILABLE" in reasons
        assert reasons <= {"STORE_UNAVAILABLE", ""}  # the client tries again until its deadline has passed
        assert len(producing.refusals) == producing.callers
        with pytest.raises(Unavailable, match="newer version"):
            list(client.list_inventory_lot_records(timeout_seconds=5))
        with pytest.raises(Unavailable, match="newer version"):
            client.execute_inventory_operation(operation.id, "L", 1.0, timeout_seconds=5)
    assert served.terminate() == 0
    with closing(Store(served.database_url)) as store, store.read() as connection:
        assert _completed(connection) == count
        stored = {record_id for (record_id,) in connection.execute(text("SELECT id FROM inventory_lot_record"))}
    assert len(producing.ids) <= count == len(stored)
    said = [line for line in served.log().splitlines() if "store_not_usable" in line]
    assert len([line for line in said if f"only programs from {LATER} on" in line]) == 1
    assert len(served.log().splitlines()) < 40
    assert "Traceback" not in served.log()


def test_a_server_may_serve_beside_a_newer_schema_that_says_so(served: ServerProcess) -> None:
    """Such a step only adds: the old program goes on, and starts again, until the step after."""
    with closing(Store(served.database_url)) as store, store.write_to_any_schema() as connection:
        let_serve_only(connection, HEAD_REVISION)
        connection.execute(text("UPDATE alembic_version SET version_num = '9998'"))
    with closing(Store(served.database_url)) as store:
        assert schema_state(store) is SchemaState.AHEAD
    with Client(served.address, token=served.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        client.execute_inventory_operation(operation.id, "L", 1.0)
    served.terminate()
    served.start()
    with Client(served.address, token=served.token) as client, grpc.insecure_channel(served.address) as channel:
        assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
        _seconds_until(channel, SERVING)
    served.verify()


def test_a_program_that_is_too_old_does_not_start(served: ServerProcess) -> None:
    """One line that says what to do; commands that write say it, too."""
    _migrate_past(served.database_url)
    for arguments in (["token", "create", "--name", "x", "--role", "admin"], ["verify"], ["migrate"]):
        done = CliRunner().invoke(main, [*arguments, "--database-url", served.database_url])
        assert done.exit_code == 1
        assert "written by a newer version of Lotkeeper; upgrade this program" in done.stderr
        assert done.stderr.count("\n") == 1


def _store_at(tmp_path: Path, revision: str) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with closing(Store(url)) as store, store.write() as connection:
        upgrade_to(connection, revision)
        connection.exec_driver_sql(f"PRAGMA application_id = {0x4C4F544B}")
    return url


def _tables(url: str) -> set[str]:
    with closing(Store(url)) as store, store.read() as connection:
        return {sql for (sql,) in connection.execute(text("SELECT sql FROM sqlite_master"))}


def _migrate(url: str, *flags: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["migrate", *flags, "--database-url", url])
    return done.exit_code, done.stdout + done.stderr


def test_migrate_says_what_it_would_do_and_changes_nothing(tmp_path: Path) -> None:
    """By its status for programs, by steps for people: what each is for, takes and holds, and who may serve then."""
    url = _store_at(tmp_path, "0009")
    before = _tables(url)
    status, said = _migrate(url, "--check")
    assert (status, said) == (EXIT_MISSING, f"{int(HEAD_REVISION) - 9} steps to schema {HEAD_REVISION}\n")
    status, said = _migrate(url, "--plan")
    assert status == 0
    assert re.findall(r"^(\d{4}): \S+", said, re.MULTILINE)[:3] == ["0010", "0011", "0012"]
    assert f"servers of schema {HEAD_REVISION} and newer may serve; older ones stop" in said
    assert _tables(url) == before
    assert _migrate(url) == (0, "migrated\n")
    assert _migrate(url, "--check") == (0, "the schema is current\n")
    assert _migrate(url, "--check", "--plan") == (0, "the schema is current\n")


def test_migrate_check_of_nothing_makes_nothing(tmp_path: Path) -> None:
    """No file, and of an empty one nothing becomes more."""
    status, said = _migrate(f"sqlite:///{tmp_path}/store.db", "--check")
    assert status == 1
    assert "does not exist" in said
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "store.db").touch()
    assert _migrate(f"sqlite:///{tmp_path}/store.db", "--check")[0] == EXIT_MISSING


def test_what_programs_of_before_look_at_is_gone_after_the_migration(tmp_path: Path) -> None:
    """They ask for `definition_version` in each transaction and each health check; versions and tokens stay."""
    url = _store_at(tmp_path, "0011")
    with closing(Store(url)) as store:
        with store.write() as connection:
            connection.execute(text("UPDATE definition_version SET version = 17, access_version = 4"))
        assert migrating.migrate(store)
        with store.read() as connection:
            row = connection.execute(
                text("SELECT version, access_version, serves_from, takes_old_tokens FROM store_state")
            ).one()
            assert tuple(row) == (17, 5, HEAD_REVISION, 1)
            assert connection.execute(text("SELECT LENGTH(epoch) FROM store_state")).scalar_one() == 8
            with suppress(Exception):
                connection.execute(text("SELECT 1 FROM definition_version"))
                pytest.fail("it is still there")


def test_a_migration_that_was_killed_half_way_goes_on_where_tables_are_not_in_transactions(tmp_path: Path) -> None:
    """As on MariaDB: the row was set aside, the new table is half made; the next run makes it anew."""
    url = _store_at(tmp_path, "0011")
    with closing(Store(url)) as store:
        with store.write() as connection:
            connection.execute(text("UPDATE definition_version SET version = 17"))
            connection.execute(text("ALTER TABLE definition_version RENAME TO definition_version_of_0011"))
            connection.execute(text("CREATE TABLE store_state (id INTEGER)"))
        assert migrating.migrate(store)
        with store.read() as connection:
            assert connection.execute(text("SELECT version FROM store_state")).scalar_one() == 17
