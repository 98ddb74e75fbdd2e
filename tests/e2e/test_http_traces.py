"""Spans of calls by HTTP: the same as by gRPC, below the caller's, and they say how the call came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests import stores
from tests.http2_connection import http2_connection
from tests.http_calls import (
    CONNECT_JSON,
    INVENTORY,
    SERVICE,
    HttpPort,
    http_port,
    http_server,
    in_envelope,
    web_answer,
)
from tests.logged import awaited_line
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.span_receiver import SpanReceiver

EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
MASTER_DATA = "/lotkeeper.inventory.v1.MasterDataService/"
CALLER_SPAN = "00f067aa0ba902b7"
SERVER_KIND = 2


@dataclass
class Traced:
    """A server whose spans are received.

    Attributes:
        server: it.
        port: where it serves by HTTP.
        receiver: of its spans; only of callers that record theirs.
        operation_id: of one that produces.
    """

    server: ServerProcess
    port: HttpPort
    receiver: SpanReceiver
    operation_id: str


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """One for all of them; each test has a trace of its own."""
    with ExitStack() as stack:
        receiver = stack.enter_context(SpanReceiver())
        server = stack.enter_context(http_server(tmp_path_factory.mktemp("server"), *receiver.flags(ratio=0)))
        with Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
        yield Traced(server, http_port(server), receiver, operation.id)
    stores.give_back(server.database_url)


def parent(trace_id: str) -> dict[str, str]:
    """What a caller says of its span, which is recorded."""
    return {"traceparent": f"00-{trace_id}-{CALLER_SPAN}-01", "tracestate": "of=line"}


def executed(traced: Traced, way: str, trace_id: str) -> None:
    """One call by one of the ways."""
    port, request_id = traced.port, f"order-{way}"
    request = {
        "inventoryOperationId": traced.operation_id,
        "primaryLotIdOrName": "L",
        "quantity": 1,
        "requestId": request_id,
    }
    message = pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=traced.operation_id, primary_lot_id_or_name="L", quantity=1, request_id=request_id
    )
    match way:
        case "connect":
            assert port.post(EXECUTE, request, **parent(trace_id)).status == 200
        case "connect by HTTP/2":
            with http2_connection(port) as one:
                stream_id = one.begin(EXECUTE, request, **parent(trace_id))
                while not one.is_answered(stream_id):
                    one.take()
                assert one.statuses[stream_id] == 200
        case _:
            body = in_envelope(message.SerializeToString())
            answer = port.post(EXECUTE, body, "application/grpc-web+proto", **parent(trace_id))
            assert web_answer(answer.body)[1]["grpc-status"] == "0"


@pytest.mark.parametrize(
    ("way", "system", "version", "code"),
    [
        ("connect", "connectrpc", "1.1", None),
        ("connect by HTTP/2", "connectrpc", "2", None),
        ("gRPC-Web", "grpc", "1.1", "OK"),
    ],
)
def test_a_call_is_below_its_caller_s_span_and_leads_to_its_batch(
    traced: Traced, way: str, system: str, version: str, code: str | None
) -> None:
    """By the names of OpenTelemetry's conventions, which have no code for a success of Connect's."""
    trace_id = f"{len(way):032x}"
    executed(traced, way, trace_id)
    call = traced.receiver.awaited("ExecuteInventoryOperation", lambda span: span.trace_id == trace_id)
    ((batch_trace, batch_id),) = call.links
    batch = traced.receiver.span(batch_id)
    traced.receiver.awaited("commit", lambda span: span.parent == batch_id)

    assert (call.name, call.kind, call.error) == (EXECUTE.removeprefix("/"), SERVER_KIND, False)
    assert (call.parent, call.state) == (CALLER_SPAN, "of=line")
    assert call.said["rpc.system.name"] == system
    assert call.said["rpc.method"] == EXECUTE.removeprefix("/")
    assert call.said.get("rpc.response.status_code") == code
    assert (call.said["network.protocol.name"], call.said["network.protocol.version"]) == ("http", version)
    assert (call.said["lotkeeper.caller"], call.said["lotkeeper.request_id"]) == ("tester", f"order-{way}")
    assert call.said["client.address"] == "127.0.0.1"
    assert call.said["lotkeeper.committing_ms"] >= 0  # type: ignore[operator]
    assert call.begun_nanos <= batch.begun_nanos <= batch.ended_nanos <= call.ended_nanos
    assert batch.links == ((trace_id, call.span_id),)
    assert batch.trace_id == batch_trace != trace_id
    phases = [span.name for span in traced.receiver.spans if span.parent == batch_id]
    assert phases == ["load", "decide", "commit"]


def test_a_call_that_is_refused_says_so_by_connect_s_code(traced: Traced) -> None:
    """What is the caller's mistake is no error of the server's; the line of the log has the same trace."""
    refused_trace, unknown_trace = f"{0xA1:032x}", f"{0xA2:032x}"
    no_lot = {"inventoryOperationId": traced.operation_id, "primaryLotIdOrName": "L", "quantity": -1}
    assert traced.port.post(EXECUTE, no_lot, **parent(refused_trace)).status == 400
    refused = traced.receiver.awaited("ExecuteInventoryOperation", lambda span: span.trace_id == refused_trace)
    line = awaited_line(traced.server, "call_refused", lambda one: one.get("trace_id") == refused_trace)

    assert (refused.error, refused.said["rpc.response.status_code"]) == (False, "invalid_argument")
    assert refused.said["lotkeeper.reason"] == line["reason"] == "INVALID_ARGUMENT"
    assert "error.type" not in refused.said

    assert traced.port.post(f"{SERVICE}NoSuchMethod", {}, **parent(unknown_trace)).status == 404
    unknown = traced.receiver.awaited("_OTHER", lambda span: span.trace_id == unknown_trace)
    assert (unknown.error, unknown.said["error.type"]) == (True, "unimplemented")
    assert "NoSuchMethod" not in str(unknown)


def test_a_save_has_its_work_and_a_list_its_read_below_it(traced: Traced) -> None:
    """In the caller's own trace."""
    trace_id = f"{0xB1:032x}"
    saved = traced.port.post(f"{MASTER_DATA}SaveMaterialClass", {"materialClass": {"name": "Milk"}}, **parent(trace_id))
    assert saved.status == 200
    save = traced.receiver.awaited("SaveMaterialClass", lambda span: span.trace_id == trace_id)
    work = traced.receiver.awaited("work", lambda span: span.parent == save.span_id)
    assert (work.trace_id, save.links) == (trace_id, ())

    listed = traced.port.post(f"{INVENTORY}ListInventory", {}, **parent(trace_id))
    assert listed.status == 200
    call = traced.receiver.awaited("ListInventory", lambda span: span.trace_id == trace_id)
    read = traced.receiver.awaited("read", lambda span: span.parent == call.span_id)

    assert read.trace_id == trace_id
    assert call.begun_nanos <= read.begun_nanos <= read.ended_nanos <= call.ended_nanos


