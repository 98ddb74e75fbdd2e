"""SQLite: a file on this machine, one writer at a time, nothing to set up."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy import URL, Connection, Engine, NullPool, Table, create_engine, event

from lotkeeper_server.store.db.capabilities import EMBEDDED, Capabilities
from lotkeeper_server.store.db.dialects.dialect import WIDE_SUM_UNIT, Dialect, Locking, Log, Rows, Write
from lotkeeper_server.store.db.dialects.holders import writers_of
from lotkeeper_server.store.db.dialects.key_lists import chunks
from lotkeeper_server.store.db.errors import AlreadyThere, ReferenceBroken, StoreBusy, StoreError, StoreUnavailable

APPLICATION_ID: Final = 0x4C4F544B
"""Marks a SQLite file as a store of Lotkeeper, "LOTK"; set when its schema is made."""
BUSY_TIMEOUT_MILLIS: Final = 10_000
"""How long a writer waits for another process's write before the store counts as unavailable."""
BUSY_TIMEOUT_BRIEF_MILLIS: Final = 20
"""How long a batch of calls waits: its writer has other things to do."""
BUSY_TIMEOUT_ENDING_MILLIS: Final = 1_000
"""How long the end of a process waits for others that read or write."""
CACHE_KIBIBYTES: Final = 12_288
"""The page cache of each connection. It is full after some ten thousand calls, and then memory does not grow; what does
not fit is in the system's cache of the file."""
CACHE_READING_KIBIBYTES: Final = 4_096
"""The page cache of connections that only read, of which there are several: the system caches the file's pages, too."""
ROWS_TOGETHER: Final = 32
"""So many rows of an insert go by one statement: 0.8 µs a row less than one by one."""
COLUMNS_TOGETHER_MAX: Final = 16
"""Of rows with more, what is saved is spent on making one list of their values."""
ROOM_AGAIN_BYTES_MIN: Final = 1_048_576
"""So much has to be free before a store that found its disk full is usable again: else it would be so by turns."""
WAL_PAGES_BEFORE_CHECKPOINT: Final = 16_000
STAGING: Final = "lotkeeper_is_staging"
"""Under this a connection notes whether an import is being written; forgotten when a transaction begins."""
_BRIEFLY: Final = frozenset({Locking.SKIP, Locking.SKIP_AT_ONCE, Locking.WAIT_BRIEFLY})
_BUSY: Final = frozenset({"SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_BUSY_SNAPSHOT"})
_ADVICE: Final = {
    "SQLITE_NOTADB": "name another file in --database-url",
    "SQLITE_CORRUPT": "restore it from a backup",
    "SQLITE_READONLY": "let this user write the file and its folder",
    "SQLITE_CANTOPEN": "let this user read and write the file and its folder",
    "SQLITE_FULL": "free some space on its disk",
}
"""What to do about an error whose name begins like that."""
_UNIQUE: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"})


