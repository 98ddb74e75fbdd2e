"""Reversal and annotation of records on the pure domain: one test a rule."""

from dataclasses import replace
from typing import Any

import pytest
from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotRecordType,
    LotStatus,
    LotStorageStrategy,
    Status,
)
from lotkeeper_server.domain.model.identifiers import RecordId, format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Answer, Common, Edge, Record
from lotkeeper_server.domain.refusals import (
    AlreadyReversed,
    InsufficientInventory,
    LocationCapacityExceeded,
    LocationHoldsAnotherLot,
    NotFound,
    NotReversible,
)

from tests.plant import DAY, HOUR, NOW, NOW_TEXT, Plant, millionths, new_id, told

T = InventoryOperationType


@pytest.fixture
def plant() -> Plant:
    return Plant()


def records(outcome: Any) -> list[Record]:
    assert isinstance(outcome, Answer), outcome
    return outcome.records


def state_of(plant: Plant) -> tuple[Any, ...]:
    """Stock, totals and edges above zero."""
    return (
        {key: row.millionths for key, row in plant.rows.items() if row.millionths},
        {lot.name: lot.total_millionths for lot in plant.lots.values() if lot.total_millionths},
        {key: edge for key, edge in plant.edges.items() if edge.record_count},
        dict(plant.counts),
    )


EVERY_MOVEMENT: dict[str, dict[str, Any]] = {
    "CONSUME": {"quantity": "4", "secondary_lot": "B"},
    "SHIP": {"quantity": "4"},
    "RETURN": {"quantity": "4"},
    "SCRAP": {"quantity": "4"},
    "SCRAP_ALL": {},
    "PRODUCE": {"quantity": "4", "secondary_lot": "B", "increment_production_order_count": True},
    "UNCONSUME": {"quantity": "4"},
    "RECEIVE": {"quantity": "4"},
    "RECEIVE_AND_CONSUME": {"quantity": "4", "secondary_lot": "B"},
    "MOVE": {"quantity": "4", "destination": "Tank"},
    "SPLIT": {"quantity": "4", "new_lot_name": "S"},
    "MERGE": {"secondary_lot": "B"},
    "EDIT": {"quantity": "4"},
}


@pytest.mark.parametrize("kind", EVERY_MOVEMENT)
def test_a_reversal_takes_back_all_that_the_record_did(plant: Plant, kind: str) -> None:
    """Stock, totals, the order's count, genealogy; the records of a call one by one."""
    plant.location("Tank")
    order = plant.order("O", unit=plant.g)
    plant.lot("L", stock="9")
    plant.lot("B", stock="2")
    before = state_of(plant)
    more = dict(EVERY_MOVEMENT[kind])
    if "secondary_lot" in more and kind != "MERGE":
        more["secondary_material"] = plant.milk
    written = records(plant.act(kind, "L", more.pop("quantity", None), production_order=order, **more))
    assert state_of(plant) != before
    for record in reversed(written):
        (undone,) = records(plant.reverse(plant.records[record.id]))
        assert plant.records[record.id].reversed_by_record_id == undone.id
        assert undone.reverses_record_id == record.id
    assert state_of(plant) == before


def test_a_reversal_is_a_record_of_the_same_with_the_opposite_changes(plant: Plant) -> None:
    """Now, with the call's notes and author; spares are empty, the lot's status is that of now."""
    order = plant.order("O")
    process = plant.process_operation(order, "run 7")
    code = plant.reason_code("C")
    lot = plant.lot("L", stock="9", expiration_millis=NOW + DAY)
    (record,) = records(
        plant.act(
            "CONSUME",
            lot,
            "4000",
            unit_symbol="g",
            destination=plant.location("Line"),
            secondary_lot=plant.lot("B"),
            operation_id=process.id,
            reason_code_id=code.id,
            inventory_name="pallet",
            notes="mine",
            spares=("1", "2", "3"),
            start_millis=NOW - HOUR,
        )
    )
    plant.now += 2 * DAY
    (undone,) = records(plant.reverse(record, notes="wrong lot", request_id="r"))
    same = [
        "lot_record_type",
        "lot",
        "secondary_lot",
        "material",
        "inventory_operation",
        "operation_record_id",
        "production_order",
        "reason_code",
        "source_location",
        "destination_location",
        "unit",
        "inventory_name",
        "status",
    ]
    assert [getattr(undone, name) for name in same] == [getattr(record, name) for name in same]
    assert (undone.quantity_millionths, undone.source_change_millionths) == (millionths("-4000"), millionths("4"))
    assert (undone.start_millis, undone.end_millis, undone.lot_status) == (plant.now, plant.now, LotStatus.EXPIRED)
    assert undone.common == Common(plant.now, "me", "wrong lot")
    assert (undone.request_id, undone.reversed_by_record_id) == ("r", None)


