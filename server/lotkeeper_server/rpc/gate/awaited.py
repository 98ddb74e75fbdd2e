"""Methods that are coroutines on the event loop: reads, saves, and streams in both directions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any

from google.protobuf.message import Message

from lotkeeper_server import transport
from lotkeeper_server.domain.refusals import Code, InvalidArgument, Refused, ShuttingDown
from lotkeeper_server.engine.readers import CALLER, PRINCIPAL
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.doorway import Doorway, fault, parsed
from lotkeeper_server.rpc.gate.ending import Ending
from lotkeeper_server.rpc.gate.origins import origin_of
from lotkeeper_server.rpc.gate.paced_stream import PacedStream
from lotkeeper_server.rpc.gate.refusal_status import transport_status


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
        self._name = full_name.rpartition(".")[2]
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
            caller = await self._let_in(call, len(request_bytes))
            if not self._by_engine:
                await self._doorway.directory.confirm_by_read(caller, self._doorway.engine.read)
            request = parsed(self._request_class, request_bytes, call)
            caller.request_id = getattr(request, "request_id", "")
            if self._by_engine:
                response = await self._method(request, caller)
            else:
                with self._doorway.admissions.kept(caller):
                    response = await self._method(request, caller)
                    caller.check_ended()  # a read has no effect that would have to be told
            answer_bytes = response.SerializeToString()
            self._spend(caller, len(answer_bytes))
            call.answer(answer_bytes)
        except Refused as refused:
            await self._refuse(call, refused, caller)
            refused.__traceback__ = None  # its frames hold the call, and may form a cycle with it
        except Exception:  # the outermost border: a fault is answered, logged, and found by its id
            call.refuse(transport_status(fault(self._full_name)))
        finally:
            self._doorway.calls.end(call)

    async def _refuse(self, call: transport.Call, refused: Refused, caller: Call | None) -> None:
        try:
            call.refuse(await self._settled(call, refused, caller))
        except Exception:  # the outermost border, as in `_answer`
            call.refuse(transport_status(fault(self._full_name)))

    async def give(self, stream: transport.Stream) -> None:
        """Answers one request with a stream; makes the next message once the transport has taken the last one."""
        until: Callable[[], AbstractAsyncContextManager[None]]
        until = self._doorway.calls.until_shut if self._endless else nullcontext

        async def answer(caller: Call, ending: Ending) -> None:
            paced = PacedStream(stream, ending, self._doorway.pace)
            async with self._doorway.calls.until_shut():  # a call that asks for nothing yet
                request_bytes = await paced.receive()
            if request_bytes is None:  # no message, or half of one: it must not become another request
                raise Refused(InvalidArgument(text="The call has no message."))
            request = parsed(self._request_class, request_bytes, stream)
            caller.request_id = getattr(request, "request_id", "")
            async with until(), ending.possible(), aclosing(self._method(request, caller)) as messages:
                async for message in messages:
                    data = message.SerializeToString()
                    await self._paced(caller, len(data))
                    await (stream.send(data) if self._endless else paced.send(data))

        await self._stream(stream, answer)

    async def take(self, stream: transport.Stream) -> None:
        """Answers a stream of requests once; the caller can send only as fast as the method reads."""

        async def answer(caller: Call, ending: Ending) -> None:
            paced = PacedStream(stream, ending, self._doorway.pace)

            async def requests() -> AsyncIterator[Message]:
                while True:
                    async with self._doorway.calls.until_shut():  # an unfinished upload has done nothing yet
                        piece = await paced.receive()
                    if piece is None:
                        return
                    await self._paced(caller, len(piece))
                    request = parsed(self._request_class, piece, stream)
                    paced.note_received(len(getattr(request, "data", b"")))
                    yield request

            stream.answer((await self._method(requests(), caller)).SerializeToString())

        await self._stream(stream, answer)

    async def _stream(self, stream: transport.Stream, answer: Callable[[Call, Ending], Awaitable[None]]) -> None:
        """Lets the caller in, then answers; a refusal becomes the status, also in the middle of a stream."""
        self._doorway.calls.begin(stream)
        caller: Call | None = None
        try:
            caller = await self._let_in(stream, 0, is_stream=True)
            await self._doorway.directory.confirm_by_read(caller, self._doorway.engine.read)
            assert caller.ending is not None
            with self._doorway.admissions.kept(caller):
                await answer(caller, caller.ending)
        except Refused as refused:
            principal = "" if caller is None else caller.principal
            self._doorway.note_refused(refused, stream, self._name, principal)
            stream.refuse(transport_status(refused.refusal, refused.index))
            refused.__traceback__ = None
        except transport.CallerGone:
            return
        except Exception:  # the outermost border: a fault is answered, logged, and found by its id
            stream.refuse(transport_status(fault(self._full_name)))
        finally:
            self._doorway.calls.end(stream)

    async def _paced(self, caller: Call, byte_count: int) -> None:
        """Goes on with a piece of a stream once the caller's rate allows that: a stream is slowed, never refused."""
        self._spend(caller, byte_count)
        account = caller.account
        if account is not None and account.allowance.has_rates and (wait_seconds := account.wait_seconds()) > 0:
            await asyncio.sleep(wait_seconds)

    def _spend(self, caller: Call, byte_count: int) -> None:
        if caller.account is not None:
            caller.account.spend(0, byte_count)

    async def _let_in(self, call: transport.Call, request_bytes: int, *, is_stream: bool = False) -> Call:
        """Lets the caller in; from now on the coroutine reads in the turn of its principal, and what it may see.

        Raises:
            Refused: SHUTTING_DOWN, UNAUTHENTICATED, PERMISSION_DENIED, OVERLOADED or STORE_UNAVAILABLE.
        """
        doorway = self._doorway
        if doorway.calls.shutting_down:
            raise Refused(ShuttingDown())
        admission = await doorway.looks.let_in(call, self._permission)
        caller = Call(admission, origin_of(call, self._name), call.deadline_seconds, ending=Ending())
        if doorway.notes_reads:
            caller.reads = []
        doorway.enter(call, caller, request_bytes, is_stream=is_stream)
        PRINCIPAL.set(caller.principal)
        CALLER.set(caller)
        return caller

    async def _settled(self, call: transport.Call, refused: Refused, caller: Call | None) -> transport.Status:
        """Credentials come before the shape: a fault of shape that the engine never saw first checks the caller."""
        if caller is not None and self._by_engine and refused.refusal.code is Code.INVALID_ARGUMENT:
            try:
                await self._doorway.directory.confirm_by_read(caller, self._doorway.engine.read)
            except Refused as of_caller:
                refused = of_caller
        self._doorway.note_refused(refused, call, self._name, "" if caller is None else caller.principal)
        return transport_status(refused.refusal, refused.index)
