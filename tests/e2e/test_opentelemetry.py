"""Spans of calls: whose they are, what they say, that they lead to their transactions, and that they cost no call."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from lotkeeper import AsyncClient, Client, LotkeeperError
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from opentelemetry.instrumentation.grpc import aio_client_interceptors, client_interceptor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from tests.certificates import made_certificate
from tests.logged import awaited_line, lines_about
from tests.plants import ServedPlant
from tests.scraped import LISTENS, awaited_scrape, metrics_address
from tests.server_process import ServerProcess
from tests.span_receiver import SeenSpan, SpanReceiver
from tests.watchers import SteadyWatcher

SERVICE = "lotkeeper.inventory.v1.InventoryOperationService"
EXECUTE = f"{SERVICE}/ExecuteInventoryOperation"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7"
SERVER_KIND, INTERNAL_KIND = 2, 1


def called(
    server: ServerProcess, method: str, request: Any = None, *, seconds: float = 30.0, **metadata: str
) -> grpc.StatusCode:
    """How a call without the client ends."""
    given = [("authorization", f"Bearer {server.token}"), *metadata.items()]
    with grpc.insecure_channel(server.address) as channel:
        try:
            message = b"" if request is None else request.SerializeToString()
            channel.unary_unary(f"/{method}")(message, metadata=given, timeout=seconds)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


def request_of(operation: Any, lot: str) -> pb.ExecuteInventoryOperationRequest:
    return pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=operation.id, primary_lot_id_or_name=lot, quantity=1
    )


def executed_within_a_span(server: ServerProcess, provider: TracerProvider, operation_id: str) -> SpanContext:
    """One call, as a program makes it that is traced."""
    interceptors = [client_interceptor(tracer_provider=provider)]
    with (
        Client(server.address, token=server.token, interceptors=interceptors) as client,
        provider.get_tracer("line").start_as_current_span("filling") as span,
    ):
        client.execute_inventory_operation(operation_id, "LOT-1", 5.0, request_id="order-4711")
    return span.get_span_context()


async def executed_within_a_span_on_asyncio(
    server: ServerProcess, provider: TracerProvider, operation_id: str
) -> SpanContext:
    """The same on an event loop."""
    interceptors = list(aio_client_interceptors(tracer_provider=provider))
    async with AsyncClient(server.address, token=server.token, interceptors=interceptors) as client:
        with provider.get_tracer("line").start_as_current_span("filling") as span:
            await client.execute_inventory_operation(operation_id, "LOT-1", 5.0, request_id="order-4711")
    return span.get_span_context()


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_a_client_that_is_traced_leads_to_the_call_its_batch_and_the_phases(tmp_path: Path, kind: str) -> None:
    """End to end: OpenTelemetry's own client interceptor, the call below it, the batch behind a link."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with (
        SpanReceiver() as receiver,
        ServerProcess(tmp_path, receiver.flags(ratio=0)) as server,
        Client(server.address, token=server.token) as plain,
    ):
        receive = ServedPlant(plain).operation("RECEIVE")
        if kind == "threads":
            filling = executed_within_a_span(server, provider, receive.id)
        else:
            filling = asyncio.run(executed_within_a_span_on_asyncio(server, provider, receive.id))
        call = receiver.awaited("ExecuteInventoryOperation")
        ((batch_trace, batch_id),) = call.links
        batch = receiver.span(batch_id)
        commit = receiver.awaited("commit", lambda span: span.parent == batch_id)

    finished = {f"{span.context.span_id:016x}": span for span in exporter.get_finished_spans() if span.context}
    caller = finished[call.parent]
    assert caller.parent is not None
    assert caller.parent.span_id == filling.span_id
    assert call.trace_id == f"{filling.trace_id:032x}"
    assert caller.name.endswith("ExecuteInventoryOperation")
    assert (call.name, call.kind, call.error) == (EXECUTE, SERVER_KIND, False)
    assert call.said["rpc.system.name"] == "grpc"
    assert call.said["rpc.method"] == EXECUTE
    assert call.said["rpc.response.status_code"] == "OK"
    assert call.said["lotkeeper.caller"] == "tester"
    assert call.said["lotkeeper.request_id"] == "order-4711"
    assert call.said["client.address"] == "127.0.0.1"
    assert call.resource["service.name"] == "lotkeeper"
    assert caller.start_time is not None
    assert caller.end_time is not None
    assert caller.start_time - 50_000_000 < call.begun_nanos <= call.ended_nanos < caller.end_time + 50_000_000

    assert (batch.name, batch.kind, batch.parent) == ("batch", INTERNAL_KIND, "")
    assert batch.trace_id == batch_trace != call.trace_id
    assert batch.links == ((call.trace_id, call.span_id),)
    assert batch.said == {"lotkeeper.batch.calls": 1}
    phases = [span for span in receiver.spans if span.parent == batch_id]
    assert [span.name for span in phases] == ["load", "decide", "commit"]
    assert phases[0].begun_nanos == batch.begun_nanos
    assert commit.ended_nanos == batch.ended_nanos
    assert [span.name for span in receiver.spans if span.trace_id == call.trace_id] == [EXECUTE]
    assert len(receiver.all("ExecuteInventoryOperation")) == 1  # saves of the plant had no traced caller