def test_a_watch_is_a_span_once_it_has_ended(traced: Traced) -> None:
    """Its deadline ends it here."""
    trace_id = f"{0xC1:032x}"
    headers = parent(trace_id) | {"connect-timeout-ms": "500"}
    body = in_envelope(json.dumps({}).encode())
    assert traced.port.post(f"{INVENTORY}WatchInventoryLotRecords", body, CONNECT_JSON, **headers).status == 200
    watched = traced.receiver.awaited("WatchInventoryLotRecords", lambda span: span.trace_id == trace_id)

    assert watched.said["rpc.system.name"] == "connectrpc"
    assert watched.said["rpc.response.status_code"] == watched.said["error.type"] == "deadline_exceeded"
    assert watched.ended_nanos - watched.begun_nanos > 400_000_000


def test_a_caller_that_records_nothing_has_no_span(traced: Traced) -> None:
    """Its word counts, as by gRPC."""
    trace_id, later_trace = f"{0xD1:032x}", f"{0xD2:032x}"
    unsampled = {"traceparent": f"00-{trace_id}-{CALLER_SPAN}-00"}
    assert traced.port.post(f"{INVENTORY}ListInventory", {}, **unsampled).status == 200
    assert traced.port.post(f"{INVENTORY}ListInventory", {}, **parent(later_trace)).status == 200
    traced.receiver.awaited("ListInventory", lambda span: span.trace_id == later_trace)
    assert trace_id not in {span.trace_id for span in traced.receiver.spans}
