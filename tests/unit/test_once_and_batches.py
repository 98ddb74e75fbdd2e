"""Request ids, dry runs and batches on the pure domain."""

import pytest
from lotkeeper_server.domain.commands import Batch, Execute
from lotkeeper_server.domain.limits import RECORDS_PER_BATCH_MAX, RECORDS_PER_CALL_MAX
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotStorageStrategy
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import InsufficientInventory, Refused, RequestIdReused, TooManyRecords

from tests.plant import DAY, Plant, millionths, told

T = InventoryOperationType


@pytest.fixture
def plant() -> Plant:
    return Plant()


def command(operation: object, lot: str, quantity: str, **more: object) -> Execute:
    return Execute("me", operation.id, primary_lot=lot, quantity_millionths=millionths(quantity), **more)  # type: ignore


def test_a_request_id_counts_once(plant: Plant) -> None:
    """The same request gets the same records again, whatever the operation does now."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    asked = command(operation, "L", "2", request_id="r", fingerprint=b"f")
    first, second = plant.decide(asked), plant.decide(asked)
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert [record.id for record in first.records] == [record.id for record in second.records]
    assert plant.stock("L") == "3"


def test_a_request_id_of_a_different_request_is_refused(plant: Plant) -> None:
    """Before the operation is looked at."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    plant.decide(command(operation, "L", "2", request_id="r", fingerprint=b"f"))
    outcome = plant.decide(command(operation, "L", "3", request_id="r", fingerprint=b"g"))
    assert isinstance(outcome, RequestIdReused)
    assert plant.stock("L") == "3"


def test_only_a_call_that_took_effect_uses_its_request_id(plant: Plant) -> None:
    """A refused one may be asked again, even with something else."""
    plant.lot("L", stock="1")
    operation = plant.operation(T.CONSUME)
    assert isinstance(
        plant.decide(command(operation, "L", "2", request_id="r", fingerprint=b"f")), InsufficientInventory
    )
    again = plant.decide(command(operation, "L", "1", request_id="r", fingerprint=b"g"))
    assert told(again) == [("CONSUME", "L", "1", "-1")]


def test_a_request_id_counts_as_new_after_it_was_kept_its_time(plant: Plant) -> None:
    """Thirty days."""
    plant.lot("L", stock="5")
    asked = command(plant.operation(T.CONSUME), "L", "1", request_id="r", fingerprint=b"f")
    plant.decide(asked)
    plant.now += 30 * DAY
    plant.decide(asked)
    assert plant.stock("L") == "3"


def test_request_ids_belong_to_their_caller(plant: Plant) -> None:
    """Two callers may use the same one."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    for principal in ("one", "other"):
        asked = command(operation, "L", "1", request_id="r", fingerprint=b"f")
        asked.principal = principal
        plant.decide(asked)
    assert plant.stock("L") == "3"


def test_a_dry_run_answers_as_if_and_changes_nothing(plant: Plant) -> None:
    """No id of what was not made; its request id is neither looked up nor kept."""
    operation = plant.operation(T.PRODUCE, create_lot_if_not_found=True)
    asked = command(operation, "NEW", "1", request_id="r", fingerprint=b"f", validate_only=True)
    outcome = plant.decide(asked)
    assert isinstance(outcome, Answer)
    assert {outcome.records[0].id, outcome.records[0].lot.id} == outcome.unborn
    assert (plant.lots, plant.rows, plant.records, plant.requests) == ({}, {}, {}, {})


def test_a_batch_sees_the_effects_of_the_items_before(plant: Plant) -> None:
    """Each alone: what is refused hurts nobody else."""
    makes = plant.operation(T.PRODUCE, create_lot_if_not_found=True)
    uses = plant.operation(T.CONSUME)
    items = [command(makes, "N", "2"), command(uses, "N", "3"), command(uses, "N", "2")]
    outcomes = plant.decide_batch(Batch(list(items), all_or_nothing=False, validate_only=False))
    assert [type(outcome) for outcome in outcomes] == [Answer, InsufficientInventory, Answer]
    assert plant.stock("N") == "0"


def test_all_or_nothing_undoes_all_and_names_the_first_refused(plant: Plant) -> None:
    """Nothing is left behind."""
    makes = plant.operation(T.PRODUCE, create_lot_if_not_found=True)
    items = [command(makes, "N", "2"), command(plant.operation(T.CONSUME), "N", "3")]
    with pytest.raises(Refused) as refused:
        plant.decide_batch(Batch(list(items), all_or_nothing=True, validate_only=False))
    assert (refused.value.index, refused.value.refusal.reason) == (1, "INSUFFICIENT_INVENTORY")
    assert (plant.lots, plant.records) == ({}, {})


def test_a_request_id_that_stands_twice_in_a_batch_is_done_once(plant: Plant) -> None:
    """But not in a dry one, where none makes a repeat."""
    plant.lot("L", stock="5")
    asked = command(plant.operation(T.CONSUME), "L", "1", request_id="r", fingerprint=b"f")
    plant.decide_batch(Batch([asked, asked], all_or_nothing=False, validate_only=False))
    assert plant.stock("L") == "4"
    other = command(plant.operation(T.CONSUME), "L", "3", request_id="new", fingerprint=b"f")
    dry = plant.decide_batch(Batch([other, other], all_or_nothing=False, validate_only=True))
    assert [type(outcome) for outcome in dry] == [Answer, InsufficientInventory]
    assert plant.stock("L") == "4"


def test_a_call_writes_at_most_a_thousand_records(plant: Plant) -> None:
    """A SCRAP_ALL of one lot more is refused; of exactly as many it is done."""
    for number in range(RECORDS_PER_CALL_MAX + 1):
        plant.lot(f"L{number}", stock="1")
    operation = plant.operation(T.SCRAP_ALL)
    assert plant.execute(operation) == TooManyRecords(count=1_001, limit=1_000)
    plant.execute(plant.operation(T.CONSUME), "L7", "1")
    outcome = plant.execute(operation)
    assert isinstance(outcome, Answer)
    assert len(outcome.records) == RECORDS_PER_CALL_MAX


def test_a_batch_writes_at_most_four_thousand_records(plant: Plant) -> None:
    """The request that would take it past them is refused, the others stand."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.ALLOW_MULTIPLE)
    operation = plant.operation(T.SCRAP_ALL)
    places = [plant.silo, tank, plant.location("C"), plant.location("D"), plant.location("E")]
    operations = [plant.operation(T.SCRAP_ALL, source_location_id=place.id) for place in places]
    for place in places:
        for number in range(900):
            plant.lot(f"{place.path}{number}", stock="1", at=place)
    items = [Execute("me", one.id) for one in operations]
    outcomes = plant.decide_batch(Batch(list(items), all_or_nothing=False, validate_only=False))
    assert [type(outcome) for outcome in outcomes] == [Answer, Answer, Answer, Answer, TooManyRecords]
    assert outcomes[-1] == TooManyRecords(count=4_500, limit=RECORDS_PER_BATCH_MAX)
    assert isinstance(plant.execute(operation), Answer)
