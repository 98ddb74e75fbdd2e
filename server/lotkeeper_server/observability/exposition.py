"""Metrics as text, in the format that Prometheus reads (0.0.4): one answer for all processes of a server."""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from lotkeeper_server.observability.cells import SharedMemory
from lotkeeper_server.observability.layout import Histogram, Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PROCESS: Final = "process"
"""The label that says whose a gauge is: the process's number, from 0."""
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def exposition(memory: SharedMemory, pid: Metric) -> str:
    """All metrics: counters and histograms of all processes together, gauges of each process that lives.

    Args:
        memory: of all processes.
        pid: the gauge that says which process has a place; 0 is none.
    """
    regions = [memory.region(place) for place in range(memory.places)]
    pid_at = memory.layout.at(pid, ())
    living = [place for place, region in enumerate(regions) if _lives(int(region[pid_at]))]
    lines: list[str] = []
    for metric, at in memory.layout.blocks():
        lines.append(f"# HELP {metric.name} {metric.meaning}".replace("\\", "\\\\"))
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        if metric.is_of_process:
            lines += _of_processes(metric, at, regions, living)
        else:
            lines += _sums(metric, at, regions)
    return "\n".join(lines) + "\n"


def _of_processes(
    metric: Metric, at: int, regions: "Sequence[memoryview[float]]", living: Sequence[int]
) -> Iterator[str]:
    for place in living:
        for number, values in enumerate(metric.series):
            labels = _labels((*metric.labels, PROCESS), (*values, str(place)))
            yield f"{metric.name}{labels} {_number(regions[place][at + number])}"


def _sums(metric: Metric, at: int, regions: "Sequence[memoryview[float]]") -> Iterator[str]:
    for number, values in enumerate(metric.series):
        begin = at + number * metric.width
        cells = [sum(region[cell] for region in regions) for cell in range(begin, begin + metric.width)]
        if metric.is_sparse and not any(cells):
            continue
        if isinstance(metric, Histogram):
            yield from _histogram(metric, values, cells)
        else:
            yield f"{metric.name}{_labels(metric.labels, values)} {_number(cells[0])}"


def _histogram(metric: Histogram, values: tuple[str, ...], cells: Sequence[float]) -> Iterator[str]:
    count = 0.0
    for bound, cell in zip((*map(_number, metric.bounds), "+Inf"), cells[:-1], strict=True):
        count += cell
        yield f"{metric.name}_bucket{_labels((*metric.labels, 'le'), (*values, bound))} {_number(count)}"
    labels = _labels(metric.labels, values)
    yield f"{metric.name}_sum{labels} {_number(cells[-1])}"
    yield f"{metric.name}_count{labels} {_number(count)}"


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{value.translate(_ESCAPED)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _lives(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
