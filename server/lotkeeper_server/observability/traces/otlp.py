"""Spans as OTLP writes them, OpenTelemetry's protocol. The one module that needs the extra `traces`."""

import os
import platform
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from lotkeeper_server.observability.call_log import CODE_NAMES, REQUEST_ID_CHARACTERS_MAX
from lotkeeper_server.observability.catalogue import PHASES
from lotkeeper_server.observability.pipeline import shown_phases
from lotkeeper_server.observability.traces.recording import CallRecord, Record, TransactionRecord
from lotkeeper_server.transport.call import GRPC, Carriage

ERRORS: Final = frozenset({2, 4, 12, 13, 14, 15})
"""Codes that are errors of a server by OpenTelemetry's conventions: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
INTERNAL, UNAVAILABLE, DATA_LOSS."""
NAME: Final = "lotkeeper"
RESOURCE_ENTRIES_MAX: Final = 64
CALLERS_MAX: Final = 1_024
"""So many callers' attributes are kept as they were written."""
_NANOS: Final = 1_000_000_000
_SAMPLED: Final = 0x01
_REMOTE_KNOWN: Final = 0x100
_REMOTE: Final = 0x200
_CONNECT_NAMES: Final = {0: "", 1: "canceled"}
"""Connect writes gRPC's codes in lower case; these differ: it has none for success."""
Value = str | int | float


