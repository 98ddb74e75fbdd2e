"""`make bench`: measures everything that this machine can, each figure beside its reference, and writes bench/report.

If an audit fails, the run ends there and says what differs: a fast but wrong run is a failed run.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import (
    fairness,
    footprint,
    growth,
    latency,
    observed,
    on_postgresql,
    overload,
    plots,
    report,
    throughput,
    whole_suite,
)
from bench.figures import Audited, Figure, Omitted, Result
from bench.served import Conditions

REPORT: Final = Path(__file__).parent / "report"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured together, on the same servers."""

    numbers: tuple[str, ...]
    measure: Callable[[Conditions], Iterator[Result]]


MEASUREMENTS: Final = (
    Measurement(("B1", "B3", "B5", "B8", "B17"), throughput.measure_embedded),
    Measurement(("B1u",), throughput.measure_unpinned),
    Measurement(("B4",), latency.measure_embedded),
    Measurement(("B2", "B3", "B4", "B5", "B6", "B8"), on_postgresql.measure),
    Measurement(("B7", "B13"), growth.measure),
    Measurement(("B9",), overload.measure),
    Measurement(("B10",), footprint.measure_memory),
    Measurement(("B11",), footprint.measure_start),
    Measurement(("B12",), observed.measure),
    Measurement(("B14",), whole_suite.measure),
    Measurement(("B15",), fairness.measure),
)


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="B1,B4", help="the figures to measure; default: all except B14")
    parser.add_argument("--runs", type=int, default=5, help="interleaved pairs of runs of each figure [5]")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one run [2]")
    parser.add_argument("--overload-seconds", type=float, default=60.0, help="of three times the best rate [60]")
    parser.add_argument("--memory-calls", type=int, default=200_000, help="before memory is measured [200000]")
    parser.add_argument("--records", type=int, default=1_000_000, help="in the grown plant of B7 and B13 [1000000]")
    parser.add_argument(
        "--kept",
        type=Path,
        default=Path(tempfile.gettempdir()) / "lotkeeper-bench",
        help="where grown plants are kept for the next run",
    )
    parser.add_argument("--report", type=Path, default=REPORT, help="the folder to write to [bench/report]")
    chosen = parser.parse_args()
    wanted = frozenset(one.strip().upper().replace("U", "u") for one in chosen.only.split(",") if one.strip())
    if unknown := wanted - {number for one in MEASUREMENTS for number in one.numbers}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    conditions = Conditions(
        chosen.runs,
        chosen.seconds,
        chosen.overload_seconds,
        chosen.memory_calls,
        chosen.records,
        chosen.kept,
        wanted,
    )
    begun = time.perf_counter()
    results = list(_measured(conditions))
    shown = {name: str(value) for name, value in asdict(conditions).items() if name not in {"kept", "wanted"}}
    shown["only"] = ", ".join(sorted(wanted)) or "all except B14"
    shown["minutes taken"] = f"{(time.perf_counter() - begun) / 60:.1f}"
    print(report.write(chosen.report, results, shown, plots.draw(chosen.report, results)))
    return 0


def _measured(conditions: Conditions) -> Iterator[Result]:
    for measurement in MEASUREMENTS:
        if not any(map(conditions.want, measurement.numbers)):
            continue
        for result in measurement.measure(conditions):
            yield result
            if isinstance(result, Figure):
                print(" | ".join(report.row(result)), file=sys.stderr, flush=True)
            elif isinstance(result, Omitted):
                print(f"{result.number}: not measured, {result.reason}", file=sys.stderr, flush=True)
            elif isinstance(result, Audited):
                print(f"audit of {result.store}: {result.records:,} records agree", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
