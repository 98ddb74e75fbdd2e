"""Calls that wait for a transaction, and what comes of them.

What happens to a call is a value: it is answered, refused, decided again, or held until another transaction has ended.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from lotkeeper_server.domain.commands import Batch, Command, ExecuteActions
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Cancelled, DeadlineExceeded, Refused
from lotkeeper_server.observability.pipeline import Phases, ReadTimes
from lotkeeper_server.store.db.transaction import Transaction


@dataclass(slots=True)
class Answered:
    """A call that took effect, once that is durable.

    Attributes:
        value: of a command its `Answer`; of a batch one `Answer` or refusal for each item; of a work what it returned.
    """

    value: Any


class Waits(Enum):
    """What happens to a call that has not ended yet."""

    AGAIN = "again"
    """Nothing was done for it, and it is decided once more, at once."""
    HELD = "held"
    """Another transaction holds what it needs; it is decided again after a pause."""


End = Answered | Refused
"""How a call ends."""
Result = Answered | Refused | Waits
AGAIN: Final = Waits.AGAIN
HELD: Final = Waits.HELD


class Caller(Protocol):
    """What the engine knows of who calls."""

    @property
    def principal(self) -> str:
        """Who it is: principals take turns."""

    @property
    def origin(self) -> Origin:
        """What was called, and from where; for the event that tells of it."""

    @property
    def deadline_seconds(self) -> float | None:
        """On the loop's clock, when it gives up; None where it set no deadline."""

    @property
    def access_version(self) -> int | None:
        """The version of roles and tokens by which it was let in; None for the server itself, which may always."""

    @property
    def has_expired(self) -> bool:
        """Whether its token has expired since."""

    @property
    def scope(self) -> Scope | None:
        """Where it may what it calls; None for everywhere."""

    phases: Phases | None
    """Of the last transaction that its call was in."""
    reads: list[ReadTimes] | None
    """What its call has read; None where nobody wants to know."""


class PendingCall(ABC):
    """A call that waits for its answer.

    Attributes:
        caller: who calls.
        held_since_seconds: since when other transactions have held what it needs; 0 where none has.
        held_for: the lot that it was put back for the last time; empty for none, or where that is not known.
        again_at_seconds: when to try it again.
        pause_seconds: how long it waited the last time.
        apart: whether it is to have a transaction to itself.
        added_seconds: when it was added to those that wait; 0 before that.
        phases: of the last transaction that it was in; None before one.
    """

    __slots__ = (
        "added_seconds",
        "again_at_seconds",
        "apart",
        "caller",
        "held_for",
        "held_since_seconds",
        "pause_seconds",
        "phases",
    )

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.held_since_seconds = 0.0
        self.held_for = ""
        self.again_at_seconds = 0.0
        self.pause_seconds = 0.0
        self.apart = False
        self.added_seconds = 0.0
        self.phases: Phases | None = None

    @property
    def size(self) -> int:
        """How many commands it holds."""
        return 1

    @property
    @abstractmethod
    def is_gone(self) -> bool:
        """Whether its caller has gone."""

    @abstractmethod
    def end(self, end: End) -> None:
        """Answers it, or refuses it; called once, from any thread."""

    def on_bringing_thread(self, work: Callable[[], None]) -> None:
        """Has the work done on the thread that brings calls, soon; here and now where there is none."""
        work()

    def given_up(self, now_seconds: float) -> Refused | None:
        """Why nobody waits for it any more, if so."""
        deadline_seconds = self.caller.deadline_seconds
        if deadline_seconds is not None and deadline_seconds <= now_seconds:
            return Refused(DeadlineExceeded())
        return Refused(Cancelled()) if self.is_gone else None


class PendingCommand(PendingCall):
    """A command or batch to decide, together with others.

    Attributes:
        command: what to decide; to be asked for only once `read` has said that it is there.
        request_bytes: the size of its request.
    """

    __slots__ = ("_size", "command", "request_bytes")

    command: Command | Batch

    def __init__(
        self, caller: Caller, command: Command | Batch | None, size: int | None = None, request_bytes: int = 0
    ) -> None:
        """Waits.

        Args:
            caller: who calls.
            command: what to decide; None where `read` will make it.
            size: how many commands it holds; needed where the command is not there yet.
            request_bytes: the size of its request.
        """
        super().__init__(caller)
        if command is not None:
            self.command = command
            size = size_of(command) if size is None else size
        assert size is not None
        self._size = size
        self.request_bytes = request_bytes

    @property
    def size(self) -> int:
        return self._size

    def read(self) -> bool:
        """Makes the command where that was put off until its turn; False where the call has ended by that."""
        return True


class PendingWork(PendingCall):
    """A piece of work that has a transaction to itself."""

    __slots__ = ("work",)

    def __init__(self, caller: Caller, work: Callable[[Transaction], Any]) -> None:
        super().__init__(caller)
        self.work = work
        self.apart = True


def size_of(command: Command | Batch) -> int:
    """How many commands or actions it holds."""
    if isinstance(command, Batch):
        return len(command.items)
    return len(command.actions) if isinstance(command, ExecuteActions) else 1
