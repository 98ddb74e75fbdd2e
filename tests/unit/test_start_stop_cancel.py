"""Start, Stop and Cancel on the pure domain."""

import pytest
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
    Status,
)
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import (
    InsufficientInventory,
    InvalidArgument,
    LotStatusForbids,
    OperationAlreadyRunning,
    OperationNotRunning,
    StartNotSupported,
)

from tests.plant import DAY, HOUR, NOW, Plant, told

T = InventoryOperationType


@pytest.fixture
def plant() -> Plant:
    return Plant()


def test_start_writes_a_running_record_and_moves_nothing(plant: Plant) -> None:
    """Quantity 0, no end; the operation knows its record."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    outcome = plant.start(operation, "L", start_millis=NOW - HOUR)

    assert isinstance(outcome, Answer)
    (record,) = outcome.records
    assert (record.status, record.quantity_millionths, record.end_millis) == (Status.RUNNING, 0, None)
    assert record.start_millis == NOW - HOUR
    run = plant.runs[operation.id]
    assert (run.status, run.current_record_id) == (Status.RUNNING, record.id)
    assert plant.stock("L") == "5"


def test_start_refuses_what_is_running_what_scraps_all_and_a_start_after_now(plant: Plant) -> None:
    """Each by its own reason."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    refused = plant.start(operation, "L", start_millis=NOW + 1)
    assert isinstance(refused, InvalidArgument)
    assert [one.field for one in refused.violations] == ["start_date_millis"]
    plant.start(operation, "L")
    already = OperationAlreadyRunning(inventory_operation_id=format_id(operation.id), status="RUNNING")
    assert plant.start(operation, "L") == already
    assert plant.start(plant.operation(T.SCRAP_ALL)) == StartNotSupported(operation_type="SCRAP_ALL")


def test_start_looks_at_the_lots_status_but_not_at_stock_capacity_or_strategy(plant: Plant) -> None:
    """A held lot cannot be started on; an empty one can."""
    plant.lot("HELD", status=LotStatus.QA_HOLD)
    plant.lot("EMPTY")
    refused = plant.start(plant.operation(T.CONSUME), "HELD")
    assert refused == LotStatusForbids(lot="HELD", lot_status="QA_HOLD", operation_type="CONSUME")
    assert isinstance(plant.start(plant.operation(T.CONSUME), "EMPTY"), Answer)


def test_stop_completes_the_running_record(plant: Plant) -> None:
    """The same record, one version on, with the notes that it had."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    started = plant.start(operation, "L")
    plant.now += HOUR
    stopped = plant.stop(operation, "2", inventory_name="LPN-9")

    assert isinstance(started, Answer)
    assert isinstance(stopped, Answer)
    (record,) = stopped.records
    assert record.id == started.records[0].id
    assert (record.status, record.end_millis, record.common.version) == (Status.COMPLETED, NOW + HOUR, 2)
    assert (record.inventory_name, record.common.modified_by) == ("LPN-9", "me")
    assert (plant.stock("L"), plant.runs[operation.id].status) == ("3", Status.COMPLETED)


def test_execute_stops_what_is_running_and_says_so(plant: Plant) -> None:
    """Only quantity, inventory name and end are looked at; also of an operation disabled since."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    plant.start(operation, "L")
    plant.cache.inventory_operations.put(operation.id, _disabled(operation))
    outcome = plant.execute(operation, "NO SUCH LOT", "2", material="No such material")

    assert isinstance(outcome, Answer)
    assert outcome.stopped_running_operation
    assert told(outcome) == [("CONSUME", "L", "2", "-2")]


def _disabled(operation: object) -> object:
    from dataclasses import replace

    return replace(operation, enabled=False)  # type: ignore[type-var]


def test_stop_and_cancel_need_a_running_operation(plant: Plant) -> None:
    """And a stop needs a quantity."""
    operation = plant.operation(T.CONSUME)
    not_running = OperationNotRunning(inventory_operation_id=format_id(operation.id), status="IDLE")
    assert plant.stop(operation, "1") == not_running
    assert plant.cancel(operation) == not_running
    plant.lot("L", stock="5")
    plant.start(operation, "L")
    refused = plant.stop(operation)
    assert isinstance(refused, InvalidArgument)
    assert refused.violations[0].field == "quantity"


