"""Alerts of deploy/ as a real Prometheus sees them, of a real server that has a real fault.

Windows are seconds in the place of minutes; thresholds are those of the rules. What no fault can bring about in seconds
is in `SYNTHETIC`: of these, promtool tells by made series (tests/unit/observability/test_alerts_and_dashboard.py).
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape

import grpc
import pytest
import yaml
from lotkeeper import Client

from tests import stores
from tests.dashboard import drawn, numbers_of, panels, svg
from tests.postgresql import PostgresServer
from tests.prometheus_server import RULES, Prometheus
from tests.scraped import LISTENS, metrics_address, scraped
from tests.server_process import ServerProcess
from tests.slow_calls import EXECUTE, BusyPlant
from tests.slow_disk import SlowDisk, slow_disk
from tests.two_processes import migrated
from tests.workers import workers_of

SYNTHETIC = {
    "LotkeeperBusy": "it takes a core of the machine for ten minutes",
    "LotkeeperEventLoopLate": "no call can hold the event loop up, as far as is known",
    "LotkeeperFeedNotNumbered": "what keeps records from the feed keeps calls away, too",
}
"""Alerts that no fault here provokes, and why."""


@dataclass
class Alerting:
    """A plant on a database of its own, and who is alerted.

    Attributes:
        busy: the plant.
        prometheus: that scrapes its server.
        database: of the plant.
        disk: of the database.
        begun: seconds since the epoch, when the callers began.
    """

    busy: BusyPlant
    prometheus: Prometheus
    database: PostgresServer
    disk: SlowDisk
    begun: float

    @contextmanager
    def tries(self, token: str, seconds: float = 0.02) -> Iterator[None]:
        """A caller that calls again and again, whatever it is answered."""
        ending = threading.Event()

        def call() -> None:
            with grpc.insecure_channel(self.busy.server.address) as channel:
                while not ending.wait(seconds):
                    with suppress(grpc.RpcError):
                        channel.unary_unary(EXECUTE)(
                            self.busy.request("TRIED").SerializeToString(),
                            metadata=(("authorization", f"Bearer {token}"),),
                            timeout=20,
                        )

        thread = threading.Thread(target=call)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()


@pytest.fixture(scope="module")
def alerting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerting]:
    """Well, and with callers."""
    folder = tmp_path_factory.mktemp("alerting")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        disk = stack.enter_context(slow_disk(0.6))
        for name, value in disk.environment.items():
            environment.setenv(name, value)
        database = stack.enter_context(PostgresServer())
        environment.undo()
        server = stack.enter_context(ServerProcess(folder, LISTENS, database_url=migrated(database)))
        prometheus = stack.enter_context(Prometheus(folder, metrics_address(server)))
        client = stack.enter_context(Client(server.address, token=server.token))
        busy = BusyPlant(server, client)
        begun = time.time()
        line = stack.enter_context(busy.line(timeout_seconds=15))
        line.wait_for(20)
        yield Alerting(busy, prometheus, database, disk, begun)


def test_a_server_that_is_well_alerts_nobody(alerting: Alerting) -> None:
    """It is asked for several evaluations; the disk of whoever runs this may be rather full."""
    time_of = alerting.prometheus.query("time()")
    assert time_of
    for _ in range(10):
        assert alerting.prometheus.firing() <= {"LotkeeperDiskFull"}
        time.sleep(0.5)


def test_a_locked_table_alerts(alerting: Alerting) -> None:
    """First that calls are held, then that they wait, are slow and are refused."""
    with alerting.busy.locked_table():
        for alert in ("LotkeeperCallsHeld", "LotkeeperCallsWait", "LotkeeperContention"):
            alerting.prometheus.await_alert(alert)
        (waits,) = alerting.prometheus.query('ALERTS{alertname="LotkeeperCallsWait"}')
        assert waits["metric"]["why"] == "locked"
    alerting.prometheus.await_alert("LotkeeperCallsSlow")
    alerting.prometheus.await_alert("LotkeeperCallsHeld", fires=False)


def test_a_slow_disk_alerts(alerting: Alerting) -> None:
    alerting.prometheus.await_alert("LotkeeperCommitsSlow", fires=False)
    with alerting.disk.slow():
        alerting.prometheus.await_alert("LotkeeperCommitsSlow")


def test_a_flood_alerts(alerting: Alerting) -> None:
    with alerting.busy.flood():
        alerting.prometheus.await_alert("LotkeeperOverloaded")


def test_credentials_alert(alerting: Alerting) -> None:
    """Those that nobody knows, and those that have expired."""
    with alerting.tries("lk_nobody"):
        alerting.prometheus.await_alert("LotkeeperCredentialsRefused")
        assert "LotkeeperTokenExpired" not in alerting.prometheus.firing()
    with alerting.busy.expired_token():
        alerting.prometheus.await_alert("LotkeeperTokenExpired")


def test_a_watcher_that_does_not_read_alerts(alerting: Alerting) -> None:
    """After half a minute."""
    with alerting.busy.flood(), alerting.busy.lagging_watch():
        alerting.prometheus.await_alert("LotkeeperWatchLags")


def test_a_database_that_is_away_alerts(alerting: Alerting) -> None:
    """That it is, that calls fail and that errors are logged; until it is back."""
    token = alerting.busy.token("line-9")
    alerting.database.kill()
    with alerting.tries(token, 0.1):
        for alert in ("LotkeeperStoreUnusable", "LotkeeperCallsFail", "LotkeeperErrorsLogged"):
            alerting.prometheus.await_alert(alert)
        alerting.database.start()
        alerting.prometheus.await_alert("LotkeeperStoreUnusable", fires=False)


def test_each_query_of_the_dashboard_gives_numbers(alerting: Alerting) -> None:
    """Of what has happened so far; and they can be drawn."""
    ended = time.time()
    prometheus = alerting.prometheus
    queries = {target["expr"] for panel in panels() for target in panel.get("targets", [])}
    empty = {one for one in queries if not numbers_of(prometheus, one, alerting.begun, ended)}
    assert empty == set()
    shown = [one for one in drawn(prometheus, alerting.begun, ended) if one.panel["type"] != "row"]
    assert all(one.series for one in shown)
    picture = svg(shown, alerting.begun, ended)
    expat.ParserCreate().Parse(picture, True)
    assert [one.panel["title"] for one in shown if escape(one.panel["title"]) not in picture] == []


def test_a_server_that_is_gone_alerts(alerting: Alerting) -> None:
    """The last test of this server."""
    alerting.busy.server.kill()
    alerting.prometheus.await_alert("LotkeeperDown")


def test_processes_that_die_alert(tmp_path: Path) -> None:
    """One of two is killed again and again."""
    flags = (*LISTENS, "--processes", "2")
    url = stores.migrated_postgresql_url()
    with (
        ServerProcess(tmp_path, flags, database_url=url) as server,
        Prometheus(tmp_path, metrics_address(server), window="2m") as prometheus,  # a new process may take a while
    ):
        assert server.process is not None
        pid = server.process.pid
        killed: set[int] = set()
        while "LotkeeperProcessesDie" not in prometheus.firing():
            assert len(killed) < 40
            for one in sorted(set(workers_of(pid)) - killed)[:1]:
                os.kill(one, signal.SIGKILL)
                killed.add(one)
            time.sleep(1)
    assert killed


def test_few_descriptors_left_alert(tmp_path: Path) -> None:
    """The limit is lowered to what is in use: connections alone do not bring it about, since they are limited."""
    with ServerProcess(tmp_path, LISTENS) as server:
        address = metrics_address(server)
        with Prometheus(tmp_path, address) as prometheus:
            assert server.process is not None
            limit = int(scraped(address).sum("process_open_fds")) + 2
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
            prometheus.await_alert("LotkeeperDescriptors")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_with_little_room_alerts(tmp_path: Path) -> None:
    """The store is on one of 64 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        with (
            ServerProcess(disk, LISTENS, database_url=stores.embedded_store_url(disk)) as server,
            Prometheus(tmp_path, metrics_address(server)) as prometheus,
        ):
            prometheus.await_alert("LotkeeperDiskFull")
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_each_alert_is_provoked_here_or_said_to_be_synthetic() -> None:
    """By its name in this file."""
    text = Path(__file__).read_text()
    rules = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert SYNTHETIC.keys() <= set(rules)
    assert [one for one in rules if json.dumps(one) not in text] == []
