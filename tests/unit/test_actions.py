"""Requested actions on the pure domain: one test a rule. The nine types of operations have theirs in the steps."""

from typing import Any

import pytest
from lotkeeper_server.domain.commands import ExecuteActions
from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.limits import RECORDS_PER_CALL_MAX
from lotkeeper_server.domain.model.enumerations import (
    InventoryActionType,
    LotRecordType,
    LotStatus,
    LotStorageStrategy,
)
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Answer, Edge
from lotkeeper_server.domain.refusals import (
    CommentsRequired,
    Disabled,
    InsufficientInventory,
    InvalidArgument,
    LotMaterialMismatch,
    LotRequired,
    MaterialRequired,
    NotFound,
    Refusal,
    Refused,
    RequestIdReused,
    TooManyRecords,
    UnitNotConvertible,
    UnitRequired,
)

from tests.plant import DAY, HOUR, NOW, Plant, millionths, new_id, told

FALLING = ["CONSUME", "SHIP", "RETURN", "SCRAP"]
RISING = ["PRODUCE", "UNCONSUME", "RECEIVE"]


@pytest.fixture
def plant() -> Plant:
    return Plant()


def answer(outcome: Any) -> Answer:
    assert isinstance(outcome, Answer), outcome
    return outcome


def fields(outcome: Any) -> list[str]:
    assert isinstance(outcome, Refusal), outcome
    return [violation.field for violation in outcome.violations]


# The nine types, through the same apply as operations.


@pytest.mark.parametrize("kind", FALLING)
def test_a_falling_action_takes_stock_and_carries_what_it_says(plant: Plant, kind: str) -> None:
    """Locations, secondary lot, name, notes and spares stand on the record; no operation does."""
    lot, into = plant.lot("L", stock="120"), plant.lot("B")
    line = plant.location("Line", enabled=False)
    outcome = plant.act(
        kind,
        lot,
        "100",
        destination=line,
        secondary_lot=into,
        inventory_name="pallet",
        notes="why",
        spares=("1", "2", "3"),
    )

    assert told(outcome) == [(kind, "L", "100", "-100")]
    (record,) = answer(outcome).records
    assert (record.source_location, record.destination_location, record.secondary_lot) == (plant.silo, line, into)
    assert (record.inventory_name, record.common.notes, record.inventory_operation) == ("pallet", "why", None)
    assert (record.common.spare1, record.common.spare2, record.common.spare3) == ("1", "2", "3")
    assert plant.rows[plant.silo.id, lot.id].name == ""
    assert plant.edges[EdgeKey(lot.id, into.id, LotRecordType[kind])] == Edge(millionths("100"), 1)


@pytest.mark.parametrize("kind", RISING)
def test_a_rising_action_makes_its_lot_if_it_may(plant: Plant, kind: str) -> None:
    """In its material's unit, with the material's shelf life; the row gets the name."""
    outcome = plant.act(kind, "new", "5", create_lot_if_not_found=True, inventory_name="pallet")

    assert told(outcome) == [(kind, "new", "5", "5")]
    (made,) = plant.lots.values()
    assert (made.unit_id, made.expiration_millis, made.common.version) == (plant.kg.id, NOW + 10 * DAY, 1)
    assert [row.name for row in plant.rows.values()] == ["pallet"]


@pytest.mark.parametrize("kind", [*RISING, "RECEIVE_AND_CONSUME"])
def test_a_rising_action_needs_its_lot(plant: Plant, kind: str) -> None:
    """None is made by itself, and a name that is not there is refused without the flag."""
    assert plant.act(kind, None, "5") == LotRequired(field="lot_id_or_name").at("lot_id_or_name")
    assert plant.act(kind, "new", "5") == NotFound(entity="inventory_lot", name="new").at("lot_id_or_name")


@pytest.mark.parametrize("kind", FALLING)
def test_a_falling_action_makes_no_lot(plant: Plant, kind: str) -> None:
    """Also with the flag."""
    outcome = plant.act(kind, "new", "5", create_lot_if_not_found=True)
    assert outcome == NotFound(entity="inventory_lot", name="new").at("lot_id_or_name")


