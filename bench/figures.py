"""What is measured: figures, each a ratio beside its reference in one run, with its target."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9)
"""Of latencies, as they are drawn and kept."""


def at(ordered: Sequence[float], percent: float) -> float:
    """The value that so many percent of the ordered ones stay at or below."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def percentiles(latencies: Sequence[float]) -> list[float]:
    """Milliseconds at each of PERCENTS, of latencies in seconds."""
    ordered = sorted(latencies)
    return [at(ordered, percent) * 1e3 for percent in PERCENTS]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is to reach now, and what it aims at; at least that much, or at most."""

    reach: float
    aim: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        """Whether the value reaches what is to be reached now."""
        return value <= self.reach if self.at_most else value >= self.reach

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {self.reach:g} / {sign} {self.aim:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        number: as in docs/benchmarks.md, B1 to B14, and where it is one of several the store or the percentile.
        what: is measured.
        reference: what it stands beside; empty where there is none.
        values: of each pair of runs the ratio; without a reference what was measured.
        target: in the same terms; None where a figure is shown for its own sake.
        unit: of `measured` and `referred`.
        measured: of each run.
        referred: of each run of the reference; empty where there is none.
        limited_by: what limits it, from a profile; shown where the target is missed.
        note: what a reader must know about this run.
        command: that gives this figure alone.
    """

    number: str
    what: str
    reference: str
    values: list[float]
    target: Target | None
    unit: str
    measured: list[float]
    referred: list[float] = field(default_factory=list)
    limited_by: str = ""
    note: str = ""
    command: str = ""

    @property
    def median(self) -> float:
        """That counts."""
        return statistics.median(self.values)

    @property
    def missed(self) -> bool:
        """Whether it stays behind what it is to reach now."""
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
    """What the audit of one store found: it is written down only where all agrees."""

    store: str
    acknowledged: int
    records: int


Result = Figure | Omitted | Curve | Audited


def pairs(runs: int, measured: Callable[[], float], referred: Callable[[], float]) -> list[tuple[float, float]]:
    """Interleaved runs of a measurement and its reference (A B A B ...), after one of each to warm up."""
    measured(), referred()
    return [(measured(), referred()) for _ in range(runs)]


def ratio(
    number: str,
    what: str,
    reference: str,
    target: Target | None,
    interleaved: list[tuple[float, float]],
    unit: str,
    *,
    limited_by: str = "",
    note: str = "",
) -> Figure:
    """A figure of interleaved pairs."""
    return Figure(
        number,
        what,
        reference,
        [measured / referred for measured, referred in interleaved],
        target,
        unit,
        [measured for measured, _ in interleaved],
        [referred for _, referred in interleaved],
        limited_by,
        note,
    )
