"""What one process of a server counts, each series bound once."""

from collections.abc import Mapping
from typing import Final

from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.cells import Cells, Counter, MethodCells, SharedMemory
from lotkeeper_server.observability.layout import Metric
from lotkeeper_server.observability.method_metrics import CODES, UNKNOWN, MethodMetrics, layout_of, method_metrics
from lotkeeper_server.observability.pipeline import PipelineMetrics

NOT_FOUND: Final = "NOT_FOUND"
"""Counts for LOT_NOT_FOUND, LOCATION_NOT_FOUND and so on."""
_NO_METHODS: Final = method_metrics({}, ())


class ServerMetrics:
    """The metrics of one process.

    Attributes:
        memory: of all processes.
        cells: for what is bound elsewhere.
        pipeline: what batches, saves and imports count in.
        refusals: by reason.
        limits: by the limit that was passed.
        callers_refused: by cause.
        connections_ended: by cause.
        calls_wait_seconds: by why.
        watch_records: sent.
        reads: what they took.
        trace_spans: by what became of them.
    """

    def __init__(
        self, methods: MethodMetrics = _NO_METHODS, memory: SharedMemory | None = None, place: int = 0
    ) -> None:
        """Takes a place in the memory.

        Args:
            methods: of the server.
            memory: of all processes, made for these methods; None makes one for this process alone.
            place: this process's number, from 0.
        """
        self.memory = SharedMemory(layout_of(methods)) if memory is None else memory
        self.cells = cells = Cells(self.memory, place)
        self._methods = methods
        self.pipeline = PipelineMetrics(cells)
        self.refusals = {reason: cells.counter(methods.refusals, reason) for (reason,) in methods.refusals.series}
        self.limits = _by_label(cells, catalogue.LIMITS_HIT)
        self.callers_refused = _by_label(cells, catalogue.CALLERS_REFUSED)
        self.connections_ended = _by_label(cells, catalogue.CONNECTIONS_ENDED)
        self._log_lines = _by_label(cells, catalogue.LOG_LINES)
        self.log_repeats = cells.counter(catalogue.LOG_REPEATS)
        self.trace_spans = _by_label(cells, catalogue.TRACE_SPANS)
        self.calls_wait_seconds = _by_label(cells, catalogue.CALLS_WAIT_SECONDS)
        self.watch_records = cells.counter(catalogue.WATCH_RECORDS)
        self.feed_numbered = cells.counter(catalogue.FEED_NUMBERED)
        self.feed_numbering_seconds = cells.distribution(catalogue.FEED_NUMBERING_SECONDS)
        self.feed_numbering_failures = cells.counter(catalogue.FEED_NUMBERING_FAILURES)
        self.reads = cells.distribution(catalogue.READ_SECONDS)

    def note_connections_ended(self, causes: Mapping[str, int]) -> None:
        """So many connections were ended for each cause."""
        for cause, count in causes.items():
            if (counter := self.connections_ended.get(cause)) is not None:
                counter.add(count)

    def note_refused(self, reason: str, limit: str) -> None:
        """A call was refused.

        Args:
            reason: empty for none; all that say what was not found are counted together.
            limit: that it has passed; empty for none.
        """
        if reason:
            counter = self.refusals.get(NOT_FOUND if reason.endswith(NOT_FOUND) else reason)
            if counter is not None:
                counter.add()
        if limit and (counter := self.limits.get(limit)) is not None:
            counter.add()

    def note_line(self, level: str) -> None:
        """A line of the log was written."""
        if (counter := self._log_lines.get(level)) is not None:
            counter.add()

    def note_caller_refused(self, cause: str) -> None:
        """A caller was not let in."""
        if (counter := self.callers_refused.get(cause)) is not None:
            counter.add()

    def method(self, path: str) -> MethodCells:
        """What the calls of a method count in.

        Args:
            path: `/package.Service/Method`; one that is not known counts as unknown.
        """
        methods = self._methods
        labels = methods.labels.get(path, UNKNOWN)
        return self.cells.method(methods.started, methods.handled, methods.seconds, labels, CODES)


def _by_label(cells: Cells, metric: Metric) -> dict[str, Counter]:
    return {value: cells.counter(metric, value) for (value,) in metric.series}
