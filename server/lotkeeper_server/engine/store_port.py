"""What the engine asks of a store: transactions that load, write and commit, and what can go wrong in them.

The real one is `store/state/decision_store.py`; a simulation has one that fails in every way allowed here.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.keys import Key
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.state.definitions import StoreVersions


class DecisionTransaction(Protocol):
    """One write transaction of a batch."""

    @property
    def snapshot(self) -> Any:
        """What `Confirm` looks at roles and tokens through."""

    def begin(
        self, state: WorkingSet, keys: Iterable[Key], *, holds_versions: bool
    ) -> tuple[StoreVersions, frozenset[Key]]:
        """Begins, drops from memory the definitions that have changed, and loads; it comes first.

        Args:
            state: nothing is loaded into it yet; its definitions may be older than the store's.
            keys: what is likely to be needed, by these definitions.
            holds_versions: lets no definition, role or token change until this transaction has ended, where that can
                be done.

        Returns:
            How far the store has come, and the keys that another transaction holds.

        Raises:
            RowsHeld: where the versions are to be held and are changing at this moment.
        """

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """As `batch.Loader`."""

    def write(self, changes: Changes, transaction_id: Id, now_millis: int) -> StoreVersions:
        """Writes everything, leaves the mark of this transaction, and says how far the store has come by then."""

    def commit(self, changes: Changes, transaction_id: Id, now_millis: int, begun: StoreVersions) -> None:
        """Writes everything, leaves the mark, and commits, if the versions are still those of the beginning.

        Asked only of a store that has a pipeline; there it takes one round trip. The block may then end.

        Raises:
            VersionsMoved: they are not; nothing was written.
            OutcomeUnknown: the answer was lost.
        """

    def has_kept_changed(self, definitions: DefinitionCache, version: int) -> bool:
        """Whether anything in memory is not what it is now, at a later version."""

    def roll_back(self) -> None:
        """Takes everything back; the block may then end, and commits nothing."""


class DecisionStore(Protocol):
    """A store, as one thread uses it."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, and what can happen to it."""

    def write(self, locking: Locking) -> AbstractContextManager[DecisionTransaction]:
        """A transaction that is durable when the block has ended.

        Raises:
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """

    def has_taken_effect(self, transaction_id: Id, now_millis: int) -> bool:
        """Whether a transaction whose commit was not answered was committed; once asked, it will never be.

        Raises:
            StoreError: where that cannot be found out now.
        """

    def end_stalled(self) -> int:
        """Ends transactions that hold rows and whose process says nothing; how many there were.

        Raises:
            StoreError: where it cannot be asked.
        """

    def close(self) -> None:
        """Gives back what is kept between transactions."""
