"""Stock in time on the pure domain: no moment below zero, and a count speaks of its moment. One test a rule."""

from dataclasses import replace
from typing import Any

import pytest
from lotkeeper_server.domain.commands import Batch, Execute
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotResolutionStrategy,
    LotStorageStrategy,
    LotUseStrategy,
)
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Answer, Lot, Record
from lotkeeper_server.domain.refusals import (
    AsOfArchived,
    CountSuperseded,
    InsufficientInventory,
    LocationCapacityExceeded,
    LocationHoldsAnotherLot,
)

from tests.plant import DAY, HOUR, NOW, Plant, millionths, told

T = InventoryOperationType
THREE_DAYS_AGO, TWO_DAYS_AGO, YESTERDAY = NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY
MINUTE = 60_000


@pytest.fixture
def plant() -> Plant:
    return Plant()


def done(outcome: Any) -> Record:
    assert isinstance(outcome, Answer), outcome
    return outcome.records[-1]


def too_little(outcome: Any) -> tuple[str, str | None, str | None]:
    """What is available, what was asked for, and the first moment below zero."""
    assert isinstance(outcome, InsufficientInventory), outcome
    return outcome.available, outcome.requested, outcome.metadata.get("at")


def text(millis: int) -> str:
    days = {NOW: "15", YESTERDAY: "14", TWO_DAYS_AGO: "13", THREE_DAYS_AGO: "12"}
    return f"2025-06-{days[millis]}T15:06:40Z"


def stock(plant: Plant, lot: Lot, at: Any = None) -> str:
    row = plant.rows.get(((at or plant.silo).id, lot.id))
    return decimal_text(row.millionths if row else 0)


def as_of(plant: Plant, lot: Lot, moment: int, at: Any = None) -> str:
    """The sum of the completed records whose end is at or before the moment."""
    place, total = (at or plant.silo).id, 0
    for record in plant.records.values():
        if record.end_millis is None or record.end_millis > moment or record.status.name != "COMPLETED":
            continue
        if record.lot.id == lot.id:
            for where, change in (
                (record.source_location, record.source_change_millionths),
                (record.destination_location, record.destination_change_millionths),
            ):
                total += change if where and where.id == place else 0
        if record.lot_record_type.name in {"SPLIT", "MERGE"} and record.secondary_lot:
            here = record.source_location and record.source_location.id == place
            total -= record.source_change_millionths if here and record.secondary_lot.id == lot.id else 0
    return decimal_text(total)


# A fall.


def test_goods_received_today_are_not_consumed_yesterday(plant: Plant) -> None:
    """The first moment below zero is the end of the fall."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100"))
    assert too_little(plant.act("CONSUME", lot, "60", end_millis=THREE_DAYS_AGO)) == ("0", "60", text(THREE_DAYS_AGO))
    assert stock(plant, lot) == "100"


def test_a_later_record_that_would_go_below_refuses_an_earlier_fall(plant: Plant) -> None:
    """`at` is its moment, `available` the least from the end of the fall on."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", lot, "70", end_millis=YESTERDAY))
    done(plant.act("RECEIVE", lot, "100"))
    outcome = plant.act("CONSUME", lot, "31", end_millis=TWO_DAYS_AGO)
    assert too_little(outcome) == ("30", "31", text(YESTERDAY))
    assert "14T15:06:40Z" in outcome.message
    done(plant.act("CONSUME", lot, "30", end_millis=TWO_DAYS_AGO))
    assert [as_of(plant, lot, at) for at in (THREE_DAYS_AGO, TWO_DAYS_AGO, YESTERDAY, NOW)] == ["100", "70", "0", "100"]


def test_a_receipt_dated_tomorrow_cannot_be_used_today(plant: Plant) -> None:
    """Nor partly, and it can be used from its own end on."""
    lot = plant.lot("L", stock="5")
    done(plant.act("RECEIVE", lot, "100", end_millis=NOW + 20 * HOUR))
    assert too_little(plant.act("CONSUME", lot, "6"))[:2] == ("5", "6")
    done(plant.act("CONSUME", lot, "5"))
    done(plant.act("CONSUME", lot, "100", end_millis=NOW + 20 * HOUR))
    assert stock(plant, lot) == "0"


