"""Deleting: each kind of entity, with each kind of thing that may refer to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lotkeeper import Aborted, Client, FailedPrecondition, InvalidArgument, LotkeeperError, NotFound
from lotkeeper.inventory.v1 import inventory_operation_pb2, master_data_pb2

from tests.plants import ServedPlant
from tests.server_process import ServerProcess


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    return ServedPlant(client)


def referenced(call: Callable[[], Any]) -> tuple[str, str]:
    """What refers, and how often."""
    with pytest.raises(FailedPrecondition) as refused:
        call()
    assert refused.value.reason == "REFERENCED"
    return refused.value.metadata["entity"], refused.value.metadata["count"]


def test_what_nothing_refers_to_is_deleted_by_any_of_its_keys(client: Client, plant: ServedPlant) -> None:
    """By id, name, path or code; then it is not found, and its name is free."""
    name = plant.prefix
    unit = client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name=f"{name} gram", symbol=f"{name}g"))
    conversion = client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=plant.kg.id, to_unit_id=unit.id, factor=1000)
    )
    client.delete_unit_of_measure_conversion(conversion.id)
    with pytest.raises(NotFound):
        client.get_unit_of_measure_conversion(conversion.id)
    client.delete_unit_of_measure(unit.name)
    material_class = client.save_material_class(master_data_pb2.MaterialClass(name=f"{name} Class"))
    client.delete_material_class(f"/{material_class.path}")
    client.delete_material(plant.material("Cream").path)
    client.save_material_reason_code(master_data_pb2.MaterialReasonCode(reason_code=f"{name} SPILL"))
    client.delete_material_reason_code(f"{name} SPILL")
    client.delete_location(plant.location("Dock").path)
    plant.location("Dock")
    client.save_operation(master_data_pb2.Operation(name=f"{name} Churn"))
    client.delete_operation(f"{name} Churn")
    client.save_production_order(master_data_pb2.ProductionOrder(name=f"{name} PO"))
    client.delete_production_order(f"{name} PO")
    lot = plant.lot("L")
    client.delete_lot("L", material_id_or_path=plant.milk.path)
    client.delete_inventory_operation(plant.operation("CONSUME").id)
    for missing in (
        lambda: client.delete_lot(lot.id),
        lambda: client.delete_unit_of_measure(unit.id),
        lambda: client.delete_production_order(f"{name} PO"),
    ):
        with pytest.raises(NotFound):
            missing()


def test_a_delete_may_name_the_version(client: Client, plant: ServedPlant) -> None:
    """An old one is refused; a malformed key and a negative version together."""
    dock = plant.location("Dock")
    client.save_location(master_data_pb2.Location(id=dock.id, notes="n"), update_mask=["notes"])
    with pytest.raises(Aborted) as refused:
        client.delete_location(dock.id, version=1)
    assert (refused.value.reason, refused.value.metadata) == ("VERSION_CONFLICT", {"expected": "1", "actual": "2"})
    with pytest.raises(InvalidArgument) as malformed:
        client.delete_location(" ", version=-1)
    assert {one.field for one in malformed.value.field_violations} == {"location_id_or_path", "version"}
    client.delete_location(dock.id, version=2)


def test_units_are_in_use_by_all_that_has_a_unit(client: Client, plant: ServedPlant) -> None:
    """Of several kinds the first is named: conversions, materials, locations, orders, lots, operations, records."""

    def unit(name: str) -> master_data_pb2.UnitOfMeasure:
        given = f"{plant.prefix} {name}"
        return client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name=given, symbol=given))

    assert referenced(lambda: client.delete_unit_of_measure(plant.kg.id)) == ("material", "1")
    one, other = unit("a"), unit("b")
    conversion = client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(
            from_unit_id=one.id, to_unit_id=other.id, factor=2, material_id=plant.milk.id
        )
    )
    for used in (one, other):
        assert referenced(lambda used=used: client.delete_unit_of_measure(used.id)) == (  # type: ignore[misc]
            "unit_of_measure_conversion",
            "1",
        )
    assert referenced(lambda: client.delete_material(plant.milk.id)) == ("unit_of_measure_conversion", "1")
    client.delete_unit_of_measure_conversion(conversion.id)
    plant.location("Limited", storage_capacity=1, storage_capacity_unit_id=one.id)
    assert referenced(lambda: client.delete_unit_of_measure(one.id)) == ("location", "1")
    client.save_production_order(
        master_data_pb2.ProductionOrder(
            name=f"{plant.prefix} PO", unit_of_measure_id=other.id, product_material_id=plant.milk.id
        )
    )
    assert referenced(lambda: client.delete_unit_of_measure(other.id)) == ("production_order", "1")
    assert referenced(lambda: client.delete_material(plant.milk.id)) == ("production_order", "1")
    third, fourth = unit("c"), unit("d")
    plant.lot("L", unit_of_measure_id=third.id)
    assert referenced(lambda: client.delete_unit_of_measure(third.id)) == ("inventory_lot", "1")
    plant.operation("CONSUME", unit_of_measure_id=fourth.id)
    assert referenced(lambda: client.delete_unit_of_measure(fourth.id)) == ("inventory_operation", "1")


def test_classes_and_locations_are_in_use_by_what_lies_below(client: Client, plant: ServedPlant) -> None:
    """Direct children and materials count; so does what works at a place."""
    top = client.save_material_class(master_data_pb2.MaterialClass(name=f"{plant.prefix} Top"))
    below = client.save_material_class(master_data_pb2.MaterialClass(name="Below", parent_id=top.id))
    plant.material("X", material_class_id=below.id)
    assert referenced(lambda: client.delete_material_class(top.id)) == ("material_class", "1")
    assert referenced(lambda: client.delete_material_class(below.id)) == ("material", "1")
    for number in range(3):
        client.save_location(master_data_pb2.Location(name=str(number), parent_id=plant.silo.id))
    assert referenced(lambda: client.delete_location(plant.silo.id)) == ("location", "3")
    site = plant.location("Site")
    client.save_operation(master_data_pb2.Operation(name=f"{plant.prefix} Mix", location_id=site.id))
    assert referenced(lambda: client.delete_location(site.id)) == ("operation", "1")
    dock = plant.location("Dock")
    plant.operation("CONSUME", destination_location_id=dock.id)
    plant.operation("RECEIVE", source_location_id=dock.id, destination_location_id=dock.id)
    assert referenced(lambda: client.delete_location(dock.id)) == ("inventory_operation", "2")


def test_orders_reason_codes_and_process_operations_are_in_use_by_what_names_them(
    client: Client, plant: ServedPlant
) -> None:
    """As long as it does."""
    order = client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} PO"))
    mix = client.save_operation(
        master_data_pb2.Operation(name=f"{plant.prefix} Mix", current_production_order_id=order.id)
    )
    code = client.save_material_reason_code(master_data_pb2.MaterialReasonCode(reason_code=f"{plant.prefix} R"))
    assert referenced(lambda: client.delete_production_order(order.id)) == ("operation", "1")
    eats = plant.operation("CONSUME", operation_id=mix.id, material_reason_code_id=code.id)
    assert referenced(lambda: client.delete_operation(mix.name)) == ("inventory_operation", "1")
    assert referenced(lambda: client.delete_material_reason_code(code.id)) == ("inventory_operation", "1")
    client.delete_inventory_operation(eats.id)
    client.delete_material_reason_code(code.id)
    client.delete_operation(mix.id)
    client.delete_production_order(order.id)


def test_what_records_name_stays(client: Client, plant: ServedPlant, server: ServerProcess) -> None:
    """Lots, places, materials, orders, codes, operations; an empty row of stock counts, too."""
    order = client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} PO"))
    code = client.save_material_reason_code(master_data_pb2.MaterialReasonCode(reason_code=f"{plant.prefix} R"))
    mix = client.save_operation(
        master_data_pb2.Operation(name=f"{plant.prefix} Mix", current_production_order_id=order.id)
    )
    dock = plant.location("Dock")
    produce = plant.operation(
        "PRODUCE", operation_id=mix.id, material_reason_code_id=code.id, source_location_id=dock.id
    )
    consume = plant.operation("CONSUME", secondary_material_id=plant.milk.id)
    client.execute_inventory_operation(produce.id, "L", 5)
    client.execute_inventory_operation(consume.id, "L", 5, "Into")
    assert plant.stock() == {"L": 0}
    lot = client.get_lot("L", material_id_or_path=plant.milk.id)
    into = client.get_lot("Into", material_id_or_path=plant.milk.id)
    assert referenced(lambda: client.delete_lot(lot.id)) == ("inventory", "1")
    assert referenced(lambda: client.delete_lot(into.id)) == ("inventory_lot_record", "1")
    assert referenced(lambda: client.delete_material(plant.milk.id)) == ("inventory_lot", "2")
    assert referenced(lambda: client.delete_inventory_operation(produce.id)) == ("inventory_lot_record", "1")
    assert referenced(lambda: client.delete_location(plant.silo.id)) == ("inventory", "1")
    client.save_inventory_operation(
        inventory_operation(produce.id), update_mask=["source_location_id", "material_reason_code_id", "operation_id"]
    )
    client.save_operation(master_data_pb2.Operation(id=mix.id), update_mask=["current_production_order_id"])
    assert referenced(lambda: client.delete_location(dock.id)) == ("inventory_lot_record", "1")
    assert referenced(lambda: client.delete_material_reason_code(code.id)) == ("inventory_lot_record", "1")
    assert referenced(lambda: client.delete_production_order(order.id)) == ("inventory", "1")
    server.verify()


def inventory_operation(identifier: str) -> Any:
    return inventory_operation_pb2.InventoryOperation(id=identifier)


def test_a_running_operation_is_not_deleted(client: Client, plant: ServedPlant) -> None:
    """That it runs goes before what refers to it."""
    consume = plant.operation("CONSUME")
    plant.lot("L")
    client.start_inventory_operation(consume.id, primary_lot_id_or_name="L")
    with pytest.raises(FailedPrecondition) as refused:
        client.delete_inventory_operation(consume.id)
    assert refused.value.reason == "OPERATION_ALREADY_RUNNING"


def test_a_quantity_is_converted_as_decisions_convert_it(client: Client, plant: ServedPlant) -> None:
    """The material's own factor first, then the global one, the inverse, one unit between; rounded once."""
    prefix = plant.prefix

    def unit(name: str) -> master_data_pb2.UnitOfMeasure:
        return client.save_unit_of_measure(
            master_data_pb2.UnitOfMeasure(name=f"{prefix} {name}", symbol=f"{prefix}{name}")
        )

    litre, pallet, lonely = unit("L"), unit("plt"), unit("x")
    for factor, more in ((2.0, {}), (1.032, {"material_id": plant.milk.id})):
        client.save_unit_of_measure_conversion(
            master_data_pb2.UnitOfMeasureConversion(
                from_unit_id=litre.id, to_unit_id=plant.kg.id, factor=factor, **more
            )
        )
    client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=pallet.id, to_unit_id=litre.id, factor=1e6)
    )

    def convert(quantity: float, one: Any, other: Any, **more: Any) -> float:
        return client.convert_quantity(
            quantity, from_unit_of_measure_symbol=one.symbol, to_unit_of_measure_name=other.name, **more
        )

    assert convert(10, litre, plant.kg) == 20
    assert convert(10, litre, plant.kg, material_id_or_path=plant.milk.path) == 10.32
    assert convert(1, plant.kg, litre, material_id_or_path=plant.milk.id) == 0.968992
    assert convert(1, pallet, plant.kg) == 2_000_000
    assert convert(7, lonely, lonely) == 7
    assert (
        client.convert_quantity(
            1, from_unit_of_measure_id=litre.id, from_unit_of_measure_name=litre.name, to_unit_of_measure_id=plant.kg.id
        )
        == 2
    )
    with pytest.raises(FailedPrecondition) as refused:
        convert(1, lonely, litre, material_id_or_path=plant.milk.id)
    assert (refused.value.reason, refused.value.metadata) == (
        "UNIT_NOT_CONVERTIBLE",
        {"from": lonely.symbol, "to": litre.symbol, "material": plant.milk.path},
    )
    with pytest.raises(LotkeeperError) as overflow:
        convert(9e12, pallet, litre)
    assert overflow.value.reason == "QUANTITY_OVERFLOW"
    with pytest.raises(InvalidArgument) as differ:
        client.convert_quantity(
            1, from_unit_of_measure_id=litre.id, from_unit_of_measure_name=pallet.name, to_unit_of_measure_id=litre.id
        )
    assert [one.field for one in differ.value.field_violations] == [
        "from_unit_of_measure_id",
        "from_unit_of_measure_name",
    ]
    with pytest.raises(NotFound) as missing:
        client.convert_quantity(1, from_unit_of_measure_symbol="??", to_unit_of_measure_id=litre.id)
    assert (missing.value.reason, [one.field for one in missing.value.field_violations]) == (
        "UNIT_OF_MEASURE_NOT_FOUND",
        ["from_unit_of_measure_symbol"],
    )
    with pytest.raises(InvalidArgument):
        client.convert_quantity(-1, to_unit_of_measure_id=litre.id)
