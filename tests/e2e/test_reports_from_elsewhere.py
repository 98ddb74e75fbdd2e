"""What people who keep stock suffered with other systems, tried here: stock, undoing, picking, orders, callers at once.

Each test names the public report that it was made from; docs/correctness.md has them all.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lotkeeper import Client, FailedPrecondition, InvalidArgument, LotkeeperError, actions
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CALLERS = 8
DAY_MILLIS = 86_400_000
LONG_AGO = 946_684_800_000
"""Of the year 2000."""


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """One's own."""
    return ServedPlant(client)


def made(plant: ServedPlant) -> dict[str, Any]:
    """For a rise that makes its lot."""
    return {"material": plant.milk.id, "create_lot_if_not_found": True}


def at_once(server: ServerProcess, work: Callable[[Client, int], Any]) -> Counter[str]:
    """What became of callers that all began together: "done", or the reason of a refusal."""

    def attempt(caller: int) -> str:
        with Client(server.address, token=server.token) as client:
            try:
                work(client, caller)
            except LotkeeperError as error:
                return error.reason or error.code.name
            return "done"

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(attempt, range(CALLERS)))


def reason_of(work: Callable[[], Any]) -> str:
    """Of the refusal."""
    with pytest.raises(LotkeeperError) as refused:
        work()
    return refused.value.reason


def expiring(plant: ServedPlant, lot: str, expiration_millis: int) -> None:
    """Gives a lot another date."""
    one = plant.client.get_lot(lot, material_id_or_path=plant.milk.id)
    one.expiration_date.FromMilliseconds(expiration_millis)
    plant.client.save_lot(one)


def test_one_click_that_is_sent_by_eight_counts_once(server: ServerProcess, plant: ServedPlant) -> None:
    """grokability/snipe-it#11061, frappe/erpnext#24841: a button pressed again took the stock again."""
    plant.client.receive("A", 10.0, destination=plant.silo.id, **made(plant))
    here: dict[str, Any] = {"source": plant.silo.id, "material": plant.milk.id, "request_id": f"{plant.prefix}-click"}
    ended = at_once(server, lambda client, _: client.consume("A", 2.0, **here))
    assert ended == {"done": CALLERS}
    assert plant.stock() == {"A": 8}


def test_what_is_there_once_is_taken_once(server: ServerProcess, plant: ServedPlant) -> None:
    """inventree/InvenTree#12478: two requests at the same moment each got all five of five."""
    plant.client.receive("A", 5.0, destination=plant.silo.id, **made(plant))
    ended = at_once(server, lambda client, _: client.consume("A", 5.0, source=plant.silo.id, material=plant.milk.id))
    assert ended == {"done": 1, "INSUFFICIENT_INVENTORY": CALLERS - 1}
    assert plant.stock() == {"A": 0}


def test_a_new_name_that_comes_from_eight_is_one_lot(server: ServerProcess, plant: ServedPlant) -> None:
    """iragm/fishauctions#420: two lots that were added at the same moment got one number."""
    ended = at_once(server, lambda client, _: client.receive("New", 1.0, destination=plant.silo.id, **made(plant)))
    assert ended == {"done": CALLERS}
    assert [lot.total_quantity for lot in plant.client.list_lots(material_id_or_path=plant.milk.id)] == [CALLERS]


def test_moves_to_and_fro_by_many_neither_fail_nor_lose_a_piece(server: ServerProcess, plant: ServedPlant) -> None:
    """frappe/erpnext#36825: after some 200 documents at once came deadlocks and lock timeouts."""
    places = [plant.silo, plant.location("B"), plant.location("C")]
    for place in places:
        plant.client.receive("A", 100.0, destination=place.id, **made(plant))
    routes = list(itertools.permutations(places, 2))

    def moves(client: Client, caller: int) -> None:
        for step in range(12):
            source, destination = routes[(caller + step) % len(routes)]
            client.move("A", 1.0, source=source.id, destination=destination.id, material=plant.milk.id)

    assert at_once(server, moves) == {"done": CALLERS}
    assert sum(plant.stock(place)["A"] for place in places) == 300
    server.verify()


def test_undoing_one_of_two_equal_receipts_leaves_the_other(plant: ServedPlant) -> None:
    """grocy/grocy#2619 and #2730: undoing the second of two equal purchases took both away."""
    receipts = [plant.client.receive("A", 10.0, destination=plant.silo.id, **made(plant))[0] for _ in range(2)]
    plant.client.reverse_inventory_lot_record(receipts[1].id)
    assert plant.stock() == {"A": 10}
    assert reason_of(lambda: plant.client.reverse_inventory_lot_record(receipts[1].id)) == "ALREADY_REVERSED"
    assert plant.stock() == {"A": 10}


