"""A line for each principal, and whose turn it is: always the one that has been given least (start-time fair queueing).

One that comes after a rest begins where the others are: a rest earns no credit. One alone has every turn.
"""

import heapq
from collections import deque
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
KEPT_MAX: Final = 1_024
"""So many lines are kept before those in which nobody waits are forgotten, with what they have been given."""


class Line(Generic[Item]):
    """What waits of one principal.

    Attributes:
        items: in the order of their arrival.
        given: what it has been given, on the scale of all lines.
        is_queued: whether it stands among those that may have a turn.
        is_closed: whether it has no turn for now.
    """

    __slots__ = ("given", "is_closed", "is_queued", "items")

    def __init__(self, given: float) -> None:
        self.items: deque[Item] = deque()
        self.given = given
        self.is_queued = False
        self.is_closed = False


class Lines(Generic[Item]):
    """The lines of all principals. Not for several threads at once."""

    def __init__(self) -> None:
        self._lines: dict[str, Line[Item]] = {}
        self._queue: list[tuple[float, int, Line[Item]]] = []
        self._number = 0
        self._count = 0
        self._now = 0.0  # what the line that had the last turn had been given before it

    def __len__(self) -> int:
        """How many items wait."""
        return self._count

    def add(self, whose: str, item: Item) -> None:
        """At the end of a principal's line."""
        line = self._line(whose)
        line.items.append(item)
        self._count += 1
        if not line.is_queued and not line.is_closed:
            self._enqueue(line)

    def first(self) -> Item | None:
        """Whose turn it is; None where nobody may have one."""
        line = self._next()
        return None if line is None else line.items[0]

    def take(self, weight: float) -> Item:
        """Takes out `first`, whose line is given so much by that.

        Raises:
            LookupError: where there is none.
        """
        line = self._next()
        if line is None:
            raise LookupError
        item = line.items.popleft()
        self._count -= 1
        self._now = line.given
        line.given += weight
        if line.items:
            heapq.heapreplace(self._queue, (line.given, self._number, line))
            self._number += 1
        else:
            heapq.heappop(self._queue)
            line.is_queued = False
        return item

    def give(self, whose: str, weight: float) -> None:
        """Notes what a principal was given besides, where that is known only afterwards."""
        self._line(whose).given += weight

    def close(self, whose: str) -> None:
        """A principal has no turn from now on."""
        self._line(whose).is_closed = True

    def open(self, whose: str) -> None:
        """A principal may have a turn again."""
        line = self._line(whose)
        line.is_closed = False
        if line.items and not line.is_queued:
            self._enqueue(line)

    def take_all(self) -> list[Item]:
        """Takes out everything, a line after the other."""
        taken = [item for line in self._lines.values() for item in line.items]
        for line in self._lines.values():
            line.items.clear()
            line.is_queued = False
        self._queue.clear()
        self._count = 0
        return taken

    def _line(self, whose: str) -> Line[Item]:
        line = self._lines.get(whose)
        if line is None:
            if len(self._lines) >= KEPT_MAX:
                self._forget()
            line = self._lines[whose] = Line(self._now)
        return line

    def _enqueue(self, line: Line[Item]) -> None:
        line.given = max(line.given, self._now)
        line.is_queued = True
        heapq.heappush(self._queue, (line.given, self._number, line))
        self._number += 1

    def _next(self) -> Line[Item] | None:
        """The line whose turn it is, first in the queue."""
        queue = self._queue
        while queue:
            given, _, line = queue[0]
            if line.is_closed:
                heapq.heappop(queue)
                line.is_queued = False
            elif given < line.given:
                heapq.heapreplace(queue, (line.given, self._number, line))
                self._number += 1
            else:
                return line
        return None

    def _forget(self) -> None:
        """Lets go of the lines where nobody waits."""
        self._lines = {name: line for name, line in self._lines.items() if line.items or line.is_closed}
