"""What a method knows about its call besides the request, and what it passes on if the engine decides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from lotkeeper_server.access.directory import Admission
from lotkeeper_server.access.permissions import grants
from lotkeeper_server.domain.commands import Batch, Command, Execute, ExecuteActions
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.observability.pipeline import Phases, ReadTimes
from lotkeeper_server.rpc.gate.accounts import Account
from lotkeeper_server.rpc.gate.ending import Ending
from lotkeeper_server.rpc.wire.action_permissions import action_permissions
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.within import limited_by

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
        submitted: what the engine decides for it, limited to where the caller may by the admission that it has.
        request_id: of its request, once that was read; empty for none.
        phases: of the last transaction that it was in; None where it was in none.
        reads: what it has read; None where nobody wants to know.
    """

    admission: Admission
    origin: Origin
    deadline_seconds: float | None
    check: Callable[[], None] | None = None
    ending: Ending | None = None
    account: Account | None = None
    submitted: Command | Batch | None = None
    request_id: str = ""
    phases: Phases | None = None
    reads: list[ReadTimes] | None = None

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
        """Whether the caller's roles grant it somewhere, directly or by a parent."""
        return grants(self.admission.permissions, permission)

    @property
    def scope(self) -> Scope | None:
        """Where the caller may what the method needs; None for everywhere."""
        return None if self.admission.reach is None else self.scope_of(self.admission.permission)

    def scope_of(self, permission: str) -> Scope | None:
        """Where the caller has a permission that its roles grant; None for everywhere."""
        return None if self.admission.reach is None else self.admission.reach.scope_of(permission)

    def check_everywhere(self, snapshot: Snapshot, *permissions: str) -> None:
        """Returns where the caller has what the method needs, and other permissions, without a limit to places.

        Args:
            snapshot: in which the places of a limit are looked up.
            permissions: the others; one that the caller's roles do not grant at all is looked at elsewhere.

        Raises:
            Refused: PERMISSION_DENIED.
        """
        for permission in (self.admission.permission, *permissions):
            if self.may(permission) and (scope := self.scope_of(permission)) is not None:
                raise Refused(limited_by(snapshot, scope).refusal)

    def submit(self, submission: "Submission") -> None:
        """Notes what the engine decides for it."""
        self.check = submission.check
        self.submitted = submission.command
        if self.admission.reach is not None:
            self.limit()

    def limit(self) -> None:
        """Limits what the engine decides for it to where the caller may, by the admission that it has now."""
        match self.submitted:
            case None:
                return
            case Batch(items=items):
                for item in items:
                    if isinstance(item, Execute):
                        item.scope = self.scope
            case ExecuteActions(actions=actions) as command:
                command.scope = self.scope
                for action in actions:
                    action.scope = self.scope_of(action_permissions()[action.type])
            case command:
                command.scope = self.scope


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
