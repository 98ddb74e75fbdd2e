"""A unary call on gRPC's core.

Each call has three batches: one that completes when the call is over, one for its message, one for its end. The first
one's tag is a method of the call, so the call stays until gRPC's core has said that it is over, and no longer.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lotkeeper_server.transport.call import (
    DETAILS_KEY,
    ENDED_WELL,
    NO_MESSAGE,
    OK,
    Call,
    OnFault,
    Status,
    UnaryHandler,
    fault_status,
)
from lotkeeper_server.transport.connections import Connections
from lotkeeper_server.transport.core_names import cygrpc
from lotkeeper_server.transport.observing import MethodObserver

NO_FLAGS: Final = 0
NO_METADATA: Final[tuple[tuple[str, str | bytes], ...]] = ()
NEVER_SECONDS: Final = 1e11
"""A deadline beyond this is none: gRPC's core has one for every call."""

ReceiveClose: Final = cygrpc.ReceiveCloseOnServerOperation
ReceiveMessage: Final = cygrpc.ReceiveMessageOperation
SendInitialMetadata: Final = cygrpc.SendInitialMetadataOperation
SendMessage: Final = cygrpc.SendMessageOperation
SendStatus: Final = cygrpc.SendStatusFromServerOperation


class CallsInProgress:
    """What the calls of one server share.

    Attributes:
        connections: on which they came.
        count: calls that gRPC's core still has; changed on the polling thread only.
        loop: where streams are served.
        on_fault: what a handler's exception becomes.
        going: held where a call's callback for its caller's going is set or taken.
        tasks: of the streams; asyncio itself holds them weakly.
    """

    __slots__ = ("connections", "count", "going", "loop", "on_fault", "tasks")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_fault: OnFault, connections: Connections) -> None:
        self.connections = connections
        self.count = 0
        self.loop = loop
        self.on_fault = on_fault
        self.going = threading.Lock()
        self.tasks: set[asyncio.Task[None]] = set()


def sent(_event: Any) -> None:
    """The tag of a batch that nobody waits for."""


def status_operation(status: Status) -> Any:
    """What sends a status."""
    trailers = NO_METADATA if status.details is None else ((DETAILS_KEY, status.details),)
    return SendStatus(trailers, status.code, status.message, NO_FLAGS)


class CoreCall(Call):
    """A call that gRPC's core has announced."""

    __slots__ = ("_calls", "_core", "_end", "_gone", "_opened", "_when_gone")

    def __init__(self, event: Any, method: str, calls: CallsInProgress, observer: MethodObserver) -> None:
        """Begins to listen for the end of the call. On the polling thread.

        Args:
            event: the RequestCallEvent.
            method: its path.
            calls: what it shares with others.
            observer: is told of its begin and end.
        """
        self.method = method
        self.metadata = event.invocation_metadata
        deadline = event.call_details.deadline
        self.deadline_seconds = None if deadline > NEVER_SECONDS else deadline - time.time() + time.monotonic()
        self._core = event.call
        self._calls = calls
        self._gone = False
        self._opened = False  # whether the headers have been sent
        self._end = threading.Lock()  # whoever takes it ends the call; it is never released
        self._when_gone: Callable[[], None] | None = None
        self.waits_since = self.answered_since = 0.0
        self.untaken_bytes = 0
        self.connection = calls.connections.begin(self, self._core.peer())
        calls.count += 1
        self.observe(observer)
        self._core.start_server_batch((ReceiveClose(NO_FLAGS),), self._closed)

    @property
    def peer(self) -> str:
        return self.connection.peer.decode(errors="replace")  # gRPC's core forgets it once the connection is gone

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        return {key.decode(): values for key, values in (cygrpc.auth_context(self._core) or {}).items()}

    @property
    def is_gone(self) -> bool:
        return self._gone or (self.deadline_seconds is not None and time.monotonic() > self.deadline_seconds)

    def when_gone(self, callback: Callable[[], None]) -> None:
        with self._calls.going:
            if not self._gone:
                self._when_gone = callback
                return
        callback()

    def on_server_thread(self, callback: Callable[[], None]) -> None:
        # Nothing else wakes whoever polls the queue: the headers go out now, and that they did is an event.
        self._opened = True
        self._core.start_server_batch((SendInitialMetadata(NO_METADATA, NO_FLAGS),), lambda _event: callback())

    def answer(self, message: bytes) -> None:
        # Made before the end is taken: what is not bytes fails here, and the call may still be refused.
        ending = (SendMessage(message, NO_FLAGS), SendStatus(NO_METADATA, OK, b"", NO_FLAGS))
        if not self._gone and self._end.acquire(False):
            self.untaken_bytes, self.answered_since = len(message), time.monotonic()
            self.connection.served = True
            self._core.start_server_batch((*self._opening(), *ending), sent)
            self.tell_ended(ENDED_WELL)

    def refuse(self, status: Status) -> None:
        if not self._gone and self._end.acquire(False):
            self.answered_since = time.monotonic()
            self._core.start_server_batch((*self._opening(), status_operation(status)), sent)
            self.tell_ended(status)

    def _opening(self) -> tuple[Any, ...]:
        return () if self._opened else (SendInitialMetadata(NO_METADATA, NO_FLAGS),)

    def _closed(self, event: Any) -> None:
        """The call is over, answered or not. On the polling thread."""
        cancelled = event.batch_operations[0].cancelled()
        self._calls.count -= 1
        self._calls.connections.end(self, cancelled=cancelled)
        with self._calls.going:
            callback, self._when_gone = self._when_gone, None
            if not cancelled:
                return
            self._gone = True
        if self._end.acquire(False):
            self.tell_ended(self.left())
            if callback is not None:
                callback()


class CoreUnaryCall(CoreCall):
    """A call with one request."""

    __slots__ = ("_handler",)

    def serve(self, handler: UnaryHandler) -> None:
        """Asks for the request; the handler gets it."""
        self._handler = handler
        self.waits_since = time.monotonic()
        self._core.start_server_batch((ReceiveMessage(NO_FLAGS),), self._received)

    def _received(self, event: Any) -> None:
        message = event.batch_operations[0].message()
        self.waits_since = 0.0
        if message is None:
            self.refuse(NO_MESSAGE)
        elif not self._gone and not self._end.locked():  # else it came too late
            self.connection.take(len(message))
            try:
                self._handler(message, self)
            except Exception as error:  # a border: whatever it is, this call ends with it
                self.refuse(fault_status(self._calls.on_fault, self.method, error))
