"""docs/metrics.md is made from the code, and says of each metric what it means."""

import subprocess
import sys
from pathlib import Path

from lotkeeper_server.observability.catalogue import OF_THE_SERVER
from lotkeeper_server.observability.method_metrics import layout_of
from lotkeeper_server.rpc.observed_methods import methods_served

from tests.promtool import program

ROOT = Path(__file__).parents[3]


def test_the_page_is_current() -> None:
    """Else: make metrics."""
    command = [sys.executable, ROOT / "server" / "metrics_reference.py", "--check", ROOT / "docs" / "metrics.md"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_names_say_unit_and_kind() -> None:
    """A counter ends with _total, and what is measured with its unit; each has a meaning."""
    for metric in layout_of(methods_served()).metrics:
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.meaning.endswith("."), metric.name
    assert len(OF_THE_SERVER) == len({one.name for one in OF_THE_SERVER})


def test_promtool_accepts_the_page_of_metrics() -> None:
    """As whoever lints metrics would."""
    from lotkeeper_server.observability import catalogue
    from lotkeeper_server.observability.exposition import exposition
    from lotkeeper_server.observability.server_metrics import ServerMetrics

    metrics = ServerMetrics(methods_served())
    metrics.method("/grpc.health.v1.Health/Check").ended(0, 0.1)
    page = exposition(metrics.memory, catalogue.PID)
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
