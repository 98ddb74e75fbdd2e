"""What the engine's threads do: collect, load, decide, write, commit, answer.

While one transaction commits, the calls that arrive meanwhile form the next: no timer, no added wait when idle. Calls
whose rows another process holds are put back, and the others go on.
"""

import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Contention, Internal, Refused, StoreUnavailable
from lotkeeper_server.engine.held_calls import HeldCalls
from lotkeeper_server.engine.patience import Patience
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.sources import IdSource
from lotkeeper_server.engine.transactions import Confirm, Transactions
from lotkeeper_server.engine.waiting import (
    Waiting,
    WaitingDecision,
    WaitingWork,
    refuse,
    without_given_up,
)
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking

STORE_SECONDS: Final = 4.0
"""How long calls wait for a store that cannot be reached, within their deadlines."""
_APART_PAUSE_SECONDS: Final = 0.05
"""Before a call is tried again that waited in vain for what another transaction is making."""
STALLED_SECONDS: Final = 3.0
"""After so long, whoever holds rows is looked at: a process that says nothing loses them."""
_LOOK_PAUSE_SECONDS: Final = 0.5
_REFUSED_BY_STORE: Final = (errors.StoreContention, errors.AlreadyThere, errors.ReferenceBroken)
_log = structlog.get_logger(__name__)


