"""What deploy/ ships asks for metrics that there are; each alert fires for what it is about and for nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lotkeeper_server.observability.exposition import PROCESS
from lotkeeper_server.observability.layout import Histogram
from lotkeeper_server.observability.method_metrics import layout_of
from lotkeeper_server.rpc.observed_methods import methods_served

from tests.promtool import program

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus" / "lotkeeper-alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "lotkeeper.json"
METRICS = {metric.name: metric for metric in layout_of(methods_served()).metrics}
OF_PROMETHEUS = {"up"}
OF_THE_SCRAPE = {"instance", "job", "le"}
_SELECTED = re.compile(r"\b((?:lotkeeper|grpc_server|process)_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHED = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
USUAL: dict[str, str] = {
    'up{job="lotkeeper",instance="a"}': "1+0x120",
    'lotkeeper_store_usable{job="lotkeeper",instance="a",process="0"}': "1+0x120",
    'lotkeeper_held_seconds{job="lotkeeper",instance="a",process="0"}': "0.01+0x120",
    'lotkeeper_calls_wait_seconds_total{job="lotkeeper",instance="a",why="locked"}': "0+1x120",
    'lotkeeper_watch_lag_seconds{job="lotkeeper",instance="a",process="0"}': "0.2+0x120",
    'lotkeeper_disk_free_bytes{job="lotkeeper",instance="a",process="0"}': "5e10+0x120",
    'lotkeeper_event_loop_late_seconds{job="lotkeeper",instance="a",process="0"}': "0.001+0x120",
    'lotkeeper_process_starts_total{job="lotkeeper",instance="a"}': "2+0x120",
    'lotkeeper_feed_numbering_failures_total{job="lotkeeper",instance="a"}': "0+0x120",
    'lotkeeper_callers_refused_total{job="lotkeeper",instance="a",cause="expired"}': "0+0x120",
    'lotkeeper_callers_refused_total{job="lotkeeper",instance="a",cause="unknown"}': "0+1x120",
    'lotkeeper_limits_hit_total{job="lotkeeper",instance="a",limit="queue"}': "0+0x120",
    'lotkeeper_refusals_total{job="lotkeeper",instance="a",reason="CONTENTION"}': "0+0x120",
    'lotkeeper_log_lines_total{job="lotkeeper",instance="a",level="error"}': "0+0x120",
    'lotkeeper_phase_seconds_sum{job="lotkeeper",instance="a",phase="commit"}': "0+1x120",
    'lotkeeper_phase_seconds_count{job="lotkeeper",instance="a",phase="commit"}': "0+500x120",
    'grpc_server_handled_total{job="lotkeeper",instance="a",grpc_code="Internal"}': "0+0x120",
    'grpc_server_handled_total{job="lotkeeper",instance="a",grpc_code="OK"}': "0+900x120",
    'grpc_server_handling_seconds_bucket{job="lotkeeper",instance="a",grpc_type="unary",le="0.1"}': "0+900x120",
    'grpc_server_handling_seconds_bucket{job="lotkeeper",instance="a",grpc_type="unary",le="2.5"}': "0+900x120",
    'grpc_server_handling_seconds_bucket{job="lotkeeper",instance="a",grpc_type="unary",le="+Inf"}': "0+900x120",
    'process_open_fds{job="lotkeeper",instance="a",process="0"}': "50+0x120",
    'process_max_fds{job="lotkeeper",instance="a",process="0"}': "1000+0x120",
    'process_cpu_seconds_total{job="lotkeeper",instance="a",process="0"}': "0+3x120",
}
"""A server that is well: what each series is, by 15 seconds."""
PROVOKED: dict[str, tuple[str, str]] = {
    "LotkeeperDown": ("up{", "0+0x120"),
    "LotkeeperStoreUnusable": ("lotkeeper_store_usable{", "0+0x120"),
    "LotkeeperCallsFail": ('grpc_code="Internal"', "0+1x120"),
    "LotkeeperCallsSlow": ('le="0.1"', "0+1x120"),
    "LotkeeperCallsHeld": ("lotkeeper_held_seconds{", "3+0x120"),
    "LotkeeperCallsWait": ("lotkeeper_calls_wait_seconds_total{", "0+15x120"),
    "LotkeeperContention": ("CONTENTION", "0+2x120"),
    "LotkeeperCommitsSlow": ("lotkeeper_phase_seconds_sum{", "0+100x120"),
    "LotkeeperOverloaded": ("lotkeeper_limits_hit_total{", "0+5x120"),
    "LotkeeperCredentialsRefused": ('cause="unknown"', "0+100x120"),
    "LotkeeperTokenExpired": ('cause="expired"', "0+1x120"),
    "LotkeeperWatchLags": ("lotkeeper_watch_lag_seconds{", "60+15x120"),
    "LotkeeperFeedNotNumbered": ("lotkeeper_feed_numbering_failures_total{", "0+1x120"),
    "LotkeeperDiskFull": ("lotkeeper_disk_free_bytes{", "1e9+0x120"),
    "LotkeeperDescriptors": ("process_open_fds{", "950+0x120"),
    "LotkeeperProcessesDie": ("lotkeeper_process_starts_total{", "2+1x120"),
    "LotkeeperBusy": ("process_cpu_seconds_total{", "0+14.9x120"),
    "LotkeeperEventLoopLate": ("lotkeeper_event_loop_late_seconds{", "1+0x120"),
    "LotkeeperErrorsLogged": ('level="error"', "0+1x120"),
}
"""What is another way for each alert: a part of the series, and its values."""


def rules() -> list[dict[str, Any]]:
    """Every rule."""
    loaded = yaml.safe_load(RULES.read_text())
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def dashboard_queries() -> list[str]:
    """Every query of the dashboard."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def selections(expression: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The metrics that an expression selects, each with what it asks of labels."""
    for name, matchers in _SELECTED.findall(expression):
        yield name, _MATCHED.findall(matchers or "")


