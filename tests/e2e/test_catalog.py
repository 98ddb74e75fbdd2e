"""Saving, reading and listing definitions, master data and lots, through the service."""

from __future__ import annotations

import time

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from lotkeeper import (
    Aborted,
    AlreadyExists,
    Client,
    FailedPrecondition,
    InvalidArgument,
    LotkeeperError,
    NotFound,
    PermissionDenied,
)
from lotkeeper.inventory.v1 import (
    enums_pb2,
    inventory_lot_pb2,
    inventory_operation_pb2,
    master_data_pb2,
    master_data_service_pb2,
    master_data_service_pb2_grpc,
)

from tests.plants import ServedPlant, operation_type
from tests.server_process import ServerProcess


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    return ServedPlant(client)


def fields(error: LotkeeperError) -> list[str]:
    return [violation.field for violation in error.field_violations]


def test_a_creation_sets_defaults_and_the_common_fields(client: Client, plant: ServedPlant) -> None:
    """Version 1, enabled, created by the caller; modified_* stay unset."""
    location = plant.location("Place")
    assert location.enabled
    assert (location.version, location.created_by, location.modified_by) == (1, "tester", "")
    assert not location.HasField("modified_date")
    assert location.type == enums_pb2.LOCATION_TYPE_UNIT
    assert location.lot_storage_strategy == enums_pb2.LOT_STORAGE_STRATEGY_ALLOW_MULTIPLE
    assert client.get_location("/" + location.path) == location


def test_an_edit_raises_the_version_and_one_that_changes_nothing_does_not(client: Client, plant: ServedPlant) -> None:
    """An old version is refused; without one the save wins."""
    location = plant.location("Place")
    assert client.save_location(location) == location
    location.notes = "new"
    second = client.save_location(location)
    assert (second.version, second.modified_by, second.notes) == (2, "tester", "new")
    location.notes = "stale"
    with pytest.raises(Aborted) as refused:
        client.save_location(location)
    assert (refused.value.reason, refused.value.metadata) == ("VERSION_CONFLICT", {"expected": "1", "actual": "2"})
    location.version = 0
    assert client.save_location(location).version == 3


def test_an_absent_enabled_is_true_on_creation_and_stays_on_an_update(client: Client, plant: ServedPlant) -> None:
    """A save without a mask sets every other field."""
    location = plant.location("Place", notes="n", enabled=False)
    assert not location.enabled
    bare = master_data_pb2.Location(id=location.id, name=location.name)
    saved = client.save_location(bare)
    assert (saved.enabled, saved.notes) == (False, "")


def test_a_mask_updates_only_what_it_names(client: Client, plant: ServedPlant) -> None:
    """An unknown name is refused, what the server sets is ignored."""
    location = plant.location("Place", notes="n", spare1="s")
    change = master_data_pb2.Location(id=location.id, notes="other", spare1="other")
    saved = client.save_location(change, update_mask=["notes", "created_by", "path"])
    assert (saved.notes, saved.spare1, saved.name) == ("other", "s", location.name)
    with pytest.raises(InvalidArgument) as refused:
        client.save_location(change, update_mask=["nonsense"])
    assert fields(refused.value) == ["update_mask"]


def test_a_mask_that_names_nothing_is_as_none(client: Client, server: ServerProcess, plant: ServedPlant) -> None:
    """A message that is there and empty: some languages' stubs send it so."""
    location = plant.location("Place")
    location.notes = "new"
    request = master_data_service_pb2.SaveLocationRequest(location=location, update_mask=FieldMask())
    with grpc.insecure_channel(server.address) as channel:
        stub = master_data_service_pb2_grpc.MasterDataServiceStub(channel)
        saved = stub.SaveLocation(request, metadata=(("authorization", f"Bearer {server.token}"),), timeout=20).location
    assert (saved.notes, saved.version) == ("new", 2)
    assert client.get_location(location.id) == saved


