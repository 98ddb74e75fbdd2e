"""Quantities as exact text beside their doubles, said and read on a real server, by every way that has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner
from google.type import decimal_pb2
from lotkeeper import Client, LotkeeperError, actions, decimal_of, from_json, to_dict, to_json
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import (
    enums_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_pb2,
    permission_pb2,
)
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_data_service
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

DEEP = Decimal("-90000000001.099997")
BELOW = {"allow_negative_inventory": True}


def said(text: str) -> decimal_pb2.Decimal:
    """As a message has it."""
    return decimal_pb2.Decimal(value=text)


def refused(call: Any) -> tuple[str, list[str]]:
    """The reason and the fields of a refusal."""
    with pytest.raises(LotkeeperError) as error:
        call()
    return error.value.reason, sorted(one.field for one in error.value.field_violations)


def test_a_stock_that_no_double_can_say_is_said_and_read(client: Client) -> None:
    """By an EDIT, or by what is consumed; the double beside it is the nearest."""
    plant = ServedPlant(client)
    pit = plant.location("Pit", **BELOW)
    lot = plant.lot("A")
    [edited] = client.edit_quantity(lot.id, DEEP, source=pit.id)
    assert edited.exact_quantity.value == edited.exact_source_quantity_change.value == str(DEEP)
    assert edited.exact_destination_quantity_change.value == "0"
    assert edited.source_quantity_change == float(DEEP)
    [row] = client.list_inventory(location_id_or_path=pit.id)
    assert (decimal_of(row.exact_quantity), row.quantity) == (DEEP, float(DEEP))
    consume = plant.operation("CONSUME", source_location_id=pit.id)
    record = client.execute_inventory_operation(consume.id, lot.id, "0.000003")
    assert record.exact_quantity.value == "0.000003"
    [row] = client.list_inventory(location_id_or_path=pit.id)
    assert row.exact_quantity.value == "-90000000001.1"


def test_every_answer_has_the_exact_text_beside_the_double(client: Client) -> None:
    """Lots, orders, records, stock, traces, room, conversions."""
    plant = ServedPlant(client)
    order = client.save_production_order(
        master_data_pb2.ProductionOrder(
            name=f"{plant.prefix} O",
            product_material_id=plant.milk.id,
            unit_of_measure_id=plant.kg.id,
            exact_quantity=said("90000000001.099997"),
        )
    )
    assert (order.quantity, order.exact_quantity.value) == (90000000001.099997, "90000000001.099997")
    big = Decimal("90000000000.000001")
    made = {"material": plant.milk.id, "create_lot_if_not_found": True}
    [record] = client.produce(
        "A", big, destination=plant.silo.id, production_order=order.id, increment_production_order_count=True, **made
    )
    assert decimal_of(client.get_production_order(order.id).exact_quantity_produced) == big
    assert decimal_of(client.get_lot(record.inventory_lot_id).exact_total_quantity) == big
    assert decimal_of(client.get_inventory_lot_record(record.id).exact_destination_quantity_change) == big
    tank = plant.location("Tank", storage_capacity=1e11, storage_capacity_unit_id=plant.kg.id)
    client.move(record.inventory_lot_id, big, source=plant.silo.id, destination=tank.id)
    room = client.check_location_has_capacity(tank.id, Decimal("9999999999.999999"), unit_of_measure_id=plant.kg.id)
    assert (room.has_capacity, room.exact_capacity.value) == (True, "100000000000")
    assert (room.exact_stored.value, room.exact_free.value) == (str(big), "9999999999.999999")
    assert not client.check_location_has_capacity(tank.id, "10000000000", unit_of_measure_id=plant.kg.id).has_capacity
    same = {"from_unit_of_measure_id": plant.kg.id, "to_unit_of_measure_id": plant.kg.id}
    assert client.convert_quantity(big, **same) == big
    assert client.convert_quantity(0.1, **same) == 0.1
    cream = {"secondary_lot": "B", "secondary_material": plant.milk.id, "create_lot_if_not_found": True}
    client.consume(record.inventory_lot_id, big, source=tank.id, **cream)
    graph = client.get_lot_trace_graph(record.inventory_lot_id)
    assert str(big) in {edge.exact_quantity.value for edge in graph.edges}
    assert str(big) in {node.exact_quantity_out.value for node in graph.nodes}


def requests_of(client: Client, plant: ServedPlant) -> Iterator[Any]:
    """Each request that takes a quantity, as a function of its two fields; with the field's path before its name."""
    receive = plant.operation("RECEIVE")

    def execute(**quantity: Any) -> Any:
        request = inventory_operation_service_pb2.ExecuteInventoryOperationRequest(
            inventory_operation_id=receive.id, primary_lot_id_or_name="A", validate_only=True, **quantity
        )
        return client.execute(request).inventory_lot_record.exact_quantity.value

    def act(**quantity: Any) -> Any:
        action = InventoryAction(
            type=enums_pb2.INVENTORY_ACTION_TYPE_RECEIVE,
            lot_id_or_name="A",
            material_id_or_path=plant.milk.id,
            destination_location_id_or_path=plant.silo.id,
            create_lot_if_not_found=True,
            **quantity,
        )
        answer = client.execute_inventory_actions([action], validate_only=True)
        return answer.inventory_lot_records[0].exact_quantity.value

    def convert(**quantity: Any) -> Any:
        request = master_data_service.ConvertQuantityRequest(
            from_unit_of_measure_id=plant.kg.id, to_unit_of_measure_id=plant.kg.id, **quantity
        )
        response_class = master_data_service.ConvertQuantityResponse
        return client._read(request, response_class, None).exact_quantity.value

    def save(**quantity: Any) -> Any:
        order = master_data_pb2.ProductionOrder(name=f"{plant.prefix} {len(saved)}", **quantity)
        saved.append(client.save_production_order(order))
        return saved[-1].exact_quantity.value

    saved: list[Any] = []
    yield execute, ""
    yield act, "actions[0]."
    yield convert, ""
    yield save, "production_order."


