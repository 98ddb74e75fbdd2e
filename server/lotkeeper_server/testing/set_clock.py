"""A clock that a test sets."""

import threading
import time

from lotkeeper_server.engine.clock import SystemClock


class SetClock(SystemClock):
    """This machine's time until it is set; then it stands still until it is set or moved again, or let go.

    Only the date is set: how long a call may wait and how long one took are measured as ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set_micros: int | None = None

    def now_millis(self) -> int:
        """As it is set; else this machine's."""
        return self.now_micros() // 1_000

    def now_micros(self) -> int:
        """As it is set; else this machine's."""
        set_micros = self._set_micros
        return time.time_ns() // 1_000 if set_micros is None else set_micros

    def set(self, moment_millis: int) -> None:
        """Stops it at a moment.

        Args:
            moment_millis: milliseconds since the epoch, UTC.
        """
        with self._lock:
            self._set_micros = moment_millis * 1_000

    def advance(self, millis: int) -> None:
        """Moves it, and stops it there.

        Args:
            millis: by how much; below zero, back.
        """
        with self._lock:
            self._set_micros = self.now_micros() + millis * 1_000

    def let_go(self) -> None:
        """From now on it is this machine's time again."""
        with self._lock:
            self._set_micros = None