@pytest.mark.parametrize("kind", FALLING)
def test_a_falling_action_without_a_lot_picks(plant: Plant, kind: str) -> None:
    """In the material's unit."""
    plant.lot("first", stock="2")
    plant.lot("grams", stock="3000", unit_id=plant.g.id)
    outcome = plant.act(kind, None, "4")

    assert told(outcome) == [(kind, "first", "2", "-2"), (kind, "grams", "2", "-2000")]
    assert [record.unit for record in answer(outcome).records] == [plant.kg, plant.kg]


def test_a_pick_of_a_material_without_a_unit_needs_one(plant: Plant) -> None:
    """There is no lot yet that could give it."""
    bare = plant.material("Bare", None)
    lot = plant.lot("L", stock="2", material_id=bare.id)
    assert plant.act("SCRAP", None, "1", material=bare) == UnitRequired()
    assert told(plant.act("SCRAP", None, "1", material=bare, unit_symbol="kg")) == [("SCRAP", "L", "1", "-1")]
    assert told(plant.act("SCRAP", lot, "1", material=bare)) == [("SCRAP", "L", "1", "-1")]


def test_scrap_all_takes_every_lot_or_the_one_given(plant: Plant) -> None:
    """Nothing found is no fault."""
    one = plant.lot("one", stock="1")
    plant.lot("two", stock="2")
    plant.lot("three", stock="3")
    assert told(plant.act("SCRAP_ALL", one)) == [("SCRAP", "one", "1", "-1")]
    assert told(plant.act("SCRAP_ALL")) == [("SCRAP", "two", "2", "-2"), ("SCRAP", "three", "3", "-3")]
    nothing = answer(plant.act("SCRAP_ALL"))
    assert (nothing.records, nothing.main, nothing.action_indexes) == ([], None, ())


def test_receive_and_consume_passes_through_with_two_records_of_one_action(plant: Plant) -> None:
    """Both belong to it."""
    outcome = plant.act_all(plant.action("SCRAP_ALL"), plant.action("RECEIVE_AND_CONSUME", plant.lot("L"), "5"))
    assert told(outcome) == [("RECEIVE", "L", "5", "5"), ("CONSUME", "L", "5", "-5")]
    assert answer(outcome).action_indexes == (1, 1)


# Steps 4 to 11.


def test_locations_are_found_by_path_and_must_be_there(plant: Plant) -> None:
    """Also the one that is only genealogy."""
    lot = plant.lot("L", stock="9")
    assert told(plant.act("CONSUME", lot, "1", source="Silo")) == [("CONSUME", "L", "1", "-1")]
    wrong = plant.act("CONSUME", lot, "1", source="Nowhere")
    assert wrong == NotFound(entity="location", path="Nowhere").at("source_location_id_or_path")
    stranger = new_id()
    wrong = plant.act("CONSUME", lot, "1", destination=stranger)
    assert wrong == NotFound(entity="location", id=format_id(stranger)).at("destination_location_id_or_path")


@pytest.mark.parametrize("kind", [*FALLING, *RISING, "SCRAP_ALL", "RECEIVE_AND_CONSUME", "MOVE", "SPLIT", "EDIT"])
def test_the_location_that_the_type_needs_must_be_enabled_before_the_material_is_looked_at(
    plant: Plant, kind: str
) -> None:
    """A material that is not there comes later."""
    shut = plant.location("Shut", enabled=False)
    place = "destination" if kind in RISING else "source"
    outcome = plant.act(kind, "L", "1", material="No", **{place: shut})
    assert outcome == Disabled(entity="location", id=format_id(shut.id))


def test_move_needs_both_its_locations_enabled(plant: Plant) -> None:
    """The destination, too."""
    shut = plant.location("Shut", enabled=False)
    outcome = plant.act("MOVE", plant.lot("L", stock="1"), "1", destination=shut)
    assert outcome == Disabled(entity="location", id=format_id(shut.id))