def test_an_exact_quantity_counts_alone_and_beside_the_same_double(client: Client) -> None:
    """Another double beside it is refused on it; it is never rounded; its form is that of a number."""
    plant = ServedPlant(client)
    for ask, prefix in requests_of(client, plant):
        field = [f"{prefix}exact_quantity"]
        assert ask(exact_quantity=said("0.1")) == "0.1"
        assert ask(exact_quantity=said("1.500000000")) == "1.5"
        assert ask(exact_quantity=said("15e-1"), quantity=1.5) == "1.5"
        assert ask(exact_quantity=said("90000000001.099997"), quantity=90000000001.099997) == "90000000001.099997"
        for text in ("0.0000001", "1.", ".5", "", "+1", "-1", "1_0", " 1", "NaN", "1e13", "1e-10", "9.2e12", "1,5"):
            assert refused(partial(ask, exact_quantity=said(text))) == ("INVALID_ARGUMENT", field), text
        assert refused(partial(ask, exact_quantity=said("1.5"), quantity=1.25)) == ("INVALID_ARGUMENT", field)


def test_a_double_that_is_no_quantity_is_said_too(client: Client) -> None:
    """All faults of shape are reported together."""
    plant = ServedPlant(client)
    receive = plant.operation("RECEIVE")
    request = inventory_operation_service_pb2.ExecuteInventoryOperationRequest(
        inventory_operation_id=receive.id, primary_lot_id_or_name="A", quantity=-1, exact_quantity=said("x")
    )
    assert refused(lambda: client.execute(request)) == ("INVALID_ARGUMENT", ["exact_quantity", "quantity"])


def test_a_quantity_of_zero_is_refused_however_it_is_given(client: Client) -> None:
    """What is wrong with the quantity itself is said of `quantity`; an EDIT takes zero."""
    plant = ServedPlant(client)
    receive, lot = plant.operation("RECEIVE"), plant.lot("A")
    assert refused(lambda: client.execute_inventory_operation(receive.id, lot.id, "0")) == (
        "INVALID_ARGUMENT",
        ["quantity"],
    )
    assert refused(lambda: client.receive(lot.id, "0", destination=plant.silo.id)) == (
        "INVALID_ARGUMENT",
        ["quantity"],
    )
    client.receive(lot.id, "2.5", destination=plant.silo.id)
    [edited] = client.edit_quantity(lot.id, "0", source=plant.silo.id)
    assert edited.exact_quantity.value == "-2.5"


