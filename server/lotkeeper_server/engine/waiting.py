"""Calls that wait for a transaction: who calls, what is to be decided or done, and how it ended."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from lotkeeper_server.domain.refusals import Cancelled, DeadlineExceeded, Refusal, Refused
from lotkeeper_server.engine.deciding import Decision
from lotkeeper_server.store.db.transaction import Transaction


class Caller(Protocol):
    """What the engine knows of a call."""

    @property
    def deadline_seconds(self) -> float | None:
        """`time.monotonic()` at which the caller gives up; None where it set no deadline."""

    @property
    def access_version(self) -> int:
        """The version of roles and tokens by which the caller was let in."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A call that waits for its answer.

    Attributes:
        caller: who calls.
        future: of the answer.
        cancelled: set by the loop, read by the engine's thread.
        result: once it is durable.
        refused: where it was refused, and nothing done.
        held_since: `time.monotonic()` since when other transactions have held what it needs.
        again_at: when to try it again.
        pause: how long it waited the last time.
        apart: whether it is to have a transaction to itself.
    """

    caller: Caller
    future: "asyncio.Future[Any]"
    cancelled: bool = False
    result: Any = None
    refused: Refused | None = None
    held_since: float = 0.0
    again_at: float = 0.0
    pause: float = 0.0
    apart: bool = False

    def given_up(self, now_seconds: float) -> Refusal | None:
        """Why nobody waits for it any more, if so."""
        if self.cancelled:
            return Cancelled()
        deadline = self.caller.deadline_seconds
        return DeadlineExceeded() if deadline is not None and deadline <= now_seconds else None


@dataclass(slots=True, eq=False)
class WaitingDecision(Waiting):
    """A command or batch to decide, together with others."""

    decision: Decision = field(kw_only=True)


@dataclass(slots=True, eq=False)
class WaitingWork(Waiting):
    """A piece of work that has a transaction to itself."""

    work: Callable[[Transaction], Any] = field(kw_only=True)
    apart: bool = True


AnyWaiting = TypeVar("AnyWaiting", bound=Waiting)


def without_given_up(waiting: Sequence[AnyWaiting]) -> list[AnyWaiting]:
    """Those that somebody still waits for; the others are refused."""
    now_seconds = time.monotonic()
    live = []
    for one in waiting:
        if one.refused is not None:
            continue
        if refusal := one.given_up(now_seconds):
            one.refused = Refused(refusal)
        else:
            live.append(one)
    return live


def refuse(waiting: Sequence[Waiting], refusal: Refusal) -> None:
    """Refuses all of them."""
    for one in waiting:
        one.refused = Refused(refusal)
