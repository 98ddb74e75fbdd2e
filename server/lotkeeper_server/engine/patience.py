"""Waiting for a store that cannot be reached: longer and longer, up to a limit."""

from typing import Final

from lotkeeper_server.engine.clock import Clock

_PAUSE_SECONDS: Final = (0.01, 0.05, 0.1, 0.25)


class Patience:
    """One wait, in as many pauses as it takes."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        """From now on.

        Args:
            clock: on which it waits.
            seconds: after which there is none left.
        """
        self._clock = clock
        self._until_seconds = clock.now_seconds() + seconds
        self._waits = 0

    def wait(self) -> bool:
        """Waits; False, and at once, where the limit is reached."""
        if self._clock.now_seconds() > self._until_seconds:
            return False
        self._clock.sleep(_PAUSE_SECONDS[min(self._waits, len(_PAUSE_SECONDS) - 1)])
        self._waits += 1
        return True
