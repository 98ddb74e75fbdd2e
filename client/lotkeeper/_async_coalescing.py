"""Executions of several tasks that wait together travel as one batch."""

from __future__ import annotations

import asyncio
import math
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
    from lotkeeper._async_transport import AsyncTransport


class _Waiting(Execution):
    """A task's execution, while it waits.

    Attributes:
        outcome: what will come of it.
        batch: with which it travels.
    """

    __slots__ = ("batch", "outcome")

    def __init__(
        self, request: pb.ExecuteInventoryOperationRequest, attempts: Attempts, outcome: asyncio.Future[Outcome]
    ) -> None:
        super().__init__(request, attempts)
        self.outcome = outcome
        self.batch: _Batch | None = None


class _Batch:
    """What travels together.

    Attributes:
        executions: all of them.
        waited_for: how many of their tasks have not gone.
        task: that sends it.
    """

    def __init__(self, executions: list[_Waiting]) -> None:
        self.executions = executions
        self.waited_for = len(executions)
        self.task: asyncio.Task[None] | None = None


class AsyncCoalescing:
    """While an execution is under way, those that come wait, and then travel together; one alone goes at once."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._begin()
        begins_anew_after_fork(self)

    def _begin(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._travelling = self._batches = 0
        self._sending: set[_Batch] = set()
        self._held_up: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._deadline_seconds = math.inf

    def leave_to_parent(self) -> None:
        """In a forked process: the tasks that wait are the parent's."""
        self._begin()

    async def execute(
        self, request: pb.ExecuteInventoryOperationRequest, timeout_seconds: float
    ) -> pb.ExecuteInventoryOperationResponse:
        """The answer to a request that has a request id.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        attempts = self._transport.attempts(timeout_seconds, Repeatable.YES)
        while True:
            outcome = await self._outcome(request, attempts)
            match outcome:
                case pb.ExecuteInventoryOperationResponse():
                    return outcome
                case Instead.ALONE:
                    return await self._transport.repeated(
                        EXECUTE_PATH, request, pb.ExecuteInventoryOperationResponse, attempts
                    )
                case Unsent():
                    raise outcome.error
                case Failure():
                    await self._transport.wait(outcome.pause_seconds(attempts))
                case LotkeeperError():
                    await self._transport.wait(attempts.pause_seconds(outcome))

    async def _outcome(self, request: pb.ExecuteInventoryOperationRequest, attempts: Attempts) -> Outcome:
        self._transport.check_loop()
        if not self._travelling:
            self._travelling += 1
            self._batches += 1
            try:
                response_class = pb.ExecuteInventoryOperationResponse
                return await self._transport.attempt(EXECUTE_PATH, request, response_class, attempts)
            finally:
                self._hand_over(1)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, attempts, loop.create_future())
        self._waiting.append(waiting)
        if self._batches == 1 and are_enough(len(self._waiting), self._travelling):
            self._send()
        if self._waiting and self._held_up is None:
            self._held_up = loop.call_later(HELD_UP_SECONDS, self._hold_up_no_more)
        if attempts.deadline_seconds < self._deadline_seconds:
            self._let_go_at(attempts)
        try:
            return await waiting.outcome
        finally:
            self._leave(waiting)

    def _let_go_at(self, first: Attempts) -> None:
        """One timer serves all, at the first of their deadlines: one for each call would cost a fifth of the call."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline_seconds = first.deadline_seconds
        self._deadline = asyncio.get_running_loop().call_later(first.left_seconds(), self._let_go)

    def _let_go(self) -> None:
        """Those whose deadline has come end."""
        self._deadline, self._deadline_seconds = None, math.inf
        travelling = (one for batch in self._sending for one in batch.executions)
        left = [one for one in (*self._waiting, *travelling) if not one.outcome.done()]
        for one in left:
            if one.attempts.left_seconds() <= 0:
                one.outcome.set_result(none_in_time())
        if still := [one.attempts for one in left if not one.outcome.done()]:
            self._let_go_at(min(still, key=_deadline))

    def _leave(self, waiting: _Waiting) -> None:
        """Once nobody waits for a batch any more, it is not waited for either."""
        batch = waiting.batch
        if batch is not None:
            batch.waited_for -= 1
            if not batch.waited_for and batch.task is not None:
                batch.task.cancel()
        elif waiting in self._waiting:
            self._waiting.remove(waiting)

    def _hold_up_no_more(self) -> None:
        """Those that have waited long enough for others go without."""
        self._held_up = None
        if self._waiting:
            self._send()

    def _hand_over(self, arrived: int) -> None:
        """After a batch of so many: sends those that wait."""
        self._batches -= 1
        left = self._travelling - arrived
        if self._waiting and (left < MANY or are_enough(len(self._waiting), left)):
            self._send()
        self._travelling -= arrived
        if self._batches == 1 and are_enough(len(self._waiting), self._travelling):
            self._send()

    def _send(self) -> None:
        batch = _Batch(taken_from(self._waiting, self._travelling))
        self._travelling += len(batch.executions)
        self._batches += 1
        for waiting in batch.executions:
            waiting.batch = batch
        loop = asyncio.get_running_loop()
        if self._held_up is not None:
            self._held_up.cancel()
            self._held_up = loop.call_later(HELD_UP_SECONDS, self._hold_up_no_more) if self._waiting else None
        self._sending.add(batch)
        batch.task = loop.create_task(self._sent(batch))

    async def _sent(self, batch: _Batch) -> None:
        """Sends a batch, and tells all that wait what came of it."""
        executions = batch.executions
        attempts = max((one.attempts for one in executions), key=_deadline)
        outcomes: list[Outcome] = [Instead.AGAIN] * len(executions)
        try:
            outcomes = await self._outcomes(executions, attempts)
        except LotkeeperError as error:
            outcomes = [Unsent(copy(error)) for _ in executions]
        finally:
            batch.task = None
            self._sending.discard(batch)
            for one, outcome in zip(executions, outcomes, strict=True):
                if not one.outcome.done():
                    one.outcome.set_result(outcome)

    async def _outcomes(self, executions: list[_Waiting], attempts: Attempts) -> list[Outcome]:
        try:
            if len(executions) == 1:
                request, response_class = executions[0].request, pb.ExecuteInventoryOperationResponse
                return [await self._transport.attempt(EXECUTE_PATH, request, response_class, attempts)]
            answer = await self._transport.attempt(
                BATCH_PATH, batch_of(executions), pb.BatchExecuteInventoryOperationsResponse, attempts
            )
        finally:
            self._hand_over(len(executions))
        return outcomes_of(answer, executions)


def _deadline(attempts: Attempts) -> float:
    return attempts.deadline_seconds
