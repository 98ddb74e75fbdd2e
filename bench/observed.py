"""The cost of tokens, logs, metrics and traces: B12."""

from collections.abc import Iterator
from typing import Final

from bench.figures import Result, interleaved, ratio
from bench.served import EXECUTE, Conditions, plant_of_lots, rate, served
from bench.span_sink import span_sink

OBSERVED_FLAGS: Final = ("--log-level", "info", "--log-format", "json", "--metrics-listen", "127.0.0.1:0")
SAMPLE_RATIO: Final = "0.1"
NOTE: Final = (
    "tokens are checked and calls are counted in both, since every server does that; logs at level info as JSON, "
    "metrics served and sampled, and spans of a tenth of the calls sent to a receiver, against level error and nobody "
    "who listens"
)


def measure(conditions: Conditions) -> Iterator[Result]:
    """Two servers on one core, one of which is idle while the other is measured."""
    with (
        span_sink() as receiver,
        served("SQLite, observed", flags=(*OBSERVED_FLAGS, *_traces(receiver))) as observed,
        served("SQLite, unobserved") as plain,
    ):
        with_logs, without = (
            rate(bench, EXECUTE, plant_of_lots(bench), conditions.seconds) for bench in (observed, plain)
        )
        found = interleaved(conditions.runs, {"with": with_logs, "without": without})
        what = "with tokens, structured logs, metrics and traces on, SQLite"
        yield ratio("B12", what, "the same without", found["with"], found["without"], "/s", note=NOTE)
        yield observed.audit()
        yield plain.audit()


def _traces(receiver: str) -> tuple[str, ...]:
    return "--traces-endpoint", receiver, "--traces-sample-ratio", SAMPLE_RATIO
