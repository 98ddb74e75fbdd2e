"""The model's own sums, on examples small enough to work out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.model.calls import call
from tests.model.genealogy import graph, held_by_trace, terminal_lots
from tests.model.history import RecordFilter, records_by, stock_as_of
from tests.model.plant import Answer, ById, Location, Lot, Material, Order, Plant, Unit
from tests.model.refusal import ANYTHING, Refusal
from tests.model.stock_requests import ActionItem, Actions, Reverse

NOW = 1_750_000_000_000
MINUTE = 60_000
TANK, SILO, YARD = ById("tank"), ById("silo"), ById("yard")
A, B, C = ById("A"), ById("B"), ById("C")


def dairy() -> Plant:
    """Three empty lots in kg; a silo below the yard, and a tank of 100 kg that merges into what came last."""
    plant = Plant()
    plant.units["kg"] = Unit("kg", "kg")
    plant.materials["milk"] = Material("milk", "milk", "kg")
    for key in "ABC":
        plant.lots[key] = Lot(key, key, "milk", "kg")
    plant.locations["yard"] = Location("yard", "yard")
    plant.locations["silo"] = Location("silo", "yard/silo", parent="yard")
    plant.locations["tank"] = Location(
        "tank", "tank", capacity=Fraction(100), capacity_unit="kg", storage="MERGE_INTO_PREVIOUS"
    )
    return plant


def act(plant: Plant, kind: str, **values: Any) -> tuple[Plant, list[str]]:
    """One action, and the keys of its records."""
    return done(plant, Actions((ActionItem(kind, **values),)))


def done(plant: Plant, request: Actions | Reverse) -> tuple[Plant, list[str]]:
    """A request that is not refused."""
    outcome = call(plant, request, [NOW])
    answer = outcome.results[0]
    assert isinstance(answer, Answer)
    return outcome.plant, answer.records


def receive(plant: Plant, lot: ById, kg: float, place: ById, **values: Any) -> tuple[Plant, list[str]]:
    """Stock of a lot."""
    return act(plant, "RECEIVE", lot_id_or_name=lot, quantity=kg, destination_location_id_or_path=place, **values)


def test_a_rise_ends_up_in_the_previous_lot_and_its_reversals_bring_all_back() -> None:
    """B's 30 kg go over to A; reversed in the opposite order, A has what it had."""
    plant, _ = receive(dairy(), A, 50.0, TANK)
    plant, records = receive(plant, B, 30.0, TANK)

    assert [plant.records[key].type for key in records] == ["RECEIVE", "MERGE"]
    assert (plant.stock("tank", "A"), plant.stock("tank", "B")) == (80, 0)
    assert (plant.lots["A"].total, plant.lots["B"].total) == (80, 30)

    for key in reversed(records):
        plant, _ = done(plant, Reverse(ById(key)))
    assert (plant.stock("tank", "A"), plant.stock("tank", "B")) == (50, 0)
    assert (plant.lots["A"].total, plant.lots["B"].total) == (50, 0)


def test_what_a_later_record_took_away_is_reversed_first() -> None:
    """What B received lies in A since the merge."""
    plant, _ = receive(dairy(), A, 50.0, TANK)
    plant, (received, _merged) = receive(plant, B, 30.0, TANK)

    with pytest.raises(Refusal) as refused:
        call(plant, Reverse(ById(received)), [NOW])

    assert refused.value.metadata == {
        "lot": "B", "location": "tank", "available": "0", "requested": "30", "unit": "kg", "at": ANYTHING
    }  # fmt: skip


def test_actions_are_done_all_or_not_at_all() -> None:
    """The second one passes the capacity, and is named."""
    items = tuple(
        ActionItem("RECEIVE", A, quantity=kg, destination_location_id_or_path=TANK) for kg in (60.0, 40.000001)
    )

    with pytest.raises(Refusal) as refused:
        call(dairy(), Actions(items), [NOW])

    assert (refused.value.reason, refused.value.metadata["index"]) == ("LOCATION_CAPACITY_EXCEEDED", "1")


