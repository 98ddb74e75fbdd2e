"""What people who keep stock suffered with other systems, tried here: names, places, lists, forms, documents, rights.

Each test names the public report that it was made from; docs/correctness.md has them all.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Aborted, Client, FailedPrecondition, InvalidArgument, LotkeeperError, NotFound
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_pb2, master_data_pb2

from tests.plants import ServedPlant
from tests.server_process import ServerProcess


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """One's own."""
    return ServedPlant(client)


def made(plant: ServedPlant) -> dict[str, Any]:
    """For a rise that makes its lot."""
    return {"material": plant.milk.id, "create_lot_if_not_found": True}


def below(plant: ServedPlant, parent: master_data_pb2.Location, name: str) -> master_data_pb2.Location:
    """A new location."""
    return plant.client.save_location(master_data_pb2.Location(name=name, parent_id=parent.id))


def commanded(server: ServerProcess, *arguments: str) -> Result:
    """What `lotkeeper` does, in this process."""
    environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    return CliRunner().invoke(main, arguments, env=environment)


def test_sixty_places_that_are_moved_at_once_have_the_right_paths(server: ServerProcess, plant: ServedPlant) -> None:
    """inventree/InvenTree#12394: after some fifty at once the paths no longer fitted the parents."""
    old, new = plant.location("Old"), plant.location("New")
    shelves = [below(plant, old, f"S{number}") for number in range(60)]
    bins = [below(plant, shelf, "Bin") for shelf in shelves]

    def move(shelf: master_data_pb2.Location) -> None:
        with Client(server.address, token=server.token) as client:
            moved = master_data_pb2.Location(id=shelf.id, parent_id=new.id)
            client.save_location(moved, update_mask=["parent_id"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(move, shelves))
    assert list(plant.client.list_locations(parent_id_or_path=old.id)) == []
    paths = {one.id: one.path for one in plant.client.list_locations(name_prefix="Bin")}
    assert [paths[one.id] for one in bins] == [f"{new.path}/S{number}/Bin" for number in range(60)]


def test_what_lies_below_a_place_is_not_what_begins_like_it(plant: ServedPlant) -> None:
    """grocy/grocy#1399: the filter for Kitchen found all whose names began with it."""
    kitchen, kitchenette = plant.location("Kitchen"), plant.location("Kitchenette")
    pattern = plant.location("Kitchen_")
    for place in (kitchen, below(plant, kitchen, "Shelf"), kitchenette, below(plant, kitchenette, "Shelf")):
        plant.client.receive("A", 1.0, destination=place.id, **made(plant))

    def found(place: master_data_pb2.Location, *, children: bool) -> list[str]:
        rows = plant.client.list_inventory(location_id_or_path=place.path, include_children=children)
        return sorted(row.location_path for row in rows)

    assert found(kitchen, children=False) == [kitchen.path]
    assert found(kitchen, children=True) == [kitchen.path, f"{kitchen.path}/Shelf"]
    assert found(pattern, children=True) == []


def test_a_prefix_is_text_and_no_pattern(plant: ServedPlant) -> None:
    """akeneo/pim-community-dev#10242: an underscore in the search stood for any character."""
    for name in ("A_1", "AX1", "a_1", "A%1", "A\\1", "_1"):
        plant.lot(name)
    found = {
        prefix: {lot.name for lot in plant.client.list_lots(material_id_or_path=plant.milk.id, name_prefix=prefix)}
        for prefix in ("A_", "A%", "A\\", "a", "_", "%")
    }
    assert found == {"A_": {"A_1"}, "A%": {"A%1"}, "A\\": {"A\\1"}, "a": {"a_1"}, "_": {"_1"}, "%": set()}


def test_names_that_differ_by_case_are_two_and_a_symbol_is_found_by_its_own_case(plant: ServedPlant) -> None:
    """frappe/erpnext#58851, inventree/InvenTree#5135: LOT-1 and lot-1 were one on one database; Mohm became mohm."""
    plant.client.receive("LOT-1", 1.0, destination=plant.silo.id, **made(plant))
    plant.client.receive("lot-1", 2.0, destination=plant.silo.id, **made(plant))
    assert plant.stock() == {"LOT-1": 1, "lot-1": 2}
    for symbol in ("Mohm", "mohm"):
        name = plant.prefix + symbol
        plant.client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name=name, symbol=name))
        assert plant.client.get_unit_of_measure(name).symbol == name
    with pytest.raises(NotFound):
        plant.client.receive("A", 1.0, destination=plant.silo.id, unit=plant.kg.symbol.upper(), **made(plant))


