"""CheckLocationHasCapacity over the wire: units by id, name or symbol, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import master_data_pb2

from tests.plants import ServedPlant


def test_a_limit_is_told_with_what_is_stored_and_what_is_free(client: Client) -> None:
    """And Execute takes what there is room for, and no more."""
    plant = ServedPlant(client)
    tank = plant.location("Tank", storage_capacity=10, storage_capacity_unit_id=plant.kg.id)
    produce = plant.operation("PRODUCE", destination_location_id=tank.id)
    client.execute_inventory_operation(produce.id, "A", 6)
    for unit in (
        {"unit_of_measure_id": plant.kg.id},
        {"unit_of_measure_name": plant.kg.name},
        {"unit_of_measure_symbol": plant.kg.symbol, "material_id_or_path": plant.milk.path},
    ):
        room = client.check_location_has_capacity(tank.path, 4, **unit)
        assert (room.has_capacity, room.capacity, room.stored, room.free) == (True, 10, 6, 4)
        assert (room.unit_of_measure_id, room.unit_of_measure_name) == (plant.kg.id, plant.kg.name)
        assert room.unit_of_measure_symbol == plant.kg.symbol
        assert not client.check_location_has_capacity(tank.id, 4.000001, **unit).has_capacity
    tank.storage_capacity = 5
    client.save_location(tank)
    assert client.check_location_has_capacity(tank.id, 1, unit_of_measure_id=plant.kg.id).free == -1


def test_without_a_limit_no_figure_is_told(client: Client) -> None:
    """There is room for anything."""
    plant = ServedPlant(client)
    room = client.check_location_has_capacity(plant.silo.id, 9e11, unit_of_measure_id=plant.kg.id)
    assert [(one.name, value) for one, value in room.ListFields()] == [("has_capacity", True)]


def test_what_makes_no_sense_or_names_nothing_is_refused(client: Client) -> None:
    """One violation a field."""
    plant = ServedPlant(client)
    box = client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} box", symbol="bx"))
    known = {"location_id_or_path": plant.silo.path, "quantity": 1, "unit_of_measure_id": plant.kg.id}
    cases: list[tuple[dict[str, Any], str, list[str]]] = [
        ({"location_id_or_path": ""}, "INVALID_ARGUMENT", ["location_id_or_path"]),
        ({"location_id_or_path": "Nowhere"}, "LOCATION_NOT_FOUND", ["location_id_or_path"]),
        ({"quantity": -1}, "INVALID_ARGUMENT", ["quantity"]),
        ({"quantity": float("nan")}, "INVALID_ARGUMENT", ["quantity"]),
        ({"unit_of_measure_id": None}, "INVALID_ARGUMENT", ["unit_of_measure_id"]),
        ({"unit_of_measure_name": "No"}, "UNIT_OF_MEASURE_NOT_FOUND", ["unit_of_measure_name"]),
        (
            {"unit_of_measure_symbol": box.symbol},
            "INVALID_ARGUMENT",
            ["unit_of_measure_id", "unit_of_measure_symbol"],
        ),
        ({"material_id_or_path": "No"}, "MATERIAL_NOT_FOUND", ["material_id_or_path"]),
    ]
    for changed, reason, fields in cases:
        with pytest.raises(LotkeeperError) as refused:
            client.check_location_has_capacity(**(known | changed))
        assert refused.value.reason == reason, changed
        assert sorted(one.field for one in refused.value.field_violations) == fields, changed
    tank = plant.location("Tank", storage_capacity=10, storage_capacity_unit_id=plant.kg.id)
    with pytest.raises(LotkeeperError) as refused:
        client.check_location_has_capacity(tank.id, 1, unit_of_measure_id=box.id)
    assert refused.value.reason == "UNIT_NOT_CONVERTIBLE"