def test_a_reference_is_named_by_id_or_by_what_is_unique(client: Client, plant: ServedPlant) -> None:
    """Parts that differ are refused; parts that only repeat what is there give way to those that are new."""
    other = plant.location("Other")
    child = client.save_location(master_data_pb2.Location(name="Child", parent_path="/" + plant.silo.path))
    assert (child.parent_id, child.path) == (plant.silo.id, f"{plant.silo.path}/Child")
    child.parent_id = other.id
    moved = client.save_location(child)
    assert (moved.parent_path, moved.path) == (other.path, f"{other.path}/Child")
    with pytest.raises(InvalidArgument) as refused:
        client.save_location(master_data_pb2.Location(name="X", parent_id=other.id, parent_path=plant.silo.path))
    assert sorted(fields(refused.value)) == ["location.parent_id", "location.parent_path"]
    with pytest.raises(NotFound) as missing:
        client.save_location(master_data_pb2.Location(name="X", parent_path="No/Such"))
    assert (missing.value.reason, missing.value.metadata) == ("LOCATION_NOT_FOUND", {"path": "No/Such"})
    assert fields(missing.value) == ["location.parent_path"]
    cleared = client.save_location(master_data_pb2.Location(id=moved.id), update_mask=["parent_id"])
    assert (cleared.parent_id, cleared.path) == ("", "Child")
    client.save_location(master_data_pb2.Location(id=moved.id, name=f"{plant.prefix} gone"), update_mask=["name"])


def test_names_symbols_codes_and_paths_are_unique(client: Client, plant: ServedPlant) -> None:
    """Exactly, by code point."""
    with pytest.raises(AlreadyExists) as refused:
        plant.location("Silo")
    assert refused.value.metadata == {"entity": "location", "name": f"{plant.prefix} Silo"}
    assert fields(refused.value) == ["location.name"]
    plant.location("SILO")
    with pytest.raises(AlreadyExists):
        client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="z", symbol=plant.kg.symbol))
    plant.lot("L")
    with pytest.raises(AlreadyExists):
        plant.lot("L")
    plant.lot("L", material_id=plant.material("Cream").id)
    conversion = master_data_pb2.UnitOfMeasureConversion(
        from_unit_id=plant.kg.id,
        to_unit_id=client.save_unit_of_measure(
            master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} g", symbol=f"{plant.prefix}g")
        ).id,
        factor=1000.123456789,
    )
    assert client.save_unit_of_measure_conversion(conversion).factor == 1000.123456789
    with pytest.raises(AlreadyExists):
        client.save_unit_of_measure_conversion(conversion)


def test_a_parent_below_itself_is_refused(client: Client, plant: ServedPlant) -> None:
    """HIERARCHY_CYCLE; nothing changes."""
    child = client.save_location(master_data_pb2.Location(name="Child", parent_id=plant.silo.id))
    for parent in (plant.silo.id, child.id):
        with pytest.raises(FailedPrecondition) as refused:
            client.save_location(
                master_data_pb2.Location(id=plant.silo.id, parent_id=parent), update_mask=["parent_id"]
            )
        assert refused.value.reason == "HIERARCHY_CYCLE"


def test_a_rename_rewrites_the_paths_below_and_is_no_change_there(client: Client, plant: ServedPlant) -> None:
    """Classes carry their materials along; a path that would become too long is refused on the name."""
    top = client.save_material_class(master_data_pb2.MaterialClass(name=f"{plant.prefix} A"))
    below = client.save_material_class(master_data_pb2.MaterialClass(name="B", parent_id=top.id))
    milk = client.save_material(master_data_pb2.Material(name="M", material_class_id=below.id))
    top.name = f"{plant.prefix} %_"
    client.save_material_class(top)
    moved = client.get_material(milk.id)
    assert (moved.path, moved.version) == (f"{plant.prefix} %_/B/M", 1)
    for _ in range(3):
        below = client.save_material_class(master_data_pb2.MaterialClass(name="b" * 200, parent_id=below.id))
    with pytest.raises(InvalidArgument) as refused:
        client.save_material_class(master_data_pb2.MaterialClass(name="b" * 255, parent_id=below.id))
    assert fields(refused.value) == ["material_class.name"]


