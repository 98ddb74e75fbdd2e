"""A record is undone by another one."""

from __future__ import annotations

from tests.model.in_time import Change, changes_of
from tests.model.lots import keeps_stock, status_at
from tests.model.plant import ById, Plant, Record, Reference
from tests.model.quantities import in_range
from tests.model.refusal import Refusal
from tests.model.stock_requests import Reverse
from tests.model.storing import holds_another, others_in_stock, refuse_over_capacity, refuse_too_much
from tests.model.writing import change_stock, note_end


def reverse(plant: Plant, request: Reverse, now: int) -> str:
    """The key of the record that undoes."""
    undone = find_record(plant, request.inventory_lot_record_id)
    changes = [(place, lot, -by) for place, lot, by in changes_of(undone)]
    _refuse_what_cannot_be_undone(plant, undone, changes)
    falls = [change for change in changes if change[2] < 0]
    rises = [change for change in changes if change[2] > 0]
    end = now if undone.end is None else max(now, undone.end)
    for place, lot, by in falls:
        refuse_too_much(plant, place, lot, -by, end, now)
    record = Record(
        key=plant.new_key("record"),
        type=undone.type,
        lot=undone.lot,
        secondary=undone.secondary,
        operation=undone.operation,
        operation_record=undone.operation_record,
        order=undone.order,
        reason_code=undone.reason_code,
        source=undone.source,
        destination=undone.destination,
        quantity=-undone.quantity,
        unit=undone.unit,
        inventory_name=undone.inventory_name,
        start=now,
        end=end,
        status="COMPLETED",
        request_id=request.request_id,
        notes=request.notes,
        created=now,
        lot_status=status_at(plant, undone.lot, now),
        source_change=-undone.source_change,
        destination_change=-undone.destination_change,
        reverses=undone.key,
    )
    plant.records[record.key] = record
    undone.reversed_by, undone.modified, undone.version = record.key, now, undone.version + 1
    for place, lot, by in falls:
        change_stock(plant, place, lot, by, record.key)
    for place, lot, by in rises:
        location = plant.locations[place]
        refuse_over_capacity(plant, location, lot, by)
        others = others_in_stock(plant, location, lot)
        if others and location.storage == "ALLOW_SINGLE_OR_THROW":
            raise holds_another(plant, location, others)
        change_stock(plant, place, lot, by, record.key)
    if undone.type == "EDIT" and undone.source is not None and (undone.source, undone.lot) in plant.rows:
        note_end(plant.rows[undone.source, undone.lot], record)
    for lot, by in undone.raised.items():
        plant.lots[lot].total = in_range(plant.lots[lot].total - by)
    if undone.order is not None:
        plant.counts[undone.order] = in_range(plant.counts[undone.order] - undone.counted)
    _put_back(plant, undone)
    return record.key


def _put_back(plant: Plant, merge: Record) -> None:
    """What a MERGE did to its lots beside stock, where nobody has done otherwise since."""
    into = plant.lots[merge.lot]
    if merge.dated is not None and into.expiration == merge.dated[1]:
        into.expiration = merge.dated[0]
        into.version += 1
    away = plant.lots[merge.secondary] if merge.secondary is not None else None
    if away is not None and merge.closed_from and away.status == "CLOSED":
        away.status, away.closed = merge.closed_from, None
        away.version += 1


def find_record(plant: Plant, reference: Reference) -> Record:
    """By id."""
    assert isinstance(reference, ById)
    if reference.key not in plant.records:
        raise Refusal("INVENTORY_LOT_RECORD_NOT_FOUND", {"inventory_lot_record_id"}, id=reference.key)
    return plant.records[reference.key]


def _refuse_what_cannot_be_undone(plant: Plant, record: Record, changes: list[Change]) -> None:
    cause = ""
    if record.status != "COMPLETED":
        cause = "STATUS"
    elif record.reverses is not None:
        cause = "REVERSAL"
    elif record.type == "STATUS_CHANGE":
        cause = "TYPE"
    elif record.reversed_by is not None:
        raise Refusal("ALREADY_REVERSED", None, inventory_lot_record_id=record.key)
    elif any(by > 0 and not keeps_stock(plant.locations[place]) for place, _, by in changes):
        cause = "LOCATION"
    if cause:
        raise Refusal("NOT_REVERSIBLE", None, inventory_lot_record_id=record.key, cause=cause)