def test_move_refuses_one_location_given_by_id_and_by_path(plant: Plant) -> None:
    """On both fields."""
    outcome = plant.act("MOVE", plant.lot("L", stock="1"), "1", destination="Silo")
    assert fields(outcome) == ["source_location_id_or_path", "destination_location_id_or_path"]


def test_step_5_the_material_is_the_given_one_else_that_of_a_lot_given_by_id(plant: Plant) -> None:
    """A lot's name alone says nothing."""
    lot = plant.lot("L", stock="9")
    assert told(plant.act("CONSUME", lot, "1", material=None)) == [("CONSUME", "L", "1", "-1")]
    assert isinstance(plant.act("CONSUME", "L", "1", material=None), MaterialRequired)
    assert fields(plant.act("CONSUME", "L", "1", material=None)) == ["material_id_or_path"]
    stranger = new_id()
    unknown = plant.act("CONSUME", stranger, "1", material=None)
    assert unknown == NotFound(entity="inventory_lot", id=format_id(stranger)).at("lot_id_or_name")
    cream = plant.material("Cream", plant.kg)
    assert plant.act("CONSUME", lot, "1", material=cream) == LotMaterialMismatch(lot="L", material="Cream").at(
        "lot_id_or_name"
    )


@pytest.mark.parametrize("kind", [one.name for one in InventoryActionType])
def test_step_5_a_disabled_material_can_only_be_cleared_away(plant: Plant, kind: str) -> None:
    """SCRAP, SCRAP_ALL, RETURN and what operations cannot do take it."""
    old = plant.material("Old", plant.kg, enabled=False)
    lot = plant.lot("L", stock="9", material_id=old.id)
    other = plant.lot("M", stock="9", material_id=old.id)
    more: dict[str, Any] = {
        "MOVE": {"destination": plant.location("Tank")},
        "SPLIT": {"new_lot_name": "S"},
        "MERGE": {"secondary_lot": other},
        "STATUS_CHANGE": {"lot_status": LotStatus.CLOSED},
    }.get(kind, {})
    quantity = None if kind in {"SCRAP_ALL", "MERGE", "STATUS_CHANGE"} else "1"
    outcome = plant.act(kind, lot, quantity, material=old, **more)
    clears = {"SCRAP", "SCRAP_ALL", "RETURN", "MOVE", "SPLIT", "MERGE", "EDIT", "STATUS_CHANGE"}
    if kind in clears:
        assert isinstance(outcome, Answer), outcome
    else:
        assert outcome == Disabled(entity="material", id=format_id(old.id))


@pytest.mark.parametrize("kind", ["MOVE", "SPLIT", "MERGE", "EDIT", "STATUS_CHANGE"])
def test_step_6_what_moves_one_lot_needs_it(plant: Plant, kind: str) -> None:
    """It picks none."""
    plant.lot("L", stock="9")
    assert plant.act(kind, None, "1", destination=plant.location("Tank")) == LotRequired(field="lot_id_or_name").at(
        "lot_id_or_name"
    )


def test_step_7_a_secondary_lot_by_name_needs_its_material(plant: Plant) -> None:
    """By id it does not; the flag makes it, a material alone does not."""
    lot, cream = plant.lot("L", stock="9"), plant.material("Cream", plant.kg)
    outcome = plant.act("CONSUME", lot, "1", secondary_lot="B")
    assert isinstance(outcome, MaterialRequired)
    assert fields(outcome) == ["secondary_material_id_or_path"]
    missing = plant.act("CONSUME", lot, "1", secondary_lot="B", secondary_material=cream)
    assert missing == NotFound(entity="inventory_lot", name="B").at("secondary_lot_id_or_name")
    made = plant.act("CONSUME", lot, "1", secondary_lot="B", secondary_material=cream, create_lot_if_not_found=True)
    assert answer(made).records[0].secondary_lot is not None
    alone = plant.act("CONSUME", lot, "1", secondary_material=cream, create_lot_if_not_found=True)
    assert answer(alone).records[0].secondary_lot is None
    nowhere = plant.act("CONSUME", lot, "1", secondary_material="No")
    assert nowhere == NotFound(entity="material", path="No").at("secondary_material_id_or_path")