def test_a_moments_stock_counts_what_ended_in_that_millisecond(plant: Plant) -> None:
    """At or before."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "1", end_millis=TWO_DAYS_AGO))
    done(plant.act("RECEIVE", lot, "1"))
    assert too_little(plant.act("CONSUME", lot, "1", end_millis=TWO_DAYS_AGO - 1))[0] == "0"
    done(plant.act("CONSUME", lot, "1", end_millis=TWO_DAYS_AGO))


@pytest.mark.parametrize("kind", ["CONSUME", "SHIP", "RETURN", "SCRAP", "MOVE", "SPLIT", "SCRAP_ALL", "MERGE"])
def test_every_type_that_falls_obeys(plant: Plant, kind: str) -> None:
    """SCRAP_ALL and MERGE take all that is there now, and are refused where that is not there from their end on."""
    lot, tank = plant.lot("L"), plant.location("Tank")
    done(plant.act("RECEIVE", lot, "40", end_millis=THREE_DAYS_AGO))
    done(plant.act("RECEIVE", lot, "60"))
    more: dict[str, Any] = {"quantity": "50"}
    if kind == "MOVE":
        more |= {"destination": tank}
    if kind == "SPLIT":
        more |= {"new_lot_name": "S"}
    if kind == "SCRAP_ALL":
        more = {}
    if kind == "MERGE":
        outcome = plant.act(kind, plant.lot("into"), secondary_lot=lot, end_millis=YESTERDAY)
    else:
        outcome = plant.act(kind, lot, end_millis=YESTERDAY, **more)
    asked = "100" if kind in {"SCRAP_ALL", "MERGE"} else "50"
    assert too_little(outcome) == ("40", asked, text(YESTERDAY))
    assert outcome.lot == "L"


@pytest.mark.parametrize("kind", ["CONSUME", "MOVE", "SCRAP_ALL", "MERGE", "SPLIT"])
def test_where_negative_stock_is_allowed_only_a_split_obeys(plant: Plant, kind: str) -> None:
    """A split never takes a lot below zero, at no moment."""
    yard = plant.location("Yard", allow_negative_inventory=True)
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", destination=yard))
    more: dict[str, Any] = {
        "CONSUME": {"quantity": "50"},
        "MOVE": {"quantity": "50", "destination": plant.silo},
        "SPLIT": {"quantity": "50", "new_lot_name": "S"},
    }.get(kind, {})
    if kind == "MERGE":
        outcome = plant.act(kind, plant.lot("into"), source=yard, secondary_lot=lot, end_millis=YESTERDAY)
    else:
        outcome = plant.act(kind, lot, source=yard, end_millis=YESTERDAY, **more)
    if kind == "SPLIT":
        assert too_little(outcome) == ("0", "50", text(YESTERDAY))
    else:
        done(outcome)


def test_what_only_passes_through_takes_nothing_and_is_not_a_latest_end(plant: Plant) -> None:
    """Neither is it refused, nor does it stand in the way of a fall before it."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=THREE_DAYS_AGO))
    done(plant.act("RECEIVE_AND_CONSUME", lot, "50", end_millis=YESTERDAY))
    assert plant.rows[plant.silo.id, lot.id].latest_end_millis == THREE_DAYS_AGO
    done(plant.act("CONSUME", lot, "10", end_millis=TWO_DAYS_AGO))


