"""Methods that the engine decides: a function called with bytes, answered later, by the thread that decides it.

No coroutine, no task, no wake-up of an event loop: for the most frequent calls these would cost more than the decision.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import Message

from lotkeeper_server import transport
from lotkeeper_server.access.directory import AccessSnapshot
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Batch
from lotkeeper_server.domain.refusals import Code, Refused, ShuttingDown
from lotkeeper_server.engine.calls import End, PendingCommand
from lotkeeper_server.rpc.gate.call import Call, Submission
from lotkeeper_server.rpc.gate.doorway import Doorway, fault, parsed
from lotkeeper_server.rpc.gate.origins import origin_of
from lotkeeper_server.rpc.gate.refusal_status import transport_status

ITEMS: Final = ("requests", "actions")
"""The fields in which requests have their items."""
AT_ONCE_MAX: Final = 16
"""Items of a request that are read at once; reading a thousand takes milliseconds of the thread that brings calls."""
_SEEN_BY_NOBODY: Final = frozenset({Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED})
"""Refused before the engine has checked the caller: that is done first, since credentials come before the shape."""


class DecidedMethod:
    """One method of the contract that the engine decides."""

    __slots__ = ("_doorway", "_items", "_name", "_permission", "_read", "_request_class", "full_name")

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
        self._name = full_name.rpartition(".")[2]
        self._permission = permission
        self._request_class = request_class
        self._read = read
        self._items = next((name for name in ITEMS if name in request_class.DESCRIPTOR.fields_by_name), "")

    def refusal(self, call: transport.Call) -> transport.Status | None:
        """What a caller is refused with for what its principal has waiting here, before its message is taken in."""
        doorway = self._doorway
        if not doorway.engine.is_full or doorway.calls.shutting_down:
            return None
        try:
            admission = doorway.directory.admit_known(call, self._permission)
        except Refused:
            return None  # it is refused for that
        refusal = None if admission is None else doorway.engine.refused(admission.principal)
        return None if refusal is None else transport_status(refusal)

    def begin(self, request_bytes: bytes, call: transport.Call) -> None:
        """Takes in a call. Runs on the thread that brings calls."""
        doorway = self._doorway
        doorway.calls.begin(call)
        try:
            if doorway.calls.shutting_down:
                raise Refused(ShuttingDown())
            admission = doorway.directory.admit_known(call, self._permission)
            if admission is None:
                doorway.looks.ask_for(call, lambda said: self._let_in_later(request_bytes, call, said))
            else:
                caller = Call(admission, origin_of(call, self._name), call.deadline_seconds)
                self._enter(request_bytes, call, caller, is_seen=False)
        except Refused as refused:
            self.refuse(call, refused)
        except Exception:  # the outermost border: a fault is answered, logged, and found by its id
            self.refuse(call, Refused(fault(self.full_name)))

    def refuse(self, call: transport.Call, refused: Refused, principal: str = "") -> None:
        """Ends a call that was taken in; the principal is its caller's, where that is known."""
        try:
            self._doorway.note_refused(refused, call, self._name, principal)
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
        caller = Call(admission, origin_of(call, self._name), call.deadline_seconds)
        call.on_server_thread(lambda: self._enter_or_refuse(request_bytes, call, caller))

    def _enter_or_refuse(self, request_bytes: bytes, call: transport.Call, caller: Call) -> None:
        try:
            self._enter(request_bytes, call, caller, is_seen=True)
        except Refused as refused:
            self.refuse(call, refused)
        except Exception:  # the outermost border, as in `begin`
            self.refuse(call, Refused(fault(self.full_name)))

    def _enter(self, request_bytes: bytes, call: transport.Call, caller: Call, *, is_seen: bool) -> None:
        """Goes on with a caller who is known.

        Raises:
            Refused: where its principal may have no more calls, before anything is parsed; as `_submit`.
        """
        if (refusal := self._doorway.engine.refused(caller.principal)) is not None:
            raise Refused(refusal)
        self._doorway.enter(call, caller, len(request_bytes))
        self._submit(request_bytes, call, caller, is_seen=is_seen)

    def _submit(self, request_bytes: bytes, call: transport.Call, caller: Call, *, is_seen: bool) -> None:
        """Passes a call to the engine. One with many items is read when it is its principal's turn.

        Raises:
            Refused: for the shape of its request, or where the engine takes no more calls.
        """
        try:
            request = parsed(self._request_class, request_bytes, call)
            items = len(getattr(request, self._items)) if self._items else 1
            pending = DecidedCall(self, call, caller, request, items, len(request_bytes), is_seen=is_seen)
            if not AT_ONCE_MAX < items <= limits.BATCH_ITEMS_MAX:
                pending.take_in(self.submission(request, caller))
        except Refused as refused:
            self.refuse_shape(call, caller, request_bytes, refused, is_seen=is_seen)
            return
        assert caller.account is not None
        caller.account.spend(pending.size - 1, 0)
        self._doorway.engine.submit(pending)

    def submission(self, request: Message, caller: Call) -> Submission:
        """What a request asks for.

        Raises:
            Refused: for its shape.
        """
        submission = self._read(request, caller)
        caller.submit(submission)
        return submission

    def refuse_shape(
        self, call: transport.Call, caller: Call, request_bytes: bytes, refused: Refused, *, is_seen: bool
    ) -> None:
        """Refuses for the shape of a request; the caller is checked before that, unless it has been seen."""
        if is_seen or refused.refusal.code not in _SEEN_BY_NOBODY:
            self.refuse(call, refused, caller.principal)
        else:
            self._refuse_once_seen(request_bytes, call, caller, refused.with_traceback(None))

    def _refuse_once_seen(self, request_bytes: bytes, call: transport.Call, caller: Call, refused: Refused) -> None:
        """Refuses, unless roles or tokens have changed since the caller was let in: then lets the caller in again."""

        def seen(said: AccessSnapshot | Refused) -> None:
            if isinstance(said, AccessSnapshot) and said.access_version == caller.access_version:
                self.refuse(call, refused, caller.principal)
            else:
                self._doorway.calls.begin_again(call)
                self._let_in_later(request_bytes, call, said)

        try:
            self._doorway.looks.ask_at_once(seen)
        except Refused as overloaded:  # whoever runs the pipeline has other calls
            self.refuse(call, overloaded, caller.principal)


