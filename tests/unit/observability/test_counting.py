"""What is counted, and how it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from lotkeeper_server.access.directory import Cause
from lotkeeper_server.domain.refusals import Limit
from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.cells import Cells, SharedMemory
from lotkeeper_server.observability.exposition import exposition
from lotkeeper_server.observability.layout import Histogram, Layout, Metric, values_of
from lotkeeper_server.observability.method_metrics import layout_of, method_metrics
from lotkeeper_server.observability.server_metrics import ServerMetrics

PID = Metric("pid", "gauge", "The process.")
DONE = Metric("done_total", "counter", "Done.", "", ("how",), values_of(('a"b', "c\\d\n")))
SELDOM = Metric("seldom_total", "counter", "Seldom.", "", ("how",), values_of(("x", "y")), is_sparse=True)
TOOK = Histogram("took_seconds", "histogram", "Took.", bounds=(0.125, 1.0))
DEPTH = Metric("depth", "gauge", "Deep.")
METRICS = (PID, DONE, SELDOM, TOOK, DEPTH)
NOBODY = 2**22 + 1
"""More than the largest id of a process."""


def told(memory: SharedMemory) -> list[str]:
    """The lines that are no comments."""
    return [line for line in exposition(memory, PID).splitlines() if not line.startswith("#")]


def test_counters_and_histograms_are_summed_up_and_gauges_are_told_of_each_process_that_lives() -> None:
    """Place 1 is held by a process that is dead: its gauges are gone, what it counted is not."""
    memory = SharedMemory(Layout(METRICS), 3)
    for place, pid in enumerate((os.getpid(), NOBODY, 0)):
        cells = Cells(memory, place)
        cells.gauge(PID).set(pid)
        cells.gauge(DEPTH).set(2.5)
        cells.counter(DONE, 'a"b').add(2)
        cells.distribution(TOOK).observe_all([0.0625, 0.125, 0.5, 7])

    assert told(memory) == [
        f'pid{{process="0"}} {os.getpid()}',
        'done_total{how="a\\"b"} 6',
        'done_total{how="c\\\\d\\n"} 0',
        'took_seconds_bucket{le="0.125"} 6',
        'took_seconds_bucket{le="1"} 9',
        'took_seconds_bucket{le="+Inf"} 12',
        "took_seconds_sum 23.0625",
        "took_seconds_count 12",
        'depth{process="0"} 2.5',
    ]


def test_whoever_takes_the_place_of_a_process_counts_on_and_has_gauges_of_its_own() -> None:
    """A counter never falls; what was deep is nobody's any more."""
    memory = SharedMemory(Layout(METRICS))
    first = Cells(memory)
    first.counter(SELDOM, "y").add()
    first.gauge(DEPTH).set(9)
    second = Cells(memory)
    second.gauge(PID).set(os.getpid())
    second.counter(SELDOM, "y").add()

    assert 'seldom_total{how="y"} 2' in told(memory)
    assert 'depth{process="0"} 0' in told(memory)
    assert not any('how="x"' in line for line in told(memory))


def test_what_a_forked_process_counts_is_seen_by_the_others() -> None:
    """As of the workers of a supervisor, also after one was killed."""
    script = """
import os, signal
from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.cells import SharedMemory
from lotkeeper_server.observability.method_metrics import layout_of, method_metrics
from lotkeeper_server.observability.server_metrics import ServerMetrics
methods = method_metrics({"/a.B/C": "unary"}, ["X"])
memory = SharedMemory(layout_of(methods), 2)
if not (pid := os.fork()):
    metrics = ServerMetrics(methods, memory, 1)
    of_method = metrics.method("/a.B/C")
    of_method.begun(); of_method.ended(0, 0.01); metrics.note_refused("X", "queue")
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(pid, 0)
from lotkeeper_server.observability.exposition import exposition
print(exposition(memory, catalogue.PID))
"""
    page = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert 'grpc_server_started_total{grpc_type="unary",grpc_service="a.B",grpc_method="C"} 1\n' in page
    assert 'grpc_server_handled_total{grpc_type="unary",grpc_service="a.B",grpc_method="C",grpc_code="OK"} 1\n' in page
    assert 'lotkeeper_refusals_total{reason="X"} 1\n' in page
    assert 'lotkeeper_limits_hit_total{limit="queue"} 1\n' in page


def test_threads_lose_no_count() -> None:
    """Calls end on whichever thread."""
    methods = method_metrics({"/a.B/C": "unary"}, ())
    metrics = ServerMetrics(methods, SharedMemory(layout_of(methods)))
    of_method = metrics.method("/a.B/C")

    def count() -> None:
        for _ in range(5_000):
            of_method.begun()
            of_method.ended(13, 0.5)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=count) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    finally:
        sys.setswitchinterval(interval)
    page = exposition(metrics.memory, catalogue.PID)
    assert 'grpc_method="C",grpc_code="Internal"} 20000\n' in page
    assert 'grpc_server_handling_seconds_sum{grpc_type="unary",grpc_service="a.B",grpc_method="C"} 10000\n' in page


@pytest.mark.parametrize(
    ("known", "values"),
    [(catalogue.LIMITS, [one.value for one in Limit]), (catalogue.CALLER_CAUSES, [one.value for one in Cause])],
)
def test_every_limit_and_every_cause_has_a_series(known: tuple[str, ...], values: list[str]) -> None:
    """The names that the code uses are those that the metrics know."""
    assert sorted(known) == sorted(values)


def test_no_name_of_a_method_or_reason_makes_a_new_series() -> None:
    """What a caller makes up counts as unknown, or not at all: series have an end."""
    methods = method_metrics({"/a.B/C": "unary"}, ["NOT_FOUND"])
    metrics = ServerMetrics(methods, SharedMemory(layout_of(methods)))
    metrics.method("/made/up").begun()
    metrics.note_refused("LOT_NOT_FOUND", "")
    metrics.note_refused("MADE_UP", "made up")
    page = exposition(metrics.memory, catalogue.PID)
    assert 'grpc_server_started_total{grpc_type="unary",grpc_service="unknown",grpc_method="unknown"} 1\n' in page
    assert 'lotkeeper_refusals_total{reason="NOT_FOUND"} 1\n' in page
    assert "MADE_UP" not in page
