"""A store as decisions use it: what they miss is loaded, what they changed is written, all in one transaction."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.keys import Key
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.working_set import Changes, WorkingSet
from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.db.commit_marks import has_taken_effect, leave_mark
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.statements import together
from lotkeeper_server.store.state.definitions import (
    StoreVersions,
    ask_versions,
    follow_changes,
    has_kept_changed,
    hold_versions,
    read_versions,
)
from lotkeeper_server.store.state.loading import load
from lotkeeper_server.store.state.writing import write_changes

_NO_CHANGE: Final = StoreVersions(0, 0, 0)


class BatchTransaction:
    """One write transaction of a batch.

    Attributes:
        snapshot: the connection, for whoever looks at roles and tokens in this transaction.
    """

    __slots__ = ("_capabilities", "snapshot")

    def __init__(self, connection: Connection, capabilities: Capabilities) -> None:
        self.snapshot = connection
        self._capabilities = capabilities

    def hold_versions(self) -> None:
        """Lets no definition, role or token change until this transaction has ended, where that can be done."""
        hold_versions(self.snapshot)

    def versions(self) -> StoreVersions:
        """How far the store has come."""
        return read_versions(self.snapshot)

    def follow_definitions(self, definitions: DefinitionCache, version: int) -> None:
        """Drops from memory what has changed up to this version."""
        follow_changes(self.snapshot, definitions, version)

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """Brings these in, or notes that they are not there; returns those that another transaction holds."""
        return load(self.snapshot, state, keys)

    def write(self, changes: Changes, transaction_id: Id, now_millis: int) -> StoreVersions:
        """Writes everything at once, and asks for the versions behind it, so that this takes no way of its own."""
        with together(self.snapshot):
            write_changes(self.snapshot, changes)
            if self._capabilities.can_lose_answers:
                leave_mark(self.snapshot, transaction_id, now_millis)
            if not self._capabilities.has_many_writers:
                return _NO_CHANGE
            then = ask_versions(self.snapshot)
        return next(then)

    def has_kept_changed(self, definitions: DefinitionCache, version: int) -> bool:
        """Whether anything in memory is not what it is now, at a later version."""
        return has_kept_changed(self.snapshot, definitions, version)

    def roll_back(self) -> None:
        """Takes everything back."""
        self.snapshot.rollback()


class StoreOfDecisions:
    """A store, as one thread uses it, on a connection that is kept between transactions.

    Attributes:
        capabilities: what the store can do, and what can happen to it.
    """

    def __init__(self, store: Store) -> None:
        """Opens nothing yet.

        Args:
            store: of which it takes one connection.
        """
        self.capabilities = store.capabilities
        self._store = store
        self._writer = store.writer()

    @contextmanager
    def write(self, locking: Locking) -> Iterator[BatchTransaction]:
        """A transaction that is durable when the block has ended.

        Raises:
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """
        with self._writer.write(locking) as connection:
            yield BatchTransaction(connection, self.capabilities)

    def connection(self, locking: Locking) -> AbstractContextManager[Connection]:
        """As `write`, for a piece of work that knows its way about a store."""
        return self._writer.write(locking)

    def has_taken_effect(self, transaction_id: Id, now_millis: int) -> bool:
        """Whether a transaction whose commit was not answered was committed; once asked, it will never be.

        Raises:
            StoreError: where that cannot be found out now.
        """
        return has_taken_effect(self._store, transaction_id, now_millis)

    def end_stalled(self) -> int:
        """Ends transactions that hold rows and whose process says nothing; how many there were.

        Raises:
            StoreError: where it cannot be asked.
        """
        return self._store.end_stalled()

    def close(self) -> None:
        """Gives the connection back."""
        self._writer.close()
