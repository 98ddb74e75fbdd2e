"""PostgreSQL goes away in the middle of load, and comes back: nothing is lost or doubled, each process serves on."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import grpc
import pytest
from lotkeeper import Client
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc
from lotkeeper_server.store.db.connection import Store

from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.site import Site
from tests.tcp_proxy import Loss, TcpProxy
from tests.two_processes import migrated, two_processes

LOST_COMMITS = 10
LOSSES: tuple[Loss, ...] = ("request", "answer")
BACK_SECONDS = 5.0
"""After which every process serves again, counted from the store's return."""


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    """A server that a test may kill."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def site(database: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes on it."""
    url = migrated(database)
    with two_processes(url, tmp_path_factory.mktemp("site")) as processes:
        yield Site(processes, url)


@dataclass
class Proxied:
    """Two processes, the first of which reaches the database through a proxy."""

    proxy: TcpProxy
    site: Site

    @property
    def other(self) -> str:
        """The address of the second process."""
        return self.site.processes[1].address


@pytest.fixture(scope="module")
def proxied(database: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """On a store of their own."""
    url = migrated(database, "proxied")
    folder = tmp_path_factory.mktemp("proxied")
    with (
        TcpProxy(database.port) as proxy,
        two_processes(proxy.url("proxied"), folder, second_url=url) as processes,
    ):
        yield Proxied(proxy, Site(processes, url))


def served_again(seconds: float) -> None:
    """Fails where it took too long."""
    sys.stdout.write(f"served again after {seconds:.1f} s\n")
    assert seconds < BACK_SECONDS


def restart_fast(database: PostgresServer) -> None:
    """As an administrator does."""
    database.restart()


def restart_immediate(database: PostgresServer) -> None:
    """With recovery."""
    database.restart("immediate")


def kill_and_start(database: PostgresServer) -> None:
    """As a machine that stops."""
    database.kill()
    database.start()


@pytest.mark.parametrize("fault", [restart_fast, restart_immediate, kill_and_start])
def test_a_restart_under_load_loses_and_doubles_nothing(
    site: Site, database: PostgresServer, fault: Callable[[PostgresServer], None]
) -> None:
    """Three times in a row; each time both processes serve again within seconds, without a restart of theirs."""
    with site.load() as callers:
        for _ in range(3):
            callers.wait_for(50)
            fault(database)
            back = site.seconds_until_served(callers, time.monotonic())
            served_again(back)
    site.check()


def test_sessions_ended_in_a_loop_lose_and_double_nothing(site: Site, database: PostgresServer) -> None:
    """By an administrator, at any moment of a transaction; the callers see nothing of it."""
    with site.load(repeats=0) as callers:
        callers.wait_for(20)
        for _ in range(30):
            database.terminate_sessions("lotkeeper")
            time.sleep(random.uniform(0.02, 0.2))
        callers.wait_for(20)
    assert not callers.reasons, callers.reasons
    site.check()


def test_a_frozen_database_is_waited_for_and_given_up(site: Site, database: PostgresServer) -> None:
    """SIGSTOP for two seconds, then for eight: callers get an answer or UNAVAILABLE, then all goes on."""
    with site.load(timeout_seconds=12.0) as callers:
        for seconds in (2.0, 8.0):
            callers.wait_for(20)
            database.pause()
            time.sleep(seconds)
            database.resume()
            back = site.seconds_until_served(callers, time.monotonic())
            served_again(back)
    site.check()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_commit_whose_answer_is_lost_is_settled(proxied: Proxied, loss: Loss) -> None:
    """Every third commit of one process, whether it reached the database or not: no call is lost or doubled."""
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


@pytest.mark.parametrize("loss", LOSSES)
def test_a_save_whose_commit_is_lost_is_done_once(proxied: Proxied, loss: Loss) -> None:
    """Its caller has no request id and never asks twice: to do it again would find the name taken."""
    process = proxied.site.processes[0]
    before = proxied.proxy.lost
    with Client(process.address, token=process.token) as client:
        plant = ServedPlant(client, prefix=f"Lost {loss}")
        proxied.proxy.lose_commits(loss, every=2)
        saved = [plant.location(f"Place {number}") for number in range(16)]
        proxied.proxy.mend()
        listed = list(client.list_locations(name_prefix=f"Lost {loss} Place"))
    assert proxied.proxy.lost - before >= 5
    assert sorted(one.id for one in listed) == sorted(one.id for one in saved)


@pytest.mark.parametrize("loss", LOSSES)
def test_an_execution_without_a_request_id_whose_commit_is_lost_is_done_once(proxied: Proxied, loss: Loss) -> None:
    """Nothing but the settled commit keeps it from being done again.

    What else commits at the same time may have one call lose its commit again and again, until the server tells that it
    does not know; no more than that may be open.
    """
    process = proxied.site.processes[0]
    before = proxied.proxy.lost
    metadata = (("authorization", f"Bearer {process.token}"),)
    with Client(process.address, token=process.token) as client, grpc.insecure_channel(process.address) as channel:
        plant = ServedPlant(client, prefix=f"Once {loss}")
        produce = plant.operation("PRODUCE")
        execute = inventory_operation_service_pb2_grpc.InventoryOperationServiceStub(channel).ExecuteInventoryOperation
        request = pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=produce.id, primary_lot_id_or_name="L", quantity=1.0
        )
        execute(request, metadata=metadata, timeout=30)
        proxied.proxy.lose_commits(loss, every=2)
        records, reasons = set(), []
        for _ in range(16):
            try:
                records.add(execute(request, metadata=metadata, timeout=30).inventory_lot_record.id)
            except grpc.RpcError as unknown:
                reasons.append(error_of(unknown).reason)
        proxied.proxy.mend()
        stock = plant.stock()["L"]
        proxied.site.besides += round(stock)
    assert reasons in ([], ["STORE_UNAVAILABLE"], ["STORE_UNAVAILABLE"] * 2)
    assert len(records) == 16 - len(reasons)
    assert 0 <= stock - 1 - len(records) <= len(reasons)
    assert proxied.proxy.lost - before >= 5


