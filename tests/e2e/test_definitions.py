"""Save with masks and versions, Validate, Delete and References of inventory operations, through the service."""

from __future__ import annotations

import pytest
from lotkeeper import Aborted, Client, FailedPrecondition, InvalidArgument, LotkeeperError, NotFound
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation
from lotkeeper.inventory.v1.inventory_operation_service_pb2 import FieldViolation
from lotkeeper.inventory.v1.master_data_pb2 import MaterialReasonCode

from tests.plants import ServedPlant, operation_type


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    return ServedPlant(client)


def fields(error: LotkeeperError) -> list[str]:
    return [violation.field for violation in error.field_violations]


def test_an_entity_that_was_read_can_be_saved_back_with_only_an_id_changed(client: Client, plant: ServedPlant) -> None:
    """What repeats what is there now gives way; so does it where only the path is changed."""
    other = plant.location("Other")
    operation = plant.operation("CONSUME")
    operation.source_location_id = other.id
    moved = client.save_inventory_operation(operation)
    assert (moved.source_location_path, moved.version) == (other.path, 2)
    moved.source_location_path = plant.silo.path
    assert client.save_inventory_operation(moved).source_location_id == plant.silo.id


def test_parts_of_a_reference_that_differ_must_name_the_same(client: Client, plant: ServedPlant) -> None:
    """Both fields are named; a name that is not unique by itself is never looked at."""
    other, third = plant.location("Other"), plant.location("Third")
    operation = plant.operation("CONSUME")
    operation.source_location_id, operation.source_location_path = other.id, third.path
    with pytest.raises(InvalidArgument) as refused:
        client.save_inventory_operation(operation)
    assert sorted(fields(refused.value)) == [
        "inventory_operation.source_location_id",
        "inventory_operation.source_location_path",
    ]
    operation.source_location_path, operation.source_location_name = "/" + other.path, "anything"
    assert client.save_inventory_operation(operation).source_location_name == other.name


def test_a_mask_that_names_an_id_looks_at_the_id_alone(client: Client, plant: ServedPlant) -> None:
    """Empty clears; one that names a path looks at that alone; one that names the name at nothing."""
    other = plant.location("Other")
    operation = plant.operation("SHIP", material_id=plant.milk.id, secondary_material_id=plant.milk.id)
    change = InventoryOperation(id=operation.id, material_path=plant.milk.path, source_location_path=other.path)
    cleared = client.save_inventory_operation(change, update_mask=["material_id"])
    assert (cleared.material_id, cleared.source_location_id, cleared.version) == ("", plant.silo.id, 2)
    moved = client.save_inventory_operation(change, update_mask=["source_location_path"])
    assert (moved.source_location_id, moved.secondary_material_id) == (other.id, plant.milk.id)
    cleared = client.save_inventory_operation(change, update_mask=["secondary_material_path"])
    assert (cleared.secondary_material_id, cleared.version) == ("", 4)
    change.source_location_name = plant.silo.name
    assert client.save_inventory_operation(change, update_mask=["source_location_name"]) == cleared


def test_a_mask_leaves_the_rest_and_ignores_what_the_server_sets(client: Client, plant: ServedPlant) -> None:
    """Another name is refused on `update_mask`; a creation ignores the mask; an absent `enabled` stays."""
    operation = plant.operation("CONSUME", notes="n", enabled=False, quantity_overflow_value=2.0)
    change = InventoryOperation(id=operation.id, notes="m", created_by="me", status=enums_pb2.STATUS_RUNNING)
    mask = ["created_by", "status", "version", "id", "current_record_id", "modified_date", "enabled"]
    assert client.save_inventory_operation(change, update_mask=mask) == operation
    saved = client.save_inventory_operation(change, update_mask=[*mask, "notes"])
    assert (saved.notes, saved.enabled, saved.quantity_overflow_value, saved.name) == ("m", False, 2.0, operation.name)
    cleared = client.save_inventory_operation(change, update_mask=["quantity_overflow_value"])
    assert not cleared.HasField("quantity_overflow_value")
    for wrong in ("nonsense", "sourceLocationId", "notes.x"):
        with pytest.raises(InvalidArgument) as refused:
            client.save_inventory_operation(change, update_mask=["notes", wrong])
        assert fields(refused.value) == ["update_mask"]
    created = client.save_inventory_operation(
        InventoryOperation(name=f"{plant.prefix} new", source_location_id=plant.silo.id, notes="n"),
        update_mask=["nonsense", "spare1"],
    )
    assert (created.notes, created.version) == ("n", 1)


