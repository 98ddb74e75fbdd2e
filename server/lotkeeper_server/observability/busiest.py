"""Who, or what, was the busiest in the last minute, by totals that somebody counts."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

SECONDS: Final = 60.0
"""What is looked back at, once it has been served for so long."""
LOOK_SECONDS: Final = 10.0
Key = TypeVar("Key", bound=str | bytes)


class Busiest(Generic[Key]):
    """Looks at totals now and then; on one thread."""

    def __init__(
        self, totals: Callable[[], Mapping[Key, int]], now_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """Begins now.

        Args:
            totals: what was counted so far, by key; one that is less than before was counted anew.
            now_seconds: the time.
        """
        self._totals: Callable[[], Mapping[Key, int]] = totals
        self._now_seconds = now_seconds
        self._looks: deque[tuple[float, Mapping[Key, int]]] = deque([(now_seconds(), {})])

    def look(self) -> None:
        """Takes the totals down; looks that are too old are forgotten, but for the last of them."""
        now_seconds = self._now_seconds()
        if now_seconds - self._looks[-1][0] >= LOOK_SECONDS:
            self._looks.append((now_seconds, dict(self._totals())))
        while len(self._looks) > 1 and now_seconds - self._looks[1][0] >= SECONDS:
            self._looks.popleft()

    def most(self, count: int) -> list[tuple[Key, float]]:
        """The busiest, each with how many a second; those that did nothing are left out.

        Args:
            count: how many at the most.
        """
        since_seconds, before = self._looks[0]
        seconds = max(self._now_seconds() - since_seconds, 1.0)
        done = {key: _since(total, before.get(key, 0)) for key, total in self._totals().items()}
        most = sorted(done, key=lambda key: -done[key])[:count]
        return [(key, done[key] / seconds) for key in most if done[key]]


def _since(total: int, before: int) -> int:
    return total - before if total >= before else total
