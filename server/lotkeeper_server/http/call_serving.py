"""One call by HTTP, from its request to its end."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from lotkeeper_server.domain.refusals import DeadlineExceeded, Refused, ShuttingDown
from lotkeeper_server.engine.readers import PRINCIPAL
from lotkeeper_server.http import http_limits
from lotkeeper_server.http.call_protocols import CallProtocol, ConnectUnary
from lotkeeper_server.http.codecs import Converting
from lotkeeper_server.http.envelopes import Broken, Received, unpacked_or_broken
from lotkeeper_server.http.http_call import HttpCall, HttpStream
from lotkeeper_server.http.served_methods import ServedMethod
from lotkeeper_server.rpc.gate.doorway import Doorway
from lotkeeper_server.rpc.gate.refusal_status import transport_status
from lotkeeper_server.transport import CallerGone, Status, Streaming, Unary
from lotkeeper_server.transport.call import NO_MESSAGE, NO_REQUEST, OnFault, fault_status

REFUSAL_PAUSE_SECONDS: Final = 0.1
"""After so long a call is refused whose message was not looked at: whoever sends it again at once is slowed by that."""
LATE_SECONDS: Final = 0.1
"""So much after its deadline a call is answered that nobody has answered: who decides it knows better what was done."""
_LATE: Final = DeadlineExceeded(
    text="The call's deadline passed before it was answered. What it asked for may have been done: send it again under "
    "the same request id."
)


class CallServing:
    """Serves calls, on one event loop."""

    def __init__(
        self,
        doorway: Doorway,
        converting: Converting,
        hand_over: Callable[[], None],
        on_fault: OnFault,
        request_seconds: float,
    ) -> None:
        """None yet.

        Args:
            doorway: who is let in.
            converting: does what takes long.
            hand_over: called after what was brought for the engine.
            on_fault: what the caller gets for an exception of a handler.
            request_seconds: how long a caller may take to send the only message of a call.
        """
        self._doorway = doorway
        self._converting = converting
        self._hand_over = hand_over
        self._on_fault = on_fault
        self._request_seconds = request_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaiting: set[asyncio.Timeout] = set()  # of calls whose message is still to come
        self._not_come = NO_REQUEST

    def shut(self) -> None:
        """Waits no longer for messages that have not come whole: their calls would be refused anyway."""
        self._not_come = transport_status(ShuttingDown())
        self._request_seconds = http_limits.ON_ITS_WAY_SECONDS
        at_seconds = asyncio.get_running_loop().time() + http_limits.ON_ITS_WAY_SECONDS
        for awaiting in self._awaiting:
            if not awaiting.expired():
                awaiting.reschedule(at_seconds)

    async def serve_unary(self, call: HttpCall, served: ServedMethod, protocol: CallProtocol) -> None:
        """Serves a call with one message each way, to its end."""
        assert isinstance(served.method, Unary)
        call.then(self._hand_over)
        try:
            await self._bring(call, served, served.method, protocol)
            message, status = await self._outcome(call)
            if message is not None:
                message = await self._written(_principal_of(call), message, served, protocol)
        except (CallerGone, asyncio.CancelledError):
            call.leave()
            return
        except Exception as error:  # the outermost border: whatever it is, this call ends with it
            message, status = None, fault_status(self._on_fault, call.method, error)
            call.refuse(status)
        self._finish(call, protocol, message, status)

    async def serve_stream(self, stream: HttpStream, served: ServedMethod, protocol: CallProtocol) -> None:
        """Serves a call with a stream, to its end."""
        assert isinstance(served.method, Streaming)
        stream.through(
            lambda: self._next(stream, served, protocol),
            lambda message: self._give(message, served, protocol),
        )
        running = stream.meetings.run(stream, served.method.handler, self._on_fault)
        task = asyncio.get_running_loop().create_task(running, name=stream.method)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            message, status = await self._outcome(stream)
            if message is not None:
                message = await self._written(_principal_of(stream), message, served, protocol)
        except (CallerGone, asyncio.CancelledError):
            stream.leave()
            return
        self._finish(stream, protocol, message, status)

    def _finish(self, call: HttpCall, protocol: CallProtocol, message: bytes | None, status: Status) -> None:
        try:
            protocol.finish(message, status)
        except Exception as error:  # the outermost border, as above: the caller is not to wait for ever
            fault_status(self._on_fault, call.method, error)
            protocol.break_off()

    async def _bring(self, call: HttpCall, served: ServedMethod, method: Unary, protocol: CallProtocol) -> None:
        """Gives the method what the caller has sent, or ends the call."""
        if method.refusal is not None and (status := method.refusal(call)) is not None:
            await asyncio.sleep(REFUSAL_PAUSE_SECONDS)
            call.refuse(status)
            return
        try:
            received = await self._received(protocol)
        except TimeoutError:
            call.refuse(self._not_come)
            return
        except Broken as broken:
            call.refuse(broken.status)
            return
        if received is None:
            call.refuse(NO_MESSAGE)
            return
        try:
            message = await self._read(call, received, served, protocol)
        except Broken as broken:
            call.refuse(broken.status)
            return
        protocol.let_go()
        if not call.outcome.done():
            method.handler(message, call)
            self._hand_over()

    async def _received(self, protocol: CallProtocol) -> Received | None:
        """The only message of a call; None where there is none.

        Raises:
            Broken: as `receive_only`.
            CallerGone: as `receive_only`.
            TimeoutError: where it takes too long.
        """
        async with asyncio.timeout(self._request_seconds) as awaiting:
            self._awaiting.add(awaiting)
            try:
                return await protocol.receive_only()
            finally:
                self._awaiting.discard(awaiting)

    async def _read(self, call: HttpCall, received: Received, served: ServedMethod, protocol: CallProtocol) -> bytes:
        """The message as the gate takes it; what is wrong with it is for the gate to say, once it has let in who calls.

        Raises:
            Broken: where it cannot be unpacked.
        """
        is_long = len(received.data) > http_limits.CONVERTED_AT_ONCE_BYTES and protocol.codec.is_json
        call.sent_bytes_more = len(received.data)
        try:
            if not is_long and not received.is_packed:
                message = await self._converted("", received, served, protocol)
            else:
                admission = await self._doorway.looks.let_in(call, served.permission)
                with self._doorway.accounts.before_its_begin(admission):
                    message = await self._converted(admission.principal, received, served, protocol)
            call.sent_bytes_more = max(len(received.data) - len(message), 0)
            return message
        except Refused as wrong:
            call.unreadable = wrong.with_traceback(None)
            return b""

    async def _converted(
        self, principal: str, received: Received, served: ServedMethod, protocol: CallProtocol
    ) -> bytes:
        """A message of a caller who was let in, or a short one, as protobuf has it.

        Raises:
            Broken: where it cannot be unpacked.
            Refused: INVALID_ARGUMENT, where it is not the method's.
        """
        plain = packed = received.data
        if received.is_packed:
            # What comes out is not known before: it is done on a thread.
            plain = await self._converting.do(
                principal, http_limits.MESSAGE_BYTES_MAX, lambda: unpacked_or_broken(packed)
            )
        size = len(plain) if protocol.codec.is_json else 0
        return await self._converting.do(principal, size, lambda: protocol.codec.read(served.request_class, plain))

    async def _next(self, stream: HttpStream, served: ServedMethod, protocol: CallProtocol) -> bytes | None:
        """The next message of a stream, as the gate takes it."""
        try:
            received = await (protocol.receive() if served.takes_stream else protocol.receive_only())
            if received is not None and not served.takes_stream:
                protocol.begin()
            if received is None:
                return None
            message = await self._converted(PRINCIPAL.get(), received, served, protocol)
            if not served.takes_stream:
                protocol.let_go()
            return message
        except Broken as broken:
            stream.refuse(broken.status)
            raise CallerGone from None

    async def _give(self, message: bytes, served: ServedMethod, protocol: CallProtocol) -> None:
        await protocol.send(await self._written(PRINCIPAL.get(), message, served, protocol))

    async def _written(self, principal: str, message: bytes, served: ServedMethod, protocol: CallProtocol) -> bytes:
        """An answer to a principal as it takes it."""

        def written() -> bytes:
            plain = protocol.codec.write(served.response_class, message)
            return protocol.pack(plain) if isinstance(protocol, ConnectUnary) else plain

        return await self._converting.do(principal, len(message), written)

    async def _outcome(self, call: HttpCall) -> tuple[bytes | None, Status]:
        """How the call ends, at its deadline at the latest.

        Raises:
            CancelledError: where the caller has gone.
        """
        deadline_seconds = call.deadline_seconds
        if deadline_seconds is None:
            return await call.outcome
        left_seconds = max(deadline_seconds - time.monotonic(), 0.0) + LATE_SECONDS
        done, _ = await asyncio.wait([call.outcome], timeout=left_seconds)
        if not done:
            call.expire(transport_status(_LATE))
        return await call.outcome


def _principal_of(call: HttpCall) -> str:
    """Who calls, once that is known."""
    noted: Any = call.noted
    return "" if noted is None else str(noted.principal)