def test_an_operation_needs_its_types_location(client: Client, plant: ServedPlant) -> None:
    """And FROM_LOCATION is for what falls; Validate says all of it at once and writes nothing."""
    bad = inventory_operation_pb2.InventoryOperation(
        name=f"{plant.prefix} bad",
        operation_type=operation_type("PRODUCE"),
        source_location_id=plant.silo.id,
        primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_FROM_LOCATION,
        material_path="No/Such",
    )
    with pytest.raises(NotFound):
        client.save_inventory_operation(bad)
    found = {(one.field, one.reason) for one in client.validate_inventory_operation(bad)}
    assert found == {
        ("inventory_operation.material_path", "MATERIAL_NOT_FOUND"),
        ("inventory_operation.destination_location_id", "LOCATION_REQUIRED"),
        ("inventory_operation.primary_lot_resolution_strategy", "INVALID_ARGUMENT"),
    }
    assert list(client.list_inventory_operations(name_prefix=f"{plant.prefix} bad")) == []


def test_a_running_operation_can_only_be_switched_off_and_noted(client: Client, plant: ServedPlant) -> None:
    """And not be deleted; nor can one that has records."""
    operation = plant.operation("PRODUCE")
    client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
    operation.enabled, operation.notes = False, "pause"
    operation = client.save_inventory_operation(operation)
    assert operation.status == enums_pb2.STATUS_RUNNING
    operation.create_lot_if_not_found = False
    with pytest.raises(FailedPrecondition) as refused:
        client.save_inventory_operation(operation)
    assert refused.value.metadata == {"entity": "inventory_operation", "field": "create_lot_if_not_found"}
    with pytest.raises(FailedPrecondition) as running:
        client.delete_inventory_operation(operation.id)
    assert running.value.reason == "OPERATION_ALREADY_RUNNING"
    client.cancel_inventory_operation(operation.id)
    with pytest.raises(FailedPrecondition) as referenced:
        client.delete_inventory_operation(operation.id)
    assert referenced.value.metadata == {"entity": "inventory_lot_record", "count": "1"}
    fresh = plant.operation("CONSUME")
    client.delete_inventory_operation(fresh.id, version=1)
    with pytest.raises(NotFound):
        client.get_inventory_operation(fresh.id)


def test_a_lots_status_is_guarded_and_recorded(server: ServerProcess, client: Client, plant: ServedPlant) -> None:
    """It needs its own permission and the version; the change writes a record; CLOSED has its moment."""
    lot = plant.lot("L")
    assert (lot.unit_of_measure_id, lot.status) == (plant.kg.id, enums_pb2.LOT_STATUS_OPEN)
    stale = inventory_lot_pb2.InventoryLot()
    stale.CopyFrom(lot)
    stale.status, stale.version = enums_pb2.LOT_STATUS_QA_HOLD, 0
    with pytest.raises(InvalidArgument) as refused:
        client.save_lot(stale)
    assert fields(refused.value) == ["lot.version"]
    stale.version = 1
    held = client.save_lot(stale)
    assert (held.status, held.version) == (enums_pb2.LOT_STATUS_QA_HOLD, 2)
    (record,) = client.list_inventory_lot_records(lot_id_or_name=lot.id)
    assert (record.lot_record_type, record.lot_status) == (
        enums_pb2.LOT_RECORD_TYPE_STATUS_CHANGE,
        enums_pb2.LOT_STATUS_QA_HOLD,
    )
    held.status = enums_pb2.LOT_STATUS_CLOSED
    closed = client.save_lot(held)
    assert closed.HasField("closed_date")
    server.run("role", "create", f"lots-{plant.prefix}", "--permission", "LOT")
    token = server.run("token", "create", "--name", "lotter", "--role", f"lots-{plant.prefix}").stdout.strip()
    with Client(server.address, token=token) as lotter:
        closed.status = enums_pb2.LOT_STATUS_OPEN
        with pytest.raises(PermissionDenied) as denied:
            lotter.save_lot(closed)
        assert denied.value.metadata == {"permission": "INVENTORY.WRITE.STATUS_CHANGE"}
        closed.status, closed.notes = enums_pb2.LOT_STATUS_CLOSED, "fine"
        assert lotter.save_lot(closed).notes == "fine"