def test_what_is_undone_lies_where_it_lay_and_has_its_label(plant: ServedPlant) -> None:
    """grocy/grocy#2896, metasfresh/metasfresh#2143: undone stock came back elsewhere, or without its pallet."""
    cellar = plant.location("Cellar")
    plant.client.receive("A", 4.0, destination=cellar.id, inventory_name=f"{plant.prefix}-PAL", **made(plant))
    [moved] = plant.client.move("A", 4.0, source=cellar.id, destination=plant.silo.id, material=plant.milk.id)
    plant.client.reverse_inventory_lot_record(moved.id)
    [scrapped] = plant.client.scrap_all("A", source=cellar.id, material=plant.milk.id)
    plant.client.reverse_inventory_lot_record(scrapped.id)
    [row] = plant.client.list_inventory(inventory_name=f"{plant.prefix}-PAL")
    assert (row.location_id, row.quantity) == (cellar.id, 4)


def test_an_undo_that_later_records_forbid_is_refused_with_the_reason(plant: ServedPlant) -> None:
    """grocy/grocy#267: the button did nothing and said nothing, as the stock had been used since."""
    [received] = plant.client.receive("A", 5.0, destination=plant.silo.id, **made(plant))
    [used] = plant.client.consume("A", 4.0, source=plant.silo.id, material=plant.milk.id)
    with pytest.raises(FailedPrecondition) as refused:
        plant.client.reverse_inventory_lot_record(received.id)
    assert refused.value.reason == "INSUFFICIENT_INVENTORY"
    assert (refused.value.metadata["available"], refused.value.metadata["requested"]) == ("1", "5")
    plant.client.reverse_inventory_lot_record(used.id)
    plant.client.reverse_inventory_lot_record(received.id)
    assert plant.stock() == {"A": 0}


def test_the_lot_that_expires_first_is_used_first_and_of_equal_dates_the_one_that_came_first(
    plant: ServedPlant,
) -> None:
    """odoo/odoo#22850, grocy/grocy#1183: another lot was reserved; of equal dates it was anyone's guess."""
    fridge = plant.location("Fridge", lot_use_strategy=enums_pb2.LOT_USE_STRATEGY_FEFO)
    for name in ("Late", "Second", "First"):
        plant.client.receive(name, 5.0, destination=fridge.id, **made(plant))
    late = plant.client.get_lot("Late", material_id_or_path=plant.milk.id).created_date.ToMilliseconds()
    for name, days in (("Late", 9), ("Second", 5), ("First", 5)):
        expiring(plant, name, late + days * DAY_MILLIS)
    picked = plant.client.consume(None, 12.0, source=fridge.id, material=plant.milk.id)
    assert [(one.inventory_lot_name, one.quantity) for one in picked] == [("Second", 5), ("First", 5), ("Late", 2)]


def test_expired_and_held_stock_is_not_used_but_can_be_taken_away(plant: ServedPlant) -> None:
    """frappe/erpnext#34728 and #32370, inventree/InvenTree#7188: it could not be moved to inspection, nor returned."""
    inspection = plant.location("Inspection")
    for name in ("Old", "Held"):
        plant.client.receive(name, 5.0, destination=plant.silo.id, **made(plant))
    expiring(plant, "Old", LONG_AGO)
    plant.client.change_status("Held", enums_pb2.LOT_STATUS_QA_HOLD, material=plant.milk.id)
    here: dict[str, Any] = {"source": plant.silo.id, "material": plant.milk.id}
    assert reason_of(lambda: plant.client.consume(None, 1.0, **here)) == "INSUFFICIENT_INVENTORY"
    assert reason_of(lambda: plant.client.ship("Old", 1.0, **here)) == "LOT_EXPIRED"
    for name in ("Old", "Held"):
        plant.client.move(name, 3.0, destination=inspection.id, **here)
        plant.client.return_lot(name, 1.0, **here)
        plant.client.scrap(name, 1.0, **here)
    assert plant.stock() == {"Old": 0, "Held": 0}
    assert plant.stock(inspection) == {"Old": 3, "Held": 3}


