"""A receiver of OpenTelemetry's protocol by HTTP, which keeps what it is sent, or behaves as badly as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

SECONDS_MAX = 30.0
Value = str | int | float


@dataclass(frozen=True)
class SeenSpan:
    """A span as it came.

    Attributes:
        parent: the span's parent, in hexadecimal digits as all ids; empty for none.
        error: whether its status is one.
        said: its attributes.
        links: traces and spans.
        resource: the attributes of the process that sent it.
    """

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent: str
    state: str
    begun_nanos: int
    ended_nanos: int
    error: bool
    said: dict[str, Value]
    links: tuple[tuple[str, str], ...]
    resource: dict[str, Value]


@dataclass
class SpanReceiver:
    """Listens on 127.0.0.1, from `with` to its end.

    Attributes:
        status: with which it answers.
        hangs: whether it reads requests and never answers.
        rejects: how many spans it says it has not kept.
        headers: of the last request.
        requests: how many have come.
        context: TLS; None for none.
    """

    status: int = 200
    hangs: bool = False
    rejects: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    context: Any = None
    _spans: list[SeenSpan] = field(default_factory=list)
    _released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> SpanReceiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = receiver._take(self.path, dict(self.headers), body)
                if receiver.hangs:
                    receiver._released.wait()
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def flags(self, ratio: float = 1.0, scheme: str = "http") -> tuple[str, ...]:
        """What has a server send its spans here."""
        return ("--traces-endpoint", f"{scheme}://{self.address}", "--traces-sample-ratio", str(ratio))

    @property
    def spans(self) -> list[SeenSpan]:
        """All that have come."""
        return list(self._spans)

    def all(self, name: str) -> list[SeenSpan]:
        """Those of one name; of a call its method without the service is enough."""
        return [span for span in self.spans if name in (span.name, span.name.rpartition("/")[2])]

    def awaited(self, name: str, fits: Callable[[SeenSpan], bool] = lambda _span: True) -> SeenSpan:
        """The first one of a name that fits; waits for it."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            for span in self.all(name):
                if fits(span):
                    return span
            assert time.monotonic() < until, [span.name for span in self.spans]
            time.sleep(0.05)

    def span(self, span_id: str) -> SeenSpan:
        """The one of an id; waits for it."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            for span in self.spans:
                if span.span_id == span_id:
                    return span
            assert time.monotonic() < until, span_id
            time.sleep(0.05)

    def awaited_requests(self, count: int) -> None:
        """Returns once so many requests have come."""
        until = time.monotonic() + SECONDS_MAX
        while self.requests < count:
            assert time.monotonic() < until, self.requests
            time.sleep(0.05)

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.headers = headers
        self.requests += 1
        if path != "/v1/traces" or headers["Content-Type"] != "application/x-protobuf":
            return 404, b""
        if self.status == 200:
            self._spans += _seen(ExportTraceServiceRequest.FromString(body))
        rejected = ExportTracePartialSuccess(rejected_spans=self.rejects)
        return self.status, ExportTraceServiceResponse(partial_success=rejected).SerializeToString()


def _seen(request: ExportTraceServiceRequest) -> list[SeenSpan]:
    return [
        SeenSpan(
            name=span.name,
            kind=span.kind,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            state=span.trace_state,
            begun_nanos=span.start_time_unix_nano,
            ended_nanos=span.end_time_unix_nano,
            error=span.status.code == span.status.STATUS_CODE_ERROR,
            said=_values(span.attributes),
            links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
            resource=_values(of_resource.resource.attributes),
        )
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def _values(attributes: Any) -> dict[str, Value]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
