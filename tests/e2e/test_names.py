"""Names over the wire: two spellings that look the same are one name, wherever a name can be given."""

from __future__ import annotations

import unicodedata

import pytest
from lotkeeper import Client, InvalidArgument, LotkeeperError, NotFound, actions
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_pb2, inventory_operation_pb2, master_data_pb2
from lotkeeper_server.store.schema.tables import inventory_lot, location

from tests.names_from_before import store_name
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

COMPOSED, DECOMPOSED, SPACED = "K\u00e4se 1", "Ka\u0308se 1", "K\u00e4se\u00a01"
INVISIBLE = "K\u00e4se\u200b 1"
DIGITS = "01040123456789011012345678"


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def at_fault(error: LotkeeperError) -> list[str]:
    return [violation.field for violation in error.field_violations]


def test_a_lot_is_found_by_every_spelling_of_its_name(client: Client) -> None:
    """Saved, received, read, listed, filtered; answers show the one form."""
    plant = ServedPlant(client)
    lot = plant.lot(DECOMPOSED, supplier_lot_name=DECOMPOSED)
    assert (lot.name, lot.supplier_lot_name) == (COMPOSED, COMPOSED)
    with pytest.raises(LotkeeperError) as taken:
        plant.lot(SPACED)
    assert taken.value.reason == "NAME_TAKEN"
    for spelling in (COMPOSED, DECOMPOSED, SPACED):
        assert client.get_lot(spelling, material_id_or_path=plant.milk.path).id == lot.id
        client.receive(spelling, 1, material=plant.milk.id, destination=plant.silo.path)
        found = client.list_lots(material_id_or_path=plant.milk.id, name_prefix=spelling[:-1])
        assert [one.id for one in found] == [lot.id]
        found = client.list_lots(material_id_or_path=plant.milk.id, supplier_lot_name=spelling)
        assert [one.id for one in found] == [lot.id]
        rows = client.list_inventory(lot_id_or_name=spelling, material_id_or_path=plant.milk.path)
        assert [row.inventory_lot_id for row in rows] == [lot.id]
    assert plant.stock() == {COMPOSED: 3}


def test_what_cannot_be_seen_is_refused_on_its_field(client: Client) -> None:
    """In a save, a call, a look-up and a filter."""
    plant = ServedPlant(client)
    with pytest.raises(InvalidArgument) as refused:
        plant.lot(INVISIBLE)
    assert at_fault(refused.value) == ["lot.name"]
    with pytest.raises(InvalidArgument) as refused:
        plant.lot("L", supplier_lot_name=INVISIBLE)
    assert at_fault(refused.value) == ["lot.supplier_lot_name"]
    with pytest.raises(InvalidArgument) as refused:
        client.receive(INVISIBLE, 1, material=plant.milk.id, destination=plant.silo.path)
    assert at_fault(refused.value) == ["lot"]
    for filters in ({"name_prefix": INVISIBLE}, {"supplier_lot_name": INVISIBLE}):
        with pytest.raises(InvalidArgument) as refused:
            list(client.list_lots(**filters))
        assert at_fault(refused.value) == list(filters)
    notes = plant.lot("L", notes=INVISIBLE, spare1=DECOMPOSED)
    assert (notes.notes, notes.spare1) == (INVISIBLE, DECOMPOSED)


def test_units_by_either_micro_sign_are_one(client: Client) -> None:
    unit = client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="microgram", symbol="\u00b5g"))
    assert unit.symbol == "\u03bcg"
    with pytest.raises(LotkeeperError) as taken:
        client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="another", symbol="\u03bcg"))
    assert taken.value.reason == "NAME_TAKEN"
    for symbol in ("\u00b5g", "\u03bcg"):
        given = {"from_unit_of_measure_symbol": symbol, "to_unit_of_measure_symbol": symbol}
        assert client.convert_quantity(2, **given) == 2


def test_paths_codes_names_of_stock_and_of_orders(client: Client) -> None:
    plant = ServedPlant(client)
    silo = plant.location(DECOMPOSED)
    assert silo.path.endswith(COMPOSED)
    assert client.get_location(decomposed(silo.path)).id == silo.id
    below = client.save_location(master_data_pb2.Location(name="Tank", parent_path=f"/{decomposed(silo.path)}"))
    assert below.path == f"{silo.path}/Tank"
    code = client.save_material_reason_code(master_data_pb2.MaterialReasonCode(reason_code=DECOMPOSED))
    assert client.get_material_reason_code(SPACED).id == code.id
    order = client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} {DECOMPOSED}"))
    plant.lot("L")
    client.receive(
        "L",
        1,
        material=plant.milk.id,
        destination=decomposed(silo.path),
        production_order=decomposed(order.name),
        inventory_name=DECOMPOSED,
    )
    (row,) = client.list_inventory(inventory_name=SPACED)
    assert row.name == COMPOSED
    (record,) = client.list_inventory_lot_records(production_order_id_or_name=decomposed(order.name))
    assert record.inventory_name == COMPOSED


