"""Calls are slow: whoever has only the log, the metrics and `status` finds out why. Each fault is made for real.

What decides is asked for by name: no other fault may show it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lotkeeper import Client
from lotkeeper_server.cli.status.showing import lines_of

from tests import stores
from tests.logged import Line, awaited_line, lines_about
from tests.postgresql import PostgresServer
from tests.scraped import LISTENS, Scrape, awaited_scrape, metrics_address, scraped
from tests.server_process import ServerProcess
from tests.slow_calls import BusyPlant
from tests.slow_disk import SlowDisk, slow_disk
from tests.two_processes import migrated

STORES = ("sqlite", "postgresql")
WAIT = "lotkeeper_calls_wait_seconds_total"
REFUSED = "lotkeeper_callers_refused_total"
LAG = "lotkeeper_watch_lag_seconds"
SECONDS_OF_A_CAUSE = 4
"""So many seconds a cause is watched; what a busy machine does meanwhile may be another one for a quarter of them."""
SECONDS_MAX = 60.0


@dataclass
class Operator:
    """Who reads, and nothing else.

    Attributes:
        server: whose log, metrics and status are read.
        address: of the metrics.
        before: the metrics before the fault.
    """

    server: ServerProcess
    address: str
    before: Scrape

    def seconds(self, why: str, found: Scrape) -> float:
        """How long calls have waited for a cause since then."""
        return found.sum(WAIT, why=why) - self.before.sum(WAIT, why=why)

    def awaited(self, why: str) -> Scrape:
        """The metrics once a cause has been there for some seconds; fails where another was there for as long."""
        found = awaited_scrape(self.address, lambda one: self.seconds(why, one) >= SECONDS_OF_A_CAUSE)
        self.no_other(found, why)
        return found

    def no_other(self, found: Scrape, why: str = "") -> None:
        """Fails where calls waited for anything else, beyond what a busy machine does now and then."""
        seconds = {one.labels["why"]: self.seconds(one.labels["why"], found) for one in found.all(WAIT)}
        allowed = max(seconds.get(why, 0.0), SECONDS_OF_A_CAUSE) / 4
        assert {name: value for name, value in seconds.items() if name != why and value > allowed} == {}, seconds

    def status(self, fits: Callable[[Any], bool] = lambda _server: True) -> tuple[Any, str]:
        """What `status` says of all processes together, once it fits, and what people see of it."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            said = json.loads(self.server.run("status", "--json").stdout)
            if fits(said["server"]):
                return said["server"], "\n".join(lines_of(said))
            assert time.monotonic() < until, said

    def line(self, why: str) -> Line:
        """The first that names a cause."""
        return awaited_line(self.server, "calls_wait", lambda line: line["why"] == why)


@contextmanager
def operated(folder: Path, store: str, *flags: str, url: str = "") -> Iterator[tuple[BusyPlant, Operator]]:
    """A server with a line of callers that are well so far, and who looks after it."""
    url = url or (stores.embedded_store_url(folder) if store == "sqlite" else stores.migrated_postgresql_url())
    with ServerProcess(folder, (*LISTENS, *flags), database_url=url) as server, ExitStack() as stack:
        client = stack.enter_context(Client(server.address, token=server.token))
        busy = BusyPlant(server, client)
        line = stack.enter_context(busy.line())
        line.wait_for(20)
        address = metrics_address(server)
        yield busy, Operator(server, address, scraped(address))


@pytest.mark.parametrize("store", STORES)
def test_a_locked_table_is_named_with_who_has_locked_it(store: str, tmp_path: Path) -> None:
    """By the process on the embedded store, by the session and its program on a database."""
    with operated(tmp_path, store) as (busy, operator):
        with busy.locked_table() as session:
            operator.awaited("locked")
            said, page = operator.status(lambda one: bool(one["wait"]))
        line = operator.line("locked")
    expected = {"pid": os.getpid()} if store == "sqlite" else {"pid": session, "program": "monthly-report"}
    for told in (line, said["wait"]):
        assert told["why"] == "locked"
        assert told["held_seconds"] >= 1
        (holder,) = told["holders"]
        assert expected.items() <= holder.items()
    assert f"held by pid {expected['pid']}, program " in page
    assert said["refused_callers"] == []
    assert said["lots_waited_for"] == []


def test_a_hot_lot_is_named(tmp_path: Path) -> None:
    """On a database, where processes take turns for it; in one process calls for one lot share a transaction."""
    with operated(tmp_path, "postgresql", "--processes", "2") as (busy, operator):
        with busy.hot_lot("HOT-1"):
            operator.awaited("hot_lot")
            said, page = operator.status(lambda one: bool(one["wait"]) and one["wait"]["why"] == "hot_lot")
        line = operator.line("hot_lot")
        assert all(
            "holders" not in one for one in lines_about(operator.server, "calls_wait") if one["why"] == "hot_lot"
        )
    assert line["lot"] == said["wait"]["lot"] == "HOT-1"
    assert [one["lot"] for one in said["lots_waited_for"]] == ["HOT-1"]
    assert next(iter(line["principals"])) == "fillers"
    assert "hot lots    HOT-1: " in page


