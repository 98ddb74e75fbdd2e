"""A server process on each of three Galera nodes under load: nodes are killed, frozen, all killed at once.

No acknowledged call is lost and none counts twice; who has lost its node says so, and serves again without a restart.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper import Client, LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

from tests.callers import Callers, Request, percentile
from tests.galera import GaleraCluster
from tests.galera_nodes import on_each_node
from tests.server_process import ServerProcess
from tests.site import Site

pytestmark = [
    pytest.mark.galera,
    pytest.mark.skipif(GaleraCluster.missing() is not None, reason=str(GaleraCluster.missing())),
]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
GONE_SECONDS = 4.0
"""From a node's death or freezing to NOT_SERVING of its own server."""
GROUP_SECONDS = 10.0
"""From a node's death to answers of the others: suspect_timeout is 2 s here."""
BACK_SECONDS = 5.0
"""From a node's return to answers of its server."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[GaleraCluster]:
    """Of its own, whose commits are durable."""
    with GaleraCluster() as three:
        yield three


@pytest.fixture(scope="module")
def site(cluster: GaleraCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A process on each node."""
    with on_each_node(cluster, tmp_path_factory.mktemp("nodes")) as processes:
        yield Site(processes, processes[0].database_url)


@pytest.fixture(autouse=True)
def books(site: Site) -> Iterator[None]:
    """Right after every test, by the auditor and by the server's own `verify`."""
    yield
    site.check()
    site.processes[0].verify()


def status_of(process: ServerProcess) -> int:
    """What a server says of its health."""
    with grpc.insecure_channel(process.address) as channel:
        return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5).status


def seconds_until(process: ServerProcess, status: int, since: float, limit_seconds: float) -> float:
    """From a moment until a server says so."""
    while status_of(process) != status:
        assert time.monotonic() < since + limit_seconds, f"not after {limit_seconds} s\n{process.log()[-2_000:]}"
        time.sleep(0.05)
    return time.monotonic() - since


def seconds_until_answered(callers: Callers, since: float, processes: list[ServerProcess]) -> float:
    """From a moment until each of these has answered a call that began after it with success."""
    wanted = {one.address for one in processes}
    while not wanted <= {one.address for one in callers.ended_after(since)}:
        assert time.monotonic() < since + 30, f"not answered, {callers.reasons}"
        time.sleep(0.02)
    first = [min(one.ended for one in callers.ended_after(since) if one.address == where) for where in wanted]
    return max(first) - since


def refused_once(process: ServerProcess, request: Request) -> LotkeeperError:
    """With what one attempt of a call is refused."""
    with grpc.insecure_channel(process.address) as channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.InventoryOperationServiceStub(channel).ExecuteInventoryOperation(
            request, metadata=(("authorization", f"Bearer {process.token}"),), timeout=8
        )
    return error_of(refused.value)


def told(text: str, **seconds: float) -> None:
    """Into the captured output, for who wants the figures."""
    sys.stdout.write(f"{text}: {', '.join(f'{name} {value:.2f} s' for name, value in seconds.items())}\n")


@pytest.mark.parametrize("node", [2, 0])
def test_a_killed_node_stops_the_others_for_seconds_and_its_own_server_until_it_is_back(
    cluster: GaleraCluster, site: Site, node: int
) -> None:
    """Under load of all: calls wait, or get UNAVAILABLE; then they are answered, at last by all."""
    own, others = site.processes[node], [one for one in site.processes if one is not site.processes[node]]
    with site.load(repeats=8) as callers:
        callers.wait_for(200)
        cluster.kill(node)
        killed = time.monotonic()
        gone = seconds_until(own, NOT_SERVING, killed, GONE_SECONDS)
        refused = refused_once(own, Request(inventory_operation_id=site.operation.id, quantity=1.0))
        assert (refused.code.name, refused.reason) == ("UNAVAILABLE", "STORE_UNAVAILABLE")
        group = seconds_until_answered(callers, killed, others)
        assert all(status_of(one) == SERVING for one in others)
        cluster.restart(node)
        back = time.monotonic()
        serving = seconds_until(own, SERVING, back, BACK_SECONDS)
        answered = seconds_until_answered(callers, back, site.processes)
    told("killed", not_serving=gone, others_answer=group, serving=serving, all_answer=answered)
    assert group < GROUP_SECONDS
    assert answered < BACK_SECONDS


