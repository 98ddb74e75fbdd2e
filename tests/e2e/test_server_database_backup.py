"""Backups of server databases by their own tools, as docs/backup.md says; the last step is `restore --renew-epoch`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lotkeeper import Client

from tests import stores
from tests.database_process import run_as
from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.restored import expect_expired, latest_token, restored_under_load, tokens_along_the_feed
from tests.server_process import ServerProcess
from tests.stores import migrate_url

_TOOL_SECONDS = 120


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    """A PostgreSQL that archives its log."""
    with PostgresServer({"archive_mode": "on", "wal_level": "replica"}) as server:
        run_as(server._owner, ["mkdir", _archive(server)], _TOOL_SECONDS)
        server.configure(archive_command=f'cp "%p" "{_archive(server)}/%f"')
        yield server


def _archive(server: PostgresServer) -> Path:
    return server.folder / "archive"


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr


def _renew(server: ServerProcess) -> None:
    done = server.run("restore", "--renew-epoch")
    assert done.returncode == 0, done.stderr
    assert "all agree" in done.stdout


def test_a_dump_of_postgresql_under_load_is_restored(database: PostgresServer, tmp_path: Path) -> None:
    """By pg_dump and pg_restore; stock, records and watchers as after a restore of the embedded store."""
    name, dump = "dumped", tmp_path / "lotkeeper.dump"
    url = database.create_database(name)
    migrate_url(url)
    at = ("--host=127.0.0.1", f"--port={database.port}", "--username=postgres")
    server = ServerProcess(tmp_path, database_url=url)

    def back_up() -> None:
        _run(database.binaries / "pg_dump", *at, "--format=custom", f"--file={dump}", name)

    def put_back() -> None:
        database.drop_database(name)
        database.create_database(name, "template0")
        _run(database.binaries / "pg_restore", *at, f"--dbname={name}", "--exit-on-error", dump)
        _renew(server)

    with server:
        restored_under_load(server, back_up, put_back)


def test_postgresql_goes_back_to_a_moment(database: PostgresServer, tmp_path: Path) -> None:
    """By a base backup and the archived log, to after 3 of 5 records; tokens of before are expired."""
    url = database.create_database("moment")
    migrate_url(url)
    server = ServerProcess(tmp_path, database_url=url)
    base = database.folder / "base"
    owner = database._owner
    with server:
        source = f"host=127.0.0.1 port={database.port} user=postgres"
        basebackup = [database.binaries / "pg_basebackup", "-N", "-c", "fast", "-X", "stream", "-d", source, "-D", base]
        run_as(owner, basebackup, _TOOL_SECONDS)
        with Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
            for number in range(3):
                client.execute_inventory_operation(operation.id, f"L{number}", 1.0)
            with database.connect() as session:
                row = session.execute("SELECT clock_timestamp()").fetchone()
                assert row is not None
                moment: datetime = row[0]
            for number in range(3, 5):
                client.execute_inventory_operation(operation.id, f"L{number}", 1.0)
        tokens = [*tokens_along_the_feed(server, 4), latest_token(server)]
        assert server.terminate() == 0
        with database.connect() as session:
            session.execute("SELECT pg_switch_wal()")
        database.stop()
        shutil.rmtree(database.data)
        base.rename(database.data)
        with (database.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f'restore_command = \'cp "{_archive(database)}/%f" "%p"\'\n'
                f"recovery_target_time = '{moment.astimezone(UTC).isoformat()}'\n"
                "recovery_target_action = 'promote'\n"
            )
        (database.data / "recovery.signal").touch()
        database.start()
        _wait_for_writes(database)
        _renew(server)
        server.start()
        server.verify()
        with Client(server.address, token=server.token) as client:
            assert len(list(client.list_inventory_lot_records(inventory_operation_id=operation.id))) == 3
            client.execute_inventory_operation(operation.id, "L3", 1.0)
        expect_expired(server, tokens)


def _wait_for_writes(database: PostgresServer) -> None:
    with database.connect() as session:
        while session.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
            session.execute("SELECT pg_sleep(0.05)")


@pytest.mark.skipif(shutil.which("mariadb-dump") is None, reason="mariadb-dump is not installed")
def test_a_dump_of_galera_under_load_is_restored(tmp_path: Path) -> None:
    """By mariadb-dump from one node, loaded into it again; the cluster has it."""
    if stores.kind() != "galera":
        pytest.skip("for --store galera")
    cluster = stores.galera()
    name = "dumped"
    url = cluster.create_database(name)[0]
    migrate_url(url)
    server = ServerProcess(tmp_path, database_url=url)
    dump = tmp_path / "lotkeeper.sql"
    with cluster.connect(0) as session:
        port = str(session.port)
        user = session.user.decode() if isinstance(session.user, bytes) else str(session.user)
    at = ("--protocol=tcp", "--host=127.0.0.1", f"--port={port}", f"--user={user}", "--skip-ssl")

    def back_up() -> None:
        _run(
            "mariadb-dump",
            *at,
            "--single-transaction",
            "--skip-lock-tables",
            "--databases",
            name,
            f"--result-file={dump}",
        )

    def put_back() -> None:
        cluster.drop_database(name)
        with dump.open() as source:
            done = subprocess.run(["mariadb", *at], stdin=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        _renew(server)

    with server:
        restored_under_load(server, back_up, put_back)
