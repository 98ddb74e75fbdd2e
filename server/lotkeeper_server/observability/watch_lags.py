"""How far watches are behind: one that does not read is seen, and told of with its caller's name."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper_server.event_log import get_logger

LAG_SECONDS: Final = 10.0
"""A watch that has been behind the end of the feed for so long is told of in the log."""
_log = get_logger()


class WatchLag:
    """One watch. Used on its event loop.

    Attributes:
        principal: whose it is.
        behind_since_seconds: since when it has not been at the end of the feed; 0.0 while it is.
    """

    __slots__ = ("_now_seconds", "_on_sent", "behind_since_seconds", "principal")

    def __init__(self, principal: str, on_sent: Callable[[], None], now_seconds: Callable[[], float]) -> None:
        self.principal = principal
        self.behind_since_seconds = 0.0
        self._on_sent = on_sent
        self._now_seconds = now_seconds

    def is_behind(self) -> None:
        """There is something that it has not been sent yet."""
        if not self.behind_since_seconds:
            self.behind_since_seconds = self._now_seconds()

    def note_sent(self) -> None:
        """The transport has taken a record."""
        self._on_sent()

    def is_at_the_end(self) -> None:
        """It has been sent all that there is."""
        self.behind_since_seconds = 0.0


class WatchLags:
    """All watches of one process. Used on one event loop."""

    def __init__(
        self, on_sent: Callable[[], None] = lambda: None, now_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """None yet.

        Args:
            on_sent: called for each record that the transport has taken.
            now_seconds: the time.
        """
        self._on_sent = on_sent
        self._now_seconds = now_seconds
        self._watches: set[WatchLag] = set()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._watches)

    def __bool__(self) -> bool:
        """It is there, also while there are none."""
        return True

    @contextmanager
    def of(self, principal: str) -> Iterator[WatchLag]:
        """One more while the block runs."""
        lag = WatchLag(principal, self._on_sent, self._now_seconds)
        self._watches.add(lag)
        try:
            yield lag
        finally:
            self._watches.discard(lag)

    def behind(self, count: int) -> list[tuple[str, float]]:
        """Those that are behind the end of the feed: whose each is and for how long it has been, the latest first.

        Args:
            count: how many at the most.
        """
        now_seconds = self._now_seconds()
        behind = [(lag.principal, now_seconds - since) for lag in self._watches if (since := lag.behind_since_seconds)]
        return sorted(behind, key=lambda one: -one[1])[:count]

    def longest_seconds(self) -> float:
        """For how long the one has been behind that is behind the longest."""
        return max((seconds for _, seconds in self.behind(1)), default=0.0)

    def tell_of_late(self) -> None:
        """Tells the log of those that have been behind for too long."""
        for principal, seconds in self.behind(len(self._watches)):
            if seconds >= LAG_SECONDS:
                _log.warning("watch_lags", caller=principal, seconds=round(seconds, 1))
