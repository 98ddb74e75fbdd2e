"""The cost of tokens, logs and metrics: B12."""

from collections.abc import Iterator
from typing import Final

from bench.figures import Result, interleaved, ratio
from bench.served import EXECUTE, Conditions, plant_of_lots, rate, served

OBSERVED_FLAGS: Final = ("--log-level", "info", "--log-format", "json", "--metrics-listen", "127.0.0.1:0")
NOTE: Final = (
    "tokens are checked and calls are counted in both, since every server does that; logs at level info as JSON and "
    "metrics served and sampled against level error and nobody who listens"
)


def measure(conditions: Conditions) -> Iterator[Result]:
    """Two servers on one core, one of which is idle while the other is measured."""
    with served("SQLite, observed", flags=OBSERVED_FLAGS) as observed, served("SQLite, unobserved") as plain:
        with_logs, without = (
            rate(bench, EXECUTE, plant_of_lots(bench), conditions.seconds) for bench in (observed, plain)
        )
        found = interleaved(conditions.runs, {"with": with_logs, "without": without})
        what = "with tokens, structured logs and metrics on, SQLite"
        yield ratio("B12", what, "the same without", found["with"], found["without"], "/s", note=NOTE)
        yield observed.audit()
        yield plain.audit()
