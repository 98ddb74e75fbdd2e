"""How the handler of a stream runs, and how it learns that its caller has gone."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from lotkeeper_server.transport.call import ENDED_WELL, LOST, CallerGone, OnFault, Stream, StreamHandler, fault_status

BREAK_WAIT_SECONDS: Final = 0.02
"""So long the end of what a caller sends may be found to be a break: that is told right after it."""
Result = TypeVar("Result")


class Meetings:
    """The steps of a handler in which it meets its caller. Used on the stream's loop.

    Attributes:
        task: the handler's, while it runs.
        gone: whether the caller has gone.
    """

    __slots__ = ("_left", "_met", "_told", "gone", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.gone = False
        self._left: asyncio.Event | None = None  # most streams need none
        self._met = 0
        self._told = False

    async def meet(self, step: Awaitable[Result]) -> Result:
        """Takes a step.

        Raises:
            CallerGone: where the step says so, or the caller went meanwhile.
        """
        self._met += 1
        try:
            result = await step
        except CallerGone:
            self._told = True
            raise
        finally:
            self._met -= 1
        if self.gone:
            self._told = True
            raise CallerGone
        return result

    def leave(self) -> None:
        """The caller has gone: a handler that neither has been told so nor will be at once is cancelled."""
        self.gone = True
        if self._left is not None:
            self._left.set()
        if self.task is not None and not self._told and not self._met:
            self.task.cancel()

    async def wait_for_break(self) -> None:
        """Waits a moment whether the caller has gone.

        Raises:
            CallerGone: if so.
        """
        self._left = asyncio.Event()
        if not self.gone:
            try:
                async with asyncio.timeout(BREAK_WAIT_SECONDS):
                    await self._left.wait()
            except TimeoutError:
                return
        raise CallerGone

    async def run(self, stream: Stream, handler: StreamHandler, on_fault: OnFault) -> None:
        """Runs a handler to its end, which is the stream's end."""
        self.task = asyncio.current_task()
        try:
            await handler(stream)
        except CallerGone:
            return
        except asyncio.CancelledError:
            stream.refuse(LOST)  # to a caller who is gone it says nothing
            raise
        except Exception as error:  # a border: whatever it is, this call ends with it
            stream.refuse(fault_status(on_fault, stream.method, error))
        else:
            stream.refuse(ENDED_WELL)
        finally:
            self.task = None
