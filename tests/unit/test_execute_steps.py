"""Execute, step by step, on the pure domain: one test a rule."""

from typing import Any

import pytest
from lotkeeper_server.domain.model.enumerations import (
    InventoryNameResolutionStrategy,
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
    LotUseStrategy,
    MaterialSource,
    Status,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import (
    CommentsRequired,
    Disabled,
    InsufficientInventory,
    InvalidArgument,
    LocationCapacityExceeded,
    LocationHoldsAnotherLot,
    LocationRequired,
    LotExpired,
    LotMaterialMismatch,
    LotRequired,
    LotStatusForbids,
    MaterialConflict,
    MaterialRequired,
    MergeNotPossible,
    NotFound,
    OperationDisabled,
    QuantityOverflow,
    Refusal,
    UnitNotConvertible,
    UnitRequired,
)

from tests.plant import DAY, HOUR, NOW, NOW_TEXT, Plant, millionths, new_id, told

T = InventoryOperationType
FALLING = [T.CONSUME, T.SHIP, T.RETURN, T.SCRAP]
RISING = [T.PRODUCE, T.UNCONSUME, T.RECEIVE]


@pytest.fixture
def plant() -> Plant:
    return Plant()


def refusal(outcome: Any) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    return outcome


def fields(outcome: Any) -> list[str]:
    return [violation.field for violation in refusal(outcome).violations]


@pytest.mark.parametrize("operation_type", FALLING)
def test_a_falling_type_takes_stock_at_the_source(plant: Plant, operation_type: T) -> None:
    """100 kg leave the silo, the total of what was ever added stays."""
    lot = plant.lot("L", stock="120")
    outcome = plant.execute(plant.operation(operation_type), lot, "100")

    assert told(outcome) == [(operation_type.name, "L", "100", "-100")]
    assert (plant.stock("L"), plant.total("L")) == ("20", "120")


@pytest.mark.parametrize("operation_type", RISING)
def test_a_rising_type_brings_stock_to_the_destination_and_raises_the_total(plant: Plant, operation_type: T) -> None:
    """What rises counts in the lot's total as well."""
    lot = plant.lot("L", stock="1")
    outcome = plant.execute(plant.operation(operation_type), lot, "2.5")

    assert told(outcome) == [(operation_type.name, "L", "2.5", "2.5")]
    assert (plant.stock("L"), plant.total("L")) == ("3.5", "3.5")


def test_receive_and_consume_passes_through(plant: Plant) -> None:
    """Two records whose changes are opposite, no row, a raised total; the place is destination, then source."""
    operation = plant.operation(T.RECEIVE_AND_CONSUME)
    outcome = plant.execute(operation, plant.lot("L"), "5")

    assert told(outcome) == [("RECEIVE", "L", "5", "5"), ("CONSUME", "L", "5", "-5")]
    assert isinstance(outcome, Answer)
    received, consumed = outcome.records
    assert (received.source_change_millionths, consumed.destination_change_millionths) == (0, 0)
    assert outcome.main is consumed
    assert (received.source_location, received.destination_location) == (None, plant.silo)
    assert (consumed.source_location, consumed.destination_location) == (plant.silo, None)
    assert (plant.stock("L"), plant.total("L"), plant.rows) == ("0", "5", {})


def test_scrap_all_takes_every_lot_of_the_material_in_fifo_order(plant: Plant) -> None:
    """Held and expired lots, too; each in its own unit."""
    plant.lot("second", stock="2", status=LotStatus.QA_HOLD)
    grams = plant.lot("grams", stock="3", unit_id=plant.g.id)
    plant.lot("empty", stock="0")
    other = plant.lot("other", material_id=plant.material("Cream", plant.kg).id)
    plant.put(other, "7", plant.silo)
    outcome = plant.execute(plant.operation(T.SCRAP_ALL))

    assert told(outcome) == [("SCRAP", "second", "2", "-2"), ("SCRAP", "grams", "3", "-3")]
    assert isinstance(outcome, Answer)
    assert outcome.records[1].unit == plant.g
    assert (plant.stock(grams), plant.stock("other")) == ("0", "7")


def test_scrap_all_that_finds_nothing_writes_nothing_and_completes(plant: Plant) -> None:
    """No record, no lot made, the operation is COMPLETED."""
    operation = plant.operation(T.SCRAP_ALL)
    outcome = plant.execute(operation, quantity="0")

    assert isinstance(outcome, Answer)
    assert (outcome.records, outcome.main) == ([], None)
    assert plant.runs[operation.id].status is Status.COMPLETED


def test_step_4_an_unknown_operation_is_not_found(plant: Plant) -> None:
    """The field at fault is named."""
    operation = plant.operation(T.CONSUME)
    plant.cache.inventory_operations.drop(operation.id)
    plant.runs.clear()
    outcome = plant.execute(operation, "L", "1")

    assert isinstance(outcome, NotFound)
    assert outcome.reason == "INVENTORY_OPERATION_NOT_FOUND"
    assert fields(outcome) == ["inventory_operation_id"]


def test_step_4_a_disabled_operation_is_refused(plant: Plant) -> None:
    """Unless it is running."""
    operation = plant.operation(T.CONSUME, enabled=False)
    assert plant.execute(operation, "L", "1") == OperationDisabled(inventory_operation_id=format_id(operation.id))


def test_step_4_the_location_that_the_type_needs_must_be_there_and_enabled(plant: Plant) -> None:
    """The other location does not matter."""
    without = plant.operation(T.CONSUME, source_location_id=None, destination_location_id=plant.silo.id)
    assert plant.execute(without, "L", "1") == LocationRequired(role="source", operation_type="CONSUME")
    closed = plant.location("Closed", enabled=False)
    at_closed = plant.operation(T.PRODUCE, destination_location_id=closed.id)
    assert plant.execute(at_closed, "L", "1") == Disabled(entity="location", id=format_id(closed.id))
    elsewhere = plant.operation(T.CONSUME, destination_location_id=closed.id)
    assert told(plant.execute(elsewhere, plant.lot("L", stock="1"), "1")) == [("CONSUME", "L", "1", "-1")]


@pytest.mark.parametrize("quantity", [None, "0"])
def test_step_4_a_quantity_that_is_missing_or_zero_is_refused(plant: Plant, quantity: str | None) -> None:
    """It is looked at before the material and the lot."""
    assert fields(plant.execute(plant.operation(T.CONSUME, material_id=None), None, quantity)) == ["quantity"]


def test_step_5_a_static_material_conflicts_with_another_one(plant: Plant) -> None:
    """The same one may be given, by path or by id."""
    plant.material("Cream", plant.kg)
    operation = plant.operation(T.CONSUME)
    outcome = plant.execute(operation, plant.lot("L", stock="1"), "1", material="Cream")
    assert isinstance(outcome, MaterialConflict)
    assert (outcome.configured, outcome.given, fields(outcome)) == ("Milk", "Cream", ["material_id_or_path"])
    assert told(plant.execute(operation, "L", "1", material=plant.milk)) == [("CONSUME", "L", "1", "-1")]


def test_step_5_a_material_that_is_not_static_gives_way_to_the_given_one(plant: Plant) -> None:
    """MANUAL takes the caller's."""
    cream = plant.material("Cream", plant.kg)
    plant.put(plant.lot("C", material_id=cream.id), "3", plant.silo)
    operation = plant.operation(T.CONSUME, material_source=MaterialSource.MANUAL)
    assert told(plant.execute(operation, "C", "1", material="Cream")) == [("CONSUME", "C", "1", "-1")]


def test_step_5_without_a_material_that_of_a_lot_given_by_id_counts(plant: Plant) -> None:
    """A name alone is not enough, an unknown id is no lot, an unknown material is none."""
    operation = plant.operation(T.CONSUME, material_id=None)
    lot = plant.lot("L", stock="1")
    assert told(plant.execute(operation, lot, "1")) == [("CONSUME", "L", "1", "-1")]
    assert isinstance(plant.execute(operation, "L", "1"), MaterialRequired)
    assert refusal(plant.execute(operation, new_id(), "1")).reason == "LOT_NOT_FOUND"
    assert refusal(plant.execute(operation, lot, "1", material="Nothing")).reason == "MATERIAL_NOT_FOUND"


def test_step_5_a_disabled_material_can_only_be_cleared_away(plant: Plant) -> None:
    """SCRAP, SCRAP_ALL and RETURN go on."""
    old = plant.material("Old", plant.kg, enabled=False)
    plant.put(plant.lot("O", material_id=old.id), "9", plant.silo)
    for allowed in (T.SCRAP, T.RETURN):
        assert isinstance(plant.execute(plant.operation(allowed, material_id=old.id), "O", "1"), Answer)
    assert plant.execute(plant.operation(T.CONSUME, material_id=old.id), "O", "1") == Disabled(
        entity="material", id=format_id(old.id)
    )
    assert isinstance(plant.execute(plant.operation(T.SCRAP_ALL, material_id=old.id)), Answer)


def test_step_6_a_lot_of_another_material_is_refused(plant: Plant) -> None:
    """By id; a name is only sought within the material."""
    other = plant.lot("C", material_id=plant.material("Cream", plant.kg).id)
    outcome = plant.execute(plant.operation(T.CONSUME), other, "1")
    assert isinstance(outcome, LotMaterialMismatch)
    assert (outcome.lot, outcome.material) == ("C", "Milk")
    assert refusal(plant.execute(plant.operation(T.CONSUME), "C", "1")).reason == "LOT_NOT_FOUND"


def test_step_6_an_unknown_lot_is_made_by_rising_types_only(plant: Plant) -> None:
    """OPEN, in the material's unit, to expire ten days after the end."""
    end = NOW - HOUR
    outcome = plant.execute(plant.operation(T.PRODUCE, create_lot_if_not_found=True), "NEW", "1", end_millis=end)
    assert told(outcome) == [("PRODUCE", "NEW", "1", "1")]
    made = next(lot for lot in plant.lots.values() if lot.name == "NEW")
    assert (made.status, made.unit_id, made.expiration_millis) == (LotStatus.OPEN, plant.kg.id, end + 10 * DAY)
    falls = plant.execute(plant.operation(T.CONSUME, create_lot_if_not_found=True), "NONE", "1")
    assert refusal(falls).reason == "LOT_NOT_FOUND"
    assert refusal(plant.execute(plant.operation(T.PRODUCE), "NONE", "1")).reason == "LOT_NOT_FOUND"
    by_id = plant.execute(plant.operation(T.PRODUCE, create_lot_if_not_found=True), new_id(), "1")
    assert refusal(by_id).reason == "LOT_NOT_FOUND"


def test_step_6_without_a_lot_the_strategy_says(plant: Plant) -> None:
    """AUTO_GENERATE makes one where stock rises; MANUAL, EXPRESSION, and AUTO_GENERATE of a fall refuse."""
    auto = LotResolutionStrategy.AUTO_GENERATE
    outcome = plant.execute(plant.operation(T.PRODUCE, primary_lot_resolution_strategy=auto), None, "1")
    assert isinstance(outcome, Answer)
    assert outcome.records[0].lot.name.startswith("uuid-")
    for operation_type, strategy in [
        (T.CONSUME, auto),
        (T.PRODUCE, LotResolutionStrategy.MANUAL),
        (T.PRODUCE, LotResolutionStrategy.EXPRESSION),
    ]:
        refused = plant.execute(plant.operation(operation_type, primary_lot_resolution_strategy=strategy), None, "1")
        assert isinstance(refused, LotRequired)
        assert (refused.field, refused.strategy) == ("primary_lot_id_or_name", strategy.name)


def test_step_7_the_secondary_lot_is_genealogy(plant: Plant) -> None:
    """Its status is not looked at; without a secondary material a name cannot be looked up."""
    held = plant.lot("B", status=LotStatus.CLOSED)
    operation = plant.operation(T.CONSUME)
    plant.lot("L", stock="5")
    outcome = plant.execute(operation, "L", "1", secondary_lot=held)
    assert isinstance(outcome, Answer)
    assert outcome.records[0].secondary_lot == held
    assert isinstance(plant.execute(operation, "L", "1", secondary_lot="B"), MaterialRequired)
    refused = plant.execute(operation, "L", "1", secondary_lot=next(iter(plant.lots.values())))
    assert isinstance(refused, Answer)


def test_step_7_the_primary_lot_itself_is_refused(plant: Plant) -> None:
    """Also where neither exists yet."""
    lot = plant.lot("L", stock="5")
    assert fields(plant.execute(plant.operation(T.CONSUME), lot, "1", secondary_lot=lot)) == [
        "secondary_lot_id_or_name"
    ]
    makes = plant.operation(T.PRODUCE, create_lot_if_not_found=True, secondary_material_id=plant.milk.id)
    assert fields(plant.execute(makes, "N", "1", secondary_lot="N")) == ["secondary_lot_id_or_name"]
    assert all(one.name != "N" for one in plant.lots.values())


def test_step_7_every_type_makes_a_secondary_lot(plant: Plant) -> None:
    """By name where it may, by a UUID where the strategy says so."""
    cream = plant.material("Cream", plant.kg)
    plant.lot("L", stock="5")
    named = plant.operation(T.CONSUME, create_lot_if_not_found=True, secondary_material_id=cream.id)
    plant.execute(named, "L", "1", secondary_lot="BATCH")
    auto = plant.operation(
        T.CONSUME,
        secondary_material_id=cream.id,
        secondary_lot_resolution_strategy=LotResolutionStrategy.AUTO_GENERATE,
    )
    outcome = plant.execute(auto, "L", "1")
    assert isinstance(outcome, Answer)
    assert outcome.records[0].secondary_lot is not None
    assert min(lot.name for lot in plant.lots.values() if lot.material_id == cream.id) == "BATCH"
    assert len(plant.lots) == 3


def test_step_8_the_inventory_name_stands_on_records_and_on_the_row_that_rises(plant: Plant) -> None:
    """The argument, else the static name; a fall changes no row's name."""
    plant.lot("L", stock="5")
    static = plant.operation(T.RECEIVE, inventory_name="DOCK-1")
    plant.execute(static, "L", "1")
    row = next(iter(plant.rows.values()))
    assert row.name == "DOCK-1"
    plant.execute(plant.operation(T.CONSUME), "L", "1", inventory_name="OTHER")
    assert next(iter(plant.rows.values())).name == "DOCK-1"
    auto = plant.operation(T.PRODUCE, inventory_name_resolution_strategy=InventoryNameResolutionStrategy.AUTO_GENERATE)
    outcome = plant.execute(auto, "L", "1")
    assert isinstance(outcome, Answer)
    assert outcome.records[0].inventory_name.startswith("uuid-")


def test_step_9_the_unit_is_the_operations_else_from_the_context(plant: Plant) -> None:
    """PRODUCE prefers the order's; then the material's, then the lot's; none is refused."""
    plant.lot("L", stock="5")
    outcome = plant.execute(plant.operation(T.CONSUME, unit_id=plant.g.id), "L", "1500")
    assert told(outcome) == [("CONSUME", "L", "1500", "-1.5")]
    order = plant.order("PO", unit=plant.t)
    produces = plant.operation(T.PRODUCE, operation_id=plant.process_operation(order).id)
    assert told(plant.execute(produces, "L", "0.001")) == [("PRODUCE", "L", "0.001", "1")]
    from_context = UnitOfMeasureResolutionStrategy.FROM_CONTEXT
    ignores = plant.operation(T.CONSUME, unit_id=plant.g.id, unit_of_measure_resolution_strategy=from_context)
    assert told(plant.execute(ignores, "L", "1")) == [("CONSUME", "L", "1", "-1")]
    unitless = plant.material("Water", None)
    plant.put(plant.lot("W", material_id=unitless.id), "4", plant.silo)
    assert told(plant.execute(plant.operation(T.CONSUME, material_id=unitless.id), "W", "1"))[0][3] == "-1"
    makes = plant.operation(T.PRODUCE, material_id=unitless.id, create_lot_if_not_found=True)
    assert plant.execute(makes, "W2", "1") == UnitRequired()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (NOW, NOW)),
        (None, NOW - HOUR, (NOW - HOUR, NOW - HOUR)),
        (None, NOW + HOUR, (NOW, NOW + HOUR)),
        (NOW - 30 * DAY, None, (NOW - 30 * DAY, NOW)),
    ],
)
def test_step_10_times_have_defaults(
    plant: Plant, start: int | None, end: int | None, expected: tuple[int, int]
) -> None:
    """The end is now, the start is now or the end if that is earlier."""
    plant.lot("L", stock="5")
    outcome = plant.execute(plant.operation(T.CONSUME), "L", "1", start_millis=start, end_millis=end)
    assert isinstance(outcome, Answer)
    assert (outcome.records[0].start_millis, outcome.records[0].end_millis) == expected


