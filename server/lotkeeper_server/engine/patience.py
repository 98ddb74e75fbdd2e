"""Waiting for a store that cannot be reached: longer and longer, up to a limit."""

import time
from typing import Final

_PAUSE_SECONDS: Final = (0.01, 0.05, 0.1, 0.25)


class Patience:
    """One wait, in as many pauses as it takes."""

    def __init__(self, seconds: float) -> None:
        """From now on.

        Args:
            seconds: after which there is none left.
        """
        self._until = time.monotonic() + seconds
        self._waits = 0

    def wait(self) -> bool:
        """Waits; False, and at once, where the limit is reached."""
        if time.monotonic() > self._until:
            return False
        time.sleep(_PAUSE_SECONDS[min(self._waits, len(_PAUSE_SECONDS) - 1)])
        self._waits += 1
        return True