def test_a_row_knows_its_latest_end_whatever_comes_later_with_an_earlier_one(plant: Plant) -> None:
    """By rises, falls, and counts that change nothing."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=TWO_DAYS_AGO))
    done(plant.act("RECEIVE", lot, "10", end_millis=THREE_DAYS_AGO))
    row = (plant.silo.id, lot.id)
    assert plant.rows[row].latest_end_millis == TWO_DAYS_AGO
    done(plant.act("EDIT", lot, "20", end_millis=YESTERDAY))
    assert plant.rows[row].latest_end_millis == YESTERDAY
    done(plant.act("CONSUME", lot, "1", end_millis=TWO_DAYS_AGO))
    assert plant.rows[row].latest_end_millis == YESTERDAY


# Clocks that differ.


def test_an_end_less_than_the_tolerance_before_the_latest_is_taken_as_if_it_came_after(plant: Plant) -> None:
    """One millisecond less than a minute will do; a minute will not."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10"))
    assert too_little(plant.act("CONSUME", lot, "1", end_millis=NOW - MINUTE))[0] == "0"
    done(plant.act("CONSUME", lot, "1", end_millis=NOW - MINUTE + 1))
    assert too_little(plant.act("CONSUME", lot, "10", end_millis=NOW - 1)) == ("9", "10", text(NOW))