@pytest.mark.parametrize(
    ("start", "end", "at_fault"),
    [
        (NOW + 1, None, ["start_date_millis"]),
        (None, NOW + DAY + 1, ["end_date_millis"]),
        (None, NOW - 7 * DAY - 1, ["end_date_millis"]),
    ],
)
def test_step_10_times_beyond_the_limits_are_refused(
    plant: Plant, start: int | None, end: int | None, at_fault: list[str]
) -> None:
    """An end before the start, more than 24 h ahead, more than 7 days ago; at the limits it is taken."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    assert fields(plant.execute(operation, "L", "1", start_millis=start, end_millis=end)) == at_fault
    assert isinstance(plant.execute(operation, "L", "1", end_millis=NOW + DAY), Answer)
    assert isinstance(plant.execute(operation, "L", "1", end_millis=NOW - 7 * DAY), Answer)


def test_step_11_the_reason_code_must_be_enabled_fit_and_have_its_comments(plant: Plant) -> None:
    """It stands on the record."""
    plant.lot("L", stock="5")
    off = plant.reason_code("OFF", enabled=False)
    outcome = plant.execute(plant.operation(T.SCRAP, material_reason_code_id=off.id), "L", "1")
    assert outcome == Disabled(entity="material_reason_code", id=format_id(off.id))
    ship = plant.reason_code("SHIP", lot_record_type=LotRecordType.SHIP)
    outcome = plant.execute(plant.operation(T.SCRAP, material_reason_code_id=ship.id), "L", "1")
    assert isinstance(outcome, InvalidArgument)
    talks = plant.reason_code("TALK", require_comments=True)
    outcome = plant.execute(plant.operation(T.SCRAP, material_reason_code_id=talks.id), "L", "1")
    assert outcome == CommentsRequired(reason_code="TALK")
    with_notes = plant.operation(T.SCRAP, material_reason_code_id=talks.id, notes="spilled")
    done = plant.execute(with_notes, "L", "1")
    assert isinstance(done, Answer)
    assert (done.records[0].reason_code, done.records[0].common.notes) == (talks, "spilled")


@pytest.mark.parametrize("operation_type", [T.CONSUME, T.SHIP, T.RECEIVE_AND_CONSUME])
@pytest.mark.parametrize("status", [LotStatus.QA_HOLD, LotStatus.EXPIRED, LotStatus.SHIPPED, LotStatus.CLOSED])
def test_step_12_what_uses_a_lot_refuses_every_status_but_open_and_available(
    plant: Plant, operation_type: T, status: LotStatus
) -> None:
    """The status that was set counts."""
    plant.lot("L", stock="5", status=status)
    outcome = plant.execute(plant.operation(operation_type), "L", "1")
    assert outcome == LotStatusForbids(lot="L", lot_status=status.name, operation_type=operation_type.name)


def test_step_12_disabled_goes_before_status_and_status_before_date(plant: Plant) -> None:
    """A lot that expires exactly at the end is still usable."""
    operation = plant.operation(T.CONSUME)
    off = plant.lot("OFF", stock="5", enabled=False, status=LotStatus.CLOSED)
    assert plant.execute(operation, off, "1") == Disabled(entity="inventory_lot", id=format_id(off.id))
    plant.lot("OLD", stock="5", expiration_millis=NOW - 1)
    assert plant.execute(operation, "OLD", "1") == LotExpired(lot="OLD", expiration_date="2025-06-15T15:06:39.999Z")
    plant.lot("EDGE", stock="5", expiration_millis=NOW)
    assert isinstance(plant.execute(operation, "EDGE", "1"), Answer)


@pytest.mark.parametrize("operation_type", RISING)
def test_step_12_a_rise_refuses_shipped_closed_and_disabled_lots_only(plant: Plant, operation_type: T) -> None:
    """A held lot may go on rising."""
    operation = plant.operation(operation_type)
    for status in (LotStatus.SHIPPED, LotStatus.CLOSED):
        plant.lot(status.name, status=status)
        assert refusal(plant.execute(operation, status.name, "1")).reason == "LOT_STATUS_FORBIDS"
    plant.lot("HELD", status=LotStatus.QA_HOLD, expiration_millis=NOW - DAY)
    assert isinstance(plant.execute(operation, "HELD", "1"), Answer)


@pytest.mark.parametrize("operation_type", [T.SCRAP, T.RETURN])
def test_step_12_what_clears_away_takes_any_lot(plant: Plant, operation_type: T) -> None:
    """Closed, disabled and expired ones."""
    plant.lot("L", stock="5", status=LotStatus.CLOSED, enabled=False, expiration_millis=1)
    assert told(plant.execute(plant.operation(operation_type), "L", "5"))[0][3] == "-5"


def test_step_12_a_quantity_that_does_not_convert_or_rounds_to_zero_is_refused(plant: Plant) -> None:
    """0.0000005 kg rounds half-even to zero."""
    litre = plant.unit("L")
    plant.lot("L", stock="5")
    outcome = plant.execute(plant.operation(T.CONSUME, unit_id=litre.id), "L", "1")
    assert outcome == UnitNotConvertible(from_unit="L", to_unit="kg", material="Milk")
    assert fields(plant.execute(plant.operation(T.CONSUME, unit_id=plant.g.id), "L", "0.0005")) == ["quantity"]
    assert told(plant.execute(plant.operation(T.CONSUME, unit_id=plant.g.id), "L", "0.0015"))[0][3] == "-0.000002"


def test_step_13_a_fall_below_zero_is_refused_and_names_what_there_was(plant: Plant) -> None:
    """2 kg in the silo cannot give 2.000001 kg."""
    plant.lot("L", stock="2")
    outcome = plant.execute(plant.operation(T.CONSUME), "L", "2.000001")
    assert outcome == InsufficientInventory(
        lot="L", location="Silo", available="2", requested="2.000001", unit="kg", at_moment=NOW_TEXT
    )
    assert plant.stock("L") == "2"


def test_step_13_stock_may_fall_below_zero_where_the_location_allows_it(plant: Plant) -> None:
    """A row that is not there counts as zero."""
    pit = plant.location("Pit", allow_negative_inventory=True)
    plant.lot("L")
    plant.execute(plant.operation(T.CONSUME, source_location_id=pit.id), "L", "3")
    assert plant.stock("L", pit) == "-3"


def test_step_14_a_rise_above_the_capacity_is_refused(plant: Plant) -> None:
    """Rows below zero are not looked at; up to the capacity exactly it is taken."""
    tank = plant.location(
        "Tank",
        storage_capacity_millionths=millionths("1"),
        storage_capacity_unit=plant.t,
        allow_negative_inventory=True,
    )
    plant.lot("A", stock="600", at=tank)
    plant.lot("B", stock="-500", at=tank)
    plant.lot("C")
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id)
    assert plant.execute(operation, "C", "400.000001") == LocationCapacityExceeded(
        location="Tank", capacity="1", stored="0.6", requested="0.4", unit="t"
    )
    assert isinstance(plant.execute(operation, "C", "400"), Answer)


def test_step_14_a_row_that_does_not_convert_refuses_the_rise(plant: Plant) -> None:
    """Nobody knows how full the place is."""
    piece = plant.unit("pcs")
    tank = plant.location("Tank", storage_capacity_millionths=millionths("9"), storage_capacity_unit=plant.kg)
    wrapper = plant.material("Wrapper", piece)
    plant.lot("W", stock="1", at=tank, material_id=wrapper.id, unit_id=piece.id)
    plant.lot("L")
    outcome = plant.execute(plant.operation(T.PRODUCE, destination_location_id=tank.id), "L", "1")
    assert outcome == UnitNotConvertible(from_unit="pcs", to_unit="kg", material="Wrapper")


def test_step_15_a_location_of_one_lot_refuses_another(plant: Plant) -> None:
    """Its own lot may go on rising; an empty one does not count."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id, create_lot_if_not_found=True)
    plant.lot("EMPTY", stock="0", at=tank)
    assert isinstance(plant.execute(operation, "A", "1"), Answer)
    assert isinstance(plant.execute(operation, "A", "1"), Answer)
    assert plant.execute(operation, "B", "1") == LocationHoldsAnotherLot(location="Tank", lot="A")
    assert all(lot.name != "B" for lot in plant.lots.values())


