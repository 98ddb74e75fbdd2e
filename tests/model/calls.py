"""From a request to an answer or a refusal: every call that writes records, alone or in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.model.applying import apply, refuse_too_many
from tests.model.lots import refuse_unusable, status_at
from tests.model.picking import first_pick
from tests.model.plant import Answer, Operation, Plant, Run
from tests.model.refusal import Refusal
from tests.model.requests import (
    Batch,
    Cancel,
    Execute,
    Request,
    Single,
    Start,
    Stop,
    as_read,
    check_shape,
    faults_of_shape,
    meaning,
)
from tests.model.resolving import (
    Action,
    check_end,
    check_operation,
    find_operation,
    refuse_stated,
    required_quantity,
    resolve,
)
from tests.model.resolving_actions import resolve_action
from tests.model.reversing import reverse
from tests.model.stock_requests import Actions, Reverse, check_actions
from tests.model.writing import new_record

Writing = Request | Actions | Reverse
"""A request that writes records and may be repeated by its id."""

BATCH_MAX = 1_000
RUNNING_TYPE = {"RECEIVE_AND_CONSUME": "CONSUME"}


@dataclass(frozen=True)
class Outcome:
    """What a call leads to.

    Attributes:
        plant: the plant to go on with.
        seen: the plant in which the records of the answers are; another one after a dry run.
        results: an answer or a refusal per request; a batch has several.
    """

    plant: Plant
    seen: Plant
    results: list[Answer | Refusal]


def call(plant: Plant, request: Writing, nows: Sequence[int]) -> Outcome:
    """What a request leads to, with the moment at which it is done (of a batch, each item's).

    Raises:
        Refusal: of the call itself; nothing has changed.
    """
    request = as_read(request)
    if isinstance(request, Batch):
        return _call_batch(plant, request, nows)
    if isinstance(request, Actions):
        check_actions(request)
    else:
        check_shape(request)
    is_dry = getattr(request, "validate_only", False)
    seen, answer = _once(plant, request, nows[0], heeds_ids=not is_dry)
    return Outcome(plant if is_dry else seen, seen, [answer])


def _call_batch(plant: Plant, batch: Batch, nows: Sequence[int]) -> Outcome:
    if not 1 <= len(batch.requests) <= BATCH_MAX:
        raise Refusal("INVALID_ARGUMENT", {"requests"})
    faults = [_faults_of_item(request) for request in batch.requests]
    at_fault = [index for index, found in enumerate(faults) if found]
    if batch.all_or_nothing and at_fault:
        paths = {f"requests[{index}].{name}" for index in at_fault for name in faults[index]}
        raise Refusal("INVALID_ARGUMENT", paths, index=str(at_fault[0]))
    results: list[Answer | Refusal] = []
    seen = plant
    for index, (request, now) in enumerate(zip(batch.requests, nows, strict=True)):
        try:
            if faults[index]:
                raise Refusal("INVALID_ARGUMENT", faults[index])
            seen, answer = _once(seen, request, now, heeds_ids=not batch.validate_only)
            results.append(answer)
        except Refusal as refusal:
            refused = refusal.of_item(index, whole_batch=batch.all_or_nothing)
            if batch.all_or_nothing:
                raise refused from None
            results.append(refused)
    return Outcome(plant if batch.validate_only else seen, seen, results)


def _faults_of_item(request: Execute) -> set[str]:
    return faults_of_shape(request) | ({"validate_only"} if request.validate_only else set())


def _once(plant: Plant, request: Single | Actions | Reverse, now: int, *, heeds_ids: bool) -> tuple[Plant, Answer]:
    """Step 3: a repeat gets the same records as they are now."""
    request_id = request.request_id if heeds_ids else ""
    if request_id in plant.requests:
        done, answer = plant.requests[request_id]
        if done != meaning(request):
            raise Refusal("REQUEST_ID_REUSED", {"request_id"}, request_id=request_id)
        return plant, answer
    after = plant.copied()
    answer = _do(after, request, now)
    if request_id:
        after.requests[request_id] = (meaning(request), answer)
    return after, answer


def _do(plant: Plant, request: Single | Actions | Reverse, now: int) -> Answer:
    if isinstance(request, Actions):
        return _act(plant, request, now)
    if isinstance(request, Reverse):
        record = reverse(plant, request, now)
        return Answer(record, [record])
    operation = find_operation(plant, request.inventory_operation_id)
    run = plant.runs[operation.key]
    match request:
        case Execute() if run.status == "RUNNING":
            given = Stop(
                request.inventory_operation_id,
                request.quantity,
                request.inventory_name,
                request.end_date_millis,
                request.request_id,
                exact_quantity=request.exact_quantity,
            )
            answer = _stop(plant, operation, given, now)
            return Answer(answer.main, answer.records, stopped=True)
        case Execute():
            return _execute(plant, operation, request, now)
        case Start():
            return _start(plant, operation, request, now)
        case Stop():
            return _stop(plant, operation, request, now)
        case Cancel():
            return _cancel(plant, operation, now)


def _act(plant: Plant, request: Actions, now: int) -> Answer:
    """All or nothing, in order; a call raises a lot's version once."""
    answer, versioned = Answer(None, []), set[str]()
    for index, item in enumerate(request.actions):
        try:
            action = resolve_action(plant, item, request.request_id, now, versioned)
            written = apply(plant, action)
        except Refusal as refusal:
            raise refusal.of_item(index, items="actions", whole_batch=True) from None
        versioned |= set(action.made_lots)
        answer.records += written
        answer.indexes += [index] * len(written)
        refuse_too_many(len(answer.records))
    return answer


def _execute(plant: Plant, operation: Operation, request: Execute, now: int) -> Answer:
    check_operation(plant, operation)
    quantity = None if operation.type == "SCRAP_ALL" else required_quantity(request)
    refuse_stated(operation, request)
    action = resolve(plant, operation, request, now)
    action.quantity = quantity or action.quantity
    written = apply(plant, action)
    plant.runs[operation.key] = Run("COMPLETED")
    return Answer(_main(plant, action, written), written)


def _main(plant: Plant, action: Action, written: list[str]) -> str | None:
    if action.type == "RECEIVE_AND_CONSUME":
        return next(key for key in written if plant.records[key].type == "CONSUME")
    return written[0] if written else None


def _start(plant: Plant, operation: Operation, request: Start, now: int) -> Answer:
    run = plant.runs[operation.key]
    if run.status == "RUNNING":
        raise Refusal("OPERATION_ALREADY_RUNNING", None, inventory_operation_id=operation.key, status=run.status)
    check_operation(plant, operation)
    if operation.type == "SCRAP_ALL":
        raise Refusal("START_NOT_SUPPORTED", None, operation_type=operation.type)
    refuse_stated(operation, request)
    action = resolve(plant, operation, request, now)
    lot = action.lot or first_pick(plant, action)
    refuse_unusable(plant, lot, action.type, action.end)
    record = new_record(plant, action, RUNNING_TYPE.get(action.type, action.type), lot, action.unit)
    record.lot_status = status_at(plant, lot, action.end)
    record.lot_was_given = action.lot is not None
    plant.runs[operation.key] = Run("RUNNING", record.key)
    return Answer(record.key, [record.key])


def _stop(plant: Plant, operation: Operation, request: Stop, now: int) -> Answer:
    run = plant.runs[operation.key]
    if run.status != "RUNNING":
        raise Refusal("OPERATION_NOT_RUNNING", None, inventory_operation_id=operation.key, status=run.status)
    assert run.record is not None
    running = plant.records[run.record]
    quantity = required_quantity(request)
    end = max(now, running.start) if request.end_date_millis is None else request.end_date_millis
    if end < running.start:
        raise Refusal("INVALID_ARGUMENT", {"end_date_millis"})
    check_end(end, now)
    action = Action(
        type=operation.type,
        source=running.source,
        destination=running.destination,
        material=plant.lots[running.lot].material,
        lot=running.lot if running.lot_was_given else None,
        secondary=running.secondary,
        unit=running.unit,
        inventory_name=request.inventory_name or running.inventory_name,
        start=running.start,
        end=end,
        now=now,
        order=running.order,
        operation_record=running.operation_record,
        reason_code=running.reason_code,
        notes=running.notes,
        request_id=request.request_id,
        operation=operation.key,
        increment=operation.increment,
        quantity=quantity,
        running=running.key,
    )
    written = apply(plant, action)
    plant.runs[operation.key] = Run("COMPLETED")
    return Answer(running.key, written)


def _cancel(plant: Plant, operation: Operation, now: int) -> Answer:
    run = plant.runs[operation.key]
    if run.status != "RUNNING":
        raise Refusal("OPERATION_NOT_RUNNING", None, inventory_operation_id=operation.key, status=run.status)
    assert run.record is not None
    record = plant.records[run.record]
    record.status, record.end = "CANCELLED", max(now, record.start)
    record.modified, record.version = now, record.version + 1
    record.lot_status = status_at(plant, record.lot, record.end)
    plant.runs[operation.key] = Run("CANCELLED")
    return Answer(record.key, [record.key])
