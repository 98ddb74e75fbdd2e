"""What a call states about its lot: its date and its supplier's number. A new lot gets them, another one has them."""

from __future__ import annotations

import pytest
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotResolutionStrategy
from lotkeeper_server.domain.model.stock import Answer, Lot
from lotkeeper_server.domain.refusals import InvalidArgument, LotDiffers

from tests.plant import DAY, NOW, Plant

T = InventoryOperationType
MAKING = ("PRODUCE", "UNCONSUME", "RECEIVE", "RECEIVE_AND_CONSUME")
DATE, SUPPLIER = "lot_expiration_date_millis", "supplier_lot_name"


@pytest.fixture
def plant() -> Plant:
    return Plant()


def lot_named(plant: Plant, name: str) -> Lot:
    (found,) = (lot for lot in plant.lots.values() if lot.name == name)
    return found


@pytest.mark.parametrize("kind", MAKING)
def test_a_lot_that_the_call_makes_gets_them(plant: Plant, kind: str) -> None:
    """The date in place of shelf life; by Execute, Start and an action alike."""
    operation = plant.operation(T[kind], create_lot_if_not_found=True)
    stated = {"lot_expiration_millis": NOW + 3 * DAY, "supplier_lot_name": "S-1"}
    assert isinstance(plant.execute(operation, "A", "1", **stated), Answer)
    assert isinstance(plant.act(kind, "B", "1", create_lot_if_not_found=True, **stated), Answer)
    assert isinstance(plant.start(operation, "C", **stated), Answer)
    for name in "ABC":
        made = lot_named(plant, name)
        assert (made.expiration_millis, made.supplier_lot_name) == (NOW + 3 * DAY, "S-1")
    assert isinstance(plant.execute(operation, "A", "1", **stated), Answer)


def test_a_lot_named_by_the_strategy_gets_them_and_a_secondary_lot_does_not(plant: Plant) -> None:
    """A secondary lot that is made gets its own shelf life."""
    cheese = plant.material("Cheese", plant.kg, shelf_life_days=10)
    operation = plant.operation(
        T.RECEIVE,
        primary_lot_resolution_strategy=LotResolutionStrategy.AUTO_GENERATE,
        secondary_lot_resolution_strategy=LotResolutionStrategy.AUTO_GENERATE,
        secondary_material_id=cheese.id,
    )
    answer = plant.execute(operation, None, "1", lot_expiration_millis=NOW + DAY, supplier_lot_name="S-1")
    assert isinstance(answer, Answer)
    primary, secondary = plant.lots[answer.records[0].lot.id], plant.lots[answer.records[0].secondary_lot.id]  # type: ignore
    assert (primary.expiration_millis, primary.supplier_lot_name) == (NOW + DAY, "S-1")
    assert (secondary.expiration_millis, secondary.supplier_lot_name) == (NOW + 10 * DAY, "")


def test_a_lot_that_is_there_must_have_them(plant: Plant) -> None:
    """To the millisecond; the date is looked at first, and a lot without a value does not get one."""
    plant.lot("L", expiration_millis=NOW + DAY, supplier_lot_name="S-1")
    plant.lot("bare")
    operation = plant.operation(T.RECEIVE)
    assert isinstance(
        plant.execute(operation, "L", "1", lot_expiration_millis=NOW + DAY, supplier_lot_name="S-1"), Answer
    )
    other = plant.execute(operation, "L", "1", lot_expiration_millis=NOW + DAY + 1, supplier_lot_name="S-2")
    assert isinstance(other, LotDiffers)
    assert other.instead(()) == LotDiffers(
        lot="L", field="expiration_date", stored=rfc3339(NOW + DAY), given=rfc3339(NOW + DAY + 1)
    )
    assert other.stored != other.given
    assert [violation.field for violation in other.violations] == [DATE]
    numbered = plant.execute(operation, "L", "1", supplier_lot_name="S-2")
    assert isinstance(numbered, LotDiffers)
    assert numbered.instead(()) == LotDiffers(lot="L", field="supplier_lot_name", stored="S-1", given="S-2")
    assert [violation.field for violation in numbered.violations] == [SUPPLIER]
    bare = plant.execute(operation, "bare", "1", supplier_lot_name="S-2")
    assert isinstance(bare, LotDiffers)
    assert bare.metadata == {"lot": "bare", "field": "supplier_lot_name", "stored": "", "given": "S-2"}
    assert isinstance(plant.act("RECEIVE", "bare", "1", lot_expiration_millis=NOW), LotDiffers)
    assert isinstance(plant.start(operation, "bare", lot_expiration_millis=NOW), LotDiffers)
    assert plant.stock("bare") == "0"


@pytest.mark.parametrize("kind", [kind.name for kind in T if kind.name not in MAKING])
def test_a_type_that_makes_no_lot_refuses_them_in_step_4(plant: Plant, kind: str) -> None:
    """After what is wrong with the operation, before its material; on each field that is given."""
    plant.lot("L", stock="5")
    operation = plant.operation(T[kind], material_id=None)
    outcome = plant.execute(operation, "L", "1", lot_expiration_millis=NOW, supplier_lot_name="S")
    assert isinstance(outcome, InvalidArgument)
    assert [violation.field for violation in outcome.violations] == [DATE, SUPPLIER]
    if kind != "SCRAP_ALL":
        started = plant.start(operation, "L", supplier_lot_name="S")
        assert isinstance(started, InvalidArgument)
        assert [violation.field for violation in started.violations] == [SUPPLIER]


def test_where_execute_acts_as_stop_they_are_not_looked_at(plant: Plant) -> None:
    """Like all else that Stop does not take."""
    lot = plant.lot("L")
    operation = plant.operation(T.RECEIVE)
    plant.start(operation, "L")
    answer = plant.execute(operation, "L", "1", lot_expiration_millis=1, supplier_lot_name="S")
    assert isinstance(answer, Answer)
    assert answer.stopped_running_operation
    assert plant.lots[lot.id].supplier_lot_name == ""


def test_a_lot_that_is_split_off_takes_both_along(plant: Plant) -> None:
    plant.lot("L", stock="5", expiration_millis=NOW + DAY, supplier_lot_name="S-1")
    assert isinstance(plant.act("SPLIT", "L", "1", new_lot_name="part"), Answer)
    part = lot_named(plant, "part")
    assert (part.expiration_millis, part.supplier_lot_name) == (NOW + DAY, "S-1")


def test_what_raises_a_total_keeps_the_suppliers_number(plant: Plant) -> None:
    """Also a merge, of the receiving lot."""
    lot = plant.lot("L", stock="5", supplier_lot_name="S-1")
    plant.lot("M", stock="5", supplier_lot_name="S-2")
    assert isinstance(plant.act("RECEIVE", "L", "1"), Answer)
    assert isinstance(plant.act("MERGE", "L", secondary_lot="M"), Answer)
    assert plant.lots[lot.id].supplier_lot_name == "S-1"


def test_two_actions_on_a_lot_that_the_first_one_makes_must_agree(plant: Plant) -> None:
    more = {"create_lot_if_not_found": True}
    first = plant.action("RECEIVE", "N", "1", supplier_lot_name="S-1", **more)
    second = plant.action("RECEIVE", "N", "1", supplier_lot_name="S-2", **more)
    assert isinstance(plant.act_all(first, second), LotDiffers)
    assert isinstance(plant.act_all(first, first), Answer)
