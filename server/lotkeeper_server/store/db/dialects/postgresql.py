"""PostgreSQL, and databases with its protocol: many processes, many hosts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, ClassVar, Final

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event

from lotkeeper_server.store.db.capabilities import PIPELINED, Capabilities
from lotkeeper_server.store.db.dialects.dialect import Dialect, Locking, Rows, Write
from lotkeeper_server.store.db.dialects.holders import HOLDERS_MAX, holder
from lotkeeper_server.store.db.dialects.postgresql_arrays import array_of, pack, register_arrays
from lotkeeper_server.store.db.errors import (
    AlreadyThere,
    OutcomeUnknown,
    ReferenceBroken,
    RowsHeld,
    StoreContention,
    StoreError,
    StoreUnavailable,
    VersionsMoved,
)

CONNECT_SECONDS: Final = 3
LOCK_WAIT_MILLIS: Final = 100
"""How long a transaction of many calls waits for a row that another one is just making; then it is split into parts."""
LOCK_AT_ONCE_MILLIS: Final = 5
"""How long such a part waits: a held row must not make other calls wait."""
LOCK_WAIT_ALONE_MILLIS: Final = {"wait_briefly": 1_000, "wait": 8_000}
"""How long a transaction of one call waits for the rows that it needs."""
IDLE_MILLIS: Final = 3_000
"""After so long the database ends a transaction whose process is silent, so that its locks are free again."""
IDLE_ALONE_MILLIS: Final = 6_000
IDLE_READING_MILLIS: Final = 60_000
_ALONE: Final = " (alone)"
"""Added to the session's name while a transaction of one call runs in it."""
STATEMENT_MILLIS: Final = 30_000
STATEMENT_READING_MILLIS: Final = 300_000
_CONNECTION: Final = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
    "application_name": "lotkeeper",
}
_SESSION: Final = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "1000",
    "jit": "off",
}
_LOCKS: Final = {
    Locking.NONE: "",
    # Not FOR UPDATE: its key does not change, so what refers to the row may be written at the same time.
    Locking.SKIP: " FOR NO KEY UPDATE SKIP LOCKED",
    Locking.SKIP_AT_ONCE: " FOR NO KEY UPDATE SKIP LOCKED",
    Locking.WAIT_BRIEFLY: " FOR NO KEY UPDATE",
    Locking.WAIT: " FOR NO KEY UPDATE",
}
# The database's own timeouts for idle sessions do not run if a client has sent half a message, or asked for a flush.
# Such a session is "active", or "idle in transaction", and waits for the client for ever.
_END_STALLED: Final = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
       AND backend_xid IS NOT NULL AND wait_event_type = 'Client' AND state_change < clock_timestamp() -
           CASE application_name WHEN current_setting('application_name') THEN %s::interval
                                 WHEN current_setting('application_name') || %s THEN %s::interval END
"""
# Tables are those of Lotkeeper, whoever holds them. Where this user may not see a session's times, it is told of, too.
_HOLDERS: Final = """
    SELECT a.pid, a.application_name, a.usename, host(a.client_addr), a.state,
           EXTRACT(EPOCH FROM clock_timestamp() - a.xact_start)::float8 AS seconds
      FROM pg_stat_activity AS a
     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND coalesce(a.xact_start < clock_timestamp() - interval '500 ms', true)
       AND EXISTS (SELECT FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
                    WHERE l.pid = a.pid AND l.granted AND l.mode <> 'AccessShareLock' AND c.relkind = 'r'
                      AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'store_state'::regclass))
     ORDER BY seconds DESC NULLS LAST LIMIT %s
