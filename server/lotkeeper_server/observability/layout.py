"""What a metric is, and where its numbers stand. All series are known beforehand, so none is ever made by a caller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric.

    Attributes:
        name: as it is told.
        kind: what it does.
        meaning: in one sentence, with its unit.
        advice: what to look at, or to do, where it is not as usual.
        labels: their names.
        values: which values the labels may have together, one tuple a series.
        of_process: whether each process tells its own; else they are summed up. Gauges always are.
        is_sparse: whether a series is told only once it is not 0: where there are many that never come.
    """

    name: str
    kind: Kind
    meaning: str
    advice: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ((),)
    is_sparse: bool = False
    of_process: bool = False

    @property
    def is_of_process(self) -> bool:
        """Whether each process tells its own."""
        return self.of_process or self.kind == "gauge"

    @property
    def width(self) -> int:
        """How many numbers a series has."""
        return 1

    @property
    def series(self) -> tuple[tuple[str, ...], ...]:
        """The values of the labels of each series."""
        return self.values


@dataclass(frozen=True, eq=False)
class Histogram(Metric):
    """One histogram: for each bound how many were not above it, then those above all, then their sum.

    Attributes:
        bounds: rising.
    """

    bounds: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        return len(self.bounds) + 2


def values_of(*labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Every value of each label with every one of the others."""
    return tuple(product(*labels))


class Layout:
    """Where the numbers of each series stand in a region."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        """One after the other.

        Args:
            metrics: all that there are, each name once.
        """
        assert len({metric.name for metric in metrics}) == len(metrics)
        self.metrics = tuple(metrics)

    @cached_property
    def _begins(self) -> dict[str, int]:
        begins, at = {}, 0
        for metric in self.metrics:
            begins[metric.name] = at
            at += metric.width * len(metric.series)
        return begins

    @cached_property
    def _series(self) -> dict[str, dict[tuple[str, ...], int]]:
        return {one.name: {values: at for at, values in enumerate(one.series)} for one in self.metrics}

    @cached_property
    def cells(self) -> int:
        """How many numbers a region has."""
        return sum(metric.width * len(metric.series) for metric in self.metrics)

    def at(self, metric: Metric, labels: tuple[str, ...]) -> int:
        """Where a series begins.

        Raises:
            LookupError: where there is no such series.
        """
        return self._begins[metric.name] + metric.width * self._series[metric.name][labels]

    def blocks(self) -> Iterator[tuple[Metric, int]]:
        """Each metric, and where its first series begins."""
        for metric in self.metrics:
            yield metric, self._begins[metric.name]
