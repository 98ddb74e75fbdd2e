"""A connection to PostgreSQL that is given up when the other end does not work any more.

A cut cable, a frozen host or a lost message leaves a client waiting for an answer that will never come; keepalives
notice only the first of these. So after some waiting, the server is asked on a second connection whether it still works
for the first one. If it does not, or does not answer, the first one is closed, and the driver finds it lost.
"""

import os
import socket
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from lotkeeper_server.event_log import get_logger

QUIET_SECONDS: Final = 1.5
"""How long a wait lasts without a byte from the server before the connection is checked."""
AGAIN_SECONDS: Final = 0.5
"""After so long it is asked again, if it seems to do nothing."""
PROBE_SECONDS: Final = 2
"""How long the second connection may take; the shortest that libpq knows."""
_AT_WORK: Final = (
    "SELECT a.state = 'active' AND a.wait_event_type IS DISTINCT FROM 'Client' "
    "FROM pg_stat_activity AS me LEFT JOIN pg_stat_activity AS a ON a.pid = %s WHERE me.pid = pg_backend_pid()"
)
_log = get_logger()


class WatchedConnection(psycopg.Connection[Any]):
    """Like psycopg's own, except that every wait for an answer ends.

    Attributes:
        server_pid: of the server's process for this session; 0 until `settle`. A pooler tells clients another number.
    """

    server_pid = 0

    def settle(self, settings: Mapping[str, str]) -> None:
        """Finds out which process of the server this is; behind a pooler, which drops options, sets them by itself.

        Args:
            settings: of the session, which the connection has asked for by its options.

        Raises:
            Error: of psycopg; the connection is closed then.
        """
        try:
            self.autocommit = True
            row = self.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
            assert row is not None
            self.server_pid = row[0]
            if self.server_pid != self.info.backend_pid:
                given = [part for setting in settings.items() for part in setting]
                calls = ", ".join("set_config(%s, %s, false)" for _ in settings)
                self.execute(f"SELECT {calls}".encode(), given, prepare=False)
            self.autocommit = False
        except BaseException:
            self.close()
            raise

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Waits like psycopg; the connection is lost if the server does not work for it.

        Args:
            gen: what is waited for.
            interval: between looks at whether to go on waiting, seconds.
            timeout: like in psycopg; None for none.
        """
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        try:
            state = next(gen)
        except StopIteration as end:
            return end.value
        quiet_since = asked_at = 0.0
        idle_before = False
        while True:
            ready = yield state
            if ready:
                quiet_since, idle_before = 0.0, False
            else:
                now = time.monotonic()
                if not quiet_since:
                    quiet_since = asked_at = now
                elif now - asked_at > (AGAIN_SECONDS if idle_before else QUIET_SECONDS):
                    at_work = self._is_server_at_work()
                    if (at_work is False and idle_before) or at_work is None:
                        self._shut(time.monotonic() - quiet_since)
                    idle_before, asked_at = at_work is False, time.monotonic()
            try:
                state = gen.send(ready)
            except StopIteration as end:
                return end.value

    def _is_server_at_work(self) -> bool | None:
        """Whether the server works on what this connection waits for; None if it does not answer."""
        info = self.info
        try:
            own = {"host": info.host, "port": str(info.port), "password": info.password, "options": ""}
            conninfo = make_conninfo(info.dsn, **own, connect_timeout=PROBE_SECONDS)
            with _Probe.connect(conninfo, autocommit=True, prepare_threshold=None) as probe:
                row = probe.execute(_AT_WORK, [self.server_pid or info.backend_pid]).fetchone()
        except psycopg.Error as error:
            # "too many clients": it is alive, but cannot say more; "starting up": what it worked on is lost
            return True if error.sqlstate == "53300" else None
        return row is not None and row[0] is True

    def _shut(self, quiet_seconds: float) -> None:
        _log.warning("connection_given_up", quiet_seconds=round(quiet_seconds, 1))
        with suppress(OSError), socket.socket(fileno=os.dup(self.fileno())) as same:
            same.shutdown(socket.SHUT_RDWR)


class _Probe(psycopg.Connection[Any]):
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(gen, interval, PROBE_SECONDS if timeout is None else timeout)
