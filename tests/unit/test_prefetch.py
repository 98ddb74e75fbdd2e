"""What commands will read is told beforehand, beside the rules that read it: so most are decided at the first try."""

from typing import Any

import pytest
from lotkeeper_server.domain.commands import Command, Execute, ExecuteActions, Reverse
from lotkeeper_server.domain.decide.command import decide
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
)
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.prefetch import first_keys, likely_rows, likely_state, names_all_by_id
from lotkeeper_server.domain.working_set import WorkingSet

from tests.plant import Plant, millionths

T = InventoryOperationType
ONE = millionths("1")


@pytest.fixture
def plant() -> Plant:
    return Plant()


def decided_at_once(plant: Plant, command: Command) -> Answer:
    """Its answer, with nothing loaded but what was told beforehand: what it misses is raised."""
    state = WorkingSet(plant.cache)
    keys = first_keys(command, plant.cache)
    if names_all_by_id(command, plant.cache):
        keys += [*likely_state(command, state), *likely_rows(command, state)]
    for key in keys:
        plant._load(state, key)
    if not names_all_by_id(command, plant.cache):
        for likely in (likely_state, likely_rows):
            for key in likely(command, state):
                plant._load(state, key)
    outcome = decide(state, command, plant.context())
    assert isinstance(outcome, Answer), outcome
    return outcome


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("operation_type", list(T), ids=lambda one: one.name)
def test_an_operation_on_two_lots_is_decided_at_once(plant: Plant, operation_type: T, by_name: bool) -> None:
    """By id or by name; with a request id or without."""
    cream = plant.material("Cream", plant.kg)
    lot, other = plant.lot("L", stock="9"), plant.lot("B", material_id=cream.id)
    operation = plant.operation(operation_type, secondary_material_id=cream.id)
    first, second = (lot.name, other.name) if by_name else (lot.id, other.id)
    command = Execute("me", operation.id, first, ONE, second, request_id="r")
    assert decided_at_once(plant, command).records


@pytest.mark.parametrize("strategy", list(LotStorageStrategy), ids=lambda one: one.name)
def test_a_rise_is_decided_at_once_whatever_its_location_looks_at(plant: Plant, strategy: LotStorageStrategy) -> None:
    """Its capacity, the other lots, those that merge with it."""
    tank = plant.location(
        "Tank",
        lot_storage_strategy=strategy,
        storage_capacity_millionths=millionths("100"),
        storage_capacity_unit=plant.kg,
    )
    lot = plant.lot("L", stock="9", at=tank)
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id)
    assert decided_at_once(plant, Execute("me", operation.id, lot.id, ONE)).records
    act = plant.action("RECEIVE", lot, "1", destination=tank)
    assert decided_at_once(plant, ExecuteActions("me", [act])).records


@pytest.mark.parametrize(
    "operation_type", [T.CONSUME, T.SHIP, T.RETURN, T.SCRAP, T.SCRAP_ALL], ids=lambda one: one.name
)
def test_what_is_left_to_the_location_is_decided_at_once(plant: Plant, operation_type: T) -> None:
    """The queue is there before it is asked for."""
    plant.lot("L", stock="9")
    operation = plant.operation(operation_type, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION)
    assert decided_at_once(plant, Execute("me", operation.id, None, ONE)).records
    act = plant.action(operation_type.name, None, None if operation_type is T.SCRAP_ALL else "1")
    assert decided_at_once(plant, ExecuteActions("me", [act])).records


@pytest.mark.parametrize("kind", ["MOVE", "SPLIT", "MERGE", "EDIT", "STATUS_CHANGE"])
@pytest.mark.parametrize("by_name", [False, True])
def test_what_actions_alone_do_is_decided_at_once(plant: Plant, kind: str, by_name: bool) -> None:
    """Also where the location takes one lot at a time and has a capacity."""
    cell = plant.location(
        "Cell",
        lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW,
        storage_capacity_millionths=millionths("100"),
        storage_capacity_unit=plant.kg,
    )
    at = plant.silo if kind == "MERGE" else cell
    lot, other = plant.lot("L", stock="9", at=at), plant.lot("M", stock="9")
    more: dict[str, dict[str, Any]] = {
        "MOVE": {"source": cell, "destination": plant.silo},
        "SPLIT": {"source": cell, "new_lot_name": "S"},
        "MERGE": {"secondary_lot": other.name if by_name else other},
        "EDIT": {"source": cell},
        "STATUS_CHANGE": {"lot_status": LotStatus.CLOSED},
    }
    quantity = {"MERGE": None, "STATUS_CHANGE": None, "EDIT": "10"}.get(kind, "9")
    act = plant.action(kind, lot.name if by_name else lot, quantity, **more[kind])
    assert decided_at_once(plant, ExecuteActions("me", [act])).records


def test_a_reversal_is_decided_at_once(plant: Plant) -> None:
    """Lots, rows, and the edge between them."""
    cream = plant.material("Cream", plant.kg)
    lot, other = plant.lot("L", stock="9"), plant.lot("B", material_id=cream.id)
    done = plant.execute(plant.operation(T.CONSUME, secondary_material_id=cream.id), lot, "1", secondary_lot=other)
    assert isinstance(done, Answer)
    assert decided_at_once(plant, Reverse("me", done.records[0].id)).records


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("kind", ["CONSUME", "PRODUCE", "UNCONSUME"])
def test_what_goes_through_an_order_is_decided_at_once(plant: Plant, kind: str, by_name: bool) -> None:
    """The edge between lot and order is there: of an operation whose process has one, of an action that names it."""
    order = plant.order("O")
    line = plant.process_operation(order)
    lot = plant.lot("L", stock="9")
    operation = plant.operation(T[kind], operation_id=line.id)
    executed = decided_at_once(plant, Execute("me", operation.id, lot.name if by_name else lot.id, ONE))
    assert [record.production_order for record in executed.records] == [order]
    for more in ({"production_order": order.name if by_name else order}, {"operation_id": line.id}):
        act = plant.action(kind, lot, "1", **more)
        done = decided_at_once(plant, ExecuteActions("me", [act]))
        assert [record.production_order for record in done.records] == [order]
    written = plant.act(kind, lot, "1", production_order=order)
    assert isinstance(written, Answer)
    assert decided_at_once(plant, Reverse("me", written.records[0].id)).records
