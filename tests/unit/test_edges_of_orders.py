"""Genealogy through production orders: which records are edges between a lot and an order."""

from __future__ import annotations

from typing import Any

import pytest
from lotkeeper_server.domain.keys import EdgeKey, OrderEdgeKey
from lotkeeper_server.domain.model.definitions import ProductionOrder
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotRecordType, LotStorageStrategy
from lotkeeper_server.domain.model.stock import Answer, Edge, Record

from tests.plant import Plant, millionths

T, R = InventoryOperationType, LotRecordType
ONE = millionths("1")
THROUGH_ORDERS = {
    "CONSUME": R.CONSUME,
    "PRODUCE": R.PRODUCE,
    "UNCONSUME": R.UNCONSUME,
    "RECEIVE_AND_CONSUME": R.CONSUME,
}


@pytest.fixture
def plant() -> Plant:
    return Plant()


@pytest.fixture
def order(plant: Plant) -> ProductionOrder:
    return plant.order("O-1")


def records(outcome: Any) -> list[Record]:
    assert isinstance(outcome, Answer), outcome
    return outcome.records


@pytest.mark.parametrize("kind", THROUGH_ORDERS)
def test_what_is_consumed_produced_or_given_back_is_an_edge(plant: Plant, order: ProductionOrder, kind: str) -> None:
    """By an action that names the order, and by an operation whose process has it; summed by type."""
    lot = plant.lot("L", stock="100")
    records(plant.act(kind, lot, "3", production_order=order))
    line = plant.process_operation(order)
    records(plant.execute(plant.operation(T[kind], operation_id=line.id), lot, "4"))
    assert plant.edges == {OrderEdgeKey(lot.id, THROUGH_ORDERS[kind], order.id): Edge(7 * ONE, 2)}


@pytest.mark.parametrize("kind", ["SCRAP", "SCRAP_ALL", "RETURN", "RECEIVE", "SHIP", "MOVE", "SPLIT", "EDIT"])
def test_nothing_else_goes_through_an_order(plant: Plant, order: ProductionOrder, kind: str) -> None:
    """Even where it names one."""
    lot, tank = plant.lot("L", stock="100"), plant.location("Tank")
    more: dict[str, Any] = {"MOVE": {"destination": tank}, "SPLIT": {"new_lot_name": "S"}}.get(kind, {})
    records(plant.act(kind, lot, None if kind == "SCRAP_ALL" else "3", production_order=order, **more))
    assert not any(isinstance(key, OrderEdgeKey) for key in plant.edges)


@pytest.mark.parametrize("kind", THROUGH_ORDERS)
def test_with_a_secondary_lot_the_edge_between_the_lots_is_all(plant: Plant, order: ProductionOrder, kind: str) -> None:
    """Whichever way it goes."""
    lot, other = plant.lot("L", stock="100"), plant.lot("B")
    records(plant.act(kind, lot, "3", production_order=order, secondary_lot=other))
    (key,) = plant.edges
    assert isinstance(key, EdgeKey)


def test_the_quantity_is_in_the_lots_unit(plant: Plant, order: ProductionOrder) -> None:
    """2,500 g of a lot in kg."""
    lot = plant.lot("L", stock="100")
    records(plant.act("CONSUME", lot, "2500", production_order=order, unit_symbol="g"))
    assert plant.edges == {OrderEdgeKey(lot.id, R.CONSUME, order.id): Edge(millionths("2.5"), 1)}


def test_each_picked_lot_is_an_edge(plant: Plant, order: ProductionOrder) -> None:
    """Two lots for one consumption."""
    one, two = plant.lot("L-1", stock="2"), plant.lot("L-2", stock="5")
    records(plant.act("CONSUME", None, "3", production_order=order))
    assert plant.edges == {
        OrderEdgeKey(one.id, R.CONSUME, order.id): Edge(2 * ONE, 1),
        OrderEdgeKey(two.id, R.CONSUME, order.id): Edge(ONE, 1),
    }


def test_what_is_merged_into_another_lot_as_it_is_produced_came_out_of_the_order_as_itself(
    plant: Plant, order: ProductionOrder
) -> None:
    """The edge from the order leads to the produced lot, and the merge from that one to the other."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    before, lot = plant.lot("L-1", stock="2", at=tank), plant.lot("L-2")
    records(plant.act("PRODUCE", lot, "3", production_order=order, destination=tank))
    assert plant.edges == {
        OrderEdgeKey(lot.id, R.PRODUCE, order.id): Edge(3 * ONE, 1),
        EdgeKey(lot.id, before.id, R.MERGE): Edge(3 * ONE, 1),
    }


def test_what_runs_is_an_edge_once_it_stops(plant: Plant, order: ProductionOrder) -> None:
    """And not if it is cancelled."""
    lot = plant.lot("L", stock="100")
    operation = plant.operation(T.CONSUME, operation_id=plant.process_operation(order).id)
    plant.start(operation, lot)
    assert not plant.edges
    plant.cancel(operation)
    assert not plant.edges
    plant.start(operation, lot)
    records(plant.stop(operation, "6"))
    assert plant.edges == {OrderEdgeKey(lot.id, R.CONSUME, order.id): Edge(6 * ONE, 1)}


@pytest.mark.parametrize("kind", THROUGH_ORDERS)
def test_a_reversal_takes_it_back(plant: Plant, order: ProductionOrder, kind: str) -> None:
    """What other records brought stays."""
    lot = plant.lot("L", stock="100")
    first = records(plant.act(kind, lot, "3", production_order=order))
    records(plant.act(kind, lot, "4", production_order=order))
    records(plant.reverse(first[-1]))
    key = OrderEdgeKey(lot.id, THROUGH_ORDERS[kind], order.id)
    assert plant.edges == {key: Edge(4 * ONE, 1)}


def test_a_call_without_an_order_asks_for_no_edge(plant: Plant) -> None:
    """It pays nothing."""
    lot = plant.lot("L", stock="100")
    records(plant.execute(plant.operation(T.CONSUME), lot, "1"))
    assert not plant.edges
