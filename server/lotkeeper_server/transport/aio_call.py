"""Calls on grpc.aio, which meet its context on the loop only."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import grpc

from lotkeeper_server.transport.call import DETAILS_KEY, ENDED_WELL, Call, CallerGone, Status, Stream

Context = grpc.aio.ServicerContext[Any, Any]
CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
FAILED: Final = (grpc.aio.BaseError, grpc.RpcError, asyncio.InvalidStateError)
"""What grpc.aio raises for a step with a caller who has gone."""


class AioCall(Call):
    """A call of grpc.aio.

    Attributes:
        outcome: the message, if there is one, and the status that end the call.
    """

    __slots__ = ("_context", "_end", "_going", "_gone", "_loop", "_when_gone", "outcome")

    def __init__(self, method: str, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self.method = method
        self.metadata = tuple((key, value) for key, value in context.invocation_metadata() or ())
        remaining = context.time_remaining()
        self.deadline_seconds = None if remaining is None else time.monotonic() + remaining
        self.outcome: asyncio.Future[tuple[bytes | None, Status]] = loop.create_future()
        self._context = context
        self._loop = loop
        self._gone = False
        self._end = threading.Lock()  # whoever takes it ends the call; it is never released
        self._going = threading.Lock()
        self._when_gone: Callable[[], None] | None = None

    @property
    def peer(self) -> str:
        return str(self._context.peer())

    @property
    def is_gone(self) -> bool:
        return self._gone or (self.deadline_seconds is not None and time.monotonic() > self.deadline_seconds)

    def when_gone(self, callback: Callable[[], None]) -> None:
        with self._going:
            if not self._gone:
                self._when_gone = callback
                return
        callback()

    def on_server_thread(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(callback)

    def answer(self, message: bytes) -> None:
        self._conclude(message, ENDED_WELL)

    def refuse(self, status: Status) -> None:
        self._conclude(None, status)

    def _conclude(self, message: bytes | None, status: Status) -> None:
        if not self._gone and self._end.acquire(False):
            self._loop.call_soon_threadsafe(self._set_outcome, (message, status))

    def _set_outcome(self, outcome: tuple[bytes | None, Status]) -> None:
        if not self.outcome.done():  # it is cancelled where the caller went
            self.outcome.set_result(outcome)

    async def write_outcome(self) -> None:
        """Waits for the end of the call and writes it; the status goes out once grpc.aio's handler returns."""
        message, status = await self.outcome
        if status.details is not None:
            self._context.set_trailing_metadata(((DETAILS_KEY, status.details),))
        self._context.set_code(CODES[status.code])
        self._context.set_details(status.message)
        if message is not None:
            await self._context.write(message)

    def leave(self) -> None:
        """The caller has gone, answered or not."""
        with self._going:
            self._gone = True
            callback, self._when_gone = self._when_gone, None
        if callback is not None and not self._end.locked():
            callback()


class AioStream(AioCall, Stream):
    """A stream of grpc.aio.

    Attributes:
        task: its handler's, once it runs.
    """

    __slots__ = ("_opened", "_receiving", "_sending", "task")

    def __init__(self, method: str, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(method, context, loop)
        self.task: asyncio.Task[None] | None = None
        self._opened = False  # whether the initial metadata is sent
        self._receiving: asyncio.Future[Any] | None = None
        self._sending: asyncio.Future[Any] | None = None

    async def receive(self) -> bytes | None:
        if self._receiving is None:
            self._receiving = self._step(self._context.read())
        message = await asyncio.shield(self._receiving)
        if message is grpc.aio.EOF:
            if not self._opened:  # a stream that was broken off ends like a whole one: a word to the caller fails
                self._opened = True
                self._sending = self._step(self._context.send_initial_metadata(()))
                await self._sent()
            self._raise_if_gone()
            return None
        self._receiving = None
        self._raise_if_gone()
        assert isinstance(message, bytes)
        return message

    async def send(self, message: bytes) -> None:
        while self._sending is not None:
            await self._sent()
        self._raise_if_gone()
        if self._end.locked():
            raise CallerGone
        self._opened = True
        self._sending = self._step(self._context.write(message))
        await self._sent()

    def leave(self) -> None:
        super().leave()
        waits = [step for step in (self._receiving, self._sending) if step is not None and not step.done()]
        for step in waits:
            step.cancel()
        if self.task is not None and not waits:
            self.task.cancel()

    async def _sent(self) -> None:
        assert self._sending is not None
        await asyncio.shield(self._sending)
        self._sending = None
        self._raise_if_gone()

    def _raise_if_gone(self) -> None:
        if self._gone:
            raise CallerGone

    def _step(self, step: Any) -> asyncio.Future[Any]:
        return self._loop.create_task(self._taken(step))

    async def _taken(self, step: Any) -> Any:
        try:
            return await step
        except FAILED:
            self._gone = True
        except asyncio.CancelledError:
            if not self._gone:
                raise
        return None
