"""Long work beside calls: it lets others run, and ends once nobody waits for it any more."""

import threading
import time
from typing import Final

from lotkeeper_server.domain.refusals import Cancelled, Refused

_STEPS_BETWEEN: Final = 8
_SECONDS: Final = 50e-6


class Stopped(Refused):
    """The caller has gone."""

    def __init__(self) -> None:
        super().__init__(Cancelled())


class Breath:
    """Called at each step: releases the interpreter's lock now and then, or other calls would wait 5 ms for it."""

    __slots__ = ("_count", "_steps_between", "_stopped")

    def __init__(self, stopped: threading.Event | None = None, steps_between: int = _STEPS_BETWEEN) -> None:
        """Begins with no step done.

        Args:
            stopped: set once nobody waits any more; None where that is not known.
            steps_between: as many as take a millisecond.
        """
        self._stopped = stopped
        self._steps_between = steps_between
        self._count = 0

    def __call__(self) -> None:
        """Ends a step.

        Raises:
            Stopped: once nobody waits any more.
        """
        self._count += 1
        if self._count >= self._steps_between:
            self._count = 0
            if self._stopped is not None and self._stopped.is_set():
                raise Stopped
            time.sleep(_SECONDS)

    def with_steps_between(self, count: int) -> "Breath":
        """The same for steps of another length."""
        return Breath(self._stopped, count)
