"""A call that came by HTTP, as the gate sees every call: bytes of protobuf in, bytes of protobuf out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lotkeeper_server.http.connection import HttpConnection
from lotkeeper_server.http.exchange import Exchange
from lotkeeper_server.transport.call import CallerGone, Carriage, Status, Stream
from lotkeeper_server.transport.loop_call import LoopCall, Metadata
from lotkeeper_server.transport.observing import MethodObserver
from lotkeeper_server.transport.stream_handling import Meetings

Result = TypeVar("Result")


class HttpCall(LoopCall):
    """A call with one request and one answer."""

    __slots__ = ("_carriage",)

    def __init__(
        self,
        method: str,
        metadata: Metadata,
        deadline_seconds: float | None,
        exchange: Exchange,
        connection: HttpConnection,
        observer: MethodObserver,
        system: str,
    ) -> None:
        """Begins; on the event loop.

        Args:
            method: its path.
            metadata: what the caller sent along.
            deadline_seconds: when the caller stops waiting, by `time.monotonic()`.
            exchange: the request.
            connection: on which it came.
            observer: is told of its begin and end.
            system: the protocol, by OpenTelemetry's name.
        """
        loop = asyncio.get_running_loop()
        super().__init__(method, metadata, deadline_seconds, loop, exchange.peer, connection.auth_context())
        self.connection = connection.caller
        self._carriage = Carriage(system, exchange.http_version)
        self.observe(observer)
        exchange.when_gone(self.leave)

    @property
    def carriage(self) -> Carriage:
        return self._carriage

    def leave(self) -> None:
        super().leave()
        self.outcome.cancel()

    def expire(self, status: Status) -> None:
        """The caller's deadline has passed: answers so, and whoever serves it is told that nobody waits."""
        with self._going:
            callback = self._take_when_gone()
        self.refuse(status)
        if callback is not None:
            callback()


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
        system: str,
    ) -> None:
        """Begins; see `through` for how messages come and go."""
        self.meetings = Meetings()
        self._receiving: asyncio.Task[bytes | None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._take: Callable[[], Awaitable[bytes | None]]
        self._give: Callable[[bytes], Awaitable[None]]
        super().__init__(method, metadata, deadline_seconds, exchange, connection, observer, system)

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
