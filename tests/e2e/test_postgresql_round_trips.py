"""How often one call waits for PostgreSQL: what costs most where the database is on another machine."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests import stores
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.tcp_proxy import TcpProxy

CALLS = 20
"""Counted one by one. What the process does beside them adds to some, and the proxy may note the last answer of one
only with the next: what is counted most often is right."""


class Counted:
    """A plant on a server that reaches its database through a proxy."""

    def __init__(self, client: Client, proxy: TcpProxy) -> None:
        self.client = client
        self.plant = ServedPlant(client)
        self.consume = self.plant.operation("CONSUME")
        self.lot = self.plant.lot("L")
        self._proxy = proxy
        client.execute_inventory_operation(self.plant.operation("PRODUCE").id, "L", 1_000.0)

    def round_trips(self, call: Callable[[], object]) -> int:
        """That a call takes, once definitions are cached and statements are prepared."""
        counts = []
        for _ in range(CALLS):
            before = self._proxy.round_trips
            call()
            counts.append(self._proxy.round_trips - before)
        return statistics.mode(counts)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    """On PostgreSQL."""
    url = stores.migrated_postgresql_url()
    with (
        TcpProxy(stores.postgresql().port) as proxy,
        ServerProcess(tmp_path_factory.mktemp("counted"), database_url=proxy.url(url.rpartition("/")[2])) as server,
        Client(server.address, token=server.token) as client,
    ):
        yield Counted(client, proxy)
        server.verify()


def test_a_fall_of_a_lot_by_name_takes_three(counted: Counted) -> None:
    """What is named, behind the beginning; the lot's stock; the commit, behind the writes."""
    call = lambda: counted.client.execute_inventory_operation(counted.consume.id, "L", 1.0)  # noqa: E731
    assert counted.round_trips(call) == 3


def test_a_fall_of_a_lot_by_id_takes_two(counted: Counted) -> None:
    """Its stock is asked for behind the statement that locks it."""
    call = lambda: counted.client.execute_inventory_operation(counted.consume.id, counted.lot.id, 1.0)  # noqa: E731
    assert counted.round_trips(call) == 2


def test_a_call_that_is_refused_takes_two(counted: Counted) -> None:
    """Nothing is written; what it began is ended."""

    def refused() -> None:
        with pytest.raises(LotkeeperError, match="INSUFFICIENT_INVENTORY"):
            counted.client.execute_inventory_operation(counted.consume.id, counted.lot.id, 1e9)

    assert counted.round_trips(refused) == 2


def test_a_batch_takes_no_more_than_one_call(counted: Counted) -> None:
    """Whatever is in it is asked for at once."""
    one = pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=counted.consume.id, primary_lot_id_or_name=counted.lot.id, quantity=1.0
    )
    assert counted.round_trips(lambda: counted.client.batch_execute_inventory_operations([one] * 5)) == 2