def test_a_save_is_a_work_below_its_call_and_a_list_has_its_reads(tmp_path: Path) -> None:
    """Each is one call's alone, so it stands in the call's own trace."""
    with (
        SpanReceiver() as receiver,
        ServerProcess(tmp_path, receiver.flags()) as server,
        Client(server.address, token=server.token) as client,
    ):
        ServedPlant(client)
        list(client.list_lots())
        listed = receiver.awaited("ListLots")
        saved = receiver.awaited("SaveMaterial")
        work = receiver.awaited("work", lambda span: span.parent == saved.span_id)
        read = receiver.awaited("read", lambda span: span.parent == listed.span_id)
        phases = [span.name for span in receiver.spans if span.parent == work.span_id]

    assert work.trace_id == saved.trace_id
    assert saved.begun_nanos <= work.begun_nanos <= work.ended_nanos <= saved.ended_nanos
    assert phases == ["decide", "commit"]
    assert saved.links == ()
    assert read.trace_id == listed.trace_id
    assert listed.begun_nanos <= read.begun_nanos <= read.ended_nanos <= listed.ended_nanos


def test_calls_that_do_not_go_well_say_so_with_code_and_reason(tmp_path: Path) -> None:
    """What is the caller's mistake is no error of the server's; the line of the log has the same trace."""
    with SpanReceiver() as receiver, ServerProcess(tmp_path, receiver.flags()) as server:
        with Client(server.address, token=server.token) as client:
            consume = ServedPlant(client).operation("CONSUME")
            with pytest.raises(LotkeeperError):
                client.execute_inventory_operation(consume.id, "NO-SUCH-LOT", 1.0)
        refused = receiver.awaited("ExecuteInventoryOperation")
        line = awaited_line(server, "call_refused", lambda one: one.get("reason") == "LOT_NOT_FOUND")

        assert called(server, f"{SERVICE}/NoSuchMethod") is grpc.StatusCode.UNIMPLEMENTED
        unknown = receiver.awaited("_OTHER")
        with Client(server.address, token="lk_wrong") as stranger, pytest.raises(LotkeeperError):
            stranger.list_permissions()
        stranger_s = receiver.awaited("ListPermissions")

        locker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        late = called(server, EXECUTE, request_of(consume, "LOT-1"), seconds=1.0)
        locker.execute("ROLLBACK")
        locker.close()
        given_up = receiver.awaited(
            "ExecuteInventoryOperation", lambda span: span.said["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
        )

    assert (refused.error, refused.said["rpc.response.status_code"]) == (False, "NOT_FOUND")
    assert refused.said["lotkeeper.reason"] == "LOT_NOT_FOUND"
    assert "error.type" not in refused.said
    assert line["trace_id"] == refused.trace_id
    assert "NO-SUCH-LOT" not in str(refused)
    assert (unknown.error, unknown.said["error.type"]) == (True, "UNIMPLEMENTED")
    assert "NoSuchMethod" not in str(unknown)
    assert (stranger_s.error, stranger_s.said["rpc.response.status_code"]) == (False, "UNAUTHENTICATED")
    assert late is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (given_up.error, given_up.said["error.type"]) == (True, "DEADLINE_EXCEEDED")
    assert given_up.ended_nanos - given_up.begun_nanos > 900_000_000


def test_a_watch_is_a_span_once_it_has_ended(tmp_path: Path) -> None:
    """For as long as it lasted; its caller left, which is no error."""
    with SpanReceiver() as receiver, ServerProcess(tmp_path, receiver.flags()) as server:
        with Client(server.address, token=server.token) as client:
            receive = ServedPlant(client).operation("RECEIVE")
            with SteadyWatcher(server.address, server.token) as watcher:
                client.execute_inventory_operation(receive.id, "LOT-1", 5.0)
                watcher.seen(1)
                assert receiver.all("WatchInventoryLotRecords") == []
        watched = receiver.awaited("WatchInventoryLotRecords")
        executed = receiver.awaited("ExecuteInventoryOperation")

    assert (watched.error, watched.said["rpc.response.status_code"]) == (False, "CANCELLED")
    assert watched.begun_nanos < executed.begun_nanos < executed.ended_nanos < watched.ended_nanos


def test_the_caller_s_word_counts_for_what_is_recorded(tmp_path: Path) -> None:
    """Parent-based: neither the share nor a caller that records nothing is passed over."""

    def states(receiver: SpanReceiver, server: ServerProcess) -> list[str]:
        with Client(server.address, token=server.token) as client:
            consume = ServedPlant(client).operation("CONSUME")
        request = request_of(consume, "NO-SUCH-LOT")
        called(server, EXECUTE, request, traceparent=f"{PARENT}-00", tracestate="of=unsampled")
        called(server, EXECUTE, request, traceparent="00-rubbish-01", tracestate="of=rubbish")
        called(server, EXECUTE, request, traceparent=f"{PARENT}-01", tracestate="of=sampled,b=2")
        called(server, EXECUTE, request, traceparent=f"{PARENT}-03", tracestate="x" * 1_000)
        server.terminate()
        found: list[SeenSpan] = receiver.all("ExecuteInventoryOperation")
        assert {span.trace_id for span in found if span.parent} == {TRACE_ID}
        assert {span.parent for span in found} - {""} == {"00f067aa0ba902b7"}
        return sorted(f"{bool(span.parent)} {span.state}" for span in found)

    with SpanReceiver() as receiver, ServerProcess(tmp_path, receiver.flags(ratio=0)) as server:
        assert states(receiver, server) == ["True ", "True of=sampled,b=2"]
    with SpanReceiver() as receiver, ServerProcess(tmp_path, receiver.flags(ratio=1), address="") as server:
        assert states(receiver, server) == ["False ", "True ", "True of=sampled,b=2"]


@pytest.mark.parametrize("badness", ["away", "hangs", "is busy", "refuses", "rejects"])
def test_a_receiver_that_behaves_badly_harms_no_call_and_no_end(tmp_path: Path, badness: str) -> None:
    """Calls are as fast as ever, what is lost is counted, one line tells of it, and SIGTERM ends the server."""
    receiver = SpanReceiver(
        status={"is busy": 503, "refuses": 400}.get(badness, 200), hangs=badness == "hangs", rejects=3
    )
    with ExitStack() as stack:
        stack.enter_context(receiver)
        flags = receiver.flags() if badness != "away" else ("--traces-endpoint", "http://127.0.0.1:9")
        server = stack.enter_context(ServerProcess(tmp_path, (*flags, *LISTENS, "--traces-sample-ratio", "1")))
        address = metrics_address(server)
        with Client(server.address, token=server.token) as client:
            receive = ServedPlant(client).operation("RECEIVE")
            if badness in {"hangs", "refuses", "is busy"}:
                receiver.awaited_requests(1)
            for number in range(50):
                client.execute_inventory_operation(receive.id, f"LOT-{number}", 5.0)
        outcome = {"refuses": "refused", "rejects": "refused"}.get(badness, "away")
        lost = awaited_scrape(address, lambda one: one.sum("lotkeeper_trace_spans_total", outcome=outcome) > 0)
        # A caller may have its answer a moment before it is counted.
        ended = {"grpc_method": "ExecuteInventoryOperation", "grpc_code": "OK"}
        awaited_scrape(address, lambda one: one.sum("grpc_server_handled_total", **ended) == 50)
        begun_seconds = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begun_seconds < 8
        told = lines_about(server, "traces_not_sent")

    assert len(told) == (badness != "rejects")
    if badness == "rejects":
        assert lost.sum("lotkeeper_trace_spans_total", outcome="refused") % 3 == 0


def test_a_receiver_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    """A restart of the collector loses nothing that was tried in the last seconds."""
    with SpanReceiver(status=503) as receiver, ServerProcess(tmp_path, receiver.flags()) as server:
        with Client(server.address, token=server.token) as client:
            client.list_permissions()
        receiver.awaited_requests(1)
        receiver.status = 200
        receiver.awaited("ListPermissions")


def test_what_waits_is_sent_at_the_end(tmp_path: Path) -> None:
    """The last calls before a restart are often those that one wants to see."""
    with SpanReceiver() as receiver, ServerProcess(tmp_path, receiver.flags()) as server:
        with Client(server.address, token=server.token) as client:
            for _ in range(20):
                client.list_permissions()
        assert server.terminate() == 0
        assert len(receiver.all("ListPermissions")) == 20


def test_each_of_many_processes_sends_its_own_spans(tmp_path: Path) -> None:
    """Threads do not survive a fork: each worker has made its own."""
    program = (sys.executable, "-m", "tests.many_processes")
    with SpanReceiver() as receiver, ExitStack() as clients:
        flags = (*receiver.flags(), "--processes", "2")
        server = clients.enter_context(ServerProcess(tmp_path, flags, program=program))
        for _ in range(12):  # the system spreads connections
            client = clients.enter_context(
                Client(server.address, token=server.token, channel_options=[("grpc.use_local_subchannel_pool", 1)])
            )
            client.list_permissions()
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        spans = receiver.all("ListPermissions")

    assert len(spans) == len({span.span_id for span in spans}) == 12
    assert len({span.resource["service.instance.id"] for span in spans}) == 2
    assert len({span.resource["process.pid"] for span in spans}) == 2


def test_a_receiver_with_tls_gets_the_headers_of_a_file(tmp_path: Path) -> None:
    """As a service in the cloud wants it: a key in a header, which is in no list of processes and in no log."""
    certificate, key = made_certificate(tmp_path)
    headers = tmp_path / "headers"
    headers.write_text("api-key=geheim%20nis,x-tenant=dairy\n")
    headers.chmod(0o600)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with SpanReceiver(context=context) as receiver:
        url = f"https://localhost:{receiver.address.rpartition(':')[2]}"
        flags = ("--traces-endpoint", url, "--traces-headers-file", str(headers))
        trusts = ("--traces-ca-file", str(certificate), "--traces-sample-ratio", "1")
        with ServerProcess(tmp_path, (*flags, *trusts)) as server:
            with Client(server.address, token=server.token) as client:
                client.list_permissions()
            receiver.awaited("ListPermissions")
            assert "geheim" not in server.log()

    assert receiver.headers["api-key"] == "geheim nis"
    assert receiver.headers["x-tenant"] == "dairy"


def test_health_checks_have_no_spans(tmp_path: Path) -> None:
    """They come all the time and say nothing of the plant."""
    with SpanReceiver() as receiver, ServerProcess(tmp_path, receiver.flags()) as server:
        assert called(server, "grpc.health.v1.Health/Check") is grpc.StatusCode.OK
        with Client(server.address, token=server.token) as client:
            client.list_permissions()
        server.terminate()
        assert [span.name for span in receiver.spans if span.kind == SERVER_KIND] == [f"{SERVICE}/ListPermissions"]


def test_nothing_of_opentelemetry_is_imported_without_the_setting() -> None:
    """Whoever has no receiver needs neither its package nor the time to import it."""
    asked = (
        "import sys, lotkeeper_server.cli.main, lotkeeper_server.app; print([m for m in sys.modules if 'opentel' in m])"
    )
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "[]\n"