def resource_of(version: str) -> Resource:
    """What a process says of itself, beside what the environment says.

    Args:
        version: of the program.
    """
    said: dict[str, Value] = {
        "service.name": NAME,
        "service.version": version,
        "service.instance.id": str(uuid.uuid4()),
        "host.name": platform.node(),
        "process.pid": os.getpid(),
        "telemetry.sdk.name": NAME,
        "telemetry.sdk.language": "python",
    }
    said |= _resource_entries(os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    if name := os.environ.get("OTEL_SERVICE_NAME"):
        said["service.name"] = name
    return Resource(attributes=_attributes(said))


def _resource_entries(text: str) -> dict[str, Value]:
    """What OTEL_RESOURCE_ATTRIBUTES says: `key=value`, with commas between them; all else is left out."""
    entries = (entry.partition("=") for entry in text.split(",")[:RESOURCE_ENTRIES_MAX])
    return {key.strip(): unquote(value.strip()) for key, equals, value in entries if equals and key.strip()}


class Requests:
    """Makes what is sent to a receiver."""

    def __init__(self, version: str) -> None:
        """For this process.

        Args:
            version: of the program.
        """
        self._resource = resource_of(version)
        self._scope = InstrumentationScope(name=NAME, version=version)
        self._of_ends: dict[tuple[str, int, str, str, Carriage], bytes] = {}
        self._of_callers: dict[tuple[str, str], bytes] = {}

    def spans(self, records: Iterable[Record]) -> list[Span]:
        """Those of some records."""
        nanos = time.time_ns() - int(time.monotonic() * _NANOS)
        return [span for record in records for span in self._spans_of(record, nanos)]

    def request(self, spans: list[Span]) -> bytes:
        """The body of a request."""
        scope_spans = ScopeSpans(scope=self._scope, spans=spans)
        of_resource = ResourceSpans(resource=self._resource, scope_spans=[scope_spans])
        return ExportTraceServiceRequest(resource_spans=[of_resource]).SerializeToString()

    def _spans_of(self, record: Record, nanos: int) -> Iterator[Span]:
        if isinstance(record, TransactionRecord):
            yield from _spans_of_transaction(record, nanos)
            return
        yield self._span_of_call(record, nanos)
        for number, read in enumerate(record.reads, 1):
            span_id = (record.span_id + number) % (1 << 64) or 1
            times = (read.begun_seconds, read.ended_seconds)
            yield _span("read", record.trace_id, span_id, record.span_id, times, nanos)

    def _span_of_call(self, record: CallRecord, nanos: int) -> Span:
        # Most of a span is as in others: to merge what was written once takes a third of the time of writing it.
        span = Span.FromString(self._of_end(record))
        span.MergeFromString(self._of_caller(record))
        _place(span, record.trace_id, record.span_id, (record.begun_seconds, record.ended_seconds), nanos)
        if record.parent is not None:
            span.parent_span_id = bytes.fromhex(record.parent.span_id)
            span.trace_state = record.state
            span.flags |= _REMOTE
        attributes = span.attributes
        if record.request_id:
            attributes.add(key="lotkeeper.request_id").value.string_value = record.request_id[
                :REQUEST_ID_CHARACTERS_MAX
            ]
        if record.phases is not None:
            for name, millis in shown_phases(record.phases, record.begun_seconds, record.ended_seconds).items():
                if name != "ms":
                    attributes.add(key=f"lotkeeper.{name}").value.double_value = millis
        if (batch := record.batch) is not None:
            span.links.add(trace_id=_id(batch.trace_id, 16), span_id=_id(batch.span_id, 8))
        return span

    def _of_end(self, record: CallRecord) -> bytes:
        """What calls of one method that end alike have in common; there are few."""
        key = (record.method, record.code, record.reason, record.limit, record.carriage)
        found = self._of_ends.get(key)
        if found is None:
            found = self._of_ends[key] = _written_end(*key)
        return found

    def _of_caller(self, record: CallRecord) -> bytes:
        """What the calls of one caller from one place have in common."""
        key = (record.peer, record.caller)
        found = self._of_callers.get(key)
        if found is None:
            if len(self._of_callers) >= CALLERS_MAX:
                self._of_callers.clear()
            found = self._of_callers[key] = _written_caller(*key)
        return found


def _written_end(method: str, code: int, reason: str, limit: str, carriage: Carriage) -> bytes:
    said: dict[str, Value] = {"rpc.system.name": carriage.system, "rpc.method": method}
    code_name = CODE_NAMES[code]
    if carriage.system != GRPC.system:
        code_name = _CONNECT_NAMES.get(code, code_name.lower())
    if code_name:
        said["rpc.response.status_code"] = code_name
    if carriage.http_version:
        said["network.protocol.name"] = "http"
        said["network.protocol.version"] = carriage.http_version
    if reason:
        said["lotkeeper.reason"] = reason
    if limit:
        said["lotkeeper.limit"] = limit
    status = Status()
    if code in ERRORS:
        said["error.type"] = code_name
        status = Status(code=Status.STATUS_CODE_ERROR, message=reason or code_name)
    return Span(
        name=method, kind=Span.SPAN_KIND_SERVER, attributes=_attributes(said), status=status
    ).SerializeToString()


def _written_caller(peer: str, caller: str) -> bytes:
    said: dict[str, Value] = {}
    kind, _, rest = peer.partition(":")
    host, _, port = rest.rpartition(":")
    if kind in {"ipv4", "ipv6"} and port.isdecimal():
        address = unquote(host).strip("[]")
        said["client.address"] = said["network.peer.address"] = address
        said["network.peer.port"] = int(port)
    if caller:
        said["lotkeeper.caller"] = caller
    return Span(attributes=_attributes(said)).SerializeToString()


def _spans_of_transaction(record: TransactionRecord, nanos: int) -> Iterator[Span]:
    """Its own, and one for each phase that it came to."""
    phases = record.phases
    ended_seconds = phases.committed_seconds or record.ended_seconds
    times = (phases.begun_seconds, ended_seconds)
    name = "work" if record.parent_id else "batch"
    span = _span(name, record.trace_id, record.span_id, record.parent_id, times, nanos)
    if not record.parent_id:
        span.attributes.extend(_attributes({"lotkeeper.batch.calls": phases.calls}))
        for trace_id, span_id in tuple(record.calls):
            span.links.add(trace_id=_id(trace_id, 16), span_id=_id(span_id, 8))
    if not phases.committed_seconds:
        span.status.code = Status.STATUS_CODE_ERROR
    yield span
    begun_seconds = phases.begun_seconds
    ends = (phases.loaded_seconds, phases.decided_seconds, phases.committed_seconds)
    for number, (phase, end_seconds) in enumerate(zip(PHASES, ends, strict=True), 1):
        if end_seconds:
            span_id = (record.span_id + number) % (1 << 64) or 1
            yield _span(phase, record.trace_id, span_id, record.span_id, (begun_seconds, end_seconds), nanos)
            begun_seconds = end_seconds


def _span(name: str, trace_id: int, span_id: int, parent_id: int, times: tuple[float, float], nanos: int) -> Span:
    span = Span(name=name, kind=Span.SPAN_KIND_INTERNAL)
    _place(span, trace_id, span_id, times, nanos)
    if parent_id:
        span.parent_span_id = _id(parent_id, 8)
    return span


def _place(span: Span, trace_id: int, span_id: int, times: tuple[float, float], nanos: int) -> None:
    begun_seconds, ended_seconds = times
    span.trace_id, span.span_id = _id(trace_id, 16), _id(span_id, 8)
    span.start_time_unix_nano = nanos + int(begun_seconds * _NANOS)
    span.end_time_unix_nano = nanos + int(max(ended_seconds, begun_seconds) * _NANOS)
    span.flags = _SAMPLED | _REMOTE_KNOWN


def _id(number: int, length_bytes: int) -> bytes:
    return number.to_bytes(length_bytes, "big")


def _attributes(said: dict[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in said.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(double_value=value)
