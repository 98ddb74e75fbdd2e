"""Methods that are coroutines on the event loop: reads, saves, and streams in both directions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, TypeVar

from google.protobuf.message import Message

from lotkeeper_server import transport
from lotkeeper_server.domain.refusals import Code, DeadlineExceeded, InvalidArgument, Refused, ShuttingDown
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.doorway import Doorway, fault, parsed
from lotkeeper_server.rpc.gate.refusal_status import transport_status

Step = TypeVar("Step")


class AwaitedMethod:
    """One method of the contract that is a coroutine, or an asynchronous generator."""

    def __init__(
        self, doorway: Doorway, full_name: str, permission: str, request_class: type[Message], method: Any
    ) -> None:
        """Serves nothing yet.

        Args:
            doorway: what comes before every method.
            full_name: of the method.
            permission: that it needs.
            request_class: of its request.
            method: answers one.
        """
        self._doorway = doorway
        self._full_name = full_name
        self._permission = permission
        self._request_class = request_class
        self._method = method
        self._by_engine = getattr(method, "confirmed_by_engine", False)
        self._endless = getattr(method, "ends_with_the_server", False)
        self._event_loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, request_bytes: bytes, call: transport.Call) -> None:
        """Takes in a call with one request and one answer. Runs on the thread that brings calls."""
        self._doorway.calls.begin(call)
        self._event_loop.call_soon_threadsafe(self._begin_task, request_bytes, call)

    def _begin_task(self, request_bytes: bytes, call: transport.Call) -> None:
        task = self._event_loop.create_task(self._answer(request_bytes, call), name=self._full_name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def leave() -> None:
            self._event_loop.call_soon_threadsafe(task.cancel)

        call.when_gone(leave)

    async def _answer(self, request_bytes: bytes, call: transport.Call) -> None:
        caller: Call | None = None
        try:
            caller = await self._let_in(call)
            if not self._by_engine:
                await self._doorway.directory.confirm_by_read(caller, self._doorway.engine.read)
            request = parsed(self._request_class, request_bytes)
            call.answer((await self._method(request, caller)).SerializeToString())
        except Refused as refused:
            await self._refuse(call, refused, caller)
            refused.__traceback__ = None  # its frames hold the call, and may form a cycle with it
        except Exception:  # the outermost border: a fault is answered, logged, and found by its id
            call.refuse(transport_status(fault(self._full_name)))
        finally:
            self._doorway.calls.end(call)

    async def _refuse(self, call: transport.Call, refused: Refused, caller: Call | None) -> None:
        try:
            call.refuse(await self._settled(refused, caller))
        except Exception:  # the outermost border, as in `_answer`
            call.refuse(transport_status(fault(self._full_name)))

    async def give(self, stream: transport.Stream) -> None:
        """Answers one request with a stream; makes the next message once the transport has taken the last one."""
        until: Callable[[], AbstractAsyncContextManager[None]]
        until = self._doorway.calls.until_shut if self._endless else nullcontext

        async def answer(caller: Call) -> None:
            request_bytes = await self._soon(stream.receive())
            if request_bytes is None:  # no message, or half of one: it must not become another request
                raise Refused(InvalidArgument(text="The call has no message."))
            request = parsed(self._request_class, request_bytes)
            async with until(), aclosing(self._method(request, caller)) as messages:
                async for message in messages:
                    sent = stream.send(message.SerializeToString())
                    await (sent if self._endless else self._soon(sent))

        await self._stream(stream, answer)

    async def take(self, stream: transport.Stream) -> None:
        """Answers a stream of requests once; the caller can send only as fast as the method reads."""

        async def requests() -> AsyncIterator[Message]:
            while True:
                async with self._doorway.calls.until_shut():  # an unfinished upload has done nothing yet
                    piece = await self._soon(stream.receive())
                if piece is None:
                    return
                yield parsed(self._request_class, piece)

        async def answer(caller: Call) -> None:
            stream.answer((await self._method(requests(), caller)).SerializeToString())

        await self._stream(stream, answer)

    async def _stream(self, stream: transport.Stream, answer: Callable[[Call], Awaitable[None]]) -> None:
        """Lets the caller in, then answers; a refusal becomes the status, also in the middle of a stream."""
        self._doorway.calls.begin(stream)
        try:
            caller = await self._let_in(stream)
            await self._doorway.directory.confirm_by_read(caller, self._doorway.engine.read)
            await answer(caller)
        except Refused as refused:
            stream.refuse(transport_status(refused.refusal, refused.index))
            refused.__traceback__ = None
        except transport.CallerGone:
            return
        except Exception:  # the outermost border: a fault is answered, logged, and found by its id
            stream.refuse(transport_status(fault(self._full_name)))
        finally:
            self._doorway.calls.end(stream)

    async def _soon(self, step: Awaitable[Step]) -> Step:
        """Waits for a caller's next step in a file; not for long, since a caller that rests would keep others out.

        Raises:
            Refused: DEADLINE_EXCEEDED.
        """
        try:
            async with asyncio.timeout(self._doorway.rest_seconds):
                return await step
        except TimeoutError:
            raise Refused(DeadlineExceeded()) from None

    async def _let_in(self, call: transport.Call) -> Call:
        """Lets the caller in.

        Raises:
            Refused: SHUTTING_DOWN, UNAUTHENTICATED, PERMISSION_DENIED or STORE_UNAVAILABLE.
        """
        doorway = self._doorway
        if doorway.calls.shutting_down:
            raise Refused(ShuttingDown())
        admission = doorway.directory.admit_known(call, self._permission)
        if admission is None:
            said = await self._looked()
            admission = doorway.directory.admit_by(said, call, self._permission)
        return Call(admission, call.deadline_seconds)

    async def _looked(self) -> Any:
        """Reads tokens and roles from the store, together with other callers."""
        future: asyncio.Future[Any] = self._event_loop.create_future()

        def on_looked(said: Any) -> None:
            self._event_loop.call_soon_threadsafe(_set, future, said)

        self._doorway.looks.ask(on_looked)
        return await future

    async def _settled(self, refused: Refused, caller: Call | None) -> transport.Status:
        """Credentials come before the shape: a fault of shape that the engine never saw first checks the caller."""
        if caller is not None and self._by_engine and refused.refusal.code is Code.INVALID_ARGUMENT:
            try:
                await self._doorway.directory.confirm_by_read(caller, self._doorway.engine.read)
            except Refused as of_caller:
                return transport_status(of_caller.refusal)
        return transport_status(refused.refusal, refused.index)


def _set(future: "asyncio.Future[Any]", said: Any) -> None:
    if future.done():
        return
    if isinstance(said, Refused):
        future.set_exception(said)
    else:
        future.set_result(said)
