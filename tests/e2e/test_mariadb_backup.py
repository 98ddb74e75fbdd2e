"""Backups of a MariaDB without Galera, as docs/backup.md says: by mariadb-backup, the binary log and mariadb-dump."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lotkeeper import Client

from tests.database_process import run_as
from tests.mariadb import MariadbServer, program
from tests.plants import ServedPlant
from tests.restored import Producing, expect_expired, latest_token, restored_under_load, tokens_along_the_feed
from tests.server_process import ServerProcess
from tests.stores import migrate_url

_TOOL_SECONDS = 120
_LOG = "binlog"
_INFOS = ("xtrabackup_binlog_info", "mariadb_backup_binlog_info")  # before 11.1, from it on


def _needs(*tools: str) -> pytest.MarkDecorator:
    missing = MariadbServer.missing() or ", ".join(name for name in tools if program(name) is None)
    debian = "(Debian: mariadb-server mariadb-client mariadb-backup)"
    return pytest.mark.skipif(bool(missing), reason=f"{missing}: not here {debian}")


@dataclass(frozen=True)
class Moment:
    """Where to stop the replay.

    Attributes:
        time: `YYYY-MM-DD hh:mm:ss`, in UTC.
        file: of the binary log that was written at that time.
        position: in that file.
    """

    time: str
    file: str
    position: int


@pytest.fixture
def database() -> Iterator[MariadbServer]:
    """A MariaDB with a binary log, outside its data directory, and time in UTC."""
    settings: dict[str, str | int] = {"log-bin": f"{{folder}}/{_LOG}/log", "binlog-format": "ROW", "sync-binlog": 1}
    server = MariadbServer(settings, home=None)
    run_as(server.owner, ["mkdir", server.folder / _LOG], _TOOL_SECONDS)
    with server:
        yield server


def _backup(database: MariadbServer, *arguments: str | Path) -> None:
    run_as(database.owner, [str(program("mariadb-backup")), "--no-defaults", *map(str, arguments)], _TOOL_SECONDS)


def _at(database: MariadbServer) -> tuple[str, ...]:
    return ("--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={database.port}", "--user=root")


def _back_up(database: MariadbServer, to: Path) -> None:
    at = ("--host=127.0.0.1", f"--port={database.port}", "--user=root")
    _backup(database, "--backup", *at, f"--datadir={database.data}", f"--target-dir={to}")
    _backup(database, "--prepare", f"--target-dir={to}")


def _put_back(database: MariadbServer, backup: Path) -> list[Path]:
    """Data of the backup in place of those that are there, and a new binary log; the files of the log of before."""
    database.stop()
    shutil.rmtree(database.data)
    aside = Path(tempfile.mkdtemp(dir=database.folder))
    for file in (database.folder / _LOG).iterdir():
        file.rename(aside / file.name)
    _backup(database, "--copy-back", f"--target-dir={backup}", f"--datadir={database.data}")
    database.start()
    return sorted(aside.glob("log.[0-9]*"))


def _replay(database: MariadbServer, backup: Path, logs: list[Path], stop: str) -> None:
    """What these files have of after the backup, up to there."""
    info = next(path for name in _INFOS if (path := backup / name).exists())
    first, position = info.read_text().split()[:2]
    files = [log for log in logs if log.name >= first]
    read = _run("mariadb-binlog", "--no-defaults", f"--start-position={position}", stop, *files)
    _run("mariadb", *_at(database), given=read)


def _run(tool: str, *arguments: str | Path, given: bytes = b"") -> bytes:
    """What it writes on standard output; times are in UTC."""
    environment = os.environ | {"TZ": "UTC"}
    command = [tool, *arguments]
    done = subprocess.run(
        command, input=given, env=environment, capture_output=True, timeout=_TOOL_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _next_log(database: MariadbServer) -> None:
    with database.connect() as session, session.cursor() as cursor:
        cursor.execute("FLUSH BINARY LOGS")


def _renew(server: ServerProcess) -> None:
    done = server.run("restore", "--renew-epoch")
    assert done.returncode == 0, done.stderr
    assert "all agree" in done.stdout


def _moment_between_calls(database: MariadbServer) -> Moment:
    """A moment after all that was answered; it has passed. The binary log counts in seconds."""
    with database.connect() as session, session.cursor() as cursor:
        cursor.execute("SHOW MASTER STATUS")
        file, position, *_ = cursor.fetchall()[0]
        cursor.execute("SELECT UTC_TIMESTAMP() + INTERVAL 1 SECOND")
        ((time,),) = cursor.fetchall()
        cursor.execute("SELECT SLEEP(1 + TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), %s) / 1000000)", (time,))
        cursor.execute("SELECT UTC_TIMESTAMP() >= %s", (time,))
        assert cursor.fetchall() == ((1,),)
    return Moment(str(time), str(file), int(position))


@_needs("mariadb-backup", "mariadb-binlog", "mariadb")
def test_mariadb_goes_back_to_a_moment(database: MariadbServer, tmp_path: Path) -> None:
    """A backup under load and the binary log, to after some of the calls that came later; tokens of before expire."""
    url = database.create_database("moment")
    migrate_url(url)
    backup = database.folder / "backup"
    with ServerProcess(tmp_path, database_url=url) as server:
        with Client(server.address, token=server.token) as client:
            plant = ServedPlant(client)
            operation = plant.operation("PRODUCE")
        with Producing(server.address, server.token, operation.id) as producing:
            producing.wait_for(20)
            _back_up(database, backup)
            producing.wait_for(20)
            producing.end()
            assert producing.refusals == []
        with Client(server.address, token=server.token) as client:
            late = [client.execute_inventory_operation(operation.id, "late", 1.0).id for _ in range(3)]
            _next_log(database)
            late.append(client.execute_inventory_operation(operation.id, "late", 1.0).id)
            kept = {*producing.ids, *late}
            moment = _moment_between_calls(database)
            for _ in range(4):
                client.execute_inventory_operation(operation.id, "lost", 1.0)
            _next_log(database)
            client.execute_inventory_operation(operation.id, "lost", 1.0)
        tokens = [*tokens_along_the_feed(server, 4), latest_token(server)]
        assert server.terminate() == 0
        logs = _put_back(database, backup)
        _replay(database, backup, logs, f"--stop-datetime={moment.time}")
        _renew(server)
        server.start()
        server.verify()
        with Client(server.address, token=server.token) as client:
            assert {record.id for record in client.list_inventory_lot_records(page_size=1_000)} == kept
            plant.client = client
            stock = plant.stock()
            assert (stock["late"], sum(stock.values())) == (4, len(kept))
            client.execute_inventory_operation(operation.id, "lost", 1.0)
        expect_expired(server, tokens)
        assert server.terminate() == 0

        # The same again, to the position: the files of the log end with the one that it is in.
        _put_back(database, backup)
        until = [log for log in logs if log.name <= moment.file]
        assert until != logs
        _replay(database, backup, until, f"--stop-position={moment.position}")
        _renew(server)
        server.start()
        with Client(server.address, token=server.token) as client:
            assert {record.id for record in client.list_inventory_lot_records(page_size=1_000)} == kept
        server.verify()


@_needs("mariadb-dump", "mariadb")
def test_a_dump_of_mariadb_under_load_is_restored(database: MariadbServer, tmp_path: Path) -> None:
    """By mariadb-dump, loaded by mariadb."""
    name = "dumped"
    url = database.create_database(name)
    migrate_url(url)
    server = ServerProcess(tmp_path, database_url=url)
    dump = tmp_path / "lotkeeper.sql"

    def back_up() -> None:
        what = ("--single-transaction", "--skip-lock-tables", "--databases", name)
        _run("mariadb-dump", *_at(database), *what, f"--result-file={dump}")

    def put_back() -> None:
        database.drop_database(name)
        _run("mariadb", *_at(database), given=dump.read_bytes())
        _renew(server)

    with server:
        restored_under_load(server, back_up, put_back)
