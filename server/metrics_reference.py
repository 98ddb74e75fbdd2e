"""Writes docs/metrics.md from the metrics in the code: `metrics_reference.py [--check] docs/metrics.md`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lotkeeper_server.observability.exposition import PROCESS
from lotkeeper_server.observability.layout import Histogram, Metric
from lotkeeper_server.observability.method_metrics import layout_of
from lotkeeper_server.rpc.observed_methods import methods_served

HEAD: Final = """\
# Metrics

With `metrics_listen = "HOST:PORT"` (a flag, a name in the TOML file, `LOTKEEPER_METRICS_LISTEN`; nothing listens by
default) a server answers three pages by HTTP:

| page | answers |
|---|---|
| `/metrics` | all metrics, as Prometheus reads them |
| `/healthz` | 200 while the process works: whoever gets no answer may restart it |
| `/readyz` | 200 while calls can be served; 503 while the store cannot be used, or the server is ending |

`make run` has it on 127.0.0.1:9464. The pages need no token and say nothing of what is in the store, but whom a server
serves, and how much, is nobody's business: listen on loopback or on a network of your own.

With `--processes N` one scrape tells of all: counters and histograms are summed up, and what is of one process has the
label `process`, its number from 0. A process that dies takes nothing with it: what it had counted stays, and the one
in its place counts on. Which process answers `/readyz` is chance; all of them look at the same store. A server of N
processes that has been killed begins at 0, as Prometheus expects of one that was restarted.

A call costs about two microseconds for being counted, whether anybody listens or not. A server has room for 32
connections here, each for one page and 5 s.

[deploy/prometheus](../deploy/prometheus) has a configuration and alert rules, [deploy/grafana](../deploy/grafana) a
dashboard that shows every metric below. What a line of the log says is in [logs.md](logs.md); where calls are slow,
begin with [slow-calls.md](slow-calls.md).

![The dashboard's panels, with the numbers that its queries gave](images/dashboard.svg)

This is no screenshot of Grafana: `make dashboard-picture` draws what the dashboard's queries give on a Prometheus that
scrapes a server on PostgreSQL for a minute, in which a table is locked, a token has expired, and one principal floods
it.

Each alert is tried with a real Prometheus and a real fault, but for three that no fault brings about in seconds
(LotkeeperBusy, LotkeeperEventLoopLate, LotkeeperFeedNotNumbered): these are tried with made series, as all others are,
too.

## All metrics

`grpc_server_*` are those of other gRPC servers, so dashboards for these work. `grpc_type` is unary, client_stream,
server_stream or bidi_stream; calls of methods that there are not count as `unknown`.

| metric | type | labels | meaning | what to do |
|---|---|---|---|---|
"""
FOOT: Final = """
## Values of labels

Every series is there from the start, so `rate` sees the first of each; only those of methods, codes and reasons come
when they are first needed.

| label | of | values |
|---|---|---|
"""
_MANY: Final = frozenset({"grpc_type", "grpc_service", "grpc_method", "reason"})


def reference() -> str:
    """The whole page."""
    metrics = layout_of(methods_served()).metrics
    return HEAD + "".join(map(_row, metrics)) + FOOT + "".join(row for one in metrics for row in _label_rows(one))


def _row(metric: Metric) -> str:
    names = [*metric.labels, *([PROCESS] if metric.is_of_process else []), *(["le"] if _has_buckets(metric) else [])]
    labels = ", ".join(f"`{name}`" for name in names)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} | {metric.advice} |\n"


def _label_rows(metric: Metric) -> Iterator[str]:
    for at, label in enumerate(metric.labels):
        if label not in _MANY:
            values = ", ".join(f"`{one}`" for one in dict.fromkeys(series[at] for series in metric.series))
            yield f"| `{label}` | `{metric.name}` | {values} |\n"


def _has_buckets(metric: Metric) -> bool:
    return isinstance(metric, Histogram)


def main(arguments: list[str]) -> int:
    """Writes the page, or says whether it is current."""
    path = Path(arguments[-1])
    if "--check" not in arguments:
        path.write_text(reference(), encoding="utf-8")
        return 0
    if path.read_text(encoding="utf-8") == reference():
        return 0
    sys.stderr.write(f"{path} is not current; run: make metrics\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
