"""Where metrics are counted: numbers in memory that the processes of a server share, a region for each.

A process writes in its own region only, and any of them reads all. What a process has counted stays when it dies, and
the one that takes its place counts on: a counter never falls. To count costs a third of a microsecond; it is done with
one lock, since a call ends on whichever thread.
"""

import mmap
import threading
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from lotkeeper_server.observability.layout import Histogram, Layout, Metric

_CELL_BYTES: Final = 8
Block = tuple[Metric, int]


class SharedMemory:
    """The regions of all processes of a server. Made before they are forked."""

    def __init__(self, layout: Layout, places: int = 1) -> None:
        """All is zero.

        Args:
            layout: of each region.
            places: how many processes.
        """
        self.layout = layout
        self.places = places
        self._view = memoryview(mmap.mmap(-1, max(layout.cells * places, 1) * _CELL_BYTES)).cast("d")

    def region(self, place: int) -> "memoryview[float]":
        """The numbers of one process."""
        assert 0 <= place < self.places
        return self._view[place * self.layout.cells : (place + 1) * self.layout.cells]


class Counter:
    """One series that only grows."""

    __slots__ = ("_at", "_lock", "_view")

    def __init__(self, view: "memoryview[float]", at: int, lock: threading.Lock) -> None:
        self._view = view
        self._at = at
        self._lock = lock

    def add(self, amount: float = 1.0) -> None:
        """So much more."""
        with self._lock:
            self._view[self._at] += amount


class Gauge:
    """One series that goes up and down; set by one thread."""

    __slots__ = ("_at", "_view")

    def __init__(self, view: "memoryview[float]", at: int) -> None:
        self._view = view
        self._at = at

    def set(self, value: float) -> None:
        """It is so much now."""
        self._view[self._at] = value


class Distribution:
    """One series of a histogram."""

    __slots__ = ("_at", "_bounds", "_lock", "_sum_at", "_view")

    def __init__(self, view: "memoryview[float]", at: int, bounds: Sequence[float], lock: threading.Lock) -> None:
        self._view = view
        self._at = at
        self._bounds = bounds
        self._sum_at = at + len(bounds) + 1
        self._lock = lock

    def observe(self, value: float) -> None:
        """It was so much this time."""
        with self._lock:
            self._view[self._at + bisect_left(self._bounds, value)] += 1.0
            self._view[self._sum_at] += value

    def totals(self) -> tuple[float, float]:
        """How often it was observed by this process, and the sum."""
        with self._lock:
            return sum(self._view[self._at : self._sum_at]), self._view[self._sum_at]

    def observe_all(self, values: Sequence[float]) -> None:
        """It was so much these times."""
        view, at, bounds = self._view, self._at, self._bounds
        with self._lock:
            for value in values:
                view[at + bisect_left(bounds, value)] += 1.0
            view[self._sum_at] += sum(values)


class MethodCells:
    """The calls of one method, counted together at their ends."""

    __slots__ = ("_bounds", "_lock", "_seconds_at", "_started_at", "_statuses_at", "_sum_at", "_view")

    def __init__(
        self,
        view: "memoryview[float]",
        started_at: int,
        statuses_at: int,
        seconds_at: int,
        seconds: Histogram,
        lock: threading.Lock,
    ) -> None:
        self._view = view
        self._started_at = started_at
        self._statuses_at = statuses_at
        self._seconds_at = seconds_at
        self._bounds = seconds.bounds
        self._sum_at = seconds_at + len(seconds.bounds) + 1
        self._lock = lock

    def begun(self) -> None:
        """A call was announced."""
        with self._lock:
            self._view[self._started_at] += 1.0

    def ended(self, code: int, seconds: float) -> None:
        """A call has ended.

        Args:
            code: gRPC's number.
            seconds: from its announcement to its end.
        """
        bucket = self._seconds_at + bisect_left(self._bounds, seconds)
        with self._lock:
            view = self._view
            view[self._statuses_at + code] += 1.0
            view[bucket] += 1.0
            view[self._sum_at] += seconds


class Cells:
    """What one process counts in."""

    def __init__(self, memory: SharedMemory, place: int = 0) -> None:
        """Takes the region of a place; gauges of a process that had it before are gone.

        Args:
            memory: of all processes.
            place: this one's number, from 0.
        """
        self.layout = memory.layout
        self._view = memory.region(place)
        self._lock = threading.Lock()
        for metric, at in self.layout.blocks():
            if metric.is_of_process:
                for cell in range(at, at + metric.width * len(metric.series)):
                    self._view[cell] = 0.0

    def counter(self, metric: Metric, *labels: str) -> Counter:
        """A series of a counter."""
        assert metric.kind == "counter"
        return Counter(self._view, self.layout.at(metric, labels), self._lock)

    def gauge(self, metric: Metric, *labels: str) -> Gauge:
        """A series of a gauge."""
        assert metric.is_of_process
        return Gauge(self._view, self.layout.at(metric, labels))

    def distribution(self, metric: Histogram, *labels: str) -> Distribution:
        """A series of a histogram."""
        return Distribution(self._view, self.layout.at(metric, labels), metric.bounds, self._lock)

    def method(
        self, started: Metric, handled: Metric, seconds: Histogram, labels: tuple[str, ...], codes: Sequence[str]
    ) -> MethodCells:
        """The series of one method: how many have begun, how they ended, how long they took."""
        first = self.layout.at(handled, (*labels, codes[0]))
        assert self.layout.at(handled, (*labels, codes[-1])) == first + len(codes) - 1
        return MethodCells(
            self._view, self.layout.at(started, labels), first, self.layout.at(seconds, labels), seconds, self._lock
        )
