"""A store that cannot be written: said at the start in one line, or NOT_SERVING and steady until it can."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper import Client, DeadlineExceeded, Unavailable
from psycopg import sql

from tests import stores
from tests.e2e.test_server_cli_faults import line_of, program
from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess
from tests.stores import embedded_store_url, migrate_url, migrated_postgresql_url

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
BUSY_MACHINE_SECONDS = 30
STEADY_SECONDS = 3
DISK_BYTES = 12 * 1_048_576
DATABASE_DISK_BYTES = 140 * 1_048_576


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(folder: Path) -> Path:
    """A file that takes all that is left."""
    filler = folder / "filler"
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4_096))
    os.close(descriptor)
    return filler


def _wait_for(channel: grpc.Channel, status: int) -> None:
    begun = time.monotonic()
    while _health(channel) != status:
        assert time.monotonic() - begun < BUSY_MACHINE_SECONDS
        time.sleep(0.05)


def _health(channel: grpc.Channel) -> int:
    return int(health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5).status)


def _refused_until_it_cannot_write(client: Client, operation_id: str) -> int:
    """Executes until that is refused; how many were answered."""
    answered = 0
    with pytest.raises((Unavailable, DeadlineExceeded)):  # noqa: PT012 - the client tries again until its deadline
        while True:
            client.execute_inventory_operation(operation_id, "L", 1.0, timeout_seconds=8)
            answered += 1
    return answered


def _expect_steady(channel: grpc.Channel, client: Client, operation_id: str) -> None:
    """NOT_SERVING at each look, while callers keep trying."""
    _wait_for(channel, NOT_SERVING)
    end = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < end:
        assert _health(channel) == NOT_SERVING
        with pytest.raises((Unavailable, DeadlineExceeded)):  # the client tries again until then
            client.execute_inventory_operation(operation_id, "L", 1.0, timeout_seconds=0.5)


def test_on_a_full_disk_reads_go_on_and_health_is_steady(small_disk: Path, tmp_path: Path) -> None:
    """Nothing acknowledged is lost; once there is room it serves again, without a restart."""
    server = ServerProcess(tmp_path, database_url=embedded_store_url(small_disk))
    with (
        server,
        Client(server.address, token=server.token) as client,
        grpc.insecure_channel(server.address) as channel,
    ):
        operation = ServedPlant(client).operation("PRODUCE")
        client.execute_inventory_operation(operation.id, "L", 1.0)
        filler = _fill(small_disk)
        answered = 1 + _refused_until_it_cannot_write(client, operation.id)
        _expect_steady(channel, client, operation.id)
        records = list(client.list_inventory_lot_records(inventory_operation_id=operation.id, page_size=1_000))
        assert len(records) == answered
        filler.unlink()
        _wait_for(channel, SERVING)
        assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
        server.verify()
        assert server.log().count("store_usable") <= 2


@pytest.fixture
def small_database() -> Iterator[PostgresServer]:
    """A PostgreSQL whose files, the log of its writes among them, lie on a small disk."""
    database = PostgresServer(settings={"max_wal_size": "32MB", "min_wal_size": "32MB"})
    size = f"size={DATABASE_DISK_BYTES},uid={database.folder.stat().st_uid},mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", database.folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with database:
            yield database
            subprocess.run(["umount", "--lazy", database.folder], check=True)
    finally:
        subprocess.run(["umount", "--lazy", database.folder], capture_output=True, check=False)


def test_on_a_full_disk_of_postgresql_nothing_is_lost_and_it_serves_again(
    small_database: PostgresServer, tmp_path: Path
) -> None:
    """Which ends its sessions, or itself, when it cannot write its log; with room again the same server goes on."""
    url = small_database.create_database("full")
    migrate_url(url)
    server = ServerProcess(tmp_path, database_url=url)
    with (
        server,
        Client(server.address, token=server.token) as client,
        grpc.insecure_channel(server.address) as channel,
    ):
        operation = ServedPlant(client).operation("PRODUCE")
        client.execute_inventory_operation(operation.id, "L", 1.0)
        filler = _fill(small_database.folder)
        answered = 1 + _refused_until_it_cannot_write(client, operation.id)
        _wait_for(channel, NOT_SERVING)
        filler.unlink()
        if not small_database.is_running():
            small_database.restart_after_crash()
        _wait_for(channel, SERVING)
        assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
        records = list(client.list_inventory_lot_records(inventory_operation_id=operation.id, page_size=1_000))
        assert len(records) >= answered + 1
        server.verify()


def test_rights_that_are_taken_away_and_given_back_on_postgresql(tmp_path: Path) -> None:
    """With the least rights that docs/stores.md names it serves; with less, NOT_SERVING and steady, and reads go on."""
    url = migrated_postgresql_url()
    name = url.rpartition("/")[2]
    with stores.postgresql().connect(name) as session:
        role = sql.Identifier(f"{name}_writer")
        session.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        session.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), role))
        session.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        session.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        session.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role)
        )
        url_of_role = url.replace("//postgres@", f"//{name}_writer@")
        server = ServerProcess(tmp_path, database_url=url_of_role)
        with (
            server,
            Client(server.address, token=server.token) as client,
            grpc.insecure_channel(server.address) as channel,
        ):
            operation = ServedPlant(client).operation("PRODUCE")
            client.execute_inventory_operation(operation.id, "L", 1.0)
            writes = "INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
            session.execute(f"REVOKE {writes} FROM {name}_writer")  # type: ignore[call-overload]
            _refused_until_it_cannot_write(client, operation.id)
            _expect_steady(channel, client, operation.id)
            assert len(list(client.list_inventory_lot_records(inventory_operation_id=operation.id))) == 1
            session.execute(f"GRANT {writes} TO {name}_writer")  # type: ignore[call-overload]
            _wait_for(channel, SERVING)
            assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
        session.execute(f"REVOKE {writes} FROM {name}_writer")  # type: ignore[call-overload]
        said = line_of(program("serve", "--database-url", url_of_role, "--listen", "127.0.0.1:0"), 1)
        assert "permission denied" in said


def test_a_database_in_another_encoding_is_refused_at_the_start() -> None:
    """Before anything is made in it; the line says what to do."""
    name = f"latin_{os.getpid()}"
    with stores.postgresql().connect() as session:
        session.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").format(sql.Identifier(name))
        )
    for command in (["serve", "--listen", "127.0.0.1:0"], ["migrate"]):
        said = line_of(program(*command, "--database-url", stores.postgresql().url(name)), 1)
        assert "the database is in LATIN1; make one with: createdb --encoding=UTF8" in said


@pytest.mark.parametrize(
    ("mode_of_file", "mode_of_folder", "why"),
    [(0o400, 0o700, "store.db cannot be written"), (0o600, 0o500, "store cannot be written; let this user in")],
)
def test_a_file_or_folder_that_may_only_be_read(
    tmp_path: Path, mode_of_file: int, mode_of_folder: int, why: str
) -> None:
    """One line, and nothing is served."""
    folder = tmp_path / "store"
    folder.mkdir()
    url = embedded_store_url(folder)
    (folder / "store.db").chmod(mode_of_file)
    folder.chmod(mode_of_folder)
    try:
        assert why in line_of(program("serve", "--database-url", url, "--listen", "127.0.0.1:0"), 1)
    finally:
        folder.chmod(0o700)
