"""MOVE, SPLIT, MERGE, EDIT and STATUS_CHANGE on the pure domain: one test a rule."""

from typing import Any

import pytest
from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotRecordType,
    LotStatus,
    LotStorageStrategy,
)
from lotkeeper_server.domain.model.stock import Answer, Edge
from lotkeeper_server.domain.refusals import (
    InsufficientInventory,
    InvalidArgument,
    LocationCapacityExceeded,
    LocationHoldsAnotherLot,
    LotExpired,
    LotRequired,
    LotStatusForbids,
    MergeNotPossible,
    NameTaken,
    NotFound,
    QuantityOverflow,
    Refusal,
)

from tests.plant import DAY, HOUR, NOW, NOW_TEXT, Plant, millionths, told

ALONE = [LotStorageStrategy.ALLOW_SINGLE_OR_THROW, LotStorageStrategy.MERGE_INTO_PREVIOUS]


@pytest.fixture
def plant() -> Plant:
    return Plant()


def answer(outcome: Any) -> Answer:
    assert isinstance(outcome, Answer), outcome
    return outcome


def fields(outcome: Any) -> list[str]:
    assert isinstance(outcome, Refusal), outcome
    return [violation.field for violation in outcome.violations]


# MOVE.


def test_move_takes_stock_from_one_location_to_another(plant: Plant) -> None:
    """Both changes stand on one record; the lot's total stays."""
    lot, tank = plant.lot("L", stock="9"), plant.location("Tank")
    outcome = plant.act("MOVE", lot, "4000", unit_symbol="g", destination=tank)
    (record,) = answer(outcome).records
    assert (record.lot_record_type, record.secondary_lot) == (LotRecordType.MOVE, None)
    assert (record.quantity_millionths, record.unit) == (millionths("4000"), plant.g)
    assert (record.source_change_millionths, record.destination_change_millionths) == (
        millionths("-4"),
        millionths("4"),
    )
    assert (plant.stock(lot), plant.stock(lot, tank), plant.total(lot)) == ("5", "4", "9")
    assert plant.rows[tank.id, lot.id].arrived_record_id == record.id


def test_move_takes_the_source_rows_name_along(plant: Plant) -> None:
    """As if it had been given; the source row keeps it, and a given one wins."""
    tank = plant.location("Tank")
    plant.act("PRODUCE", "L", "9", create_lot_if_not_found=True, inventory_name="pallet")
    (record,) = answer(plant.act("MOVE", "L", "1", destination=tank)).records
    assert record.inventory_name == "pallet"
    assert {row.name for row in plant.rows.values()} == {"pallet"}
    plant.act("MOVE", "L", "1", destination=tank, inventory_name="box")
    assert sorted(row.name for row in plant.rows.values()) == ["box", "pallet"]


@pytest.mark.parametrize("status", list(LotStatus))
def test_move_takes_any_lot(plant: Plant, status: LotStatus) -> None:
    """A disabled and an expired one, too."""
    lot = plant.lot("L", stock="9", status=status, enabled=False, expiration_millis=NOW - DAY)
    assert told(plant.act("MOVE", lot, "9", destination=plant.location("Tank"))) == [("MOVE", "L", "9", "-9")]


def test_move_obeys_the_rules_of_a_fall_at_the_source(plant: Plant) -> None:
    """Stock is left only where a location may go below zero; at NO_STORAGE there is nothing to move."""
    lot, tank = plant.lot("L", stock="2"), plant.location("Tank")
    short = plant.act("MOVE", lot, "3", destination=tank)
    assert short == InsufficientInventory(
        lot="L", location="Silo", available="2", requested="3", unit="kg", at_moment=NOW_TEXT
    )
    open_ended = plant.location("Open", allow_negative_inventory=True)
    plant.act("MOVE", lot, "3", source=open_ended, destination=tank)
    assert (plant.stock(lot, open_ended), plant.stock(lot, tank)) == ("-3", "3")
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE, allow_negative_inventory=True)
    nothing = plant.act("MOVE", lot, "1", source=pipe, destination=tank)
    assert nothing == InsufficientInventory(
        lot="L", location="Pipe", available="0", requested="1", unit="kg", at_moment=NOW_TEXT
    )