def test_a_lot_that_has_a_record_keeps_its_material_and_unit(client: Client, plant: ServedPlant) -> None:
    """Before it has one, both may change."""
    cream = plant.material("Cream")
    lot = plant.lot("L")
    lot.material_id, lot.material_path = cream.id, ""
    lot = client.save_lot(lot)
    lot.material_id = plant.milk.id
    lot = client.save_lot(lot)
    client.execute_inventory_operation(plant.operation("PRODUCE").id, lot.id, 1.0)
    lot = client.get_lot(lot.id)
    lot.material_id = cream.id
    with pytest.raises(FailedPrecondition) as refused:
        client.save_lot(lot)
    assert refused.value.metadata == {"entity": "inventory_lot", "field": "material_id"}


def test_a_lot_past_its_date_shows_expired_everywhere(client: Client, plant: ServedPlant) -> None:
    """And saved back as it shows, its status does not change."""
    lot = inventory_lot_pb2.InventoryLot(name="OLD", material_id=plant.milk.id)
    lot.expiration_date.FromMilliseconds(int(time.time() * 1000) - 1_000)
    saved = client.save_lot(lot)
    assert saved.status == enums_pb2.LOT_STATUS_EXPIRED
    saved.notes = "seen"
    assert client.save_lot(saved).version == 2
    assert list(client.list_inventory_lot_records(lot_id_or_name=saved.id)) == []
    expired = client.list_lots(material_id_or_path=plant.milk.id, status=enums_pb2.LOT_STATUS_EXPIRED)
    assert [one.name for one in expired] == ["OLD"]
    assert list(client.list_lots(material_id_or_path=plant.milk.id, status=enums_pb2.LOT_STATUS_OPEN)) == []
    client.execute_inventory_operation(plant.operation("PRODUCE").id, "OLD", 1.0)
    (row,) = client.list_inventory(lot_id_or_name=saved.id)
    assert row.lot_status == enums_pb2.LOT_STATUS_EXPIRED


def test_a_location_with_stock_cannot_become_storeless(client: Client, plant: ServedPlant) -> None:
    """And a capacity needs a unit."""
    client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 1.0)
    storeless = enums_pb2.LOT_STORAGE_STRATEGY_NO_STORAGE
    change = master_data_pb2.Location(id=plant.silo.id, lot_storage_strategy=storeless)
    with pytest.raises(FailedPrecondition) as refused:
        client.save_location(change, update_mask=["lot_storage_strategy"])
    assert refused.value.metadata == {"location": plant.silo.path, "lots": "1"}
    with pytest.raises(InvalidArgument) as unitless:
        plant.location("Tank", storage_capacity=0.0)
    assert fields(unitless.value) == ["location.storage_capacity_unit_id"]


