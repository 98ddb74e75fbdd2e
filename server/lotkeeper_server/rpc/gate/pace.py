"""The pace that the caller of a file must keep: measured in bytes, since a piece may be empty."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """What is asked of callers that send or take a file.

    Attributes:
        rest_seconds: how long one may do nothing.
        bytes_per_second_min: and how slow one may be on the average.
        seconds_max: how long a call may wait for its caller in all.
    """

    rest_seconds: float
    bytes_per_second_min: int
    seconds_max: float


class Pace:
    """How much longer one call may wait for its caller: waiting uses it up, bytes bring it back, up to a rest."""

    def __init__(self, limits: PaceLimits) -> None:
        """Begins with a whole rest."""
        self._limits = limits
        self._rest_seconds = limits.rest_seconds
        self._left_seconds = limits.seconds_max

    @property
    def patience_seconds(self) -> float:
        """How long the next step of the caller may take."""
        return min(self._rest_seconds, self._left_seconds)

    def note(self, waited_seconds: float, moved_bytes: int) -> None:
        """Notes a step of the caller.

        Args:
            waited_seconds: how long it was waited for.
            moved_bytes: how much of the file it moved.
        """
        limits = self._limits
        self._left_seconds = max(self._left_seconds - waited_seconds, 0.0)
        if limits.bytes_per_second_min:
            earned_seconds = moved_bytes / limits.bytes_per_second_min
        else:
            earned_seconds = limits.rest_seconds if moved_bytes else 0.0
        rest_seconds = self._rest_seconds - waited_seconds + earned_seconds
        self._rest_seconds = max(min(rest_seconds, limits.rest_seconds), 0.0)
