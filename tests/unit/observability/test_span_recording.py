"""Which calls are noted, how many wait, and what a span says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lotkeeper_server.observability.pipeline import Phases, ReadTimes
from lotkeeper_server.observability.trace_context import trace_parent_of, trace_state_of
from lotkeeper_server.observability.traces.otlp import Requests
from lotkeeper_server.observability.traces.recording import LINKS_MAX, QUEUE_MAX, CallRecord, Recorder
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import read_settings
from lotkeeper_server.transport import Status
from lotkeeper_server.transport.call import GRPC, Carriage
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

METHOD = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class EndedCall:
    """What a recorder asks of a call."""

    metadata: tuple[tuple[str, str | bytes], ...] = ()
    begun_seconds: float = 10.0
    answered_since: float = 11.0
    peer: str = "ipv6:%5B::1%5D:50000"
    noted: Any = None
    carriage: Carriage = GRPC


@dataclass
class Noted:
    """What the gate knows of its caller."""

    principal: str = "line-4"
    request_id: str = ""
    phases: Phases | None = None
    reads: list[ReadTimes] | None = field(default_factory=list)


def ended(recorder: Recorder, call: EndedCall | None = None, code: int = 0) -> str:
    """The trace of a call that has ended; empty for none."""
    of_method = recorder.of_method(METHOD)
    assert of_method is not None
    return of_method.ended(call or EndedCall(), Status(code))  # type: ignore[arg-type]


def test_the_share_is_that_of_the_setting() -> None:
    """Of calls whose caller says nothing."""
    recorder = Recorder(0.1, Random(7))
    traces = [trace for _ in range(20_000) if (trace := ended(recorder))]
    assert 1_800 < len(traces) < 2_200
    assert len(set(traces)) == len(traces)
    assert all(len(trace) == 32 for trace in traces)


def test_what_finds_no_place_is_counted_and_nobody_waits() -> None:
    """The queue is bounded; the sender is woken before it is full."""
    recorder = Recorder(1.0)
    for number in range(QUEUE_MAX + 100):
        ended(recorder)
        assert recorder.woken.is_set() == (number + 1 >= QUEUE_MAX // 2)
    waiting = len(recorder)
    assert waiting <= QUEUE_MAX
    assert recorder.take_lost() == QUEUE_MAX + 100 - waiting
    assert recorder.take_lost() == 0
    assert len(recorder.take(10)) == 10
    assert len(recorder.take(QUEUE_MAX)) == waiting - 10


def test_a_batch_is_one_record_and_names_some_of_its_calls() -> None:
    """Each call names the batch; a batch of a thousand does not name them all."""
    recorder = Recorder(1.0)
    phases = Phases(10.1, 1_000)
    phases.loaded_seconds, phases.decided_seconds, phases.committed_seconds = 10.2, 10.3, 10.4
    for _ in range(1_000):
        ended(recorder, EndedCall(noted=Noted(phases=phases)))
    records = recorder.take(QUEUE_MAX)
    calls = [record for record in records if isinstance(record, CallRecord)]
    (batch,) = {record.batch.span_id for record in calls if record.batch}
    spans = Requests("1.0").spans(records)
    of_batch = {span.name: span for span in spans if int.from_bytes(span.span_id) == batch}
    assert len(calls) == 1_000
    assert len(of_batch["batch"].links) == LINKS_MAX
    assert [
        (span.name, round((span.end_time_unix_nano - span.start_time_unix_nano) / 1e9, 6)) for span in spans[1:5]
    ] == [
        ("batch", 0.3),
        ("load", 0.1),
        ("decide", 0.1),
        ("commit", 0.1),
    ]


def test_a_batch_that_did_not_come_through_is_an_error_with_the_phases_that_it_had() -> None:
    recorder = Recorder(1.0)
    phases = Phases(10.1, 2)
    phases.loaded_seconds = 10.2
    ended(recorder, EndedCall(noted=Noted(phases=phases)), code=14)
    spans = Requests("1.0").spans(recorder.take(10))
    assert [(span.name, span.status.code) for span in spans[1:]] == [("batch", 2), ("load", 0)]


def test_reads_are_spans_below_their_call() -> None:
    recorder = Recorder(1.0)
    ended(recorder, EndedCall(noted=Noted(reads=[ReadTimes(10.2, 10.3), ReadTimes(10.4, 10.5)])))
    call, *reads = Requests("1.0").spans(recorder.take(10))
    assert [read.parent_span_id for read in reads] == [call.span_id] * 2
    assert len({call.span_id, *(read.span_id for read in reads)}) == 3


@pytest.mark.parametrize(
    ("carriage", "code", "said"),
    [
        (GRPC, 0, ("grpc", "OK", None, None)),
        (GRPC, 14, ("grpc", "UNAVAILABLE", "UNAVAILABLE", None)),
        (Carriage("grpc", "1.1"), 1, ("grpc", "CANCELLED", None, "1.1")),
        (Carriage("connectrpc", "1.1"), 0, ("connectrpc", None, None, "1.1")),
        (Carriage("connectrpc", "2"), 1, ("connectrpc", "canceled", None, "2")),
        (Carriage("connectrpc", "2"), 5, ("connectrpc", "not_found", None, "2")),
        (Carriage("connectrpc", "2"), 14, ("connectrpc", "unavailable", "unavailable", "2")),
    ],
)
def test_how_a_call_came_is_told_by_the_names_of_opentelemetry(
    carriage: Carriage, code: int, said: tuple[str | None, ...]
) -> None:
    """Connect spells its codes in its own way, and has none for a success."""
    recorder = Recorder(1.0)
    ended(recorder, EndedCall(carriage=carriage), code)
    (span,) = Requests("1.0").spans(recorder.take(10))
    found = {one.key: one.value.string_value for one in span.attributes}
    names = ("rpc.system.name", "rpc.response.status_code", "error.type", "network.protocol.version")
    assert tuple(found.get(name) for name in names) == said


def test_an_address_is_told_as_it_is() -> None:
    """The brackets of IPv6 are escaped by gRPC; a socket of Unix has no address."""
    recorder = Recorder(1.0)
    ended(recorder)
    ended(recorder, EndedCall(peer="unix:/run/x"))
    first, second = Requests("1.0").spans(recorder.take(10))
    said = {one.key: one.value.string_value or one.value.int_value for one in first.attributes}
    assert (said["client.address"], said["network.peer.port"]) == ("::1", 50_000)
    assert not {one.key for one in second.attributes} & {"client.address", "network.peer.port"}


def test_the_environment_names_the_service_as_opentelemetry_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=plant%201,rubbish,service.name=other")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "lots-of-plant-1")
    request = ExportTraceServiceRequest.FromString(Requests("1.0").request([]))
    said = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert said["service.name"] == "lots-of-plant-1"
    assert said["deployment.environment.name"] == "plant 1"
    assert "rubbish" not in said
    assert said["service.version"] == "1.0"


@pytest.mark.parametrize(
    ("sent", "is_known", "is_sampled"),
    [
        (f"00-{TRACE_ID}-00f067aa0ba902b7-01", True, True),
        (f"00-{TRACE_ID}-00f067aa0ba902b7-00", True, False),
        (f"00-{TRACE_ID}-00f067aa0ba902b7-ff", True, True),
        (f"cc-{TRACE_ID}-00f067aa0ba902b7-01-more", True, True),
        (f"00-{TRACE_ID}-00f067aa0ba902b7-01-more", False, False),
        (f"00-{TRACE_ID}-0000000000000000-01", False, False),
    ],
)
def test_a_parent_is_one_of_w3c_s_form(sent: str, is_known: bool, is_sampled: bool) -> None:
    parent = trace_parent_of([("traceparent", sent)])
    assert (parent is not None) == is_known
    assert (parent is not None and parent.is_sampled) == is_sampled


def test_a_state_is_carried_on_within_its_limit() -> None:
    assert trace_state_of([("tracestate", "a=1"), ("x", "y"), ("tracestate", "b=2")]) == "a=1,b=2"
    assert trace_state_of([("tracestate", "a" * 512)]) == "a" * 512
    assert trace_state_of([("tracestate", "a" * 513)]) == ""
    assert trace_state_of([("tracestate", "a\n")]) == ""


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        ({"traces_endpoint": "127.0.0.1:4318"}, "traces_endpoint: .*give http://HOST:PORT"),
        ({"traces_endpoint": "grpc://127.0.0.1:4317"}, "traces_endpoint: .*give http://HOST:PORT"),
        ({"traces_endpoint": "http://user:geheim@host:4318"}, "traces_endpoint: .*give http://HOST:PORT"),
        ({"traces_endpoint": "http://host:4318?key=geheim"}, "traces_endpoint: .*give http://HOST:PORT"),
        ({"traces_endpoint": "http://host:99999"}, "traces_endpoint: .*not a URL"),
        ({"traces_endpoint": "http://host:4318/a b"}, "traces_endpoint: .*characters"),
        ({"traces_endpoint": "http://host:4318", "traces_sample_ratio": 1.1}, "traces_sample_ratio"),
        ({"traces_endpoint": "http://host:4318", "traces_sample_ratio": "nan"}, "traces_sample_ratio"),
        ({"traces_headers_file": "x"}, "traces_headers_file needs traces_endpoint"),
        ({"traces_endpoint": "http://host:4318", "traces_headers_file": "x"}, "give traces_endpoint an https URL"),
        ({"traces_endpoint": "http://127.0.0.1:4318", "traces_ca_file": "x"}, "begins with https://"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(flags: dict[str, Any], fault: str) -> None:
    """In words, and without what may be secret."""
    with pytest.raises(SettingsFault, match=fault) as caught:
        read_settings(flags, None)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("text", ["no header", "a b=c", "a=b,", "=x", "a=b%0d%0ac: d"])
def test_headers_are_names_and_values(tmp_path: Path, text: str) -> None:
    file = tmp_path / "headers"
    file.write_text(text)
    settings = read_settings({"traces_endpoint": "http://127.0.0.1:4318", "traces_headers_file": file}, None)
    with pytest.raises(SettingsFault, match="is not NAME=VALUE"):
        settings.trace_headers()
