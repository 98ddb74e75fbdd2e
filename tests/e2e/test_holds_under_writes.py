"""A hold while others consume: what went into anything is reached, or is refused from then on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import enums_pb2

from tests import stores
from tests.galera import GaleraCluster
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CONSUMERS = 4
LOTS_EACH_MIN = 8
LOTS_EACH_MAX = 80
"""Where no lock reaches the other node, the hold may have to wait until they are done."""
REFUSED_BY_A_HOLD = {"LOT_STATUS_FORBIDS", "CONTENTION"}


_GALERA = pytest.param(
    "galera",
    marks=[
        pytest.mark.galera,
        pytest.mark.skipif(GaleraCluster.missing() is not None, reason=str(GaleraCluster.missing())),
    ],
)


@pytest.fixture(scope="module", params=["embedded", "postgresql", _GALERA])
def processes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[ServerProcess]]:
    """Two processes on PostgreSQL, and at two nodes of a cluster; on the embedded store one."""
    tmp_path = tmp_path_factory.mktemp("holds")
    if request.param == "embedded":
        with ServerProcess(tmp_path) as alone:
            yield [alone]
        return
    if request.param == "galera":
        urls = stores.galera().create_database("holds")[:2]
        stores.migrate_url(urls[0])
    else:
        urls = [stores.migrated_postgresql_url()] * 2
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        ServerProcess(tmp_path / "one", database_url=urls[0]) as one,
        ServerProcess(tmp_path / "two", database_url=urls[1]) as two,
    ):
        yield [one, two]


class Consumers:
    """Each makes chains: the held lot into a new one, that into the next, and so on, until a hold refuses it."""

    def __init__(self, plant: ServedPlant, processes: list[ServerProcess]) -> None:
        self.plant = plant
        by_turns = (processes * CONSUMERS)[:CONSUMERS]
        self.clients = [Client(one.address, token=one.token) for one in by_turns]
        self.made: list[list[str]] = [[] for _ in range(CONSUMERS)]
        self.refused: list[str] = []
        self.have_begun = threading.Barrier(CONSUMERS + 1)
        self.threads = [threading.Thread(target=self._consume, args=(number,)) for number in range(CONSUMERS)]

    def _consume(self, number: int) -> None:
        client, silo, milk = self.clients[number], self.plant.silo.id, self.plant.milk.id
        for step in range(LOTS_EACH_MAX):
            if step == LOTS_EACH_MIN:
                self.have_begun.wait()
            source = "MILK" if step % 3 == 0 else self.made[number][-1]
            name = f"C{number}-{step}"
            into = {"secondary_lot": name, "secondary_material": milk, "create_lot_if_not_found": True}
            try:
                client.consume(source, 0.001, source=silo, material=milk, **into)
                self.made[number].append(name)
                client.receive(name, 1, destination=silo, material=milk)
            except LotkeeperError as error:
                self.refused.append(error.reason)
                if step < LOTS_EACH_MIN:
                    self.have_begun.abort()
                return


def test_what_is_consumed_while_a_hold_walks_is_reached_or_refused(processes: list[ServerProcess]) -> None:
    """Every lot that has something of the held one is held; a consumption that came later was refused."""
    with Client(processes[0].address, token=processes[0].token) as client:
        plant = ServedPlant(client)
        silo, milk = plant.silo.id, plant.milk.id
        client.receive("MILK", 1_000, destination=silo, material=milk, create_lot_if_not_found=True)
        consumers = Consumers(plant, processes)
        for thread in consumers.threads:
            thread.start()
        consumers.have_begun.wait()
        answer = client.hold_traced_lots("MILK", material_id_or_path=milk, depth=50, timeout_seconds=60)
        for thread in consumers.threads:
            thread.join()
        held = {record.inventory_lot_name for record in answer.inventory_lot_records}
        made = {name for names in consumers.made for name in names}
        graph = client.get_lot_trace_graph("MILK", material_id_or_path=milk, depth=50)
        reached = {node.inventory_lot_name: node.lot_status for node in graph.nodes}
        assert not graph.truncated
        assert reached.keys() == held == made | {"MILK"}
        assert set(reached.values()) == {enums_pb2.LOT_STATUS_QA_HOLD}
        assert len(consumers.refused) == CONSUMERS - sum(len(one) == LOTS_EACH_MAX for one in consumers.made)
        assert set(consumers.refused) <= REFUSED_BY_A_HOLD
        assert len(made) >= CONSUMERS * LOTS_EACH_MIN
        for one in consumers.clients:
            one.close()


def test_two_holds_at_the_same_moment_hold_each_lot_once(processes: list[ServerProcess]) -> None:
    """Whichever comes second finds them held."""
    clients = [Client(one.address, token=one.token) for one in (processes * 2)[:2]]
    plant = ServedPlant(clients[0])
    silo, milk = plant.silo.id, plant.milk.id
    clients[0].receive("MILK", 1_000, destination=silo, material=milk, create_lot_if_not_found=True)
    for number in range(40):
        into = {"secondary_lot": f"BOX-{number}", "secondary_material": milk, "create_lot_if_not_found": True}
        clients[0].consume("MILK", 1, source=silo, material=milk, **into)
    held: list[list[str]] = []

    def hold(client: Client) -> None:
        answer = client.hold_traced_lots("MILK", material_id_or_path=milk, timeout_seconds=60)
        held.append([record.inventory_lot_name for record in answer.inventory_lot_records])
        assert len(answer.inventory_lot_records) + len(answer.left) == 41

    threads = [threading.Thread(target=hold, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, held)) == [0, 41]
    for client in clients:
        client.close()