def test_an_old_version_is_refused_and_none_wins(client: Client, plant: ServedPlant) -> None:
    """With a mask, too: the version is no field to update but what the caller read."""
    operation = plant.operation("CONSUME")
    client.save_inventory_operation(InventoryOperation(id=operation.id, notes="1"), update_mask=["notes"])
    stale = InventoryOperation(id=operation.id, notes="2", version=1)
    with pytest.raises(Aborted) as refused:
        client.save_inventory_operation(stale, update_mask=["notes"])
    assert (refused.value.reason, refused.value.metadata) == ("VERSION_CONFLICT", {"expected": "1", "actual": "2"})
    stale.version = 0
    assert client.save_inventory_operation(stale, update_mask=["notes"]).version == 3
    stale.version = -1
    with pytest.raises(InvalidArgument):
        client.save_inventory_operation(stale)


def test_save_checks_shape_then_id_then_version_then_references_then_rules(client: Client, plant: ServedPlant) -> None:
    """Of faults of several kinds the first kind is reported."""
    operation = plant.operation("CONSUME")
    good = InventoryOperation(id=operation.id, name="x", version=1, material_path=plant.milk.path)
    faults = [
        InventoryOperation(name=" x"),
        InventoryOperation(id=plant.silo.id),
        InventoryOperation(version=7),
        InventoryOperation(material_path="No/Such"),
    ]
    reasons = []
    for first in range(len(faults) + 1):
        bad = InventoryOperation()
        bad.CopyFrom(good)
        for fault in faults[first:]:
            bad.MergeFrom(fault)
        with pytest.raises(LotkeeperError) as refused:
            client.save_inventory_operation(bad)
        reasons.append(refused.value.reason)
    assert reasons == [
        "INVALID_ARGUMENT",
        "INVENTORY_OPERATION_NOT_FOUND",
        "VERSION_CONFLICT",
        "MATERIAL_NOT_FOUND",
        "LOCATION_REQUIRED",
    ]


def test_name_type_source_and_destination_are_unique_together(client: Client, plant: ServedPlant) -> None:
    """NAME_TAKEN on the name; any of the four may make the difference."""
    operation = plant.operation("CONSUME")
    twin = InventoryOperation()
    twin.CopyFrom(operation)
    twin.id = ""
    with pytest.raises(LotkeeperError) as refused:
        client.save_inventory_operation(twin)
    assert (refused.value.reason, fields(refused.value)) == ("NAME_TAKEN", ["inventory_operation.name"])
    twin.operation_type = operation_type("SCRAP")
    client.save_inventory_operation(twin)
    twin.operation_type, twin.destination_location_id = operation.operation_type, plant.silo.id
    client.save_inventory_operation(twin)


