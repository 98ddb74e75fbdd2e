"""A real MariaDB alone, without Galera, for tests: started in a folder of its own in some seconds, root or not.

`python -m tests.mariadb [NAME=VALUE ...]` starts one with these options, prints its URL and serves until ctrl-C.
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
from typing import Final, Self

import pymysql
from pymysql.cursors import Cursor

from tests.database_process import DatabaseFailed, DatabaseProcess, account, folder_of, free_ports, run_as, tail

FOLDER_VARIABLE: Final = "LOTKEEPER_TEST_MARIADB"
"""Names a folder with `bin`, `scripts` and `share` of another version than the system's."""
INSTALL_SECONDS: Final = 60
START_SECONDS: Final = 60
STOP_SECONDS: Final = 60
SETTINGS: Final[Mapping[str, str | int]] = {
    "transaction-isolation": "READ-COMMITTED",
    "innodb-flush-log-at-trx-commit": 1,
    "innodb-log-file-size": "32M",
    "innodb-buffer-pool-size": "128M",
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_general_ci",  # Debian's
    "skip-name-resolve": "ON",
}


def program(name: str, home: Path | None = None) -> Path | None:
    """Where it is; None if nowhere.

    Args:
        name: of the program.
        home: the folder of another version; None for the system's, which Debian keeps where only root looks.
    """
    if home is not None:
        return next((path for part in ("bin", "scripts") if (path := home / part / name).exists()), None)
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    return None if found is None else Path(found)


def home_named() -> Path | None:
    """The folder that `FOLDER_VARIABLE` names; None for the system's programs."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else None


@dataclass
class MariadbServer:
    """One MariaDB server: root may connect from this machine without a password, commits are durable.

    Attributes:
        settings: more options of mariadbd, without their dashes; `{folder}` is this server's folder.
        home: the folder of its programs; None for the system's.
        port: on 127.0.0.1, the same after each start.
    """

    settings: Mapping[str, str | int] = field(default_factory=dict)
    home: Path | None = field(default_factory=home_named)
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _process: DatabaseProcess | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if (missing := self.missing(self.home)) is not None:
            raise DatabaseFailed(missing)
        self.owner = account("mysql", "nobody")
        self.folder = folder_of(self.owner, "lotkeeper-mariadb-")

    @staticmethod
    def missing(home: Path | None = None) -> str | None:
        """What this machine lacks for one, in words; None where nothing."""
        lacking = [name for name in ("mariadbd", "mariadb-install-db") if program(name, home) is None]
        if importlib.util.find_spec("pymysql") is None:
            lacking.append("the package pymysql")
        return f"no MariaDB: {', '.join(lacking)} not found (Debian: mariadb-server)" if lacking else None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def url(self, database: str = "mysql") -> str:
        """SQLAlchemy's URL of that database."""
        return f"mariadb+pymysql://root@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None) -> pymysql.Connection[Cursor]:
        """A session in autocommit, to be closed by the caller."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database,
            autocommit=True,
            connect_timeout=5,
            read_timeout=30,
            write_timeout=30,
        )

    def create_database(self, name: str) -> str:
        """Makes a database; its URL."""
        with self.connect() as session, session.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops a database, if there is one."""
        with self.connect() as session, session.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")

    def start(self) -> Self:
        """Makes the data directory, if there is none yet, and starts; returns when it answers.

        Raises:
            DatabaseFailed: it ended, or did not answer within 60 s.
        """
        assert self._process is None, "it runs already"
        if not self.data.exists():
            self._make_data()
        options: dict[str, str | int | Path] = {
            **self._places(),
            "bind-address": "127.0.0.1",
            "port": self.port,
            "socket": self.folder / "socket",
            "pid-file": self.folder / "pid",
            **SETTINGS,
            **{name: str(value).format(folder=self.folder) for name, value in self.settings.items()},
        }
        command = [str(program("mariadbd", self.home)), "--no-defaults"]
        command += [f"--{name}={value}" for name, value in options.items()]
        self._process = DatabaseProcess(command, owner=self.owner, folder=self.folder, log=self.folder / "log")
        try:
            self._wait_answering()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """Ends it in order.

        Raises:
            DatabaseFailed: it had not ended after 60 s and was killed.
        """
        process, self._process = self._running(), None
        process.stop(signal.SIGTERM, STOP_SECONDS)

    def kill(self) -> None:
        """Kill -9; `start` recovers."""
        process, self._process = self._running(), None
        process.kill()

    def log(self) -> str:
        """The end of what it wrote."""
        return tail(self.folder / "log")

    def _places(self) -> dict[str, str | int | Path]:
        places: dict[str, str | int | Path] = {"datadir": self.data}
        if self.home is not None:
            places["basedir"] = self.home
        return places

    def _make_data(self) -> None:
        places = [f"--{name}={value}" for name, value in self._places().items()]
        kind = ("--auth-root-authentication-method=normal", "--skip-name-resolve", "--skip-test-db")
        log_file_size = f"--innodb-log-file-size={SETTINGS['innodb-log-file-size']}"
        install = str(program("mariadb-install-db", self.home))
        run_as(self.owner, [install, "--no-defaults", *kind, log_file_size, *places], INSTALL_SECONDS)

    def _wait_answering(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
            except pymysql.Error as error:
                if not self._running().running or time.monotonic() > deadline:
                    raise DatabaseFailed(f"MariaDB did not start: {error}\n{self.log()}") from error
                time.sleep(0.05)
            else:
                return

    def _running(self) -> DatabaseProcess:
        assert self._process is not None, "it is not started"
        return self._process

    def __enter__(self) -> Self:
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
    with MariadbServer(settings) as server:
        sys.stdout.write(f"{server.url()}\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            server.stop()


if __name__ == "__main__":
    _main()
