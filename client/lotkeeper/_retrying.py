"""When a failed call is tried again, and after how long: the part that both clients share."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import grpc

from lotkeeper._errors import Aborted, LotkeeperError, ResourceExhausted, Unavailable
from lotkeeper._faults import SettingFault

BACKOFF_FIRST_SECONDS: Final = 0.05
BACKOFF_MAX_SECONDS: Final = 2.0
CONNECT_PAUSE_SECONDS: Final = 0.2
NOBODY_ANSWERED: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_BROKEN_OFF: Final = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL)
_NOTHING_WAS_DONE: Final = frozenset({"SHUTTING_DOWN", "OVERLOADED", "CONTENTION"})


class Repeatable(Enum):
    """Whether a call may be repeated when its outcome is not known."""

    YES = "reads, and calls that carry a request_id"
    IF_NOTHING_WAS_DONE = "others: only if the call was never sent, or the server says so"


@dataclass(frozen=True, slots=True)
class Retries:
    """How far a client goes to get an answer, besides the deadline of each call, which always counts.

    Attributes:
        attempts_max: how often a call is sent at most; 1 for never again. Default: as often as fits.
        connect_seconds: how long a call waits for a server that answers, before it is sent. Default: to its deadline.
        backoff_first_seconds: the pause after the first attempt; each one is twice as long as the one before.
        backoff_max_seconds: the longest pause.
    """

    attempts_max: int | None = None
    connect_seconds: float | None = None
    backoff_first_seconds: float = BACKOFF_FIRST_SECONDS
    backoff_max_seconds: float = BACKOFF_MAX_SECONDS

    def __post_init__(self) -> None:
        """Proves the numbers.

        Raises:
            SettingFault: where one of them is too small.
        """
        if self.attempts_max is not None and self.attempts_max < 1:
            raise SettingFault("attempts_max must be 1 or more")
        if self.connect_seconds is not None and self.connect_seconds <= 0:
            raise SettingFault("connect_seconds must be above 0")
        if not 0 < self.backoff_first_seconds <= self.backoff_max_seconds:
            raise SettingFault("backoff_first_seconds must be above 0, and at most backoff_max_seconds")


class Attempts:
    """The attempts of one call, within its deadline.

    Attributes:
        deadline_seconds: of the clock that only goes forward.
    """

    def __init__(self, timeout_seconds: float, repeatable: Repeatable, retries: Retries) -> None:
        self.deadline_seconds = time.monotonic() + timeout_seconds
        self._repeatable = repeatable
        self._retries = retries
        self._failed = 0
        self._backoff_seconds = retries.backoff_first_seconds

    def left_seconds(self) -> float:
        """How long this call may still take."""
        return max(self.deadline_seconds - time.monotonic(), 0.0)

    def connecting(self) -> Connecting:
        """The attempts to connect, before one of this call."""
        limit, left = self._retries.connect_seconds, self.left_seconds()
        return Connecting(left if limit is None else min(left, limit))

    def pause_seconds(self, error: LotkeeperError) -> float:
        """How long to wait before the next attempt.

        Raises:
            LotkeeperError: the error itself, if there is none.
        """
        safe = self._repeatable is Repeatable.YES and isinstance(error, Unavailable)
        refused_for_now = nothing_was_done(error)
        self._failed += 1
        if not (safe or refused_for_now) or self._failed == self._retries.attempts_max:
            raise error
        pause = max(error.retry_after_seconds or 0.0, self._backoff_seconds) * random.uniform(0.5, 1.0)  # noqa: S311
        self._backoff_seconds = min(self._backoff_seconds * 2, self._retries.backoff_max_seconds)
        if pause >= self.left_seconds():
            raise error
        return pause


def nothing_was_done(error: LotkeeperError) -> bool:
    """Whether the server says that it refuses for now, and has done nothing."""
    return error.reason in _NOTHING_WAS_DONE and isinstance(error, Unavailable | ResourceExhausted | Aborted)


class Connecting:
    """The attempts to find a server that answers."""

    def __init__(self, timeout_seconds: float) -> None:
        self._deadline_seconds = time.monotonic() + timeout_seconds

    def left_seconds(self) -> float:
        """How long it may still take."""
        return max(self._deadline_seconds - time.monotonic(), 0.0)

    def pause_seconds(self) -> float | None:
        """How long to wait before trying again; None where there is no time left for it."""
        return CONNECT_PAUSE_SECONDS if self.left_seconds() > CONNECT_PAUSE_SECONDS else None


def silent(address: str, seconds: float) -> Unavailable:
    """The error of a stream that should have heartbeats, but brought nothing for so long."""
    return Unavailable(grpc.StatusCode.UNAVAILABLE, f"nothing came from {address} for {seconds:g} s")


class Resuming:
    """When a stream without a deadline is called again."""

    def __init__(self) -> None:
        self._begun = False
        self._backoff_seconds = BACKOFF_FIRST_SECONDS

    def came(self) -> None:
        """Notes that a message came: the server answers."""
        self._begun = True
        self._backoff_seconds = BACKOFF_FIRST_SECONDS

    def pause_seconds(self) -> float:
        """How long to wait after the stream has ended."""
        pause = self._backoff_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads those who come back
        self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_MAX_SECONDS)
        return pause

    def pause_seconds_after(self, error: LotkeeperError) -> float:
        """How long to wait after the stream has failed.

        Raises:
            LotkeeperError: the error itself, if it says more than that the stream was lost.
        """
        if not self._begun or not (isinstance(error, Unavailable) or _is_of_grpc(error)):
            raise error
        return max(error.retry_after_seconds or 0.0, self.pause_seconds())


def _is_of_grpc(error: LotkeeperError) -> bool:
    """Whether the connection broke off in the middle of a stream: the server's own errors have a reason."""
    return not error.reason and error.code in _BROKEN_OFF


def with_request_id(request: Any) -> Repeatable:
    """Gives a request a new request id, if it can carry one and has none, so that it is safe to repeat."""
    names = request.DESCRIPTOR.fields_by_name
    if "requests" in names:
        for item in request.requests:
            with_request_id(item)
        return Repeatable.YES
    if "request_id" not in names:
        return Repeatable.IF_NOTHING_WAS_DONE
    if not request.request_id:
        request.request_id = _new_request_id()
    return Repeatable.YES


def _new_request_id() -> str:
    """A UUID of version 7: it begins with the time, so that the server's store has those of a moment side by side."""
    millis, chance = time.time_ns() // 1_000_000, os.urandom(9).hex()
    return f"{millis:012x}7{chance[:3]}8{chance[3:]}"