def test_genealogy_is_cut_at_the_depth_and_leaves_reversals_out() -> None:
    """A is split into D, B and D go into C: from C, A is two edges away."""
    plant, _ = receive(dairy(), A, 50.0, SILO)
    plant, _ = receive(plant, B, 10.0, SILO)
    plant, _ = act(plant, "SPLIT", lot_id_or_name=A, quantity=20.0, source_location_id_or_path=SILO, new_lot_name="D")
    new = ById(next(key for key, lot in plant.lots.items() if lot.name == "D"))
    for lot, kg in ((new, 4.0), (new, 5.0), (B, 3.0)):
        plant, records = act(
            plant, "CONSUME", lot_id_or_name=lot, quantity=kg, source_location_id_or_path=SILO,
            secondary_lot_id_or_name=C,
        )  # fmt: skip

    near, far = graph(plant, "C", "INPUT", 1), graph(plant, "C", "INPUT", 2)
    assert {key: node.depth for key, node in far.nodes.items()} == {"C": 0, new.key: 1, "B": 1, "A": 2}
    assert near.nodes.keys() == {"C", new.key, "B"}
    assert (near.truncated, far.truncated) == (True, False)
    consumed = far.edges[new.key, "C", "CONSUME"]
    assert (consumed.quantity, consumed.records) == (9, 2)
    assert (far.nodes[new.key].quantity_in, far.nodes[new.key].quantity_out) == (20, 9)
    assert (far.nodes["C"].quantity_in, far.nodes["A"].quantity_out) == (0, 20)
    assert terminal_lots(plant, "C", "INPUT") == {"A", "B"}

    plant, _ = done(plant, Reverse(ById(records[0])))
    assert graph(plant, "C", "INPUT", 50).nodes.keys() == {"C", new.key, "A"}


def test_genealogy_goes_through_orders_and_ends_in_circles() -> None:
    """A into an order, B out of it, B and C round and round; C into another order, which has produced nothing."""
    plant, _ = receive(dairy(), A, 50.0, SILO)
    for key in ("O", "P"):
        plant.orders[key] = Order(key, key, "milk", "kg")
        plant.counts[key] = Fraction(0)
    consume = {"quantity": 1.0, "source_location_id_or_path": SILO}
    plant, _ = act(plant, "CONSUME", lot_id_or_name=A, production_order_id_or_name=ById("O"), **consume)
    plant, records = act(
        plant, "PRODUCE", lot_id_or_name=B, quantity=9.0, destination_location_id_or_path=SILO,
        production_order_id_or_name=ById("O"),
    )  # fmt: skip
    for lot in (B, C):
        plant, _ = receive(plant, lot, 9.0, SILO)
    plant, _ = act(plant, "CONSUME", lot_id_or_name=B, secondary_lot_id_or_name=C, **consume)
    plant, _ = act(plant, "CONSUME", lot_id_or_name=C, secondary_lot_id_or_name=B, **consume)
    plant, _ = act(plant, "CONSUME", lot_id_or_name=C, production_order_id_or_name=ById("P"), **consume)

    assert {key: node.depth for key, node in graph(plant, "A", "OUTPUT", 50).nodes.items()} == {
        "A": 0,
        "O": 1,
        "B": 2,
        "C": 3,
        "P": 4,
    }
    assert terminal_lots(plant, "A", "OUTPUT") == {"B", "C"}
    assert terminal_lots(plant, "A", "OUTPUT", lots_only=True) == {"A"}
    assert terminal_lots(plant, "C", "INPUT") == {"A"}
    assert held_by_trace(plant, "A", "OUTPUT", 3) is None
    assert held_by_trace(plant, "A", "OUTPUT", 4) == ({"A", "B", "C"}, set())

    plant, _ = done(plant, Reverse(ById(records[0])))
    assert terminal_lots(plant, "A", "OUTPUT") == {"A"}


def test_stock_as_of_a_moment_is_the_sum_of_what_had_ended() -> None:
    """A record that ends later than the moment does not count, whenever it was written."""
    plant, _ = receive(dairy(), A, 50.0, SILO, end_date_millis=NOW - MINUTE)
    plant, _ = act(plant, "EDIT", lot_id_or_name=A, quantity=0.0, source_location_id_or_path=SILO)

    assert stock_as_of(plant, NOW - MINUTE - 1) == {}
    assert stock_as_of(plant, NOW - 1) == {("silo", "A"): 50}
    assert stock_as_of(plant, NOW) == {("silo", "A"): 0}


def test_a_location_stands_for_those_below_it_where_they_are_wanted() -> None:
    """The silo is in the yard."""
    plant, records = receive(dairy(), A, 50.0, SILO)

    assert records_by(plant, RecordFilter(location="yard")) == []
    assert [one.key for one in records_by(plant, RecordFilter(location="yard", include_children=True))] == records
