"""A real Galera cluster for tests: nodes of Debian's mariadb-server and galera-4 on loopback, root or not.

`python -m tests.galera [NODES]` starts one, prints a URL for each node and serves until ctrl-C.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pymysql
from pymysql.cursors import Cursor

from tests import mariadb
from tests.database_process import DatabaseFailed, DatabaseProcess, account, folder_of, free_ports, run_as, tail
from tests.mariadb import program

INSTALL_SECONDS = 60
SYNCED_SECONDS = 60
STOP_SECONDS = 30
RECOVERY_SECONDS = 60
PROGRAMS = ("mariadbd", "mariadb-install-db", "wsrep_sst_rsync", "rsync")
PROVIDERS = (Path("/usr/lib/galera/libgalera_smm.so"), Path("/usr/lib64/galera-4/libgalera_smm.so"))
# A node that is gone holds up everybody's commits for suspect_timeout; the keepalives have to fit in it three times.
PROVIDER_OPTIONS = {
    "evs.suspect_timeout": "PT2S",
    "evs.keepalive_period": "PT0.5S",
    "evs.inactive_check_period": "PT0.5S",
    "gcache.size": "64M",
}
SETTINGS: Mapping[str, str | int] = {
    **mariadb.SETTINGS,
    "innodb-autoinc-lock-mode": 2,
    "binlog-format": "ROW",
}


@dataclass(frozen=True, slots=True)
class Position:
    """How far a node has come: that history's UUID and the number of its last transaction there."""

    history: str
    number: int

    def __str__(self) -> str:
        """As the server's options have it."""
        return f"{self.history}:{self.number}"


@dataclass
class _Node:
    """One node's own places."""

    name: str
    folder: Path
    sql_port: int
    group_port: int
    ist_port: int
    sst_port: int
    process: DatabaseProcess | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"


