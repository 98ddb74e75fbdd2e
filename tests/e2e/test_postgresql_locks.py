"""Whoever relies on a row waits for whoever changes it: a session of the test's own holds the row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_pb2, inventory_operation_pb2, master_data_pb2
from lotkeeper_server.domain.keys import Key, RunKey
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import parse_id
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.state.loading import load

from tests import stores
from tests.auditor import Auditor
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

WAITS_SECONDS = 0.4
DONE_SECONDS = 10.0


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """On PostgreSQL."""
    folder = tmp_path_factory.mktemp("locks")
    with ServerProcess(folder, database_url=stores.migrated_postgresql_url()) as one:
        yield one


class Held:
    """A plant whose rows can be held."""

    def __init__(self, client: Client, auditor: Auditor) -> None:
        self.client = client
        self.auditor = auditor
        self.plant = ServedPlant(client)
        self.produce = self.plant.operation("PRODUCE")
        self.lot = self.plant.lot(f"{self.plant.prefix} lot")
        self.place = self.plant.location("Place")
        order = master_data_pb2.ProductionOrder(
            name=f"{self.plant.prefix} order", product_material_id=self.plant.milk.id
        )
        self.order = client.save_production_order(order)
        client.execute_inventory_operation(self.produce.id, self.lot.name, 1.0)

    def waits_for(self, lock: str, key: str, call: Callable[[], object]) -> bool:
        """Whether a call waits while a row is held; it must be done once the row is free."""
        done = threading.Event()
        failures: list[Exception] = []

        def calling() -> None:
            try:
                call()
            except Exception as error:
                failures.append(error)
            done.set()

        with self.auditor.connect() as session:
            session.execute("BEGIN")
            held = session.execute(lock, [bytes.fromhex(self._hex_of(key))]).fetchall()  # type: ignore[call-overload]
            assert len(held) == 1
            thread = threading.Thread(target=calling)
            thread.start()
            waits = not done.wait(WAITS_SECONDS)
            session.execute("ROLLBACK")
            assert done.wait(DONE_SECONDS), "the row is free, and nothing goes on"
            thread.join()
        if failures:
            raise failures[0]
        return waits

    @staticmethod
    def _hex_of(key: str) -> str:
        number = 0
        for digit in key.replace("-", ""):
            number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(digit)
        return f"{number:032x}"


@pytest.fixture(scope="module")
def held(process: ServerProcess) -> Iterator[Held]:
    """Its plant."""
    with Client(process.address, token=process.token) as client:
        yield Held(client, Auditor(process.database_url))


LOT = "SELECT 1 FROM inventory_lot WHERE id = %s FOR NO KEY UPDATE"
ORDER = "SELECT 1 FROM production_order WHERE id = %s FOR NO KEY UPDATE"
RUN = "SELECT 1 FROM inventory_operation_run WHERE operation_id = %s FOR NO KEY UPDATE"
WHOLE = "SELECT 1 FROM location WHERE id = %s FOR UPDATE"
REFERENCE = "SELECT 1 FROM location WHERE id = %s FOR KEY SHARE"


def test_what_changes_a_lot_or_its_stock_waits_for_the_lot(held: Held) -> None:
    """Also where the lot's own row stays as it is."""
    client, lot = held.client, held.lot

    def save() -> object:
        return client.save_lot(inventory_lot_pb2.InventoryLot(id=lot.id, notes="new"), update_mask=["notes"])

    def name() -> object:
        return client.set_inventory_metadata(lot.id, held.plant.silo.id, name="PALLET")

    def execute() -> object:
        return client.execute_inventory_operation(held.produce.id, lot.name, 1.0)

    for call in (save, name, execute):
        assert held.waits_for(LOT, lot.id, call), call.__name__


def test_a_saved_order_waits_for_whoever_counts_on_it(held: Held) -> None:
    """So that no count and no version is lost."""
    change = master_data_pb2.ProductionOrder(id=held.order.id, notes="new")
    assert held.waits_for(
        ORDER, held.order.id, lambda: held.client.save_production_order(change, update_mask=["notes"])
    )


