"""One write transaction, for many decisions or for one piece of work: it is done, or nothing was.

Where several transactions write at a time, a commit whose answer is lost is settled: it is asked whether it took
effect.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.deciding import decide_all
from lotkeeper_server.engine.patience import Patience
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.sources import EffectOrder, IdSource, new_uuid, now_millis
from lotkeeper_server.engine.waiting import Waiting, WaitingDecision, WaitingWork
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.commit_marks import has_taken_effect, leave_mark
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.statements import together
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.state.definitions import (
    StoreVersions,
    ask_versions,
    follow_changes,
    has_kept_changed,
    hold_versions,
    lock_versions,
    read_versions,
)
from lotkeeper_server.store.state.writing import write_changes

Confirm = Callable[[Connection, Any], None]
"""Looks again whether a caller may, where roles or tokens have changed since it was let in; raises Refused."""
SETTLE_SECONDS: Final = 20.0
"""How long it is asked whether a commit took effect that was not answered."""
OVERTAKEN_MAX: Final = 2
"""How often in a row decisions may be overtaken by changed definitions before they let no change in."""
_log = structlog.get_logger(__name__)


class Transactions:
    """Write transactions on one store, one at a time, on one thread."""

    def __init__(
        self,
        store: Store,
        confirm: Confirm,
        settings: EngineSettings,
        new_id: IdSource,
        on_store_state: Callable[[bool], None],
    ) -> None:
        """Opens nothing yet.

        Args:
            store: to write to.
            confirm: looks again whether a caller may.
            settings: what a plant may set.
            new_id: gives new ids; the one of this process.
            on_store_state: told whether the store could be used, each time that it was.
        """
        self._store = store
        self._writer = store.writer()
        self._confirm = confirm
        self._settings = settings
        self._on_store_state = on_store_state
        self._definitions = DefinitionCache()
        self._overtaken = 0
        self._new_id = new_id
        self._next_effect_order = EffectOrder()

    def close(self) -> None:
        """Gives the connection back."""
        self._writer.close()

    def decide(self, decisions: Sequence[WaitingDecision], locking: Locking) -> bool:
        """Loads, decides, writes and commits; False where nothing was done and it is to be done again.

        Raises:
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """
        transaction_id = self._new_id()
        holds_versions = self._overtaken > OVERTAKEN_MAX
        try:
            with self._writer.write(locking) as connection:
                if holds_versions:
                    hold_versions(connection)
                versions = self._begin(connection)
                allowed = [decision for decision in decisions if self._still_may(connection, decision, versions.access)]
                follow_changes(connection, self._definitions, versions.definitions)
                state = decide_all(connection, self._definitions, [one.decision for one in allowed], self._context())
                changes, moved_on = state.changes(), False
                if changes:
                    with together(connection):
                        write_changes(connection, changes)
                        self._mark(connection, transaction_id)
                        then = ask_versions(connection)
                    moved_on = self._moved_on(connection, versions, then)
                now_seconds = time.monotonic()
                if any(decision.given_up(now_seconds) for decision in allowed) or moved_on:
                    connection.rollback()
                    return False
                self._overtaken = 0
                # Leaving the block commits: until it has, unknown; then, durable.
        except errors.RowsHeld:
            if not holds_versions:
                raise
            self._overtaken = 0  # a long change is under way, and none can overtake before its end
            return False
        except errors.OutcomeUnknown as error:
            if not self._settle(transaction_id, error):
                return False
        self._on_store_state(True)
        for decision in allowed:
            decision.result, decision.refused = decision.decision.outcome, decision.decision.refused
        return True

    def work(self, work: WaitingWork) -> bool:
        """Runs a piece of work in a transaction of its own; False where nothing was done and it is to be done again.

        Raises:
            Refused: what the work raised.
            StoreError: as `decide`.
        """
        transaction_id = self._new_id()
        try:
            with self._writer.write(Locking.WAIT_BRIEFLY) as connection:
                lock_versions(connection)
                versions = self._begin(connection)
                if self._still_may(connection, work, versions.access):
                    context = self._context()
                    transaction = Transaction(connection, context.now_millis, context.new_id, context.next_effect_order)
                    work.result = work.work(transaction)
                    if refusal := work.given_up(time.monotonic()):
                        raise Refused(refusal)
                    self._mark(connection, transaction_id)
        except errors.OutcomeUnknown as error:
            if not self._settle(transaction_id, error):
                return False
        self._on_store_state(True)
        return True

    def _begin(self, connection: Connection) -> StoreVersions:
        versions = read_versions(connection)
        self._next_effect_order.follow(versions.effect_order)
        return versions

    def _moved_on(self, connection: Connection, versions: StoreVersions, then: Iterator[StoreVersions]) -> bool:
        """Whether definitions that may have been used, roles or tokens have changed while this transaction decided.

        Asked for behind all that is written, so that it does not go a way of its own.

        What it has written refers to the locations that it wrote about: a save that looks at what lies there waits for
        this transaction, and sees it. So a change that comes after this look has seen what was done here.
        """
        if not self._store.concurrent or (now := next(then)) == versions:
            return False
        moved_on = now.access != versions.access or has_kept_changed(connection, self._definitions, now.definitions)
        self._overtaken += moved_on
        return moved_on

    def _mark(self, connection: Connection, transaction_id: Id) -> None:
        if self._store.concurrent:
            leave_mark(connection, transaction_id, now_millis())

    def _settle(self, transaction_id: Id, error: errors.OutcomeUnknown) -> bool:
        """Whether a transaction took effect whose commit was not answered.

        Raises:
            OutcomeUnknown: where that cannot be found out in time.
        """
        if not self._store.concurrent:
            raise error
        self._on_store_state(False)
        patience = Patience(SETTLE_SECONDS)
        while True:
            try:
                settled = has_taken_effect(self._store, transaction_id, now_millis())
            except errors.StoreError:
                if not patience.wait():
                    raise error from None
            else:
                _log.info("commit_settled", took_effect=settled, error=str(error))
                return settled

    def _still_may(self, connection: Connection, waiting: Waiting, access_version: int) -> bool:
        if waiting.caller.access_version != access_version:
            try:
                self._confirm(connection, waiting.caller)
            except Refused as refused:
                waiting.refused = refused
                return False
        return True

    def _context(self) -> Context:
        return Context(
            now_millis=now_millis(),
            new_id=self._new_id,
            new_uuid=new_uuid,
            next_effect_order=self._next_effect_order,
            end_date_future_millis=self._settings.end_date_future_millis,
            end_date_past_millis=self._settings.end_date_past_millis,
            request_id_kept_millis=self._settings.request_id_kept_millis,
        )
