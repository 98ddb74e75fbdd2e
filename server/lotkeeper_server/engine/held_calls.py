"""Calls whose rows another transaction holds: each is tried again after a pause of its own, and the others go on."""

import time
from collections.abc import Iterable, Sequence
from typing import Final

from lotkeeper_server.domain.refusals import Contention
from lotkeeper_server.engine.waiting import Waiting, WaitingDecision, WaitingWork, refuse

PAUSE_SECONDS_MIN: Final = 0.000_5
PAUSE_SECONDS_MAX: Final = 0.05
PAUSE_APART_SECONDS_MAX: Final = 0.2
HELD_SECONDS_MAX: Final = 10.0
"""After which a call is refused with CONTENTION: whoever is frozen has lost its locks long before."""
WORK_HELD_SECONDS_MAX: Final = 60.0
"""The same of a piece of work, which may have to wait for an import."""


class HeldCalls:
    """The calls that wait for rows. Used by one of the engine's threads only."""

    def __init__(self) -> None:
        self._calls: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, call: Waiting) -> bool:
        return call in self._calls

    def put_back(self, calls: Sequence[Waiting], pause_seconds: float = 0.0) -> None:
        """Takes calls in that could not be decided now; those that have waited too long are refused instead.

        Args:
            calls: that did not go through.
            pause_seconds: the first pause; later ones are longer.
        """
        now = time.monotonic()
        late = []
        for one in calls:
            one.held_since = one.held_since or now
            held_max = WORK_HELD_SECONDS_MAX if isinstance(one, WaitingWork) else HELD_SECONDS_MAX
            if now - one.held_since > held_max:
                late.append(one)
                continue
            longest = PAUSE_APART_SECONDS_MAX if one.apart else PAUSE_SECONDS_MAX
            one.pause = min(max(one.pause * 2, PAUSE_SECONDS_MIN, pause_seconds), longest)
            one.again_at = now + one.pause
            self._calls.append(one)
        refuse(late, Contention())

    def due(self, limit: int) -> list[WaitingDecision]:
        """Takes out those to be decided with others whose pause is over, the longest held first."""
        if not self._calls:
            return []
        now = time.monotonic()
        due = [one for one in self._calls if isinstance(one, WaitingDecision) and not one.apart and _is_due(one, now)]
        self._take(due[:limit])
        return due[:limit]

    def due_apart(self) -> Waiting | None:
        """Takes out one that is to be tried alone, if its pause is over."""
        if not self._calls:
            return None
        now = time.monotonic()
        due = next((one for one in self._calls if one.apart and _is_due(one, now)), None)
        if due is not None:
            self._take([due])
        return due

    def rejoin(self) -> None:
        """One that was tried alone has gone through: what held it may have held the others, which are due at once."""
        for one in self._calls:
            if isinstance(one, WaitingDecision) and one.apart:
                one.apart, one.again_at = False, 0.0

    def longest_seconds(self) -> float:
        """How long the first of them has been held; 0 where there is none."""
        return time.monotonic() - min(one.held_since for one in self._calls) if self._calls else 0.0

    def pause_seconds(self) -> float:
        """Until the first of them is due."""
        return max(min(one.again_at for one in self._calls) - time.monotonic(), 0.0)

    def _take(self, calls: Iterable[Waiting]) -> None:
        taken = set(map(id, calls))
        self._calls = [one for one in self._calls if id(one) not in taken]


def _is_due(call: Waiting, now_seconds: float) -> bool:
    return call.again_at <= now_seconds or call.given_up(now_seconds) is not None