@pytest.mark.parametrize("store", STORES)
def test_a_flood_is_named_by_its_principal(store: str, tmp_path: Path) -> None:
    """Also while it stays within its limits; what passes them is refused, with the limit."""
    with operated(tmp_path, store) as (busy, operator):
        with busy.flood("gateway-2"):
            found = operator.awaited("queue")
            said, page = operator.status(lambda one: bool(one["wait"]) and one["wait"]["why"] == "queue")
        line = operator.line("queue")
        refused = awaited_line(operator.server, "call_refused")
    assert next(iter(line["principals"])) == "gateway-2"
    assert next(iter(said["wait"]["principals"])) == "gateway-2"
    assert said["principals"][0]["principal"] == "gateway-2"
    assert "gateway-2 has " in page
    assert (refused["caller"], refused["limit"]) == ("gateway-2", "principal_calls")
    assert found.sum("lotkeeper_limits_hit_total", limit="principal_calls") > 0
    assert said["lots_waited_for"] == said["refused_callers"] == []


@pytest.mark.parametrize("store", STORES)
def test_a_slow_disk_is_slow_commits(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what a transaction takes; nobody holds anything, and no queue grows."""
    with slow_disk(0.5) as disk, ExitStack() as stack:
        url = ""
        with monkeypatch.context() as environment:
            _set(environment, disk)
            if store == "postgresql":  # the disk is the database's
                url = migrated(stack.enter_context(PostgresServer()))
                environment.delenv("LD_PRELOAD")
            busy, operator = stack.enter_context(operated(tmp_path, store, url=url))
        with disk.slow():
            found = operator.awaited("commit")
            said, page = operator.status(lambda one: bool(one["wait"]))
        line = operator.line("commit")
    assert line["transaction_ms"] >= 400
    assert said["wait"]["why"] == "commit"
    assert "SLOW        commit: transaction_ms " in page
    assert found.sum("lotkeeper_callers_refused_total") == 0
    assert said["lots_waited_for"] == said["refused_callers"] == []
    del busy


@pytest.mark.parametrize("store", STORES)
def test_an_expired_token_is_named_by_whose_it_was(store: str, tmp_path: Path) -> None:
    """The callers of others do not wait."""
    with operated(tmp_path, store) as (busy, operator):
        with busy.expired_token("scale-7"):
            found = awaited_scrape(operator.address, lambda one: one.sum(REFUSED, cause="expired") >= 40)
            said, page = operator.status(lambda one: bool(one["refused_callers"]))
        line = awaited_line(operator.server, "callers_refused")
        operator.no_other(found)
    assert line["causes"].keys() == {"expired"}
    assert line["principals"].keys() == {"scale-7"}
    assert [one["cause_and_principal"] for one in said["refused_callers"]] == ["expired scale-7"]
    assert "not let in  expired scale-7: " in page


@pytest.mark.parametrize("store", STORES)
def test_a_watcher_that_lags_is_named(store: str, tmp_path: Path) -> None:
    """What is on the way to it counts as read: thousands of records."""
    with operated(tmp_path, store) as (busy, operator), busy.flood("gateway-2"), busy.lagging_watch("board-3"):
        awaited_scrape(operator.address, lambda one: one.sum(LAG) > 0)
        said, page = operator.status(lambda one: bool(one["watches_behind"]))
        line = awaited_line(operator.server, "watch_lags")
    assert line["caller"] == "board-3"
    assert [one["principal"] for one in said["watches_behind"]] == ["board-3"]
    assert "board-3: " in page


def test_a_watcher_that_lags_is_in_the_log_where_no_metrics_are_served(tmp_path: Path) -> None:
    """Whoever has nothing but the log is told, too."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        busy = BusyPlant(server, client)
        with busy.flood("gateway-2"), busy.lagging_watch("board-3"):
            assert awaited_line(server, "watch_lags")["caller"] == "board-3"


@pytest.mark.parametrize("store", STORES)
def test_a_server_that_is_well_names_nothing(store: str, tmp_path: Path) -> None:
    """Its callers are not slow."""
    with operated(tmp_path, store) as (busy, operator), busy.line("line-5") as line:
        line.wait_for(200)
        operator.no_other(scraped(operator.address))
        said, page = operator.status(lambda one: one["wait"] is None)
    assert "slow        calls do not wait" in page
    assert said["lots_waited_for"] == said["refused_callers"] == said["watches_behind"] == []


def _set(environment: pytest.MonkeyPatch, disk: SlowDisk) -> None:
    for name, value in disk.environment.items():
        environment.setenv(name, value)