def test_an_action_that_has_no_quantity_refuses_an_exact_one(client: Client) -> None:
    """On the field that was given."""
    plant = ServedPlant(client)
    action = actions.change_status(plant.lot("A").id, enums_pb2.LOT_STATUS_QA_HOLD)
    action.exact_quantity.value = "1"
    fields = ["actions[0].exact_quantity"]
    assert refused(lambda: client.execute_inventory_actions([action])) == ("INVALID_ARGUMENT", fields)


def test_less_than_nothing_is_for_an_edit_where_that_is_allowed(client: Client) -> None:
    """Elsewhere it is refused, and a double never says it alone."""
    plant = ServedPlant(client)
    pit, lot = plant.location("Pit", **BELOW), plant.lot("A")
    fields = ["actions[0].exact_quantity"]
    negative = actions.edit_quantity(lot.id, "-1.5", source=plant.silo.id)
    assert refused(lambda: client.execute_inventory_actions([negative])) == ("INVALID_ARGUMENT", fields)
    consumed = actions.consume(lot.id, "-1.5", source=pit.id)
    assert refused(lambda: client.execute_inventory_actions([consumed])) == ("INVALID_ARGUMENT", fields)
    double = actions.edit_quantity(lot.id, -1.5, source=pit.id)
    assert refused(lambda: client.execute_inventory_actions([double])) == ("INVALID_ARGUMENT", ["actions[0].quantity"])
    both = actions.edit_quantity(lot.id, "-1.5", source=pit.id)
    both.quantity = -1.5
    [record] = client.execute_inventory_actions([both]).inventory_lot_records
    assert record.exact_quantity.value == "-1.5"


def test_the_same_quantity_is_the_same_request_however_it_is_said(client: Client) -> None:
    """And another one is another."""
    plant = ServedPlant(client)
    receive, once = plant.operation("RECEIVE"), f"{plant.prefix} once"
    first = client.execute_inventory_operation(receive.id, "A", 0.1, request_id=once)
    for again in (Decimal("0.1"), "0.100", "1e-1", 0.1):
        assert client.execute_inventory_operation(receive.id, "A", again, request_id=once).id == first.id
    assert refused(lambda: client.execute_inventory_operation(receive.id, "A", "0.2", request_id=once))[0] == (
        "REQUEST_ID_REUSED"
    )
    [acted] = client.receive("A", 0.1, material=plant.milk.id, destination=plant.silo.id, request_id=f"{once} more")
    [again_acted] = client.receive(
        "A", Decimal("0.10"), material=plant.milk.id, destination=plant.silo.id, request_id=f"{once} more"
    )
    assert again_acted.id == acted.id
    assert plant.stock() == {"A": 0.2}


def test_a_stop_takes_an_exact_quantity(client: Client) -> None:
    """Stop itself, and Execute where it acts as one."""
    plant = ServedPlant(client)
    receive = plant.operation("RECEIVE")
    for stop in (client.stop_inventory_operation, None):
        client.start_inventory_operation(receive.id, primary_lot_id_or_name="A")
        if stop is None:
            stopped = client.execute_inventory_operation(receive.id, None, "90000000001.099997")
        else:
            stopped = stop(receive.id, Decimal("90000000001.099997")).inventory_lot_record
        assert stopped.exact_quantity.value == "90000000001.099997"


def test_a_mask_says_which_of_an_orders_two_fields_counts(client: Client) -> None:
    """Without one an exact field that repeats what is stored does not count; one that says a third thing is refused."""
    plant = ServedPlant(client)
    order = client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} O", quantity=5))
    assert order.exact_quantity.value == "5"
    assert client.save_production_order(order).version == order.version
    order.quantity = 6
    order = client.save_production_order(order)
    assert order.exact_quantity.value == "6"
    order.quantity, order.exact_quantity.value = 7, "8"
    assert refused(lambda: client.save_production_order(order)) == (
        "INVALID_ARGUMENT",
        ["production_order.exact_quantity"],
    )
    order = client.save_production_order(order, update_mask=["quantity"])
    assert order.exact_quantity.value == "7"
    order.exact_quantity.value = "8.5"
    order = client.save_production_order(order, update_mask=["exact_quantity"])
    assert order.quantity == 8.5
    order.ClearField("exact_quantity")
    order = client.save_production_order(order, update_mask=["exact_quantity"])
    assert (order.quantity, order.exact_quantity.value) == (0, "0")


