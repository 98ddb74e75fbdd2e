"""Calls on grpc.aio, which meet its context on the loop only."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc

from lotkeeper_server.transport.call import DETAILS_KEY, CallerGone, Stream
from lotkeeper_server.transport.connections import Connections
from lotkeeper_server.transport.loop_call import LoopCall
from lotkeeper_server.transport.observing import MethodObserver
from lotkeeper_server.transport.stream_handling import Meetings

Context = grpc.aio.ServicerContext[Any, Any]
CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
FAILED: Final = (grpc.aio.BaseError, grpc.RpcError, asyncio.InvalidStateError)
"""What grpc.aio raises for a step with a caller who has gone."""


class AioCall(LoopCall):
    """A call of grpc.aio."""

    __slots__ = ("_context",)

    def __init__(
        self,
        method: str,
        context: Context,
        loop: asyncio.AbstractEventLoop,
        connections: Connections,
        observer: MethodObserver,
    ) -> None:
        remaining = context.time_remaining()
        super().__init__(
            method,
            tuple((key, value) for key, value in context.invocation_metadata() or ()),
            None if remaining is None else time.monotonic() + remaining,
            loop,
            str(context.peer()),  # of a call that is over grpc.aio 1.85 asks freed memory
            {key: list(values) for key, values in (context.auth_context() or {}).items()},
        )
        self._context = context
        self.connection = connections.begin(self, self.peer.encode())
        self.observe(observer)

    async def read(self) -> Any:
        """The next message, grpc.aio's EOF, or None where the caller has gone."""
        self.waits_since = time.monotonic()
        try:
            message = await self._context.read()
        finally:
            self.waits_since = 0.0
        if isinstance(message, bytes):
            self.connection.take(len(message))
        return message

    async def write_outcome(self) -> None:
        """Waits for the end of the call and writes it; the status goes out once grpc.aio's handler returns."""
        message, status = await self.outcome
        if status.details is not None:
            self._context.set_trailing_metadata(((DETAILS_KEY, status.details),))
        self._context.set_code(CODES[status.code])
        self._context.set_details(status.message)
        if message is not None:
            await self._context.write(message)

    def _note_answer(self, message: bytes | None) -> None:
        self.untaken_bytes = len(message or b"")
        self.connection.served |= message is not None


class AioStream(AioCall, Stream):
    """A stream of grpc.aio.

    Attributes:
        meetings: of its handler with its caller.
    """

    __slots__ = ("_opened", "_receiving", "_sending", "_steps", "meetings")

    def __init__(
        self,
        method: str,
        context: Context,
        loop: asyncio.AbstractEventLoop,
        connections: Connections,
        observer: MethodObserver,
    ) -> None:
        super().__init__(method, context, loop, connections, observer)
        self.meetings = Meetings()
        self._opened = False  # whether the initial metadata is sent
        self._receiving: asyncio.Future[Any] | None = None
        self._sending: asyncio.Future[Any] | None = None
        self._steps: set[asyncio.Task[None]] = set()

    async def receive(self) -> bytes | None:
        return await self.meetings.meet(self._receive())

    async def send(self, message: bytes) -> None:
        await self.meetings.meet(self._send(self._context.write, message))

    def leave(self) -> None:
        super().leave()
        for future in (self._receiving, self._sending):
            if future is not None and not future.done():
                future.set_result(None)
        self.meetings.leave()

    async def _receive(self) -> bytes | None:
        if self._receiving is None:
            self._receiving = self._step(self.read)
        message = await asyncio.shield(self._receiving)
        if message is grpc.aio.EOF:
            if not self._opened:  # a stream that was broken off ends like a whole one: a word to the caller fails
                await self._send(self._context.send_initial_metadata, ())
            else:
                await self.meetings.wait_for_break()
            return None
        self._receiving = None
        if message is None:
            raise CallerGone
        assert isinstance(message, bytes)
        return message

    async def _send(self, step: Callable[..., Awaitable[Any]], content: Any) -> None:
        while self._sending is not None and not self._sending.done():  # of a send that was cancelled
            await asyncio.shield(self._sending)
        if self._gone or self._end.locked():
            raise CallerGone
        self._opened = True
        self.untaken_bytes = len(content)
        self._sending = self._step(step, content)
        await asyncio.shield(self._sending)
        if self._gone:
            raise CallerGone
        self.connection.served = True
        self.connection.steps += 1
        self.untaken_bytes = 0

    def _step(self, step: Callable[..., Awaitable[Any]], *arguments: Any) -> asyncio.Future[Any]:
        """Begins a step with the caller; one who has gone meanwhile gives None."""
        future: asyncio.Future[Any] = self._loop.create_future()
        task = self._loop.create_task(self._take(future, step, arguments))
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        return future

    async def _take(
        self, future: asyncio.Future[Any], step: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]
    ) -> None:
        result = None
        try:
            result = await step(*arguments)
        except (*FAILED, asyncio.CancelledError):
            self._gone = True
        if not future.done():
            future.set_result(result)
