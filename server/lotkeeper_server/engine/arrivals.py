"""Where calls wait to be collected, and when it is worth a moment to wait for more of them.

Callers who were just answered are likely to be back at once: a short wait for them makes one transaction of what would
be two. Databases know that as a commit delay, for which there must be siblings. A call alone is never kept waiting.
"""

import threading
from collections import deque
from typing import Final

from lotkeeper_server.engine.calls import PendingCommand

A_MOMENT: Final = 0.0
"""For `Gathering.pause_seconds`: the shortest wait there is."""


class Gathering:
    """Whether to wait for callers who are on their way, by what is known: how many were answered a moment ago."""

    def __init__(self) -> None:
        self._expected = 0
        self._seen = 0

    def note_answered(self, count: int) -> None:
        """So many callers have just been answered."""
        self._expected = count
        self._seen = 0

    def pays(self, waiting: int) -> bool:
        """Whether to wait a moment more: fewer are back than were answered, and some have come since the last look."""
        if waiting >= self._expected or waiting == self._seen:
            return False
        self._seen = waiting
        return True


class Arrivals:
    """Calls that have arrived and are not collected yet; any thread may add to them."""

    def __init__(self) -> None:
        self._calls: deque[PendingCommand] = deque()
        self._handed_over = threading.Event()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: PendingCommand) -> None:
        """Behind those that wait."""
        self._calls.append(call)

    def hand_over(self) -> None:
        """Wakes the thread that waits, once for all that have been added: a wake-up costs some 50 µs."""
        if self._calls:
            self._handed_over.set()

    def wake(self) -> None:
        """Wakes the thread that waits, whether anything has arrived or not."""
        self._handed_over.set()

    def wait(self, seconds: float | None) -> None:
        """Returns once something is handed over, or after so long."""
        self._handed_over.wait(seconds)
        self._handed_over.clear()

    def take(self, size_max: int) -> list[PendingCommand]:
        """The first calls, as long as they hold fewer commands than this together."""
        taken: list[PendingCommand] = []
        size = 0
        while size < size_max:
            try:
                call = self._calls.popleft()
            except IndexError:  # not looked at before: two threads may take
                break
            taken.append(call)
            size += call.size
        return taken

    def take_all(self) -> list[PendingCommand]:
        """Everything that has arrived."""
        return self.take(1 << 62)
