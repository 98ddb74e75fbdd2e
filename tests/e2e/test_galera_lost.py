"""The connection between a server process and its Galera node is lost, cut and silent, at commits, too.

A second process, on a node of its own, goes on meanwhile, and every call counts as it was answered.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import make_url

from tests import stores
from tests.galera import GaleraCluster
from tests.site import Site
from tests.tcp_proxy import MARIADB_COMMIT, Loss, TcpProxy
from tests.two_processes import two_processes

pytestmark = [
    pytest.mark.galera,
    pytest.mark.skipif(GaleraCluster.missing() is not None, reason=str(GaleraCluster.missing())),
]
LOST_COMMITS = 10
BACK_SECONDS = 5.0
"""After which both processes serve, counted from the connection's return."""
GIVEN_UP_SECONDS = 15.0
"""After which they do where nothing comes any more."""


@dataclass
class Proxied:
    """Two processes, the first of which reaches its node through a proxy."""

    proxy: TcpProxy
    site: Site


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """On a store of their own."""
    first, second, _third = stores.galera().create_database("lotkeeper_lost")
    stores.migrate_url(first)
    node = make_url(first)
    assert node.port is not None
    with TcpProxy(node.port, MARIADB_COMMIT) as proxy:
        url = node.set(port=proxy.port).render_as_string(hide_password=False)
        with two_processes(url, tmp_path_factory.mktemp("lost"), second_url=second) as processes:
            yield Proxied(proxy, Site(processes, second))


@pytest.mark.parametrize("loss", ["request", "answer"])
def test_a_commit_whose_answer_is_lost_is_settled(proxied: Proxied, loss: Loss) -> None:
    """Every third commit of one process, whether it reached the node or not: no call is lost or doubled."""
    proxy, site = proxied.proxy, proxied.site
    with site.load(repeats=0) as callers:
        callers.wait_for(20)
        proxy.lose_commits(loss, every=3)
        wanted = proxy.lost + LOST_COMMITS
        while proxy.lost < wanted:
            callers.wait_for(10)
        proxy.mend()
    assert not callers.reasons, callers.reasons
    site.check()


def test_a_cut_process_serves_again_and_stops_nobody_else(proxied: Proxied) -> None:
    """Its connections are reset, and new ones for some seconds."""
    proxy, site = proxied.proxy, proxied.site
    with site.load(repeats=0) as callers:
        callers.wait_for(20)
        proxy.cut()
        cut_at = time.monotonic()
        time.sleep(6)
        others = [one for one in callers.ended_after(cut_at) if one.address == site.processes[1].address]
        assert len(others) > 20, "the other process stood still"
        proxy.mend()
        back = site.seconds_until_served(callers, time.monotonic())
    sys.stdout.write(f"served again after {back:.2f} s\n")
    assert back < BACK_SECONDS
    site.check()


def test_connections_that_swallow_everything_are_given_up(proxied: Proxied) -> None:
    """The node ends its sessions after 3 s of silence, which is heard; else an answer is given up after 10 s."""
    proxy, site = proxied.proxy, proxied.site
    with site.load(repeats=4, timeout_seconds=8.0) as callers:
        callers.wait_for(20)
        proxy.swallow(new_ones=False)
        back = site.seconds_until_served(callers, time.monotonic())
    sys.stdout.write(f"served again after {back:.2f} s\n")
    assert back < GIVEN_UP_SECONDS
    site.check()
