"""Sends what was noted of calls as spans, on a thread of its own, slowly enough that nobody waits for it."""

import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.observability.traces.otlp import Requests
from lotkeeper_server.observability.traces.receiver import Answer, Outcome, Receiver
from lotkeeper_server.observability.traces.recording import Record, Recorder

SEND_SECONDS: Final = 1.0
"""How long calls wait to be sent; less where many do."""
PAUSE_SECONDS: Final = 0.2
"""Between two requests: so a process sends some 2,500 calls and transactions a second at the most."""
RECORDS_MAX: Final = 512
"""In one request."""
SLICE: Final = 32
"""So many become spans before other threads are let run."""
YIELD_SECONDS: Final = 0.001
TRIES_MAX: Final = 4
FIRST_WAIT_SECONDS: Final = 1.0
"""Before the second try; twice as long before each further one."""
_log = get_logger()


class Sender:
    """Sends until it is closed."""

    def __init__(self, recorder: Recorder, receiver: Receiver, metrics: ServerMetrics, version: str) -> None:
        """Sends nothing yet.

        Args:
            recorder: what is sent.
            receiver: who takes it.
            metrics: what is counted in.
            version: of the program.
        """
        self._recorder = recorder
        self._receiver = receiver
        self._counters = metrics.trace_spans
        self._version = version
        self._closing = threading.Event()
        self._is_away = False
        self._thread = threading.Thread(target=self._run, name="lotkeeper-traces", daemon=True)

    def begin(self) -> None:
        """Sends from now on; in the process that serves, not in one that forks it."""
        self._thread.start()

    def close(self, seconds_max: float) -> None:
        """Sends what waits, and ends; returns after so many seconds at the latest, whatever the receiver does."""
        self._closing.set()
        self._recorder.woken.set()
        if self._thread.is_alive():
            self._thread.join(seconds_max)

    def _run(self) -> None:
        requests = Requests(self._version)
        while True:
            self._recorder.woken.wait(SEND_SECONDS)
            self._recorder.woken.clear()
            is_last = self._closing.is_set()  # asked first: what was noted before that is among what is taken
            try:
                self._send_all(requests)
            except Exception:  # the border of the thread: later calls have spans all the same
                _log.exception("fault", task="traces")
            if is_last:
                self._receiver.close()
                return

    def _send_all(self, requests: Requests) -> None:
        """Sends what waits, but for what comes meanwhile."""
        for _ in range(-(-len(self._recorder) // RECORDS_MAX)):
            records = self._recorder.take(RECORDS_MAX)
            spans = [span for piece in _slices(records) for span in self._made(requests, piece)]
            self._deliver(requests.request(spans), len(spans))
            self._closing.wait(PAUSE_SECONDS)
        if lost := self._recorder.take_lost():
            self._counters["queue_full"].add(lost)

    def _made(self, requests: Requests, records: list[Record]) -> list[Span]:
        spans = requests.spans(records)
        if not self._closing.is_set():
            time.sleep(YIELD_SECONDS)
        return spans

    def _deliver(self, body: bytes, spans: int) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        for number in range(1, TRIES_MAX + 1):
            answer = self._receiver.send(body)
            is_last = number == TRIES_MAX or self._closing.is_set()
            if answer.outcome is not Outcome.AWAY or is_last:
                break
            self._closing.wait(wait_seconds)
            wait_seconds *= 2
        rejected = _rejected(answer) if answer.outcome is Outcome.TAKEN else spans
        self._counters["sent"].add(spans - rejected)
        self._counters["away" if answer.outcome is Outcome.AWAY else "refused"].add(rejected)
        self._tell(answer, rejected)

    def _tell(self, answer: Answer, lost: int) -> None:
        """One line when it begins to fail, and one when it goes on."""
        if answer.outcome is Outcome.TAKEN:
            if self._is_away:
                self._is_away = False
                _log.info("traces_sent_again")
        elif not self._is_away:
            self._is_away = True
            _log.warning("traces_not_sent", why=answer.why, spans=lost)


def _slices(records: list[Record]) -> Iterator[list[Record]]:
    rest = iter(records)
    while piece := list(islice(rest, SLICE)):
        yield piece


def _rejected(answer: Answer) -> int:
    """How many spans a receiver has not kept that took the request."""
    try:
        return int(ExportTraceServiceResponse.FromString(answer.body).partial_success.rejected_spans)
    except DecodeError:  # some receivers answer in other words; 200 says enough
        return 0
