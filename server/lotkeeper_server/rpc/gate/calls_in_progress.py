"""The calls in progress, and whether new ones are still let in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from lotkeeper_server.domain.refusals import Refused, ShuttingDown


class CallsInProgress:
    """Counts calls on any thread; waits for them on one event loop.

    Attributes:
        shutting_down: whether new calls are refused.
    """

    def __init__(self, event_loop: asyncio.AbstractEventLoop) -> None:
        """Begins with no calls.

        Args:
            event_loop: where the end is waited for.
        """
        self.shutting_down = False
        self._event_loop = event_loop
        self._calls: dict[Any, Callable[[], None] | None] = {}
        self._changed = asyncio.Event()
        self._endless: set[asyncio.Timeout] = set()

    @property
    def count(self) -> int:
        """How many are in progress."""
        return len(self._calls)

    @property
    def oldest_unary(self) -> Any | None:
        """The `transport.Call` in progress that came first, streams aside; None where there is none."""
        return next((call for call in list(self._calls) if getattr(call, "is_unary", False)), None)

    def begin(self, call: object) -> None:
        """One more; nobody waits for one that comes too late, which is refused."""
        if self.shutting_down:
            self._event_loop.call_soon_threadsafe(self._changed.set)
        else:
            self._calls[call] = None

    def when_ended(self, call: object, callback: Callable[[], None]) -> None:
        """Has this called once the call has ended."""
        self._calls[call] = callback

    def begin_again(self, call: object) -> None:
        """A call is let in anew: what was to be called at its end is called now."""
        callback = self._calls.get(call)
        self._calls[call] = None
        if callback is not None:
            callback()

    def end(self, call: object) -> None:
        """Counts one call less; after the last one, wakes the waiter."""
        callback = self._calls.pop(call, None)
        if callback is not None:
            callback()
        if self.shutting_down:
            self._event_loop.call_soon_threadsafe(self._changed.set)

    def shut(self) -> None:
        """Lets no call in any more, and ends the calls that would never end."""
        self.shutting_down = True
        for end in self._endless:
            end.reschedule(self._event_loop.time())

    @asynccontextmanager
    async def until_shut(self) -> AsyncIterator[None]:
        """Wraps a call that would never end: it can be ended while it waits, also for a reader who does not read.

        Raises:
            Refused: SHUTTING_DOWN, once no call is let in any more.
        """
        if self.shutting_down:
            raise Refused(ShuttingDown())
        try:
            async with asyncio.timeout(None) as end:
                self._endless.add(end)
                try:
                    yield
                finally:
                    self._endless.discard(end)
        except TimeoutError:
            if not end.expired():
                raise
            raise Refused(ShuttingDown()) from None

    async def drained(self) -> None:
        """Returns once no call is in progress."""
        while self._calls:
            self._changed.clear()
            await self._changed.wait()

    async def quiet(self, seconds: float) -> None:
        """Returns once no call has begun or ended for so long."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return
