"""Work that runs on a thread of the engine, awaited on the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any

from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.calls import Caller, End, PendingWork
from lotkeeper_server.store.db.transaction import Transaction


class AwaitedWork(PendingWork):
    """A piece of work for whose end a coroutine waits."""

    __slots__ = ("_event_loop", "_future", "_is_gone")

    def __init__(
        self,
        event_loop: asyncio.AbstractEventLoop,
        work: Callable[[Transaction], Any],
        caller: Caller,
    ) -> None:
        super().__init__(caller, work)
        self._event_loop = event_loop
        self._future: asyncio.Future[Any] = event_loop.create_future()
        self._is_gone = False

    @property
    def is_gone(self) -> bool:
        return self._is_gone

    async def ended(self) -> Any:
        """The work's result, once that is durable.

        Raises:
            Refused: where it was refused, and nothing done.
        """
        try:
            # Until the future is set: commit not begun, or unknown. Once it is set: durable, or refused and undone.
            return await self._future
        except asyncio.CancelledError:
            self._is_gone = True
            raise

    def end(self, end: End) -> None:
        self._event_loop.call_soon_threadsafe(self._set, end)

    def _set(self, end: End) -> None:
        if self._future.done():
            return
        if isinstance(end, Refused):
            self._future.set_exception(end)
        else:
            self._future.set_result(end.value)
