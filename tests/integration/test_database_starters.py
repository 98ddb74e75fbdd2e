"""The databases that tests start: what they acknowledged is there after kill -9, and none outlives the tests."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.galera import GaleraCluster
from tests.postgresql import PostgresServer, packaged_binaries, system_binaries

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """One server for this module."""
    with PostgresServer({"max_connections": 20}) as server:
        yield server


def rows(session: psycopg.Connection) -> list[int]:
    """What is in the table `written`."""
    return [number for (number,) in session.execute("SELECT number FROM written ORDER BY number")]


def written_at(url: str, number: int) -> None:
    """Adds a row through SQLAlchemy."""
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text("INSERT INTO written VALUES (:number)"), {"number": number})
    engine.dispose()


def read_at(url: str) -> list[int]:
    """All rows of a Galera node, those that other nodes have answered included."""
    engine = create_engine(url)
    with engine.connect() as session:
        session.execute(text("SET SESSION wsrep_sync_wait = 1"))
        found = list(session.scalars(text("SELECT number FROM written ORDER BY number")))
    engine.dispose()
    return found


@pytest.mark.timeout(60)
@pytest.mark.parametrize("source", [system_binaries, packaged_binaries])
def test_postgresql_killed_keeps_what_it_committed(source: Callable[[], Path | None]) -> None:
    """Also while sessions are open, twice in a row, from the system's programs and from the package's."""
    if (programs := source()) is None:
        pytest.skip(f"{source.__name__}: this machine has none")
    with PostgresServer(binaries=programs) as server:
        url = server.create_database("kept")
        with server.connect("kept") as session:
            session.execute("CREATE TABLE written (number integer)")
            for number in range(2):
                written_at(url, number)
                server.kill()
                server.start()
        with server.connect("kept") as session:
            assert rows(session) == [0, 1]


@pytest.mark.timeout(60)
def test_settings_are_options_and_commits_are_durable(postgres: PostgresServer) -> None:
    """The given one counts, and nothing is faster than it would be in a factory."""
    with postgres.connect() as session:
        shown = [
            session.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in ("max_connections", "fsync", "synchronous_commit", "full_page_writes")
        ]
    assert shown == [("20",), ("on",), ("on",), ("on",)]


@pytest.mark.timeout(60)
def test_terminated_sessions_are_those_of_that_database(postgres: PostgresServer) -> None:
    """Another database's session lives on."""
    postgres.create_database("ended")
    with postgres.connect("ended") as ended, postgres.connect() as other:
        assert postgres.terminate_sessions("ended") == 1
        with pytest.raises(psycopg.OperationalError):
            ended.execute("SELECT 1")
        assert other.execute("SELECT 1").fetchone() == (1,)
    postgres.drop_database("ended")


@pytest.mark.timeout(60)
def test_a_paused_postgresql_answers_when_it_is_resumed(postgres: PostgresServer) -> None:
    """Nothing comes meanwhile, and nothing is lost."""
    with postgres.connect() as session, ThreadPoolExecutor(1) as threads:
        postgres.pause()
        try:
            answer = threads.submit(session.execute, "SELECT 1")
            with pytest.raises(TimeoutError):
                answer.result(0.3)
        finally:
            postgres.resume()
        assert answer.result(10).fetchone() == (1,)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restarted_postgresql_has_the_same_port(postgres: PostgresServer, mode: str) -> None:
    """In either way of stopping."""
    before = (postgres.url(), postgres.pid)
    postgres.restart("fast" if mode == "fast" else "immediate")
    assert postgres.url() == before[0]
    assert postgres.pid != before[1]


@pytest.mark.timeout(60)
def test_a_promoted_standby_has_what_was_committed_and_takes_writes() -> None:
    """A synchronous standby, its primary killed right after the answer."""
    with PostgresServer() as primary, PostgresServer.standby_of(primary) as standby:
        standby.wait_streaming()
        primary.configure(synchronous_standby_names="*")
        with primary.connect() as session:
            session.execute("CREATE TABLE written (number integer)")
        with standby.connect() as session, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            session.execute("INSERT INTO written VALUES (0)")
        written_at(primary.url(), 1)
        primary.kill()
        standby.promote()
        written_at(standby.url(), 2)
        with standby.connect() as session:
            assert rows(session) == [1, 2]


@pytest.mark.timeout(60)
def test_a_postgresql_ends_with_the_process_that_started_it() -> None:
    """However that one ends; its folder goes, too."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.postgresql"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        port = make_url(starter.stdout.readline().strip()).port
        with psycopg.connect(host="127.0.0.1", port=port, user="postgres") as session:
            found = session.execute("SHOW data_directory").fetchone()
        assert found is not None
        folder = Path(found[0]).parent
        assert folder.exists()
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while folder.exists():
        assert time.monotonic() < deadline, "the folder is still there"
        time.sleep(0.05)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=port, user="postgres")


@pytest.fixture(scope="module")
def galera() -> Iterator[GaleraCluster]:
    """Three nodes for this module."""
    if (missing := GaleraCluster.missing()) is not None:
        pytest.skip(missing)
    with GaleraCluster() as cluster:
        yield cluster


def written_table(cluster: GaleraCluster, database: str) -> list[str]:
    """An empty table `written` in a new database; its URLs."""
    urls = cluster.create_database(database)
    with cluster.connect(0, database) as session, session.cursor() as cursor:
        cursor.execute("CREATE TABLE written (number integer PRIMARY KEY)")
    return urls


@pytest.mark.galera
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_galera_cluster_killed_keeps_what_it_committed(galera: GaleraCluster) -> None:
    """Rows of each node are at all; so they are after one was killed and joined again, and after all were at once."""
    urls = written_table(galera, "killed")
    for number, url in enumerate(urls):
        written_at(url, number)
    assert [read_at(url) for url in urls] == [[0, 1, 2]] * 3

    galera.kill(1)
    written_at(urls[0], 3)
    galera.restart(1)
    assert read_at(urls[1]) == [0, 1, 2, 3]

    written_at(urls[2], 4)
    galera.kill_all()
    galera.recover()
    assert [read_at(url) for url in urls] == [[0, 1, 2, 3, 4]] * 3
    assert [galera.status(node)["wsrep_cluster_size"] for node in range(3)] == ["3"] * 3


@pytest.mark.galera
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_galera_node_resumed_is_synced_only_when_it_has_what_it_missed(galera: GaleraCluster) -> None:
    """The others commit while it is frozen, and it takes itself for one of them when it wakes up."""
    urls = written_table(galera, "paused")
    galera.pause(2)
    try:
        written_at(urls[0], 1)
    finally:
        galera.resume(2)
    galera.wait_synced(2)
    assert read_at(urls[2]) == [1]
