"""Pieces of work, each in a transaction to itself, one after the other, on a thread of their own.

A save, an import, a delete: what reads and writes more than decisions know. Where one transaction holds the whole store
(`WriteTurns`), batches and works take turns.
"""

import queue
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

import structlog

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Contention, Refused, StoreUnavailable
from lotkeeper_server.engine.calls import AGAIN, HELD, Answered, PendingWork, Result, Waits
from lotkeeper_server.engine.clock import EffectOrder
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.held import WORK_HELD_SECONDS_MAX, HeldCalls
from lotkeeper_server.engine.loop import APART_PAUSE_SECONDS, BUSY_TEXT, REFUSED_BY_STORE, STORE_SECONDS
from lotkeeper_server.engine.patience import Patience
from lotkeeper_server.engine.settle import has_taken_effect
from lotkeeper_server.engine.stalled import StalledOthers
from lotkeeper_server.engine.surroundings import Surroundings
from lotkeeper_server.engine.turns import WriteTurns
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.commit_marks import leave_mark
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.state.decision_store import StoreOfDecisions
from lotkeeper_server.store.state.definitions import lock_versions, read_versions

_END: Final = None
_log = structlog.get_logger(__name__)


class Works:
    """The works of one store. `add` and `close` may be called on any thread."""

    def __init__(self, store: StoreOfDecisions, turns: WriteTurns, surroundings: Surroundings) -> None:
        """Begins at once.

        Args:
            store: to write to, used by this thread only.
            turns: shared with whoever else writes in this process.
            surroundings: what comes from outside.
        """
        self._store = store
        self._turns = turns
        self._outside = surroundings
        self._clock = surroundings.clock
        self._next_effect_order = EffectOrder(surroundings.clock.now_micros)
        self._arrived: queue.SimpleQueue[PendingWork | None] = queue.SimpleQueue()
        self._held: HeldCalls[PendingWork] = HeldCalls(WORK_HELD_SECONDS_MAX)
        self._stalled = StalledOthers(store, surroundings.clock)
        self._thread = threading.Thread(target=self._run, name="lotkeeper-works", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many have not begun, or wait for what other transactions hold."""
        return self._arrived.qsize() + len(self._held)

    def add(self, work: PendingWork) -> None:
        """Behind those that wait."""
        self._arrived.put(work)

    def take_all(self) -> list[PendingWork]:
        """Takes out everything that has not begun."""
        taken: list[PendingWork | None] = []
        with suppress(queue.Empty):
            while True:
                taken.append(self._arrived.get_nowait())
        if _END in taken:
            self._arrived.put(_END)
        return [one for one in taken if one is not None]

    def close(self) -> None:
        """Does what was taken in, then ends; returns once it has."""
        self._arrived.put(_END)
        self._thread.join()

    def _run(self) -> None:
        waiting: deque[PendingWork | None] = deque()
        while True:
            self._wait(waiting)
            work = self._held.due_apart(self._clock.now_seconds())
            if work is None and waiting:
                work = waiting.popleft()
                if work is _END:
                    if not self._held:
                        self._store.close()
                        return
                    waiting.append(_END)
                    time.sleep(self._held.pause_seconds(self._clock.now_seconds()) or 0.0)
            try:
                if work is not None:
                    self._process(work)
                self._stalled.look(self._held.longest_seconds(self._clock.now_seconds()))
            except Exception:  # the border of the thread: later works wait for it
                _log.exception("fault", task="works")

    def _wait(self, waiting: "deque[PendingWork | None]") -> None:
        """Returns once something has arrived, or a held work is due."""
        pause_seconds = self._held.pause_seconds(self._clock.now_seconds())
        with suppress(queue.Empty):
            if not waiting:
                waiting.append(self._arrived.get(timeout=pause_seconds))

    def _process(self, work: PendingWork) -> None:
        attempts = 0
        patience = Patience(self._clock, STORE_SECONDS)
        result: Result = AGAIN
        while result is AGAIN:
            result = work.given_up(self._clock.now_seconds()) or AGAIN
            if result is not AGAIN:
                break
            try:
                with self._turns.work():
                    result = self._transact(work)
            except Refused as refused:
                result = refused
            except (errors.RowsHeld, errors.StoreBusy) as error:
                _log.info("transaction_refused", error=str(error))
                late = self._held.put_back([work], self._clock.now_seconds(), APART_PAUSE_SECONDS)
                is_busy = isinstance(error, errors.StoreBusy)
                if late and is_busy:
                    self._outside.on_store_state(False)
                too_long = StoreUnavailable(text=BUSY_TEXT) if is_busy else Contention()
                result = Refused(too_long) if late else HELD
            except REFUSED_BY_STORE as error:
                attempts += 1
                _log.info("transaction_refused", error=str(error), attempts=attempts)
                if not self._store.capabilities.has_many_writers or attempts == limits.ENGINE_ATTEMPTS_MAX:
                    result = Refused(Contention())
            except errors.StoreError as error:
                self._outside.on_store_state(False)
                is_known = not isinstance(error, errors.OutcomeUnknown)  # else it may be done, and never is again
                if not (is_known and self._store.capabilities.can_go_away and patience.wait()):
                    _log.warning("store_unavailable", error=str(error))
                    result = Refused(StoreUnavailable())
            except Exception:  # the border of the thread: it must outlive any bug
                result = Refused(logged_fault())
        if not isinstance(result, Waits):
            self._outside.on_ended([(work, result)])

    def _transact(self, work: PendingWork) -> Result:
        """Runs a piece of work in a transaction of its own.

        Raises:
            Refused: what the work raised.
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """
        transaction_id = self._outside.new_id()
        try:
            with self._store.connection(Locking.WAIT_BRIEFLY) as connection:
                lock_versions(connection)
                versions = read_versions(connection)
                self._next_effect_order.follow(versions.effect_order)
                if work.caller.access_version not in {None, versions.access} or work.caller.has_expired:
                    self._outside.confirm(connection, work.caller)
                now_millis = self._clock.now_millis()
                value = work.work(Transaction(connection, now_millis, self._outside.new_id, self._next_effect_order))
                if refused := work.given_up(self._clock.now_seconds()):
                    raise refused
                if work.caller.has_expired:  # meanwhile: an import may take minutes
                    self._outside.confirm(connection, work.caller)
                if self._store.capabilities.can_lose_answers:
                    leave_mark(connection, transaction_id, self._clock.now_millis())
                # Leaving the block commits: until it has, the outcome is unknown; then it is durable.
        except errors.OutcomeUnknown as error:
            self._outside.on_store_state(False)
            if not has_taken_effect(self._store, transaction_id, error, self._clock):
                return AGAIN
        self._outside.on_store_state(True)
        return Answered(value)
