"""The report: what was measured as Markdown for people and JSON for programs."""

import json
import os
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import grpc

from bench.figures import PERCENTS, Audited, Curve, Figure, Omitted, Result

HEADINGS: Final = ("#", "what", "reference", "target: reach now / aim", "median", "range", "medians measured", "")


def write(folder: Path, results: Sequence[Result], conditions: dict[str, Any], plots: Sequence[Path]) -> str:
    """report.md and report.json in the folder; returns the former."""
    text = "\n".join(_lines(results, conditions, plots)) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(text)
    document = {
        "conditions": conditions,
        "versions": versions(),
        "percents": PERCENTS,
        "figures": [_as_json(one) for one in results if isinstance(one, Figure)],
        "omitted": [asdict(one) for one in results if isinstance(one, Omitted)],
        "latencies": [asdict(one) for one in results if isinstance(one, Curve)],
        "audits": [asdict(one) for one in results if isinstance(one, Audited)],
    }
    (folder / "report.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return text


def row(figure: Figure) -> tuple[str, ...]:
    """A figure as a row of the table."""
    unit = f" {figure.unit}"
    value = "x" if figure.reference else unit
    spread = (
        f"{figure.values[0]:.4g} once"
        if len(figure.values) == 1
        else f"{min(figure.values):.2f} to {max(figure.values):.2f}"
    )
    measured = f"{_short(statistics.median(figure.measured))}{unit}"
    if figure.referred:
        measured += f" beside {_short(statistics.median(figure.referred))}{unit}"
    verdict = "" if figure.target is None else "missed" if figure.missed else "reached"
    return (
        figure.number,
        figure.what,
        figure.reference or "-",
        str(figure.target or "-"),
        f"{figure.median:.2f}{value}",
        spread,
        measured,
        verdict,
    )


def versions() -> dict[str, str | int | None]:
    """Of what the figures depend on."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("grpcio", "protobuf", "sqlalchemy", "psycopg")},
        "grpc core": grpc.__version__,
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "commit": _commit(),
    }


def _lines(results: Sequence[Result], conditions: dict[str, Any], plots: Sequence[Path]) -> Iterator[str]:
    figures = [one for one in results if isinstance(one, Figure)]
    yield "# Benchmark report"
    yield ""
    yield (
        "Each figure is shown beside its reference from the same run; docs/benchmarks.md says how it is measured. "
        "The median counts. Absolute numbers are this machine's."
    )
    yield ""
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|" + "---|" * len(HEADINGS)
    for figure in figures:
        yield "| " + " | ".join(row(figure)) + " |"
    yield from _section("Missed, and what limits it", _limits(figures))
    yield from _section("Notes", [f"* **{one.number}**: {one.note}" for one in figures if one.note])
    omitted = [one for one in results if isinstance(one, Omitted)]
    yield from _section("Not measured", [f"* **{one.number}** ({one.what}): {one.reason}" for one in omitted])
    yield from _section("Plots", [f"![{plot.stem}]({plot.name})" for plot in plots if plot.suffix == ".svg"])
    audits = [one for one in results if isinstance(one, Audited)]
    yield from _section(
        "Audit",
        [
            "Every stock is the sum of its records, and there are as many records as acknowledged calls:",
            "",
            *(f"* {one.store}: {one.acknowledged:,} acknowledged, {one.records:,} records" for one in audits),
        ],
    )
    commands = [f"* {one.number}: `{one.command}`" for one in figures]
    yield from _section("Commands", ["* all: `make bench`", *commands])
    yield from _section(
        "Conditions",
        [
            *(f"* {name}: {value}" for name, value in conditions.items()),
            "* versions: " + ", ".join(f"{name} {value}" for name, value in versions().items()),
        ],
    )


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"## {title}"
        yield ""
        yield from lines


def _limits(figures: Sequence[Figure]) -> list[str]:
    return [
        f"* **{one.number}**, {one.median:.2f} instead of {one.target}: {one.limited_by or 'no profile yet'}"
        for one in figures
        if one.missed
    ]


def _as_json(figure: Figure) -> dict[str, Any]:
    return asdict(figure) | {
        "target": None if figure.target is None else asdict(figure.target),
        "median": figure.median,
        "missed": figure.missed,
        "limited_by": figure.limited_by,
        "command": figure.command,
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
