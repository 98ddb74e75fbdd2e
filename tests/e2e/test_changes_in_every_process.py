"""A change that was answered counts for every call that begins afterwards, in every process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lotkeeper import Client, FailedPrecondition, LotkeeperError, NotFound
from lotkeeper.inventory.v1 import enums_pb2, inventory_operation_pb2, master_data_pb2

from tests import stores
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.two_processes import two_processes

ROUNDS = 10


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    """Two processes on one store."""
    folder = tmp_path_factory.mktemp("both")
    url = stores.shared_store_url(folder)
    with two_processes(url, folder) as processes:
        yield processes
    stores.give_back(url)


@pytest.fixture(scope="module")
def server(both: list[ServerProcess]) -> ServerProcess:
    """The first of them."""
    return both[0]


@pytest.fixture
def other(both: list[ServerProcess]) -> Iterator[Client]:
    """A client of the second process."""
    with Client(both[1].address, token=both[1].token) as connected:
        yield connected


def reason(client: Client, operation_id: str, quantity: float = 1) -> str:
    """Why an execution is refused; empty where it is done."""
    try:
        client.execute_inventory_operation(operation_id, "L", quantity)
    except LotkeeperError as error:
        return error.reason
    return ""


def test_what_one_process_saves_the_other_executes_by(client: Client, other: Client) -> None:
    """Disabled and enabled again, another unit, another factor; one after the other, without a pause."""
    plant = ServedPlant(client)
    gram = client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} g", symbol=f"{plant.prefix}g")
    )
    conversion = client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=gram.id, to_unit_id=plant.kg.id, factor=1)
    )
    produce = plant.operation("PRODUCE", unit_of_measure_id=gram.id)
    expected = 0.0
    for number in range(1, ROUNDS + 1):
        saver, runner = (client, other) if number % 2 else (other, client)
        change = inventory_operation_pb2.InventoryOperation(id=produce.id, enabled=False)
        saver.save_inventory_operation(change, update_mask=["enabled"])
        assert reason(runner, produce.id) == "OPERATION_DISABLED"
        change.enabled = True
        saver.save_inventory_operation(change, update_mask=["enabled"])
        saver.save_location(master_data_pb2.Location(id=plant.silo.id, enabled=False), update_mask=["enabled"])
        assert reason(runner, produce.id) == "DISABLED"
        saver.save_location(master_data_pb2.Location(id=plant.silo.id, enabled=True), update_mask=["enabled"])
        saver.save_unit_of_measure_conversion(
            master_data_pb2.UnitOfMeasureConversion(id=conversion.id, factor=number), update_mask=["factor"]
        )
        assert reason(runner, produce.id) == ""
        expected += number
        assert plant.stock() == {"L": expected}


def test_what_one_process_deletes_the_other_does_not_find(client: Client, other: Client) -> None:
    """Also what it had in use; and what is made again under the same name is the new one."""
    plant = ServedPlant(client)
    plant.lot("L")
    for number in range(ROUNDS):
        saver, runner = (client, other) if number % 2 else (other, client)
        consume = plant.operation("CONSUME")
        assert reason(runner, consume.id) == "INSUFFICIENT_INVENTORY"
        saver.delete_inventory_operation(consume.id)
        assert reason(runner, consume.id) == "INVENTORY_OPERATION_NOT_FOUND"
        material = plant.material("Cream")
        assert runner.get_material(material.path).id == material.id
        saver.delete_material(material.id)
        with pytest.raises(NotFound):
            runner.get_material(material.path)


def test_what_one_process_imports_the_other_executes_by(client: Client, other: Client) -> None:
    """A document of more rows than a change lists one by one."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE")
    for number in range(1, 5):
        saver, runner = (client, other) if number % 2 else (other, client)
        assert reason(runner, produce.id) == ""
        bins = "".join(f"  - {{name: Bin{one}, parent: {plant.silo.path}, notes: n{number}}}\n" for one in range(600))
        document = f"locations:\n  - {{name: {plant.silo.name}, enabled: false}}\n{bins}"
        saver.import_master_data(document.encode(), export_format=enums_pb2.EXPORT_FORMAT_YAML)
        assert reason(runner, produce.id) == "DISABLED"
        document = f"locations: [{{name: {plant.silo.name}, enabled: true}}]"
        saver.import_master_data(document.encode(), export_format=enums_pb2.EXPORT_FORMAT_YAML)


def test_a_moved_location_is_found_at_its_new_path_only(client: Client, other: Client) -> None:
    """In both processes, with all that lies below."""
    plant = ServedPlant(client)
    cell = client.save_location(master_data_pb2.Location(name="Cell", parent_id=plant.silo.id))
    for number in range(ROUNDS):
        saver, runner = (client, other) if number % 2 else (other, client)
        old = runner.get_location(cell.id).path
        name = f"{plant.prefix} Moved {number}"
        saver.save_location(master_data_pb2.Location(id=plant.silo.id, name=name), update_mask=["name"])
        assert runner.get_location(f"{name}/Cell").id == cell.id
        with pytest.raises(NotFound):
            runner.get_location(old)
    with pytest.raises(FailedPrecondition) as cycle:
        other.save_location(master_data_pb2.Location(id=plant.silo.id, parent_id=cell.id), update_mask=["parent_id"])
    assert cycle.value.reason == "HIERARCHY_CYCLE"
