"""What a method knows about its call besides the request, and what it passes on if the engine decides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from lotkeeper_server.access.directory import Admission
from lotkeeper_server.access.permissions import grants
from lotkeeper_server.domain.commands import Batch, Command
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.rpc.gate.accounts import Account
from lotkeeper_server.rpc.gate.ending import Ending

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(slots=True, eq=False)
class Call:
    """One call in progress.

    Attributes:
        admission: who calls, and with which rights; replaced when roles or tokens have changed.
        origin: what is called, and from where.
        deadline_seconds: `time.monotonic()` at which the caller gives up; None where it set no deadline.
        check: checks again what the caller needs besides the method's permission, after the admission was replaced;
            raises Refused.
        ending: ends it before its time; None where only the engine may.
        account: its principal's, once it is known that it may have one more call.
    """

    admission: Admission
    origin: Origin
    deadline_seconds: float | None
    check: Callable[[], None] | None = None
    ending: Ending | None = None
    account: Account | None = None

    @property
    def principal(self) -> str:
        """Who calls; written in `created_by`, and the owner of the request ids."""
        return self.admission.principal

    @property
    def access_version(self) -> int:
        """The version of roles and tokens when the caller was let in."""
        return self.admission.access_version

    @property
    def has_expired(self) -> bool:
        """Whether the caller's token has expired since."""
        return self.admission.has_expired

    def end(self, refused: Refused) -> None:
        """Ends a call that may be ended before its time."""
        if self.ending is not None:
            self.ending.end(refused)

    def check_ended(self) -> None:
        """Returns where the call may go on: long calls ask between their steps.

        Raises:
            Refused: UNAUTHENTICATED, PERMISSION_DENIED or STORE_UNAVAILABLE.
        """
        if self.ending is not None:
            self.ending.check()

    def may(self, permission: str) -> bool:
        """Whether the caller's roles grant it, directly or by a parent."""
        return grants(self.admission.permissions, permission)


@dataclass(slots=True)
class Submission:
    """What a method asks the engine to decide.

    Attributes:
        command: the request, read.
        write: makes the answer from the decision; for a batch from one outcome for each item.
        place: gives a refusal of one item its place in the request.
        check: becomes the call's `check`.
    """

    command: Command | Batch
    write: Callable[[Any], Message]
    place: Callable[[Refused], Refused] | None = None
    check: Callable[[], None] | None = None


def decided_by_engine(method: Method) -> Method:
    """Marks a method that reads a request and returns a `Submission`: the engine decides it, and checks the caller.

    It is called on the thread that brings the calls, and must not block.
    """
    method.decided_by_engine = True  # type: ignore[attr-defined]
    return method


def confirmed_by_engine(method: Method) -> Method:
    """Marks a coroutine whose answers all come from a transaction of the engine, which checks the caller itself."""
    method.confirmed_by_engine = True  # type: ignore[attr-defined]
    return method


def ends_with_the_server(method: Method) -> Method:
    """Marks a method whose stream does not end by itself: at shutdown it is ended, not waited for."""
    method.ends_with_the_server = True  # type: ignore[attr-defined]
    return method
