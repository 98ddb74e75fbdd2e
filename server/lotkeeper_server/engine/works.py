"""Pieces of work, each in a transaction to itself, one after the other, on a thread of their own.

A save, an import, a delete: what reads and writes more than decisions know. Where one transaction holds the whole store
(`WriteTurns`), batches and works take turns.
"""

import threading
import time

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Contention, Refused, StoreUnavailable
from lotkeeper_server.engine.auditing import events_of_work
from lotkeeper_server.engine.calls import AGAIN, HELD, Answered, PendingWork, Result, Waits
from lotkeeper_server.engine.clock import EffectOrder
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.held import WORK_HELD_SECONDS_MAX, HeldCalls
from lotkeeper_server.engine.lines import Lines
from lotkeeper_server.engine.loop import APART_PAUSE_SECONDS, BUSY_TEXT, REFUSED_BY_STORE, STORE_SECONDS
from lotkeeper_server.engine.patience import Patience
from lotkeeper_server.engine.retry_causes import retry_cause
from lotkeeper_server.engine.settle import has_taken_effect
from lotkeeper_server.engine.shares import Shares
from lotkeeper_server.engine.stalled import StalledOthers
from lotkeeper_server.engine.store_failures import Away, may_pass, unavailable
from lotkeeper_server.engine.surroundings import Surroundings
from lotkeeper_server.engine.turns import WriteTurns
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.pipeline import Phases
from lotkeeper_server.store.audit.writing import write_events
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.commit_marks import leave_mark
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.state.decision_store import StoreOfDecisions
from lotkeeper_server.store.state.definitions import lock_versions, read_versions

_log = get_logger()


