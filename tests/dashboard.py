"""The dashboard's queries on a Prometheus that has real data, and a picture of what they give. It is no Grafana's.

`python -m tests.dashboard FILE.svg` runs a server with callers and faults for a minute and draws what was seen.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

from lotkeeper import Client
from lotkeeper_server.cli.shown_bytes import shown_bytes

from tests import stores
from tests.prometheus_server import DEPLOY, WINDOW, Prometheus
from tests.scraped import LISTENS, metrics_address
from tests.server_process import ServerProcess
from tests.slow_calls import BusyPlant

DASHBOARD = DEPLOY / "grafana" / "lotkeeper.json"
COLUMN, ROW, MARGIN = 46, 24, 34
COLORS = ("#3274d9", "#e02f44", "#37872d", "#ff780a", "#8f3bb8", "#fade2a", "#5794f2", "#c4162a", "#56a64b", "#b877d9")
LEGENDS_MAX = 6
_Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Drawn:
    """One panel with its data.

    Attributes:
        panel: of the dashboard.
        series: by their legend, moments and values.
    """

    panel: dict[str, Any]
    series: dict[str, _Points]


def panels() -> list[dict[str, Any]]:
    """Those of the dashboard, rows among them."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def asked(expression: str) -> str:
    """A query with its variables filled in: all instances, and a short time."""
    return expression.replace("$instance", ".*").replace("$__rate_interval", WINDOW)


def numbers_of(
    prometheus: Prometheus, expression: str, begun: float, ended: float
) -> list[tuple[dict[str, str], _Points]]:
    """What a query of the dashboard gives over a time: labels, and the moments with a number."""
    series = []
    for one in prometheus.query_range(asked(expression), begun, ended):
        points = [(moment, float(text)) for moment, text in one["values"]]
        if points := [(moment, value) for moment, value in points if math.isfinite(value)]:
            series.append((one["metric"], points))
    return series


def drawn(prometheus: Prometheus, begun: float, ended: float) -> list[Drawn]:
    """Every panel, with its data of that time."""
    found = []
    for panel in panels():
        series: dict[str, _Points] = {}
        for target in panel.get("targets", []):
            for labels, points in numbers_of(prometheus, target["expr"], begun, ended):
                legend = target.get("legendFormat") or panel["title"]
                for name, value in labels.items():
                    legend = legend.replace("{{" + name + "}}", value)
                series[legend] = points
        found.append(Drawn(panel, series))
    return found


def svg(of: list[Drawn], begun: float, ended: float) -> str:
    """A page as the dashboard lays it out."""
    height = max(one.panel["gridPos"]["y"] + one.panel["gridPos"]["h"] for one in of) * ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * COLUMN} {height}" font-family="sans-serif">',
        f'<rect width="{24 * COLUMN}" height="{height}" fill="#f4f5f5"/>',
    ]
    for one in of:
        at = one.panel["gridPos"]
        parts.append(f'<g transform="translate({at["x"] * COLUMN + 3},{at["y"] * ROW + 3})">')
        parts += _panel(one, at["w"] * COLUMN - 6, at["h"] * ROW - 6, begun, ended)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(one: Drawn, width: int, height: int, begun: float, ended: float) -> Iterator[str]:
    title = escape(one.panel["title"])
    if one.panel["type"] == "row":
        yield f'<text x="4" y="15" font-size="14" font-weight="bold" fill="#222">{title}</text>'
        return
    yield f'<rect width="{width}" height="{height}" fill="#fff" stroke="#d8d9da"/>'
    yield f'<text x="8" y="16" font-size="12" fill="#333">{title}</text>'
    unit = one.panel["fieldConfig"]["defaults"].get("unit", "")
    if one.panel["type"] == "stat":
        text = "; ".join(_shown(points[-1][1], unit) for points in one.series.values())
        yield _text(width / 2, height / 2 + 18, text, size=26, anchor="middle", color="#37872d")
        return
    top = max((value for points in one.series.values() for _, value in points), default=0.0) or 1.0
    left, right, head, bottom = MARGIN + 18, width - 10, 26, height - 40
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - head)
        yield f'<line x1="{left}" x2="{right}" y1="{y:.0f}" y2="{y:.0f}" stroke="#e6e7e8"/>'
        yield _text(left - 4, y + 4, _shown(top * share, unit), anchor="end")
    by_size = sorted(one.series.items(), key=lambda item: -max(value for _, value in item[1]))
    for number, (legend, points) in enumerate(by_size):
        color = COLORS[number % len(COLORS)]
        at = [
            (left + (moment - begun) / (ended - begun) * (right - left), bottom - max(value, 0) / top * (bottom - head))
            for moment, value in points
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        if number < LEGENDS_MAX:
            x, y = 10 + number % 3 * (width - 14) / 3, bottom + 18 + number // 3 * 13
            yield f'<rect x="{x:.0f}" y="{y - 7:.0f}" width="8" height="8" fill="{color}"/>'
            yield _text(x + 11, y, legend[: int(width / 20)])


def _text(x: float, y: float, text: str, *, size: int = 9, anchor: str = "start", color: str = "#333") -> str:
    at = f'x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{color}"'
    return f"<text {at}>{escape(text)}</text>"


def _shown(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit.startswith("bytes"):
        return shown_bytes(int(value))
    if unit == "s" and 0 < value < 1:
        return f"{value * 1_000:.3g} ms"
    if value >= 1_000:
        return f"{value / 1_000:.3g}k"
    return f"{value:.3g}" + (" s" if unit == "s" else "")


def main(file: Path) -> None:
    """A server with callers, a watcher, a lock, a flood and an expired token, one after the other."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        url = stores.migrated_postgresql_url()
        server = stack.enter_context(ServerProcess(folder, LISTENS, database_url=url))
        prometheus = stack.enter_context(Prometheus(folder, metrics_address(server)))
        busy = BusyPlant(server, stack.enter_context(Client(server.address, token=server.token)))
        begun = time.time()
        with busy.line("line-4"), busy.line("line-5"):
            time.sleep(12)
            with busy.locked_table():
                time.sleep(8)
            time.sleep(5)
            with busy.expired_token(), busy.lagging_watch():
                time.sleep(8)
                with busy.flood():
                    time.sleep(12)
            time.sleep(12)
        ended = time.time()
        file.write_text(svg(drawn(prometheus, begun, ended), begun, ended))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
