"""A streaming call on gRPC's core: its handler runs on an asyncio loop, its events come on the polling thread."""

import asyncio
import time
from typing import Any

from lotkeeper_server.transport.call import ENDED_WELL, OK, CallerGone, Status, Stream, StreamHandler
from lotkeeper_server.transport.core_call import (
    NO_FLAGS,
    NO_METADATA,
    CallsInProgress,
    CoreCall,
    ReceiveMessage,
    SendInitialMetadata,
    SendMessage,
    SendStatus,
    sent,
    status_operation,
)
from lotkeeper_server.transport.observing import MethodObserver
from lotkeeper_server.transport.stream_handling import Meetings


class CoreStream(CoreCall, Stream):
    """A stream that gRPC's core has announced."""

    __slots__ = ("_all_received", "_handler", "_meetings", "_opened", "_receiving", "_sending")

    def __init__(self, event: Any, method: str, calls: CallsInProgress, observer: MethodObserver) -> None:
        self._handler: StreamHandler
        self._meetings = Meetings()
        self._opened = False  # whether the initial metadata is sent
        self._all_received = False
        self._receiving: asyncio.Future[bytes | None] | None = None
        self._sending: asyncio.Future[bool] | None = None
        super().__init__(event, method, calls, observer)

    def serve(self, handler: StreamHandler) -> None:
        """Starts the handler on the loop."""
        self._handler = handler
        self._calls.loop.call_soon_threadsafe(self._begin)

    async def receive(self) -> bytes | None:
        return await self._meetings.meet(self._receive())

    async def send(self, message: bytes) -> None:
        await self._meetings.meet(self._send(SendMessage(message, NO_FLAGS), message_bytes=len(message)))

    def answer(self, message: bytes) -> None:
        self.connection.served = True
        self.untaken_bytes = len(message)
        self._finish(ENDED_WELL, SendMessage(message, NO_FLAGS), SendStatus(NO_METADATA, OK, b"", NO_FLAGS))

    def refuse(self, status: Status) -> None:
        self._finish(status, status_operation(status))

    def _finish(self, status: Status, *operations: Any) -> None:
        if not self._gone and self._end.acquire(False):
            self.answered_since = time.monotonic()
            self._core.start_server_batch((*self._opening(), *operations), sent)
            self.tell_ended(status)

    def _opening(self) -> tuple[Any, ...]:
        if self._opened:
            return ()
        self._opened = True
        return (SendInitialMetadata(NO_METADATA, NO_FLAGS),)

    async def _receive(self) -> bytes | None:
        if self._all_received:
            return None
        if self._receiving is None:
            if self._gone:
                raise CallerGone
            message = await self._next_message()
        else:  # of a receive that was cancelled
            message = await asyncio.shield(self._receiving)
        if message is None:
            await self._confirm_end()
            self._all_received = True
        self._receiving = None
        return message

    async def _send(self, *operations: Any, message_bytes: int = 0) -> None:
        while self._sending is not None:  # of a send that was cancelled
            await asyncio.shield(self._sending)
        if self._gone or self._end.locked():
            raise CallerGone
        self.untaken_bytes = message_bytes
        self._sending = self._calls.loop.create_future()
        self._core.start_server_batch((*self._opening(), *operations), self._taken)
        if not await asyncio.shield(self._sending):
            raise CallerGone

    async def _confirm_end(self) -> None:
        """Tells a caller who has sent all from one who broke off: gRPC's core says the same of both.

        A word to a caller who broke off fails. Where the only such word, the initial metadata, has been sent already,
        the end is asked for once more: by the time that it comes, the polling thread has been told of the break.

        Raises:
            CallerGone: for one who broke off.
        """
        if not self._opened:
            await self._send()
        else:
            await self._next_message()
            await self._meetings.wait_for_break()
        if self._gone:
            raise CallerGone

    def _next_message(self) -> asyncio.Future[bytes | None]:
        self._receiving = self._calls.loop.create_future()
        self.waits_since = time.monotonic()
        self._core.start_server_batch((ReceiveMessage(NO_FLAGS),), self._received)
        return asyncio.shield(self._receiving)

    def _begin(self) -> None:
        if not self._gone:
            running = self._meetings.run(self, self._handler, self._calls.on_fault)
            task = self._calls.loop.create_task(running)
            self._calls.tasks.add(task)
            task.add_done_callback(self._calls.tasks.discard)

    def _received(self, event: Any) -> None:
        message = event.batch_operations[0].message()
        self.waits_since = 0.0
        if message is not None:
            self.connection.take(len(message))
        self._calls.loop.call_soon_threadsafe(self._give_message, message)

    def _give_message(self, message: bytes | None) -> None:
        assert self._receiving is not None
        self._receiving.set_result(message)

    def _taken(self, event: Any) -> None:
        self._calls.loop.call_soon_threadsafe(self._tell_taken, event.success)

    def _tell_taken(self, success: bool) -> None:
        assert self._sending is not None
        if success and not self._end.locked():
            self.untaken_bytes = 0
            self.connection.served = True
        self.connection.steps += 1
        self._sending.set_result(success)
        self._sending = None

    def _closed(self, event: Any) -> None:
        super()._closed(event)
        if self._gone:
            self._calls.loop.call_soon_threadsafe(self._meetings.leave)
