"""Connections to a store: how they are opened, what a read and a write transaction are."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, QueuePool, exc

from lotkeeper_server.store.db.dialects import Locking, Log, dialect_of_url
from lotkeeper_server.store.db.errors import (
    OutcomeUnknown,
    StoreBusy,
    StoreContention,
    StoreError,
    StoreOutgrown,
    StoreUnavailable,
)
from lotkeeper_server.store.db.revision import SERVES_FROM, check_serves
from lotkeeper_server.store.db.store_url import SUPPORTED, read_url

INTERRUPTED_SECONDS: Final = 1.0
"""How long reads that are interrupted may take to end before the store is closed in spite of them."""
_INTERRUPT_PAUSE_SECONDS: Final = 0.01


class Store:
    """One database. Connections are kept and reused; `close` gives them back.

    Attributes:
        url: of the database.
        capabilities: what a database of its kind can do.
    """

    def __init__(self, database_url: str) -> None:
        """Opens nothing yet: the first transaction does.

        Args:
            database_url: an SQLAlchemy URL. Of several hosts, `HOST:PORT,HOST:PORT`, the one that takes writes is used.

        Raises:
            StoreError: for a database that is not supported, or a URL that cannot be read.
        """
        self.url = read_url(database_url)
        dialect = dialect_of_url(self.url)
        if dialect is None:
            raise StoreError(f"The store {self.url.get_backend_name()} is not supported; use {SUPPORTED}.")
        dialect.check_url(self.url)
        self._dialect = dialect
        self.capabilities = dialect.capabilities
        self._writes: Engine = dialect.engine_for_writes(self.url)
        self._reads: Engine = dialect.engine_for_reads(self.url)
        self._in_use: set[Connection] = set()
        self._is_ending = False
        self._follows_schema = False
        self._outgrown: str | None = None

    def follow_schema(self) -> None:
        """From here on every write transaction looks whether this program may write, and `fault` whether it may read.

        Without this, a store may have any schema, or none.
        """
        self._follows_schema = True

    @property
    def path(self) -> Path | None:
        """The file of an embedded store; None for a server database."""
        return None if self.capabilities.can_go_away else Path(str(self.url.database))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one snapshot and writes nothing.

        Raises:
            StoreUnavailable: where the store cannot be reached, or was migrated past this program.
        """
        if self._outgrown is not None:
            raise StoreOutgrown(self._outgrown)
        with (
            self._translated(),
            self._connected(self._reads) as connection,
            self._given_up_when_broken(connection),
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write(self, locking: Locking = Locking.WAIT) -> Iterator[Connection]:
        """A transaction that is durable when the block has ended.

        On the embedded store it holds the write lock from the first moment; elsewhere rows are locked as they are read.

        Args:
            locking: how to lock rows that are read in order to change them.

        Raises:
            StoreError: one of its subclasses; nothing was written then, except for OutcomeUnknown.
        """
        with self.write_to_any_schema(locking) as connection:
            if self._follows_schema:
                self._check_serves(connection)
            yield connection

    @contextmanager
    def write_to_any_schema(self, locking: Locking = Locking.WAIT) -> Iterator[Connection]:
        """As `write`, whatever the store's schema is: for migrations, and for what programs of all versions know.

        Raises:
            StoreError: as `write`.
        """
        with self._translated(), self._connected(self._writes) as connection, self._writing(connection, locking):
            yield connection

    def _check_serves(self, connection: Connection) -> None:
        cursor = self._dialect.cursor(connection)
        cursor.execute(SERVES_FROM)
        rows = cursor.fetchall()
        cursor.close()
        check_serves(rows)

    def writer(self) -> "Writer":
        """For many write transactions, one after the other."""
        return Writer(self)

    @contextmanager
    def _writing(self, connection: Connection, locking: Locking, *, begins: bool = True) -> Iterator[None]:
        connection.execution_options(lotkeeper_locking=locking)
        with self._given_up_when_broken(connection):
            transaction = connection.begin()
            try:
                if begins:
                    self._dialect.begin(connection, locking)
                yield
            except BaseException:
                with suppress(Exception):  # the first error counts
                    transaction.rollback()
                raise
            if transaction.is_active:
                self._commit(connection)

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except Exception as error:
            orig = error.orig if isinstance(error, exc.DBAPIError) else error
            if self._dialect.store_error(orig) is not None and self._dialect.commit_unknown(orig):
                raise OutcomeUnknown(str(orig)) from error
            raise

    def fault(self) -> str | None:
        """Why the store cannot serve now; None if it can."""
        return self._found(self._fault)

    def write_fault(self) -> str | None:
        """Why nothing can be written now; None if it can: which is found out by a write."""
        return self._found(self._write_fault)

    def _found(self, look: Callable[[], str | None]) -> str | None:
        """What a look finds; a lost connection says little of a store on a network: it looks once more."""
        fault = look()
        return look() if fault is not None and self.capabilities.can_go_away else fault

    def _fault(self) -> str | None:
        try:
            with (
                self._translated(),
                self._connected(self._writes) as connection,
                self._given_up_when_broken(connection),
                connection.begin(),
            ):
                fault = self._dialect.fault(connection)
                if fault is None and self._follows_schema:
                    self._check_serves(connection)
                    self._outgrown = None
                return fault
        except StoreOutgrown as error:
            self._outgrown = str(error)
            return self._outgrown
        except StoreError as error:
            return str(error)

    def _write_fault(self) -> str | None:
        fault = self._fault() or self._dialect.room_fault(self.url)
        if fault is not None:
            return fault
        try:
            self.try_to_write(Locking.WAIT_BRIEFLY)
        except (StoreContention, StoreBusy):  # others write
            return None
        except StoreError as error:
            return str(error)
        return None

    def try_to_write(self, locking: Locking = Locking.WAIT) -> None:
        """Writes something that nobody needs, and takes it away again.

        Args:
            locking: how long to wait for others.

        Raises:
            StoreError: where that cannot be done.
        """
        with self.write(locking) as connection:
            self._write_mark(connection)

    def _write_mark(self, connection: Connection) -> None:
        mark = os.urandom(16)
        for statement, parameters in (
            ("INSERT INTO commit_mark (id, created_millis) VALUES (?, ?)", (mark, int(time.time() * 1_000))),
            ("DELETE FROM commit_mark WHERE id = ?", (mark,)),
        ):
            cursor = self._dialect.cursor(connection)
            cursor.execute(self._dialect.text(statement), parameters)
            cursor.close()

    def check_fit(self) -> None:
        """Looks whether this is a database that may hold a store, with a schema or without.

        Raises:
            StoreError: it says why not; or where the database cannot be reached.
        """
        with self.read() as connection:
            unfit = self._dialect.unfit(connection)
        if unfit is not None:
            raise StoreError(unfit)

    def end_stalled(self) -> int:
        """Ends Lotkeeper's sessions that hold rows and wait for a silent process; returns how many.

        A database does that by itself after a while, except in some states in which a process may have been frozen.

        Raises:
            StoreError: where it cannot be asked.
        """
        with self.write(Locking.SKIP) as connection:
            return self._dialect.end_stalled(connection)

    def holders(self) -> list[dict[str, Any]]:
        """Who else holds what calls may wait for, the longest first, as far as the database or the system says so.

        Returns:
            Of each `pid`, and what is known of `program`, `user`, `address`, `state` and `seconds`, the age of its
            transaction; at most `HOLDERS_MAX`.

        Raises:
            StoreError: where it cannot be asked.
        """
        with self.read() as connection:
            return self._dialect.holders(connection)

    def leave_checkpoints(self) -> None:
        """From here on no commit brings what was written into the embedded store's own file: `checkpoint` has to."""
        self._dialect.leave_checkpoints(self._writes)

    def checkpoint(self) -> Log:
        """Brings what was committed into the embedded store's own file, beside those who write.

        Returns:
            The log, which begins anew with the next commit if all of it was brought over and nobody reads in it.

        Raises:
            StoreError: where that cannot be done.
        """
        with self._translated():
            return self._dialect.checkpoint(self._writes)

    @property
    def connections_in_use(self) -> tuple[int, int]:
        """How many connections are in use: for reads, and for writes, one that is kept between transactions too."""
        return _in_use(self._reads), _in_use(self._writes)

    def version(self) -> str:
        """The database and its version, `postgresql 16.4`.

        Raises:
            StoreUnavailable: where it cannot be asked.
        """
        with self.read() as connection:
            version = connection.dialect.server_version_info or ()
            return f"{connection.dialect.name} {'.'.join(map(str, version))}"

    def close(self) -> None:
        """Closes every connection."""
        self._writes.dispose()
        self._reads.dispose()

    def end(self) -> Log:
        """Closes for good; the embedded store's own file then holds everything, if no other process uses it.

        Reads that still run are interrupted, and what comes later is refused with StoreUnavailable.

        Returns:
            What is left in the log that lies beside the file; no page where the file has everything.

        Raises:
            StoreError: where it cannot be written.
        """
        self._is_ending = True
        until_seconds = time.monotonic() + INTERRUPTED_SECONDS
        while (in_use := list(self._in_use)) and time.monotonic() < until_seconds:
            for connection in in_use:
                with suppress(Exception):  # it has just been given back
                    self._dialect.interrupt(connection)
            time.sleep(_INTERRUPT_PAUSE_SECONDS)
        self.close()
        with self._translated():
            return self._dialect.bring_over_all(self.url)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Drivers' errors become the store's own."""
        try:
            yield
        except exc.DBAPIError as error:
            raise self._dialect.store_error(error.orig) or StoreUnavailable(str(error.orig)) from error
        except exc.TimeoutError as error:
            raise StoreUnavailable(str(error)) from error
        except StoreError:
            raise
        except Exception as error:
            named = self._dialect.store_error(error)
            if named is None:
                raise
            raise named from error

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        """A connection that goes back to its pool, or is closed if that pool has been given up."""
        if self._is_ending:
            raise StoreUnavailable("the store is being closed")
        pool = engine.pool
        with engine.connect() as connection:
            self._in_use.add(connection)
            try:
                yield connection
            finally:
                self._in_use.discard(connection)
                if engine.pool is not pool:
                    connection.invalidate()

    @contextmanager
    def _given_up_when_broken(self, connection: Connection) -> Iterator[None]:
        """Gives up a connection on which the store did not answer, and all that were made before it."""
        try:
            yield
        except BaseException as error:
            orig = error.orig if isinstance(error, exc.DBAPIError) else error
            broken = isinstance(error, OutcomeUnknown) or isinstance(self._dialect.store_error(orig), StoreUnavailable)
            if broken and self.capabilities.can_go_away:
                with suppress(Exception):
                    connection.invalidate()
                self.close()
            raise


class Writer:
    """Write transactions on a connection that is kept between them, since taking one from a pool costs 0.2 ms."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: Connection | None = None

    @contextmanager
    def write(self, locking: Locking, *, begins: bool = True) -> Iterator[Connection]:
        """Opens a transaction like `Store.write`; for one thread at a time.

        Args:
            locking: how to lock rows that are read in order to change them.
            begins: if not, `WriteTransaction.begin` does, so that it is sent together with the first questions.
        """
        store = self._store
        with store._translated():  # noqa: SLF001 - a part of it
            connection = self._kept or store._writes.connect()  # noqa: SLF001
            self._kept = connection
            try:
                with store._writing(connection, locking, begins=begins):  # noqa: SLF001
                    yield connection
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Gives the connection back."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _in_use(engine: Engine) -> int:
    pool = engine.pool
    return pool.checkedout() if isinstance(pool, QueuePool) else 0
