"""Threads that answer reads: principals take turns by the time that their reads took, and none has all threads."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from threading import Lock
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.engine.lines import Lines
from lotkeeper_server.observability.pipeline import READS_NOTED_MAX, ReadTimes
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.within import limited

Value = TypeVar("Value")
SERVER: Final = ""
"""Whose reads those are that the server makes for all: it may have all threads."""
PRINCIPAL: Final[ContextVar[str]] = ContextVar("principal", default=SERVER)
"""For whom a coroutine reads. The gate sets it, once a call."""


class Limited(Protocol):
    """Somebody who may see some places only, or all."""

    @property
    def scope(self) -> Scope | None:
        """Where; None for everywhere."""

    reads: list[ReadTimes] | None
    """What it has read; None where nobody wants to know."""


CALLER: Final[ContextVar[Limited | None]] = ContextVar("caller", default=None)
"""Whose reads leave out what lies elsewhere; None where the server reads for all. The gate sets it, once a call."""
_EVERYTHING: Final = nullcontext()


def seen_by(caller: Limited | None, connection: Snapshot) -> AbstractContextManager[None]:
    """Has a transaction leave out, while the block runs, what lies where the caller may not look."""
    scope = None if caller is None else caller.scope
    return _EVERYTHING if scope is None else limited(connection, scope)


def as_seen_by(caller: Limited | None, work: Callable[[Snapshot], Value]) -> Callable[[Snapshot], Value]:
    """Work on a snapshot, which leaves out what lies where the caller may not look."""

    def seen(snapshot: Snapshot) -> Value:
        with seen_by(caller, snapshot):
            return work(snapshot)

    return seen


def note_read(caller: Limited | None, begun_seconds: float, ended_seconds: float) -> None:
    """Notes a read as its caller's, where somebody wants to know."""
    if caller is not None and caller.reads is not None and len(caller.reads) < READS_NOTED_MAX:
        caller.reads.append(ReadTimes(begun_seconds, ended_seconds))


class _Read(NamedTuple):
    whose: str
    future: "Future[Any]"
    work: Callable[[], Any]


class Readers:
    """A few threads. `submit` may be called on any thread."""

    def __init__(self, threads: int, name: str) -> None:
        """Begins with no reads.

        Args:
            threads: how many; a principal has one less at the most.
            name: of the threads.
        """
        self._each_max = max(threads - 1, 1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lines: Lines[_Read] = Lines()
        self._running: Counter[str] = Counter()
        self._postponed = 0  # turns in which nobody could be served; each is made up for by one that ends
        self._lock = Lock()

    def submit(self, whose: str, work: Callable[[], Value]) -> "Future[Value]":
        """Has work done, in the principal's turn; the future is cancelled where it is so before the work begins."""
        future: Future[Value] = Future()
        with self._lock:
            self._lines.add(whose, _Read(whose, future, work))
        self._pool.submit(self._take_turn)
        return future

    @property
    def waiting(self) -> int:
        """How many reads wait for a thread."""
        return len(self._lines)

    def close(self) -> None:
        """Takes nothing more; does not wait for what runs."""
        self._pool.shutdown(wait=False)

    def _take_turn(self) -> None:
        with self._lock:
            if self._lines.first() is None:
                self._postponed += 1
                return
            read = self._lines.take(0.0)
            self._running[read.whose] += 1
            if read.whose != SERVER and self._running[read.whose] >= self._each_max:
                self._lines.close(read.whose)
        begun_seconds = time.monotonic()
        try:
            _run(read)
        finally:
            self._end_turn(read.whose, time.monotonic() - begun_seconds)

    def _end_turn(self, whose: str, seconds: float) -> None:
        with self._lock:
            self._running[whose] -= 1
            if not self._running[whose]:
                del self._running[whose]
            self._lines.give(whose, seconds)
            self._lines.open(whose)
            again = self._postponed > 0
            self._postponed -= again
        if again:
            self._pool.submit(self._take_turn)


def _run(read: _Read) -> None:
    if not read.future.set_running_or_notify_cancel():
        return
    try:
        value = read.work()
    except BaseException as error:
        read.future.set_exception(error)
    else:
        read.future.set_result(value)
