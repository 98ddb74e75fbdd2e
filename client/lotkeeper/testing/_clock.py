"""The clock of a server that is tested with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class SetMillis(Protocol):
    """What moves the clock of a server, in milliseconds since the epoch, UTC."""

    def set(self, moment_millis: int) -> None:
        """Stops it at a moment."""

    def advance(self, millis: int) -> None:
        """Moves it, and stops it there."""

    def let_go(self) -> None:
        """Has it go again, by the machine's time."""


class Clock:
    """What the server takes for now. It goes by the machine's time until it is set.

    Only dates go by it: how long a call may take is measured as ever, and so is when a token expires.
    """

    def __init__(self, millis: SetMillis) -> None:
        self._millis = millis

    def set(self, moment: datetime) -> None:
        """Stops the clock at a moment.

        Args:
            moment: with a time zone.

        Raises:
            ValueError: without one.
        """
        if moment.tzinfo is None:
            raise ValueError("the moment has no time zone: give it one, such as datetime.timezone.utc")
        self._millis.set((moment - _EPOCH) // _MILLISECOND)

    def advance(self, by: timedelta) -> None:
        """Moves the clock from where it stands or is now, and stops it there.

        Args:
            by: how far; below zero, back.
        """
        self._millis.advance(by // _MILLISECOND)

    def let_go(self) -> None:
        """Has the clock go by the machine's time again."""
        self._millis.let_go()
