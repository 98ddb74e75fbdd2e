"""Other processes that hold rows and say nothing: after a while they lose them, where calls wait for them."""

from typing import Final

from lotkeeper_server.engine.clock import Clock
from lotkeeper_server.engine.store_port import DecisionStore
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.errors import StoreError

STALLED_SECONDS: Final = 3.0
"""How long a call waits for rows before whoever holds them is looked at."""
LOOK_PAUSE_SECONDS: Final = 0.5
_log = get_logger()


class StalledOthers:
    """Used by one thread."""

    def __init__(self, store: DecisionStore, clock: Clock) -> None:
        """Looks at nobody yet.

        Args:
            store: whose sessions are looked at.
            clock: on which it is waited.
        """
        self._store = store
        self._clock = clock
        self._look_again_at_seconds = 0.0

    def look(self, held_seconds: float) -> None:
        """Ends sessions that are stalled, if a call has been held for long enough.

        Args:
            held_seconds: how long the call has been held that waits the longest; 0 where none is.
        """
        now_seconds = self._clock.now_seconds()
        if held_seconds < STALLED_SECONDS or now_seconds < self._look_again_at_seconds:
            return
        if not self._store.capabilities.has_many_writers:
            return
        self._look_again_at_seconds = now_seconds + LOOK_PAUSE_SECONDS
        try:
            ended = self._store.end_stalled()
        except StoreError as error:
            _log.warning("stalled_sessions_not_looked_at", error=str(error))
        else:
            if ended:
                _log.warning("stalled_sessions_ended", sessions=ended)
