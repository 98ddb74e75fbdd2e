"""How single executions become a batch, and a batch's answer the answers of each: the part that both clients share."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, TypeVar

import grpc

from lotkeeper._admission import Failure
from lotkeeper._errors import (
    Cancelled,
    DeadlineExceeded,
    FieldViolation,
    LotkeeperError,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
    error_of_status,
)
from lotkeeper._reasons import Reason
from lotkeeper._requests import path_of
from lotkeeper._retrying import Attempts, nothing_was_done
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

HELD_UP_SECONDS: Final = 0.1
"""Who has waited so long for the answer of others goes without it: one call that hangs shall not keep all."""
EXECUTE_PATH: Final = path_of(pb.ExecuteInventoryOperationRequest())
BATCH_PATH: Final = path_of(pb.BatchExecuteInventoryOperationsRequest())
_REQUESTS_MAX: Final = 1_000
_HALVED_FROM: Final = 64
MANY: Final = 32
_BYTES_MAX: Final = 1 << 20
_OF_ALL: Final = (Unavailable, Unauthenticated, PermissionDenied, Cancelled, DeadlineExceeded)


SomeExecution = TypeVar("SomeExecution", bound="Execution")


class Instead(Enum):
    """What a call does that has got neither an answer nor an error."""

    ALONE = "goes alone: what a batch is refused with as a whole is no answer to one of its requests"
    AGAIN = "waits again: who sent the batch was interrupted"


@dataclass(frozen=True, slots=True)
class Unsent:
    """The error of a call that was not sent, since no server took it in time, or the client is closed."""

    error: LotkeeperError


Outcome = pb.ExecuteInventoryOperationResponse | LotkeeperError | Failure | Unsent | Instead
"""An answer; the refusal of one request, or the failure of all, after which there may be another attempt; or else."""


class Execution:
    """A request that may wait for others.

    Attributes:
        request: with a request id.
        attempts: within its own deadline.
    """

    __slots__ = ("attempts", "request")

    def __init__(self, request: pb.ExecuteInventoryOperationRequest, attempts: Attempts) -> None:
        self.request = request
        self.attempts = attempts


def taken_from(waiting: deque[SomeExecution], travelling: int) -> list[SomeExecution]:
    """Takes out as many as travel in one batch, those first that came first.

    Where many wait it is half of all, so that the server has something to do while the other half gets its answers.

    Args:
        waiting: those that wait.
        travelling: how many are on their way, with those that have just arrived.
    """
    taken: list[SomeExecution] = []
    size, most = 0, min(max((len(waiting) + travelling + 1) // 2, _HALVED_FROM), _REQUESTS_MAX)
    while waiting and len(taken) < most:
        size += waiting[0].request.ByteSize()
        if taken and size > _BYTES_MAX:
            break
        taken.append(waiting.popleft())
    return taken


def are_enough(waiting: int, travelling: int) -> bool:
    """Whether those that wait go beside a batch that is on its way: the server then has one while another returns.

    Both are of one size: each costs the server a transaction, so that it does not pay to send a few ahead.

    Args:
        waiting: those that wait.
        travelling: how many are on their way.
    """
    return waiting >= travelling >= MANY


def batch_of(executions: Sequence[Execution]) -> pb.BatchExecuteInventoryOperationsRequest:
    """The batch in which they travel."""
    return pb.BatchExecuteInventoryOperationsRequest(requests=[one.request for one in executions])


def outcomes_of(
    answer: pb.BatchExecuteInventoryOperationsResponse | Failure, executions: Sequence[Execution]
) -> list[Outcome]:
    """What the answer to a batch, or its failure, is to each."""
    if isinstance(answer, Failure):
        return [_shared(answer) for _ in executions]
    if len(answer.results) != len(executions):
        text = f"the server answered {len(answer.results)} of {len(executions)} requests"
        return [LotkeeperError(grpc.StatusCode.INTERNAL, text) for _ in executions]
    return [_of_result(result, index) for index, result in enumerate(answer.results)]


def none_in_time() -> DeadlineExceeded:
    """The error of one that has waited to its deadline."""
    return DeadlineExceeded(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def _shared(failure: Failure) -> Failure | Instead:
    if isinstance(failure.error, _OF_ALL) or nothing_was_done(failure.error):
        return replace(failure, error=copy(failure.error))
    return Instead.ALONE


def _of_result(result: pb.BatchExecuteResult, index: int) -> Outcome:
    if not result.HasField("status"):
        response = pb.ExecuteInventoryOperationResponse()
        response.CopyFrom(result.response)  # else one answer that is kept would keep all
        return response
    error = error_of_status(result.status)
    if error.reason == Reason.TOO_MANY_RECORDS:  # which may be those of the others
        return Instead.ALONE
    place = f"requests[{index}]."
    violations = [
        FieldViolation(violation.field.removeprefix(place), violation.description, violation.reason)
        for violation in error.field_violations
    ]
    message = re.sub(f"(^|; ){re.escape(place)}", r"\1", error.message)
    return error.saying(message, tuple(violations))
