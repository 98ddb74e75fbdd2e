"""A call in progress, and what serves it: the same for every server of this package."""

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.transport.observing import MethodObserver

if TYPE_CHECKING:
    from lotkeeper_server.transport.connections import Connection

DETAILS_KEY: Final = "grpc-status-details-bin"
"""The trailer that carries a serialized google.rpc.Status."""
OK: Final = 0
CANCELLED: Final = 1
INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
NOT_FOUND: Final = 5
RESOURCE_EXHAUSTED: Final = 8
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Status:
    """How a call ends.

    Attributes:
        code: gRPC's number; 0 is OK.
        message: for the reader.
        details: a serialized google.rpc.Status, or None.
        reason: what the call was refused for, in one word, for whoever observes; empty where there is none.
        limit: which limit it has passed; empty for none.
        observed: what whoever observes is told in its place; None for the status itself. It differs where what the
            caller reads is not whose fault the end was.
    """

    code: int
    message: str = ""
    details: bytes | None = None
    reason: str = ""
    limit: str = ""
    observed: "Status | None" = None


@dataclass(frozen=True, slots=True)
class Carriage:
    """How a call came.

    Attributes:
        system: the protocol, by OpenTelemetry's name: `grpc`, `connectrpc`.
        http_version: `1.1`, `2`; empty for gRPC's own port, where it is always the same.
    """

    system: str
    http_version: str = ""


GRPC: Final = Carriage("grpc")
ENDED_WELL: Final = Status(OK)
NO_MESSAGE: Final = Status(INVALID_ARGUMENT, "The call has no message.")
NO_REQUEST: Final = Status(DEADLINE_EXCEEDED, "The call's message did not come in time.")
LOST: Final = Status(UNAVAILABLE, "The server gave up the call.")
CALLER_GONE: Final = Status(CANCELLED, "The caller has gone.")
CALLER_LATE: Final = Status(DEADLINE_EXCEEDED, "The caller has given up.")
CONNECTION_ENDED: Final = Status(
    UNAVAILABLE,
    "The connection has passed a limit and is ended.",
    observed=Status(CANCELLED, "The caller's connection has passed a limit and is ended."),
)
"""Whoever still reads it may call again on another connection; it is no fault of the server, nor counted as one."""


class CallerGone(Exception):
    """The caller broke off: nobody takes an answer any more."""


class Call(ABC):
    """One call in progress.

    Attributes:
        method: `/package.Service/Method`.
        metadata: what the caller sent along; values of keys that end in `-bin` are bytes.
        deadline_seconds: when the caller stops waiting, by `time.monotonic()`; None is never.
        connection: on which it came.
        waits_since: `time.monotonic()` since when its next message is waited for; 0.0 if none is.
        answered_since: `time.monotonic()` of its end, which its caller has not taken yet; 0.0 before that.
        untaken_bytes: of the message that its caller has not taken yet.
        begun_seconds: `time.monotonic()` of its announcement.
        observer: is told of its end.
        noted: what whoever serves it knows of it, for whoever observes it; None for nothing.
        sent_bytes_more: how much longer its message was as its caller has sent it.
        unreadable: why its message cannot be read: raised where it would be parsed, once its caller was let in; None
            where it can be tried.
    """

    __slots__ = (
        "__weakref__",
        "answered_since",
        "begun_seconds",
        "connection",
        "deadline_seconds",
        "metadata",
        "method",
        "noted",
        "observer",
        "sent_bytes_more",
        "unreadable",
        "untaken_bytes",
        "waits_since",
    )

    is_unary: ClassVar[bool] = True
    method: str
    metadata: tuple[tuple[str, str | bytes], ...]
    deadline_seconds: float | None
    connection: "Connection"
    waits_since: float
    answered_since: float
    untaken_bytes: int
    begun_seconds: float
    observer: MethodObserver
    noted: object | None
    sent_bytes_more: int
    unreadable: Exception | None

    def observe(self, observer: MethodObserver) -> None:
        """It begins; the observer is told."""
        self.observer = observer
        self.noted = None
        self.sent_bytes_more = 0
        self.unreadable = None
        self.begun_seconds = time.monotonic()
        observer.begun()

    def tell_ended(self, status: Status) -> None:
        """Tells the observer how it ended; once, after `answered_since` is set."""
        self.observer.ended(self, status.observed or status)

    def left(self) -> Status:
        """How it ended whose caller has gone before it was answered."""
        self.answered_since = time.monotonic()
        is_late = self.deadline_seconds is not None and self.answered_since >= self.deadline_seconds
        return CALLER_LATE if is_late else CALLER_GONE

    @property
    @abstractmethod
    def peer(self) -> str:
        """The caller's address as gRPC writes it, `ipv4:127.0.0.1:50000`."""

    @property
    def carriage(self) -> Carriage:
        """How it came."""
        return GRPC

    @abstractmethod
    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """What TLS proved of the caller, by the names of gRPC's authentication context: its certificate and its names.

        While the call is in progress only.
        """

    @property
    @abstractmethod
    def is_gone(self) -> bool:
        """Whether nobody waits any more: cancelled, reset, past its deadline, or without its connection."""

    @abstractmethod
    def when_gone(self, callback: Callable[[], None]) -> None:
        """Has the callback called once the caller is gone, on the server's thread; at once if that is so already.

        It is not called once the call has been answered or refused. A second callback takes the place of the first.
        It must not block.
        """

    @abstractmethod
    def on_server_thread(self, callback: Callable[[], None]) -> None:
        """Has the callback called on the server's thread, soon; from any thread, once a call, before its end.

        It is called also where the caller has gone meanwhile.
        """

    @abstractmethod
    def answer(self, message: bytes) -> None:
        """Ends the call with one message and OK.

        Of a unary call from any thread, of a stream on its loop. Only the first end of a call counts, and after the
        caller has gone this does nothing.
        """

    @abstractmethod
    def refuse(self, status: Status) -> None:
        """Ends the call with a status; as `answer`."""


