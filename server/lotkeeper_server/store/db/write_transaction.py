"""Transactions as objects: what can be asked, locked and written in them, the same for every database.

SQLAlchemy's connection is there for statements that its Core makes.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Table

from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.db.dialects import Locking, dialect_of
from lotkeeper_server.store.db.dialects.dialect import Write


class ReadTransaction:
    """Questions to one moment of the store, or within a write transaction.

    Attributes:
        connection: SQLAlchemy's, for Core statements.
        capabilities: what the database can do.
        locking: what it does with rows that it locks; NONE if nobody else can write.
    """

    __slots__ = ("_dialect", "capabilities", "connection", "locking")

    def __init__(self, connection: Connection) -> None:
        """Wraps an open connection; nothing is sent."""
        self.connection = connection
        self._dialect = dialect_of(connection)
        self.capabilities: Capabilities = self._dialect.capabilities
        self.locking = Locking.NONE

    def fetch(self, text: str, parameters: tuple[Any, ...] = ()) -> Sequence[Sequence[Any]]:
        """Every row of a SELECT with `?` where a value goes."""
        cursor = self._dialect.cursor(self.connection)
        cursor.execute(self._dialect.text(text), parameters)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
        cursor.close()
        return rows

    def rows_by_key(self, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The rows with one of these keys; the question is sent at once or when the first row is taken.

        Args:
            select_from: `SELECT ... FROM ...`.
            by: the key's column.
            keys: ids, paths or names; few or many.
        """
        return self._dialect.rows_by_key(self.connection, select_from, by, keys, Locking.NONE)

    def rows_by_columns(
        self, columns: Sequence[str], table: Table, by: Sequence[str], keys: Sequence[tuple[Any, ...]], joined: str = ""
    ) -> Iterator[Sequence[Any]]:
        """The rows whose key columns have one of these sets of values, each found by the index over all of them.

        Args:
            columns: of the table, which is `t`; those of joined ones with their tables' names.
            table: that has the rows.
            by: the key's columns.
            keys: few or many.
            joined: ` JOIN ...` to what the rows refer to.
        """
        select = _selected(columns, joined)
        return self._dialect.rows_by_columns(self.connection, select, table, by, keys, Locking.NONE)

    def lock(self, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Only reads the rows that `WriteTransaction.lock` would lock."""
        return self.rows_by_key(select_from, by, keys)

    def lock_by_columns(
        self, columns: Sequence[str], table: Table, by: Sequence[str], keys: Sequence[tuple[Any, ...]], joined: str = ""
    ) -> Iterator[Sequence[Any]]:
        """Only reads the rows that `WriteTransaction.lock_by_columns` would lock."""
        return self.rows_by_columns(columns, table, by, keys, joined)

    def lock_to_change(self, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Only reads the rows that `WriteTransaction.lock_to_change` would lock."""
        return self.rows_by_key(select_from, by, keys)

    def commits_of_others(self) -> int | None:
        """A number that is another one once another connection has committed; None where the database has none."""
        return self._dialect.commits_of_others(self.connection)

    def asked_together(self) -> AbstractContextManager[None]:
        """Sends the questions inside together, if the driver can; their rows should be taken after the block.

        Taking them inside is allowed, but costs one more round trip.
        """
        return self._dialect.asked_together(self.connection)


class WriteTransaction(ReadTransaction):
    """A transaction that writes: all of it is durable together, or nothing is."""

    __slots__ = ()

    def __init__(self, connection: Connection) -> None:
        """Wraps an open connection; nothing is sent."""
        super().__init__(connection)
        if self.capabilities.has_many_writers:
            self.locking = connection.get_execution_options().get("lotkeeper_locking", Locking.NONE)

    def begin(self) -> None:
        """Begins, if `Writer.write` was told not to; also within `asked_together`."""
        self._dialect.begin(self.connection, self.locking)

    def lock(self, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Locks the rows with one of these keys, for a rule about them or about what belongs to them.

        No other transaction that locks the same rows can commit at the same time, on any node.
        Take all of them: without a pipeline they are locked when the first one is taken.

        Args:
            select_from: `SELECT ... FROM ...`; what is selected first is the row's id.
            by: the key's column.
            keys: few or many.

        Returns:
            Those that could be locked; skipped ones are left out.
        """
        return self._dialect.lock(self.connection, select_from, by, keys, self.locking)

    def lock_by_columns(
        self, columns: Sequence[str], table: Table, by: Sequence[str], keys: Sequence[tuple[Any, ...]], joined: str = ""
    ) -> Iterator[Sequence[Any]]:
        """Locks rows by several columns, like `lock`.

        Args:
            columns: of the table; the first is the row's id.
            table: that has the rows.
            by: the key's columns.
            keys: few or many.
            joined: what else must hold, ` WHERE ...`.
        """
        select = _selected(columns, joined)
        return self._dialect.lock_by_columns(self.connection, select, table, by, keys, self.locking)

    def lock_to_change(self, select_from: str, by: str, keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Locks like `lock`, for rows that this transaction writes if it relies on them, which keeps others away."""
        return self._dialect.rows_by_key(self.connection, select_from, by, keys, self.locking)

    def lock_with_referrers(self, table: Table, ids: Sequence[bytes]) -> None:
        """Locks rows after waiting for all who have written references to them; who writes one now waits."""
        self._dialect.lock_with_referrers(self.connection, table.name, ids)

    def refer(self, table: Table, ids: Sequence[bytes]) -> None:
        """Holds rows as if a reference to them were written, for a change of what refers to them."""
        self._dialect.refer(self.connection, table.name, ids)

    def hold_versions(self) -> None:
        """Lets nobody change definitions, roles or tokens until this transaction ends, if the database can do that."""
        self._dialect.hold_versions(self.connection)

    def execute(self, text: str, parameters: tuple[Any, ...] = ()) -> int:
        """Runs a write with `?` where a value goes; returns how many rows it changed."""
        cursor = self._dialect.cursor(self.connection)
        cursor.execute(self._dialect.text(text), parameters)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def write_many(self, write: Write, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs a write for each row of parameters; fails if fewer rows change."""
        if rows:
            self._dialect.write_many(self.connection, write, rows)

    def together(self) -> AbstractContextManager[None]:
        """Sends the writes inside together, if the driver can: they are done, or refused, when the block ends."""
        return self._dialect.together(self.connection)

    def committed_together(self, begun: tuple[int, int]) -> AbstractContextManager[None]:
        """Sends the writes inside, a look at the versions, and the commit together, if the driver can.

        If it cannot, the code around the transaction commits.

        Args:
            begun: the versions of definitions and of access; if they have changed, nothing is committed.

        Raises:
            VersionsMoved: they are others; nothing was written.
            OutcomeUnknown: the answer was lost.
        """
        return self._dialect.committed_together(self.connection, begun)

    def roll_back(self) -> None:
        """Takes everything back."""
        self.connection.rollback()


def _selected(columns: Sequence[str], joined: str = "") -> str:
    names = ", ".join(name if "." in name else f"t.{name}" for name in columns)
    return f"SELECT {names} FROM {{keys}}{joined}"  # noqa: S608 - the schema's own names
