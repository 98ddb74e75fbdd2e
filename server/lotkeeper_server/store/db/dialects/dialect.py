"""What the store needs of a database, in addition to the SQL that all of them understand.

Texts have `?` where a value goes. They use SELECT, INSERT, UPDATE and DELETE by key: no sequences, no advisory locks.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple

from sqlalchemy import URL, Column, Connection, Engine, Table

from lotkeeper_server.store.db.capabilities import SERVER, Capabilities
from lotkeeper_server.store.db.errors import StoreError, VersionsMoved

WIDE_SUM_UNIT: Final = 1_000_000_000
"""Of the first column of a `wide_sum`; a billion rows of the largest quantity fit into both."""

Rows = Sequence[Sequence[Any]]


class Log(NamedTuple):
    """A write-ahead log, in pages.

    Attributes:
        pages: that are in it.
        brought_over: of these, how many are in the database's own file, too.
    """

    pages: int
    brought_over: int


class Locking(Enum):
    """What a transaction does with rows that it is going to change, while others may write at the same time."""

    NONE = "none"
    """Only reads them."""
    SKIP = "skip"
    """Locks those that are free; leaves those that another transaction holds to a later one."""
    SKIP_AT_ONCE = "skip_at_once"
    """Like SKIP, and does not wait for what another transaction is just making, either."""
    WAIT_BRIEFLY = "wait_briefly"
    """Waits for those that another transaction holds, but soon gives up, so that others have their turn."""
    WAIT = "wait"
    """Waits for those that another transaction holds."""

    @property
    def skips(self) -> bool:
        """Whether rows that another transaction holds are left out."""
        return self in {Locking.SKIP, Locking.SKIP_AT_ONCE}


@dataclass(frozen=True, eq=False)
class Write:
    """A write of many rows by one statement, made once from the table.

    Attributes:
        table: that is written.
        values: columns to set; for an insert all columns.
        keys: for an update the columns by which rows are found; for an insert none.
    """

    table: Table
    values: tuple[Column[Any], ...]
    keys: tuple[Column[Any], ...] = ()

    @cached_property
    def text(self) -> str:
        """The parameters of one row: its values, then its keys."""
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
    """What this kind of database can do."""

    has_transactional_ddl: ClassVar[bool] = True
    """Whether tables are made as part of a transaction."""

    @abstractmethod
    def check_url(self, url: URL) -> None:
        """Refuses a URL that cannot be a store.

        Raises:
            StoreError: it says why.
        """

    @abstractmethod
    def engine_for_writes(self, url: URL) -> Engine:
        """Opens nothing yet. Its transactions see what others have committed, statement by statement."""

    @abstractmethod
    def engine_for_reads(self, url: URL) -> Engine:
        """Opens nothing yet. Each of its transactions sees one snapshot."""

    def engine_for_looks(self, url: URL) -> Engine:
        """As `engine_for_reads`, for who leaves everything as it is: makes no file, and brings no log over."""
        return self.engine_for_reads(url)

    def clock_millis(self, connection: Connection) -> int | None:  # noqa: ARG002 - an embedded store has no other
        """The time of the database's own machine, milliseconds since the epoch; None where that is this one."""
        return None

    @abstractmethod
    def begin(self, connection: Connection, locking: Locking) -> None:
        """Begins a write transaction, if its first statement would not; also within `asked_together`."""

    def commits_of_others(self, connection: Connection) -> int | None:  # noqa: ARG002 - few can say it
        """A number that is another one once another connection has committed; None where there is none.

        Asked in a transaction that no other one may write beside.
        """
        return None

    @abstractmethod
    def store_error(self, error: BaseException | None) -> StoreError | None:
        """The store's error for a driver's error; None if it is not from this driver."""

    @abstractmethod
    def commit_unknown(self, error: BaseException | None) -> bool:
        """Whether a commit that ended with this error may still have taken effect."""

    @abstractmethod
    def fault(self, connection: Connection) -> str | None:
        """Why this database cannot serve now; None if it can."""

    @abstractmethod
    def text(self, text: str) -> str:
        """The SQL text in the driver's form."""

    def cursor(self, connection: Connection) -> Any:
        """The driver's own cursor: what SQLAlchemy wraps around a result costs 40 µs a statement."""
        return connection.connection.cursor()

    @abstractmethod
    def rows_by_key(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """Does what `statements.rows_by_key` says."""

    @abstractmethod
    def rows_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """Does what `statements.rows_by_columns` says; `select` has `{keys}` where the keys are joined."""

    @abstractmethod
    def write_many(self, connection: Connection, write: Write, rows: Rows) -> None:
        """Does what `statements.write_many` says."""

    def lock(
        self, connection: Connection, select_from: str, by: str, keys: Sequence[Any], locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """Does what `WriteTransaction.lock` says."""
        return self.rows_by_key(connection, select_from, by, keys, locking)

    def lock_by_columns(
        self, connection: Connection, select: str, table: Table, by: Sequence[str], keys: Rows, locking: Locking
    ) -> Iterator[Sequence[Any]]:
        """Does what `WriteTransaction.lock_by_columns` says."""
        return self.rows_by_columns(connection, select, table, by, keys, locking)

    @contextmanager
    def asked_together(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002 - most have no way to
        """Does what `ReadTransaction.asked_together` says."""
        yield

    @abstractmethod
    def together(self, connection: Connection) -> AbstractContextManager[None]:
        """Does what `WriteTransaction.together` says."""

    @contextmanager
    def committed_together(self, connection: Connection, begun: tuple[int, int]) -> Iterator[None]:
        """Does what `WriteTransaction.committed_together` says."""
        with self.together(connection):
            yield
        look = "SELECT version, access_version FROM store_state"
        if tuple(*self.rows_by_key(connection, look, "id", [1], Locking.NONE)) != begun:
            raise VersionsMoved(f"the versions are not {begun} any more")

    def sign(self, connection: Connection) -> None:  # noqa: B027 - most databases hold nothing but what they were made for
        """Marks a store with a new schema as one of Lotkeeper's."""

    def unfit(self, connection: Connection) -> str | None:  # noqa: ARG002 - most are as they have to be
        """Why a database may hold no store; None if it may."""
        return None

    def room_fault(self, url: URL) -> str | None:  # noqa: ARG002 - where the database's own machine is, nobody knows
        """Whether there is too little room for a store that could not be written to take writes again."""
        return None

    def hold_off_all(self, connection: Connection, table: str) -> None:  # noqa: B027 - one who writes holds everything
        """Waits for every transaction that has looked at a table; who looks at it later waits for the present one.

        Where tables are not changed in transactions, what the present one has written is durable, and nobody waits.
        """

    def leave_checkpoints(self, writes: Engine) -> None:  # noqa: B027 - most databases do them by themselves
        """Does what `Store.leave_checkpoints` says."""

    def checkpoint(self, writes: Engine) -> Log:  # noqa: ARG002
        """Does what `Store.checkpoint` says."""
        return Log(0, 0)

    def interrupt(self, connection: Connection) -> None:  # noqa: B027 - databases end what a closed connection asked
        """Ends the statement that runs on this connection, with an error for whoever waits for it; from any thread."""

    def bring_over_all(self, url: URL) -> Log:  # noqa: ARG002
        """Does the last part of what `Store.end` says: nobody in this process uses the store any more."""
        return Log(0, 0)

    def end_stalled(self, connection: Connection) -> int:  # noqa: ARG002 - most databases do so by themselves
        """Does what `Store.end_stalled` says."""
        return 0

    def holders(self, connection: Connection) -> list[dict[str, Any]]:  # noqa: ARG002 - not every database says
        """Does what `Store.holders` says."""
        return []

    def hold_versions(self, connection: Connection) -> None:  # noqa: B027 - where it cannot be done, it is not
        """Does what `WriteTransaction.hold_versions` says."""

    def lock_with_referrers(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:  # noqa: B027
        """Does what `WriteTransaction.lock_with_referrers` says."""

    def refer(self, connection: Connection, table: str, ids: Sequence[bytes]) -> None:  # noqa: B027
        """Does what `WriteTransaction.refer` says."""

    def indexed_by(self, index: str) -> str:  # noqa: ARG002 - most planners find it by themselves
        """Does what `statements.indexed_by` says."""
        return ""

    def walked_by(self, table: str, columns: tuple[str, ...]) -> str:  # noqa: ARG002 - most planners find it
        """Does what `statements.walked_by` says."""
        return ""

    def beyond(self, names: Sequence[str], sign: str, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        """Does what `statements.beyond` says."""
        marks = ", ".join("?" for _ in names)
        return f"({', '.join(names)}) {sign} ({marks})", tuple(values)

    def exact_sum(self, column: str) -> str:
        """Does what `statements.exact_sum` says."""
        return f"SUM({column})"

    def not_ascii(self, column: str) -> str:
        """Does what `statements.not_ascii` says: such a text has more bytes than code points."""
        return f"OCTET_LENGTH({column}) <> CHAR_LENGTH({column})"

    def wide_sum(self, column: str) -> str:
        """Does what `statements.wide_sum` says."""
        return f"0, SUM({column})"
