"""A streaming call on gRPC's core: its handler runs on an asyncio loop, its events come on the polling thread."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from lotkeeper_server.transport.call import ENDED_WELL, LOST, OK, CallerGone, Status, Stream, StreamHandler
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

GONE_WAIT_SECONDS: Final = 0.02
"""So long a stream that both sides use looks whether its end was a break: that is told right after it."""


class CoreStream(CoreCall, Stream):
    """A stream that gRPC's core has announced."""

    __slots__ = ("_all_received", "_handler", "_left", "_opened", "_receiving", "_sending", "_task")

    def __init__(self, event: Any, method: str, calls: CallsInProgress) -> None:
        self._handler: StreamHandler
        self._opened = False  # whether the initial metadata is sent
        self._all_received = False
        self._receiving: asyncio.Future[bytes | None] | None = None
        self._sending: asyncio.Future[bool] | None = None
        self._left: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        super().__init__(event, method, calls)

    def serve(self, handler: StreamHandler) -> None:
        """Starts the handler on the loop."""
        self._handler = handler
        self._calls.loop.call_soon_threadsafe(self._begin)

    async def receive(self) -> bytes | None:
        if self._receiving is None:
            if self._gone:
                raise CallerGone
            if self._all_received:
                return None
            self._receiving = self._calls.loop.create_future()
            self._core.start_server_batch((ReceiveMessage(NO_FLAGS),), self._received)
        message = await asyncio.shield(self._receiving)
        if message is None:
            await self._confirm_end()
            self._all_received = True
        self._receiving = None
        return message

    async def send(self, message: bytes) -> None:
        while self._sending is not None:  # of a send that was cancelled
            await asyncio.shield(self._sending)
        await self._start_sending(SendMessage(message, NO_FLAGS))

    def answer(self, message: bytes) -> None:
        self._finish(SendMessage(message, NO_FLAGS), SendStatus(NO_METADATA, OK, b"", NO_FLAGS))

    def refuse(self, status: Status) -> None:
        self._finish(status_operation(status))

    def _finish(self, *operations: Any) -> None:
        if not self._gone and self._end.acquire(False):
            self._core.start_server_batch((*self._opening(), *operations), sent)

    def _opening(self) -> tuple[Any, ...]:
        if self._opened:
            return ()
        self._opened = True
        return (SendInitialMetadata(NO_METADATA, NO_FLAGS),)

    async def _start_sending(self, *operations: Any) -> None:
        """Sends, and returns once it is taken.

        Raises:
            CallerGone: where it is not.
        """
        if self._gone or self._end.locked():
            raise CallerGone
        self._sending = self._calls.loop.create_future()
        self._core.start_server_batch((*self._opening(), *operations), self._taken)
        if not await asyncio.shield(self._sending):
            raise CallerGone

    async def _confirm_end(self) -> None:
        """Tells a caller who has sent all from one who broke off: gRPC's core says the same of both.

        A word to a caller who broke off fails. Where the only such word, the initial metadata, has been sent already,
        the break itself is waited for; it follows at once.

        Raises:
            CallerGone: for one who broke off.
        """
        if not self._opened:
            await self._start_sending()
        else:
            self._left = asyncio.Event()
            try:
                async with asyncio.timeout(GONE_WAIT_SECONDS):
                    await self._left.wait()
            except TimeoutError:
                pass
        if self._gone:
            raise CallerGone

    def _begin(self) -> None:
        if self._gone:
            return
        self._task = self._calls.loop.create_task(self._run())
        self._calls.tasks.add(self._task)
        self._task.add_done_callback(self._calls.tasks.discard)

    async def _run(self) -> None:
        try:
            await self._handler(self)
        except CallerGone:
            return
        except asyncio.CancelledError:
            self.refuse(LOST)  # to a caller who is gone it says nothing
            raise
        except Exception as error:  # a border: whatever it is, this call ends with it
            self.refuse(self._calls.on_fault(self.method, error))
        else:
            self.refuse(ENDED_WELL)
        finally:
            self._task = None

    def _received(self, event: Any) -> None:
        self._on_loop(self._give_message, event.batch_operations[0].message())

    def _give_message(self, message: bytes | None) -> None:
        assert self._receiving is not None
        self._receiving.set_result(message)

    def _taken(self, event: Any) -> None:
        self._on_loop(self._tell_taken, event.success)

    def _tell_taken(self, success: bool) -> None:
        assert self._sending is not None
        self._sending.set_result(success)
        self._sending = None

    def _closed(self, event: Any) -> None:
        super()._closed(event)
        if self._gone:
            self._on_loop(self._leave)

    def _leave(self) -> None:
        """The caller is gone: whoever waits for it is told by the batches that end; all else is cancelled."""
        if self._left is not None:
            self._left.set()
        waits = self._receiving is not None or self._sending is not None
        if self._task is not None and not waits:
            self._task.cancel()

    def _on_loop(self, callback: Callable[..., None], *arguments: Any) -> None:
        self._calls.loop.call_soon_threadsafe(callback, *arguments)