def test_step_15_merge_into_previous_moves_what_rose_into_the_lot_that_came_last(plant: Plant) -> None:
    """What the lot had before stays; name and date go to the lot that ends up with the stock."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    plant.lot("X", stock="1", at=tank, expiration_millis=NOW + DAY)
    plant.lot("OLD", stock="5", at=tank)
    plant.lot("LAST", stock="7", at=tank, expiration_millis=NOW + 5 * DAY)
    operation = plant.operation(T.RECEIVE, destination_location_id=tank.id)
    outcome = plant.execute(operation, "X", "3", inventory_name="P")

    assert told(outcome) == [("RECEIVE", "X", "3", "3"), ("MERGE", "LAST", "3", "3")]
    assert [plant.stock(name, tank) for name in ("X", "OLD", "LAST")] == ["1", "5", "10"]
    assert [plant.total(name) for name in ("X", "LAST")] == ["4", "10"]
    last = next(lot for lot in plant.lots.values() if lot.name == "LAST")
    assert (last.expiration_millis, last.common.version) == (NOW + DAY, 2)
    names = {plant.lots[row.lot_id].name: row.name for row in plant.rows.values()}
    assert names == {"X": "", "OLD": "", "LAST": "P"}


def test_step_15_merge_into_new_takes_all_others_in_the_order_they_came(plant: Plant) -> None:
    """One MERGE each; none of them is closed."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_NEW)
    plant.lot("A", stock="5", at=tank)
    plant.lot("B", stock="7", at=tank)
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id, create_lot_if_not_found=True)
    outcome = plant.execute(operation, "N", "1")

    assert told(outcome) == [("PRODUCE", "N", "1", "1"), ("MERGE", "N", "5", "5"), ("MERGE", "N", "7", "7")]
    assert [plant.stock(name, tank) for name in ("A", "B", "N")] == ["0", "0", "13"]
    assert plant.total("N") == "13"
    assert {lot.status for lot in plant.lots.values()} == {LotStatus.OPEN}


