"""What a call can raise in place of an answer.

LotkeeperError
├── InvalidArgument        the request is malformed, or names what does not fit
├── NotFound               something that it names does not exist
├── AlreadyExists          a unique name is taken
├── FailedPrecondition     the plant's state forbids it: not enough stock, a held lot ...
├── OutOfRange             a quantity would be too large; what was asked for is archived
├── Aborted                an old version, or contention; read again, or retry
├── Unauthenticated        no valid token
├── PermissionDenied       the token's roles do not grant it
├── ResourceExhausted      the server is overloaded; retry later
├── Unavailable            the server or its store cannot be reached
├── DeadlineExceeded       no answer in time; a retry with the same request_id shows what was done
├── Cancelled              given up
│   └── ClientClosed       by this client, which was closed
├── WrongEventLoop         the AsyncClient belongs to another event loop
└── Internal               a fault of the server; its log has the error_id
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf import duration_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from lotkeeper._reasons import Reason

RETRY_AFTER_SECONDS_MAX: Final = 3_600.0
"""No server is waited for longer before it is asked again, whatever it says."""


@dataclass(frozen=True)
class FieldViolation:
    """One wrong field of the request.

    Attributes:
        field: by its proto path (`requests[3].quantity`).
        description: what is wrong, for people.
        reason: the same for programs: a `FieldReason`, or where the request itself is not wrong a `Reason` such as
            LOT_NOT_FOUND. Empty from a server that does not say it.
    """

    field: str
    description: str
    reason: str = ""


class LotkeeperError(Exception):
    """A call that was refused or failed.

    Attributes:
        code: the gRPC status code.
        reason: why it was refused, to be compared with a `Reason`; a text, since there may be new ones. Empty if gRPC
            itself failed.
        message: a sentence for people.
        metadata: the values concerned, as texts.
        field_violations: the wrong fields of the request.
        retry_after_seconds: after how long a retry makes sense, if the server says so.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        metadata: dict[str, str] | None = None,
        field_violations: tuple[FieldViolation, ...] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(f"{reason or code.name}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = metadata or {}
        self.field_violations = field_violations
        self.retry_after_seconds = retry_after_seconds

    def saying(self, message: str, field_violations: tuple[FieldViolation, ...]) -> LotkeeperError:
        """The same error in other words, whatever its class is made with."""
        said = type(self).__new__(type(self))
        LotkeeperError.__init__(
            said,
            self.code,
            message,
            reason=self.reason,
            metadata=self.metadata,
            field_violations=field_violations,
            retry_after_seconds=self.retry_after_seconds,
        )
        return said

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is copied and pickled: with all that it says, whatever its class is made with."""
        return _made_again, (type(self), self.args, self.__dict__)

    @property
    def index(self) -> int | None:
        """Which item of a batch was the first refused one, counted from 0; None if no item was refused."""
        text = self.metadata.get("index")
        return None if text is None else int(text)


def _made_again(kind: type[LotkeeperError], args: tuple[Any, ...], said: dict[str, Any]) -> LotkeeperError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(said)
    return error


class InvalidArgument(LotkeeperError):
    """The request is malformed, or names what does not fit."""


class NotFound(LotkeeperError):
    """Something that the request names does not exist."""


class AlreadyExists(LotkeeperError):
    """A unique name, symbol, code or path is taken."""


class FailedPrecondition(LotkeeperError):
    """The plant's state forbids it: not enough stock, a held lot, a full location."""


class OutOfRange(LotkeeperError):
    """A quantity would be too large to be stored, or what was asked for is archived."""


class Aborted(LotkeeperError):
    """An old version was named (read again), or other calls kept changing the same rows (retry)."""


class Unauthenticated(LotkeeperError):
    """No valid token."""


class PermissionDenied(LotkeeperError):
    """The roles of the token's holder do not grant what the method needs."""


class ResourceExhausted(LotkeeperError):
    """More calls wait than the server takes; nothing was done."""


class Unavailable(LotkeeperError):
    """The server, or its store, cannot be reached."""


class DeadlineExceeded(LotkeeperError):
    """No answer in time; a retry with the same request_id shows what was done."""


class Cancelled(LotkeeperError):
    """The call was given up."""


class ClientClosed(Cancelled):
    """This client was closed, before the call or while it waited; what waited may have been done."""

    def __init__(self) -> None:
        super().__init__(grpc.StatusCode.CANCELLED, "the client is closed", reason=Reason.CLIENT_CLOSED)


class WrongEventLoop(LotkeeperError):
    """An AsyncClient serves the event loop of its first call only; nothing was sent."""

    def __init__(self) -> None:
        text = "this AsyncClient was used on another event loop before: make one for each loop"
        super().__init__(grpc.StatusCode.FAILED_PRECONDITION, text, reason=Reason.WRONG_EVENT_LOOP)


class Internal(LotkeeperError):
    """A fault of the server; its log says more under the metadata's error_id."""


_BY_CODE: Final[dict[grpc.StatusCode, type[LotkeeperError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.OUT_OF_RANGE: OutOfRange,
    grpc.StatusCode.ABORTED: Aborted,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.INTERNAL: Internal,
}


def error_of(rpc_error: Any) -> LotkeeperError:
    """The error for a failed gRPC call."""
    code: grpc.StatusCode = rpc_error.code()
    try:
        status = rpc_status.from_call(rpc_error)
    except (ValueError, DecodeError):  # the details do not match the status, or are none: the status of gRPC counts
        status = None
    if status is None:
        return _BY_CODE.get(code, LotkeeperError)(code, rpc_error.details() or code.name)
    return error_of_status(status)


def unreadable() -> Internal:
    """The error for an answer that is not the message that it should be, in the words of gRPC."""
    return Internal(grpc.StatusCode.INTERNAL, "Exception deserializing response!")


def error_of_status(status: Any) -> LotkeeperError:
    """The error for a google.rpc.Status: of a failed call, or of one item of a batch."""
    codes = {member.value[0]: member for member in grpc.StatusCode}
    code = codes.get(status.code, grpc.StatusCode.UNKNOWN)
    info, bad_request, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    has_retry = False
    for detail in status.details:
        with suppress(DecodeError):  # what cannot be read says nothing
            has_retry = detail.Unpack(retry) or has_retry
            detail.Unpack(info)
            detail.Unpack(bad_request)
    violations = tuple(FieldViolation(one.field, one.description, one.reason) for one in bad_request.field_violations)
    return _BY_CODE.get(code, LotkeeperError)(
        code,
        status.message,
        reason=info.reason,
        metadata=dict(info.metadata),
        field_violations=violations,
        retry_after_seconds=_seconds(retry.retry_delay) if has_retry else None,
    )


def _seconds(delay: duration_pb2.Duration) -> float:
    return min(max(delay.seconds + delay.nanos / 1e9, 0.0), RETRY_AFTER_SECONDS_MAX)