def test_step_7_the_primary_lot_is_no_secondary_lot(plant: Plant) -> None:
    """Of a MERGE neither."""
    lot = plant.lot("L", stock="9")
    for kind, quantity in (("CONSUME", "1"), ("MERGE", None)):
        assert fields(plant.act(kind, lot, quantity, secondary_lot=lot)) == ["secondary_lot_id_or_name"]


def test_step_9_the_unit_is_the_one_given_else_the_lots(plant: Plant) -> None:
    """By id, name or symbol; never the production order's."""
    lot = plant.lot("L", stock="9000", unit_id=plant.g.id)
    order = plant.order("O", unit=plant.t)
    assert told(plant.act("CONSUME", lot, "5")) == [("CONSUME", "L", "5", "-5")]
    assert told(plant.act("CONSUME", lot, "1", unit_id=plant.kg)) == [("CONSUME", "L", "1", "-1000")]
    assert told(plant.act("CONSUME", lot, "1", unit_name="kg")) == [("CONSUME", "L", "1", "-1000")]
    assert told(plant.act("CONSUME", lot, "1", unit_symbol="kg")) == [("CONSUME", "L", "1", "-1000")]
    assert told(plant.act("PRODUCE", lot, "5", production_order=order)) == [("PRODUCE", "L", "5", "5")]


def test_step_9_a_units_id_and_symbol_that_differ_are_refused(plant: Plant) -> None:
    """On both fields; one that is not there is not found."""
    lot = plant.lot("L", stock="9")
    outcome = plant.act("CONSUME", lot, "1", unit_id=plant.kg, unit_symbol="g")
    assert fields(outcome) == ["unit_of_measure_id", "unit_of_measure_symbol"]
    missing = plant.act("CONSUME", lot, "1", unit_symbol="lb")
    assert missing == NotFound(entity="unit_of_measure", symbol="lb").at("unit_of_measure_symbol")
    liter = plant.unit("l")
    assert plant.act("CONSUME", lot, "1", unit_id=liter) == UnitNotConvertible(
        from_unit="l", to_unit="kg", material="Milk"
    )


def test_step_10_times_have_the_limits_of_operations(plant: Plant) -> None:
    """Also for what moves no stock."""
    lot = plant.lot("L", stock="9")
    for more in ({"end_millis": NOW + DAY + 1}, {"end_millis": NOW - 7 * DAY - 1}):
        outcome = plant.act("STATUS_CHANGE", lot, lot_status=LotStatus.QA_HOLD, **more)
        assert fields(outcome) == ["end_date_millis"]
    outcome = plant.act("EDIT", lot, "1", end_millis=NOW - HOUR)
    assert [(one.start_millis, one.end_millis) for one in answer(outcome).records] == [(NOW - HOUR, NOW - HOUR)]


def test_step_11_a_reason_code_must_fit_and_have_its_comments(plant: Plant) -> None:
    """The comments are the action's own notes."""
    lot = plant.lot("L", stock="9")
    tank = plant.location("Tank")
    moves = plant.reason_code("M", lot_record_type=LotRecordType.MOVE, require_comments=True)
    assert plant.act("MOVE", lot, "1", destination=tank, reason_code_id=moves.id) == CommentsRequired(reason_code="M")
    done = plant.act("MOVE", lot, "1", destination=tank, reason_code_id=moves.id, notes="because")
    assert answer(done).records[0].reason_code == moves
    assert fields(plant.act("SPLIT", lot, "1", new_lot_name="S", reason_code_id=moves.id)) == [
        "material_reason_code_id"
    ]
    stranger = new_id()
    assert plant.act("EDIT", lot, "1", reason_code_id=stranger) == NotFound(
        entity="material_reason_code", id=format_id(stranger)
    ).at("material_reason_code_id")