def test_two_materials_may_have_lots_of_one_name(plant: ServedPlant) -> None:
    """frappe/erpnext#47581: two suppliers used one batch number, and the second material was refused."""
    cream = plant.material("Cream")
    plant.client.receive("B-1", 1.0, destination=plant.silo.id, **made(plant))
    more: dict[str, Any] = made(plant) | {"material": cream.id}
    plant.client.receive("B-1", 2.0, destination=plant.silo.id, **more)
    rows = plant.client.list_inventory(location_id_or_path=plant.silo.id)
    assert {(row.material_id, row.quantity) for row in rows} == {(plant.milk.id, 1), (cream.id, 2)}
    plant.client.consume("B-1", 2.0, source=plant.silo.id, material=cream.id)
    assert plant.client.get_lot("B-1", material_id_or_path=plant.milk.id).total_quantity == 1


@pytest.mark.parametrize("scanned", ["L1\x1d2112", "L1\r", "L1\t", " L1", "L1 "])
def test_what_a_scanner_leaves_in_a_name_makes_no_second_lot(plant: ServedPlant, scanned: str) -> None:
    """msupply-foundation/open-msupply#1838, odoo/odoo#99730: the serial number was taken as part of the lot's."""
    plant.client.receive("L1", 1.0, destination=plant.silo.id, **made(plant))
    with pytest.raises(InvalidArgument) as refused:
        plant.client.receive(scanned, 1.0, destination=plant.silo.id, **made(plant))
    assert [one.field for one in refused.value.field_violations] == ["lot"]
    assert plant.stock() == {"L1": 1}


def test_a_place_with_stock_or_history_stays_and_so_do_those_above(plant: ServedPlant) -> None:
    """inventree/InvenTree#757: deleting a location moved its stock to the one above, without a note."""
    room = plant.location("Room")
    shelf = below(plant, room, "Shelf")
    plant.client.receive("A", 1.0, destination=shelf.id, **made(plant))
    for emptied in (False, True):
        if emptied:
            plant.client.consume("A", 1.0, source=shelf.id, material=plant.milk.id)
        for place in (room, shelf):
            with pytest.raises(FailedPrecondition) as refused:
                plant.client.delete_location(place.id)
            assert refused.value.reason == "REFERENCED"
    assert plant.stock(shelf) == {"A": 0}


def test_nothing_comes_to_or_leaves_a_disabled_place_and_the_refusal_names_it(plant: ServedPlant) -> None:
    """frappe/erpnext#24539: a disabled warehouse was posted to all the same."""
    old = plant.location("Old")
    plant.client.receive("A", 1.0, destination=old.id, **made(plant))
    plant.client.save_location(master_data_pb2.Location(id=old.id, enabled=False), update_mask=["enabled"])
    milk: dict[str, Any] = {"material": plant.milk.id}
    refused_calls: tuple[Callable[[], Any], ...] = (
        lambda: plant.client.receive("A", 1.0, destination=old.id, **milk),
        lambda: plant.client.move("A", 1.0, source=old.id, destination=plant.silo.id, **milk),
        lambda: plant.client.edit_quantity("A", 0.0, source=old.id, **milk),
    )
    for refused_call in refused_calls:
        with pytest.raises(FailedPrecondition) as refused:
            refused_call()
        assert refused.value.reason == "DISABLED"
        assert f"The location {old.path} is disabled." in str(refused.value)
        assert refused.value.metadata["id"] == old.id
    assert plant.stock(old) == {"A": 1}


