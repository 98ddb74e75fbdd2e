"""Simulated time: what happens next is what is due next, and only one thing happens at a time.

A process is a thread, since the engine waits in the middle of a turn; it runs only while it holds the baton, which the
schedule hands to one after the other. So a run is the same each time, and no thread ever waits for real time.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable

from tests.property.random_plants import Dice

EPOCH_MILLIS = 1_750_000_000_000


class ProcessEnds(BaseException):
    """Raised where a process waits, once the simulation is over."""


class Schedule:
    """What is due when.

    Attributes:
        now_seconds: since the simulation began.
        failure: what a process died of.
    """

    def __init__(self, dice: Dice) -> None:
        self.now_seconds = 0.0
        self.failure: BaseException | None = None
        self._dice = dice
        self._due: list[tuple[float, int, int, Callable[[], None]]] = []
        self._count = 0
        self._baton = threading.Lock()
        self._baton.acquire()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Has it done in so long; of those due at the same moment any may be first."""
        self._count += 1
        heapq.heappush(self._due, (self.now_seconds + seconds, self._dice.below(1_000), self._count, action))

    def run(self, until_seconds: float) -> None:
        """Until nothing is due, or that moment.

        Raises:
            BaseException: what a process died of.
        """
        while self._due and self._due[0][0] <= until_seconds and self.failure is None:
            self.now_seconds, _, _, action = heapq.heappop(self._due)
            action()
        if self.failure is not None:
            raise self.failure

    def passes_alone(self, seconds: float) -> bool:
        """Lets the time pass where nothing else is due in it; False where something is."""
        if self._due and self._due[0][0] <= self.now_seconds + seconds:
            return False
        self.now_seconds += seconds
        return True

    def hand_over(self, baton: threading.Lock) -> None:
        """Lets a process run until it waits."""
        baton.release()
        self._baton.acquire()

    def take_back(self) -> None:
        """Called by a process that waits, or has ended."""
        self._baton.release()


class Process:
    """A thread that runs in simulated time."""

    def __init__(self, schedule: Schedule, name: str, body: Callable[[], None]) -> None:
        """Begins when the schedule runs.

        Args:
            schedule: in which it runs.
            name: for the trace.
            body: what it does; it calls `pause` and `wait` of this process.
        """
        self.name = name
        self._schedule = schedule
        self._body = body
        self._baton = threading.Lock()
        self._baton.acquire()
        self._is_over = False
        self._waits = 0
        self._is_waiting = False
        self._woken = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        schedule.after(0.0, lambda: schedule.hand_over(self._baton))

    def pause(self, seconds: float) -> None:
        """Lets so much time pass; others go on meanwhile."""
        if not self._schedule.passes_alone(seconds):
            self._schedule.after(seconds, lambda: self._schedule.hand_over(self._baton))
            self._yield()

    def wait(self, seconds: float | None) -> None:
        """Until woken, or for so long."""
        if not self._woken:
            self._waits += 1
            self._is_waiting = True
            if seconds is not None:
                self._end_wait_after(seconds)
            self._yield()
        self._woken = False

    def wake(self) -> None:
        """Ends its wait, or the next one."""
        self._woken = True
        if self._is_waiting:
            self._end_wait_after(0.0)

    def end(self) -> None:
        """Ends the thread, wherever it waits; called when nothing runs any more."""
        self._is_over = True
        if self._thread.is_alive():
            self._schedule.hand_over(self._baton)
        self._thread.join()

    def _end_wait_after(self, seconds: float) -> None:
        wait = self._waits
        self._schedule.after(seconds, lambda: self._end_wait(wait))

    def _end_wait(self, wait: int) -> None:
        """Where that wait has not ended already."""
        if self._is_waiting and wait == self._waits:
            self._is_waiting = False
            self._schedule.hand_over(self._baton)

    def _yield(self) -> None:
        self._schedule.take_back()
        self._baton.acquire()
        if self._is_over:
            raise ProcessEnds

    def _run(self) -> None:
        self._baton.acquire()
        try:
            if not self._is_over:
                self._body()
        except ProcessEnds:
            pass
        except BaseException as error:
            self._schedule.failure = error
        self._schedule.take_back()


class SimulatedClock:
    """A process's clock: it is ahead of the others or behind them, and its own time begins anywhere."""

    def __init__(self, schedule: Schedule, ahead_micros: int, begun_seconds: float) -> None:
        """Runs with the schedule.

        Args:
            schedule: whose time it shows.
            ahead_micros: of the true time of day; below zero where it is behind.
            begun_seconds: what its own clock showed at the beginning.
        """
        self.process: Process | None = None
        self.decided_millis = 0
        self._schedule = schedule
        self._ahead_micros = ahead_micros
        self._begun_seconds = begun_seconds

    def now_seconds(self) -> float:
        return self._begun_seconds + self._schedule.now_seconds

    def now_millis(self) -> int:
        self.decided_millis = self.now_micros() // 1_000
        return self.decided_millis

    def now_micros(self) -> int:
        return EPOCH_MILLIS * 1_000 + self._ahead_micros + int(self._schedule.now_seconds * 1_000_000)

    def sleep(self, seconds: float) -> None:
        assert self.process is not None
        self.process.pause(seconds)
