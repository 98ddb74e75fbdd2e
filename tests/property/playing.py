"""A random plant on a server and in the model, played side by side."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

import grpc
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_record_pb2, inventory_service_pb2, master_data_service_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.model.calls import Outcome, Writing, call
from tests.model.edits import Edit, edit
from tests.model.notes import annotate, set_metadata
from tests.model.plant import Answer, Plant, Record
from tests.model.refusal import Refusal
from tests.model.requests import Batch, check_shape
from tests.model.stock_requests import Actions, Annotate, SetMetadata
from tests.property.asking import ask
from tests.property.comparing import Comparing, quantity_of
from tests.property.random_plants import Dice, random_plant
from tests.property.random_requests import openings, random_edit, random_request
from tests.property.random_stock_requests import random_stock_request, stocking
from tests.property.served import Reply, ServedSide, now_millis

CALLS = 40
QUESTIONS = 6
PAGE = 1_000


def play(channel: grpc.Channel, token: str, dice: Dice, prefix: str) -> None:
    """Sets up a plant, calls, saves, compares each answer and then everything that is there.

    Raises:
        AssertionError: the server says otherwise than the model; each call is a note of it.
    """
    now = now_millis()
    plant = random_plant(dice, prefix, now)
    side = ServedSide(channel, token)
    side.build(plant)
    comparing = Comparing(side)
    earlier: list[Any] = []
    for opening in [*openings(dice, plant), *stocking(dice, plant, now)]:
        plant = compare_call(side, comparing, plant, opening)
    for _ in range(CALLS):
        if dice.seldom():
            plant = compare_edit(side, comparing, plant, random_edit(dice, plant, now))
        if dice.seldom():
            ask(side, comparing, plant, dice)
        which = random_request if dice.one_of([True, False]) else random_stock_request
        request: Any = which(dice, plant, prefix, now, earlier)
        earlier.append(request)
        try:
            plant = compare_word(side, comparing, plant, request) or compare_call(side, comparing, plant, request)
        except AssertionError as error:
            error.add_note(f"in answer to {request}")
            raise
    for _ in range(QUESTIONS):
        ask(side, comparing, plant, dice)
    compare_plant(side, comparing, plant)


def compare_word(side: ServedSide, comparing: Comparing, plant: Plant, request: Any) -> Plant | None:
    """Says something of a record or of a row on both sides; None where the request is no such thing."""
    if not isinstance(request, Annotate | SetMetadata):
        return None
    reply, after = side.send(request), plant.copied()
    expected = _word(after, request, _moment(reply.message) or 0)
    if isinstance(expected, Refusal):
        assert reply.status is not None, f"answered {reply.message}, expected {expected}"
        comparing.refusal(reply.status, expected)
        return plant
    assert reply.message is not None, f"refused {reply.status}"
    if isinstance(expected, Record):
        comparing.records(after, after, [expected.key], [reply.message.inventory_lot_record])
    else:
        comparing.rows(after, [expected], [reply.message.inventory])
    return after


def _word(plant: Plant, request: Annotate | SetMetadata, now: int) -> Record | tuple[str, str] | Refusal:
    try:
        check_shape(request)
        return annotate(plant, request, now) if isinstance(request, Annotate) else set_metadata(plant, request)
    except Refusal as refusal:
        return refusal


def compare_call(side: ServedSide, comparing: Comparing, plant: Plant, request: Writing) -> Plant:
    """Calls both; the plant to go on with."""
    reply = side.send(request)
    nows = moments(request, reply, plant)
    expected = outcome_or_refusal(plant, request, nows)
    if isinstance(expected, Refusal):
        assert reply.status is not None, f"answered {reply.message}, expected {expected}"
        comparing.refusal(reply.status, expected)
        return plant
    assert reply.message is not None, f"refused {reply.status}, expected {expected.results}"
    return compare_answers(comparing, request, reply, expected)


def compare_edit(side: ServedSide, comparing: Comparing, plant: Plant, wanted: Edit) -> Plant:
    """Saves on both sides; a change of a lot's status leaves a record."""
    begun = now_millis()
    saved = side.edit(wanted)
    now = saved.modified_date.ToMilliseconds() if saved.HasField("modified_date") else begun
    after = edit(plant, wanted, now)
    new = [key for key in after.records if key not in plant.records]
    if new:
        assert begun <= now <= now_millis()
        known = set(side.ids.values())
        told = [one for one in side.status_changes(after.records[new[0]].lot) if one.id not in known]
        comparing.records(after, after, new, told)
    return after


def outcome_or_refusal(plant: Plant, request: Writing, nows: list[int]) -> Outcome | Refusal:
    """What the model says."""
    try:
        return call(plant, request, nows)
    except Refusal as refusal:
        return refusal


def compare_answers(comparing: Comparing, request: Writing, reply: Reply, outcome: Outcome) -> Plant:
    """One answer, or those of a batch with its refusals."""
    if isinstance(request, Batch):
        assert len(reply.message.results) == len(request.requests)
        for result, expected in zip(reply.message.results, outcome.results, strict=True):
            kind = result.WhichOneof("result")
            assert kind == ("status" if isinstance(expected, Refusal) else "response"), (result, expected)
            if isinstance(expected, Refusal):
                comparing.refusal(result.status, expected)
            else:
                compare_answer(comparing, outcome, expected, result.response)
        return outcome.plant
    answer = outcome.results[0]
    assert isinstance(answer, Answer)
    if isinstance(request, Actions):
        comparing.records(outcome.seen, outcome.plant, answer.records, reply.message.inventory_lot_records)
        assert list(reply.message.action_indexes) == answer.indexes
        return outcome.plant
    compare_answer(comparing, outcome, answer, reply.message)
    return outcome.plant


