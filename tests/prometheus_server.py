"""A real Prometheus that scrapes a server once a second, with the rules of deploy/ on a shorter time scale."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.database_process import free_ports
from tests.promtool import program

DEPLOY = Path(__file__).parents[1] / "deploy"
RULES = DEPLOY / "prometheus" / "lotkeeper-alerts.yml"
SECONDS_MAX = 90.0
WINDOW = "10s"
"""What is looked back at, in the place of minutes."""


def shortened(rules: str, window: str) -> str:
    """The rules with a short window, and firing as soon as they are true; their thresholds stay."""
    return re.sub(r"\[\d+m\]", f"[{window}]", re.sub(r"^ +for: .*\n", "", rules, flags=re.MULTILINE))


class Prometheus:
    """Until the block ends; skips where it is not installed."""

    def __init__(self, folder: Path, target: str, window: str = WINDOW) -> None:
        """Not started.

        Args:
            folder: for its files.
            target: HOST:PORT of the server's metrics.
            window: what rules look back at.
        """
        self._folder = folder
        self._program = program("prometheus")
        self._address = f"127.0.0.1:{free_ports(1)[0]}"
        (folder / "rules.yml").write_text(shortened(RULES.read_text(), window))
        configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "lotkeeper", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))

    def __enter__(self) -> Prometheus:
        with (self._folder / "prometheus.log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    self._program,
                    f"--config.file={self._folder}/prometheus.yml",
                    f"--storage.tsdb.path={self._folder}/series",
                    f"--web.listen-address={self._address}",
                ],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + SECONDS_MAX
        while not self._is_scraping():
            assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()[-4_000:]
            assert time.monotonic() < until, "prometheus does not scrape"
            time.sleep(0.2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def _is_scraping(self) -> bool:
        try:
            return bool(self.query("up"))
        except OSError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that it gives now, each with its `metric` and its `value`."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def query_range(
        self, expression: str, begun: float, ended: float, step_seconds: float = 1.0
    ) -> list[dict[str, Any]]:
        """The same over a time, `values` each; seconds since the epoch."""
        range_ = {"query": expression, "start": str(begun), "end": str(ended), "step": str(step_seconds)}
        found: list[dict[str, Any]] = self._get("query_range", **range_)["result"]
        return found

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        alerts = self._get("alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def await_alert(self, alert: str, *, fires: bool = True) -> None:
        """Returns once an alert fires, or does not any more."""
        until = time.monotonic() + SECONDS_MAX
        while (alert in self.firing()) != fires:
            assert time.monotonic() < until, (alert, fires, self.firing())
            time.sleep(0.3)

    def _get(self, page: str, **parameters: str) -> Any:
        url = f"http://{self._address}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            said = json.load(answer)
        assert said["status"] == "success", said
        return said["data"]
