"""Calls whose rows another transaction holds: each is tried again after a pause of its own, and the others go on."""

import time
from collections.abc import Sequence
from typing import Final

from lotkeeper_server.domain.refusals import Contention
from lotkeeper_server.engine.waiting import WaitingDecision, refuse

PAUSE_SECONDS_MIN: Final = 0.000_5
PAUSE_SECONDS_MAX: Final = 0.05
HELD_SECONDS_MAX: Final = 10.0
"""After which a call is refused with CONTENTION: whoever is frozen has lost its locks long before."""


class HeldCalls:
    """The calls that wait for rows. Used by the engine's thread only."""

    def __init__(self) -> None:
        self._calls: list[WaitingDecision] = []

    def __len__(self) -> int:
        return len(self._calls)

    def put_back(self, calls: Sequence[WaitingDecision], pause_seconds: float = 0.0) -> None:
        """Takes calls in that could not be decided now; those that have waited too long are refused instead."""
        now = time.monotonic()
        late = []
        for one in calls:
            one.held_since = one.held_since or now
            if now - one.held_since > HELD_SECONDS_MAX:
                late.append(one)
                continue
            one.pause = min(max(one.pause * 2, PAUSE_SECONDS_MIN, pause_seconds), max(PAUSE_SECONDS_MAX, pause_seconds))
            one.again_at = now + one.pause
            self._calls.append(one)
        refuse(late, Contention())

    def due(self, limit: int) -> list[WaitingDecision]:
        """Takes out those whose pause is over, the longest held first."""
        if not self._calls:
            return []
        now = time.monotonic()
        due = [one for one in self._calls if one.again_at <= now or one.given_up(now)][:limit]
        if due:
            taken = set(map(id, due))
            self._calls = [one for one in self._calls if id(one) not in taken]
        return due

    def pause_seconds(self) -> float:
        """Until the first of them is due."""
        return max(min(one.again_at for one in self._calls) - time.monotonic(), 0.0)