def test_step_15_a_call_raises_a_version_once_and_not_of_what_it_makes(plant: Plant) -> None:
    """Two merges that each bring an earlier date are one edit; a new lot is born with its date."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_NEW)
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id, create_lot_if_not_found=True)
    for name in ("KNOWN", "BORN"):
        if name == "KNOWN":
            plant.lot(name)
        plant.lot(f"A for {name}", stock="5", at=tank, expiration_millis=NOW + 3 * DAY)
        plant.lot(f"B for {name}", stock="7", at=tank, expiration_millis=NOW + 2 * DAY)
        assert isinstance(plant.execute(operation, name, "1"), Answer)
        plant.rows.clear()
    versions = {lot.name: (lot.common.version, lot.expiration_millis) for lot in plant.lots.values()}
    assert versions["KNOWN"] == (2, NOW + 2 * DAY)
    assert versions["BORN"] == (1, NOW + 2 * DAY)


def test_step_15_a_lot_that_may_not_be_merged_refuses_the_call(plant: Plant) -> None:
    """Material, then unit, then the merged lot before the receiving one."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_NEW)
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id, create_lot_if_not_found=True)
    cream = plant.material("Cream", plant.kg)
    plant.lot("C", stock="1", at=tank, material_id=cream.id)
    assert plant.execute(operation, "N", "1") == MergeNotPossible(
        location="Tank", lot="N", other_lot="C", cause="MATERIAL"
    )
    plant.rows.clear()
    plant.lot("G", stock="1", at=tank, unit_id=plant.g.id)
    assert plant.execute(operation, "N", "1") == MergeNotPossible(location="Tank", lot="N", other_lot="G", cause="UNIT")
    plant.rows.clear()
    plant.lot("H", stock="1", at=tank, status=LotStatus.QA_HOLD)
    assert plant.execute(operation, "N", "1") == LotStatusForbids(lot="H", lot_status="QA_HOLD", operation_type="MERGE")