def test_without_tolerance_every_moment_counts(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """But an end that is the latest one comes after it in any case."""
    context = plant.context
    monkeypatch.setattr(plant, "context", lambda: replace(context(), backdating_tolerance_millis=1))
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10"))
    assert too_little(plant.act("CONSUME", lot, "1", end_millis=NOW - 1))[0] == "0"
    done(plant.act("CONSUME", lot, "1", end_millis=NOW))


# Picks.


def test_a_pick_takes_what_is_available_from_its_end_on_and_passes_over_what_has_nothing(plant: Plant) -> None:
    """One row gives in part; `at` is not said of a pick."""
    late, part, early = plant.lot("late"), plant.lot("part"), plant.lot("early")
    for lot, end in ((late, NOW), (part, THREE_DAYS_AGO), (early, THREE_DAYS_AGO)):
        done(plant.act("RECEIVE", lot, "10", end_millis=end))
    done(plant.act("CONSUME", part, "7", end_millis=YESTERDAY))
    done(plant.act("RECEIVE", part, "7"))
    outcome = plant.act("CONSUME", None, "8", end_millis=TWO_DAYS_AGO)
    assert told(outcome) == [("CONSUME", "part", "3", "-3"), ("CONSUME", "early", "5", "-5")]
    short = plant.act("CONSUME", None, "6", end_millis=TWO_DAYS_AGO)
    assert too_little(short) == ("5", "6", None)
    assert short.lot is None


def test_where_negative_stock_is_allowed_a_pick_counts_the_stock_of_now(plant: Plant) -> None:
    """As before."""
    yard = plant.location("Yard", allow_negative_inventory=True)
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", destination=yard))
    assert told(plant.act("CONSUME", None, "12", source=yard, end_millis=YESTERDAY)) == [("CONSUME", "L", "12", "-12")]


def test_a_start_passes_over_what_is_dated_tomorrow_and_a_stop_takes_what_is_there_by_then(plant: Plant) -> None:
    """A Start fixes the first lot that has something now; a Stop picks by its own end."""
    consume = plant.operation(T.CONSUME, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION)
    tomorrow, today = plant.lot("tomorrow"), plant.lot("today")
    done(plant.act("RECEIVE", tomorrow, "10", end_millis=NOW + 20 * HOUR))
    done(plant.act("RECEIVE", today, "4"))
    assert done(plant.start(consume)).lot.name == "today"
    assert too_little(plant.stop(consume, "5")) == ("4", "5", None)
    outcome = plant.stop(consume, "5", end_millis=NOW + 20 * HOUR)
    assert told(outcome) == [("CONSUME", "today", "4", "-4"), ("CONSUME", "tomorrow", "1", "-1")]


def test_a_fixed_lot_that_has_nothing_by_the_end_of_a_stop_gives_nothing(plant: Plant) -> None:
    """Its record stands with 0, and the pick goes on."""
    consume = plant.operation(T.CONSUME, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION)
    fixed, other = plant.lot("fixed"), plant.lot("other")
    done(plant.act("RECEIVE", fixed, "10"))
    done(plant.start(consume, start_millis=TWO_DAYS_AGO))
    done(plant.act("RECEIVE", other, "10", end_millis=THREE_DAYS_AGO))
    outcome = plant.stop(consume, "2", end_millis=YESTERDAY)
    assert told(outcome) == [("CONSUME", "fixed", "0", "0"), ("CONSUME", "other", "2", "-2")]


def test_a_stop_of_a_named_lot_obeys(plant: Plant) -> None:
    """And everything stays running."""
    consume = plant.operation(T.CONSUME)
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10"))
    done(plant.start(consume, lot, start_millis=TWO_DAYS_AGO))
    assert too_little(plant.stop(consume, "2", end_millis=YESTERDAY)) == ("0", "2", text(YESTERDAY))
    done(plant.stop(consume, "2"))


def test_a_pick_of_very_many_dated_lots_asks_for_their_past_in_few_rounds(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a transaction would give up."""
    for number in range(600):
        lot = plant.lot(f"L{number}")
        done(plant.act("RECEIVE", lot, "1", end_millis=NOW if number < 599 else THREE_DAYS_AGO))
    context, rounds = plant.context, 0

    def counted() -> Context:
        nonlocal rounds
        rounds += 1
        return context()

    monkeypatch.setattr(plant, "context", counted)
    assert told(plant.act("CONSUME", None, "1", end_millis=YESTERDAY)) == [("CONSUME", "L599", "1", "-1")]
    assert rounds < 20
    assert too_little(plant.act("SCRAP_ALL", None, end_millis=YESTERDAY))[:2] == ("0", "1")
    assert rounds < 40


# Storage merges.


def test_what_merges_into_the_new_lot_must_be_there_from_the_end_of_the_rise_on(plant: Plant) -> None:
    """The lot merged away is named."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_NEW)
    old, new = plant.lot("old"), plant.lot("new")
    done(plant.act("RECEIVE", old, "10", destination=tank))
    outcome = plant.act("RECEIVE", new, "5", destination=tank, end_millis=YESTERDAY)
    assert too_little(outcome) == ("0", "10", text(YESTERDAY))
    assert outcome.lot == "old"
    done(plant.act("RECEIVE", new, "5", destination=tank))


def test_what_has_just_risen_is_there_for_a_merge_into_the_previous_lot(plant: Plant) -> None:
    """Also where it is dated back: it rises first."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    old, new = plant.lot("old"), plant.lot("new")
    done(plant.act("RECEIVE", new, "3", destination=tank, end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", new, "3", source=tank, end_millis=YESTERDAY))
    done(plant.act("RECEIVE", old, "10", destination=tank))
    done(plant.act("RECEIVE", new, "5", destination=tank, end_millis=TWO_DAYS_AGO))
    assert (stock(plant, old, tank), stock(plant, new, tank)) == ("15", "0")


def test_a_merge_out_of_a_row_that_was_below_zero_is_refused(plant: Plant) -> None:
    """As the location once allowed it; the rise does not heal the moment."""
    tank = plant.location("Tank", allow_negative_inventory=True)
    old, new = plant.lot("old"), plant.lot("new")
    done(plant.act("CONSUME", new, "2", source=tank, end_millis=TWO_DAYS_AGO))
    done(plant.act("RECEIVE", new, "2", destination=tank, end_millis=YESTERDAY))
    done(plant.act("RECEIVE", old, "10", destination=tank))
    strict = replace(tank, allow_negative_inventory=False, lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    plant.cache.locations.put(tank.id, strict, tank.path)
    outcome = plant.act("RECEIVE", new, "5", destination=strict, end_millis=TWO_DAYS_AGO)
    assert too_little(outcome) == ("3", "5", text(TWO_DAYS_AGO))


# Reversals.


def test_a_reversal_ends_now_or_when_what_it_reverses_ends(plant: Plant) -> None:
    """Whichever is later."""
    lot = plant.lot("L")
    past = done(plant.act("RECEIVE", lot, "10", end_millis=YESTERDAY))
    future = done(plant.act("RECEIVE", lot, "10", end_millis=NOW + HOUR))
    undone = done(plant.reverse(future))
    assert (undone.start_millis, undone.end_millis) == (NOW, NOW + HOUR)
    assert done(plant.reverse(past)).end_millis == NOW


def test_a_reversal_that_falls_obeys(plant: Plant) -> None:
    """What is there only tomorrow cannot be taken out today."""
    lot = plant.lot("L")
    past = done(plant.act("RECEIVE", lot, "10", end_millis=YESTERDAY))
    done(plant.act("CONSUME", lot, "10"))
    done(plant.act("RECEIVE", lot, "10", end_millis=NOW + HOUR))
    assert too_little(plant.reverse(past)) == ("0", "10", text(NOW))


def test_a_reversal_of_a_move_obeys_at_the_destination(plant: Plant) -> None:
    """Where it falls."""
    lot, tank = plant.lot("L"), plant.location("Tank")
    done(plant.act("RECEIVE", lot, "10", end_millis=YESTERDAY))
    moved = done(plant.act("MOVE", lot, "10", destination=tank))
    done(plant.act("CONSUME", lot, "1", source=tank, end_millis=NOW + HOUR))
    outcome = plant.reverse(moved)
    assert (outcome.available, outcome.location) == ("9", "Tank")


# Batches see what came before.


def test_a_call_sees_what_earlier_ones_of_its_transaction_did_in_time(plant: Plant) -> None:
    """Also where one in between was refused, and what it did was taken back."""
    consume, lot = plant.operation(T.CONSUME), plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=THREE_DAYS_AGO))
    done(plant.act("EDIT", lot, "10"))

    def take(quantity: str, end: int) -> Execute:
        return Execute(
            principal="me",
            operation_id=consume.id,
            primary_lot=lot.id,
            quantity_millionths=millionths(quantity),
            end_millis=end,
        )

    items = [take("6", YESTERDAY), take("5", TWO_DAYS_AGO), take("4", TWO_DAYS_AGO), take("1", THREE_DAYS_AGO)]
    outcomes = plant.decide_batch(Batch(items, all_or_nothing=False, validate_only=False))
    assert [isinstance(one, Answer) for one in outcomes] == [True, False, True, False]
    assert too_little(outcomes[1]) == ("4", "5", text(YESTERDAY))
    assert too_little(outcomes[3]) == ("0", "1", text(YESTERDAY))


def test_a_dry_run_leaves_no_trace_in_time(plant: Plant) -> None:
    """The next one of the batch finds the past as it was."""
    consume, lot = plant.operation(T.CONSUME), plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=THREE_DAYS_AGO))
    done(plant.act("EDIT", lot, "10"))
    for _ in range(2):
        done(plant.execute(consume, lot, "10", end_millis=YESTERDAY, validate_only=True))
    done(plant.execute(consume, lot, "10", end_millis=YESTERDAY))


# The archive.


def test_moments_before_the_archive_are_not_looked_at(plant: Plant) -> None:
    """Nobody can ask for the stock of then."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=TWO_DAYS_AGO))
    done(plant.act("CONSUME", lot, "3"))
    plant.archived_until = TWO_DAYS_AGO
    plant.records.clear()
    assert too_little(plant.act("CONSUME", lot, "11", end_millis=THREE_DAYS_AGO))[0] == "7"
    done(plant.act("CONSUME", lot, "7", end_millis=THREE_DAYS_AGO))


# Counts.


def test_a_count_speaks_of_its_moment(plant: Plant) -> None:
    """The difference takes effect now: 100 in, 50 out, 98 counted in between."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", lot, "50", end_millis=YESTERDAY))
    outcome = plant.act("EDIT", lot, "98", end_millis=TWO_DAYS_AGO)
    assert told(outcome) == [("EDIT", "L", "-2", "-2")]
    assert [as_of(plant, lot, at) for at in (THREE_DAYS_AGO, TWO_DAYS_AGO, YESTERDAY, NOW)] == ["100", "98", "48", "48"]
    assert stock(plant, lot) == "48"


def test_a_count_that_raises_counts_for_the_lots_total(plant: Plant) -> None:
    """By the difference."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", lot, "50", end_millis=YESTERDAY))
    done(plant.act("EDIT", lot, "103", end_millis=TWO_DAYS_AGO))
    assert (stock(plant, lot), plant.lots[lot.id].total_millionths) == ("53", millionths("103"))


