"""The primary is lost and its standby takes over: a URL that names both hosts finds the one that takes writes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from lotkeeper import Client

from tests.auditor import Auditor
from tests.postgresql import PostgresServer
from tests.site import Site
from tests.two_processes import migrated, two_processes

BACK_SECONDS = 5.0


@pytest.fixture
def pair() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and a standby that confirms each commit."""
    with PostgresServer() as primary, PostgresServer.standby_of(primary) as standby:
        standby.wait_streaming()
        primary.configure(synchronous_standby_names="*")
        yield primary, standby


def test_after_a_failover_the_next_writable_host_is_used(
    pair: tuple[PostgresServer, PostgresServer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Under load; nothing that was answered is lost, and reads go on, too."""
    primary, standby = pair
    migrated(primary)
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    url = f"postgresql+psycopg://postgres@{hosts}/lotkeeper"
    with two_processes(url, tmp_path_factory.mktemp("failover")) as processes:
        site = Site(processes, primary.url("lotkeeper"))
        with site.load(repeats=5) as callers:
            callers.wait_for(100)
            primary.kill()
            time.sleep(1.0)
            standby.promote()
            standby.configure(synchronous_standby_names="")
            promoted_at = time.monotonic()
            back = site.seconds_until_served(callers, promoted_at)
            sys.stdout.write(f"served again {back:.1f} s after the promotion\n")
            assert back < BACK_SECONDS
            callers.wait_for(50)
        for process in processes:
            with Client(process.address, token=process.token) as client:
                assert client.get_inventory_operation(site.operation.id).id == site.operation.id
        site.auditor = Auditor(standby.url("lotkeeper"))
        site.check()