def test_no_storage_writes_records_and_totals_only(plant: Plant) -> None:
    """Nothing to take, nothing to pick, nothing to scrap; no capacity is looked at."""
    dock = plant.location(
        "Dock",
        lot_storage_strategy=LotStorageStrategy.NO_STORAGE,
        storage_capacity_millionths=0,
        storage_capacity_unit=plant.kg,
    )
    plant.lot("L")
    assert told(plant.execute(plant.operation(T.RECEIVE, destination_location_id=dock.id), "L", "2"))[0][3] == "0"
    assert told(plant.execute(plant.operation(T.CONSUME, source_location_id=dock.id), "L", "9"))[0][3] == "0"
    assert (plant.rows, plant.total("L")) == ({}, "2")
    pick = plant.operation(
        T.CONSUME,
        source_location_id=dock.id,
        primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION,
    )
    assert refusal(plant.execute(pick, None, "1")).reason == "INSUFFICIENT_INVENTORY"
    scrap_all = plant.execute(plant.operation(T.SCRAP_ALL, source_location_id=dock.id), "L")
    assert isinstance(scrap_all, Answer)
    assert scrap_all.records == []


def test_step_16_a_produce_raises_its_orders_count(plant: Plant) -> None:
    """In the order's unit; another material does not count; the row and the record name the order."""
    order = plant.order("PO", unit=plant.g)
    process = plant.process_operation(order, run="RUN-1")
    plant.lot("L")
    produces = plant.operation(
        T.PRODUCE, operation_id=process.id, increment_production_order_count=True, unit_id=plant.kg.id
    )
    outcome = plant.execute(produces, "L", "1.5")
    assert isinstance(outcome, Answer)
    assert (outcome.records[0].production_order, outcome.records[0].operation_record_id) == (order, "RUN-1")
    assert plant.counts[order.id] == millionths("1500")
    assert next(iter(plant.rows.values())).production_order_id == order.id
    cream = plant.material("Cream", plant.kg)
    plant.lot("C", material_id=cream.id)
    other = plant.operation(
        T.PRODUCE, operation_id=process.id, increment_production_order_count=True, material_id=cream.id
    )
    assert isinstance(plant.execute(other, "C", "1"), Answer)
    assert plant.counts[order.id] == millionths("1500")


