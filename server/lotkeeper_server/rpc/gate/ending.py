"""A call that is ended before its time: its caller was let in, and may no longer go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lotkeeper_server.domain.refusals import DeadlineExceeded, Refused

TOO_SLOW = DeadlineExceeded(text="The call was given up, as its caller did nothing or was too slow; nothing was done.")


class Ending:
    """Ends one call wherever it may be ended. Used on one event loop, but for `check`."""

    __slots__ = ("_refused", "_waits")

    def __init__(self) -> None:
        self._refused: Refused | None = None
        self._waits: set[asyncio.Timeout] = set()

    def end(self, refused: Refused) -> None:
        """Ends the call at once if it is where it may be ended, else at the next such place."""
        if self._refused is None:
            self._refused = refused
            now_seconds = asyncio.get_running_loop().time()
            for wait in self._waits:
                wait.reschedule(now_seconds)

    def check(self) -> None:
        """Returns where the call may go on.

        Raises:
            Refused: with what ended it.
        """
        if self._refused is not None:
            raise self._refused.with_traceback(None)

    @asynccontextmanager
    async def possible(self, within_seconds: float | None = None) -> AsyncIterator[None]:
        """Wraps what may be ended at any moment.

        Args:
            within_seconds: how long it may take; None is for ever.

        Raises:
            Refused: with what ended the call; DEADLINE_EXCEEDED where it took too long.
        """
        self.check()
        try:
            async with asyncio.timeout(within_seconds) as wait:
                self._waits.add(wait)
                try:
                    yield
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            if not wait.expired():
                raise
            self.check()
            raise Refused(TOO_SLOW) from None
