"""What the engine's thread does: collect, load, decide, write, commit, answer.

While one transaction commits, the calls that arrive meanwhile form the next: no timer, no added wait when idle.
"""

import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.definition_cache import DefinitionCache
from lotkeeper_server.domain.identifiers import Id
from lotkeeper_server.domain.moment import Moment
from lotkeeper_server.domain.refusals import Contention, Internal, Refused, StoreUnavailable
from lotkeeper_server.engine.deciding import decide_all
from lotkeeper_server.engine.held_calls import HeldCalls
from lotkeeper_server.engine.moment import EffectOrder, IdSource, new_uuid, now_millis
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.waiting import (
    Waiting,
    WaitingDecision,
    WaitingWork,
    refuse,
    without_given_up,
)
from lotkeeper_server.store import errors
from lotkeeper_server.store.commit_marks import has_taken_effect, leave_mark
from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.definition_reading import StoreVersions, follow_changes, lock_versions, read_versions
from lotkeeper_server.store.dialects import Locking
from lotkeeper_server.store.state_writing import write_changes
from lotkeeper_server.store.statements import together
from lotkeeper_server.store.transaction import Transaction

Confirm = Callable[[Connection, Any], None]
"""Looks again whether a caller may, where roles or tokens have changed since it was let in; raises Refused."""
STORE_SECONDS: Final = 4.0
"""How long calls wait for a store that cannot be reached, within their deadlines."""
SETTLE_SECONDS: Final = 20.0
"""How long it is asked whether a commit took effect that was not answered."""
_STORE_PAUSE_SECONDS: Final = (0.01, 0.05, 0.1, 0.25)
_CONTENTION_PAUSE_SECONDS: Final = 0.2
"""Before a call is tried again that waited in vain for what another transaction is making."""
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
        answer: Callable[[Sequence[Waiting]], None],
        on_store_state: Callable[[bool], None],
    ) -> None:
        """Prepares it; `run` is for the thread.

        Args:
            store: to write to.
            confirm: looks again whether a caller may.
            settings: what a plant may set.
            answer: told what is durable, or refused.
            on_store_state: told whether the store could be used, each time that it was.
        """
        self.arrivals: queue.SimpleQueue[list[Waiting | None]] = queue.SimpleQueue()
        self._store = store
        self._confirm = confirm
        self._settings = settings
        self._answer = answer
        self._on_store_state = on_store_state
        self._definitions = DefinitionCache()
        self._new_id = IdSource()
        self._next_effect_order = EffectOrder()
        self._held = HeldCalls()

    def run(self) -> None:
        """Until the end has arrived and everything before it is answered."""
        waiting: deque[Waiting | None] = deque()
        while True:
            self._wait_for_work(waiting)
            decisions = self._collect(waiting)
            if decisions:
                self._process(decisions)
            elif not waiting:
                continue
            elif (alone := waiting.popleft()) is None:
                if not self._held:
                    return
                waiting.append(None)
                time.sleep(self._held.pause_seconds())
            else:
                assert isinstance(alone, WaitingWork)
                self._process_alone(alone)

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

    # Many calls in one transaction.

    def _process(self, decisions: list[WaitingDecision]) -> None:
        """One transaction for all; where the store keeps refusing it, one for each half."""
        attempts = 0
        patience = _Patience()
        while live := without_given_up(decisions):
            try:
                if self._transaction(live):
                    break
            except _REFUSED_BY_STORE as error:
                attempts += 1
                _log.info("transaction_refused", error=str(error), attempts=attempts, calls=len(live))
                if self._is_too_often(attempts, error):
                    self._answer([one for one in decisions if one.refused is not None])
                    self._split(live)
                    return
            except errors.StoreError as error:
                self._on_store_state(False)
                if not (self._store.concurrent and patience.wait()):
                    _log.warning("store_unavailable", error=str(error), calls=len(live))
                    refuse(live, StoreUnavailable())
                    break
            except Exception:  # the border of the engine's thread: it must outlive any bug
                refuse(live, _fault(len(live)))
                break
        held = [one for one in decisions if one.decision.held and one.refused is None]
        self._held.put_back(held)
        self._answer([one for one in decisions if one not in held or one.refused is not None])

    def _is_too_often(self, attempts: int, error: errors.StoreError) -> bool:
        """What waits for another transaction's row in vain is set apart from the others at once."""
        if self._store.concurrent and isinstance(error, errors.StoreContention):
            return attempts > 1
        return attempts == limits.ENGINE_ATTEMPTS_MAX

    def _split(self, decisions: list[WaitingDecision]) -> None:
        if len(decisions) > 1:
            half = len(decisions) // 2
            self._process(decisions[:half])
            self._process(decisions[half:])
            return
        if self._store.concurrent:
            self._held.put_back(decisions, _CONTENTION_PAUSE_SECONDS)
        else:
            refuse(decisions, Contention())
        self._answer([one for one in decisions if one.refused is not None])

    def _transaction(self, decisions: Sequence[WaitingDecision]) -> bool:
        """Loads, decides, writes and commits; False where nothing was done and it is to be done again."""
        transaction_id = self._new_id()
        try:
            with self._store.write(Locking.SKIP) as connection:
                versions = self._begin(connection)
                allowed = [decision for decision in decisions if self._still_may(connection, decision, versions.access)]
                follow_changes(connection, self._definitions, versions.definitions)
                state = decide_all(connection, self._definitions, [one.decision for one in allowed], self._moment())
                changes = state.changes()
                if changes:
                    with together(connection):
                        write_changes(connection, changes)
                        self._mark(connection, transaction_id)
                now_seconds = time.monotonic()
                if any(decision.given_up(now_seconds) for decision in allowed) or self._moved_on(connection, versions):
                    connection.rollback()
                    return False
                # Leaving the block commits: until it has, unknown; then, durable.
        except errors.OutcomeUnknown as error:
            if not self._settle(transaction_id, error):
                return False
        self._on_store_state(True)
        for decision in allowed:
            decision.result, decision.refused = decision.decision.outcome, decision.decision.refused
        return True

    def _begin(self, connection: Connection) -> StoreVersions:
        versions = read_versions(connection)
        self._next_effect_order.follow(versions.effect_order)
        return versions

    def _moved_on(self, connection: Connection, versions: StoreVersions) -> bool:
        """Whether definitions, roles or tokens have changed while this transaction decided.

        What it has written refers to the locations that it wrote about: a save that looks at what lies there waits for
        this transaction, and sees it. So a change that comes after this look has seen what was done here.
        """
        return self._store.concurrent and read_versions(connection) != versions

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
        patience = _Patience(SETTLE_SECONDS)
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

    # One piece of work in a transaction of its own.

    def _process_alone(self, work: WaitingWork) -> None:
        attempts = 0
        patience = _Patience()
        while without_given_up([work]):
            try:
                if self._transaction_alone(work):
                    break
            except Refused as refused:
                work.refused = refused
            except _REFUSED_BY_STORE as error:
                attempts += 1
                _log.info("transaction_refused", error=str(error), attempts=attempts)
                if not self._store.concurrent or attempts == limits.ENGINE_ATTEMPTS_MAX:
                    refuse([work], Contention())
            except errors.StoreError as error:
                self._on_store_state(False)
                if not (self._store.concurrent and patience.wait()):
                    _log.warning("store_unavailable", error=str(error))
                    refuse([work], StoreUnavailable())
            except Exception:  # the border of the engine's thread: it must outlive any bug
                refuse([work], _fault(1))
        self._answer([work])

    def _transaction_alone(self, work: WaitingWork) -> bool:
        """False where nothing was done and it is to be done again."""
        transaction_id = self._new_id()
        try:
            with self._store.write(Locking.WAIT) as connection:
                lock_versions(connection)
                versions = self._begin(connection)
                if self._still_may(connection, work, versions.access):
                    moment = self._moment()
                    transaction = Transaction(connection, moment.now_millis, moment.new_id, moment.next_effect_order)
                    work.result = work.work(transaction)
                    if refusal := work.given_up(time.monotonic()):
                        raise Refused(refusal)
                    self._mark(connection, transaction_id)
        except errors.OutcomeUnknown as error:
            return self._settle(transaction_id, error)
        return True

    def _moment(self) -> Moment:
        return Moment(
            now_millis=now_millis(),
            new_id=self._new_id,
            new_uuid=new_uuid,
            next_effect_order=self._next_effect_order,
            end_date_future_millis=self._settings.end_date_future_millis,
            end_date_past_millis=self._settings.end_date_past_millis,
            request_id_kept_millis=self._settings.request_id_kept_millis,
        )


class _Patience:
    """Waits longer and longer for the store, up to a limit."""

    def __init__(self, seconds: float = STORE_SECONDS) -> None:
        self._until = time.monotonic() + seconds
        self._waits = 0

    def wait(self) -> bool:
        """Waits; False, and at once, where the limit is reached."""
        if time.monotonic() > self._until:
            return False
        time.sleep(_STORE_PAUSE_SECONDS[min(self._waits, len(_STORE_PAUSE_SECONDS) - 1)])
        self._waits += 1
        return True


def _fault(calls: int) -> Internal:
    error_id = uuid.uuid4().hex
    _log.exception("fault", error_id=error_id, calls=calls)
    return Internal(error_id=error_id)