def test_nothing_is_moved_that_is_not_there_nor_backwards_nor_to_where_it_is(plant: ServedPlant) -> None:
    """Dolibarr/dolibarr#2858 and #18895, frappe/erpnext#50683 and #41643: -5 stayed behind; more arrived than left."""
    transit, shop = plant.location("Transit"), plant.location("Shop")
    plant.client.receive("A", 5.0, destination=plant.silo.id, **made(plant))
    milk: dict[str, Any] = {"material": plant.milk.id}
    plant.client.move("A", 2.0, source=plant.silo.id, destination=transit.id, **milk)
    plant.client.move("A", 1.0, source=transit.id, destination=shop.id, **milk)
    too_much = reason_of(lambda: plant.client.move("A", 2.0, source=transit.id, destination=shop.id, **milk))
    assert too_much == "INSUFFICIENT_INVENTORY"
    with pytest.raises(InvalidArgument) as backwards:
        plant.client.move("A", -1.0, source=plant.silo.id, destination=shop.id, **milk)
    assert [one.field for one in backwards.value.field_violations] == ["quantity"]
    with pytest.raises(InvalidArgument) as nowhere:
        plant.client.move("A", 1.0, source=shop.id, destination=shop.path, **milk)
    assert len(nowhere.value.field_violations) == 2
    assert [plant.stock(place) for place in (plant.silo, transit, shop)] == [{"A": 3}, {"A": 1}, {"A": 1}]


def test_a_full_or_overfull_location_takes_a_lower_count(plant: ServedPlant) -> None:
    """frappe/erpnext#33087: 95 counted where 100 fit and 100 lay was refused as an over-receipt."""
    rack = plant.location("Rack", storage_capacity=100.0, storage_capacity_unit_id=plant.kg.id)
    plant.client.receive("A", 100.0, destination=rack.id, **made(plant))
    milk: dict[str, Any] = {"source": rack.id, "material": plant.milk.id}
    plant.client.edit_quantity("A", 95.0, **milk)
    rack.storage_capacity = 50.0
    plant.client.save_location(rack, update_mask=["storage_capacity"])
    plant.client.edit_quantity("A", 90.0, **milk)
    assert reason_of(lambda: plant.client.edit_quantity("A", 91.0, **milk)) == "LOCATION_CAPACITY_EXCEEDED"
    assert plant.stock(rack) == {"A": 90}


def test_a_pallet_is_found_where_it_is_however_often_it_went_to_and_fro(plant: ServedPlant) -> None:
    """odoo/odoo#32466 and #38465: after two returns it was shown at the old place, or at two.

    A row keeps its label when it becomes empty, and what comes there later without a label has it again: clear it.
    """
    dock, shelf, label = plant.silo, plant.location("Shelf"), f"{plant.prefix}-PAL"
    plant.client.receive("A", 4.0, destination=dock.id, inventory_name=label, **made(plant))
    for source, destination in ((dock, shelf), (shelf, dock), (dock, shelf)):
        plant.client.move("A", 4.0, source=source.id, destination=destination.id, material=plant.milk.id)
        rows = plant.client.list_inventory(inventory_name=label)
        assert [(row.location_id, row.quantity) for row in rows] == [(destination.id, 4)]
    plant.client.set_inventory_metadata("A", dock.id, material_id_or_path=plant.milk.id, name="")
    plant.client.receive("A", 1.0, destination=dock.id, **made(plant))
    assert [row.location_id for row in plant.client.list_inventory(inventory_name=label)] == [shelf.id]


def test_a_part_that_is_split_off_is_as_the_whole(plant: ServedPlant) -> None:
    """inventree/InvenTree#643: nobody could tell where a part of a reel came from."""
    plant.client.receive("A", 10.0, destination=plant.silo.id, **made(plant))
    expiring(plant, "A", 4_000_000_000_000)
    plant.client.change_status("A", enums_pb2.LOT_STATUS_QA_HOLD, material=plant.milk.id)
    plant.client.split("A", 4.0, new_lot_name="A-2", source=plant.silo.id, material=plant.milk.id)
    whole, part = (plant.client.get_lot(name, material_id_or_path=plant.milk.id) for name in ("A", "A-2"))
    assert (part.status, part.expiration_date) == (whole.status, whole.expiration_date)
    [edge] = plant.client.get_lot_trace_graph(part.id).edges
    assert (edge.from_inventory_lot_id, edge.to_inventory_lot_id, edge.quantity) == (whole.id, part.id, 4)


