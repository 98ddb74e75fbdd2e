"""A pooler between server and PostgreSQL that gives out whole sessions: PgBouncer in session mode, under load."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper_server.store.db.connection import Store
from sqlalchemy import text

from tests import stores
from tests.database_process import DatabaseProcess, account, folder_of, free_ports
from tests.plants import ServedPlant
from tests.restored import Producing
from tests.server_process import ServerProcess
from tests.watchers import SteadyWatcher

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
START_SECONDS = 20
HELD_SECONDS = 2.5
"""Longer than the server waits before it asks whether the database is at work for it; shorter than a save waits."""

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Debian's pgbouncer is not installed")


@pytest.fixture(scope="module")
def pooled() -> Iterator[tuple[str, str]]:
    """URLs of one new store: by the pooler, and past it."""
    assert PROGRAM is not None
    direct = stores.migrated_postgresql_url()
    database, owner = stores.postgresql(), account("postgres", "nobody")
    folder = folder_of(owner, "lotkeeper-pgbouncer-")
    (port,) = free_ports(1)
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={database.port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = session\ndefault_pool_size = 40\nmax_client_conn = 200\n"
        "ignore_startup_parameters = extra_float_digits,options\n"
    )
    process = DatabaseProcess([PROGRAM, str(folder / "pgbouncer.ini")], owner=owner, folder=folder, log=folder / "log")
    try:
        _wait_answering(process, port, folder)
        yield direct.replace(f":{database.port}/", f":{port}/"), direct
    finally:
        process.kill()
        shutil.rmtree(folder)


def _wait_answering(process: DatabaseProcess, port: int, folder: Path) -> None:
    begun = time.monotonic()
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            assert process.running, (folder / "log").read_text()
            assert time.monotonic() - begun < START_SECONDS, (folder / "log").read_text()
            time.sleep(0.05)
        else:
            return


def test_sessions_have_their_timeouts_behind_a_pooler_that_drops_options(pooled: tuple[str, str]) -> None:
    """As without one: a frozen server must lose its rows, and reads are read-only."""
    found = []
    for url in pooled:
        with closing(Store(url)) as store:
            names = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout", "enable_bitmapscan")
            with store.read() as connection:
                reading = [connection.execute(text(f"SHOW {name}")).scalar() for name in names]
            with store.write() as connection:
                writing = [connection.execute(text(f"SHOW {name}")).scalar() for name in names]
        found.append((reading, writing))
    assert found[0] == found[1]


def test_calls_watches_and_saves_by_a_pooler(pooled: tuple[str, str], tmp_path: Path) -> None:
    """Nothing is lost; a save that waits for a row is not taken for one whose database is gone."""
    url, direct = pooled
    server = ServerProcess(tmp_path, database_url=url)
    with server, Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
        with (
            SteadyWatcher(server.address, server.token) as watcher,
            Producing(server.address, server.token, operation.id) as producing,
        ):
            producing.wait_for(200)
            held = threading.Event()

            def hold() -> None:
                conninfo = direct.replace("postgresql+psycopg", "postgresql")
                with psycopg.connect(conninfo) as session:
                    session.execute("SELECT 1 FROM store_state FOR UPDATE")
                    held.set()
                    time.sleep(HELD_SECONDS)

            holding = threading.Thread(target=hold)
            holding.start()
            held.wait()
            client.save_material(master_data_pb2.Material(name=f"{plant.prefix} Cream", unit_of_measure_id=plant.kg.id))
            holding.join()
            producing.wait_for(50)
            producing.end()
            assert producing.refusals == []
            assert {record.id for record in watcher.seen(len(producing.ids))} == set(producing.ids)
        assert sum(row.quantity for row in client.list_inventory()) == len(producing.ids)
    assert "connection_given_up" not in server.log()
    with closing(Store(direct)) as store, store.read() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM inventory_lot_record")).scalar() == len(producing.ids)