class Sqlite(Dialect):
    """The embedded store."""

    capabilities: ClassVar[Capabilities] = EMBEDDED

    def check_url(self, url: URL) -> None:
        if url.database in {None, "", ":memory:"} or url.query:
            raise StoreError("The store is a file: use sqlite:///FILE, without anything after it.")

    def engine_for_writes(self, url: URL) -> Engine:
        return _engine(url, CACHE_KIBIBYTES)

    def engine_for_reads(self, url: URL) -> Engine:
        return _engine(url, CACHE_READING_KIBIBYTES)

    def engine_for_looks(self, url: URL) -> Engine:
        path = Path(str(url.database)).absolute()
        engine = create_engine("sqlite://", creator=partial(_looking, path), poolclass=NullPool, hide_parameters=True)
        event.listen(engine, "begin", _begin)
        return engine

    def begin(self, connection: Connection, locking: Locking) -> None:
        """Does nothing: `_begin` has taken the write lock."""

    def commits_of_others(self, connection: Connection) -> int:
        cursor = connection.connection.cursor()
        (number,) = cursor.execute("PRAGMA data_version").fetchone()
        cursor.close()
        return int(number)

    def store_error(self, error: BaseException | None) -> StoreError | None:
        if isinstance(error, sqlite3.IntegrityError):
            kind = AlreadyThere if error.sqlite_errorname in _UNIQUE else ReferenceBroken
            return kind(str(error))
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname in _BUSY:
            return StoreBusy(str(error))
        if not isinstance(error, sqlite3.Error):
            return None
        name = getattr(error, "sqlite_errorname", "")  # Python's own errors have none
        return StoreUnavailable(str(error), next((_ADVICE[key] for key in _ADVICE if name.startswith(key)), ""))

    def commit_unknown(self, error: BaseException | None) -> bool:  # noqa: ARG002
        """Always knows: SQLite says what it did."""
        return False

    def fault(self, connection: Connection) -> str | None:
        connection.connection.cursor().execute("SELECT 1 FROM store_state").fetchone()
        return None

    def leave_checkpoints(self, writes: Engine) -> None:
        event.listen(writes, "connect", _never_checkpoint)
        writes.dispose()

    def checkpoint(self, writes: Engine) -> Log:
        connection = writes.raw_connection()
        try:
            cursor = connection.cursor()
            _busy, pages, brought_over = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            cursor.close()
        finally:
            connection.close()
        return Log(pages, brought_over)

    def room_fault(self, url: URL) -> str | None:
        try:
            disk = os.statvfs(str(url.database))
        except OSError as error:
            return error.strerror
        free = disk.f_bavail * disk.f_frsize
        return f"the disk has only {free} bytes left" if free < ROOM_AGAIN_BYTES_MIN else None

    def interrupt(self, connection: Connection) -> None:
        connection.connection.dbapi_connection.interrupt()  # type: ignore[union-attr]

    def bring_over_all(self, url: URL) -> Log:
        if not os.path.exists(str(url.database)):  # noqa: PTH110 - the URL has a text
            return Log(0, 0)
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_ENDING_MILLIS}")
            _busy, pages, brought_over = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return Log(max(pages, 0), max(brought_over, 0))  # both -1 where there is no log

    def sign(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")

    def text(self, text: str) -> str:
        return text

    def rows_by_key(
        self,
        connection: Connection,
        select_from: str,
        by: str,
        keys: Sequence[Any],
        locking: Locking,  # noqa: ARG002 - there is nobody else
    ) -> Iterator[Sequence[Any]]:
        cursor = connection.connection.cursor()
        for chunk in chunks(keys):
            cursor.execute(_with_keys(select_from, by, len(chunk)), tuple(chunk))
            yield from cursor.fetchall()
        cursor.close()

    def rows_by_columns(
        self,
        connection: Connection,
        select: str,
        table: Table,
        by: Sequence[str],
        keys: Rows,
        locking: Locking,  # noqa: ARG002
    ) -> Iterator[Sequence[Any]]:
        cursor = connection.connection.cursor()
        for chunk in chunks(keys):
            text = _joined_with_keys(select, table.name, tuple(by), len(chunk))
            cursor.execute(text, tuple(value for key in chunk for value in key))
            yield from cursor.fetchall()
        cursor.close()

    def write_many(self, connection: Connection, write: Write, rows: Rows) -> None:
        cursor = connection.connection.cursor()
        changed = together = 0
        if not write.keys and len(write.values) <= COLUMNS_TOGETHER_MAX:
            together = len(rows) - len(rows) % ROWS_TOGETHER
            for at in range(0, together, ROWS_TOGETHER):
                values = [value for row in rows[at : at + ROWS_TOGETHER] for value in row]
                changed += cursor.execute(_text_together(write), values).rowcount
        if together < len(rows):
            changed += cursor.executemany(write.text, rows[together:] if together else rows).rowcount
        cursor.close()
        assert changed == len(rows), f"{changed} of {len(rows)} rows changed: {write.text}"

    @contextmanager
    def together(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002 - there is no way to save
        yield

    def holders(self, connection: Connection) -> list[dict[str, Any]]:
        return writers_of(Path(str(connection.engine.url.database)))

    def indexed_by(self, index: str) -> str:
        return f" INDEXED BY {index}" if index else ""

    def exact_sum(self, column: str) -> str:
        return f"(SUM({column} / 1000000) * 1000000 + SUM({column} % 1000000))"

    def not_ascii(self, column: str) -> str:
        return f"length(CAST({column} AS BLOB)) <> length({column})"

    def wide_sum(self, column: str) -> str:
        return f"SUM({column} / {WIDE_SUM_UNIT}), SUM({column} % {WIDE_SUM_UNIT})"


@lru_cache(64)
def _text_together(write: Write) -> str:
    row = f", ({', '.join('?' for _ in write.values)})"
    return write.text + row * (ROWS_TOGETHER - 1)


@lru_cache(1_024)
def _with_keys(select_from: str, by: str, count: int) -> str:
    return f"{select_from} WHERE {by} IN ({', '.join(['?'] * count)})"


@lru_cache(1_024)
def _joined_with_keys(select: str, table: str, by: tuple[str, ...], count: int) -> str:
    """Puts the keys first, for every planner: each row is found by the index over all of them."""
    parts = ", ".join(f"k{number}" for number in range(len(by)))
    same = " AND ".join(f"t.{name} = k.k{number}" for number, name in enumerate(by))
    place = f"({', '.join(['?'] * len(by))})"
    joined = select.replace("{keys}", f"k CROSS JOIN {table} AS t ON {same}")
    return f"WITH k({parts}) AS (VALUES {', '.join([place] * count)}) {joined}"


def _engine(url: URL, cache_kibibytes: int) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,  # they are what callers wrote, and an error's text goes to the log
        pool_size=8,
        max_overflow=8,
        pool_use_lifo=True,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", partial(_prepare, cache_kibibytes))
    event.listen(engine, "begin", _begin)
    return engine


def _looking(path: Path) -> sqlite3.Connection:
    """A connection that reads what is there.

    Without a log beside it the file is all there is, and is read as one that nobody changes: else SQLite would make
    files of its own beside it, and a folder that may not be written could not even be looked at.
    """
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False)


def _make_private(_dialect: object, _record: object, arguments: Any, _keywords: object) -> None:
    """Makes the file, if there is none, as one that only its owner can read; the files beside it get its mode."""
    with suppress(OSError):  # it exists, or SQLite says why it cannot be made
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare(cache_kibibytes: int, connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transactions begin too late; `_begin` begins them
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLIS}")
    if cursor.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:  # else it may be another program's
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA cache_size = -{cache_kibibytes}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES_BEFORE_CHECKPOINT}")
    cursor.close()


def _never_checkpoint(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA wal_autocheckpoint = 0")
    cursor.close()


def _begin(connection: Connection) -> None:
    locking: Locking = connection.get_execution_options().get("lotkeeper_locking", Locking.NONE)
    connection.info.pop(STAGING, None)
    cursor = connection.connection.cursor()
    _set_busy_timeout(connection, cursor, BUSY_TIMEOUT_BRIEF_MILLIS if locking in _BRIEFLY else BUSY_TIMEOUT_MILLIS)
    cursor.execute("BEGIN" if locking is Locking.NONE else "BEGIN IMMEDIATE")
    cursor.close()


def _set_busy_timeout(connection: Connection, cursor: Any, millis: int) -> None:
    info = connection.info
    if info.get("lotkeeper_busy_timeout_millis") != millis:
        cursor.execute(f"PRAGMA busy_timeout = {millis}")
        info["lotkeeper_busy_timeout_millis"] = millis
