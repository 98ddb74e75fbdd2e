"""What comes before every method: who is let in, how many calls are in progress, and how callers see a fault."""

from dataclasses import dataclass, field

from google.protobuf.message import DecodeError, Message

from lotkeeper_server import transport
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.looks import Looks
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Internal, InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.surroundings import Confirm
from lotkeeper_server.rpc.gate.accounts import Accounts
from lotkeeper_server.rpc.gate.admissions import Admissions
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.calls_in_progress import CallsInProgress
from lotkeeper_server.rpc.gate.denials import Denials
from lotkeeper_server.rpc.gate.origins import origin_of
from lotkeeper_server.rpc.gate.pace import PaceLimits
from lotkeeper_server.rpc.gate.refused_callers import DENIED, RefusedCallers
from lotkeeper_server.rpc.wire.elements import has_too_many_elements
from lotkeeper_server.store.db.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Doorway:
    """The doorway of one server.

    Attributes:
        directory: says who is let in.
        looks: asks the store about callers that memory does not know.
        engine: decides commands, runs works and reads.
        calls: those in progress.
        admissions: looks again whether those who call may still.
        refused_callers: counts those who may not, for the log.
        denials: keeps them as events.
        pace: what is asked of callers that send or take a file.
        accounts: what each principal has in progress.
        notes_reads: whether what calls read is noted, for traces.
    """

    directory: Directory
    looks: Looks
    engine: Engine
    calls: CallsInProgress
    admissions: Admissions
    refused_callers: RefusedCallers
    denials: Denials
    pace: PaceLimits
    accounts: Accounts = field(default_factory=Accounts)
    notes_reads: bool = False

    def enter(self, call: transport.Call, caller: Call, request_bytes: int, *, is_stream: bool = False) -> None:
        """Notes a call that is in progress as its principal's, for one command.

        Raises:
            Refused: OVERLOADED.
        """
        call.noted = caller
        account = caller.account = self.accounts.begin(caller.admission, is_stream=is_stream)
        self.calls.when_ended(call, account.end_stream if is_stream else account.end_call)
        account.spend(1, request_bytes + call.sent_bytes_more)

    def note_refused(self, refused: Refused, call: transport.Call, method: str, principal: str) -> None:
        """Counts a refusal, where it is one of credentials or permissions.

        Args:
            refused: what the call is refused with.
            call: whose it was.
            method: its name without its service's.
            principal: who called; empty where that is not known.
        """
        if refused.refusal.code in DENIED:
            self.refused_callers.note(refused, call)
            self.denials.note(refused, origin_of(call, method), principal)


def confirm_by(directory: Directory) -> Confirm:
    """How the engine checks a caller again, in its own transaction."""

    def confirm(connection: Snapshot, caller: Call) -> None:
        directory.confirm(connection, caller)
        caller.limit()
        if caller.check is not None:
            caller.check()

    return confirm


def parsed(request_class: type[Message], request_bytes: bytes, call: transport.Call | None = None) -> Message:
    """Parses a request of a call.

    Raises:
        Refused: INVALID_ARGUMENT where the bytes are not one, or hold too many elements; what the transport says of
            them.
    """
    if call is not None and call.unreadable is not None:
        raise call.unreadable
    if len(request_bytes) > limits.MESSAGE_UNCOUNTED_BYTES_MAX and has_too_many_elements(request_class, request_bytes):
        text = f"The {request_class.DESCRIPTOR.name} has more than {limits.MESSAGE_ELEMENTS_MAX} fields and elements."
        raise Refused(InvalidArgument(text=text))
    try:
        return request_class.FromString(request_bytes)
    except DecodeError:
        text = f"The bytes are not a {request_class.DESCRIPTOR.name}."
        raise Refused(InvalidArgument(text=text)) from None


def fault(method_name: str) -> Internal:
    """Logs the exception in progress and gives the refusal that names it."""
    return logged_fault(method=method_name)