"""
_CONTENTION: Final = frozenset({"40001", "40P01", "25P03"})
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
# Statements that fail where the commit behind them is not to happen: the server then skips it.
_LOOK: Final = "SELECT 1 / (version = %s AND access_version = %s)::int FROM store_state WHERE id = 1"
_MOVED: Final = "22012"
_COUNTED: Final = "WITH changed AS ({update} RETURNING 1) SELECT sqrt((-abs(count(*) - %s))::float8) FROM changed"
_ROWS_GONE: Final = "2201F"
_LOCK_NOT_AVAILABLE: Final = "55P03"


class PostgreSql(Dialect):
    """PostgreSQL through psycopg 3."""

    capabilities: ClassVar[Capabilities] = PIPELINED

    def check_url(self, url: URL) -> None:
        if url.get_driver_name() != "psycopg":
            raise StoreError("Use postgresql+psycopg://USER@HOST/DATABASE.")
        if not url.database:
            raise StoreError("The URL names no database: use postgresql+psycopg://USER@HOST/DATABASE.")
        try:
            register_arrays()
        except ImportError as error:
            raise StoreError("PostgreSQL needs the package psycopg: pip install 'lotkeeper[postgres]'.") from error

    def engine_for_writes(self, url: URL) -> Engine:
        session = _SESSION | {
            "lock_timeout": str(LOCK_WAIT_MILLIS),
            "idle_in_transaction_session_timeout": str(IDLE_MILLIS),
            "statement_timeout": str(STATEMENT_MILLIS),
        }
        arguments = _connect_arguments(url, session)
        engine = create_engine(
            # The driver would wait for the answer to a BEGIN of its own; see `begin`.
            url,
            hide_parameters=True,
            pool_size=2,
            max_overflow=4,
            isolation_level="AUTOCOMMIT",
            connect_args=arguments,
        )
        event.listen(engine, "do_connect", partial(_connect, session))
        return engine

    def engine_for_reads(self, url: URL) -> Engine:
        session = _SESSION | {
            "idle_in_transaction_session_timeout": str(IDLE_READING_MILLIS),
            "statement_timeout": str(STATEMENT_READING_MILLIS),
            "default_transaction_read_only": "on",
            # Pages walk along indexes in their order; if the planner believed a large lot to be small, it would sort
            # its rows.
            "enable_bitmapscan": "off",
        }
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=4,
            max_overflow=12,
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
            connect_args=_connect_arguments(url, session),
        )
        event.listen(engine, "do_connect", partial(_connect, session))
        return engine

    def begin(self, connection: Connection, locking: Locking) -> None:
        cursor: Any = connection.connection.cursor()
        if locking in {Locking.WAIT_BRIEFLY, Locking.WAIT}:  # a few statements at once, which no pipeline takes
            cursor.execute(
                f"{_BEGIN}; "
                f"SELECT set_config('application_name', current_setting('application_name') || '{_ALONE}', true); "
                f"SET LOCAL lock_timeout = {LOCK_WAIT_ALONE_MILLIS[locking.value]}; "
                f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_ALONE_MILLIS}; "
                f"SET LOCAL statement_timeout = {STATEMENT_READING_MILLIS}",
                prepare=False,
            )
            return
        cursor.execute(_BEGIN, prepare=False)
        if locking is Locking.SKIP_AT_ONCE:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_AT_ONCE_MILLIS}", prepare=False)

    def store_error(self, error: BaseException | None) -> StoreError | None:
        import psycopg  # noqa: PLC0415 - an extra

        if not isinstance(error, psycopg.Error):
            return None
        state, text = error.sqlstate or "", str(error)
        if state == _LOCK_NOT_AVAILABLE:
            return RowsHeld(text)
        if state in _CONTENTION:
            return StoreContention(text)
        if state == _ROWS_GONE:  # a row that is not locked has been deleted, an expired request id
            return StoreContention("fewer rows changed than were meant")
        if isinstance(error, psycopg.errors.UniqueViolation):
            return AlreadyThere(text)
        if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
            return ReferenceBroken(text)
        return StoreUnavailable(text)

    def commit_unknown(self, error: BaseException | None) -> bool:
        """A commit that the server itself refused did not happen; after a lost connection nobody knows."""
        state = getattr(error, "sqlstate", None)
        return state is None or state.startswith(("08", "57"))

    def fault(self, connection: Connection) -> str | None:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT pg_is_in_recovery() FROM store_state")
        row = cursor.fetchone()
        cursor.close()
        return "the database is a standby and does not take writes" if row and row[0] else None

    def clock_millis(self, connection: Connection) -> int | None:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)")
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else int(row[0])

    def end_stalled(self, connection: Connection) -> int:
        cursor = connection.connection.cursor()
        cursor.execute(_END_STALLED, (f"{IDLE_MILLIS} ms", _ALONE, f"{IDLE_ALONE_MILLIS} ms"))
        row = cursor.fetchone()
        cursor.close()
        return int(row[0]) if row else 0

    def holders(self, connection: Connection) -> list[dict[str, Any]]:
        cursor = connection.connection.cursor()
        cursor.execute(_HOLDERS, (HOLDERS_MAX,))
        rows = cursor.fetchall()
        cursor.close()
        return [holder(*row) for row in rows]

    def text(self, text: str) -> str:
        return _format_style(text)

    def cursor(self, connection: Connection) -> Any:
        return connection.connection.cursor(binary=True)

    def rows_by_key(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        if not keys:
            return iter(())
        order = f" ORDER BY {by.rpartition(' ')[2]}" if locking is not Locking.NONE else ""
        cursor = self.cursor(connection)
        cursor.execute(f"{select_from} WHERE {by} = ANY(%s){order}{_LOCKS[locking]}", (array_of(keys),))
        return _rows_of(cursor)

    def rows_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        if not keys:
            return iter(())
        parts = ", ".join(f"k{number}" for number in range(len(by)))
        same = " AND ".join(f"t.{name} = k.k{number}" for number, name in enumerate(by))
        arrays = ", ".join("%s" for _ in by)
        joined = select.replace("{keys}", f"unnest({arrays}) AS k({parts}) JOIN {table.name} AS t ON {same}")
        order = f" ORDER BY {', '.join(f't.{name}' for name in by)}" if locking is not Locking.NONE else ""
        of_table = _LOCKS[locking].replace("UPDATE", "UPDATE OF t")
        cursor = self.cursor(connection)
        cursor.execute(
            f"{joined}{order}{of_table}",
            [pack(table.c[name].type, values) for name, values in zip(by, zip(*keys, strict=True), strict=True)],
        )
        return _rows_of(cursor)

    def unfit(self, connection: Connection) -> str | None:
        cursor = connection.connection.cursor()
        cursor.execute("SHOW server_encoding")
        row = cursor.fetchone()
        cursor.close()
        if row is None or row[0] == "UTF8":
            return None
        return f"the database is in {row[0]}; make one with: createdb --encoding=UTF8 --template=template0 NAME"

    def hold_off_all(self, connection: Connection, table: str) -> None:
        cursor: Any = connection.connection.cursor()
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", prepare=False)
        cursor.close()

    def hold_versions(self, connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT id FROM store_state FOR SHARE")
        cursor.close()

    def lock_with_referrers(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:
        # A transaction that wrote a reference holds the row FOR KEY SHARE, and no weaker lock than this waits for it.
        self._lock(connection, table, ids, "FOR UPDATE")

    def refer(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:
        self._lock(connection, table, ids, "FOR KEY SHARE")

    def _lock(self, connection: Connection, table: str, ids: Sequence[bytes], strength: str) -> None:
        cursor = self.cursor(connection)
        cursor.execute(f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id {strength}", (array_of(ids),))  # noqa: S608
        cursor.close()

    def write_many(self, connection: Connection, write: Write, rows: Rows) -> None:
        columns = (*write.values, *write.keys)
        arrays = [pack(column.type, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]
        cursor: Any = connection.connection.cursor()
        cursor.execute(_set_based(write), [*arrays, len(rows)] if write.keys else arrays, prepare=True)

    @contextmanager
    def asked_together(self, connection: Connection) -> Iterator[None]:
        with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]
            yield

    @contextmanager
    def together(self, connection: Connection) -> Iterator[None]:
        with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]
            yield

    @contextmanager
    def committed_together(self, connection: Connection, begun: tuple[int, int]) -> Iterator[None]:
        commit: Any = connection.connection.cursor()
        is_sent = False
        try:
            with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]
                yield
                self.cursor(connection).execute(_LOOK, begun)
                is_sent = True
                commit.execute("COMMIT", prepare=False)
        except Exception as error:
            if getattr(error, "sqlstate", None) == _MOVED:
                raise VersionsMoved(f"the versions are not {begun} any more") from error
            if is_sent and self.store_error(error) is not None and self.commit_unknown(error):
                raise OutcomeUnknown(str(error)) from error
            raise
        if commit.statusmessage != "COMMIT":
            raise StoreContention(f"the server answered {commit.statusmessage} to a commit")


def _connect_arguments(url: URL, session: dict[str, str]) -> dict[str, Any]:
    """The URL's own options are preferred; of several hosts it takes the one that accepts writes."""
    arguments = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    options = " ".join(f"-c {name}={value}" for name, value in session.items())
    given = url.query.get("options", "")
    arguments["options"] = f"{options} {given}".strip()
    if isinstance(url.query.get("host"), tuple) and "target_session_attrs" not in url.query:
        arguments["target_session_attrs"] = "primary"  # not "read-write": sessions that only read are not
    return arguments