def compare_answer(comparing: Comparing, outcome: Outcome, answer: Answer, message: Any) -> None:
    """The main record, all records, and whether something was stopped."""
    main = [message.inventory_lot_record] if message.HasField("inventory_lot_record") else []
    seen, after = outcome.seen, outcome.plant
    if "inventory_lot_records" in message.DESCRIPTOR.fields_by_name:
        comparing.records(seen, after, answer.records, message.inventory_lot_records)
    comparing.records(seen, after, [answer.main] if answer.main else [], main)
    assert getattr(message, "stopped_running_operation", answer.stopped) == answer.stopped


def moments(request: Writing, reply: Reply, plant: Plant) -> list[int]:
    """When each request was done: what the records say, which must lie between call and answer."""
    count = len(request.requests) if isinstance(request, Batch) else 1
    messages = reply.message.results if isinstance(request, Batch) and reply.message else [reply.message] * count
    wanted = request.requests if isinstance(request, Batch) else [request]
    nows = []
    for one, message in zip(wanted, messages, strict=False):
        found = _moment(getattr(message, "response", message))
        is_repeat = bool(getattr(one, "request_id", "")) and one.request_id in plant.requests
        if found is not None and not is_repeat and not _repeats_within(wanted, one):
            assert reply.begun <= found <= reply.ended
        nows.append(reply.ended if found is None else found)
    return nows + [reply.ended] * (count - len(nows))


def _repeats_within(wanted: Any, one: Any) -> bool:
    return bool(one.request_id) and [other.request_id for other in wanted].count(one.request_id) > 1


def _moment(message: Any) -> int | None:
    known = message.DESCRIPTOR.fields_by_name if message is not None else {}
    if "inventory_lot_record" in known:
        found = [message.inventory_lot_record] if message.HasField("inventory_lot_record") else []
    else:
        found = list(message.inventory_lot_records[:1]) if "inventory_lot_records" in known else []
    if not found:
        return None
    record: inventory_lot_record_pb2.InventoryLotRecord = found[0]
    changed = record.HasField("modified_date")
    return (record.modified_date if changed else record.created_date).ToMilliseconds()


def compare_plant(side: ServedSide, comparing: Comparing, plant: Plant) -> None:
    """All stock, totals, records, counts and states; and stock is the sum of the records, by the server's own word."""
    rows, lots, records = [], [], []
    listing = inventory_service_pb2
    for key in plant.locations:
        request = listing.ListInventoryRequest(location_id_or_path=side.ids[key], include_empty=True, page_size=PAGE)
        rows += side.call(side.inventory.ListInventory, request).inventory
    for key in plant.materials:
        lots += side.call(
            side.inventory.ListLots, listing.ListLotsRequest(material_id_or_path=side.ids[key], page_size=PAGE)
        ).lots
        records += side.call(
            side.inventory.ListInventoryLotRecords,
            listing.ListInventoryLotRecordsRequest(
                material_id_or_path=side.ids[key], oldest_first=True, page_size=PAGE
            ),
        ).inventory_lot_records
    by_id = {record.id: record for record in records}
    assert len(by_id) == len(records)
    assert set(by_id) == {side.ids[key] for key in plant.records}
    comparing.records(plant, plant, plant.records, [by_id[side.ids[key]] for key in plant.records])
    comparing.rows(plant, plant.rows, rows)
    comparing.lots(plant, lots, now_millis())
    assert stock_by_records(records) == {
        (row.location_id, row.inventory_lot_id): quantity_of(row.quantity) for row in rows if row.quantity
    }
    for key, count in plant.counts.items():
        order = master_data_service_pb2.GetProductionOrderRequest(production_order_id_or_name=side.ids[key])
        told = side.call(side.master_data.GetProductionOrder, order).production_order
        assert told.quantity_produced == float(count)
    for key, run in plant.runs.items():
        status = side.call(
            side.operations.GetInventoryOperationStatus,
            pb.GetInventoryOperationStatusRequest(inventory_operation_id=side.ids[key]),
        )
        expected = (f"STATUS_{run.status}", side.ids[run.record] if run.record else "")
        assert (enums_pb2.Status.Name(status.status), status.current_record_id) == expected


def stock_by_records(records: list[Any]) -> dict[tuple[str, str], Fraction]:
    """What the completed records say, without the zeros."""
    stock: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for record in records:
        if record.status == enums_pb2.STATUS_COMPLETED:
            source, destination = (
                quantity_of(record.source_quantity_change),
                quantity_of(record.destination_quantity_change),
            )
            stock[record.source_location_id, record.inventory_lot_id] += source
            stock[record.destination_location_id, record.inventory_lot_id] += destination
            if record.lot_record_type in {enums_pb2.LOT_RECORD_TYPE_MERGE, enums_pb2.LOT_RECORD_TYPE_SPLIT}:
                stock[record.source_location_id, record.secondary_inventory_lot_id] -= source
    return {where: quantity for where, quantity in stock.items() if quantity}