def test_within_the_tolerance_the_moment_of_a_count_is_now(plant: Plant) -> None:
    """The stock becomes what was counted."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", end_millis=YESTERDAY))
    done(plant.act("CONSUME", lot, "50"))
    done(plant.act("EDIT", lot, "98", end_millis=NOW - MINUTE + 1))
    assert stock(plant, lot) == "98"
    other = plant.lot("other")
    done(plant.act("RECEIVE", other, "100", end_millis=YESTERDAY))
    done(plant.act("CONSUME", other, "50"))
    done(plant.act("EDIT", other, "98", end_millis=NOW - MINUTE))
    assert stock(plant, other) == "48"


def test_what_follows_a_lower_count_must_not_fall_below_zero(plant: Plant) -> None:
    """Then the count is refused, with the moment."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", lot, "50", end_millis=YESTERDAY))
    assert too_little(plant.act("EDIT", lot, "49", end_millis=TWO_DAYS_AGO)) == ("50", "51", text(YESTERDAY))
    done(plant.act("EDIT", lot, "50", end_millis=TWO_DAYS_AGO))
    assert stock(plant, lot) == "0"


def test_where_negative_stock_is_allowed_a_lower_count_may_take_the_stock_of_now_below(plant: Plant) -> None:
    """As any fall there."""
    yard = plant.location("Yard", allow_negative_inventory=True)
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "100", destination=yard, end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", lot, "50", source=yard, end_millis=YESTERDAY))
    done(plant.act("EDIT", lot, "0", source=yard, end_millis=TWO_DAYS_AGO))
    assert stock(plant, lot, yard) == "-50"