def test_a_reversal_marks_the_record_and_that_is_an_edit_of_it(plant: Plant) -> None:
    """Its version rises; nothing else of it changes."""
    plant.lot("L", stock="9")
    (record,) = records(plant.act("CONSUME", "L", "4"))
    (undone,) = records(plant.reverse(record))
    marked = plant.records[record.id]
    assert (marked.reversed_by_record_id, marked.common.version, marked.common.modified_by) == (undone.id, 2, "me")
    assert (marked.quantity_millionths, marked.effect_order) == (record.quantity_millionths, record.effect_order)


def test_a_record_that_is_not_there_is_not_found(plant: Plant) -> None:
    """On its field."""
    plant.lot("L", stock="9")
    (record,) = records(plant.act("CONSUME", "L", "4"))
    stranger = RecordId(new_id())
    record.id = stranger
    absent = NotFound(entity="inventory_lot_record", id=format_id(stranger)).at("inventory_lot_record_id")
    assert plant.reverse(record) == absent
    assert plant.annotate(record, notes="n") == absent


def test_a_record_is_reversed_once_and_a_reversal_never(plant: Plant) -> None:
    """Each says which."""
    plant.lot("L", stock="9")
    (record,) = records(plant.act("CONSUME", "L", "4"))
    (undone,) = records(plant.reverse(record))
    assert plant.reverse(record) == AlreadyReversed(inventory_lot_record_id=format_id(record.id))
    assert plant.reverse(undone) == NotReversible(inventory_lot_record_id=format_id(undone.id), cause="REVERSAL")


def test_only_a_completed_record_is_reversed(plant: Plant) -> None:
    """Neither a running nor a cancelled one."""
    operation = plant.operation(T.CONSUME)
    (running,) = records(plant.start(operation, plant.lot("L", stock="9")))
    refused = NotReversible(inventory_lot_record_id=format_id(running.id), cause="STATUS")
    assert plant.reverse(running) == refused
    plant.cancel(operation)
    assert plant.reverse(running) == refused


def test_a_stopped_record_is_reversed_with_its_operation(plant: Plant) -> None:
    """The operation stands on the reversal, and its run is left alone."""
    operation = plant.operation(T.CONSUME)
    plant.start(operation, plant.lot("L", stock="9"))
    (record,) = records(plant.stop(operation, "4"))
    (undone,) = records(plant.reverse(record))
    assert (undone.inventory_operation, plant.runs[operation.id].status) == (operation, Status.COMPLETED)
    assert plant.stock("L") == "9"


def test_a_change_of_status_is_not_reversed(plant: Plant) -> None:
    """Set the status again."""
    (record,) = records(plant.act("STATUS_CHANGE", plant.lot("L"), lot_status=LotStatus.QA_HOLD))
    assert plant.reverse(record) == NotReversible(inventory_lot_record_id=format_id(record.id), cause="TYPE")


