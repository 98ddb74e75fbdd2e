"""A call that came by HTTP, as the gate sees every call: bytes of protobuf in, bytes of protobuf out."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from lotkeeper_server.http.connection import HttpConnection
from lotkeeper_server.http.exchange import Exchange
from lotkeeper_server.transport.call import ENDED_WELL, Call, CallerGone, Status, Stream
from lotkeeper_server.transport.observing import MethodObserver
from lotkeeper_server.transport.stream_handling import Meetings

Result = TypeVar("Result")
Metadata = tuple[tuple[str, str | bytes], ...]


class HttpCall(Call):
    """A call with one request and one answer.

    Attributes:
        outcome: the message, if there is one, and the status that end it.
    """

    __slots__ = (
        "_after_callback",
        "_auth_context",
        "_end",
        "_exchange",
        "_going",
        "_gone",
        "_loop",
        "_when_gone",
        "outcome",
    )

    def __init__(
        self,
        method: str,
        metadata: Metadata,
        deadline_seconds: float | None,
        exchange: Exchange,
        connection: HttpConnection,
        observer: MethodObserver,
    ) -> None:
        """Begins; on the event loop.

        Args:
            method: its path.
            metadata: what the caller sent along.
            deadline_seconds: when the caller stops waiting, by `time.monotonic()`.
            exchange: the request.
            connection: on which it came.
            observer: is told of its begin and end.
        """
        self.method = method
        self.metadata = metadata
        self.deadline_seconds = deadline_seconds
        self.connection = connection.caller
        self.waits_since = self.answered_since = 0.0
        self.untaken_bytes = 0
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[tuple[bytes | None, Status]] = self._loop.create_future()
        self._exchange = exchange
        self._auth_context = connection.auth_context()
        self._gone = False
        self._end = threading.Lock()  # whoever takes it ends the call; it is never released
        self._going = threading.Lock()
        self._when_gone: Callable[[], None] | None = None
        self._after_callback: Callable[[], None] = _nothing
        self.observe(observer)
        exchange.when_gone(self.leave)

    def then(self, after_callback: Callable[[], None]) -> None:
        """Has this called after each callback on the event loop, which may have brought work."""
        self._after_callback = after_callback

    @property
    def peer(self) -> str:
        return self._exchange.peer

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        return self._auth_context

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
        def called() -> None:
            callback()
            self._after_callback()

        self._loop.call_soon_threadsafe(called)

    def answer(self, message: bytes) -> None:
        assert isinstance(message, bytes)
        self._conclude(message, ENDED_WELL)

    def refuse(self, status: Status) -> None:
        self._conclude(None, status)

    def leave(self) -> None:
        """The caller has gone, answered or not; on the event loop."""
        with self._going:
            self._gone = True
            callback, self._when_gone = self._when_gone, None
        if self._end.acquire(False):
            self.observer.ended(self, self.left())
            self.outcome.cancel()
            if callback is not None:
                callback()

    def expire(self, status: Status) -> None:
        """The caller's deadline has passed: answers so, and whoever serves it is told that nobody waits."""
        with self._going:
            callback, self._when_gone = self._when_gone, None
        self.refuse(status)
        if callback is not None:
            callback()

    def _conclude(self, message: bytes | None, status: Status) -> None:
        if not self._gone and self._end.acquire(False):
            self.answered_since = time.monotonic()
            self._loop.call_soon_threadsafe(self._set_outcome, (message, status))
            self.observer.ended(self, status)

    def _set_outcome(self, outcome: tuple[bytes | None, Status]) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class HttpStream(HttpCall, Stream):
    """A call in which one side sends many messages.

    Attributes:
        meetings: of its handler with its caller.
    """

    __slots__ = ("_give", "_receiving", "_send_message", "_sending", "_take", "meetings")

    def __init__(
        self,
        method: str,
        metadata: Metadata,
        deadline_seconds: float | None,
        exchange: Exchange,
        connection: HttpConnection,
        observer: MethodObserver,
    ) -> None:
        """Begins; see `through` for how messages come and go."""
        self.meetings = Meetings()
        self._receiving: asyncio.Task[bytes | None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._take: Callable[[], Awaitable[bytes | None]]
        self._give: Callable[[bytes], Awaitable[None]]
        super().__init__(method, metadata, deadline_seconds, exchange, connection, observer)

    def through(self, take: Callable[[], Awaitable[bytes | None]], give: Callable[[bytes], Awaitable[None]]) -> None:
        """How messages come and go.

        Args:
            take: gives the next one; None after the last.
            give: sends one.
        """
        self._take, self._give = take, give

    async def receive(self) -> bytes | None:
        return await self.meetings.meet(self._receive())

    async def send(self, message: bytes) -> None:
        await self.meetings.meet(self._send(message))

    def leave(self) -> None:
        super().leave()
        self.meetings.leave()

    def expire(self, status: Status) -> None:
        super().expire(status)
        self.meetings.leave()

    async def _receive(self) -> bytes | None:
        if self._receiving is None:
            self._receiving = self._loop.create_task(_awaited(self._take()))
        message = await asyncio.shield(self._receiving)
        self._receiving = None
        return message

    async def _send(self, message: bytes) -> None:
        if self._sending is not None:  # of a send that was cancelled
            await asyncio.shield(self._sending)
        if self._gone or self._end.locked():
            raise CallerGone
        self.untaken_bytes = len(message)
        self._sending = self._loop.create_task(_awaited(self._give(message)))
        await asyncio.shield(self._sending)
        self._sending = None
        self.untaken_bytes = 0


async def _awaited(step: Awaitable[Result]) -> Result:
    return await step


def _nothing() -> None:
    return