def test_the_refusal_of_what_is_disabled_calls_it_by_its_name(plant: ServedPlant) -> None:
    """The same report: a material by its path, a lot by its name, a reason by its code."""
    plant.client.receive("A", 1.0, destination=plant.silo.id, **made(plant))
    code = plant.client.save_material_reason_code(
        master_data_pb2.MaterialReasonCode(reason_code=f"{plant.prefix}-SPILT", enabled=False)
    )
    here: dict[str, Any] = {"source": plant.silo.id, "material": plant.milk.id}
    with pytest.raises(FailedPrecondition, match=f"reason code {plant.prefix}-SPILT is disabled"):
        plant.client.scrap("A", 1.0, reason_code_id=code.id, **here)
    lot = plant.client.get_lot("A", material_id_or_path=plant.milk.id)
    plant.client.save_lot(inventory_lot_pb2.InventoryLot(id=lot.id, enabled=False), update_mask=["enabled"])
    with pytest.raises(FailedPrecondition, match="inventory lot A is disabled"):
        plant.client.consume("A", 1.0, **here)
    plant.client.save_material(master_data_pb2.Material(id=plant.milk.id, enabled=False), update_mask=["enabled"])
    with pytest.raises(FailedPrecondition, match=f"material {plant.milk.path} is disabled"):
        plant.client.consume("A", 1.0, **here)


def test_stock_and_history_follow_a_place_to_its_new_name(plant: ServedPlant) -> None:
    """frappe/erpnext#7254 and #28712: a renamed warehouse had two names, so renaming was forbidden."""
    hall = plant.location("Hall")
    shelf = below(plant, hall, "Shelf")
    plant.client.receive("A", 3.0, destination=shelf.id, **made(plant))
    renamed = master_data_pb2.Location(id=hall.id, name=f"{plant.prefix} Hall 7")
    hall = plant.client.save_location(renamed, update_mask=["name"])
    new_path = f"{plant.prefix} Hall 7/Shelf"
    [row] = plant.client.list_inventory(location_id_or_path=new_path)
    [record] = plant.client.list_inventory_lot_records(location_id_or_path=hall.path, include_children=True)
    assert (row.quantity, record.destination_location_path) == (3, new_path)
    plant.client.consume("A", 1.0, source=new_path, material=plant.milk.id)
    with pytest.raises(NotFound):
        plant.client.consume("A", 1.0, source=f"{plant.prefix} Hall/Shelf", material=plant.milk.id)


def test_a_form_that_was_read_before_another_was_saved_is_refused(plant: ServedPlant) -> None:
    """open-mercato/open-mercato#1981: of two people who edited one record, the first lost all without a word."""
    plant.lot("A")
    first, second = (plant.client.get_lot("A", material_id_or_path=plant.milk.id) for _ in range(2))
    first.notes = "thaw it"
    plant.client.save_lot(first)
    second.status = enums_pb2.LOT_STATUS_AVAILABLE
    with pytest.raises(Aborted) as refused:
        plant.client.save_lot(second)
    assert refused.value.reason == "VERSION_CONFLICT"
    stored = plant.client.get_lot("A", material_id_or_path=plant.milk.id)
    assert (stored.notes, stored.status) == ("thaw it", enums_pb2.LOT_STATUS_OPEN)


def test_a_field_that_is_none_is_refused_and_the_answer_shows_what_is_stored(plant: ServedPlant) -> None:
    """Part-DB/Part-DB-server#1263: a change was answered with success and not done."""
    lot = plant.lot("A")
    lot.total_quantity = 500.0
    with pytest.raises(InvalidArgument) as refused:
        plant.client.save_lot(lot, update_mask=["quantity"])
    assert [one.field for one in refused.value.field_violations] == ["update_mask"]
    assert plant.client.save_lot(lot).total_quantity == 0


