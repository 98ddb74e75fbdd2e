"""The table of kinds: every type has its row, rows agree with themselves, and a type more is a row more."""

import re
from enum import IntEnum
from typing import cast

import pytest
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper_server.domain import kinds
from lotkeeper_server.domain.apply.movement import EFFECTS
from lotkeeper_server.domain.commands import Execute, ExecuteActions, RequestedAction
from lotkeeper_server.domain.keys import EdgeKey, StockKey
from lotkeeper_server.domain.kinds import (
    INTO_PRIMARY,
    KINDS,
    Accepted,
    Effect,
    Kind,
    Place,
    Primary,
    Quantity,
    Secondary,
    kind_of_action,
    kind_of_operation,
)
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import (
    InventoryActionType,
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
)
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.prefetch import first_keys, likely_state
from lotkeeper_server.domain.refusals import (
    LocationHoldsAnotherLot,
    LocationRequired,
    LotStatusForbids,
    StartNotSupported,
)
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.rpc.wire.action_shape import NEEDS, USES
from lotkeeper_server.store.schema.tables import metadata
from sqlalchemy import CheckConstraint

from tests.plant import Plant, told

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def plant() -> Plant:
    return Plant()


def test_every_type_of_action_has_one_row() -> None:
    """In the order of the contract, which has no others."""
    assert [kind.type for kind in KINDS] == list(InventoryActionType)
    assert [int(kind.type) for kind in KINDS] == [number for number in enums_pb2.InventoryActionType.values() if number]


def test_every_type_of_operation_becomes_the_action_of_its_name() -> None:
    """So refusals may name either."""
    assert [kind_of_operation(one).name for one in InventoryOperationType] == [
        one.name for one in InventoryOperationType
    ]
    assert [kind_of_operation(one).operation for one in InventoryOperationType] == list(InventoryOperationType)


def test_what_only_an_action_can_do_serves_no_operation() -> None:
    """The five that are starred in the documents."""
    alone = {kind.name for kind in KINDS if kind.operation is None}
    assert alone == {"MOVE", "SPLIT", "MERGE", "EDIT", "STATUS_CHANGE"}


def test_every_type_of_record_is_written_by_some_kind() -> None:
    """A reason code may serve any of them."""
    assert frozenset().union(*(kind.records for kind in KINDS)) == frozenset(LotRecordType)


def test_every_effect_comes_about_in_one_way_and_is_that_of_some_kind() -> None:
    """No function is left over."""
    assert EFFECTS.keys() == set(Effect) == {kind.effect for kind in KINDS}
    assert len(set(EFFECTS.values())) == len(EFFECTS)


@each_kind
def test_a_row_agrees_with_itself(kind: Kind) -> None:
    """What no rule could make sense of."""
    if kind.leaves_lot_to_location:
        assert kind.place is Place.SOURCE  # lots are taken where stock falls
    if kind.names_inventory or kind.fills_order:
        assert kind.effect is Effect.RISE  # only what comes to lie somewhere has a name or an order there
    if kind.startable:
        assert kind.operation is not None
        assert kind.quantity is not Quantity.NONE  # Stop gives one
    if kind.into_primary:
        assert kind.secondary is not Secondary.NONE
    assert (kind.place is Place.BOTH) == (kind.effect is Effect.MOVE)


@each_kind
def test_a_row_says_of_its_records_what_others_say_of_the_same(kind: Kind) -> None:
    """Genealogy knows a record's type alone."""
    assert kind.into_primary == (kind.record in INTO_PRIMARY)


@each_kind
def test_the_shape_of_an_action_follows_from_its_row(kind: Kind) -> None:
    """What is needed is used; where stock moves is needed."""
    assert set(NEEDS[kind.type]) <= USES[kind.type]
    assert {f"{role}_location_id_or_path" for role in kind.place.roles} <= set(NEEDS[kind.type])


@pytest.mark.parametrize(
    ("column", "vocabulary"), [("operation_type", InventoryOperationType), ("lot_record_type", LotRecordType)]
)
def test_the_store_takes_every_type(column: str, vocabulary: type[IntEnum]) -> None:
    """A type more needs a migration of the tables that have it."""
    checked = [
        constraint
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and str(constraint.name).endswith(f"{column}_known")
    ]
    assert checked
    for constraint in checked:
        assert re.fullmatch(rf"{column} BETWEEN 1 AND {max(vocabulary)}", str(constraint.sqltext))


class OperationToCome(IntEnum):
    """Numbered as actions are that no operation becomes."""

    DONATE = 10
    FIND = 11


class ActionToCome(IntEnum):
    """The actions that they become."""

    DONATE = 15
    FIND = 16


class RecordToCome(IntEnum):
    """Their records."""

    DONATE = 13
    FIND = 14


