"""After a clean end the embedded store is one file: a copy of that alone has everything that was acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreUnavailable
from lotkeeper_server.store.verification import verify

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess
from tests.stores import embedded_store_url
from tests.watchers import SteadyWatcher

RECORDS = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the copy goes."""
    copies = tmp_path / "copy"
    copies.mkdir()
    return copies


def _execute(server: ServerProcess, count: int = RECORDS) -> None:
    with Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        for number in range(count):
            client.execute_inventory_operation(operation.id, f"L{number}", 1.0)


def _records_in_copy(store_file: Path, folder: Path) -> int:
    """Completed records in a copy of the main file alone, which has to agree with its stocks."""
    copied = shutil.copy(store_file, folder / "copied.db")
    with closing(Store(f"sqlite:///{copied}")) as store, store.read() as connection:
        verification = verify(connection)
        assert not verification.differences
        return verification.records


def test_a_copy_of_the_file_alone_has_everything_after_sigterm(tmp_path: Path, folder: Path) -> None:
    """What was acknowledged a moment before the signal, too; nothing lies beside the file any more."""
    server = ServerProcess(tmp_path, database_url=embedded_store_url(tmp_path))
    with server:
        _execute(server)
        assert server.terminate() == 0
    assert sorted(path.name for path in tmp_path.glob("store.db*")) == ["store.db"]
    assert _records_in_copy(tmp_path / "store.db", folder) == RECORDS
    assert "store_not_merged" not in server.log()


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_development_server_leaves_one_file_too(tmp_path: Path, folder: Path, signal_number: int) -> None:
    """Of `run`, which stands on ./data, by Ctrl-C or by SIGTERM; it has the demo plant."""
    listen = "127.0.0.1:0"
    command = [BINARIES / "lotkeeper-server", "run", "--listen", listen, "--database-url", f"sqlite:///{tmp_path}/d.db"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with Client(address) as client:
            units = len(list(client.list_units_of_measure()))
        process.send_signal(signal_number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
    copied = shutil.copy(tmp_path / "d.db", folder / "d.db")
    with closing(sqlite3.connect(copied)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM unit_of_measure").fetchone() == (units,)
    assert units > 0


def test_several_processes_leave_one_file(tmp_path: Path, folder: Path) -> None:
    """The last one of them brings over what the others wrote."""
    server = ServerProcess(
        tmp_path,
        flags=("--processes", "2"),
        program=(sys.executable, "-m", "tests.many_processes"),
        database_url=embedded_store_url(tmp_path),
    )
    with server:
        _execute(server)
        assert server.terminate() == 0
    assert sorted(path.name for path in tmp_path.glob("store.db*")) == ["store.db"]
    assert _records_in_copy(tmp_path / "store.db", folder) == RECORDS


def test_open_watches_and_long_reads_keep_nothing_back(tmp_path: Path, folder: Path) -> None:
    """Who watches or lists all the time while the server ends: a read pins what it sees, and is interrupted."""
    server = ServerProcess(tmp_path, database_url=embedded_store_url(tmp_path))
    with server:
        _execute(server)
        stop = threading.Event()

        def read_on() -> None:
            with suppress(LotkeeperError), Client(server.address, token=server.token, timeout_seconds=5) as client:
                while not stop.is_set():
                    list(client.list_inventory_lot_records())

        readers = [threading.Thread(target=read_on) for _ in range(4)]
        with SteadyWatcher(server.address, server.token, from_beginning=True) as watcher:
            watcher.seen(RECORDS)
            for reader in readers:
                reader.start()
            try:
                assert server.terminate() == 0
            finally:
                stop.set()
        for reader in readers:
            reader.join(30)
    assert _records_in_copy(tmp_path / "store.db", folder) == RECORDS
    assert "store_not_merged" not in server.log()


def test_who_else_reads_the_file_is_named_in_the_log(tmp_path: Path) -> None:
    """Another process pins what it reads: the server ends all the same, and says that the file alone is not all."""
    server = ServerProcess(tmp_path, database_url=embedded_store_url(tmp_path))
    with server, closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("BEGIN")
        other.execute("SELECT COUNT(*) FROM material").fetchone()
        _execute(server)
        assert server.terminate() == 0
        assert "store_not_merged" in server.log()
        assert os.fspath(tmp_path / "store.db-wal") in server.log()


def test_a_read_in_progress_is_interrupted_and_later_ones_are_refused(tmp_path: Path) -> None:
    """A read that would take minutes ends at once, in a store that is ended for good."""
    store = Store(embedded_store_url(tmp_path))
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE store_state SET version = version + 1")
    begun, ends = threading.Event(), []
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"

    def read() -> None:
        try:
            with store.read() as connection:
                connection.exec_driver_sql("SELECT version FROM store_state").fetchone()
                begun.set()
                connection.exec_driver_sql(endless).fetchone()
        except StoreUnavailable as error:
            ends.append(error)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    assert begun.wait(30)
    assert store.end().pages == 0
    reading.join(30)
    assert len(ends) == 1
    with pytest.raises(StoreUnavailable), store.read():
        pass
    assert not (tmp_path / "store.db-wal").exists()