def check(expression: str) -> None:
    """Fails where it selects what there is not: a metric, a label, or a value of a label that never comes."""
    found = list(selections(expression))
    assert found, expression
    for name, matchers in found:
        if name in OF_PROMETHEUS:
            continue
        metric = METRICS.get(name) or METRICS[re.sub(r"_(bucket|sum|count)$", "", name)]
        assert (metric.name != name) == isinstance(metric, Histogram), (name, expression)
        for label, operator, value in matchers:
            if label in OF_THE_SCRAPE or (label == PROCESS and metric.is_of_process):
                continue
            known = {values[metric.labels.index(label)] for values in metric.series}
            if operator in {"=", "!="}:
                assert value in known, (name, label, value)
            else:
                assert all(one in known for one in value.split("|")), (name, label, value)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_that_there_are(rule: dict[str, Any]) -> None:
    """And says what it is about, and where to look."""
    check(rule["expr"])
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]


@pytest.mark.parametrize("query", dashboard_queries())
def test_a_query_of_the_dashboard_asks_for_metrics_that_there_are(query: str) -> None:
    check(query)


def test_the_dashboard_shows_every_metric_of_the_server() -> None:
    """But those that say how often something has begun, which other metrics tell of."""
    shown = {
        re.sub(r"_(bucket|sum|count)$", "", name) for query in dashboard_queries() for name, _ in selections(query)
    }
    assert set(METRICS) - shown == {
        "grpc_server_started_total",
        "process_start_time_seconds",
        "lotkeeper_process_starts_total",
    }


def test_promtool_accepts_the_rules_and_the_configuration() -> None:
    done = subprocess.run(
        [program("promtool"), "check", "config", DEPLOY / "prometheus" / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_provoked_by_a_test() -> None:
    assert PROVOKED.keys() == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("alert", sorted(PROVOKED))
def test_an_alert_fires_for_what_it_is_about(alert: str, tmp_path: Path) -> None:
    """Thirty minutes of a server that is well but for one thing."""
    part, values = PROVOKED[alert]
    assert sum(part in series for series in USUAL) == 1
    told_of(tmp_path, {series: values if part in series else usual for series, usual in USUAL.items()}, {alert})


def test_no_alert_fires_while_a_server_is_well(tmp_path: Path) -> None:
    told_of(tmp_path, USUAL, set())


def told_of(folder: Path, series: dict[str, str], alerts: set[str]) -> None:
    """Fails unless these alerts fire after half an hour of such series, and no others."""
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{rule["alert"]}",alertstate="firing"}})',
                        "eval_time": "30m",
                        "exp_samples": [{"labels": "{}", "value": 1}] if rule["alert"] in alerts else [],
                    }
                    for rule in rules()
                ],
            }
        ],
    }
    file = folder / "tests.yml"
    file.write_text(yaml.safe_dump(tests))
    done = subprocess.run([program("promtool"), "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
