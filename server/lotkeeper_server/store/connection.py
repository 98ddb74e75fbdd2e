"""Connections to a store: how they are opened, what a read and a write transaction are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from lotkeeper_server.store.errors import StoreError, translated

SQLITE_BUSY_TIMEOUT_MILLIS = 10_000
"""How long a writer waits for another process's write before the store counts as unavailable."""
SQLITE_CACHE_KIBIBYTES = 32_768
"""Of pages, per connection; SQLite's own 2 MB hold the indexes of some ten thousand records."""
SQLITE_WAL_PAGES_BEFORE_CHECKPOINT = 16_000

APPLICATION_ID = 0x4C4F544B
"""Marks a SQLite file as a store of Lotkeeper, "LOTK"; the first migration sets it."""


class Store:
    """One database. Connections are kept and reused; `close` gives them back."""

    def __init__(self, database_url: str) -> None:
        """Opens nothing yet: the first transaction does.

        Args:
            database_url: an SQLAlchemy URL, `sqlite:///path/to/file.db`.
        """
        self.url = make_url(database_url)
        if self.url.get_backend_name() != "sqlite":
            raise StoreError(f"The store {self.url.get_backend_name()} is not supported; use sqlite:///FILE.")
        if self.url.database in {None, "", ":memory:"} or self.url.query:
            raise StoreError("The store is a file: use sqlite:///FILE, without anything after it.")
        self.engine: Engine = create_engine(
            self.url, pool_size=8, max_overflow=8, connect_args={"check_same_thread": False}
        )
        event.listen(self.engine, "connect", _prepare_sqlite)
        event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def path(self) -> Path:
        """The file."""
        return Path(str(self.url.database))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one snapshot and writes nothing.

        Raises:
            StoreUnavailable: where the store cannot be reached.
        """
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the store's write lock from its first moment; durable when the block has ended.

        Raises:
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """
        with translated(), self.engine.connect() as connection, _for_writing(connection).begin():
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def _for_writing(connection: Connection) -> Connection:
    return connection.execution_options(lotkeeper_write=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transactions begin too late; `_begin_sqlite` begins them
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_MILLIS}")
    if cursor.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:  # else it may be somebody else's file
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KIBIBYTES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {SQLITE_WAL_PAGES_BEFORE_CHECKPOINT}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("lotkeeper_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
