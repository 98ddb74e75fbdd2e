"""Backups of the embedded store while it serves, and what a restore does to those who call and watch."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from lotkeeper import Client, LotkeeperError
from lotkeeper_server.cli.main import main
from lotkeeper_server.store.backups.restoring import restore
from lotkeeper_server.store.backups.taking import take_backup
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.schema.migrating import SchemaState, migrate, schema_state

from tests.earlier_schemas import upgrade_to
from tests.plants import ServedPlant
from tests.restored import expect_expired, latest_token, restored_under_load, tokens_along_the_feed
from tests.server_process import BINARIES, ServerProcess
from tests.stored_plant import StoredPlant
from tests.stores import embedded_store_url
from tests.watchers import SteadyWatcher


@pytest.fixture
def embedded(tmp_path: Path) -> ServerProcess:
    """A server on the embedded store, not started."""
    folder = tmp_path / "store"
    folder.mkdir()
    return ServerProcess(folder, database_url=embedded_store_url(folder))


def _said(done: subprocess.CompletedProcess[str], status: int = 0) -> str:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if status == 0 else done.stderr


def _execute(server: ServerProcess, count: int) -> str:
    with Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        for number in range(count):
            client.execute_inventory_operation(operation.id, f"L{number}", 1.0)
    return operation.id


def _records(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM inventory_lot_record").fetchone()
        return int(count)


def test_a_backup_under_load_is_restored_and_every_watcher_hears_it(embedded: ServerProcess, tmp_path: Path) -> None:
    """Stock, records and totals agree; nobody who watched before is left in silence."""
    saved = tmp_path / "saved.db"

    def back_up() -> None:
        assert "all agree" in _said(embedded.run("backup", str(saved)))

    def put_back() -> None:
        assert "all agree" in _said(embedded.run("restore", str(saved)))

    with embedded:
        restored_under_load(embedded, back_up, put_back)
    assert "store_not_merged" not in embedded.log()


def test_a_client_that_watches_through_the_restore_is_told(embedded: ServerProcess, tmp_path: Path) -> None:
    """It finds the server again by itself, with its token of before: that ends the watch, with the reason."""
    with embedded:
        _execute(embedded, 3)
        with SteadyWatcher(embedded.address, embedded.token, from_beginning=True) as watcher:
            watcher.seen(3)
            _said(embedded.run("backup", str(tmp_path / "saved.db")))
            embedded.terminate()
            _said(embedded.run("restore", str(tmp_path / "saved.db")))
            embedded.start()
            watcher._thread.join(60)
            (error,) = watcher._failed
    assert isinstance(error, LotkeeperError)
    assert error.reason == "RESUME_TOKEN_EXPIRED"


def test_a_restore_is_an_event_and_ends_the_watches_of_events(embedded: ServerProcess, tmp_path: Path) -> None:
    """Who watches what was done has to begin anew, too, and finds the restore there."""
    with embedded:
        _execute(embedded, 1)
        with Client(embedded.address, token=embedded.token) as client:
            before = next(client.watch_audit_events()).resume_token
        _said(embedded.run("backup", str(tmp_path / "saved.db")))
        embedded.terminate()
        _said(embedded.run("restore", str(tmp_path / "saved.db")))
        embedded.start()
        with Client(embedded.address, token=embedded.token) as client:
            with pytest.raises(LotkeeperError) as error:
                next(client.watch_audit_events(resume_token=before))
            newest = next(iter(client.list_audit_events()))
    assert error.value.reason == "RESUME_TOKEN_EXPIRED"
    assert (newest.method, newest.detail) == ("lotkeeper-server restore", "restored from saved.db")


def test_a_store_that_was_put_back_by_hand_expires_tokens_ahead_of_it(embedded: ServerProcess, tmp_path: Path) -> None:
    """The epoch stays, but a token from after what is there can be told; --renew-epoch ends all others."""
    with embedded:
        _execute(embedded, 2)
        embedded.terminate()
        shutil.copy(embedded.folder / "store.db", tmp_path / "copied.db")
        embedded.start()
        seen = tokens_along_the_feed(embedded, 2)
        _execute(embedded, 3)
        ahead = latest_token(embedded)
        embedded.terminate()
        shutil.copy(tmp_path / "copied.db", embedded.folder / "store.db")
        embedded.start()
        expect_expired(embedded, [ahead])
        with Client(embedded.address, token=embedded.token) as client:
            assert next(client.watch_inventory_lot_records(resume_token=seen[-1])).resume_token
        embedded.terminate()
        assert "watches begin anew" in _said(embedded.run("restore", "--renew-epoch"))
        embedded.start()
        expect_expired(embedded, [ahead, *seen])


def test_a_token_of_another_store_is_expired(embedded: ServerProcess, tmp_path: Path) -> None:
    """Of a server with as many records, at the same place of its feed."""
    (tmp_path / "other").mkdir()
    other = ServerProcess(tmp_path / "other", database_url=f"sqlite:///{tmp_path}/other/store.db")
    with embedded, other:
        _execute(embedded, 2)
        _execute(other, 2)
        expect_expired(other, tokens_along_the_feed(embedded, 2))
        expect_expired(embedded, tokens_along_the_feed(other, 2))


def test_a_backup_takes_one_moment_and_keeps_no_writer_waiting(embedded: ServerProcess, tmp_path: Path) -> None:
    """Others write between its steps, and it neither begins anew nor has what came after its beginning."""
    with embedded:
        operation_id = _execute(embedded, 4)
        with Client(embedded.address, token=embedded.token) as client:

            def write(_left: int, _total: int) -> None:
                client.execute_inventory_operation(operation_id, "meanwhile", 1.0, timeout_seconds=5)

            from lotkeeper_server.store.backups import store_file

            steps: list[int] = []

            def after_step(left: int, total: int) -> None:
                steps.append(left)
                write(left, total)

            copied = tmp_path / "copied.db"
            before, store_file.PAGES_PER_STEP = store_file.PAGES_PER_STEP, 16  # type: ignore[misc]
            try:
                store_file.copy_store(embedded.folder / "store.db", store_file.Use.SERVES, copied, after_step)
            finally:
                store_file.PAGES_PER_STEP = before  # type: ignore[misc]
        assert len(steps) > 3
        assert steps == sorted(steps, reverse=True)
    assert _records(copied) == 4


def test_backups_every_so_often_keep_the_latest(embedded: ServerProcess, tmp_path: Path) -> None:
    """Each with its date, checked; other files in the folder stay; SIGTERM ends it with status 0."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "mine.db").write_text("mine")
    with embedded:
        _execute(embedded, 1)
        arguments = ["backup", str(folder), "--every", "1s", "--keep", "2", "--database-url", embedded.database_url]
        process = subprocess.Popen([BINARIES / "lotkeeper-server", *arguments], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            while not process.stdout.readline().startswith("removed "):
                pass
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.communicate()
    kept = sorted(path.name for path in folder.glob("lotkeeper-*.db"))
    assert 2 <= len(kept) <= 3  # one may have been taken after the last removal
    assert (folder / "mine.db").read_text() == "mine"
    assert all(_records(folder / name) == 1 for name in kept)


def test_a_backup_that_fails_leaves_nothing_and_the_next_one_is_taken(embedded: ServerProcess, tmp_path: Path) -> None:
    """With --every: a folder that cannot be written for a while, then can."""
    folder = tmp_path / "backups"
    folder.mkdir()
    folder.rename(tmp_path / "away")
    with embedded:
        arguments = ["backup", str(folder), "--database-url", embedded.database_url]
        (tmp_path / "away").rename(folder)
        process = subprocess.Popen(
            [BINARIES / "lotkeeper-server", *arguments, "--every", "1s"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            folder.rename(tmp_path / "away")
            assert "no backup was taken" in process.stderr.readline()
            (tmp_path / "away").rename(folder)
            assert "all agree" in process.stdout.readline()
        finally:
            process.terminate()
            process.communicate()
    assert list(folder.glob(".*")) == []


def test_a_restore_is_refused_while_a_server_has_the_store(embedded: ServerProcess, tmp_path: Path) -> None:
    """Nothing is changed, and the server goes on; the line says what to do."""
    with embedded:
        _execute(embedded, 1)
        _said(embedded.run("backup", str(tmp_path / "saved.db")))
        _execute(embedded, 1)
        said = _said(embedded.run("restore", str(tmp_path / "saved.db")), 1)
        assert "is open in another program; stop the server first" in said
        _execute(embedded, 1)
        embedded.verify()
    assert sorted(path.name for path in embedded.folder.glob("*before*")) == []


@pytest.mark.parametrize("discard", [False, True])
def test_the_store_of_before_is_kept_beside_unless_told(embedded: ServerProcess, tmp_path: Path, discard: bool) -> None:
    """With everything that it had, also what a killed server had not brought into its file; mode and owner stay."""
    with embedded:
        _execute(embedded, 1)
        _said(embedded.run("backup", str(tmp_path / "saved.db")))
        _execute(embedded, 2)
        embedded.kill()
    store = embedded.folder / "store.db"
    store.chmod(0o640)
    _said(embedded.run("restore", str(tmp_path / "saved.db"), *(["--discard"] if discard else [])))
    assert [_records(path) for path in embedded.folder.glob("store.db.before-*")] == ([] if discard else [3])
    assert _records(store) == 1
    assert store.stat().st_mode & 0o777 == 0o640
    assert sorted(embedded.folder.glob("store.db-*")) == []
    assert (tmp_path / "saved.db").stat().st_mode & 0o777 == 0o600


def test_a_damaged_store_is_replaced(embedded: ServerProcess, tmp_path: Path) -> None:
    """That is what a backup is for: what is there need not be readable, and its log does not meet the new file."""
    with embedded:
        _execute(embedded, 1)
        _said(embedded.run("backup", str(tmp_path / "saved.db")))
        _execute(embedded, 1)
        embedded.kill()
    store = embedded.folder / "store.db"
    store.write_bytes(os.urandom(40_000))
    _said(embedded.run("restore", str(tmp_path / "saved.db")))
    assert "all agree" in _said(embedded.run("verify"))
    with embedded:
        assert _execute(embedded, 1)


def _of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")


def _of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("UPDATE store_state SET serves_from = '9999'")
        connection.commit()


def _with_a_page_of_noise(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-20_000:-12_000] = os.urandom(8_000)
    path.write_bytes(data)


def _with_stock_that_no_record_made(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE inventory_lot SET total_quantity = total_quantity + 1")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_text("no store"), "file is not a database"),
        (lambda path: path.write_bytes(b""), "is not a store of Lotkeeper"),
        (lambda path: path.write_bytes(path.read_bytes()[:-200_000]), "malformed|damaged"),
        (_with_a_page_of_noise, "malformed|damaged"),
        (_of_a_newer_version, "newer"),
        (_with_stock_that_no_record_made, "differences from its own records"),
        (lambda path: path.unlink(), "is not a file"),
    ],
)
def test_what_is_no_good_backup_is_refused_and_nothing_changes(tmp_path: Path, spoil: object, why: str) -> None:
    """The store of before is in place, byte by byte, and nothing lies beside it."""
    saved, folder = tmp_path / "saved.db", tmp_path / "store"
    folder.mkdir()
    url = embedded_store_url(folder)
    with closing(Store(url)) as store:
        plant = StoredPlant(store)
        plant.stock(plant.location("Silo"), plant.lot("L"), 0)
    take_backup(folder / "store.db", saved, _quiet)
    before = (folder / "store.db").read_bytes()
    assert callable(spoil)
    spoil(saved)
    with pytest.raises(StoreError, match=why):
        restore(saved, folder / "store.db", keeps=True, report=_quiet)
    assert (folder / "store.db").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["store.db"]


def _quiet(_done: int, _total: int) -> None:
    """Nobody is told how far it has come."""


def test_another_programs_file_is_no_backup(embedded: ServerProcess, tmp_path: Path) -> None:
    """Although it is SQLite's; one line says so."""
    _of_another_program(tmp_path / "theirs.db")
    said = _said(embedded.run("restore", str(tmp_path / "theirs.db")), 1)
    assert said.startswith("lotkeeper-server: nothing was restored: ")
    assert "is not a store of Lotkeeper" in said
    assert said.count("\n") == 1
    with pytest.raises(StoreError, match="is not a store of Lotkeeper"):
        take_backup(tmp_path / "theirs.db", tmp_path / "saved.db", _quiet)
    assert not (tmp_path / "saved.db").exists()


def test_a_backup_of_before_a_migration_is_migrated_and_the_file_stays(tmp_path: Path) -> None:
    """The backup that an upgrade begins with: an older schema can be backed up, and comes back with this one."""
    store = Store(f"sqlite:///{tmp_path}/store.db")
    with store.write() as connection:
        upgrade_to(connection, "0011")
        connection.exec_driver_sql(f"PRAGMA application_id = {0x4C4F544B}")
    store.close()
    server = ServerProcess(tmp_path, database_url=f"sqlite:///{tmp_path}/store.db")
    assert "its pages are whole" in _said(server.run("backup", str(tmp_path / "saved.db")))
    saved = (tmp_path / "saved.db").read_bytes()
    said = _said(server.run("restore", str(tmp_path / "saved.db")))
    assert "its schema was brought to this version" in said
    assert (tmp_path / "saved.db").read_bytes() == saved
    store = Store(f"sqlite:///{tmp_path}/store.db")
    assert schema_state(store) is SchemaState.CURRENT
    assert not migrate(store)
    store.close()


def test_a_full_disk_leaves_no_backup(embedded: ServerProcess, tmp_path: Path) -> None:
    """As the system says it of a file that may not grow: one line, nothing half written, and the server serves on."""
    with embedded:
        _execute(embedded, 1)
        arguments = ["backup", str(tmp_path / "saved.db"), "--database-url", embedded.database_url]
        limited = [
            "bash",
            "-c",
            'ulimit -f 100; trap "" XFSZ; exec "$0" "$@"',
            BINARIES / "lotkeeper-server",
            *arguments,
        ]
        done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
        assert "no backup was taken" in _said(done, 1)
        _execute(embedded, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_backup_killed_half_way_is_cleaned_up_by_a_later_one(embedded: ServerProcess, tmp_path: Path) -> None:
    """What it left has no final name, and goes once it is a day old."""
    folder = tmp_path / "backups"
    folder.mkdir()
    left = folder / ".lotkeeper-20261101T000000Z.db.00000000.partial"
    left.write_text("half")
    young = folder / ".lotkeeper-20261101T000001Z.db.00000000.partial"
    young.write_text("another one may be writing this")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(left, (two_days_ago, two_days_ago))
    with embedded:
        _said(embedded.run("backup", str(folder), "--keep", "3"))
    assert not left.exists()
    assert young.exists()
    assert len(list(folder.glob("lotkeeper-*.db"))) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (["backup", ".", "--every", "soon"], 2, "is not a span such as"),
        (["backup", ".", "--every", "0h"], 2, "is not a span such as"),
        (["backup", "x.db", "--keep", "3"], 2, "folder of backups"),
        (["backup", "no", "--every", "1h"], 1, "no such folder"),
        (["backup", "store.db"], 1, "it is there already"),
        (["backup", "x.db", "--database-url", "sqlite:///none.db"], 1, "the store does not exist"),
        (["restore"], 2, "give a backup"),
        (["restore", "x.db", "--renew-epoch"], 2, "give a backup"),
        (["restore", "store.db"], 1, "is the store itself"),
        (["restore", "x.db"], 1, "is not a file"),
    ],
)
def test_wrong_usage_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, why: str
) -> None:
    """Status 2 for usage, 1 for the rest."""
    embedded_store_url(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOTKEEPER_DATABASE_URL", "sqlite:///store.db")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == status
    assert why in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store.db"]
