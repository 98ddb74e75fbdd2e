"""Pictures of throughput and of latency percentiles, each as PNG and SVG."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: there is no screen
from matplotlib import pyplot as plt

from bench.figures import PERCENTS, Curve, Figure, Result

KINDS: Final = ("png", "svg")
_MEASURED, _REFERRED = "#1f5fa8", "#b8c4d0"


def draw(folder: Path, results: Sequence[Result]) -> list[Path]:
    """Draws every picture that the results allow; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    rates = [one for one in results if isinstance(one, Figure) and one.unit == "/s"]
    files = _saved(_throughput(rates), folder / "throughput") if rates else []
    curves = [one for one in results if isinstance(one, Curve)]
    for plot in dict.fromkeys(curve.plot for curve in curves):
        picture = _latency(plot, [curve for curve in curves if curve.plot == plot])
        files += _saved(picture, folder / f"latency-{plot.replace(' ', '-')}")
    return files


def _throughput(figures: Sequence[Figure]) -> Any:
    """Bars of the medians, measured beside reference, with the range of the runs."""
    picture, axes = plt.subplots(figsize=(9, 1.2 + 0.55 * len(figures)), layout="constrained")
    for offset, colour, label in ((0.2, _REFERRED, "reference"), (-0.2, _MEASURED, "measured")):
        runs = [one.referred if label == "reference" else one.measured for one in figures]
        medians = [statistics.median(values) for values in runs]
        spread = [
            [median - min(values) for median, values in zip(medians, runs, strict=True)],
            [max(values) - median for median, values in zip(medians, runs, strict=True)],
        ]
        places = [place + offset for place in range(len(figures))]
        axes.barh(places, medians, 0.38, xerr=spread, color=colour, label=label, error_kw={"elinewidth": 0.8})
    axes.set_yticks(range(len(figures)), [f"{one.number}: {one.median:.2f} x {one.reference[:40]}" for one in figures])
    axes.invert_yaxis()
    axes.set_xlabel("a second: median and range of the runs")
    axes.legend(loc="best")
    axes.set_title("Throughput beside the reference of the same run")
    return picture


def _latency(plot: str, curves: Sequence[Curve]) -> Any:
    """Milliseconds over percentiles, stretched towards the tail."""
    picture, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    places = range(len(PERCENTS))
    for curve in curves:
        axes.plot(places, curve.milliseconds, marker=".", label=curve.label)
    axes.set_xticks(places, [f"{percent:g}" for percent in PERCENTS])
    axes.set_yscale("log")
    axes.set_xlabel("percent of the calls took no longer than")
    axes.set_ylabel("ms, logarithmic")
    axes.grid(visible=True, axis="y", alpha=0.3)
    axes.legend()
    axes.set_title(f"Latency: {plot}")
    return picture


def _saved(picture: Any, path: Path) -> list[Path]:
    files = [path.with_suffix(f".{kind}") for kind in KINDS]
    for file in files:
        picture.savefig(file, dpi=120, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(picture)
    return files