def test_a_later_count_supersedes_an_earlier_one(plant: Plant) -> None:
    """The first later one is named. At the very same moment none is later."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=THREE_DAYS_AGO))
    last = done(plant.act("EDIT", lot, "8"))
    later = done(plant.act("EDIT", lot, "9", end_millis=NOW))
    assert later.id != last.id
    first = plant.act("EDIT", lot, "7", end_millis=YESTERDAY)
    assert isinstance(first, CountSuperseded)
    assert first.metadata["at"] == text(NOW)
    assert first.metadata["inventory_lot_record_id"] in {format_id(last.id), format_id(later.id)}


def test_a_later_count_supersedes_also_within_the_tolerance(plant: Plant) -> None:
    """Its end is strictly later."""
    lot = plant.lot("L")
    counted = done(plant.act("EDIT", lot, "8"))
    outcome = plant.act("EDIT", lot, "7", end_millis=NOW - 1)
    assert outcome.metadata == {"inventory_lot_record_id": format_id(counted.id), "at": text(NOW)}


@pytest.mark.parametrize("quantity", ["0", "5"])
def test_a_count_that_changed_nothing_supersedes_as_well(plant: Plant, quantity: str) -> None:
    """Also one of 0 where there never was anything, which makes no row."""
    lot = plant.lot("L")
    if quantity == "5":
        done(plant.act("RECEIVE", lot, "5", end_millis=THREE_DAYS_AGO))
    done(plant.act("EDIT", lot, quantity, end_millis=YESTERDAY))
    assert isinstance(plant.act("EDIT", lot, "7", end_millis=TWO_DAYS_AGO), CountSuperseded)
    assert ((plant.silo.id, lot.id) in plant.rows) == (quantity == "5")
    done(plant.act("EDIT", lot, "7", end_millis=YESTERDAY))


def test_a_count_that_was_reversed_supersedes_nothing_and_neither_does_its_reversal(plant: Plant) -> None:
    """Then what was counted before may be said."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=THREE_DAYS_AGO))
    wrong = done(plant.act("EDIT", lot, "8", end_millis=YESTERDAY))
    done(plant.reverse(wrong))
    done(plant.act("EDIT", lot, "9", end_millis=TWO_DAYS_AGO))
    assert stock(plant, lot) == "9"


