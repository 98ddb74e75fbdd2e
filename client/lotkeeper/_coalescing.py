"""Executions of several threads that wait together travel as one batch."""

from __future__ import annotations

import threading
from collections import deque
from copy import copy
from typing import TYPE_CHECKING

from lotkeeper._admission import Failure
from lotkeeper._batching import (
    BATCH_PATH,
    EXECUTE_PATH,
    HELD_UP_SECONDS,
    MANY,
    Execution,
    Instead,
    Outcome,
    Unsent,
    are_enough,
    batch_of,
    none_in_time,
    outcomes_of,
    taken_from,
)
from lotkeeper._errors import LotkeeperError
from lotkeeper._forking import begins_anew_after_fork
from lotkeeper._retrying import Attempts, Repeatable
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

if TYPE_CHECKING:
    from lotkeeper._transport import Transport


class _Waiting(Execution):
    """A thread's execution, while it waits.

    Attributes:
        turn: held until the thread has to do something.
        batch: for the thread that has to send it: all that travel, itself among them.
        outcome: for the others.
        is_sent: whether it travels.
    """

    __slots__ = ("batch", "is_sent", "outcome", "turn")

    def __init__(self, request: pb.ExecuteInventoryOperationRequest, attempts: Attempts) -> None:
        super().__init__(request, attempts)
        self.turn = threading.Lock()
        self.turn.acquire()
        self.batch: list[_Waiting] | None = None
        self.outcome: Outcome = Instead.AGAIN
        self.is_sent = False


class Coalescing:
    """While an execution is under way, those that come wait, and then travel together; one alone goes at once.

    No thread of its own sends them: of those that travel, the one with the latest deadline does, so that each can go
    when its own has come.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._begin()
        begins_anew_after_fork(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._travelling = self._batches = 0

    def leave_to_parent(self) -> None:
        """In a forked process: the threads that wait are the parent's."""
        self._begin()

    def execute(
        self, request: pb.ExecuteInventoryOperationRequest, timeout_seconds: float
    ) -> pb.ExecuteInventoryOperationResponse:
        """The answer to a request that has a request id.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        attempts = self._transport.attempts(timeout_seconds, Repeatable.YES)
        while True:
            outcome = self._outcome(request, attempts)
            match outcome:
                case pb.ExecuteInventoryOperationResponse():
                    return outcome
                case Instead.ALONE:
                    return self._transport.repeated(
                        EXECUTE_PATH, request, pb.ExecuteInventoryOperationResponse, attempts
                    )
                case Unsent():
                    raise outcome.error
                case Failure():
                    self._transport.wait(outcome.pause_seconds(attempts))
                case LotkeeperError():
                    self._transport.wait(attempts.pause_seconds(outcome))

    def _outcome(self, request: pb.ExecuteInventoryOperationRequest, attempts: Attempts) -> Outcome:
        with self._lock:
            waiting = _Waiting(request, attempts) if self._travelling else None
            if waiting is None:
                self._travelling += 1
                self._batches += 1
            else:
                self._waiting.append(waiting)
                if self._batches == 1 and are_enough(len(self._waiting), self._travelling):
                    self._appoint()
        if waiting is None:
            try:
                return self._transport.attempt(EXECUTE_PATH, request, pb.ExecuteInventoryOperationResponse, attempts)
            finally:
                self._hand_over(1)
        try:
            while not waiting.turn.acquire(timeout=_patience_seconds(waiting)):
                if attempts.left_seconds() > 0:
                    self._hold_up_no_more(waiting)
                elif not self._has_ended(waiting):
                    return none_in_time()
            return waiting.outcome if waiting.batch is None else self._sent(waiting)
        except BaseException:
            self._has_ended(waiting)
            raise

    def _hold_up_no_more(self, waiting: _Waiting) -> None:
        """Has those that wait go, where one of them has waited long enough for others."""
        with self._lock:
            if not waiting.is_sent:
                self._appoint()

    def _has_ended(self, waiting: _Waiting) -> bool:
        """Whether there is an outcome by now; if not, nobody counts on this thread any more."""
        with self._lock:
            if not waiting.is_sent:
                self._waiting.remove(waiting)
            elif (batch := waiting.batch) is not None:  # it was to send, and does not
                self._travelling -= len(batch)
                self._batches -= 1
                waiting.batch = None
                batch.remove(waiting)
                for one in reversed(batch):
                    one.is_sent = False
                    self._waiting.appendleft(one)
                if self._waiting:
                    self._appoint()
            else:
                return not waiting.turn.locked()
            return False

    def _hand_over(self, arrived: int) -> None:
        """After a batch of so many: where others wait, has one of them send."""
        with self._lock:
            self._batches -= 1
            left = self._travelling - arrived
            if self._waiting and (left < MANY or are_enough(len(self._waiting), left)):
                self._appoint()
            self._travelling -= arrived
            if self._batches == 1 and are_enough(len(self._waiting), self._travelling):
                self._appoint()

    def _appoint(self) -> None:
        batch = taken_from(self._waiting, self._travelling)
        self._travelling += len(batch)
        self._batches += 1
        for one in batch:
            one.is_sent = True
        sender = max(batch, key=_deadline)
        sender.batch = batch
        sender.turn.release()

    def _sent(self, sender: _Waiting) -> Outcome:
        """Sends a batch, and tells all others what came of it; gives what came of the sender's own."""
        batch, sender.batch = sender.batch or [sender], None
        outcomes: list[Outcome] = [Instead.AGAIN] * len(batch)
        try:
            try:
                if len(batch) == 1:
                    response_class = pb.ExecuteInventoryOperationResponse
                    return self._transport.attempt(EXECUTE_PATH, sender.request, response_class, sender.attempts)
                answer = self._transport.attempt(
                    BATCH_PATH, batch_of(batch), pb.BatchExecuteInventoryOperationsResponse, sender.attempts
                )
            finally:
                self._hand_over(len(batch))
            outcomes = outcomes_of(answer, batch)
        except LotkeeperError as error:
            outcomes = [Unsent(copy(error)) for _ in batch]
            raise
        finally:
            for one, outcome in zip(batch, outcomes, strict=True):
                if one is not sender:
                    one.outcome = outcome
                    one.turn.release()  # whoever has gone meanwhile does not mind
        return outcomes[batch.index(sender)]


def _patience_seconds(waiting: _Waiting) -> float:
    left = waiting.attempts.left_seconds()
    return left if waiting.is_sent else min(left, HELD_UP_SECONDS)


def _deadline(waiting: _Waiting) -> float:
    return waiting.attempts.deadline_seconds