def test_a_cut_process_serves_again_and_stops_nobody_else(proxied: Proxied) -> None:
    """Its connections are reset, and new ones for some seconds: it says so, and the other process goes on."""
    proxy, site = proxied.proxy, proxied.site
    with site.load(repeats=0) as callers:
        callers.wait_for(20)
        proxy.cut()
        cut_at = time.monotonic()
        time.sleep(6)
        others = [one for one in callers.ended_after(cut_at) if one.address == proxied.other]
        assert len(others) > 20, "the other process stood still"
        proxy.mend()
        back = site.seconds_until_served(callers, time.monotonic())
        served_again(back)
    site.check()


def test_connections_that_swallow_everything_are_given_up(proxied: Proxied) -> None:
    """No reset ever comes. New connections go through: the process serves again within seconds, nothing doubled."""
    proxy, site = proxied.proxy, proxied.site
    with site.load(repeats=2, timeout_seconds=8.0) as callers:
        for _ in range(3):
            callers.wait_for(20)
            proxy.swallow(new_ones=False)
            swallowed_at = time.monotonic()
            back = site.seconds_until_served(callers, swallowed_at)
            served_again(back)
    site.check()


def test_a_network_that_swallows_everything_is_waited_for(proxied: Proxied) -> None:
    """New connections, too, for some seconds: the other process goes on, and this one comes back."""
    proxy, site = proxied.proxy, proxied.site
    with site.load(repeats=0, timeout_seconds=3.0) as callers:
        callers.wait_for(20)
        proxy.swallow(new_ones=True)
        swallowed_at = time.monotonic()
        time.sleep(8)
        others = [one for one in callers.ended_after(swallowed_at) if one.address == proxied.other]
        assert len(others) > 20, "the other process stood still"
        proxy.mend()
        back = site.seconds_until_served(callers, time.monotonic())
        served_again(back)
    site.check()


def test_a_lost_connection_is_no_store_that_is_away(database: PostgresServer) -> None:
    """A check that meets a dead connection, or loses its commit, asks once more; a store that is away is told of."""
    migrated(database, "checked")
    with TcpProxy(database.port) as proxy:
        store = Store(proxy.url("checked"))
        try:
            assert store.fault() is None
            proxy.reset()
            assert store.fault() is None
            for loss in LOSSES:
                proxy.lose_commits(loss, every=2)
                assert [store.write_fault() for _ in range(4)] == [None] * 4
            assert proxy.lost == 6
            proxy.cut()
            assert store.fault() is not None
            assert store.write_fault() is not None
        finally:
            store.close()


def test_a_slow_network_is_only_slow(proxied: Proxied) -> None:
    """Each piece 20 ms late: nothing is given up."""
    proxy, site = proxied.proxy, proxied.site
    proxy.reset()  # what an earlier test swallowed may rest in the pool, and would be given up rightly
    with site.load(repeats=0) as callers:
        proxy.delay_seconds = 0.02
        callers.wait_for(30)
    assert not callers.reasons, callers.reasons
    site.check()