def test_counts_of_other_places_and_lots_do_not_supersede(plant: Plant) -> None:
    """A row is a lot at a location."""
    lot, tank = plant.lot("L"), plant.location("Tank")
    done(plant.act("EDIT", lot, "8", source=tank))
    done(plant.act("EDIT", plant.lot("other"), "8"))
    done(plant.act("EDIT", lot, "7", end_millis=YESTERDAY))


def test_a_superseded_count_is_told_before_capacity_and_after_the_conversion(plant: Plant) -> None:
    """The order of steps."""
    tank = plant.location("Tank", storage_capacity_millionths=millionths("10"), storage_capacity_unit=plant.kg)
    lot = plant.lot("L")
    done(plant.act("EDIT", lot, "8", source=tank))
    assert isinstance(plant.act("EDIT", lot, "99", source=tank, end_millis=YESTERDAY), CountSuperseded)
    assert isinstance(plant.act("EDIT", lot, "99", source=tank), LocationCapacityExceeded)
    outcome = plant.act("EDIT", lot, "1", source=tank, end_millis=YESTERDAY, unit_symbol="?")
    assert not isinstance(outcome, CountSuperseded)


def test_capacity_and_single_lot_look_at_the_stock_of_now_plus_the_change(plant: Plant) -> None:
    """100 were there, 90 went: 15 more than counted make 25 now."""
    tank = plant.location(
        "Tank",
        storage_capacity_millionths=millionths("24"),
        storage_capacity_unit=plant.kg,
        allow_negative_inventory=True,
        lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW,
    )
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "20", destination=tank, end_millis=THREE_DAYS_AGO))
    done(plant.act("CONSUME", lot, "10", source=tank, end_millis=YESTERDAY))
    assert isinstance(plant.act("EDIT", lot, "35", source=tank, end_millis=TWO_DAYS_AGO), LocationCapacityExceeded)
    done(plant.act("EDIT", lot, "34", source=tank, end_millis=TWO_DAYS_AGO))
    assert stock(plant, lot, tank) == "24"
    done(plant.act("CONSUME", lot, "40", source=tank))
    done(plant.act("RECEIVE", plant.lot("other"), "1", destination=tank))
    done(plant.act("EDIT", lot, "40", source=tank, end_millis=TWO_DAYS_AGO + 1))  # still below zero now
    outcome = plant.act("EDIT", lot, "60", source=tank, end_millis=TWO_DAYS_AGO + 1)
    assert isinstance(outcome, LocationHoldsAnotherLot)


def test_a_count_before_the_archive_is_refused(plant: Plant) -> None:
    """Also where nothing came later; not at the archive's last moment, and not within the tolerance."""
    lot = plant.lot("L")
    done(plant.act("RECEIVE", lot, "10", end_millis=YESTERDAY))
    plant.archived_until = TWO_DAYS_AGO
    outcome = plant.act("EDIT", lot, "9", end_millis=TWO_DAYS_AGO - 1)
    assert isinstance(outcome, AsOfArchived)
    assert outcome.metadata == {"oldest": text(TWO_DAYS_AGO)}
    assert isinstance(plant.act("EDIT", plant.lot("new"), "9", end_millis=TWO_DAYS_AGO - 1), AsOfArchived)
    done(plant.act("EDIT", lot, "0", end_millis=TWO_DAYS_AGO))
    plant.archived_until = NOW
    done(plant.act("EDIT", lot, "3", end_millis=YESTERDAY - 1))


def test_fefo_passes_over_by_what_is_available(plant: Plant) -> None:
    """The order of use stays."""
    rack = plant.location("Rack", lot_use_strategy=LotUseStrategy.FEFO)
    soon, later = plant.lot("soon", expiration_millis=NOW + DAY), plant.lot("later", expiration_millis=NOW + 2 * DAY)
    done(plant.act("RECEIVE", later, "5", destination=rack, end_millis=TWO_DAYS_AGO))
    done(plant.act("RECEIVE", soon, "5", destination=rack))
    assert told(plant.act("SHIP", None, "2", source=rack, end_millis=YESTERDAY)) == [("SHIP", "later", "2", "-2")]
    assert told(plant.act("SHIP", None, "2", source=rack)) == [("SHIP", "soon", "2", "-2")]