def test_two_spellings_under_one_request_id_are_the_same_request(client: Client) -> None:
    plant = ServedPlant(client)
    operation = plant.operation("RECEIVE")
    more = {"request_id": f"{plant.prefix} execute"}
    first = client.execute_inventory_operation(operation.id, COMPOSED, 1, supplier_lot_name=COMPOSED, **more)
    again = client.execute_inventory_operation(operation.id, DECOMPOSED, 1, supplier_lot_name=SPACED, **more)
    assert first.id == again.id
    with pytest.raises(LotkeeperError) as reused:
        client.execute_inventory_operation(operation.id, COMPOSED, 1, supplier_lot_name="other", **more)
    assert reused.value.reason == "REQUEST_ID_REUSED"
    with pytest.raises(LotkeeperError) as reused:
        client.execute_inventory_operation(operation.id, COMPOSED, 1, lot_expiration_date_millis=1, **more)
    assert reused.value.reason == "REQUEST_ID_REUSED"
    ids = {
        client.execute_inventory_actions(
            [actions.receive(name, 1, material=plant.milk.id, destination=decomposed(plant.silo.path))],
            request_id=f"{plant.prefix} act",
        )
        .inventory_lot_records[0]
        .id
        for name in (COMPOSED, DECOMPOSED, SPACED)
    }
    assert len(ids) == 1


def test_digits_make_a_lot(client: Client) -> None:
    """26 of them, as a scanner reads a label, with hyphens or without; an id is still an id."""
    plant = ServedPlant(client)
    operation = plant.operation("RECEIVE")
    hyphenated = f"{DIGITS[:10]}-{DIGITS[10:18]}-{DIGITS[18:]}"
    for name in (DIGITS, hyphenated):
        record = client.execute_inventory_operation(operation.id, name, 2)
        assert record.inventory_lot_name == name
        assert client.get_lot(name, material_id_or_path=plant.milk.id).id == record.inventory_lot_id
        assert client.get_lot(record.inventory_lot_id).name == name
    assert plant.stock() == {DIGITS: 2, hyphenated: 2}
    assert client.save_lot(inventory_lot_pb2.InventoryLot(name="0" * 26, material_id=plant.milk.id)).name == "0" * 26
    with pytest.raises(InvalidArgument) as refused:
        client.get_inventory_operation(DIGITS)
    assert at_fault(refused.value) == ["inventory_operation_id"]


def test_files_are_read_in_the_one_form(client: Client) -> None:
    """Definitions as CSV, and a plant's document; both match what is there by either spelling."""
    plant = ServedPlant(client)
    silo = plant.location(COMPOSED)
    name = f"{plant.prefix} {COMPOSED}"
    header = "name,operationType,destinationLocationPath,materialPath\r\n"
    for written in (decomposed(name), name):
        row = f"{written},RECEIVE,{decomposed(silo.path)},{plant.milk.path}\r\n"
        answer = client.import_inventory_operations((header + row).encode(), export_format=enums_pb2.EXPORT_FORMAT_CSV)
        assert not answer.failed_rows
    assert (answer.created, answer.updated, answer.unchanged) == (0, 0, 1)
    (found,) = client.list_inventory_operations(name_prefix=decomposed(name))
    assert found.name == name
    document = f"""
lots:
- {{name: {DECOMPOSED}, material: "{plant.milk.path}", supplier_lot_name: S{SPACED}}}
inventory:
- {{location: "/{decomposed(silo.path)}", material: "{plant.milk.path}", lot: {SPACED}, quantity: 3, name: {SPACED}}}
"""
    kind = {"export_format": enums_pb2.EXPORT_FORMAT_YAML}
    assert client.import_master_data(document.encode(), **kind).created == 2
    again = client.import_master_data(decomposed(document).encode(), **kind)
    assert (again.created, again.updated) == (0, 0)
    lot = client.get_lot(COMPOSED, material_id_or_path=plant.milk.id)
    assert lot.supplier_lot_name == f"S{COMPOSED}"
    assert f"supplier_lot_name: S{COMPOSED}".encode() in b"".join(client.export_master_data(include_lots=True, **kind))
    with pytest.raises(InvalidArgument) as refused:
        client.import_master_data(f'lots:\n- {{name: "{INVISIBLE}", material: M}}'.encode(), **kind)
    assert at_fault(refused.value) == ["lots[0].name"]


def test_a_name_from_before_can_be_edited_around(client: Client, server: ServerProcess) -> None:
    """A lot that a migration left is reached by its id; saved as it was read it keeps its name, and may get another."""
    plant = ServedPlant(client)
    one, twin, hidden = plant.lot(COMPOSED), plant.lot("twin"), plant.lot("hidden")
    place = plant.location("Place")
    store_name(server.database_url, inventory_lot, twin.id, DECOMPOSED)
    store_name(server.database_url, inventory_lot, hidden.id, INVISIBLE)
    old_path = f"{plant.prefix} {DECOMPOSED}"
    store_name(server.database_url, location, place.id, old_path)
    assert client.get_lot(DECOMPOSED, material_id_or_path=plant.milk.id).id == one.id
    for kept, name in ((twin, DECOMPOSED), (hidden, INVISIBLE)):
        read = client.get_lot(kept.id)
        assert read.name == name
        read.notes = "edited"
        saved = client.save_lot(read)
        assert (saved.name, saved.notes, saved.version) == (name, "edited", 2)
        assert client.save_lot(saved, update_mask=["name"]).version == 2
        client.receive(kept.id, 1, destination=place.id)
        saved.name = "another name" if kept is hidden else "twin again"
        assert client.save_lot(saved).version == 3
    child = client.save_location(master_data_pb2.Location(name="Child", parent_id=place.id))
    assert child.path == f"{old_path}/Child"
    child.notes = "edited"
    child = client.save_location(child)
    assert child.notes == "edited"
    child.parent_id = ""
    assert client.save_location(child).parent_path == old_path
    operation = inventory_operation_pb2.InventoryOperation(name="op", source_location_path=old_path)
    with pytest.raises(NotFound):
        client.save_inventory_operation(operation)