DONATE = Kind(
    type=cast("InventoryActionType", ActionToCome.DONATE),
    operation=cast("InventoryOperationType", OperationToCome.DONATE),
    effect=Effect.FALL,
    place=Place.SOURCE,
    record=cast("LotRecordType", RecordToCome.DONATE),
    primary=Primary.PICKED,
    secondary=Secondary.GENEALOGY,
    accepted=Accepted.USABLE,
    quantity=Quantity.ABOVE_ZERO,
    startable=True,
)
FIND = Kind(
    type=cast("InventoryActionType", ActionToCome.FIND),
    operation=cast("InventoryOperationType", OperationToCome.FIND),
    effect=Effect.RISE,
    place=Place.DESTINATION,
    record=cast("LotRecordType", RecordToCome.FIND),
    primary=Primary.MADE,
    secondary=Secondary.GENEALOGY,
    accepted=Accepted.ANY,
    quantity=Quantity.ABOVE_ZERO,
    any_material=True,
)


@pytest.fixture
def to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows more, and nothing else."""
    for row in (DONATE, FIND):
        assert row.operation is not None
        monkeypatch.setitem(kinds._BY_ACTION, row.type, row)
        monkeypatch.setitem(kinds._BY_OPERATION, row.operation, row)


@pytest.mark.usefixtures("to_come")
def test_a_tenth_type_that_falls_is_one_row(plant: Plant) -> None:
    """It falls, picks, starts, stops, is refused and is reversed as its row says, whatever its number."""
    assert DONATE.operation is not None
    lot = plant.lot("L", stock="10")
    operation = plant.operation(
        DONATE.operation, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION, name="donate"
    )
    done = plant.execute(operation, lot, "2")
    assert told(done) == [("DONATE", "L", "2", "-2")]
    assert told(plant.execute(operation, None, "3")) == [("DONATE", "L", "3", "-3")]
    assert isinstance(plant.start(operation), Answer)
    assert told(plant.stop(operation, "1")) == [("DONATE", "L", "1", "-1")]
    assert isinstance(done, Answer)
    assert told(plant.reverse(done.records[0])) == [("DONATE", "L", "-2", "2")]
    acted = plant.act_all(RequestedAction(DONATE.type, lot.id, quantity_millionths=1_000_000, source=plant.silo.id))
    assert told(acted) == [("DONATE", "L", "1", "-1")]
    held = plant.lot("H", stock="1", status=LotStatus.QA_HOLD)
    assert plant.execute(operation, held, "1") == LotStatusForbids(
        lot="H", lot_status="QA_HOLD", operation_type="DONATE"
    )
    nowhere = plant.operation(DONATE.operation, source_location_id=None)
    assert plant.execute(nowhere, lot, "1") == LocationRequired(role="source", operation_type="DONATE")


@pytest.mark.usefixtures("to_come")
def test_a_tenth_type_that_rises_is_one_row(plant: Plant) -> None:
    """It makes lots, obeys its destination, takes what its row takes, and is not begun."""
    assert FIND.operation is not None
    shelf = plant.location("Shelf", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    operation = plant.operation(
        FIND.operation, source_location_id=None, destination_location_id=shelf.id, create_lot_if_not_found=True
    )
    assert told(plant.execute(operation, "New", "2")) == [("FIND", "New", "2", "2")]
    assert plant.total("New") == "2"
    closed = plant.lot("C", status=LotStatus.CLOSED)
    assert plant.execute(operation, closed, "2") == LocationHoldsAnotherLot(location="Shelf", lot="New")
    assert plant.start(operation, "New") == StartNotSupported(operation_type="FIND")


@pytest.mark.usefixtures("to_come")
def test_what_a_tenth_type_will_read_is_known_beforehand(plant: Plant) -> None:
    """As of any that falls: the row of the lot, and the edge to the other one."""
    assert DONATE.operation is not None
    cream = plant.material("Cream", plant.kg)
    lot, into = plant.lot("L", stock="10"), plant.lot("I", material_id=cream.id)
    operation = plant.operation(DONATE.operation, secondary_material_id=cream.id)
    command = Execute("me", operation.id, lot.id, 1_000_000, into.id)
    expected = [StockKey(plant.silo.id, lot.id), EdgeKey(lot.id, into.id, DONATE.record)]
    assert likely_state(command, WorkingSet(plant.cache)) == expected
    named = RequestedAction(DONATE.type, lot.id, source="Silo", secondary_lot=into.id)
    assert first_keys(ExecuteActions("me", [named]), DefinitionCache())


def test_the_two_vocabularies_share_no_row_by_number() -> None:
    """An operation of a number that only actions have is none."""
    assert kind_of_action(InventoryActionType.MOVE).operation is None
    with pytest.raises(KeyError):
        kind_of_operation(cast("InventoryOperationType", InventoryActionType.MOVE))