def test_a_refused_stop_leaves_everything_running(plant: Plant) -> None:
    """Not enough stock, a lot held meanwhile, an end before the start; Cancel still works."""
    lot = plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    plant.start(operation, "L")
    assert isinstance(plant.stop(operation, "6"), InsufficientInventory)
    assert isinstance(plant.stop(operation, "1", end_millis=NOW - 1), InvalidArgument)
    from dataclasses import replace

    plant.lots[lot.id] = replace(lot, status=LotStatus.QA_HOLD)
    assert isinstance(plant.stop(operation, "1"), LotStatusForbids)
    assert plant.runs[operation.id].status is Status.RUNNING
    cancelled = plant.cancel(operation)
    assert isinstance(cancelled, Answer)
    assert (cancelled.records[0].status, cancelled.records[0].lot_status) == (Status.CANCELLED, LotStatus.QA_HOLD)
    assert (plant.stock("L"), plant.runs[operation.id].current_record_id) == ("5", None)


def test_cancel_ends_a_run_without_moving_stock_but_keeps_the_lot_that_was_made(plant: Plant) -> None:
    """After it the operation can be started again."""
    operation = plant.operation(T.PRODUCE, create_lot_if_not_found=True)
    plant.start(operation, "NEW")
    plant.cancel(operation)
    assert [lot.name for lot in plant.lots.values()] == ["NEW"]
    assert plant.rows == {}
    assert isinstance(plant.start(operation, "NEW"), Answer)


def test_the_end_of_a_stop_defaults_to_the_start_if_the_clock_went_back(plant: Plant) -> None:
    """Never before it."""
    plant.lot("L", stock="5")
    operation = plant.operation(T.CONSUME)
    plant.start(operation, "L")
    plant.now -= HOUR
    outcome = plant.stop(operation, "1")
    assert isinstance(outcome, Answer)
    assert outcome.records[0].end_millis == NOW


def test_stop_of_receive_and_consume_writes_the_receive_before_the_running_consume(plant: Plant) -> None:
    """The running record is the CONSUME."""
    operation = plant.operation(T.RECEIVE_AND_CONSUME, create_lot_if_not_found=True)
    started = plant.start(operation, "L")
    stopped = plant.stop(operation, "4")
    assert isinstance(started, Answer)
    assert isinstance(stopped, Answer)
    assert told(stopped) == [("RECEIVE", "L", "4", "4"), ("CONSUME", "L", "4", "-4")]
    assert stopped.main is not None
    assert stopped.main.id == started.records[0].id
    assert plant.total("L") == "4"


def test_stop_of_a_rise_obeys_the_storage_strategy(plant: Plant) -> None:
    """What rose is merged then, not at the start."""
    tank = plant.location("Tank", lot_storage_strategy=LotStorageStrategy.MERGE_INTO_PREVIOUS)
    operation = plant.operation(T.PRODUCE, destination_location_id=tank.id, create_lot_if_not_found=True)
    plant.start(operation, "NEW")
    plant.lot("OLD", stock="1", at=tank)
    assert told(plant.stop(operation, "2")) == [("PRODUCE", "NEW", "2", "2"), ("MERGE", "OLD", "2", "2")]


def _picking(plant: Plant) -> object:
    return plant.operation(T.CONSUME, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION)


def test_a_start_that_picks_fixes_the_first_lot_and_stop_goes_on_picking(plant: Plant) -> None:
    """The fixed lot first, then the others in order."""
    operation = _picking(plant)
    assert isinstance(plant.start(operation), InsufficientInventory)  # type: ignore[arg-type]
    plant.lot("A", stock="2")
    plant.lot("B", stock="3")
    started = plant.start(operation)  # type: ignore[arg-type]
    assert isinstance(started, Answer)
    assert started.records[0].lot.name == "A"
    stopped = plant.stop(operation, "4")  # type: ignore[arg-type]
    assert told(stopped) == [("CONSUME", "A", "2", "-2"), ("CONSUME", "B", "2", "-2")]
    assert isinstance(stopped, Answer)
    assert {record.start_millis for record in stopped.records} == {NOW}


def test_a_fixed_lot_that_has_nothing_left_completes_with_zero(plant: Plant) -> None:
    """And another one gives."""
    operation = _picking(plant)
    plant.lot("A", stock="2")
    plant.lot("B", stock="3")
    plant.start(operation)  # type: ignore[arg-type]
    plant.execute(plant.operation(T.CONSUME), "A", "2")
    outcome = plant.stop(operation, "1")  # type: ignore[arg-type]
    assert told(outcome) == [("CONSUME", "A", "0", "0"), ("CONSUME", "B", "1", "-1")]


def test_a_record_shows_expired_where_the_lots_date_is_before_its_end(plant: Plant) -> None:
    """What clears away may take it; the record says what it was."""
    plant.lot("OLD", stock="5", expiration_millis=NOW - DAY)
    outcome = plant.execute(plant.operation(T.SCRAP), "OLD", "1")
    assert isinstance(outcome, Answer)
    assert outcome.records[0].lot_status is LotStatus.EXPIRED
    assert decimal_text(outcome.records[0].quantity_millionths) == "1"
