"""What callers hear when the store cannot be used, and whether trying again in a moment may help."""

from typing import Final

from lotkeeper_server.domain.refusals import Refused, StoreUnavailable
from lotkeeper_server.engine.calls import PendingCall
from lotkeeper_server.engine.clock import Clock
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.db.errors import OutcomeUnknown, StoreError, StoreOutgrown

HURRIED_SECONDS: Final = 0.4
"""A call whose deadline comes sooner is told at once that the store is away."""
OUTGROWN_TEXT: Final = "The store was migrated to a newer version than this server; nothing was done."
_log = get_logger()


class Away:
    """For how long a store has been away, as one who uses it has met it."""

    def __init__(self, clock: Clock) -> None:
        """It is there.

        Args:
            clock: by which that is told.
        """
        self._clock = clock
        self._since_seconds: float | None = None

    def note_failure(self) -> None:
        """It could not be used."""
        if self._since_seconds is None:
            self._since_seconds = self._clock.now_seconds()

    def note_success(self) -> None:
        """It could be used."""
        self._since_seconds = None

    def outlasts(self, call: PendingCall) -> bool:
        """Whether a call cannot wait for another attempt: it would hear of its deadline, and not of the store."""
        deadline_seconds = call.caller.deadline_seconds
        return deadline_seconds is not None and deadline_seconds < self._clock.now_seconds() + HURRIED_SECONDS

    def text_for(self, error: StoreError) -> str | None:
        """For callers who met an error; None where what was done is unknown."""
        return None if isinstance(error, OutcomeUnknown) else self.text

    @property
    def text(self) -> str:
        """For callers, whose calls have done nothing."""
        now_seconds = self._clock.now_seconds()
        seconds = now_seconds - (now_seconds if self._since_seconds is None else self._since_seconds)
        return f"The store cannot be used, for {seconds:.1f} s by now; nothing was done. Retry later."


def may_pass(error: StoreError, capabilities: Capabilities) -> bool:
    """Whether the same may be tried again: not where it may be done already, nor where this program is too old."""
    return capabilities.can_go_away and not isinstance(error, OutcomeUnknown | StoreOutgrown)


def unavailable(error: StoreError, text: str | None = None, **facts: object) -> Refused:
    """STORE_UNAVAILABLE, with a line in the log; of a program that is too old the health check has said that, once.

    Args:
        error: of the store.
        text: what to tell the caller; None for the usual.
        facts: more for the log.
    """
    if isinstance(error, StoreOutgrown):
        return Refused(StoreUnavailable(text=OUTGROWN_TEXT))
    _log.warning("store_unavailable", error=str(error), **facts)
    return Refused(StoreUnavailable() if text is None else StoreUnavailable(text=text))