def test_a_stored_quantity_never_reaches_the_limit(plant: Plant) -> None:
    """Neither stock nor total; the refusal changes nothing."""
    plant.lot("L", stock="9199999999999")
    assert plant.execute(plant.operation(T.PRODUCE), "L", "1") == QuantityOverflow()
    assert isinstance(plant.execute(plant.operation(T.PRODUCE), "L", "0.999999"), Answer)


@pytest.mark.parametrize(
    ("strategy", "taken"),
    [
        (LotUseStrategy.FIFO, ["A", "B"]),
        (LotUseStrategy.LIFO, ["D", "B"]),
        (LotUseStrategy.FEFO, ["B", "A"]),
    ],
)
def test_a_pick_takes_lots_in_the_locations_order_of_use(
    plant: Plant, strategy: LotUseStrategy, taken: list[str]
) -> None:
    """One record a lot; held lots and other materials are passed over; those without a date expire last."""
    store = plant.location("Store", lot_use_strategy=strategy)
    plant.lot("A", stock="2", at=store, expiration_millis=NOW + 3 * DAY)
    plant.lot("B", stock="2", at=store, expiration_millis=NOW + 2 * DAY)
    plant.lot("HELD", stock="2", at=store, status=LotStatus.QA_HOLD, expiration_millis=NOW + DAY)
    plant.lot("C", stock="2", at=store, material_id=plant.material("Cream", plant.kg).id)
    plant.lot("D", stock="2", at=store)
    pick = plant.operation(
        T.CONSUME,
        source_location_id=store.id,
        primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION,
    )
    assert told(plant.execute(pick, None, "3")) == [
        ("CONSUME", taken[0], "2", "-2"),
        ("CONSUME", taken[1], "1", "-1"),
    ]


