"""Which calls have a span, and what is noted of them: some values at a call's end, of which spans are made later.

Whether a call has a span is asked at its end only. What a caller records is recorded here, too, and what it does not is
not; of the others a share is. So a call without a span pays for one look at its metadata, or one random number.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from lotkeeper_server.observability.pipeline import Phases, ReadTimes
from lotkeeper_server.observability.trace_context import TraceParent, trace_parent_of, trace_state_of
from lotkeeper_server.transport.call import GRPC, Call, Carriage, Status

QUEUE_MAX: Final = 4_096
"""So many calls and transactions wait to be sent; beyond it they are counted as lost."""
LINKS_MAX: Final = 64
"""A transaction's span names so many of its calls; each call names its transaction."""
OTHER: Final = "_OTHER"
"""The method of all calls to paths that the server does not have, as OpenTelemetry's conventions want it."""
_NOT_TRACED: Final = "/grpc."
"""Health checks and reflection come all the time and say nothing of the plant."""
_ONE_EACH: Final = 2
_HEX: Final = 16


@dataclass(slots=True, eq=False)
class Batch:
    """A transaction of many calls, which has a trace of its own.

    Attributes:
        trace_id: of its span.
        span_id: the same.
        calls: traces and spans of some of its calls; grows until it is sent.
    """

    trace_id: int
    span_id: int
    calls: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TransactionRecord:
    """A batch of calls, or a work, in its transaction.

    Attributes:
        trace_id: of a batch its own, of a work that of its call.
        span_id: of its span.
        parent_id: the span of the work's call; 0 for a batch.
        phases: when they ended.
        ended_seconds: when the first of its calls ended, on `time.monotonic()`.
        calls: of a batch those that it names.
    """

    trace_id: int
    span_id: int
    parent_id: int
    phases: Phases
    ended_seconds: float
    calls: list[tuple[int, int]]


@dataclass(slots=True, eq=False)
class CallRecord:
    """A call that has ended.

    Attributes:
        method: `package.Service/Method`.
        trace_id: the caller's, or one of its own.
        span_id: of its span.
        parent: the caller's span; None where it sent none.
        state: the caller's `tracestate`.
        begun_seconds: on `time.monotonic()`.
        ended_seconds: the same.
        code: gRPC's number.
        reason: of a refusal; empty for none.
        limit: that it has passed; empty for none.
        peer: its address as gRPC writes it.
        carriage: how it came.
        caller: the principal; empty where it is not known.
        request_id: of its request; empty for none.
        phases: of its last transaction; None where it was in none.
        batch: that it was in; None where it was in none, or in a work, which is a span below it.
        reads: what it read.
    """

    method: str
    trace_id: int
    span_id: int
    parent: TraceParent | None
    state: str
    begun_seconds: float
    ended_seconds: float
    code: int
    reason: str
    limit: str
    peer: str
    carriage: Carriage = GRPC
    caller: str = ""
    request_id: str = ""
    phases: Phases | None = None
    batch: Batch | None = None
    reads: list[ReadTimes] = field(default_factory=list)


Record = CallRecord | TransactionRecord


class Recorder:
    """What is noted of one process's calls until it is sent. For any thread.

    Attributes:
        woken: set once half of the places are taken.
    """

    def __init__(self, sample_ratio: float, random: Random | None = None) -> None:
        """Nothing is noted.

        Args:
            sample_ratio: which share of calls without a caller's span is recorded, from 0 to 1.
            random: where ids and the share come from; None makes one, so make a recorder in the process it is for.
        """
        self._sample_ratio = sample_ratio
        self._random = random or Random()  # noqa: S311 - ids need not be secret
        self._records: deque[Record] = deque()
        self._lock = threading.Lock()
        self._lost = 0
        self.woken = threading.Event()

    def of_method(self, path: str) -> "MethodRecorder | None":
        """What notes the calls of a method; None for methods that are not traced.

        Args:
            path: `/package.Service/Method`; empty for all paths that the server does not have.
        """
        return None if path.startswith(_NOT_TRACED) else MethodRecorder(self, path.removeprefix("/") or OTHER)

    def is_sampled(self, parent: TraceParent | None) -> bool:
        """Whether a call has a span."""
        return self._random.random() < self._sample_ratio if parent is None else parent.is_sampled

    def note(self, method: str, parent: TraceParent | None, call: Call, status: Status) -> CallRecord:
        """Notes a call that has ended, and its transaction with the first call of it."""
        bits = self._random.getrandbits
        record = CallRecord(
            method,
            int(parent.trace_id, _HEX) if parent else bits(128) or 1,
            bits(64) or 1,
            parent,
            trace_state_of(call.metadata) if parent else "",
            call.begun_seconds,
            call.answered_since,
            status.code,
            status.reason,
            status.limit,
            call.peer,
            call.carriage,
        )
        noted: Any = call.noted  # `call_log.Noted`
        if noted is not None:
            record.caller, record.request_id, record.phases = noted.principal, noted.request_id, noted.phases
            record.reads = noted.reads or record.reads
        with self._lock:
            if len(self._records) + _ONE_EACH > QUEUE_MAX:
                self._lost += 1
                return record
            self._records.append(record)
            if record.phases is not None:
                self._note_transaction(record, record.phases)
            if len(self._records) >= QUEUE_MAX // 2 and not self.woken.is_set():
                self.woken.set()
        return record

    def _note_transaction(self, record: CallRecord, phases: Phases) -> None:
        bits = self._random.getrandbits
        if phases.is_work:
            span_id = bits(64) or 1
            self._records.append(
                TransactionRecord(record.trace_id, span_id, record.span_id, phases, record.ended_seconds, [])
            )
            return
        batch = phases.batch
        if not isinstance(batch, Batch):
            batch = phases.batch = Batch(bits(128) or 1, bits(64) or 1)
            self._records.append(
                TransactionRecord(batch.trace_id, batch.span_id, 0, phases, record.ended_seconds, batch.calls)
            )
        record.batch = batch
        if len(batch.calls) < LINKS_MAX:
            batch.calls.append((record.trace_id, record.span_id))

    def take(self, records_max: int) -> list[Record]:
        """Takes out those that have waited the longest."""
        with self._lock:
            return [self._records.popleft() for _ in range(min(records_max, len(self._records)))]

    def take_lost(self) -> int:
        """How many calls found no place since this was asked the last time."""
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost

    def __len__(self) -> int:
        """How many wait."""
        return len(self._records)


class MethodRecorder:
    """Notes the calls of one method."""

    __slots__ = ("_method", "_recorder")

    def __init__(self, recorder: Recorder, method: str) -> None:
        self._recorder = recorder
        self._method = method

    def ended(self, call: Call, status: Status) -> str:
        """Notes a call, if it has a span: the id of its trace; empty where it has none."""
        parent = trace_parent_of(call.metadata)
        if not self._recorder.is_sampled(parent):
            return ""
        return f"{self._recorder.note(self._method, parent, call, status).trace_id:032x}"