def test_who_may_consume_may_neither_move_nor_undo(server: ServerProcess, plant: ServedPlant) -> None:
    """grokability/snipe-it#2896: a user without the right checked in what somebody else had."""
    role = f"{plant.prefix.lower()}-consumer"
    assert server.run("role", "create", role, "--permission", "INVENTORY.WRITE.CONSUME").returncode == 0
    token = server.run("token", "create", "--name", role, "--role", role).stdout.strip()
    plant.client.receive("A", 5.0, destination=plant.silo.id, **made(plant))
    shelf = plant.location("Shelf")
    here: dict[str, Any] = {"source": plant.silo.id, "material": plant.milk.id}
    with Client(server.address, token=token) as consumer:
        [record] = consumer.consume("A", 1.0, **here)
        refused_calls: tuple[Callable[[], Any], ...] = (
            lambda: consumer.move("A", 1.0, destination=shelf.id, **here),
            lambda: consumer.scrap("A", 1.0, **here),
            lambda: consumer.reverse_inventory_lot_record(record.id),
            lambda: consumer.delete_location(shelf.id),
        )
        for refused_call in refused_calls:
            with pytest.raises(LotkeeperError) as refused:
                refused_call()
            assert refused.value.reason == "PERMISSION_DENIED"
    assert record.created_by == role
    assert plant.stock() == {"A": 4}


NAMES_LIKE_NUMBERS = ("0012", "12", "1e5", "1_000", "0x1F", "1.10", "12:30", "2024-01-05", "on")


def test_names_that_look_like_numbers_come_out_of_a_document_as_they_stand(
    server: ServerProcess, plant: ServedPlant, tmp_path: Path
) -> None:
    """proompteng/bilig#28, SEED-platform/seed#2562: 0010 was imported as 10."""
    rows = "".join(f"- {{name: {name}, material: {plant.milk.path}}}\n" for name in NAMES_LIKE_NUMBERS)
    document = tmp_path / "plant.yaml"
    document.write_text("lots:\n" + rows)
    assert commanded(server, "plant", "apply", str(document)).exit_code == 0
    lots = {lot.name for lot in plant.client.list_lots(material_id_or_path=plant.milk.id)}
    assert lots == set(NAMES_LIKE_NUMBERS)
    exported = tmp_path / "exported.yaml"
    assert commanded(server, "plant", "export", "--include-lots", "-o", str(exported)).exit_code == 0
    assert commanded(server, "plant", "diff", str(exported)).exit_code == 0


def test_what_a_document_gives_twice_is_refused_with_its_place(
    server: ServerProcess, plant: ServedPlant, tmp_path: Path
) -> None:
    """frappe/erpnext#26317, openboxes/openboxes#5310: of two counts of one lot one was dropped without a word."""
    document = tmp_path / "plant.yaml"
    row = f"- {{location: {plant.silo.path}, material: {plant.milk.path}, lot: A, quantity: 5}}\n"
    document.write_text(f"lots:\n- {{name: A, material: {plant.milk.path}}}\ninventory:\n{row}{row}")
    refused = commanded(server, "plant", "apply", str(document))
    assert refused.exit_code == 1
    assert "[1]" in refused.output
    assert "is given twice" in refused.output
    assert list(plant.client.list_lots(material_id_or_path=plant.milk.id)) == []


def test_an_empty_lot_on_the_command_line_does_not_scrap_every_lot(server: ServerProcess, plant: ServedPlant) -> None:
    """A script's variable that was never set: `scrap-all "$LOT"`. Leaving the lot out means every lot, and works."""
    for name in ("A", "B"):
        plant.client.receive(name, 1.0, destination=plant.silo.id, **made(plant))
    here = ("--from", plant.silo.path, "--material", plant.milk.path)
    refused = commanded(server, "scrap-all", "", *here)
    assert refused.exit_code == 2
    assert "is empty; leave it out to throw away every lot" in refused.output
    assert plant.stock() == {"A": 1, "B": 1}
    assert commanded(server, "scrap-all", *here).exit_code == 0
    assert plant.stock() == {"A": 0, "B": 0}