def test_orders_and_process_operations_stand_on_the_records(plant: Plant) -> None:
    """The action's order wins over the one that the process operation currently has."""
    lot = plant.lot("L", stock="9")
    current, given = plant.order("current"), plant.order("given")
    process = plant.process_operation(current, "run 7")
    (record,) = answer(plant.act("EDIT", lot, "1", operation_id=process.id)).records
    assert (record.production_order, record.operation_record_id) == (current, "run 7")
    (record,) = answer(plant.act("EDIT", lot, "1", operation_id=process.id, production_order="given")).records
    assert record.production_order == given
    stranger = new_id()
    missing = plant.act("EDIT", lot, "1", operation_id=stranger)
    assert missing == NotFound(entity="operation", id=format_id(stranger)).at("operation_id")
    missing = plant.act("EDIT", lot, "1", production_order="No")
    assert missing == NotFound(entity="production_order", name="No").at("production_order_id_or_name")


def test_produce_raises_its_orders_count_only_where_it_says_so(plant: Plant) -> None:
    """The order given, else the process operation's; without one it is refused."""
    lot, order = plant.lot("L"), plant.order("O", unit=plant.g)
    plant.act("PRODUCE", lot, "1", production_order=order)
    assert plant.counts[order.id] == 0
    plant.act("PRODUCE", lot, "1", production_order=order, increment_production_order_count=True)
    process = plant.process_operation(order)
    plant.act("PRODUCE", lot, "2", operation_id=process.id, increment_production_order_count=True)
    assert decimal_text(plant.counts[order.id]) == "3000"
    outcome = plant.act("PRODUCE", lot, "1", increment_production_order_count=True)
    assert fields(outcome) == ["production_order_id_or_name"]


# Many actions in one call.


def test_a_call_raises_a_lots_version_once_and_not_of_one_that_it_made(plant: Plant) -> None:
    """However many actions edit it."""
    lot = plant.lot("L", stock="5")
    hold, free = (
        plant.action("STATUS_CHANGE", "L", lot_status=status) for status in (LotStatus.QA_HOLD, LotStatus.OPEN)
    )
    outcome = plant.act_all(
        hold,
        free,
        plant.action("SPLIT", "L", "1", new_lot_name="S"),
        plant.action("STATUS_CHANGE", "S", lot_status=LotStatus.AVAILABLE),
    )
    assert [record.lot_status.name for record in answer(outcome).records] == ["QA_HOLD", "OPEN", "OPEN", "AVAILABLE"]
    made = next(one for one in plant.lots.values() if one.name == "S")
    assert (plant.lots[lot.id].common.version, made.common.version, made.common.modified_by) == (2, 1, None)


def test_each_action_sees_the_effects_of_those_before_it(plant: Plant) -> None:
    """And every record names its action."""
    tank = plant.location("Tank")
    outcome = plant.act_all(
        plant.action("PRODUCE", "L", "5", create_lot_if_not_found=True),
        plant.action("MOVE", "L", "2", destination=tank),
        plant.action("RECEIVE_AND_CONSUME", "L", "1"),
        plant.action("SPLIT", "L", "3", new_lot_name="S"),
        plant.action("MERGE", "S", secondary_lot="L", source=tank),
    )
    assert [one[:2] for one in told(outcome)] == [
        ("PRODUCE", "L"),
        ("MOVE", "L"),
        ("RECEIVE", "L"),
        ("CONSUME", "L"),
        ("SPLIT", "L"),
        ("MERGE", "S"),
    ]
    assert answer(outcome).action_indexes == (0, 1, 2, 2, 3, 4)
    assert (plant.stock("S"), plant.stock("S", tank), plant.stock("L"), plant.stock("L", tank)) == ("3", "2", "0", "0")
    assert next(one for one in plant.lots.values() if one.name == "L").status is LotStatus.CLOSED


def test_any_refusal_undoes_all_and_names_its_index(plant: Plant) -> None:
    """The first one."""
    plant.lot("L", stock="5")
    command = ExecuteActions(
        "me", [plant.action("CONSUME", "L", "3"), plant.action("CONSUME", "L", "3"), plant.action("CONSUME", "No", "3")]
    )
    with pytest.raises(Refused) as refused:
        plant.decide(command)
    assert refused.value.index == 1
    assert isinstance(refused.value.refusal, InsufficientInventory)
    assert (plant.stock("L"), plant.records) == ("5", {})