def _rows_of(cursor: Any) -> Iterator[Sequence[Any]]:
    """The rows of a statement that has been sent; waits for them when the first one is taken."""
    yield from cursor.fetchall()
    cursor.close()


def _connect(
    session: Mapping[str, str], _dialect: object, _record: object, arguments: Any, named: dict[str, Any]
) -> Any:
    from lotkeeper_server.store.db.dialects.watched_connection import WatchedConnection  # noqa: PLC0415 - an extra

    connection = WatchedConnection.connect(*arguments, **named)
    connection.settle(session)
    return connection


@lru_cache(4_096)
def _format_style(text: str) -> str:
    return text.replace("%", "%%").replace("?", "%s")


@lru_cache(256)
def _set_based(write: Write) -> str:
    """All rows in one statement, column by column; an update fails where fewer rows changed than were meant."""
    columns = (*write.values, *write.keys)
    arrays = ", ".join("%s" for _ in columns)
    names = ", ".join(column.name for column in write.values)
    if not write.keys:
        return f"INSERT INTO {write.table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608
    assignments = ", ".join(f"{column.name} = d.{column.name}" for column in write.values)
    parts = ", ".join([names, *(f"k{number}" for number in range(len(write.keys)))])
    same = " AND ".join(f"t.{column.name} = d.k{number}" for number, column in enumerate(write.keys))
    update = f"UPDATE {write.table.name} AS t SET {assignments} FROM unnest({arrays}) AS d({parts}) WHERE {same}"  # noqa: S608
    return _COUNTED.format(update=update)
