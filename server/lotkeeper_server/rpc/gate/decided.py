"""Methods that the engine decides: a function called with bytes, answered later, by the thread that decides it.

No coroutine, no task, no wake-up of an event loop: for the most frequent calls these would cost more than the decision.
"""

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import Message

from lotkeeper_server import transport
from lotkeeper_server.access.directory import AccessSnapshot, Admission
from lotkeeper_server.domain.refusals import Code, Overloaded, Refused, ShuttingDown
from lotkeeper_server.engine.calls import End, PendingCommand
from lotkeeper_server.rpc.gate.call import Call, Submission
from lotkeeper_server.rpc.gate.doorway import Doorway, fault, parsed
from lotkeeper_server.rpc.gate.refusal_status import transport_status

_OVERLOADED: Final = transport_status(Overloaded())
_SEEN_BY_NOBODY: Final = frozenset({Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED})
"""Refused before the engine has checked the caller: that is done first, since credentials come before the shape."""


class DecidedMethod:
    """One method of the contract that the engine decides."""

    __slots__ = ("_doorway", "_permission", "_read", "_request_class", "full_name")

    def __init__(
        self,
        doorway: Doorway,
        full_name: str,
        permission: str,
        request_class: type[Message],
        read: Callable[[Any, Call], Submission],
    ) -> None:
        """Serves nothing yet.

        Args:
            doorway: what comes before every method.
            full_name: of the method.
            permission: that it needs.
            request_class: of its request.
            read: reads a request; raises Refused for its shape.
        """
        self._doorway = doorway
        self.full_name = full_name
        self._permission = permission
        self._request_class = request_class
        self._read = read

    def begin(self, request_bytes: bytes, call: transport.Call) -> None:
        """Takes in a call. Runs on the thread that brings calls."""
        doorway = self._doorway
        if doorway.engine.is_full:  # before everything else: in an overload each refusal is work, too
            call.refuse(_OVERLOADED)
            return
        doorway.calls.begin(call)
        try:
            if doorway.calls.shutting_down:
                raise Refused(ShuttingDown())
            admission = doorway.directory.admit_known(call, self._permission)
            if admission is None:
                doorway.looks.ask(lambda said: self._let_in_later(request_bytes, call, said))
            else:
                self._submit(request_bytes, call, admission, is_seen=False)
        except Refused as refused:
            self.refuse(call, refused)
        except Exception:  # the outermost border: a fault is answered, logged, and found by its id
            self.refuse(call, Refused(fault(self.full_name)))

    def refuse(self, call: transport.Call, refused: Refused) -> None:
        """Ends a call that was taken in."""
        try:
            call.refuse(transport_status(refused.refusal, refused.index))
        finally:
            self._doorway.calls.end(call)

    def answer(self, call: transport.Call, write: Callable[[Any], Message], value: Any) -> None:
        """Ends a call whose decision is durable."""
        try:
            call.answer(write(value).SerializeToString())
        except Exception:  # it is done, but cannot be answered: the caller finds it by its request id
            call.refuse(transport_status(fault(self.full_name)))
        finally:
            self._doorway.calls.end(call)

    def _let_in_later(self, request_bytes: bytes, call: transport.Call, said: AccessSnapshot | Refused) -> None:
        """Goes on after the look at the store; on a reader's thread."""
        if isinstance(said, Refused):
            self.refuse(call, said)
            return
        try:
            admission = self._doorway.directory.admit_by(said, call, self._permission)
        except Refused as refused:
            self.refuse(call, refused)
            return
        call.on_server_thread(lambda: self._submit_or_refuse(request_bytes, call, admission, is_seen=True))

    def _submit_or_refuse(
        self, request_bytes: bytes, call: transport.Call, admission: Admission, *, is_seen: bool
    ) -> None:
        try:
            self._submit(request_bytes, call, admission, is_seen=is_seen)
        except Refused as refused:
            self.refuse(call, refused)
        except Exception:  # the outermost border, as in `begin`
            self.refuse(call, Refused(fault(self.full_name)))

    def _submit(self, request_bytes: bytes, call: transport.Call, admission: Admission, *, is_seen: bool) -> None:
        """Passes a call to the engine.

        Raises:
            Refused: for the shape of its request, or where the engine takes no more calls.
        """
        caller = Call(admission, call.deadline_seconds)
        try:
            submission = self._read(parsed(self._request_class, request_bytes), caller)
        except Refused as refused:
            if is_seen or refused.refusal.code not in _SEEN_BY_NOBODY:
                raise
            self._refuse_once_seen(request_bytes, call, admission, refused.with_traceback(None))
        else:
            caller.check = submission.check
            self._doorway.engine.submit(DecidedCall(self, call, caller, submission, has_been_moved=is_seen))

    def _refuse_once_seen(
        self, request_bytes: bytes, call: transport.Call, admission: Admission, refused: Refused
    ) -> None:
        """Refuses, unless roles or tokens have changed since the caller was let in: then lets the caller in again."""

        def seen(said: AccessSnapshot | Refused) -> None:
            if isinstance(said, AccessSnapshot) and said.access_version == admission.access_version:
                self.refuse(call, refused)
            else:
                self._let_in_later(request_bytes, call, said)

        self._doorway.looks.ask(seen)


class DecidedCall(PendingCommand):
    """A call that waits for the engine."""

    __slots__ = ("_call", "_has_been_moved", "_method", "_submission")

    def __init__(
        self,
        method: DecidedMethod,
        call: transport.Call,
        caller: Call,
        submission: Submission,
        *,
        has_been_moved: bool,
    ) -> None:
        """Waits for nothing yet.

        Args:
            method: that was called.
            call: to be answered.
            caller: who calls.
            submission: what to decide, and how to answer.
            has_been_moved: whether the call has come by `on_server_thread`, which it may do once.
        """
        super().__init__(caller, submission.command)
        self._has_been_moved = has_been_moved
        self._method = method
        self._call = call
        self._submission = submission

    @property
    def is_gone(self) -> bool:
        return self._call.is_gone

    def on_bringing_thread(self, work: Callable[[], None]) -> None:
        if self._has_been_moved:
            work()
        else:
            self._has_been_moved = True
            self._call.on_server_thread(work)

    def end(self, end: End) -> None:
        try:
            self._end(end)
        except Exception:  # whoever runs the pipeline has other calls to end
            fault(self._method.full_name)

    def _end(self, end: End) -> None:
        submission = self._submission
        if not isinstance(end, Refused):
            self._method.answer(self._call, submission.write, end.value)
        elif submission.place is not None and end.index is not None:
            self._method.refuse(self._call, submission.place(end))
        else:
            self._method.refuse(self._call, end)