def test_a_unit_with_broken_stock_cannot_come_to_be_of_whole_numbers(client: Client, plant: ServedPlant) -> None:
    """It names one that is broken; at any location, also below zero. Once all are whole, it can."""
    change = master_data_pb2.UnitOfMeasure(id=plant.kg.id, whole_only=True)
    client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 2.5)
    with pytest.raises(FailedPrecondition) as refused:
        client.save_unit_of_measure(change, update_mask=["whole_only"])
    assert refused.value.reason == "NOT_WHOLE"
    assert refused.value.metadata == {"lot": "L", "location": plant.silo.path, "quantity": "2.5"}
    assert fields(refused.value) == ["unit_of_measure.whole_only"]
    client.execute_inventory_operation(plant.operation("CONSUME").id, "L", 0.5)
    debt = plant.location("Debt", allow_negative_inventory=True)
    client.execute_inventory_operation(plant.operation("CONSUME", source_location_id=debt.id).id, "L", 0.5)
    with pytest.raises(FailedPrecondition) as refused:
        client.save_unit_of_measure(change, update_mask=["whole_only"])
    assert refused.value.metadata == {"lot": "L", "location": debt.path, "quantity": "-0.5"}
    client.execute_inventory_operation(plant.operation("PRODUCE", destination_location_id=debt.id).id, "L", 0.5)
    assert client.save_unit_of_measure(change, update_mask=["whole_only"]).whole_only
    assert client.get_unit_of_measure(plant.kg.id).whole_only
    (listed,) = client.list_units_of_measure(name_prefix=plant.kg.name)
    assert listed.whole_only
    with pytest.raises(InvalidArgument) as broken:
        client.execute_inventory_operation(plant.operation("CONSUME").id, "L", 0.5)
    assert fields(broken.value) == ["quantity"]
    client.execute_inventory_operation(plant.operation("CONSUME").id, "L", 1.0)
    assert not client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(id=plant.kg.id), update_mask=["whole_only"]
    ).whole_only
    client.execute_inventory_operation(plant.operation("CONSUME").id, "L", 0.5)


def test_stock_that_is_broken_in_another_unit_does_not_matter(client: Client, plant: ServedPlant) -> None:
    """Each lot is looked at in its own."""
    dozen = client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} dozen", symbol=f"{plant.prefix}dz")
    )
    client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 2.5)
    change = master_data_pb2.UnitOfMeasure(id=dozen.id, whole_only=True)
    assert client.save_unit_of_measure(change, update_mask=["whole_only"]).whole_only
    made = master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} box", symbol=f"{plant.prefix}bx", whole_only=True)
    assert client.save_unit_of_measure(made).whole_only


def test_what_is_ordered_in_a_unit_of_whole_numbers_is_one(client: Client, plant: ServedPlant) -> None:
    """When it is made, and when the quantity or the unit changes."""
    box = client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} box", symbol=f"{plant.prefix}bx", whole_only=True)
    )
    name = f"{plant.prefix} order"
    with pytest.raises(InvalidArgument) as refused:
        client.save_production_order(
            master_data_pb2.ProductionOrder(name=name, quantity=2.5, unit_of_measure_id=box.id)
        )
    assert fields(refused.value) == ["production_order.quantity"]
    order = client.save_production_order(
        master_data_pb2.ProductionOrder(name=name, quantity=2.5, unit_of_measure_id=plant.kg.id)
    )
    in_boxes = master_data_pb2.ProductionOrder(id=order.id, unit_of_measure_id=box.id)
    with pytest.raises(InvalidArgument) as refused:
        client.save_production_order(in_boxes, update_mask=["unit_of_measure_id"])
    assert fields(refused.value) == ["production_order.quantity"]
    client.save_production_order(master_data_pb2.ProductionOrder(id=order.id, quantity=3.0), update_mask=["quantity"])
    client.save_production_order(in_boxes, update_mask=["unit_of_measure_id"])
    with pytest.raises(InvalidArgument):
        client.save_production_order(
            master_data_pb2.ProductionOrder(id=order.id, quantity=2.5), update_mask=["quantity"]
        )
    assert (
        client.save_production_order(
            master_data_pb2.ProductionOrder(id=order.id, notes="kept"), update_mask=["notes"]
        ).quantity
        == 3.0
    )