def test_the_history_survives_the_last_piece_and_every_save(plant: ServedPlant) -> None:
    """inventree/InvenTree#4103 and #1303, partkeepr/PartKeepr#551: it was gone with the stock, or with a save."""
    milk: dict[str, Any] = {"material": plant.milk.id}
    plant.client.receive("A", 2.0, destination=plant.silo.id, notes="first", **made(plant))
    plant.client.consume("A", 2.0, source=plant.silo.id, notes="last", **milk)
    lot = plant.client.get_lot("A", material_id_or_path=plant.milk.id)
    lot.notes, lot.status = "emptied", enums_pb2.LOT_STATUS_CLOSED
    plant.client.save_lot(lot)
    plant.client.save_material(plant.client.get_material(plant.milk.id))
    records = plant.client.list_inventory_lot_records(lot_id_or_name=lot.id, oldest_first=True)
    kinds = [enums_pb2.LotRecordType.Name(one.lot_record_type).removeprefix("LOT_RECORD_TYPE_") for one in records]
    assert kinds == ["RECEIVE", "CONSUME", "STATUS_CHANGE"]
    assert reason_of(lambda: plant.client.delete_lot(lot.id)) == "REFERENCED"


def test_a_conversion_leads_through_another_unit_in_the_right_direction(plant: ServedPlant) -> None:
    """grocy/grocy#1264: 125 ml of wine in bottles of 0.75 l became 166,667 bottles."""
    litre, millilitre, bottle = (
        plant.client.save_unit_of_measure(
            master_data_pb2.UnitOfMeasure(name=plant.prefix + name, symbol=plant.prefix + name)
        )
        for name in ("l", "ml", "bottle")
    )
    wine = plant.material("Wine", unit_of_measure_id=bottle.id)
    for source, target, factor, material_id in (
        (litre, millilitre, 1000.0, ""),
        (bottle, litre, 0.75, wine.id),
    ):
        plant.client.save_unit_of_measure_conversion(
            master_data_pb2.UnitOfMeasureConversion(
                from_unit_id=source.id, to_unit_id=target.id, factor=factor, material_id=material_id
            )
        )
    answer = plant.client.convert_quantity(
        125.0, from_unit_of_measure_id=millilitre.id, to_unit_of_measure_id=bottle.id, material_id_or_path=wine.id
    )
    assert answer == 0.166667


def test_a_corrected_conversion_leaves_what_was_done_as_it_was(plant: ServedPlant) -> None:
    """grocy/grocy#1721: a changed factor changed what had been written with the old one."""
    box = plant.client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} box", symbol=f"{plant.prefix}box")
    )
    factor = plant.client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=box.id, to_unit_id=plant.kg.id, factor=10.0)
    )
    [first] = plant.client.receive("A", 1.0, destination=plant.silo.id, unit=box.symbol, **made(plant))
    factor.factor = 12.0
    plant.client.save_unit_of_measure_conversion(factor)
    [second] = plant.client.receive("A", 1.0, destination=plant.silo.id, unit=box.symbol, **made(plant))
    assert plant.stock() == {"A": 22}
    for record in (first, second):
        plant.client.reverse_inventory_lot_record(record.id)
    assert plant.stock() == {"A": 0}


def order_of(plant: ServedPlant) -> master_data_pb2.ProductionOrder:
    """An order for ten kilogram of milk."""
    return plant.client.save_production_order(
        master_data_pb2.ProductionOrder(
            name=f"{plant.prefix} order",
            product_material_id=plant.milk.id,
            quantity=10.0,
            unit_of_measure_id=plant.kg.id,
        )
    )


def test_an_order_counts_in_its_unit_what_is_produced_in_another(plant: ServedPlant) -> None:
    """frappe/erpnext#52856: 19 bags of 40 kg were counted as 19 kg."""
    order = order_of(plant)
    bag = plant.client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} bag", symbol=f"{plant.prefix}bag")
    )
    plant.client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=bag.id, to_unit_id=plant.kg.id, factor=40.0)
    )
    counted: dict[str, Any] = {"production_order": order.id, "increment_production_order_count": True}
    [record] = plant.client.produce("A", 19.0, destination=plant.silo.id, unit=bag.symbol, **counted, **made(plant))
    assert plant.client.get_production_order(order.id).quantity_produced == 760
    plant.client.reverse_inventory_lot_record(record.id)
    assert plant.client.get_production_order(order.id).quantity_produced == 0


