"""Actions, reversals, annotations and the rest of InventoryService through both clients, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lotkeeper import FailedPrecondition, InvalidArgument, NotFound, Unauthenticated, actions
from lotkeeper.inventory.v1 import enums_pb2

from tests.both_clients import CLIENTS
from tests.plants import ServedPlant
from tests.server_process import ServerProcess


@pytest.fixture(params=CLIENTS)
def both(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[Any]:
    """Each of the clients."""
    with request.param(server.address, token=server.token) as connected:
        yield connected


def shown(records: Any) -> list[tuple[str, str, float]]:
    """Type, lot and quantity of each record."""
    names = enums_pb2.LotRecordType
    return [
        (names.Name(one.lot_record_type).removeprefix("LOT_RECORD_TYPE_"), one.inventory_lot_name, one.quantity)
        for one in records
    ]


def test_each_type_of_action_has_a_method_that_returns_what_it_wrote(both: Any) -> None:
    """In the order in which a plant might call them."""
    plant = ServedPlant(both)
    silo, tank, milk, kg = plant.silo.path, plant.location("Tank").path, plant.milk.path, plant.kg.symbol
    here = {"material": milk, "unit": kg}
    made = {**here, "create_lot_if_not_found": True}
    assert shown(both.receive("A", 10.0, destination=silo, **made)) == [("RECEIVE", "A", 10)]
    assert shown(both.produce("B", 5.0, destination=silo, notes="first", **made)) == [("PRODUCE", "B", 5)]
    assert shown(both.unconsume("B", 1.0, destination=silo, **here)) == [("UNCONSUME", "B", 1)]
    assert shown(both.consume("A", 2.0, source=silo, **here)) == [("CONSUME", "A", 2)]
    assert shown(both.ship("A", 1.0, source=silo, **here)) == [("SHIP", "A", 1)]
    assert shown(both.return_lot("A", 1.0, source=silo, **here)) == [("RETURN", "A", 1)]
    assert shown(both.scrap("A", 1.0, source=silo, **here)) == [("SCRAP", "A", 1)]
    assert shown(both.move("A", 2.0, source=silo, destination=tank, **here)) == [("MOVE", "A", 2)]
    assert shown(both.split("A", 1.0, new_lot_name="C", source=tank, **here)) == [("SPLIT", "A", 1)]
    assert shown(both.merge("A", "C", source=tank, material=milk)) == [("MERGE", "A", 1)]
    assert shown(both.edit_quantity("A", 4.0, source=tank, **here)) == [("EDIT", "A", 2)]
    held = both.change_status("A", enums_pb2.LOT_STATUS_QA_HOLD, material=milk)
    assert shown(held) == [("STATUS_CHANGE", "A", 0)]
    passed = both.receive_and_consume("D", 1.0, source=silo, **made)
    assert shown(passed) == [("RECEIVE", "D", 1), ("CONSUME", "D", 1)]
    assert shown(both.scrap_all("A", source=tank, material=milk)) == [("SCRAP", "A", 4)]
    assert shown(both.scrap_all(source=tank, material=milk)) == []
    stock = {
        (row.location_path, row.inventory_lot_name): row.quantity
        for row in both.list_inventory(material_id_or_path=milk)
    }
    assert stock == {(silo, "A"): 3, (silo, "B"): 6}


def test_a_pick_returns_a_record_for_each_lot(both: Any) -> None:
    """No lot, a material: the location's strategy says which."""
    plant = ServedPlant(both)
    here = {"material": plant.milk.id, "create_lot_if_not_found": True, "destination": plant.silo.id}
    for name in ("A", "B"):
        both.receive(name, 2.0, **here)
    picked = both.consume(None, 3.0, source=plant.silo.id, material=plant.milk.id)
    assert shown(picked) == [("CONSUME", "A", 2), ("CONSUME", "B", 1)]


def test_mixed_actions_are_one_transaction_and_a_refusal_names_the_action(both: Any) -> None:
    """All, or none."""
    plant = ServedPlant(both)
    made = {"material": plant.milk.id, "create_lot_if_not_found": True}
    first = actions.receive("A", 2.0, destination=plant.silo.id, **made)
    second = actions.consume("A", 3.0, source=plant.silo.id, material=plant.milk.id)
    with pytest.raises(FailedPrecondition) as refused:
        both.execute_inventory_actions([first, second])
    assert (refused.value.reason, refused.value.index) == ("INSUFFICIENT_INVENTORY", 1)
    assert list(both.list_inventory(material_id_or_path=plant.milk.id)) == []
    second.quantity = 1.0
    response = both.execute_inventory_actions([first, second])
    assert shown(response.inventory_lot_records) == [("RECEIVE", "A", 2), ("CONSUME", "A", 1)]
    assert list(response.action_indexes) == [0, 1]


