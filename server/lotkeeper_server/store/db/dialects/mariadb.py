"""MariaDB, alone or as a Galera cluster: every node takes writes.

Galera locks no rows across nodes. A transaction that met one of another node is refused when it commits, if both have
written the same row: so a lock that keeps a rule is a write there, of `row_guard`.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, lru_cache, partial
from typing import Any, ClassVar, Final

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event

from lotkeeper_server.store.db.dialects.dialect import Dialect, Locking, Rows, Write
from lotkeeper_server.store.db.dialects.key_lists import chunks
from lotkeeper_server.store.db.errors import (
    AlreadyThere,
    ReferenceBroken,
    RowsHeld,
    StoreContention,
    StoreError,
    StoreUnavailable,
)
from lotkeeper_server.store.schema.tables import metadata

CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 10
"""How long a write transaction waits for an answer; after that, the node is gone, frozen or cut off."""
ANSWER_READING_SECONDS: Final = 300
"""How long a read waits for an answer; it may add up everything in the store."""
LOCK_WAIT_SECONDS: Final = 1
_SESSION: Final = (
    f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}, SESSION wait_timeout = 3600, "
    "SESSION wsrep_sync_wait = 7, "
    "SESSION max_recursive_iterations = 100000, "
    "SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
)
IDLE_SECONDS: Final = 6
"""After so long the database ends a transaction whose process is silent, after half of that if it has written."""
IDLE_READING_SECONDS: Final = 60
_LOCKS: Final = {
    Locking.NONE: "",
    Locking.SKIP: " FOR UPDATE SKIP LOCKED",
    Locking.SKIP_AT_ONCE: " FOR UPDATE SKIP LOCKED",
    Locking.WAIT_BRIEFLY: " FOR UPDATE",
    Locking.WAIT: " FOR UPDATE",
}
_DEADLOCK: Final = 1213
_LOCK_WAIT: Final = 1205
_CONTENTION: Final = frozenset({_DEADLOCK, 1020})
_DUPLICATE: Final = frozenset({1062, 1586})
_REFUSED_WRITE: Final = frozenset({1048, 1216, 1217, 1451, 1452, 3819, 4025, 1264, 1366, 1406})


class MariaDb(Dialect):
    """By PyMySQL."""

    has_transactional_ddl: ClassVar[bool] = False

    def check_url(self, url: URL) -> None:
        if url.get_driver_name() != "pymysql":
            raise StoreError("Use mariadb+pymysql://USER@HOST/DATABASE.")
        if not url.database:
            raise StoreError("The URL names no database: use mariadb+pymysql://USER@HOST/DATABASE.")
        try:
            import pymysql  # noqa: F401, PLC0415 - an extra
        except ImportError as error:
            raise StoreError("MariaDB needs the package PyMySQL: pip install 'lotkeeper[mariadb]'.") from error

    def engine_for_writes(self, url: URL) -> Engine:
        return self._engine(url, "READ COMMITTED", ANSWER_SECONDS, IDLE_SECONDS)

    def engine_for_reads(self, url: URL) -> Engine:
        return self._engine(url, "REPEATABLE READ", ANSWER_READING_SECONDS, IDLE_READING_SECONDS)

    def _engine(self, url: URL, isolation: Any, answer_seconds: int, idle_seconds: int) -> Engine:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=4,
            max_overflow=12,
            pool_pre_ping=isolation == "REPEATABLE READ",
            isolation_level=isolation,
            connect_args={
                "charset": "utf8mb4",
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": answer_seconds,
                "write_timeout": answer_seconds,
            },
        )
        event.listen(engine, "do_connect", _connect)
        event.listen(engine, "connect", partial(_prepare, idle_seconds))
        return engine

    def begin(self, connection: Connection, locking: Locking) -> None:
        """PyMySQL's transactions begin by themselves, with the first statement."""
        seconds = 0 if locking is Locking.SKIP_AT_ONCE else LOCK_WAIT_SECONDS
        if connection.info.get("lotkeeper_lock_wait", LOCK_WAIT_SECONDS) != seconds:
            cursor = connection.connection.cursor()
            cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {seconds}")
            cursor.close()
            connection.info["lotkeeper_lock_wait"] = seconds

    def store_error(self, error: BaseException | None) -> StoreError | None:
        import pymysql  # noqa: PLC0415 - an extra

        if not isinstance(error, pymysql.err.Error):
            return None
        number = error.args[0] if error.args else 0
        text = str(error)
        if number == _LOCK_WAIT:
            return RowsHeld(text)
        if number in _CONTENTION:
            return StoreContention(text)
        if number in _DUPLICATE:
            return AlreadyThere(text)
        if number in _REFUSED_WRITE:
            return ReferenceBroken(text)
        return StoreUnavailable(text)

    def commit_unknown(self, error: BaseException | None) -> bool:
        """A refused certification is a deadlock, and undone; after any other error the outcome is unknown."""
        return not (getattr(error, "args", None) and error is not None and error.args[0] in _CONTENTION | {_LOCK_WAIT})

    def fault(self, connection: Connection) -> str | None:
        """A node that was frozen believes for some seconds that it is Synced: so the read asks the group first."""
        cursor = connection.connection.cursor()
        cursor.execute("SELECT 1 FROM store_state")
        cursor.fetchall()
        cursor.execute(
            "SHOW STATUS WHERE Variable_name IN "
            "('wsrep_ready', 'wsrep_cluster_status', 'wsrep_local_state_comment', 'wsrep_cluster_size')"
        )
        status = dict(cursor.fetchall())
        cursor.close()
        if status.get("wsrep_cluster_size", "0") == "0":
            return None  # not a cluster
        expected = {"wsrep_ready": "ON", "wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced"}
        wrong = [f"{name} is {status.get(name)}" for name, value in expected.items() if status.get(name) != value]
        return ", ".join(wrong) or None

    def clock_millis(self, connection: Connection) -> int | None:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)")
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else int(row[0])

    def text(self, text: str) -> str:
        return _format_style(text)

    def rows_by_key(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        order = f" ORDER BY {by.rpartition(' ')[2]}" if locking is not Locking.NONE else ""
        cursor = connection.connection.cursor()
        for chunk in chunks(keys):
            places = ", ".join("%s" for _ in chunk)
            cursor.execute(f"{select_from} WHERE {by} IN ({places}){order}{_LOCKS[locking]}", tuple(chunk))
            yield from cursor.fetchall()
        cursor.close()

    def rows_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        one = "(" + " AND ".join(f"t.{name} = %s" for name in by) + ")"
        order = f" ORDER BY {', '.join(f't.{name}' for name in by)}" if locking is not Locking.NONE else ""
        joined = select.replace("{keys}", f"{table.name} AS t")
        cursor = connection.connection.cursor()
        for chunk in chunks(list(dict.fromkeys(tuple(key) for key in keys))):
            where = " OR ".join(one for _ in chunk)
            text = f"{joined} WHERE {where}{order}{_LOCKS[locking]}"
            cursor.execute(text, tuple(value for key in chunk for value in key))
            yield from cursor.fetchall()
        cursor.close()

    def lock(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        rows = super().lock(connection, select_from, by, keys, locking)
        return rows if locking is Locking.NONE else self._guarded(connection, rows)

    def lock_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        rows = super().lock_by_columns(connection, select, table, by, keys, locking)
        return rows if locking is Locking.NONE else self._guarded(connection, rows)

    def _guarded(self, connection: Connection, rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        locked = list(rows)
        self._guard(connection, [row[0] for row in locked])
        yield from locked

    def write_many(self, connection: Connection, write: Write, rows: Rows) -> None:
        cursor = connection.connection.cursor()
        changed = cursor.executemany(_format_style(write.text), rows) or 0
        cursor.close()
        if changed != len(rows):  # a row that is not locked has been deleted, an expired request id
            raise StoreContention(f"{changed} of {len(rows)} rows changed: {write.text}")

    @contextmanager
    def together(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002 - there is no way to save
        yield

    def hold_off_all(self, connection: Connection, table: str) -> None:
        """Makes the table anew: on every node that comes after all that was committed, and ends what was not."""
        cursor = connection.connection.cursor()
        cursor.execute(f"ALTER TABLE {table} FORCE")
        cursor.close()

    def lock_with_referrers(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:
        """Deletes the rows and inserts them again, unchanged.

        A row that refers to them and a mere change of them pass certification together; a delete or an insert does not.
        """
        keys = sorted(ids)
        rows = list(self.rows_by_key(connection, f"SELECT * FROM {table}", "id", keys, Locking.WAIT))  # noqa: S608
        cursor = connection.connection.cursor()
        cursor.execute("SET SESSION foreign_key_checks = 0")
        try:
            if rows:
                cursor.executemany(f"DELETE FROM {table} WHERE id = %s", [(key,) for key in keys])  # noqa: S608
                marks = ", ".join("%s" for _ in rows[0])
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
        finally:
            with suppress(Exception):  # the first error counts
                cursor.execute("SET SESSION foreign_key_checks = 1")
                cursor.close()
        self._guard(connection, ids)

    def refer(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:  # noqa: ARG002
        self._guard(connection, ids)

    def walked_by(self, table: str, columns: tuple[str, ...]) -> str:
        """Forces the index: MariaDB would find rows by the equality only, and also read those before the bound."""
        name = _index_of(table, columns)
        return f" FORCE INDEX ({name})" if name else ""

    def beyond(self, names: Sequence[str], sign: str, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        """Written in full: for columns that are compared as a row, MariaDB uses no index."""
        if len(names) == 1:
            return f"{names[0]} {sign} ?", tuple(values)
        (first, second), (one, other) = names, values
        return f"({first} {sign[0]} ? OR ({first} = ? AND {second} {sign} ?))", (one, one, other)

    def _guard(self, connection: Connection, ids: Sequence[bytes]) -> None:
        """Writes for rows that were locked: only what is written keeps other nodes away."""
        if not ids:
            return
        cursor = connection.connection.cursor()
        cursor.executemany(
            "INSERT INTO row_guard (id, turn) VALUES (%s, 1) ON DUPLICATE KEY UPDATE turn = turn + 1",
            [(one,) for one in sorted(ids)],
        )
        cursor.close()


@cache
def _index_of(table: str, columns: tuple[str, ...]) -> str:
    for index in metadata.tables[table].indexes:
        if tuple(index.columns.keys())[: len(columns)] == columns:
            return str(index.name)
    return ""


def _connect(_dialect: object, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Uses TLS if the server has it, without reading all the system's authorities for each connection, as PyMySQL does.

    That takes up to a tenth of a second for nothing: without an authority in the URL none is checked.
    """
    import pymysql  # noqa: PLC0415 - an extra

    class Connection(pymysql.Connection):
        def connect(self, sock: Any = None) -> None:
            super().connect(sock)
            _notice_death(self._sock)  # type: ignore[attr-defined]

        def _create_ssl_ctx(self, options: Any) -> Any:
            return _unchecked_tls() if options == {} else super()._create_ssl_ctx(options)  # type: ignore[misc]

    return Connection(*arguments, **options)


def _notice_death(connected: socket.socket) -> None:
    """Notices within seconds that a machine is gone, even if statements may take long."""
    if connected.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        for option, value in (
            (socket.TCP_KEEPIDLE, 5),
            (socket.TCP_KEEPINTVL, 2),
            (socket.TCP_KEEPCNT, 3),
            (socket.TCP_USER_TIMEOUT, 8_000),
        ):
            connected.setsockopt(socket.IPPROTO_TCP, option, value)


@cache
def _unchecked_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _prepare(idle_seconds: int, connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(
        f"{_SESSION}, SESSION idle_transaction_timeout = {idle_seconds}, "
        f"SESSION idle_write_transaction_timeout = {idle_seconds // 2}"
    )
    cursor.close()


@lru_cache(4_096)
def _format_style(text: str) -> str:
    return text.replace("%", "%%").replace("?", "%s")