def test_a_question_in_a_unit_of_whole_numbers_is_answered(client: Client, plant: ServedPlant) -> None:
    """To convert moves nothing, and a capacity is a limit."""
    box = client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} box", symbol=f"{plant.prefix}bx", whole_only=True)
    )
    client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=box.id, to_unit_id=plant.kg.id, factor=10.0)
    )
    assert client.convert_quantity(25.0, from_unit_of_measure_id=plant.kg.id, to_unit_of_measure_id=box.id) == 2.5
    shelf = plant.location("Shelf", storage_capacity=2.5, storage_capacity_unit_id=box.id)
    room = client.check_location_has_capacity(shelf.id, 2.5, unit_of_measure_id=box.id)
    assert (room.has_capacity, room.capacity) == (True, 2.5)


def test_lists_page_through_everything_once(client: Client, plant: ServedPlant) -> None:
    """By id, whatever the page size; a token is good for its own request only."""
    lots = [plant.lot(f"L{number:02}") for number in range(25)]
    for page_size in (1, 7, 1000, 5000):
        listed = list(client.list_lots(material_id_or_path=plant.milk.id, page_size=page_size))
        assert [one.id for one in listed] == [one.id for one in lots]
    assert [one.name for one in client.list_lots(material_id_or_path=plant.milk.id, name_prefix="L1")] == [
        f"L1{number}" for number in range(10)
    ]
    with pytest.raises(InvalidArgument) as refused:
        list(client.list_lots(page_size=-1))
    assert fields(refused.value) == ["page_size"]


def test_records_are_listed_newest_first_and_the_other_way_round(client: Client, plant: ServedPlant) -> None:
    """A lot is found as primary and as secondary; children of a location are included if asked for."""
    child = client.save_location(master_data_pb2.Location(name="Child", parent_id=plant.silo.id))
    produce = plant.operation("PRODUCE", destination_location_id=child.id)
    consume = plant.operation("CONSUME", source_location_id=child.id, secondary_material_id=plant.milk.id)
    client.execute_inventory_operation(produce.id, "A", 9.0)
    for _ in range(5):
        client.execute_inventory_operation(consume.id, "A", 1.0, "B")
    newest = list(client.list_inventory_lot_records(lot_id_or_name="A", material_id_or_path=plant.milk.id, page_size=2))
    oldest = list(client.list_inventory_lot_records(lot_id_or_name=newest[0].inventory_lot_id, oldest_first=True))
    assert newest == oldest[::-1]
    assert len(newest) == 6
    into = client.list_inventory_lot_records(lot_id_or_name="B", material_id_or_path=plant.milk.id, page_size=2)
    assert len(list(into)) == 5
    assert list(client.list_inventory_lot_records(location_id_or_path=plant.silo.id)) == []
    below = client.list_inventory_lot_records(location_id_or_path=plant.silo.path, include_children=True)
    assert len(list(below)) == 6
    with pytest.raises(InvalidArgument) as refused:
        list(client.list_inventory_lot_records(include_children=True))
    assert fields(refused.value) == ["include_children"]


def test_an_id_of_another_kind_is_not_found(client: Client, plant: ServedPlant) -> None:
    """Also as a filter."""
    for ask in (
        lambda: client.get_location(plant.milk.id),
        lambda: client.get_material(plant.silo.path),
        lambda: list(client.list_inventory(lot_id_or_name=plant.silo.id)),
        lambda: client.execute_inventory_operation(plant.silo.id, "L", 1.0),
    ):
        with pytest.raises(NotFound):
            ask()


def test_an_order_is_read_and_saved_with_another_quantity_by_who_knows_the_double_alone(client: Client) -> None:
    """Programs made from an older contract send back what they do not know; a new number beside another is refused."""
    order = client.save_production_order(master_data_pb2.ProductionOrder(name="PO of an older program", quantity=5))
    order.quantity = 6
    order = client.save_production_order(order)
    assert (order.quantity, order.exact_quantity.value) == (6, "6")
    order.exact_quantity.value = "7"
    with pytest.raises(InvalidArgument) as refused:
        client.save_production_order(order)
    assert [one.field for one in refused.value.field_violations] == ["production_order.exact_quantity"]
    order.quantity = 0
    assert client.save_production_order(order).quantity == 7
