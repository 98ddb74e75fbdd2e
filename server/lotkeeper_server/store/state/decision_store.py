"""The store for decisions: loads what they miss and writes what they changed, all in one transaction."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.keys import Key
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.commit_marks import has_taken_effect, leave_mark
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.state.definitions import StoreVersions, ask_versions, has_kept_changed
from lotkeeper_server.store.state.kept_rows import KeptRows
from lotkeeper_server.store.state.loading import begin, load
from lotkeeper_server.store.state.timelines import KeptTimelines
from lotkeeper_server.store.state.writing import write_changes

_NO_CHANGE: Final = StoreVersions(0, 0, 0)


class BatchTransaction:
    """One write transaction of a batch.

    Attributes:
        snapshot: the connection, for reading roles and tokens in this transaction.
    """

    __slots__ = ("_kept", "_rows", "_state", "_tx", "snapshot")

    def __init__(self, connection: Connection, kept: KeptTimelines, rows: KeptRows | None) -> None:
        self.snapshot = connection
        self._tx = WriteTransaction(connection)
        self._kept = kept
        self._rows = rows
        self._state: WorkingSet | None = None

    def begin(
        self, state: WorkingSet, keys: Iterable[Key], *, holds_versions: bool
    ) -> tuple[StoreVersions, frozenset[Key]]:
        """Begins, drops from memory what has changed, and loads these keys: in one round trip where it can be."""
        self._state = state
        if self._rows is not None:  # the embedded store: it lets nobody else write from here on
            self._rows.follow(self._tx)
            keys = self._rows.give(state, keys)
        return begin(self._tx, state, keys, self._kept, holds_versions=holds_versions)

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """Loads these, or notes that they do not exist; returns those that another transaction holds."""
        if self._rows is not None:
            keys = self._rows.give(state, keys)
        return load(self._tx, state, keys, self._kept)

    def write(self, changes: Changes, transaction_id: Id, now_millis: int) -> StoreVersions:
        """Writes everything at once, and then asks for the versions, without a round trip of its own."""
        with self._tx.together():
            self._write(changes, transaction_id, now_millis)
            if not self._tx.capabilities.has_many_writers:
                return _NO_CHANGE
            then = ask_versions(self._tx)
        return next(then)

    def commit(self, changes: Changes, transaction_id: Id, now_millis: int, begun: StoreVersions) -> None:
        """Writes everything and commits, in one round trip where it can be, if the versions have not moved.

        Raises:
            VersionsMoved: they are not, and nothing was written.
            OutcomeUnknown: the answer was lost.
        """
        with self._tx.committed_together((begun.definitions, begun.access)):
            self._write(changes, transaction_id, now_millis)

    def _write(self, changes: Changes, transaction_id: Id, now_millis: int) -> None:
        write_changes(self._tx, changes)
        if self._tx.capabilities.can_lose_answers:
            leave_mark(self._tx.connection, transaction_id, now_millis)

    def has_kept_changed(self, definitions: DefinitionCache, version: int) -> bool:
        """Whether anything in memory is out of date at a later version."""
        return has_kept_changed(self.snapshot, definitions, version)

    def roll_back(self) -> None:
        """Rolls everything back."""
        self._state = None
        self._tx.roll_back()

    def note_committed(self) -> None:
        """Keeps what the next transactions may need; it was committed, if it was not rolled back."""
        if self._state is None:
            return
        if self._state.timelines.by_row:
            self._kept.give_back(self._state)
        if self._rows is not None:
            self._rows.keep(self._state)


class StoreOfDecisions:
    """A store, as one thread at a time uses it, on a connection that is kept between transactions.

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
        self._kept = KeptTimelines()
        self._rows = None if store.capabilities.has_many_writers else KeptRows()

    @contextmanager
    def write(self, locking: Locking) -> Iterator[BatchTransaction]:
        """A transaction that is durable when the block has ended; its `begin` comes first.

        Raises:
            StoreError: one of its subclasses; nothing was written then, except for OutcomeUnknown.
        """
        try:
            with self._writer.write(locking, begins=False) as connection:
                transaction = BatchTransaction(connection, self._kept, self._rows)
                yield transaction
        except BaseException:
            self._drop_rows()  # the next transaction may have another connection
            raise
        transaction.note_committed()

    def connection(self, locking: Locking) -> AbstractContextManager[Connection]:
        """Opens a transaction like `write`, for a work that uses the store itself."""
        self._drop_rows()  # what the work changes by this connection is not noticed
        return self._writer.write(locking)

    def _drop_rows(self) -> None:
        if self._rows is not None:
            self._rows.drop()

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