def _pick(plant: Plant, **changes: Any) -> Any:
    strategy = LotResolutionStrategy.FROM_LOCATION
    return plant.operation(T.CONSUME, primary_lot_resolution_strategy=strategy, **changes)


def test_a_pick_that_lots_do_not_cover_takes_nothing(plant: Plant) -> None:
    """Available is in the asked unit; no lot is named."""
    plant.lot("A", stock="2")
    outcome = plant.execute(_pick(plant, unit_id=plant.g.id), None, "3000")
    assert outcome == InsufficientInventory(location="Silo", available="2000", requested="3000", unit="g")
    assert plant.stock("A") == "2"


def test_a_pick_may_go_below_zero_with_the_last_lot_that_gave(plant: Plant) -> None:
    """Without any lot it is refused all the same."""
    pit = plant.location("Pit", allow_negative_inventory=True)
    pick = _pick(plant, source_location_id=pit.id)
    assert refusal(plant.execute(pick, None, "1")).reason == "INSUFFICIENT_INVENTORY"
    plant.lot("A", stock="2", at=pit)
    plant.lot("B", stock="1", at=pit)
    assert told(plant.execute(pick, None, "5")) == [("CONSUME", "A", "2", "-2"), ("CONSUME", "B", "3", "-3")]
    assert (plant.stock("A", pit), plant.stock("B", pit)) == ("0", "-2")


def test_a_pick_passes_over_the_secondary_lot(plant: Plant) -> None:
    """A lot does not go into itself."""
    plant.lot("A", stock="2")
    plant.lot("B", stock="2")
    pick = _pick(plant, secondary_material_id=plant.milk.id)
    assert told(plant.execute(pick, None, "1", secondary_lot="A")) == [("CONSUME", "B", "1", "-1")]


def test_a_pick_passes_over_what_rounds_to_zero_in_the_asked_unit(plant: Plant) -> None:
    """0.0000004 t are nothing to ask for in tonnes."""
    plant.lot("CRUMB", stock="0.0004")
    plant.lot("A", stock="5")
    outcome = plant.execute(_pick(plant, unit_id=plant.t.id), None, "0.001")
    assert told(outcome) == [("CONSUME", "A", "0.001", "-1")]