class Stream(Call):
    """A call in which one side or both send many messages. Used on its asyncio loop only."""

    __slots__ = ()

    is_unary: ClassVar[bool] = False

    @abstractmethod
    async def receive(self) -> bytes | None:
        """The next message; None once the caller has sent all.

        It may be cancelled and called again: no message is lost.

        Raises:
            CallerGone: where the caller broke off instead.
        """

    @abstractmethod
    async def send(self, message: bytes) -> None:
        """Returns once the transport has taken the message; so a slow reader holds back the sender.

        If it is cancelled the message may be sent all the same.

        Raises:
            CallerGone: where nobody takes it.
        """

    def finish(self, status: Status = ENDED_WELL) -> None:
        """Ends the call, also while the caller still sends. A handler that returns without has ended it with OK."""
        self.refuse(status)


UnaryHandler = Callable[[bytes, Call], None]
"""Takes a request on the server's thread; must not block. The call is answered later, from any thread."""
StreamHandler = Callable[[Stream], Awaitable[None]]
"""Serves a stream, as a task on the server's loop.

When the caller goes, `receive` or `send` raises CallerGone if the handler waits there; else the task is cancelled.
"""
OnFault = Callable[[str, Exception], Status]
"""Takes a method and what its handler raised; gives the status that the caller gets."""
WhenQuiet = Callable[[], float | None]
"""Is called on the server's thread whenever there is no event, and after many events without a pause.

Returns:
    How many seconds to wait for an event at the most: 0.0 for the shortest wait there is, less not to wait at all; None
    to wait for an event. After many events there is no wait.
"""


@dataclass(frozen=True, slots=True)
class Unary:
    """A method with one request and one answer.

    Attributes:
        handler: serves a call.
        refusal: says, of a call that is announced, whether it is refused before its message has been looked at: the
            status, or None. For whoever has too much to do already. Not every server of this package asks it, and it
            must not raise.
    """

    handler: UnaryHandler
    refusal: Callable[[Call], Status | None] | None = None


@dataclass(frozen=True, slots=True)
class Streaming:
    """A method where one side or both stream."""

    handler: StreamHandler


def logged_fault(method: str, error: Exception) -> Status:
    """Logs a fault; the caller learns only that there was one."""
    _log.error("fault", method=method, exc_info=error)
    return Status(INTERNAL, "The server has a fault.")


def fault_status(on_fault: OnFault, method: str, error: Exception) -> Status:
    """What the caller gets for a fault, also where `on_fault` has one itself."""
    try:
        return on_fault(method, error)
    except Exception as second:  # a border: this call ends with it, nothing else
        return logged_fault(method, second)