def test_what_would_bring_stock_to_a_location_without_storage_is_not_reversed(plant: Plant) -> None:
    """Before stock is looked at."""
    tank = plant.location("Tank")
    plant.lot("L", stock="9")
    (record,) = records(plant.act("MOVE", "L", "9", destination=tank))
    plant.act("CONSUME", "L", "9", source=tank)
    plant.location("Silo", id=plant.silo.id, lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    assert plant.reverse(record) == NotReversible(inventory_lot_record_id=format_id(record.id), cause="LOCATION")


def test_what_was_written_where_nothing_is_kept_is_reversed_without_stock(plant: Plant) -> None:
    """The lot's total falls again, and genealogy forgets it."""
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    lot, into = plant.lot("L"), plant.lot("B")
    (record,) = records(plant.act("PRODUCE", lot, "4", destination=pipe, secondary_lot=into))
    assert told(plant.reverse(record)) == [("PRODUCE", "L", "-4", "0")]
    assert (plant.total("L"), plant.rows) == ("0", {})
    assert plant.edges == {EdgeKey(into.id, lot.id, LotRecordType.PRODUCE): Edge(0, 0)}


def test_what_a_later_record_took_away_must_be_reversed_first(plant: Plant) -> None:
    """Otherwise there is not enough stock; unless the location may go below zero."""
    plant.lot("L")
    (produced,) = records(plant.act("PRODUCE", "L", "4"))
    (consumed,) = records(plant.act("CONSUME", "L", "3"))
    assert plant.reverse(produced) == InsufficientInventory(
        lot="L", location="Silo", available="1", requested="4", unit="kg", at_moment=NOW_TEXT
    )
    plant.reverse(consumed)
    assert told(plant.reverse(produced)) == [("PRODUCE", "L", "-4", "-4")]
    place = plant.location("Open", allow_negative_inventory=True)
    (produced,) = records(plant.act("PRODUCE", "L", "4", destination=place))
    plant.act("CONSUME", "L", "3", source=place)
    plant.reverse(produced)
    assert plant.stock("L", place) == "-3"


def test_a_reversal_obeys_capacity(plant: Plant) -> None:
    """What has come since may be too much."""
    tank = plant.location("Tank", storage_capacity_millionths=millionths("5"), storage_capacity_unit=plant.kg)
    plant.lot("L", stock="4", at=tank)
    (record,) = records(plant.act("CONSUME", "L", "4", source=tank))
    plant.put(plant.lot("other"), "3", tank)
    assert plant.reverse(record) == LocationCapacityExceeded(
        location="Tank", capacity="5", stored="3", requested="4", unit="kg"
    )


def test_a_reversal_between_lots_of_one_location_needs_no_room(plant: Plant) -> None:
    """What one gives the other takes, also where more is stored than fits."""
    tank = plant.location("Tank", storage_capacity_millionths=millionths("5"), storage_capacity_unit=plant.kg)
    plant.lot("L", stock="9", at=tank)
    (record,) = records(plant.act("SPLIT", "L", "4", source=tank, new_lot_name="S"))
    plant.reverse(record)
    assert (plant.stock("L", tank), plant.stock("S", tank), plant.total("S")) == ("9", "0", "0")


def test_a_reversal_obeys_allow_single_or_throw_and_no_other_strategy(plant: Plant) -> None:
    """No merge takes place."""
    for strategy in (
        LotStorageStrategy.ALLOW_SINGLE_OR_THROW,
        LotStorageStrategy.MERGE_INTO_NEW,
        LotStorageStrategy.MERGE_INTO_PREVIOUS,
    ):
        tank = plant.location(strategy.name, lot_storage_strategy=strategy)
        lot = plant.lot(f"L{strategy}", stock="4", at=tank)
        (record,) = records(plant.act("CONSUME", lot, "4", source=tank))
        plant.put(plant.lot(f"other{strategy}"), "1", tank)
        outcome = plant.reverse(record)
        if strategy is LotStorageStrategy.ALLOW_SINGLE_OR_THROW:
            assert outcome == LocationHoldsAnotherLot(location=tank.path, lot=f"other{strategy}")
        else:
            assert told(outcome) == [("CONSUME", lot.name, "-4", "4")]


def test_a_split_of_all_is_reversed_where_one_lot_is_taken_at_a_time(plant: Plant) -> None:
    """The lot that it made has nothing left then."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    plant.lot("L", stock="4", at=tank)
    (record,) = records(plant.act("SPLIT", "L", "4", source=tank, new_lot_name="S"))
    plant.reverse(record)
    assert (plant.stock("L", tank), plant.stock("S", tank)) == ("4", "0")


def test_a_merge_of_the_storage_strategy_is_reversed_before_what_it_followed(plant: Plant) -> None:
    """Each record once, from the last."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    before, lot = plant.lot("before", stock="4", at=tank), plant.lot("L")
    produced, merged = records(plant.act("PRODUCE", lot, "2", destination=tank))
    assert isinstance(plant.reverse(produced), InsufficientInventory)
    plant.reverse(merged)
    plant.reverse(produced)
    assert (plant.stock(before, tank), plant.stock(lot, tank)) == ("4", "0")
    assert (plant.total(before), plant.total(lot)) == ("4", "0")


def test_a_reversal_looks_at_no_status_nor_date(plant: Plant) -> None:
    """Held, disabled, past its date: what was done is undone; a disabled place does not matter, either."""
    plant.lot("L", stock="4")
    (record,) = records(plant.act("CONSUME", "L", "4"))
    (lot,) = plant.lots.values()
    lot.status, lot.expiration_millis, lot.common.enabled = LotStatus.QA_HOLD, NOW - DAY, False
    plant.location("Silo", id=plant.silo.id, enabled=False)
    plant.reverse(record)
    assert (plant.stock("L"), plant.lots[lot.id].status) == ("4", LotStatus.QA_HOLD)


# What a MERGE changed beside stock.


def merged(plant: Plant, receiving: Any, other: Any, **more: Any) -> Record:
    (record,) = records(plant.act("MERGE", receiving, secondary_lot=other, **more))
    return record


def test_a_reversed_merge_puts_back_the_date_and_the_status(plant: Plant) -> None:
    """Both are edits, as by the caller of the reversal; there is no record but the reversal."""
    receiving = plant.lot("R", stock="1", expiration_millis=NOW + 9 * DAY)
    other = plant.lot("M", stock="4", status=LotStatus.AVAILABLE, expiration_millis=NOW + DAY)
    record = merged(plant, receiving, other)
    count = len(plant.records)
    plant.now += HOUR
    plant.reverse(plant.records[record.id])
    now, back = plant.lots[receiving.id], plant.lots[other.id]
    assert (now.expiration_millis, now.common.version, now.common.modified_millis) == (NOW + 9 * DAY, 3, plant.now)
    assert (back.status, back.closed_millis, back.common.version) == (LotStatus.AVAILABLE, None, 3)
    assert (back.common.modified_millis, back.common.modified_by) == (plant.now, "me")
    assert (plant.stock("R"), plant.stock("M"), plant.total("R")) == ("1", "4", "1")
    assert len(plant.records) == count + 1


def test_a_reversed_merge_takes_off_a_date_that_there_was_not(plant: Plant) -> None:
    """The receiving lot expires no more."""
    receiving, other = plant.lot("R"), plant.lot("M", stock="4", expiration_millis=NOW + DAY)
    plant.reverse(merged(plant, receiving, other))
    assert plant.lots[receiving.id].expiration_millis is None


def test_a_reversed_merge_edits_no_lot_that_the_merge_did_not(plant: Plant) -> None:
    """The date was the earlier one already; the other lot had stock elsewhere."""
    receiving = plant.lot("R", expiration_millis=NOW + DAY)
    other = plant.lot("M", stock="4", expiration_millis=NOW + 9 * DAY)
    plant.put(other, "1", plant.location("Tank"))
    record = merged(plant, receiving, other)
    plant.reverse(record)
    assert (plant.lots[receiving.id].common.version, plant.lots[other.id].common.version) == (1, 1)
    assert plant.lots[receiving.id].expiration_millis == NOW + DAY


def test_a_date_that_was_set_since_stays(plant: Plant) -> None:
    """The plant knows why, and it is not what the MERGE made it; the version stays, too."""
    receiving, other = plant.lot("R"), plant.lot("M", stock="4", expiration_millis=NOW + DAY)
    record = merged(plant, receiving, other)
    since = replace(plant.lots[receiving.id], expiration_millis=NOW + 2 * DAY)
    plant.lots[receiving.id] = since
    plant.reverse(record)
    after = plant.lots[receiving.id]
    assert (after.expiration_millis, after.common.version) == (NOW + 2 * DAY, since.common.version)


def test_out_of_order_a_date_that_a_later_merge_has_set_stays(plant: Plant) -> None:
    """It goes with the later one, to what was before that."""
    receiving = plant.lot("R", expiration_millis=NOW + 9 * DAY)
    first, second = (plant.lot(f"M{day}", stock="1", expiration_millis=NOW + day * DAY) for day in (2, 1))
    earlier, later = merged(plant, receiving, first), merged(plant, receiving, second)
    plant.reverse(earlier)
    assert plant.lots[receiving.id].expiration_millis == NOW + DAY
    plant.reverse(later)
    assert plant.lots[receiving.id].expiration_millis == NOW + 2 * DAY
    in_order = [merged(plant, plant.lot("S"), lot) for lot in (first, second)]
    for record in reversed(in_order):
        plant.reverse(record)
    assert next(lot for lot in plant.lots.values() if lot.name == "S").expiration_millis is None


@pytest.mark.parametrize("since", [LotStatus.AVAILABLE, LotStatus.QA_HOLD])
def test_a_lot_that_is_closed_no_more_keeps_its_status(plant: Plant, since: LotStatus) -> None:
    """Whoever set it has decided."""
    other = plant.lot("M", stock="4")
    record = merged(plant, plant.lot("R"), other)
    plant.act("STATUS_CHANGE", other, lot_status=since)
    plant.reverse(record)
    assert plant.lots[other.id].status is since


def test_a_merge_that_closed_no_lot_reopens_none(plant: Plant) -> None:
    """It was closed afterwards, by somebody else."""
    other, tank = plant.lot("M", stock="4"), plant.location("Tank")
    plant.put(other, "1", tank)
    record = merged(plant, plant.lot("R"), other)
    plant.act("STATUS_CHANGE", other, lot_status=LotStatus.CLOSED)
    plant.reverse(record)
    assert plant.lots[other.id].status is LotStatus.CLOSED


@pytest.mark.parametrize("strategy", [LotStorageStrategy.MERGE_INTO_PREVIOUS, LotStorageStrategy.MERGE_INTO_NEW])
def test_reversed_merges_of_a_storage_strategy_put_back_dates(plant: Plant, strategy: LotStorageStrategy) -> None:
    """One after the other, from the last."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.ALLOW_MULTIPLE)
    dates = {"A": NOW + 3 * DAY, "B": NOW + 2 * DAY, "N": NOW + 4 * DAY}
    lots = {name: plant.lot(name, expiration_millis=date) for name, date in dates.items()}
    if strategy is LotStorageStrategy.MERGE_INTO_NEW:
        for name in "AB":
            plant.put(lots[name], "1", tank)
    else:
        plant.put(lots["N"], "1", tank)
    plant.location("Tank", id=tank.id, lot_storage_strategy=strategy)
    name = "N" if strategy is LotStorageStrategy.MERGE_INTO_NEW else "B"
    written = records(plant.act("PRODUCE", name, "1", destination=plant.cache.locations.get(tank.id)))
    assert plant.lots[lots["N"].id].expiration_millis == NOW + 2 * DAY
    for record in reversed(written):
        plant.reverse(record)
    assert {lot.name: lot.expiration_millis for lot in plant.lots.values()} == dates
    assert {lot.status for lot in plant.lots.values()} == {LotStatus.OPEN}


# What passed through.


def test_the_consume_of_what_passed_through_is_reversed_and_leaves_it_in_stock(plant: Plant) -> None:
    """It came with the reversal; then the receipt can be reversed, too."""
    plant.lot("L")
    received, consumed = records(plant.act("RECEIVE_AND_CONSUME", "L", "4"))
    (undone,) = records(plant.reverse(consumed))
    assert (undone.lot_record_type, undone.source_change_millionths) == (LotRecordType.CONSUME, millionths("4"))
    assert plant.stock("L") == "4"
    (row,) = plant.rows.values()
    assert row.arrived_record_id == undone.id
    assert told(plant.reverse(received)) == [("RECEIVE", "L", "-4", "-4")]
    assert (plant.stock("L"), plant.total("L")) == ("0", "0")


def test_the_receipt_of_what_passed_through_finds_nothing_to_take_by_itself(plant: Plant) -> None:
    """Unless the lot has other stock there, or the location may go below zero."""
    plant.lot("L")
    received, _ = records(plant.act("RECEIVE_AND_CONSUME", "L", "4"))
    assert plant.reverse(received) == InsufficientInventory(
        lot="L", location="Silo", available="0", requested="4", unit="kg", at_moment=NOW_TEXT
    )
    assert plant.rows == {}
    plant.act("RECEIVE", "L", "5")
    plant.reverse(received)
    assert (plant.stock("L"), plant.total("L")) == ("1", "5")
    place = plant.location("Open", allow_negative_inventory=True)
    received, _ = records(plant.act("RECEIVE_AND_CONSUME", "L", "4", source=place))
    plant.reverse(received)
    assert plant.stock("L", place) == "-4"


def test_a_reversed_consume_obeys_the_rules_of_any_reversal(plant: Plant) -> None:
    """Capacity, one lot at a time, a location that keeps no stock any more."""
    plant.lot("L")
    small = plant.location("Small", storage_capacity_millionths=millionths("3"), storage_capacity_unit=plant.kg)
    _, consumed = records(plant.act("RECEIVE_AND_CONSUME", "L", "4", source=small))
    assert isinstance(plant.reverse(consumed), LocationCapacityExceeded)
    alone = plant.location("Alone", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    plant.lot("other", stock="1", at=alone)
    _, consumed = records(plant.act("RECEIVE_AND_CONSUME", "L", "4", source=alone))
    assert plant.reverse(consumed) == LocationHoldsAnotherLot(location="Alone", lot="other")
    plant.location("Alone", id=alone.id, lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    assert plant.reverse(consumed) == NotReversible(inventory_lot_record_id=format_id(consumed.id), cause="LOCATION")


def test_where_nothing_is_kept_nothing_passes_through(plant: Plant) -> None:
    """Both changes are 0, and reversals move nothing."""
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    plant.lot("L")
    written = records(plant.act("RECEIVE_AND_CONSUME", "L", "4", source=pipe))
    assert [(one.source_change_millionths, one.destination_change_millionths) for one in written] == [(0, 0), (0, 0)]
    for record in written:
        plant.reverse(record)
    assert (plant.rows, plant.total("L")) == ({}, "0")


def test_a_reversal_writes_no_rows_name_and_counts_as_an_arrival(plant: Plant) -> None:
    """A lot that was used up comes again, after those that came meanwhile."""
    lot = plant.lot("L", stock="4")
    (record,) = records(plant.act("CONSUME", lot, "4", inventory_name="pallet"))
    plant.put(plant.lot("second"), "1", plant.silo)
    (undone,) = records(plant.reverse(record))
    row = plant.rows[plant.silo.id, lot.id]
    assert (row.name, row.arrived_record_id) == ("", undone.id)
    assert [one[1] for one in told(plant.act("SCRAP_ALL"))] == ["second", "L"]


def test_an_orders_count_falls_by_what_the_record_raised_it(plant: Plant) -> None:
    """In the order's unit."""
    order = plant.order("O", unit=plant.g)
    plant.lot("L")
    asked = {"production_order": order, "increment_production_order_count": True}
    (record,) = records(plant.act("PRODUCE", "L", "4", **asked))
    plant.act("PRODUCE", "L", "1", **asked)
    plant.reverse(record)
    assert decimal_text(plant.counts[order.id]) == "1000"


def test_a_dry_run_reverses_nothing(plant: Plant) -> None:
    """It can be reversed afterwards."""
    plant.lot("L", stock="9")
    (record,) = records(plant.act("CONSUME", "L", "4"))
    outcome = plant.reverse(record, validate_only=True)
    assert isinstance(outcome, Answer)
    assert outcome.unborn == {outcome.records[0].id}
    assert (plant.stock("L"), plant.records[record.id].reversed_by_record_id) == ("5", None)


def test_a_repeated_reversal_brings_its_record_again(plant: Plant) -> None:
    """With the same request id."""
    plant.lot("L", stock="9")
    (record,) = records(plant.act("CONSUME", "L", "4"))
    (first,) = records(plant.reverse(record, request_id="r", fingerprint=b"f"))
    (again,) = records(plant.reverse(record, request_id="r", fingerprint=b"f"))
    assert (again.id, plant.stock("L")) == (first.id, "9")


def test_an_annotation_changes_notes_and_spares_alone(plant: Plant) -> None:
    """What is absent stays, what is empty clears; it is an edit, unless nothing changes."""
    plant.lot("L", stock="9")
    (record,) = records(plant.act("CONSUME", "L", "4", notes="old", spares=("1", "2", "3")))
    (annotated,) = records(plant.annotate(record, notes="new", spares=("", None, "three")))
    common = annotated.common
    assert (common.notes, common.spare1, common.spare2, common.spare3) == ("new", "", "2", "three")
    assert (common.version, common.modified_millis, common.modified_by) == (2, NOW, "me")
    plant.annotate(record, notes="new")
    assert plant.records[record.id].common.version == 2


def test_an_annotation_of_a_running_record_outlives_its_stop(plant: Plant) -> None:
    """Stop changes neither notes nor spares."""
    operation = plant.operation(T.CONSUME)
    (running,) = records(plant.start(operation, plant.lot("L", stock="9")))
    plant.annotate(running, notes="slow", spares=(None, "2", None))
    (stopped,) = records(plant.stop(operation, "4"))
    assert (stopped.common.notes, stopped.common.spare2, stopped.common.version) == ("slow", "2", 3)
