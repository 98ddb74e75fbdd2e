"""When a failed call is tried again, and after how long: the part that both clients share."""

from __future__ import annotations

import random
import time
import uuid
from enum import Enum
from typing import Any, Final

import grpc

from lotkeeper._errors import Aborted, LotkeeperError, ResourceExhausted, Unavailable

BACKOFF_FIRST_SECONDS: Final = 0.05
BACKOFF_MAX_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 5.0
"""How long a call waits for a connection before the server counts as unreachable."""
CHANNEL_OPTIONS: Final = (
    # gRPC's own backoff reaches minutes; a server that is back should be found within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2_000),  # this is also how long one attempt to connect may take
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A watch waits for ever: if the server's machine is gone, nothing tells so, and only a ping notices it.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)
CONNECT_PAUSE_SECONDS: Final = 0.2
NOBODY_ANSWERED: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_BROKEN_OFF: Final = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL)
_NOTHING_WAS_DONE: Final = frozenset({"SHUTTING_DOWN", "OVERLOADED", "CONTENTION"})


class Repeatable(Enum):
    """Whether a call may be repeated when its outcome is not known."""

    YES = "reads, and calls that carry a request_id"
    IF_NOTHING_WAS_DONE = "others: only if the call was never sent, or the server says so"


class Attempts:
    """The attempts of one call, within its deadline."""

    def __init__(self, timeout_seconds: float, repeatable: Repeatable) -> None:
        self._deadline_seconds = time.monotonic() + timeout_seconds
        self._repeatable = repeatable
        self._backoff_seconds = BACKOFF_FIRST_SECONDS

    def left_seconds(self) -> float:
        """How long this call may still take."""
        return max(self._deadline_seconds - time.monotonic(), 0.0)

    def connecting(self) -> Connecting:
        """The attempts to connect, before one of this call."""
        return Connecting(min(self.left_seconds(), CONNECT_SECONDS))

    def pause_seconds(self, error: LotkeeperError) -> float:
        """How long to wait before the next attempt.

        Raises:
            LotkeeperError: the error itself, if there is none.
        """
        safe = self._repeatable is Repeatable.YES and isinstance(error, Unavailable)
        refused_for_now = error.reason in _NOTHING_WAS_DONE and isinstance(
            error, Unavailable | ResourceExhausted | Aborted
        )
        if not (safe or refused_for_now):
            raise error
        pause = max(error.retry_after_seconds or 0.0, self._backoff_seconds) * random.uniform(0.5, 1.0)  # noqa: S311
        self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_MAX_SECONDS)
        if pause >= self.left_seconds():
            raise error
        return pause


class Connecting:
    """The attempts to find a server that answers."""

    def __init__(self, timeout_seconds: float) -> None:
        self._deadline_seconds = time.monotonic() + timeout_seconds

    def left_seconds(self) -> float:
        """How long it may still take."""
        return max(self._deadline_seconds - time.monotonic(), 0.0)

    def pause_or_give_up(self, address: str) -> float:
        """How long to wait before trying again.

        Raises:
            Unavailable: where no server answered in time; the call was never sent.
        """
        if self.left_seconds() <= CONNECT_PAUSE_SECONDS:
            raise Unavailable(grpc.StatusCode.UNAVAILABLE, f"no server answers on {address}")
        return CONNECT_PAUSE_SECONDS


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
        request.request_id = uuid.uuid4().hex
    return Repeatable.YES