@pytest.mark.parametrize("frozen_seconds", [0, 15])
def test_a_frozen_node_is_not_served_from_and_when_it_wakes_shows_nothing_stale(
    cluster: GaleraCluster, site: Site, frozen_seconds: int
) -> None:
    """It takes itself for Synced for a while, and says what it knew before: its server does not.

    After the longer time statements and commits were given up that were on the way, and are settled.
    """
    node = 1
    own, others = site.processes[node], [site.processes[0], site.processes[2]]
    name = f"FROZEN-{frozen_seconds}"
    with Client(own.address, token=own.token) as woken, Client(others[0].address, token=own.token) as elsewhere:
        lot_id = elsewhere.execute_inventory_operation(site.operation.id, name, 1.0).inventory_lot_id
        with site.load(repeats=8) as callers:
            callers.wait_for(100)
            cluster.pause(node)
            frozen = time.monotonic()
            gone = seconds_until(own, NOT_SERVING, frozen, GONE_SECONDS + 2)
            group = seconds_until_answered(callers, frozen, others)
            for _ in range(5):
                elsewhere.execute_inventory_operation(site.operation.id, name, 1.0)
            site.besides += 6.0
            time.sleep(max(0.0, frozen + frozen_seconds - time.monotonic()))
            cluster.resume(node)
            thawed = time.monotonic()
            stale = []
            while status_of(own) != SERVING:
                assert time.monotonic() < thawed + 60
                try:
                    rows = woken.list_inventory(lot_id_or_name=lot_id, timeout_seconds=2)
                    stale += [row.quantity for row in rows if row.quantity != 6.0]
                except LotkeeperError:
                    time.sleep(0.05)
            serving = time.monotonic() - thawed
            cluster.wait_synced(node)
            answered = seconds_until_answered(callers, time.monotonic(), site.processes)
    told("frozen", not_serving=gone, others_answer=group, serving_after_thaw=serving, all_answer=answered)
    assert not stale
    assert group < GROUP_SECONDS + 5


def test_all_nodes_killed_at_once_under_load_lose_and_double_nothing(cluster: GaleraCluster, site: Site) -> None:
    """Twice; each server serves again within seconds of the recovery, without a restart."""
    for _ in range(2):
        with site.load(repeats=100) as callers:
            callers.wait_for(300)
            cluster.kill_all()
            killed = time.monotonic()
            gone = max(seconds_until(one, NOT_SERVING, killed, GONE_SECONDS) for one in site.processes)
            cluster.recover()
            back = time.monotonic()
            serving = max(seconds_until(one, SERVING, back, BACK_SECONDS) for one in site.processes)
            answered = seconds_until_answered(callers, back, site.processes)
        told("all killed", not_serving=gone, serving=serving, all_answer=answered)
        assert answered < BACK_SECONDS
        site.check()


def test_a_node_without_the_majority_is_not_served_from(cluster: GaleraCluster, site: Site) -> None:
    """Two are frozen: the third one runs and answers, and may not; it serves again when they are back."""
    alone = site.processes[0]
    with site.load(repeats=100) as callers:
        callers.wait_for(50)
        cluster.pause(1)
        cluster.pause(2)
        cut = time.monotonic()
        gone = seconds_until(alone, NOT_SERVING, cut, GONE_SECONDS + 5)
        time.sleep(3)
        refused = refused_once(alone, Request(inventory_operation_id=site.operation.id, quantity=1.0))
        assert (refused.code.name, refused.reason) == ("UNAVAILABLE", "STORE_UNAVAILABLE")
        cluster.resume(1)
        cluster.resume(2)
        for node in range(cluster.size):
            cluster.wait_synced(node)
        back = time.monotonic()
        answered = seconds_until_answered(callers, back, site.processes)
    told("without majority", not_serving=gone, all_answer=answered)
    assert answered < BACK_SECONDS


def test_without_faults_calls_through_all_nodes_are_answered_within_tenths_of_a_second(site: Site) -> None:
    """Lots of their own, so that nothing is contended."""
    with site.load(repeats=0) as callers:
        callers.wait_for(600)
    assert not callers.reasons
    waits = [one.seconds for one in callers.acknowledged.values()]
    told("without faults", p50=percentile(waits, 50), p99=percentile(waits, 99))
    assert percentile(waits, 99) < 1.0