def test_the_same_request_id_does_an_action_once(both: Any) -> None:
    """And its answer comes again."""
    plant = ServedPlant(both)
    made: dict[str, Any] = {
        "material": plant.milk.id,
        "create_lot_if_not_found": True,
        "request_id": plant.prefix + "-1",
    }
    [once] = both.receive("A", 2.0, destination=plant.silo.id, **made)
    [again] = both.receive("A", 2.0, destination=plant.silo.id, **made)
    assert once.id == again.id
    assert both.receive("A", 2.0, destination=plant.silo.id, validate_only=True, material=plant.milk.id)[0].id == ""
    assert plant.stock() == {"A": 2}


def test_a_record_is_reversed_and_annotated(both: Any) -> None:
    """None leaves, an empty text clears."""
    plant = ServedPlant(both)
    [record] = both.receive(
        "A", 2.0, destination=plant.silo.id, material=plant.milk.id, create_lot_if_not_found=True, notes="n", spare1="s"
    )
    annotated = both.annotate_inventory_lot_record(record.id, notes="", spare2="two")
    assert (annotated.notes, annotated.spare1, annotated.spare2) == ("", "s", "two")
    reversal = both.reverse_inventory_lot_record(record.id, notes="a mistake")
    assert (reversal.quantity, reversal.notes, reversal.reverses_record_id) == (-2, "a mistake", record.id)
    with pytest.raises(FailedPrecondition) as refused:
        both.reverse_inventory_lot_record(record.id)
    assert refused.value.reason == "ALREADY_REVERSED"


def test_metadata_of_a_row_is_set_and_cleared(both: Any) -> None:
    """Of a row that is there."""
    plant = ServedPlant(both)
    both.receive("A", 2.0, destination=plant.silo.id, material=plant.milk.id, create_lot_if_not_found=True)
    named = both.set_inventory_metadata("A", plant.silo.path, material_id_or_path=plant.milk.path, name="PALLET-1")
    assert (named.name, named.quantity) == ("PALLET-1", 2)
    lot = named.inventory_lot_id
    assert both.set_inventory_metadata(lot, plant.silo.id).name == "PALLET-1"
    assert both.set_inventory_metadata(lot, plant.silo.id, name="").name == ""
    with pytest.raises(NotFound) as refused:
        both.set_inventory_metadata(lot, plant.location("Elsewhere").id, name="x")
    assert refused.value.reason == "INVENTORY_NOT_FOUND"


def test_room_and_conversions_are_answered(both: Any) -> None:
    """In the units that are asked for."""
    plant = ServedPlant(both)
    small = plant.location("Small", storage_capacity=3.0, storage_capacity_unit_id=plant.kg.id)
    answer = both.check_location_has_capacity(small.path, 4.0, unit_of_measure_symbol=plant.kg.symbol)
    assert (answer.has_capacity, answer.capacity, answer.free) == (False, 3, 3)
    kg = plant.kg.symbol
    assert both.convert_quantity(2.5, from_unit_of_measure_symbol=kg, to_unit_of_measure_id=plant.kg.id) == 2.5


def test_stock_is_listed_as_of_a_moment(both: Any) -> None:
    """As the records say."""
    plant = ServedPlant(both)
    made = {"material": plant.milk.id, "create_lot_if_not_found": True, "destination": plant.silo.id}
    [first] = both.receive("A", 2.0, **made)
    moment = first.end_date.ToMilliseconds()
    both.receive("A", 3.0, end_date_millis=moment + 1, start_date_millis=moment, **made)
    here = {"location_id_or_path": plant.silo.id}
    assert [row.quantity for row in both.list_inventory(as_of_millis=moment, **here)] == [2]
    assert [row.quantity for row in both.list_inventory(**here)] == [5]


def test_what_nothing_refers_to_is_deleted(both: Any) -> None:
    """By key, a lot with its material, with the version where that matters."""
    plant = ServedPlant(both)
    lot = plant.lot("GONE")
    both.delete_lot("GONE", material_id_or_path=plant.milk.path, version=lot.version)
    location = plant.location("Gone")
    both.delete_location(location.path, version=location.version)
    for read in (lambda: both.get_lot(lot.id), lambda: both.get_location(location.id)):
        with pytest.raises(NotFound):
            read()


def test_terminal_lots_and_the_graph_follow_what_went_into_what(both: Any) -> None:
    """One step of it."""
    plant = ServedPlant(both)
    made = {"material": plant.milk.id, "create_lot_if_not_found": True}
    both.receive("A", 2.0, destination=plant.silo.id, **made)
    both.consume("A", 1.0, source=plant.silo.id, secondary_lot="B", secondary_material=plant.milk.id, **made)
    graph = both.get_lot_trace_graph("A", material_id_or_path=plant.milk.id)
    assert [(node.inventory_lot_name, node.depth) for node in graph.nodes] == [("A", 0), ("B", 1)]
    assert [edge.quantity for edge in graph.edges] == [1]
    ends = both.list_terminal_lots("A", material_id_or_path=plant.milk.id, direction=enums_pb2.TRACE_DIRECTION_OUTPUT)
    assert [node.inventory_lot_name for node in ends] == ["B"]