def test_move_obeys_the_rules_of_a_rise_at_the_destination(plant: Plant) -> None:
    """Capacity, then the storage strategy; at NO_STORAGE no stock arrives."""
    lot = plant.lot("L", stock="9")
    small = plant.location("Small", storage_capacity_millionths=millionths("3"), storage_capacity_unit=plant.kg)
    assert isinstance(plant.act("MOVE", lot, "4", destination=small), LocationCapacityExceeded)
    single = plant.location("Single", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    plant.put(plant.lot("other"), "1", single)
    outcome = plant.act("MOVE", lot, "1", destination=single)
    assert outcome == LocationHoldsAnotherLot(location="Single", lot="other")
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    (record,) = answer(plant.act("MOVE", lot, "4", destination=pipe)).records
    assert (record.source_change_millionths, record.destination_change_millionths) == (millionths("-4"), 0)
    assert (plant.stock(lot), plant.stock(lot, pipe)) == ("5", "0")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": LotStatus.QA_HOLD}, "LOT_STATUS_FORBIDS"),
        ({"status": LotStatus.EXPIRED}, "LOT_STATUS_FORBIDS"),
        ({"status": LotStatus.SHIPPED}, "LOT_STATUS_FORBIDS"),
        ({"status": LotStatus.CLOSED, "closed_millis": NOW}, "LOT_STATUS_FORBIDS"),
        ({"expiration_millis": NOW - 1}, "LOT_EXPIRED"),
        ({"enabled": False}, "DISABLED"),
    ],
)
def test_move_takes_a_lot_out_of_the_plant_only_if_it_is_usable(
    plant: Plant, changes: dict[str, Any], reason: str
) -> None:
    """At a location that keeps no stock it is gone, like by SHIP; between others any lot moves, as before."""
    lot = plant.lot("L", stock="9", **changes)
    dock = plant.location("Dock", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    refused = plant.act("MOVE", lot, "4", destination=dock)
    assert isinstance(refused, Refusal)
    assert refused.reason == reason
    if isinstance(refused, LotStatusForbids):
        assert refused == LotStatusForbids(lot="L", lot_status=lot.status.name, operation_type="MOVE")
    assert plant.stock("L") == "9"
    tank = plant.location("Tank")
    assert told(plant.act("MOVE", lot, "4", destination=tank)) == [("MOVE", "L", "4", "-4")]


def test_a_move_out_of_the_plant_looks_at_the_lot_before_its_quantity(plant: Plant) -> None:
    """And at its date when the move ended."""
    lot = plant.lot("L", status=LotStatus.QA_HOLD)
    dock = plant.location("Dock", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    assert isinstance(plant.act("MOVE", lot, "0.0000004", unit_symbol="t", destination=dock), InvalidArgument)
    assert isinstance(plant.act("MOVE", lot, "4", destination=dock), LotStatusForbids)
    old = plant.lot("old", stock="9", expiration_millis=NOW - 2 * HOUR)
    assert isinstance(plant.act("MOVE", old, "4", destination=dock, end_millis=NOW - HOUR), LotExpired)
    assert told(plant.act("MOVE", old, "4", destination=dock, end_millis=NOW - 3 * HOUR)) == [
        ("MOVE", "old", "4", "-4")
    ]


def test_move_merges_as_a_rise_does(plant: Plant) -> None:
    """Both ways; what moved ends up in the one that came before, or takes it in."""
    lot, other = plant.lot("L", stock="9"), plant.lot("other")
    into_previous = plant.location("Previous", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    into_new = plant.location("New", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_NEW)
    plant.put(other, "1", into_previous)
    plant.put(other, "1", into_new)
    outcome = plant.act("MOVE", lot, "4", destination=into_previous, notes="n")
    assert told(outcome) == [("MOVE", "L", "4", "-4"), ("MERGE", "other", "4", "4")]
    assert [one.common.notes for one in answer(outcome).records] == ["n", "n"]
    assert (plant.stock(lot, into_previous), plant.stock(other, into_previous)) == ("0", "5")
    outcome = plant.act("MOVE", lot, "4", destination=into_new)
    assert told(outcome) == [("MOVE", "L", "4", "-4"), ("MERGE", "L", "1", "1")]
    assert (plant.stock(lot, into_new), plant.total(lot)) == ("5", "10")
    assert plant.lots[other.id].status is LotStatus.OPEN


# SPLIT.


def test_split_makes_a_lot_of_a_part(plant: Plant) -> None:
    """It takes material, unit, status, enabled and expiration date; its total rises, the other's stays."""
    lot = plant.lot(
        "L",
        stock="9000",
        unit_id=plant.g.id,
        status=LotStatus.QA_HOLD,
        enabled=False,
        expiration_millis=NOW - DAY,
    )
    outcome = plant.act("SPLIT", lot, "4", unit_symbol="kg", new_lot_name="S", inventory_name="pallet")
    (record,) = answer(outcome).records
    made = next(one for one in plant.lots.values() if one.name == "S")
    assert (record.lot.id, record.secondary_lot.id) == (lot.id, made.id)  # type: ignore[union-attr]
    assert (record.quantity_millionths, record.source_change_millionths) == (millionths("4"), millionths("-4000"))
    assert (record.source_location, record.destination_location) == (plant.silo, None)
    assert (made.material_id, made.unit_id, made.status) == (plant.milk.id, plant.g.id, LotStatus.QA_HOLD)
    assert (made.common.enabled, made.expiration_millis, made.common.version) == (False, NOW - DAY, 1)
    assert (plant.stock("L"), plant.stock("S")) == ("5000", "4000")
    assert (plant.total("L"), plant.total("S")) == ("9000", "4000")
    assert plant.rows[plant.silo.id, made.id].name == "pallet"
    assert plant.edges == {EdgeKey(lot.id, made.id, LotRecordType.SPLIT): Edge(millionths("4000"), 1)}


def test_split_of_a_closed_lot_makes_a_closed_lot(plant: Plant) -> None:
    """It became so by its creation."""
    lot = plant.lot("L", stock="9", status=LotStatus.CLOSED, closed_millis=NOW - DAY)
    plant.act("SPLIT", lot, "1", new_lot_name="S")
    made = next(one for one in plant.lots.values() if one.name == "S")
    assert (made.status, made.closed_millis) == (LotStatus.CLOSED, NOW)


def test_split_refuses_a_name_that_is_taken(plant: Plant) -> None:
    """Within the material; after the lots are found."""
    lot = plant.lot("L", stock="9")
    plant.lot("S")
    assert plant.act("SPLIT", lot, "1", new_lot_name="S") == NameTaken(entity="inventory_lot", name="S").at(
        "new_lot_name"
    )
    assert isinstance(plant.act("SPLIT", "No", "1", new_lot_name="S"), NotFound)


def test_split_never_goes_below_zero(plant: Plant) -> None:
    """Also where the location allows it; at NO_STORAGE there is nothing to split."""
    place = plant.location("Open", allow_negative_inventory=True)
    lot = plant.lot("L", stock="2", at=place)
    outcome = plant.act("SPLIT", lot, "3", source=place, new_lot_name="S")
    assert outcome == InsufficientInventory(
        lot="L", location="Open", available="2", requested="3", unit="kg", at_moment=NOW_TEXT
    )
    assert len(plant.lots) == 1
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    outcome = plant.act("SPLIT", lot, "1", source=pipe, new_lot_name="S")
    assert outcome == InsufficientInventory(
        lot="L", location="Pipe", available="0", requested="1", unit="kg", at_moment=NOW_TEXT
    )


@pytest.mark.parametrize("strategy", [*ALONE, LotStorageStrategy.MERGE_INTO_NEW])
def test_split_leaves_no_two_lots_where_only_one_may_be(plant: Plant, strategy: LotStorageStrategy) -> None:
    """All of it may become another lot."""
    tank = plant.location("Tank", lot_storage_strategy=strategy)
    lot = plant.lot("L", stock="2", at=tank)
    outcome = plant.act("SPLIT", lot, "1", source=tank, new_lot_name="S")
    assert outcome == LocationHoldsAnotherLot(location="Tank", lot="L")
    assert told(plant.act("SPLIT", lot, "2", source=tank, new_lot_name="S")) == [("SPLIT", "L", "2", "-2")]
    assert (plant.stock("L", tank), plant.stock("S", tank)) == ("0", "2")


# MERGE.


def test_merge_takes_all_that_the_other_lot_has_there_and_closes_it(plant: Plant) -> None:
    """The receiving lot's total rises and it gets the earlier date; both are edited once."""
    receiving = plant.lot("R", stock="1", expiration_millis=NOW + 2 * DAY)
    merged = plant.lot("M", stock="4", expiration_millis=NOW + DAY)
    outcome = plant.act("MERGE", receiving, secondary_lot="M", inventory_name="pallet")
    (record,) = answer(outcome).records
    assert told(outcome) == [("MERGE", "R", "4", "4")]
    assert (record.unit, record.source_location, record.destination_location) == (plant.kg, plant.silo, None)
    assert (plant.stock("R"), plant.stock("M"), plant.total("R"), plant.total("M")) == ("5", "0", "5", "4")
    now = plant.lots[receiving.id]
    assert (now.expiration_millis, now.common.version, now.status) == (NOW + DAY, 2, LotStatus.OPEN)
    gone = plant.lots[merged.id]
    assert (gone.status, gone.closed_millis, gone.common.version) == (LotStatus.CLOSED, NOW, 2)
    assert (gone.common.modified_millis, gone.common.modified_by) == (NOW, "me")
    assert plant.rows[plant.silo.id, receiving.id].name == "pallet"
    assert plant.edges == {EdgeKey(merged.id, receiving.id, LotRecordType.MERGE): Edge(millionths("4"), 1)}


@pytest.mark.parametrize("elsewhere", ["1", "-1"])
def test_merge_closes_no_lot_that_has_a_row_elsewhere(plant: Plant, elsewhere: str) -> None:
    """One below zero counts as well."""
    receiving, merged = plant.lot("R"), plant.lot("M", stock="4")
    plant.put(merged, elsewhere, plant.location("Tank"))
    plant.act("MERGE", receiving, secondary_lot=merged)
    assert plant.lots[merged.id].status is LotStatus.OPEN


def test_merge_sees_what_the_call_did_elsewhere_before(plant: Plant) -> None:
    """The merged lot's other row falls to zero in the same call."""
    receiving, merged, tank = plant.lot("R"), plant.lot("M", stock="4"), plant.location("Tank")
    plant.put(merged, "1", tank)
    plant.act_all(
        plant.action("SCRAP", merged, "1", source=tank), plant.action("MERGE", receiving, secondary_lot=merged)
    )
    assert plant.lots[merged.id].status is LotStatus.CLOSED


def test_merge_needs_the_other_lot(plant: Plant) -> None:
    """By name it is sought in the first one's material, unless its own is given."""
    receiving, cream = plant.lot("R"), plant.material("Cream", plant.kg)
    plant.put(plant.lot("M", material_id=cream.id), "1", plant.silo)
    required = LotRequired(field="secondary_lot_id_or_name").at("secondary_lot_id_or_name")
    assert plant.act("MERGE", receiving) == required
    missing = plant.act("MERGE", receiving, secondary_lot="M")
    assert missing == NotFound(entity="inventory_lot", name="M").at("secondary_lot_id_or_name")
    other = plant.act("MERGE", receiving, secondary_lot="M", secondary_material=cream)
    assert other == MergeNotPossible(location="Silo", lot="R", other_lot="M", cause="MATERIAL")


def test_merge_looks_at_material_then_unit_then_the_merged_lot_then_the_receiving_one(plant: Plant) -> None:
    """Usable as for CONSUME; then at the stock."""
    receiving = plant.lot("R", status=LotStatus.QA_HOLD)
    grams = plant.lot("G", stock="4", unit_id=plant.g.id, status=LotStatus.SHIPPED)
    assert plant.act("MERGE", receiving, secondary_lot=grams) == MergeNotPossible(
        location="Silo", lot="R", other_lot="G", cause="UNIT"
    )
    old = plant.lot("old", expiration_millis=NOW - 1)
    assert isinstance(plant.act("MERGE", receiving, secondary_lot=old), LotExpired)
    assert plant.act("MERGE", receiving, secondary_lot=plant.lot("M")) == LotStatusForbids(
        lot="R", lot_status="QA_HOLD", operation_type="MERGE"
    )
    usable = plant.lot("usable")
    nothing = plant.act("MERGE", usable, secondary_lot="M")
    assert nothing == InsufficientInventory(lot="M", location="Silo", available="0", unit="kg", at_moment=NOW_TEXT)
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    nothing = plant.act("MERGE", usable, source=pipe, secondary_lot="M")
    assert nothing == InsufficientInventory(lot="M", location="Pipe", available="0", unit="kg", at_moment=NOW_TEXT)


def test_merge_looks_neither_at_capacity_nor_at_the_storage_strategy(plant: Plant) -> None:
    """Two lots are there already, above what fits."""
    tank = plant.location(
        "Tank",
        lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW,
        storage_capacity_millionths=0,
        storage_capacity_unit=plant.kg,
    )
    receiving, merged = plant.lot("R", stock="1", at=tank), plant.lot("M", stock="4", at=tank)
    assert told(plant.act("MERGE", receiving, source=tank, secondary_lot=merged)) == [("MERGE", "R", "4", "4")]


def test_merge_may_take_a_lot_that_a_running_record_names(plant: Plant) -> None:
    """Its Stop then meets it as it is; Cancel works."""
    merged = plant.lot("M", stock="4")
    operation = plant.operation(InventoryOperationType.CONSUME)
    plant.start(operation, merged)
    plant.act("MERGE", plant.lot("R"), secondary_lot=merged)
    assert plant.stop(operation, "1") == LotStatusForbids(lot="M", lot_status="CLOSED", operation_type="CONSUME")
    assert isinstance(plant.cancel(operation), Answer)


# EDIT.


@pytest.mark.parametrize(
    ("old", "new", "change", "total"),
    [("5", "7", "2", "7"), ("5", "2", "-3", "5"), ("5", "5", "0", "5"), ("5", "0", "-5", "5"), ("-2", "1", "3", "1")],
)
def test_edit_makes_the_stock_the_quantity(plant: Plant, old: str, new: str, change: str, total: str) -> None:
    """The record says the signed difference in the lot's unit; what it adds counts in the total."""
    lot = plant.lot("L", stock=old, total_millionths=max(millionths(old), 0) if old != "-2" else millionths("-2"))
    outcome = plant.act("EDIT", lot, new)
    (record,) = answer(outcome).records
    assert told(outcome) == [("EDIT", "L", change, change)]
    assert (record.unit, record.source_location, record.destination_location) == (plant.kg, plant.silo, None)
    assert (plant.stock("L"), plant.total("L")) == (new, total)


def test_edit_says_the_difference_in_the_lots_own_unit(plant: Plant) -> None:
    """Whatever it was asked in."""
    lot = plant.lot("L", stock="5000", unit_id=plant.g.id)
    outcome = plant.act("EDIT", lot, "4", unit_symbol="kg")
    assert told(outcome) == [("EDIT", "L", "-1000", "-1000")]
    assert answer(outcome).records[0].unit == plant.g


def test_edit_to_zero_where_there_was_nothing_makes_no_row(plant: Plant) -> None:
    """A record of nothing."""
    assert told(plant.act("EDIT", plant.lot("L"), "0")) == [("EDIT", "L", "0", "0")]
    assert plant.rows == {}


def test_edit_writes_its_name_only_where_it_raises(plant: Plant) -> None:
    """A fall changes no row's name."""
    lot = plant.lot("L", stock="5")
    plant.act("EDIT", lot, "6", inventory_name="up")
    (record,) = answer(plant.act("EDIT", lot, "5", inventory_name="down")).records
    assert (record.inventory_name, plant.rows[plant.silo.id, lot.id].name) == ("down", "up")


def test_edit_refuses_what_rounds_to_zero(plant: Plant) -> None:
    """In the lot's unit."""
    lot = plant.lot("L", stock="5", unit_id=plant.t.id)
    assert fields(plant.act("EDIT", lot, "0.0004", unit_symbol="kg")) == ["quantity"]


def test_edit_obeys_capacity_then_leaves_no_two_lots_where_only_one_may_be(plant: Plant) -> None:
    """Where it raises; where it lowers it obeys neither."""
    tank = plant.location(
        "Tank",
        lot_storage_strategy=LotStorageStrategy.MERGE_INTO_NEW,
        storage_capacity_millionths=millionths("4"),
        storage_capacity_unit=plant.kg,
    )
    lot, other = plant.lot("L"), plant.lot("other", stock="3", at=tank)
    assert isinstance(plant.act("EDIT", lot, "2", source=tank), LocationCapacityExceeded)
    assert plant.act("EDIT", lot, "1", source=tank) == LocationHoldsAnotherLot(location="Tank", lot="other")
    plant.put(lot, "9", tank)
    assert told(plant.act("EDIT", lot, "8", source=tank)) == [("EDIT", "L", "-1", "-1")]
    plant.act("EDIT", other, "0", source=tank)
    plant.put(lot, "-5", tank)
    plant.put(other, "1", tank)
    assert told(plant.act("EDIT", lot, "0", source=tank)) == [("EDIT", "L", "5", "5")]


def test_edit_at_no_storage_finds_nothing(plant: Plant) -> None:
    """Nothing is kept there that could be set right."""
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    outcome = plant.act("EDIT", plant.lot("L"), "3", source=pipe)
    assert outcome == InsufficientInventory(
        lot="L", location="Pipe", available="0", requested="3", unit="kg", at_moment=NOW_TEXT
    )


def test_edit_refuses_a_total_that_would_overflow(plant: Plant) -> None:
    """A stored quantity has a largest one."""
    lot = plant.lot("L", stock="0", total_millionths=millionths("9199999999999"))
    assert plant.act("EDIT", lot, "1") == QuantityOverflow()


# STATUS_CHANGE.


@pytest.mark.parametrize("old", list(LotStatus))
@pytest.mark.parametrize("new", list(LotStatus))
def test_status_change_sets_any_status_after_any(plant: Plant, old: LotStatus, new: LotStatus) -> None:
    """The record says the one it set; its own again makes a record, but no edit."""
    closed = NOW - DAY if old is LotStatus.CLOSED else None
    lot = plant.lot("L", stock="5", status=old, closed_millis=closed, expiration_millis=NOW - DAY, enabled=False)
    outcome = plant.act("STATUS_CHANGE", lot, lot_status=new)
    (record,) = answer(outcome).records
    assert told(outcome) == [("STATUS_CHANGE", "L", "0", "0")]
    assert (record.lot_status, record.unit) == (new, plant.kg)
    assert (record.source_location, record.destination_location) == (None, None)
    now = plant.lots[lot.id]
    assert (now.status, now.common.version) == (new, 1 if new is old else 2)
    assert (now.closed_millis is not None) == (new is LotStatus.CLOSED)
    if new is old:
        assert (now.closed_millis, now.common.modified_millis) == (closed, None)
