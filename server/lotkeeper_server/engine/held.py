"""Calls whose rows another transaction holds: each is tried again after a pause of its own, and the others go on."""

from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

from lotkeeper_server.engine.calls import PendingCall

PAUSE_SECONDS_MIN: Final = 0.000_5
PAUSE_SECONDS_MAX: Final = 0.05
PAUSE_APART_SECONDS_MAX: Final = 0.2
HELD_SECONDS_MAX: Final = 10.0
"""After which a call is refused: whoever is frozen has lost its locks long before."""
WORK_HELD_SECONDS_MAX: Final = 60.0
"""The same of a piece of work, which may have to wait for an import."""
Call = TypeVar("Call", bound=PendingCall)


class HeldCalls(Generic[Call]):
    """The calls that wait for rows. Used by one thread only; times are on its clock."""

    def __init__(self, held_seconds_max: float = HELD_SECONDS_MAX) -> None:
        self._held_seconds_max = held_seconds_max
        self._calls: list[Call] = []

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, call: Call) -> bool:
        return any(one is call for one in self._calls)

    def put_back(self, calls: Sequence[Call], now_seconds: float, pause_seconds: float = 0.0) -> list[Call]:
        """Takes calls in that could not be decided now.

        Args:
            calls: that did not go through.
            now_seconds: the time.
            pause_seconds: the first pause; later ones are longer.

        Returns:
            Those that have waited too long; they are not taken in.
        """
        late = []
        for one in calls:
            one.held_since_seconds = one.held_since_seconds or now_seconds
            if now_seconds - one.held_since_seconds > self._held_seconds_max:
                late.append(one)
                continue
            longest = PAUSE_APART_SECONDS_MAX if one.apart else PAUSE_SECONDS_MAX
            one.pause_seconds = min(max(one.pause_seconds * 2, PAUSE_SECONDS_MIN, pause_seconds), longest)
            one.again_at_seconds = now_seconds + one.pause_seconds
            self._calls.append(one)
        return late

    def due(self, now_seconds: float, size_max: int) -> list[Call]:
        """Takes out those to be decided with others whose pause is over, the longest held first."""
        if not self._calls:
            return []
        due: list[Call] = []
        size = 0
        for one in self._calls:
            if size >= size_max:
                break
            if not one.apart and _is_due(one, now_seconds):
                due.append(one)
                size += one.size
        self._take(due)
        return due

    def due_apart(self, now_seconds: float) -> Call | None:
        """Takes out one that is to be tried alone, if its pause is over."""
        due = next((one for one in self._calls if one.apart and _is_due(one, now_seconds)), None)
        if due is not None:
            self._take([due])
        return due

    def rejoin(self) -> None:
        """One that was tried alone has gone through: what held it may have held the others, which are due at once."""
        for one in self._calls:
            one.apart, one.again_at_seconds = False, 0.0

    def longest(self) -> Call | None:
        """The one that has been held the longest; None where there is none."""
        return min(self._calls, key=lambda one: one.held_since_seconds, default=None)  # another thread may look, too

    def longest_seconds(self, now_seconds: float) -> float:
        """How long the first of them has been held; 0 where there is none."""
        longest = self.longest()
        return 0.0 if longest is None else now_seconds - longest.held_since_seconds

    def pause_seconds(self, now_seconds: float) -> float | None:
        """Until the first of them is due; None where there is none."""
        if not self._calls:
            return None
        return max(min(one.again_at_seconds for one in self._calls) - now_seconds, 0.0)

    def _take(self, calls: Iterable[Call]) -> None:
        taken = set(map(id, calls))
        self._calls = [one for one in self._calls if id(one) not in taken]


def _is_due(call: PendingCall, now_seconds: float) -> bool:
    return call.again_at_seconds <= now_seconds or call.given_up(now_seconds) is not None