class Committer:
    """Runs calls against one store, on a thread of its own.

    Attributes:
        arrivals: lists of what has arrived; None in one of them is the end.
    """

    def __init__(
        self,
        store: Store,
        confirm: Confirm,
        settings: EngineSettings,
        new_id: IdSource,
        answer: Callable[[Sequence[Waiting]], None],
        on_store_state: Callable[[bool], None],
    ) -> None:
        """Prepares it; `run` is for the thread.

        Args:
            store: to write to.
            confirm: looks again whether a caller may.
            settings: what a plant may set.
            new_id: gives new ids; the one of this process.
            answer: told what is durable, or refused.
            on_store_state: told whether the store could be used, each time that it was.
        """
        self.arrivals: queue.SimpleQueue[list[Waiting | None]] = queue.SimpleQueue()
        self._store = store
        self._concurrent = store.concurrent
        self._answer = answer
        self._on_store_state = on_store_state
        self._transactions = Transactions(store, confirm, settings, new_id, on_store_state)
        self._held = HeldCalls()
        self._look_again_at = 0.0

    def run(self) -> None:
        """Until the end has arrived and everything before it is answered."""
        waiting: deque[Waiting | None] = deque()
        while True:
            self._wait_for_work(waiting)
            if decisions := self._collect(waiting):
                self._process(decisions, Locking.SKIP)
            if (apart := self._held.due_apart()) is not None:
                self._process_apart(apart)
            elif not decisions and waiting:
                alone = waiting.popleft()
                if alone is not None:
                    self._process_apart(alone)
                elif not self._held:
                    self._transactions.close()
                    return
                else:
                    waiting.append(None)
                    time.sleep(self._held.pause_seconds())
            if self._held and self._concurrent:
                self._end_stalled()

    def _wait_for_work(self, waiting: "deque[Waiting | None]") -> None:
        """Blocks until something has arrived, or a held call is due."""
        while not waiting:
            if not self._held:
                waiting.extend(self.arrivals.get())
                continue
            with suppress(queue.Empty):
                waiting.extend(self.arrivals.get(timeout=self._held.pause_seconds() or 0.000_01))
            return

    def _collect(self, waiting: "deque[Waiting | None]") -> list[WaitingDecision]:
        """The decisions that wait before the next piece of work, and what keeps arriving meanwhile, up to a limit."""
        decisions = self._held.due(limits.ENGINE_BATCH_CALLS_MAX // 2)
        size = sum(one.decision.size for one in decisions)
        while size < limits.ENGINE_BATCH_CALLS_MAX:
            if not waiting and not self._more(waiting):
                break
            if not isinstance(first := waiting[0], WaitingDecision):
                break
            waiting.popleft()
            decisions.append(first)
            size += first.decision.size
        return decisions

    def _more(self, waiting: "deque[Waiting | None]") -> bool:
        """Whether more has arrived."""
        with suppress(queue.Empty):
            waiting.extend(self.arrivals.get_nowait())
            return True
        return False

    def _end_stalled(self) -> None:
        """Takes rows from a process that has been frozen while it held them, where calls wait for them."""
        now = time.monotonic()
        if now < self._look_again_at or self._held.longest_seconds() < STALLED_SECONDS:
            return
        self._look_again_at = now + _LOOK_PAUSE_SECONDS
        try:
            ended = self._store.end_stalled()
        except errors.StoreError as error:
            _log.warning("stalled_sessions_not_looked_at", error=str(error))
        else:
            if ended:
                _log.warning("stalled_sessions_ended", sessions=ended)

    def _process_apart(self, one: Waiting) -> None:
        """What does not go into one transaction with others."""
        if isinstance(one, WaitingWork):
            self._process_work(one)
            return
        assert isinstance(one, WaitingDecision)
        self._process([one], Locking.SKIP_AT_ONCE)
        if one not in self._held:
            self._held.rejoin()

    def _process(self, decisions: list[WaitingDecision], locking: Locking) -> None:
        """One transaction for all; where the store keeps refusing it, one for each half."""
        attempts = 0
        patience = Patience(STORE_SECONDS)
        while live := without_given_up(decisions):
            try:
                if self._transactions.decide(live, locking):
                    break
            except _REFUSED_BY_STORE as error:
                attempts += 1
                _log.info("transaction_refused", error=str(error), attempts=attempts, calls=len(live))
                if isinstance(error, errors.RowsHeld) or attempts == limits.ENGINE_ATTEMPTS_MAX:
                    self._answer([one for one in decisions if one.refused is not None])
                    self._split(live)
                    return
            except errors.StoreError as error:
                self._on_store_state(False)
                if not (self._concurrent and patience.wait()):
                    _log.warning("store_unavailable", error=str(error), calls=len(live))
                    refuse(live, StoreUnavailable())
                    break
            except Exception:  # the border of the engine's thread: it must outlive any bug
                refuse(live, _fault(len(live)))
                break
        held = [one for one in decisions if one.decision.held and one.refused is None]
        self._held.put_back(held)
        self._answer([one for one in decisions if one not in held or one.refused is not None])

    def _split(self, decisions: list[WaitingDecision]) -> None:
        """Finds out which of them it is that the store refuses; it is put back, and tried again by itself."""
        if len(decisions) > 1:
            half = len(decisions) // 2
            self._process(decisions[:half], Locking.SKIP_AT_ONCE)
            self._process(decisions[half:], Locking.SKIP_AT_ONCE)
            return
        if self._concurrent:
            decisions[0].apart = True
            self._held.put_back(decisions, _APART_PAUSE_SECONDS)
        else:
            refuse(decisions, Contention())
        self._answer([one for one in decisions if one.refused is not None])

    def _process_work(self, work: WaitingWork) -> None:
        attempts = 0
        patience = Patience(STORE_SECONDS)
        while without_given_up([work]):
            try:
                if self._transactions.work(work):
                    break
            except Refused as refused:
                work.refused = refused
            except errors.RowsHeld as error:
                _log.info("transaction_refused", error=str(error))
                self._held.put_back([work], _APART_PAUSE_SECONDS)
                if work.refused is None:
                    return
            except _REFUSED_BY_STORE as error:
                attempts += 1
                _log.info("transaction_refused", error=str(error), attempts=attempts)
                if not self._concurrent or attempts == limits.ENGINE_ATTEMPTS_MAX:
                    refuse([work], Contention())
            except errors.StoreError as error:
                self._on_store_state(False)
                if not (self._concurrent and patience.wait()):
                    _log.warning("store_unavailable", error=str(error))
                    refuse([work], StoreUnavailable())
            except Exception:  # the border of the engine's thread: it must outlive any bug
                refuse([work], _fault(1))
        self._answer([work])


def _fault(calls: int) -> Internal:
    error_id = uuid.uuid4().hex
    _log.exception("fault", error_id=error_id, calls=calls)
    return Internal(error_id=error_id)