def test_what_depends_on_whether_an_operation_runs_waits_for_its_run(held: Held) -> None:
    """A start that is not committed yet counts."""
    client, operation = held.client, held.plant.operation("PRODUCE")
    change = inventory_operation_pb2.InventoryOperation(id=operation.id, name=f"{operation.name} new")

    def save() -> object:
        return client.save_inventory_operation(change, update_mask=["name"])

    def delete() -> object:
        client.delete_inventory_operation(operation.id)
        return None

    for call in (save, delete):
        assert held.waits_for(RUN, operation.id, call), call.__name__


def test_a_location_becomes_storeless_after_those_who_have_written_about_it(held: Held) -> None:
    """Any other save of it does not wait."""
    place = held.place
    noted = master_data_pb2.Location(id=place.id, notes="new")
    assert not held.waits_for(REFERENCE, place.id, lambda: held.client.save_location(noted, update_mask=["notes"]))
    storeless = master_data_pb2.Location(id=place.id, lot_storage_strategy=enums_pb2.LOT_STORAGE_STRATEGY_NO_STORAGE)
    assert held.waits_for(
        REFERENCE, place.id, lambda: held.client.save_location(storeless, update_mask=["lot_storage_strategy"])
    )


def test_every_rise_waits_for_a_save_that_looks_at_what_lies_there(held: Held) -> None:
    """Also the end of a run, whose record and row of stock are there already."""
    client, plant = held.client, held.plant
    place = plant.location("Looked at")
    produce = plant.operation("PRODUCE", destination_location_id=place.id)
    client.execute_inventory_operation(produce.id, "THERE", 1.0)
    client.start_inventory_operation(produce.id, primary_lot_id_or_name="THERE")

    def stop() -> object:
        return client.stop_inventory_operation(produce.id, 1.0)

    def execute() -> object:
        return client.execute_inventory_operation(produce.id, "THERE", 1.0)

    for call in (stop, execute):
        assert held.waits_for(WHOLE, place.id, call), call.__name__


def test_names_of_stock_are_not_lost_under_executions(held: Held) -> None:
    """Set again and again while the same row is produced into: the last one is there."""
    client, produce = held.client, held.produce
    stopping = threading.Event()
    lot = held.plant.lot(f"{held.plant.prefix} named")
    client.execute_inventory_operation(produce.id, lot.name, 1.0)

    def execute() -> None:
        while not stopping.is_set():
            client.execute_inventory_operation(produce.id, lot.name, 1.0)

    threads = [threading.Thread(target=execute) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        client.set_inventory_metadata(lot.id, held.plant.silo.id, name=f"PALLET {number}")
        (row,) = client.list_inventory(lot_id_or_name=lot.id)
        assert row.name == f"PALLET {number}"
    stopping.set()
    for thread in threads:
        thread.join()
    (row,) = client.list_inventory(lot_id_or_name=lot.id)
    assert row.name == "PALLET 39"


def test_what_the_first_execution_of_an_operation_would_change_is_locked(process: ServerProcess, held: Held) -> None:
    """Else it would write over a start that commits meanwhile; later ones leave the run as it is, and lock nothing."""
    operation = held.plant.operation("RECEIVE")
    operation_id = parse_id(operation.id)
    assert operation_id is not None
    key, to_change = RunKey(operation_id), RunKey(operation_id, to_change=True)
    store = Store(process.database_url)

    def held_by_execute() -> frozenset[Key]:
        with store.write(Locking.SKIP) as executes, store.write(Locking.SKIP) as starts:
            assert load(executes, WorkingSet(DefinitionCache()), [key]) == frozenset()
            return load(starts, WorkingSet(DefinitionCache()), [to_change])

    assert to_change in held_by_execute()
    held.client.execute_inventory_operation(operation.id, held.lot.name, 1.0)
    assert held_by_execute() == frozenset()
    store.close()