def test_validate_reports_all_that_a_save_would_refuse(client: Client, plant: ServedPlant) -> None:
    """Every kind of check at once, by the fields that can mend it; and it writes nothing."""
    scrap = enums_pb2.LOT_RECORD_TYPE_SCRAP
    code = client.save_material_reason_code(
        MaterialReasonCode(reason_code=f"{plant.prefix} scrap", lot_record_type=scrap)
    )
    operation = plant.operation("CONSUME", enabled=False)
    bad = InventoryOperation(
        id=operation.id,
        name=operation.name,
        version=9,
        notes="\x01",
        quantity_overflow_value=-1.0,
        material_path="No/Such",
        unit_of_measure_symbol="no such",
        material_reason_code_id=code.id,
        secondary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_FROM_LOCATION,
    )
    found = {(one.field.removeprefix("inventory_operation."), one.reason) for one in _violations(client, bad)}
    assert found == {
        ("version", "VERSION_CONFLICT"),
        ("notes", "INVALID_ARGUMENT"),
        ("quantity_overflow_value", "INVALID_ARGUMENT"),
        ("material_path", "MATERIAL_NOT_FOUND"),
        ("unit_of_measure_symbol", "UNIT_OF_MEASURE_NOT_FOUND"),
        ("material_reason_code_id", "INVALID_ARGUMENT"),
        ("secondary_lot_resolution_strategy", "INVALID_ARGUMENT"),
        ("source_location_id", "LOCATION_REQUIRED"),
    }
    assert client.get_inventory_operation(operation.id) == operation
    masked = client.validate_inventory_operation(bad, update_mask=["material_path", "nonsense"])
    assert {(one.field, one.reason) for one in masked} == {
        ("update_mask", "INVALID_ARGUMENT"),
        ("inventory_operation.version", "VERSION_CONFLICT"),
        ("inventory_operation.material_path", "MATERIAL_NOT_FOUND"),
    }
    assert [one.reason for one in _violations(client, InventoryOperation(id=plant.silo.id))] == [
        "INVALID_ARGUMENT",
        "INVENTORY_OPERATION_NOT_FOUND",
    ]
    assert all(one.description for one in masked)


def test_validate_names_every_field_that_a_run_keeps(client: Client, plant: ServedPlant) -> None:
    """IMMUTABLE_FIELD, one for each; `enabled` and notes are free."""
    operation = plant.operation("PRODUCE")
    client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
    operation.notes, operation.enabled, operation.spare1 = "n", False, "s"
    operation.create_lot_if_not_found = False
    assert [(one.field, one.reason) for one in _violations(client, operation)] == [
        ("inventory_operation.create_lot_if_not_found", "IMMUTABLE_FIELD"),
        ("inventory_operation.spare1", "IMMUTABLE_FIELD"),
    ]


def test_what_refers_to_an_operation_is_counted_by_kind(client: Client, plant: ServedPlant) -> None:
    """With one of them; a running record refers, too; and while there is any, it is not deleted."""
    operation = plant.operation("PRODUCE")
    assert list(client.get_inventory_operation_references(operation.id)) == []
    records = [client.execute_inventory_operation(operation.id, "L", 1.0).id for _ in range(3)]
    client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
    (reference,) = client.get_inventory_operation_references(operation.id)
    assert (reference.entity, reference.count, reference.example_name) == ("inventory_lot_record", 4, "")
    assert reference.example_id in records
    client.cancel_inventory_operation(operation.id)
    with pytest.raises(FailedPrecondition) as refused:
        client.delete_inventory_operation(operation.id)
    assert (refused.value.reason, refused.value.metadata) == (
        "REFERENCED",
        {"entity": "inventory_lot_record", "count": "4"},
    )
    with pytest.raises(NotFound):
        client.get_inventory_operation_references(plant.silo.id)
    with pytest.raises(InvalidArgument):
        client.get_inventory_operation_references("x")


def test_a_delete_looks_at_the_version_before_the_run_and_what_refers(client: Client, plant: ServedPlant) -> None:
    """An old version, a running operation, an id of something else; then the name is free again."""
    operation = plant.operation("PRODUCE")
    client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
    with pytest.raises(Aborted) as stale:
        client.delete_inventory_operation(operation.id, version=7)
    assert stale.value.metadata == {"expected": "7", "actual": "1"}
    with pytest.raises(FailedPrecondition) as running:
        client.delete_inventory_operation(operation.id, version=1)
    assert running.value.reason == "OPERATION_ALREADY_RUNNING"
    with pytest.raises(NotFound):
        client.delete_inventory_operation(plant.silo.id)
    fresh = plant.operation("CONSUME")
    client.delete_inventory_operation(fresh.id)
    fresh.id = ""
    assert client.save_inventory_operation(fresh).version == 1


def _violations(client: Client, operation: InventoryOperation) -> list[FieldViolation]:
    return list(client.validate_inventory_operation(operation))
