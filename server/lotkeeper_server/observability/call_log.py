"""What is told of each call: it is counted, and one that failed, was refused or took long is a line of the log.

A call that is fine and fast is only counted.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.pipeline import Phases, ReadTimes, shown_phases
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.observability.trace_context import trace_id_of
from lotkeeper_server.observability.traces.recording import MethodRecorder, Recorder
from lotkeeper_server.transport.call import Call, Status
from lotkeeper_server.transport.observing import MethodObserver

_log = get_logger()
_OK: Final = 0
_CANCELLED: Final = 1
_UNKNOWN: Final = 2
_DEADLINE_EXCEEDED: Final = 4
_PERMISSION_DENIED: Final = 7
_RESOURCE_EXHAUSTED: Final = 8
_ABORTED: Final = 10
_INTERNAL: Final = 13
_UNAVAILABLE: Final = 14
_DATA_LOSS: Final = 15
_UNAUTHENTICATED: Final = 16
FAILED: Final = frozenset({_UNKNOWN, _INTERNAL, _UNAVAILABLE, _DATA_LOSS})
"""The server's fault, `call_failed` at level error; but for a server that is told to end."""
SHUTTING_DOWN: Final = "SHUTTING_DOWN"
LEVELS: Final = {
    _CANCELLED: logging.DEBUG,
    _DEADLINE_EXCEEDED: logging.WARNING,
    _PERMISSION_DENIED: logging.WARNING,
    _RESOURCE_EXHAUSTED: logging.WARNING,
    _ABORTED: logging.WARNING,
    _UNAUTHENTICATED: logging.DEBUG,  # callers_refused tells of all of them together
}
"""At which level a refusal is told, by its code; any other is the caller's mistake, at level info."""
MESSAGE_CHARACTERS_MAX: Final = 300
REQUEST_ID_CHARACTERS_MAX: Final = 128
CODE_NAMES: Final = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""gRPC's codes, in the order of their numbers."""


class Noted(Protocol):
    """What the gate knows of a call whose caller was let in: `Call.noted`."""

    @property
    def principal(self) -> str:
        """Who calls."""

    @property
    def request_id(self) -> str:
        """Of its request; empty for none."""

    @property
    def phases(self) -> Phases | None:
        """Of the last transaction that it was in."""

    @property
    def reads(self) -> list[ReadTimes] | None:
        """What it has read; None where nobody wants to know."""


@dataclass(frozen=True, slots=True)
class NotedCaller:
    """A caller who was not let in, but is known."""

    principal: str
    request_id: str = ""
    phases: Phases | None = None
    reads: list[ReadTimes] | None = None


class CallLog:
    """What is told of the calls of one server."""

    def __init__(self, metrics: ServerMetrics, slow_call_seconds: float, recorder: Recorder | None = None) -> None:
        """Nothing yet.

        Args:
            metrics: to count in.
            slow_call_seconds: a unary call that takes longer is told of.
            recorder: notes calls for their spans; None where there are no traces.
        """
        self._metrics = metrics
        self._recorder = recorder
        self._slow_call_seconds = slow_call_seconds

    def observe(self, path: str, *, is_unary: bool) -> MethodObserver:
        """What is told of a method's calls: `transport.observing.Observe`."""
        recorder = None if self._recorder is None else self._recorder.of_method(path)
        return _OfMethod(self._metrics, path, self._slow_call_seconds if is_unary else float("inf"), recorder)


class _OfMethod:
    """What is told of the calls of one method."""

    __slots__ = ("_count", "_method", "_metrics", "_recorder", "_slow_seconds", "begun")

    def __init__(self, metrics: ServerMetrics, path: str, slow_seconds: float, recorder: MethodRecorder | None) -> None:
        self._metrics = metrics
        self._recorder = recorder
        self._method = path.removeprefix("/").replace("/", ".")
        self._slow_seconds = slow_seconds
        cells = metrics.method(path)
        self.begun = cells.begun
        self._count = cells.ended

    def ended(self, call: Call, status: Status) -> None:
        seconds = call.answered_since - call.begun_seconds
        self._count(status.code, seconds)
        trace_id = "" if self._recorder is None else self._recorder.ended(call, status)
        if status.code or seconds > self._slow_seconds:
            self._tell(call, status, trace_id, is_slow=seconds > self._slow_seconds)

    def _tell(self, call: Call, status: Status, trace_id: str, *, is_slow: bool) -> None:
        self._metrics.note_refused(status.reason, status.limit)
        event, level = _event(status, is_slow=is_slow)
        if _log.is_enabled_for(level):
            _log.log(level, event, method=self._method or "unknown", **_fields(call, status, trace_id, level))


def _event(status: Status, *, is_slow: bool) -> tuple[str, int]:
    if status.code in FAILED and status.reason != SHUTTING_DOWN:
        return "call_failed", logging.ERROR
    if status.code == _OK or (status.code == _CANCELLED and is_slow):
        return "call_slow", logging.WARNING
    return "call_refused", LEVELS.get(status.code, logging.INFO)


def _fields(call: Call, status: Status, trace_id: str, level: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"code": CODE_NAMES[status.code]}
    if status.reason:
        fields["reason"] = status.reason
    if status.limit:
        fields["limit"] = status.limit
    phases = None
    noted: Any = call.noted
    if noted is not None:
        of_caller: Noted = noted
        phases = of_caller.phases
        fields["caller"] = of_caller.principal
        if of_caller.request_id:
            fields["request_id"] = of_caller.request_id[:REQUEST_ID_CHARACTERS_MAX]
        if status.message and level > logging.INFO:  # what callers ask for cannot be done by is theirs to know
            fields["message"] = status.message[:MESSAGE_CHARACTERS_MAX]
    fields["peer"] = call.peer
    if trace_id := trace_id or trace_id_of(call.metadata):
        fields["trace_id"] = trace_id
    fields |= shown_phases(phases, call.begun_seconds, call.answered_since)
    return fields
