"""What the store asks of a database, beside the SQL that all of them understand.

Texts have `?` where a value goes. They use SELECT, INSERT, UPDATE and DELETE by key: no sequences, no advisory locks.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar

from sqlalchemy import URL, Column, Connection, Engine, Table

from lotkeeper_server.store.db.capabilities import SERVER, Capabilities
from lotkeeper_server.store.db.errors import StoreError, VersionsMoved

Rows = Sequence[Sequence[Any]]


class Locking(Enum):
    """What a transaction does with rows that it is going to change, where others may write at the same time."""

    NONE = "none"
    """It only looks."""
    SKIP = "skip"
    """It locks those that are free; those that another transaction holds are left to a later one."""
    SKIP_AT_ONCE = "skip_at_once"
    """As SKIP, and it does not wait for what another transaction is just making, either."""
    WAIT_BRIEFLY = "wait_briefly"
    """It waits for those that another transaction holds, but soon gives up, so that others have their turn."""
    WAIT = "wait"
    """It waits for those that another transaction holds."""

    @property
    def skips(self) -> bool:
        """Whether rows that another transaction holds do not come."""
        return self in {Locking.SKIP, Locking.SKIP_AT_ONCE}


@dataclass(frozen=True, eq=False)
class Write:
    """A write of many rows by one statement, made once from the table.

    Attributes:
        table: that is written.
        values: columns to set; of an insert every one of them.
        keys: of an update the columns by which rows are found; of an insert none.
    """

    table: Table
    values: tuple[Column[Any], ...]
    keys: tuple[Column[Any], ...] = ()

    @cached_property
    def text(self) -> str:
        """For one row: its values, then its keys."""
        names = [column.name for column in self.values]
        if not self.keys:
            places = ", ".join("?" for _ in names)
            return f"INSERT INTO {self.table.name} ({', '.join(names)}) VALUES ({places})"  # noqa: S608
        assignments = ", ".join(f"{name} = ?" for name in names)
        where = " AND ".join(f"{column.name} = ?" for column in self.keys)
        return f"UPDATE {self.table.name} SET {assignments} WHERE {where}"  # noqa: S608 - the schema's own names


class Dialect(ABC):
    """One kind of database."""

    capabilities: ClassVar[Capabilities] = SERVER
    """What such a database can do."""

    has_transactional_ddl: ClassVar[bool] = True
    """Whether tables are made as part of a transaction."""

    @abstractmethod
    def check_url(self, url: URL) -> None:
        """Refuses an URL that cannot be a store.

        Raises:
            StoreError: that says why.
        """

    @abstractmethod
    def engine_for_writes(self, url: URL) -> Engine:
        """Opens nothing yet. Its transactions see what others have committed, statement by statement."""

    @abstractmethod
    def engine_for_reads(self, url: URL) -> Engine:
        """Opens nothing yet. Each of its transactions sees one snapshot."""

    @abstractmethod
    def begin(self, connection: Connection, locking: Locking) -> None:
        """Begins a write transaction, as far as its first statement would not; also within `asked_together`."""

    @abstractmethod
    def store_error(self, error: BaseException | None) -> StoreError | None:
        """What a driver's error means here; None where it is none of this driver's."""

    @abstractmethod
    def commit_unknown(self, error: BaseException | None) -> bool:
        """Whether a commit that ended with this error may yet have taken effect."""

    @abstractmethod
    def fault(self, connection: Connection) -> str | None:
        """Why this database cannot serve now; None where it can."""

    @abstractmethod
    def text(self, text: str) -> str:
        """As the driver wants it."""

    def cursor(self, connection: Connection) -> Any:
        """The driver's own cursor: what SQLAlchemy wraps around a result costs 40 µs a statement."""
        return connection.connection.cursor()

    @abstractmethod
    def rows_by_key(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """As `statements.rows_by_key`."""

    @abstractmethod
    def rows_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """As `statements.rows_by_columns`; `select` holds `{keys}` where the keys are joined."""

    @abstractmethod
    def write_many(self, connection: Connection, write: Write, rows: Rows) -> None:
        """As `statements.write_many`."""

    def lock(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """As `WriteTransaction.lock`."""
        return self.rows_by_key(connection, select_from, by, keys, locking)

    def lock_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """As `WriteTransaction.lock_by_columns`."""
        return self.rows_by_columns(connection, select, table, by, keys, locking)

    @contextmanager
    def asked_together(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002 - most have no way to
        """As `ReadTransaction.asked_together`."""
        yield

    @abstractmethod
    def together(self, connection: Connection) -> AbstractContextManager[None]:
        """As `WriteTransaction.together`."""

    @contextmanager
    def committed_together(self, connection: Connection, begun: tuple[int, int]) -> Iterator[None]:
        """As `WriteTransaction.committed_together`."""
        with self.together(connection):
            yield
        look = "SELECT version, access_version FROM definition_version"
        if tuple(*self.rows_by_key(connection, look, "id", [1], Locking.NONE)) != begun:
            raise VersionsMoved(f"the versions are not {begun} any more")

    def sign(self, connection: Connection) -> None:  # noqa: B027 - most databases hold nothing but what they were made for
        """Marks a store whose schema has just been made as one of Lotkeeper's."""

    def end_stalled(self, connection: Connection) -> int:  # noqa: ARG002 - most databases do so by themselves
        """As `Store.end_stalled`."""
        return 0

    def hold_versions(self, connection: Connection) -> None:  # noqa: B027 - where it cannot be done, it is not
        """As `WriteTransaction.hold_versions`."""

    def lock_with_referrers(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:  # noqa: B027
        """As `WriteTransaction.lock_with_referrers`."""

    def refer(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:  # noqa: B027
        """As `WriteTransaction.refer`."""

    def indexed_by(self, index: str) -> str:  # noqa: ARG002 - most planners find it by themselves
        """As `statements.indexed_by`."""
        return ""

    def walked_by(self, table: str, columns: tuple[str, ...]) -> str:  # noqa: ARG002 - most planners find it
        """As `statements.walked_by`."""
        return ""

    def beyond(self, names: Sequence[str], sign: str, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        """As `statements.beyond`."""
        marks = ", ".join("?" for _ in names)
        return f"({', '.join(names)}) {sign} ({marks})", tuple(values)

    def exact_sum(self, column: str) -> str:
        """As `statements.exact_sum`."""
        return f"SUM({column})"