class Works:
    """The works of one store. `add` and `close` may be called on any thread."""

    def __init__(
        self,
        store: StoreOfDecisions,
        turns: WriteTurns,
        surroundings: Surroundings,
        works_max: int = limits.ENGINE_QUEUE_WORKS_MAX,
    ) -> None:
        """Begins at once.

        Args:
            store: to write to, used by this thread only.
            turns: shared with whoever else writes in this process.
            surroundings: what comes from outside.
            works_max: beyond so many a principal is held to an equal share.
        """
        self._store = store
        self._turns = turns
        self._outside = surroundings
        self._clock = surroundings.clock
        self._metrics = surroundings.metrics
        self._next_effect_order = EffectOrder(surroundings.clock.now_micros)
        self._away = Away(surroundings.clock)
        self._lines: Lines[PendingWork] = Lines()
        self._works = Shares(works_max)
        self._changed = threading.Condition()
        self._closing = False
        self._held: HeldCalls[PendingWork] = HeldCalls(WORK_HELD_SECONDS_MAX)
        self._stalled = StalledOthers(store, surroundings.clock)
        self._thread = threading.Thread(target=self._run, name="lotkeeper-works", daemon=True)
        self._thread.start()

    def refuses(self, whose: str) -> bool:
        """Whether a principal may not add a work now."""
        return self._works.refuses(whose)

    @property
    def waiting(self) -> int:
        """How many wait, or are held."""
        return len(self._lines) + len(self._held)

    def add(self, work: PendingWork) -> None:
        """At the end of its principal's line; principals take turns by the time that their works took."""
        whose = work.caller.principal
        with self._changed:
            self._works.hold(whose, 1)
            self._lines.add(whose, work)
            self._changed.notify()

    def take_all(self) -> list[PendingWork]:
        """Takes out everything that has not begun."""
        with self._changed:
            taken = self._lines.take_all()
            for work in taken:
                self._works.release(work.caller.principal, 1)
        return taken

    def close(self) -> None:
        """Does what was taken in, then ends; returns once it has."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while not self._has_ended():
            try:
                if (work := self._next()) is not None:
                    self._process_in_turn(work)
                self._stalled.look(self._held.longest_seconds(self._clock.now_seconds()))
            except Exception:  # the border of the thread: later works wait for it
                _log.exception("fault", task="works")
        self._store.close()

    def _has_ended(self) -> bool:
        with self._changed:
            return self._closing and not self._lines and not self._held

    def _next(self) -> PendingWork | None:
        """The next one, once there is one; None where it is time to look whether one is due, or at the end."""
        if (held := self._held.due_apart(self._clock.now_seconds())) is not None:
            return held
        with self._changed:
            if not self._lines and not self._closing:
                self._changed.wait(self._held.pause_seconds(self._clock.now_seconds()))
            if self._lines:
                return self._lines.take(0.0)
            closing = self._closing
        if closing:
            time.sleep(self._held.pause_seconds(self._clock.now_seconds()) or 0.0)
        return None

    def _process_in_turn(self, work: PendingWork) -> None:
        begun_seconds = self._clock.now_seconds()
        try:
            self._process(work)
        finally:
            with self._changed:
                self._lines.give(work.caller.principal, self._clock.now_seconds() - begun_seconds)

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
                self._metrics.retried(retry_cause(error))
                self._metrics.put_back(1)
                _log.info("transaction_refused", error=str(error))
                late = self._held.put_back([work], self._clock.now_seconds(), APART_PAUSE_SECONDS)
                is_busy = isinstance(error, errors.StoreBusy)
                if late and is_busy:
                    self._outside.on_store_state(False)
                too_long = StoreUnavailable(text=BUSY_TEXT) if is_busy else Contention()
                result = Refused(too_long) if late else HELD
            except REFUSED_BY_STORE as error:
                attempts += 1
                self._metrics.retried(retry_cause(error))
                _log.info("transaction_refused", error=str(error), attempts=attempts)
                if not self._store.capabilities.has_many_writers or attempts == limits.ENGINE_ATTEMPTS_MAX:
                    result = Refused(Contention())
            except errors.StoreError as error:
                self._outside.on_store_state(False)
                self._metrics.retried(retry_cause(error))
                self._away.note_failure()
                may_wait = may_pass(error, self._store.capabilities) and not self._away.outlasts(work)
                if not (may_wait and patience.wait()):
                    result = unavailable(error, self._away.text_for(error))
            except Exception:  # the border of the thread: it must outlive any bug
                result = Refused(logged_fault())
        if not isinstance(result, Waits):
            with self._changed:
                self._works.release(work.caller.principal, 1)
            self._outside.on_ended([(work, result)])

    def _transact(self, work: PendingWork) -> Result:
        """Runs a piece of work in a transaction of its own.

        Raises:
            Refused: what the work raised.
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """
        transaction_id = self._outside.new_id()
        phases = work.phases = Phases(self._clock.now_seconds(), is_work=True)
        try:
            with self._store.connection(Locking.WAIT_BRIEFLY) as connection:
                lock_versions(connection)
                versions = read_versions(connection)
                self._next_effect_order.follow(versions.effect_order)
                if work.caller.access_version not in {None, versions.access} or work.caller.has_expired:
                    self._outside.confirm(connection, work.caller)
                now_millis = self._clock.now_millis()
                tx = Transaction(connection, now_millis, self._outside.new_id, self._next_effect_order)
                value = work.work(tx)
                events = events_of_work(work.caller, tx.effects, now_millis, self._outside.new_id)
                write_events(WriteTransaction(connection), events)
                if refused := work.given_up(self._clock.now_seconds()):
                    raise refused
                if work.caller.has_expired:  # meanwhile: an import may take minutes
                    self._outside.confirm(connection, work.caller)
                phases.decided_seconds = self._clock.now_seconds()
                if self._store.capabilities.can_lose_answers:
                    leave_mark(connection, transaction_id, self._clock.now_millis())
                # Leaving the block commits: until it has, the outcome is unknown; then it is durable.
        except errors.OutcomeUnknown as error:
            self._outside.on_store_state(False)
            self._metrics.retried("outcome_unknown")
            if not has_taken_effect(self._store, transaction_id, error, self._clock):
                return AGAIN
        phases.committed_seconds = self._clock.now_seconds()
        self._metrics.worked(phases.committed_seconds - phases.begun_seconds)
        self._away.note_success()
        self._outside.on_store_state(True)
        return Answered(value)
