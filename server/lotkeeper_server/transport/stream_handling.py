"""How the handler of a stream runs, and how it learns that its caller has gone."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from lotkeeper_server.transport.call import ENDED_WELL, LOST, CallerGone, OnFault, Stream, StreamHandler, fault_status

Result = TypeVar("Result")


class Meetings:
    """The steps of a handler in which it meets its caller. Used on the stream's loop.

    Attributes:
        task: the handler's, while it runs.
        gone: whether the caller has gone.
    """

    __slots__ = ("_met", "_told", "gone", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.gone = False
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
        if self.task is not None and not self._told and not self._met:
            self.task.cancel()

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