def test_a_call_of_more_than_a_thousand_records_is_refused_without_an_index(plant: Plant) -> None:
    """Passing through writes two records an action."""
    plant.lot("L")
    through = plant.action("RECEIVE_AND_CONSUME", "L", "1")
    half = RECORDS_PER_CALL_MAX // 2
    assert len(answer(plant.act_all(*[through] * half)).records) == RECORDS_PER_CALL_MAX
    limit = RECORDS_PER_CALL_MAX
    outcome = plant.decide(ExecuteActions("me", [through] * (half + 1)))  # one with an index would be raised
    assert outcome == TooManyRecords(count=limit + 2, limit=limit)


def test_a_request_id_brings_the_same_records_and_indexes_again(plant: Plant) -> None:
    """Once it took effect; another request under it is refused, without an index."""
    plant.lot("L", stock="5")
    actions = [plant.action("SCRAP_ALL", "No lot", create_lot_if_not_found=False), plant.action("CONSUME", "L", "1")]
    actions[0] = plant.action("SCRAP_ALL", source=plant.location("Empty"))
    first = answer(plant.act_all(*actions, request_id="r", fingerprint=b"f"))
    again = answer(plant.act_all(*actions, request_id="r", fingerprint=b"f"))
    assert [one.id for one in again.records] == [one.id for one in first.records]
    assert (first.action_indexes, again.action_indexes) == ((1,), (1,))
    assert [one.request_id for one in first.records] == ["r"]
    assert plant.stock("L") == "4"
    reused = plant.act_all(*actions, request_id="r", fingerprint=b"g")
    assert reused == RequestIdReused(request_id="r").at("request_id")


def test_a_call_that_wrote_no_record_keeps_its_request_id_too(plant: Plant) -> None:
    """A repeat scraps nothing, although there is something now."""
    nothing = plant.action("SCRAP_ALL")
    assert answer(plant.act_all(nothing, request_id="r", fingerprint=b"f")).records == []
    plant.lot("L", stock="5")
    assert answer(plant.act_all(nothing, request_id="r", fingerprint=b"f")).records == []
    assert plant.stock("L") == "5"


def test_a_dry_run_does_everything_but_keep_it(plant: Plant) -> None:
    """Neither stock nor lots nor the request id; ids that do not exist are named as unborn."""
    asked = plant.action("PRODUCE", "L", "5", create_lot_if_not_found=True)
    outcome = answer(plant.act_all(asked, request_id="r", fingerprint=b"f", validate_only=True))
    (record,) = outcome.records
    assert {record.id, record.lot.id} <= outcome.unborn
    assert (plant.records, plant.lots, plant.rows, plant.requests) == ({}, {}, {}, {})
    assert isinstance(plant.act_all(plant.action("CONSUME", "L", "1"), validate_only=True), NotFound)


def test_an_action_that_is_refused_makes_no_lot(plant: Plant) -> None:
    """Neither does one that writes no record."""
    single = plant.location("Single", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    plant.lot("there", stock="1", at=single)
    plant.act("PRODUCE", "new", "5", destination=single, create_lot_if_not_found=True)
    nothing = plant.act(
        "SCRAP_ALL",
        source=plant.location("Empty"),
        secondary_lot="bin",
        secondary_material=plant.milk,
        create_lot_if_not_found=True,
    )
    assert answer(nothing).records == []
    assert [lot.name for lot in plant.lots.values()] == ["there"]


def test_a_fault_of_the_lots_unit_names_the_quantity(plant: Plant) -> None:
    """What rounds to zero there."""
    lot = plant.lot("L", stock="5", unit_id=plant.t.id)
    outcome = plant.act("MOVE", lot, "0.0001", unit_symbol="g", destination=plant.location("Tank"))
    assert isinstance(outcome, InvalidArgument)
    assert fields(outcome) == ["quantity"]