@dataclass
class GaleraCluster:
    """Some MariaDB nodes that commit together, numbered from 0; commits are durable on each.

    Attributes:
        size: how many nodes.
        settings: more options of mariadbd, without their dashes.
    """

    size: int = 3
    settings: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (missing := self.missing()) is not None:
            raise DatabaseFailed(missing)
        self._owner = account("mysql")
        ports = free_ports(4 * self.size)
        self._nodes = [
            _Node(f"node{number}", folder_of(self._owner, f"lotkeeper-galera-{number}-"), *four)
            for number, four in enumerate(zip(*[iter(ports)] * 4, strict=True))
        ]

    @staticmethod
    def missing() -> str | None:
        """What this machine lacks for a cluster, in words; None where nothing."""
        lacking = [name for name in PROGRAMS if program(name) is None]
        if not any(provider.exists() for provider in PROVIDERS):
            lacking.append("libgalera_smm.so")
        if program("lsof") is None and program("ss") is None:
            lacking.append("lsof or ss")
        if importlib.util.find_spec("pymysql") is None:
            lacking.append("the package pymysql")
        if lacking:
            return f"no Galera: {', '.join(lacking)} not found (Debian: mariadb-server galera-4 rsync iproute2)"
        try:
            account("mysql")
        except DatabaseFailed as error:
            return f"no Galera: {error}"
        return None

    def url(self, node: int, database: str) -> str:
        """SQLAlchemy's URL of that database at one node."""
        return f"mariadb+pymysql://root@127.0.0.1:{self._nodes[node].sql_port}/{database}"

    def urls(self, database: str) -> list[str]:
        """The same at each node."""
        return [self.url(node, database) for node in range(self.size)]

    def connect(self, node: int, database: str | None = None) -> pymysql.Connection[Cursor]:
        """A session at one node in autocommit, to be closed by the caller."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self._nodes[node].sql_port,
            user="root",
            database=database,
            autocommit=True,
            connect_timeout=5,
            read_timeout=30,
            write_timeout=30,
        )

    def create_database(self, name: str) -> list[str]:
        """Makes a database; its URLs at each node."""
        with self.connect(0) as session, session.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
        return self.urls(name)

    def drop_database(self, name: str) -> None:
        """Drops a database, if there is one."""
        with self.connect(0) as session, session.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")

    def start(self) -> Self:
        """Starts a new cluster: the first node as its beginning, the others as copies of it; all are Synced then.

        Raises:
            DatabaseFailed: one is not within 60 s.
        """
        first = self._nodes[0]
        install = (program("mariadb-install-db"), "--no-defaults", "--auth-root-authentication-method=normal")
        log_file_size = f"--innodb-log-file-size={SETTINGS['innodb-log-file-size']}"
        command = [*install, "--skip-name-resolve", "--skip-test-db", log_file_size, f"--datadir={first.data}"]
        run_as(self._owner, [str(word) for word in command], INSTALL_SECONDS)
        self._start_all(first=0, positions=[None] * self.size)
        return self

    def kill(self, node: int) -> None:
        """Kill -9 of one node; the others find out after `evs.suspect_timeout`, 2 s, and commit again."""
        self._running(node).kill()
        self._nodes[node].process = None

    def kill_all(self) -> None:
        """Kill -9 of all nodes at one moment; `recover` starts them again."""
        alive = [node for node in self._nodes if node.process is not None]
        for node in alive:
            assert node.process is not None
            node.process.freeze()  # so that none lives on without the others while they are killed one by one
        for node in alive:
            assert node.process is not None
            node.process.kill()
            node.process = None

    def stop(self, node: int) -> None:
        """Ends one node in order: it says goodbye to the others.

        Raises:
            DatabaseFailed: it had not ended after 30 s and was killed.
        """
        process, self._nodes[node].process = self._running(node), None
        process.stop(signal.SIGTERM, STOP_SECONDS)

    def restart(self, node: int) -> None:
        """Starts a stopped or killed node beside those that run; it gets what it missed and is Synced then.

        Raises:
            DatabaseFailed: it is not within 60 s.
        """
        self._start(node, self.position(node))
        self.wait_synced(node)

    def recover(self) -> None:
        """Starts all again when all had stopped: the one that has come furthest first, as the new beginning.

        Raises:
            DatabaseFailed: none has a position, two have different histories, or one is not Synced within 60 s.
        """
        with ThreadPoolExecutor(self.size) as threads:
            positions = list(threads.map(self.position, range(self.size)))
        found = {node: position for node, position in enumerate(positions) if position is not None}
        if len({position.history for position in found.values()}) != 1:
            raise DatabaseFailed(f"no common history to go on from: {positions}")
        furthest = max(found, key=lambda node: found[node].number)
        state = self._nodes[furthest].data / "grastate.dat"
        state.write_text(state.read_text().replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        for node in self._nodes:
            # Who remembers the last group would otherwise wait for it instead of joining the new one.
            (node.data / "gvwstate.dat").unlink(missing_ok=True)
        self._start_all(furthest, positions)

    def position(self, node: int) -> Position | None:
        """How far a node that does not run had come; None where it never had anything.

        A node started without this, after a kill -9, may take itself for further than its data are.
        """
        assert self._nodes[node].process is None, "it runs"
        if not (self._nodes[node].data / "grastate.dat").exists():
            return None
        command = [*self._command(self._nodes[node]), "--wsrep-recover", "--disable-log-error"]
        said = run_as(self._owner, command, RECOVERY_SECONDS)
        match = re.search(r"Recovered position:\s*([0-9a-f-]{36}):(-?\d+)", said)
        if match is None or int(match[2]) < 0:
            return None
        return Position(match[1], int(match[2]))

    def status(self, node: int) -> dict[str, str]:
        """The node's `wsrep_` variables of state."""
        with self.connect(node) as session, session.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep%'")
            return {str(name): str(value) for name, value in cursor.fetchall()}

    def wait_synced(self, node: int, seconds: float = SYNCED_SECONDS) -> None:
        """Returns when that node is Synced in a Primary group, and the group confirms it.

        A node that was frozen says so of itself for some seconds after the others have gone on without it.

        Raises:
            DatabaseFailed: it has ended, or is not after so many seconds.
        """
        deadline = time.monotonic() + seconds
        seen: object = None
        while True:
            try:
                with self.connect(node) as session, session.cursor() as cursor:
                    cursor.execute("SET SESSION wsrep_sync_wait = 1")
                    cursor.execute("SELECT 1")  # comes back through the group
                status = self.status(node)
            except pymysql.Error as error:
                seen = error
            else:
                seen = (status["wsrep_local_state_comment"], status["wsrep_cluster_status"])
                if seen == ("Synced", "Primary"):
                    return
            if not self._running(node).running:
                raise DatabaseFailed(f"{self._nodes[node].name} has ended\n{self.log(node)}")
            if time.monotonic() > deadline:
                raise DatabaseFailed(f"{self._nodes[node].name} is not Synced: {seen}\n{self.log(node)}")
            time.sleep(0.05)

    def pause(self, node: int) -> None:
        """SIGSTOP to one node; after `evs.suspect_timeout` the others take it for gone."""
        self._running(node).freeze()

    def resume(self, node: int) -> None:
        """SIGCONT to one node; it joins again by itself, some ten seconds later, see `wait_synced`."""
        self._running(node).thaw()

    def log(self, node: int) -> str:
        """The end of what that node wrote."""
        return tail(self._nodes[node].log)

    def _start_all(self, first: int, positions: list[Position | None]) -> None:
        try:
            self._start(first, positions[first], "--wsrep-new-cluster")
            self.wait_synced(first)
            others = [node for node in range(self.size) if node != first]
            for node in others:
                self._start(node, positions[node])
            for node in others:
                self.wait_synced(node)
        except BaseException:
            self._kill_running()
            raise

    def _start(self, number: int, position: Position | None, *more: str) -> None:
        node = self._nodes[number]
        assert node.process is None, "it runs already"
        if not node.data.exists():
            node.data.mkdir()
            if self._owner is not None:
                os.chown(node.data, self._owner.pw_uid, self._owner.pw_gid)
        command = [*self._command(node), *more]
        if position is not None:
            command.append(f"--wsrep-start-position={position}")
        node.process = DatabaseProcess(command, owner=self._owner, folder=node.folder, log=node.log)

    def _command(self, node: _Node) -> list[str]:
        provider = {
            "gmcast.listen_addr": f"tcp://127.0.0.1:{node.group_port}",
            "ist.recv_addr": f"127.0.0.1:{node.ist_port}",
            **PROVIDER_OPTIONS,
        }
        options: dict[str, str | int | Path] = {
            "datadir": node.data,
            "bind-address": "127.0.0.1",
            "port": node.sql_port,
            "socket": node.folder / "socket",
            "pid-file": node.folder / "pid",
            "wsrep-on": "ON",
            "wsrep-provider": next(provider for provider in PROVIDERS if provider.exists()),
            "wsrep-provider-options": ";".join(f"{name}={value}" for name, value in provider.items()),
            "wsrep-cluster-name": "lotkeeper",
            "wsrep-cluster-address": "gcomm://" + ",".join(f"127.0.0.1:{one.group_port}" for one in self._nodes),
            "wsrep-node-name": node.name,
            "wsrep-node-address": "127.0.0.1",
            "wsrep-sst-method": "rsync",
            "wsrep-sst-receive-address": f"127.0.0.1:{node.sst_port}",
            **SETTINGS,
            **self.settings,
        }
        return [str(program("mariadbd")), "--no-defaults", *(f"--{name}={value}" for name, value in options.items())]

    def _running(self, node: int) -> DatabaseProcess:
        process = self._nodes[node].process
        assert process is not None, "that node is not started"
        return process

    def _kill_running(self) -> None:
        for node in self._nodes:
            if node.process is not None:
                node.process.kill()
                node.process = None

    def __enter__(self) -> Self:
        return self if any(node.process for node in self._nodes) else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._kill_running()
        if isinstance(error, Exception):
            sys.stderr.write("\n".join(self.log(node) for node in range(self.size)))
        for node in self._nodes:
            shutil.rmtree(node.folder)


def _main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with GaleraCluster(int(sys.argv[1]) if sys.argv[1:] else 3) as cluster:
        for url in cluster.urls("mysql"):
            sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    _main()
