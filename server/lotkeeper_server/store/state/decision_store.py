"""The store for decisions: loads what they miss and writes what they changed, all in one transaction."""

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
        snapshot: the connection, for reading roles and tokens in this transaction.
    """

    __slots__ = ("_capabilities", "snapshot")

    def __init__(self, connection: Connection, capabilities: Capabilities) -> None:
        self.snapshot = connection
        self._capabilities = capabilities

    def hold_versions(self) -> None:
        """Lets no definition, role or token change until this transaction ends, if the database can do that."""
        hold_versions(self.snapshot)

    def versions(self) -> StoreVersions:
        """How far the store has come."""
        return read_versions(self.snapshot)

    def follow_definitions(self, definitions: DefinitionCache, version: int) -> None:
        """Drops from memory what changed up to this version."""
        follow_changes(self.snapshot, definitions, version)

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """Loads these, or notes that they do not exist; returns those that another transaction holds."""
        return load(self.snapshot, state, keys)

    def write(self, changes: Changes, transaction_id: Id, now_millis: int) -> StoreVersions:
        """Writes everything at once, and then asks for the versions, without a round trip of its own."""
        with together(self.snapshot):
            write_changes(self.snapshot, changes)
            if self._capabilities.can_lose_answers:
                leave_mark(self.snapshot, transaction_id, now_millis)
            if not self._capabilities.has_many_writers:
                return _NO_CHANGE
            then = ask_versions(self.snapshot)
        return next(then)

    def has_kept_changed(self, definitions: DefinitionCache, version: int) -> bool:
        """Whether anything in memory is out of date at a later version."""
        return has_kept_changed(self.snapshot, definitions, version)

    def roll_back(self) -> None:
        """Rolls everything back."""
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
            StoreError: one of its subclasses; nothing was written then, except for OutcomeUnknown.
        """
        with self._writer.write(locking) as connection:
            yield BatchTransaction(connection, self.capabilities)

    def connection(self, locking: Locking) -> AbstractContextManager[Connection]:
        """Opens a transaction like `write`, for a work that uses the store itself."""
        return self._writer.write(locking)

    def has_taken_effect(self, transaction_id: Id, now_millis: int) -> bool:
        """Whether a transaction whose commit was not answered was committed; if not, it never will be.

        Raises:
            StoreError: where that cannot be found out now.
        """
        return has_taken_effect(self._store, transaction_id, now_millis)

    def end_stalled(self) -> int:
        """Ends transactions that hold rows while their process is silent; returns how many.

        Raises:
            StoreError: where it cannot be asked.
        """
        return self._store.end_stalled()

    def close(self) -> None:
        """Gives the connection back."""
        self._writer.close()