class DecidedCall(PendingCommand):
    """A call that waits for the engine."""

    __slots__ = ("_call", "_caller", "_has_been_moved", "_is_seen", "_method", "_request", "_submission")

    def __init__(
        self,
        method: DecidedMethod,
        call: transport.Call,
        caller: Call,
        request: Message,
        size: int,
        request_bytes: int,
        *,
        is_seen: bool,
    ) -> None:
        """Waits, and is not read yet.

        Args:
            method: that is called.
            call: to be ended.
            caller: who calls.
            request: what it asks for.
            size: how many commands that is.
            request_bytes: the request's size.
            is_seen: whether the store was asked about the caller since the call began; then it has come by
                `on_server_thread`, which it may do once.
        """
        super().__init__(caller, None, size, request_bytes)
        self._caller = caller
        self._has_been_moved = is_seen
        self._method = method
        self._call = call
        self._request: Message | None = request
        self._submission: Submission
        self._is_seen = is_seen

    def take_in(self, submission: Submission) -> None:
        """Has what the request asks for decided."""
        self._submission = submission
        command = self.command = submission.command
        self._caller.request_id = "" if isinstance(command, Batch) else command.request_id or ""
        self._request = None

    def read(self) -> bool:
        request = self._request
        if request is None:
            return True
        try:
            if (given_up := self.given_up(time.monotonic())) is not None:
                self._method.refuse(self._call, given_up)
                return False
            self.take_in(self._method.submission(request, self._caller))
        except Refused as refused:
            request_bytes = request.SerializeToString()
            self._method.refuse_shape(self._call, self._caller, request_bytes, refused, is_seen=self._is_seen)
            return False
        except Exception:  # whoever runs the pipeline has other calls
            self._method.refuse(self._call, Refused(fault(self._method.full_name)))
            return False
        return True

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
        self._caller.phases = self.phases
        if not isinstance(end, Refused):
            self._method.answer(self._call, submission.write, end.value)
        elif submission.place is not None and end.index is not None:
            self._method.refuse(self._call, submission.place(end), self._caller.principal)
        else:
            self._method.refuse(self._call, end, self._caller.principal)