def test_a_plant_and_its_definitions_go_out_and_come_back(both: Any) -> None:
    """Unchanged."""
    plant = ServedPlant(both)
    plant.operation("PRODUCE")
    document = b"".join(both.export_master_data(export_format=enums_pb2.EXPORT_FORMAT_YAML))
    applied = both.import_master_data(document, export_format=enums_pb2.EXPORT_FORMAT_YAML)
    assert (applied.created, applied.updated, applied.unchanged > 0) == (0, 0, True)
    exported = list(
        both.export_inventory_operations(
            export_format=enums_pb2.EXPORT_FORMAT_CSV, location_ids_or_paths=[plant.silo.path]
        )
    )
    imported = both.import_inventory_operations(exported, export_format=enums_pb2.EXPORT_FORMAT_CSV)
    assert (imported.created, imported.updated, imported.unchanged, imported.failed) == (0, 0, 1, 0)


def test_a_watch_gives_each_record_once_and_goes_on_by_its_token(both: Any) -> None:
    """Heartbeats among them."""
    plant = ServedPlant(both)
    made = {"material": plant.milk.id, "create_lot_if_not_found": True, "destination": plant.silo.id}
    watched = both.watch_inventory_lot_records(material_id_or_path=plant.milk.id)
    token = next(watched).resume_token
    [first], [second] = both.receive("A", 1.0, **made), both.receive("A", 2.0, **made)
    assert next(message.inventory_lot_record.id for message in watched if message.HasField("inventory_lot_record")) == (
        first.id
    )
    watched.close()
    resumed = both.watch_inventory_lot_records(material_id_or_path=plant.milk.id, resume_token=token)
    found = (message.inventory_lot_record.id for message in resumed if message.HasField("inventory_lot_record"))
    assert [next(found), next(found)] == [first.id, second.id]
    resumed.close()


def test_what_a_type_has_no_use_for_never_leaves_unseen(both: Any) -> None:
    """A builder does not know the rules; the server does."""
    plant = ServedPlant(both)
    action = actions.move("A", 1.0, source=plant.silo.id, destination=plant.silo.path, material=plant.milk.id)
    action.new_lot_name = "X"
    with pytest.raises(InvalidArgument) as refused:
        both.execute_inventory_actions([action])
    assert "actions[0].new_lot_name" in {violation.field for violation in refused.value.field_violations}


def test_a_refusal_of_a_single_action_names_its_arguments(both: Any) -> None:
    """As they are called by; of several actions it names the place in the list."""
    plant = ServedPlant(both)
    silo, milk = plant.silo.path, plant.milk.path
    cases: list[tuple[Any, str, str]] = [
        (lambda: both.consume("A", "0", material=milk, source=silo), "quantity", "must be above zero"),
        (lambda: both.consume("A", 1.0, source=silo), "material", "No material is given"),
        (lambda: both.consume("none", 1.0, material=milk, source=silo), "lot", "There is no inventory lot none."),
        (lambda: both.consume(815, 1.0, source=silo), "lot", "cannot be the int 815: it must be a text"),
        (
            lambda: both.change_status("A", "QA_HOLD"),
            "lot_status",
            "cannot be the str 'QA_HOLD': it must be one of LOT_STATUS_OPEN, LOT_STATUS_AVAILABLE, ",
        ),
        (lambda: both.move("A", 1.0, source=silo, destination=7), "destination", "cannot be the int 7: it must be a t"),
    ]
    for call, argument, said in cases:
        with pytest.raises((InvalidArgument, NotFound)) as refused:
            call()
        [violation] = refused.value.field_violations
        assert violation.field == argument
        assert said in violation.description
        assert "actions[0]" not in str(refused.value)
        assert "built-in operation" not in str(refused.value)
    with pytest.raises(InvalidArgument) as refused:
        both.execute_inventory_actions([actions.consume("A", "0", material=milk, source=silo)])
    assert refused.value.field_violations[0].field == "actions[0].quantity"


@pytest.mark.parametrize("client_class", CLIENTS)
def test_whoever_gives_no_token_is_told_how_to(
    client_class: Any, server: ServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By argument, variable, or a development server's file; a token that was sent gets no such advice."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("LOTKEEPER_TOKEN", "LOTKEEPER_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with client_class(server.address) as nobody, pytest.raises(Unauthenticated) as refused:
        nobody.list_permissions()
    file = tmp_path / "lotkeeper" / "tokens" / server.address.replace(":", "_")
    assert refused.value.message.endswith(
        f"None was sent: give token=, or set LOTKEEPER_TOKEN; a development server's would be in {file}."
    )
    with client_class(server.address, token="unknown") as other, pytest.raises(Unauthenticated) as refused:
        other.list_permissions()
    assert "None was sent" not in refused.value.message