def test_json_has_exact_quantities_as_texts_and_reads_them_back(client: Client) -> None:
    """Beside the numbers; null where there is none."""
    plant = ServedPlant(client)
    record = client.execute_inventory_operation(plant.operation("RECEIVE").id, "A", "0.3")
    written = json.loads(to_json(record))
    assert (written["quantity"], written["exactQuantity"]) == (0.3, "0.3")
    assert written["exactSourceQuantityChange"] == "0"
    assert to_dict(InventoryLotRecord())["exactQuantity"] is None
    assert from_json(to_json(record), InventoryLotRecord) == record
    action = from_json('{"type": "RECEIVE", "exactQuantity": "0.3"}', InventoryAction)
    assert action.exact_quantity.value == "0.3"


def test_the_command_line_sends_what_was_typed_and_shows_what_is_there(server: ServerProcess, client: Client) -> None:
    """All digits of both."""
    plant = ServedPlant(client)
    silo, unit = plant.silo.path, plant.kg.symbol
    milk = ("--material", plant.milk.path)
    environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}

    def lotkeeper(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments, env=environment)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    number = "90000000001.099997"
    shown = lotkeeper("receive", "A", number, unit, "--to", silo, "--create-lot", *milk, "--wide")
    assert f"quantity                   {number}" in shown
    assert "exact" not in shown
    assert f" {number} {unit} " in lotkeeper("inventory", *milk)
    assert f" {number} {unit} " in lotkeeper("records", "list", *milk)
    assert lotkeeper("convert", number, unit, unit) == f"{number} {unit}\n"
    assert json.loads(lotkeeper("--json", "locations", "capacity", silo, number, unit))["hasCapacity"]
    receive = plant.operation("RECEIVE").id
    assert json.loads(lotkeeper("--json", "execute", receive, "A", number))["exactQuantity"] == number
    client.start_inventory_operation(receive, primary_lot_id_or_name="A")
    assert json.loads(lotkeeper("--json", "stop", receive, number))["exactQuantity"] == number
    wrong = CliRunner().invoke(main, ["execute", receive, "A", "1_000"], env=environment)
    assert (wrong.exit_code, "1_000 is not a number" in wrong.stderr) == (2, True)


def test_stock_is_summarized_on_the_command_line(server: ServerProcess, client: Client) -> None:
    """By what is asked for, in that order, with the sums."""
    plant = ServedPlant(client)
    area = plant.location("Area")
    tank = client.save_location(master_data_pb2.Location(name="Tank", parent_id=area.id))
    for lot, place, quantity in (("A", area, "0.1"), ("A", tank, "0.2"), ("B", tank, "90000000000")):
        made = {"material": plant.milk.id, "create_lot_if_not_found": True}
        client.receive(lot, quantity, destination=place.id, **made)
    environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    where = ("--location", area.path, "--include-children")

    def summary(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["inventory", "summary", *arguments, *where], env=environment)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    titles, total = summary("--by", "material").splitlines()
    assert titles.split() == ["MATERIAL", "QUANTITY", "ROWS", "LOTS", "NOT", "CONVERTED"]
    assert total.split() == [*plant.milk.path.split(), "90000000000.3", plant.kg.symbol, "3", "2"]
    titles, *lines = summary("--by", "location", "--by", "lot").splitlines()
    assert titles.split()[:3] == ["LOCATION", "LOT", "MATERIAL"]
    assert len(lines) == 3
    found = list(
        client.summarize_inventory(
            [enums_pb2.INVENTORY_GROUP_BY_LOT],
            location_id_or_path=area.path,
            include_children=True,
            page_size=1,
        )
    )
    assert {one.inventory_lot_name: one.exact_quantity.value for one in found} == {"A": "0.3", "B": "90000000000"}


def test_a_summary_needs_its_permission(client: Client) -> None:
    """INVENTORY.READ, as the contract says."""
    options = inventory_service_pb2.DESCRIPTOR.services_by_name["InventoryService"].methods_by_name[
        "SummarizeInventory"
    ]
    assert options.GetOptions().Extensions[permission_pb2.permission] == "INVENTORY.READ"
    assert client.list_permissions().granted_permissions
