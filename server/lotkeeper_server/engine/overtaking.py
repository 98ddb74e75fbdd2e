"""Definitions, roles and tokens that change while a batch is decided: it is decided again, and none may starve it."""

from collections.abc import Callable
from typing import Final

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.store_port import DecisionTransaction
from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.state.definitions import StoreVersions

OVERTAKEN_MAX: Final = 2
"""How often in a row decisions may be overtaken by changed definitions before they let no change in."""
LOOKS_APART: Final = 32
"""In how many transactions without a change in between the versions are looked at before the commit is sent."""


class Overtaking:
    """How the batches of one loop are written. What a batch was decided by is looked at once more before its commit.

    With a pipeline that look goes out with the commit and stops it by itself. After a change of the versions they are
    looked at apart for a while, to tell whether it mattered: else many changes that concern no call would make every
    batch run twice.
    """

    def __init__(self, capabilities: Capabilities, definitions: DefinitionCache) -> None:
        """Nothing has changed yet.

        Args:
            capabilities: of the store.
            definitions: by which the batches are decided.
        """
        self._capabilities = capabilities
        self._definitions = definitions
        self._overtaken = 0
        self._looks_apart = 0

    @property
    def lets_no_change_in(self) -> bool:
        """Whether the next batch holds the versions, since those before it were overtaken too often."""
        return self._overtaken > OVERTAKEN_MAX

    def write(
        self,
        tx: DecisionTransaction,
        changes: Changes,
        transaction_id: Id,
        now_millis: int,
        begun: StoreVersions,
        is_wanted: Callable[[], bool],
    ) -> bool:
        """Writes a batch, and commits where both take one round trip.

        Args:
            tx: its transaction.
            changes: what it changed.
            transaction_id: the mark that it leaves.
            now_millis: when, milliseconds since the epoch, UTC.
            begun: the versions that it was decided by.
            is_wanted: asked just before the commit; False where a caller has given up.

        Returns:
            False where it is to be decided again, and nothing is to be committed.

        Raises:
            StoreError: by its subclass; VersionsMoved where the versions moved before the commit.
        """
        if not changes:
            return is_wanted()
        if self._capabilities.has_pipeline and not self._looks_apart:
            if not is_wanted():
                return False
            tx.commit(changes, transaction_id, now_millis, begun)
            return True
        now = tx.write(changes, transaction_id, now_millis)
        self._looks_apart = LOOKS_APART if now != begun else max(self._looks_apart - 1, 0)
        return not self._matters(tx, begun, now) and is_wanted()

    def _matters(self, tx: DecisionTransaction, begun: StoreVersions, now: StoreVersions) -> bool:
        """Whether definitions that may have been used, roles or tokens have changed while the batch was decided.

        What it has written refers to the locations that it wrote about: a save that looks at what lies there waits for
        this transaction, and sees it. So a change that comes after this look has seen what was done here.
        """
        if not self._capabilities.has_many_writers or now == begun:
            return False
        matters = now.access != begun.access or tx.has_kept_changed(self._definitions, now.definitions)
        self._overtaken += matters
        return matters

    def note_moved(self) -> None:
        """The look that went out with a commit has stopped it."""
        self._looks_apart = LOOKS_APART

    def note_end(self) -> None:
        """A batch was committed; or it was to let no change in, and a long one was under way: none overtakes it now."""
        self._overtaken = 0