def test_an_order_keeps_its_unit_and_product_while_it_has_a_count(plant: ServedPlant) -> None:
    """grocy/grocy#1975: when the unit changed, the numbers beside it did not: 8 kg became 8 g."""
    order = order_of(plant)
    gram = plant.client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} gram", symbol=f"{plant.prefix}g")
    )
    cream = plant.material("Cream")
    counted: dict[str, Any] = {"production_order": order.id, "increment_production_order_count": True}
    [record] = plant.client.produce("A", 8.0, destination=plant.silo.id, **counted, **made(plant))
    changes: list[dict[str, Any]] = [{"unit_of_measure_id": gram.id}, {"product_material_id": cream.id}]
    for changed in changes:
        [field] = changed
        with pytest.raises(FailedPrecondition) as refused:
            plant.client.save_production_order(
                master_data_pb2.ProductionOrder(id=order.id, **changed), update_mask=[field]
            )
        assert (refused.value.reason, refused.value.metadata["field"]) == ("IMMUTABLE_FIELD", field)
        assert [one.field for one in refused.value.field_violations] == [f"production_order.{field}"]
    stored = plant.client.get_production_order(order.id)
    stored.quantity, stored.notes = 12.0, "two more"
    assert plant.client.save_production_order(stored).quantity_produced == 8
    plant.client.reverse_inventory_lot_record(record.id)
    given = master_data_pb2.ProductionOrder(id=order.id, unit_of_measure_id=gram.id)
    saved = plant.client.save_production_order(given, update_mask=["unit_of_measure_id"])
    assert saved.unit_of_measure_symbol == gram.symbol


def test_an_order_gets_another_unit_before_the_first_count_or_not_at_all(
    server: ServerProcess, plant: ServedPlant
) -> None:
    """The same report: those who produce and the one who changes the unit come at the same moment."""
    gram = plant.client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} gram", symbol=f"{plant.prefix}g")
    )
    plant.client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(from_unit_id=plant.kg.id, to_unit_id=gram.id, factor=1000.0)
    )
    for number in range(6):
        order = master_data_pb2.ProductionOrder(
            name=f"{plant.prefix} order {number}", product_material_id=plant.milk.id, unit_of_measure_id=plant.kg.id
        )
        order = plant.client.save_production_order(order)
        in_grams = master_data_pb2.ProductionOrder(id=order.id, unit_of_measure_id=gram.id)
        counted: dict[str, Any] = {"production_order": order.id, "increment_production_order_count": True}

        def work(client: Client, caller: int, counted: Any = counted, in_grams: Any = in_grams) -> None:
            if caller == CALLERS // 2:
                client.save_production_order(in_grams, update_mask=["unit_of_measure_id"])
            else:
                client.produce(f"A{caller}", 1.0, destination=plant.silo.id, **counted, **made(plant))

        ended = at_once(server, work)
        order = plant.client.get_production_order(order.id)
        saved = order.unit_of_measure_id == gram.id
        assert ended == ({"done": CALLERS} if saved else {"done": CALLERS - 1, "IMMUTABLE_FIELD": 1})
        assert order.quantity_produced == (CALLERS - 1) * (1000 if saved else 1)


def test_what_is_added_after_an_order_is_completed_is_still_written_for_it(plant: ServedPlant) -> None:
    """frappe/erpnext#57090: sugar that was added after tasting could not be written for its order."""
    order = order_of(plant)
    order.status = enums_pb2.STATUS_COMPLETED
    plant.client.save_production_order(order)
    plant.client.receive("A", 2.0, destination=plant.silo.id, **made(plant))
    plant.client.consume("A", 1.0, source=plant.silo.id, material=plant.milk.id, production_order=order.id)
    [record] = plant.client.list_inventory_lot_records(production_order_id_or_name=order.id)
    assert record.quantity == 1


def test_of_many_actions_that_fail_at_the_last_none_is_done(plant: ServedPlant) -> None:
    """inventree/InvenTree#11060: a build was completed though taking its parts had failed."""
    plant.client.receive("A", 5.0, destination=plant.silo.id, **made(plant))
    batch = [
        actions.produce("Built", 1.0, destination=plant.silo.id, **made(plant)),
        actions.consume("A", 6.0, source=plant.silo.id, material=plant.milk.id),
    ]
    with pytest.raises(FailedPrecondition) as refused:
        plant.client.execute_inventory_actions(batch)
    assert (refused.value.reason, refused.value.index) == ("INSUFFICIENT_INVENTORY", 1)
    assert plant.stock() == {"A": 5}
