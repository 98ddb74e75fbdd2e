"""What is measured: figures, each a ratio beside its reference in one run, with its target."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.targets import Target, base_of, limit_of, target_of

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9)
"""The percentiles of latencies that are drawn and kept."""


def at(ordered: Sequence[float], percent: float) -> float:
    """The value that so many percent of the ordered values do not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def percentiles(latencies: Sequence[float]) -> list[float]:
    """Milliseconds at each of PERCENTS, of latencies in seconds."""
    ordered = sorted(latencies)
    return [at(ordered, percent) * 1e3 for percent in PERCENTS]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        number: as in docs/benchmarks.md, B1 to B17, and where it is one of several the store or the percentile.
        what: is measured.
        reference: what it is compared with; empty if there is none.
        values: the ratio of each pair of runs; without a reference the measured values.
        unit: of `measured` and `referred`.
        measured: of each run.
        referred: of each run of the reference; empty where there is none.
        note: what a reader must know about this run.
    """

    number: str
    what: str
    reference: str
    values: list[float]
    unit: str
    measured: list[float]
    referred: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def target(self) -> Target | None:
        """The target for `values`; None for a figure without one."""
        return target_of(self.number)

    @property
    def limited_by(self) -> str:
        """What limits it, from a profile; shown if the target is missed."""
        return limit_of(self.number)

    @property
    def command(self) -> str:
        """The command that measures only this figure."""
        return f"make bench ARGS='--only {base_of(self.number)}'"

    @property
    def median(self) -> float:
        """That counts."""
        return statistics.median(self.values)

    @property
    def missed(self) -> bool:
        """Whether it misses its minimum."""
        return self.target is not None and not self.target.met_by(self.median)


@dataclass(frozen=True, slots=True)
class Omitted:
    """A figure that was not measured, and why."""

    number: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Latencies of many calls: milliseconds at each of PERCENTS."""

    plot: str
    label: str
    milliseconds: list[float]


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit of one store found: it is written only if everything agrees."""

    store: str
    acknowledged: int
    records: int


Result = Figure | Omitted | Curve | Audited


def interleaved(runs: int, measurements: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Runs of each in turn (A B C A B C ...), after one of each to warm up."""
    for measure in measurements.values():
        measure()
    found: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(runs):
        for name, measure in measurements.items():
            found[name].append(measure())
    return found


def ratio(
    number: str, what: str, reference: str, measured: list[float], referred: list[float], unit: str, *, note: str = ""
) -> Figure:
    """A figure of interleaved runs."""
    values = [one / other for one, other in zip(measured, referred, strict=True)]
    return Figure(number, what, reference, values, unit, measured, referred, note)
