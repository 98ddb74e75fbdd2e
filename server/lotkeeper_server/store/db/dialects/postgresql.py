"""PostgreSQL, and databases with its protocol: many processes, many hosts."""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, types

from lotkeeper_server.store.db.dialects.dialect import Dialect, Locking, Rows, Write
from lotkeeper_server.store.db.errors import (
    AlreadyThere,
    ReferenceBroken,
    RowsHeld,
    StoreContention,
    StoreError,
    StoreUnavailable,
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
_CONTENTION: Final = frozenset({"40001", "40P01", "25P03"})
_LOCK_NOT_AVAILABLE: Final = "55P03"


class PostgreSql(Dialect):
    """PostgreSQL through psycopg 3."""

    def check_url(self, url: URL) -> None:
        if url.get_driver_name() != "psycopg":
            raise StoreError("Use postgresql+psycopg://USER@HOST/DATABASE.")
        if not url.database:
            raise StoreError("The URL names no database: use postgresql+psycopg://USER@HOST/DATABASE.")
        try:
            _register_arrays()
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
            url, pool_size=2, max_overflow=4, isolation_level="READ COMMITTED", connect_args=arguments
        )
        event.listen(engine, "do_connect", _connect)
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
            pool_size=4,
            max_overflow=12,
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
            connect_args=_connect_arguments(url, session),
        )
        event.listen(engine, "do_connect", _connect)
        return engine

    def begin(self, connection: Connection, locking: Locking) -> None:
        if locking is Locking.SKIP_AT_ONCE:
            connection.connection.cursor().execute(f"SET LOCAL lock_timeout = {LOCK_AT_ONCE_MILLIS}")
        elif locking in {Locking.WAIT_BRIEFLY, Locking.WAIT}:
            connection.connection.cursor().execute(
                f"SELECT set_config('application_name', current_setting('application_name') || '{_ALONE}', true); "
                f"SET LOCAL lock_timeout = {LOCK_WAIT_ALONE_MILLIS[locking.value]}; "
                f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_ALONE_MILLIS}; "
                f"SET LOCAL statement_timeout = {STATEMENT_READING_MILLIS}"
            )

    def store_error(self, error: BaseException | None) -> StoreError | None:
        import psycopg  # noqa: PLC0415 - an extra

        if not isinstance(error, psycopg.Error):
            return None
        state, text = error.sqlstate or "", str(error)
        if state == _LOCK_NOT_AVAILABLE:
            return RowsHeld(text)
        if state in _CONTENTION:
            return StoreContention(text)
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
        cursor.execute("SELECT pg_is_in_recovery() FROM definition_version")
        row = cursor.fetchone()
        cursor.close()
        return "the database is a standby and does not take writes" if row and row[0] else None

    def end_stalled(self, connection: Connection) -> int:
        cursor = connection.connection.cursor()
        cursor.execute(_END_STALLED, (f"{IDLE_MILLIS} ms", _ALONE, f"{IDLE_ALONE_MILLIS} ms"))
        row = cursor.fetchone()
        cursor.close()
        return int(row[0]) if row else 0

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
        cursor.execute(f"{select_from} WHERE {by} = ANY(%s){order}{_LOCKS[locking]}", (_array_of(keys),))
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
            [_pack(table.c[name].type, values) for name, values in zip(by, zip(*keys, strict=True), strict=True)],
        )
        return _rows_of(cursor)

    def hold_versions(self, connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT id FROM definition_version FOR SHARE")
        cursor.close()

    def lock_with_referrers(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:
        # A transaction that wrote a reference holds the row FOR KEY SHARE, and no weaker lock than this waits for it.
        self._lock(connection, table, ids, "FOR UPDATE")

    def refer(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:
        self._lock(connection, table, ids, "FOR KEY SHARE")

    def _lock(self, connection: Connection, table: str, ids: Sequence[bytes], strength: str) -> None:
        cursor = self.cursor(connection)
        cursor.execute(f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id {strength}", (_array_of(ids),))  # noqa: S608
        cursor.close()

    def write_many(self, connection: Connection, write: Write, rows: Rows) -> None:
        columns = (*write.values, *write.keys)
        arrays = [_pack(column.type, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]
        cursor: Any = connection.connection.cursor()
        cursor.execute(_set_based(write), arrays, prepare=True)
        waiting: list[Any] | None = connection.info.get("lotkeeper_written")
        if waiting is not None:
            waiting.append((cursor, len(rows), write))
        else:
            _check_count(cursor, len(rows), write)

    @contextmanager
    def asked_together(self, connection: Connection) -> Iterator[None]:
        with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]
            yield

    @contextmanager
    def together(self, connection: Connection) -> Iterator[None]:
        written: list[tuple[Any, int, Write]] = []
        connection.info["lotkeeper_written"] = written
        try:
            with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]
                yield
        finally:
            del connection.info["lotkeeper_written"]
        for one in written:
            _check_count(*one)


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


def _connect(_dialect: object, _record: object, arguments: Any, named: dict[str, Any]) -> Any:
    from lotkeeper_server.store.db.dialects.watched_connection import WatchedConnection  # noqa: PLC0415 - an extra

    return WatchedConnection.connect(*arguments, **named)


def _check_count(cursor: Any, count: int, write: Write) -> None:
    changed = cursor.rowcount
    cursor.close()
    if changed != count:  # a row that is not locked has gone meanwhile, an expired request id
        raise StoreContention(f"{changed} of {count} rows changed: {write.text}")


@lru_cache(4_096)
def _format_style(text: str) -> str:
    return text.replace("%", "%%").replace("?", "%s")


@lru_cache(256)
def _set_based(write: Write) -> str:
    """Writes all rows by one statement, column by column."""
    columns = (*write.values, *write.keys)
    arrays = ", ".join("%s" for _ in columns)
    names = ", ".join(column.name for column in write.values)
    if not write.keys:
        return f"INSERT INTO {write.table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608
    assignments = ", ".join(f"{column.name} = d.{column.name}" for column in write.values)
    parts = ", ".join([names, *(f"k{number}" for number in range(len(write.keys)))])
    same = " AND ".join(f"t.{column.name} = d.k{number}" for number, column in enumerate(write.keys))
    return f"UPDATE {write.table.name} AS t SET {assignments} FROM unnest({arrays}) AS d({parts}) WHERE {same}"  # noqa: S608


# Arrays in PostgreSQL's binary form. The driver's own code takes some ten times as long, and chooses a type by the
# values, so that the same statement would be prepared again and again.

_HEADER: Final = struct.Struct(">iIIii")
_ABSENT: Final = struct.pack(">i", -1)


class _Array(bytes):
    """An array in binary form, by the type of its elements."""


class _Bytea(_Array):
    """Of BYTEA."""


class _Text(_Array):
    """Of TEXT."""


class _Int8(_Array):
    """Of BIGINT."""


class _Int4(_Array):
    """Of INTEGER."""


class _Int2(_Array):
    """Of SMALLINT."""


class _Bool(_Array):
    """Of BOOLEAN."""


def _with_lengths(element_oid: int, values: Sequence[bytes | None]) -> bytes:
    has_absent = None in values
    pieces = [_HEADER.pack(1, has_absent, element_oid, len(values), 1)]
    pieces += [_ABSENT if value is None else len(value).to_bytes(4, "big") + value for value in values]
    return b"".join(pieces)


def _pack_bytea(values: Sequence[Any]) -> _Array:
    return _Bytea(_with_lengths(17, values))


def _pack_text(values: Sequence[Any]) -> _Array:
    return _Text(_with_lengths(25, [None if value is None else value.encode() for value in values]))


def _packer_of_integers(kind: type[_Array], oid: int, width: int, code: str) -> Callable[[Sequence[Any]], _Array]:
    element = struct.Struct(f">i{code}")

    def pack(values: Sequence[Any]) -> _Array:
        has_absent = None in values
        header = _HEADER.pack(1, has_absent, oid, len(values), 1)
        return kind(header + b"".join([_ABSENT if one is None else element.pack(width, one) for one in values]))

    return pack


_PACKERS: Final[dict[type, Callable[[Sequence[Any]], _Array]]] = {
    types.LargeBinary: _pack_bytea,
    types.String: _pack_text,
    types.Text: _pack_text,
    types.BigInteger: _packer_of_integers(_Int8, 20, 8, "q"),
    types.Integer: _packer_of_integers(_Int4, 23, 4, "i"),
    types.SmallInteger: _packer_of_integers(_Int2, 21, 2, "h"),
    types.Boolean: _packer_of_integers(_Bool, 16, 1, "?"),
}
_OIDS: Final = {_Bytea: 1001, _Text: 1009, _Int8: 1016, _Int4: 1007, _Int2: 1005, _Bool: 1000}


def _pack(column_type: sqlalchemy.types.TypeEngine[Any], values: Sequence[Any]) -> _Array:
    return _PACKERS[type(column_type)](values)


def _array_of(keys: Sequence[Any]) -> _Array:
    if isinstance(keys[0], bytes):
        return _pack_bytea(keys)
    return _pack_text(keys) if isinstance(keys[0], str) else _PACKERS[types.BigInteger](keys)


@lru_cache(1)
def _register_arrays() -> None:
    import psycopg  # noqa: PLC0415 - an extra
    from psycopg.adapt import Dumper  # noqa: PLC0415
    from psycopg.pq import Format  # noqa: PLC0415

    def dumper_of(array_oid: int) -> type[Dumper]:
        class Packed(Dumper):
            format = Format.BINARY
            oid = array_oid

            def dump(self, obj: Any) -> bytes:
                return bytes(obj)

        return Packed

    for kind, oid in _OIDS.items():
        psycopg.adapters.register_dumper(kind, dumper_of(oid))
