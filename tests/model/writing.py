"""Step 16: records, rows, totals and counts."""

from __future__ import annotations

from fractions import Fraction

from tests.model.lots import status_at
from tests.model.plant import Plant, Record, Row
from tests.model.quantities import converted, in_range
from tests.model.resolving import Action


def write(
    plant: Plant,
    action: Action,
    kind: str,
    lot: str,
    quantity: Fraction,
    *,
    unit: str | None = None,
    source_change: Fraction = Fraction(0),
    destination_change: Fraction = Fraction(0),
    moved: Fraction = Fraction(0),
) -> str:
    """One record; the running one is completed where it is of this lot."""
    if action.running is not None and plant.records[action.running].lot == lot:
        record = plant.records[action.running]
        record.inventory_name, record.modified, record.version = action.inventory_name, action.now, record.version + 1
    else:
        record = new_record(plant, action, kind, lot, unit or action.unit)
    record.quantity, record.end, record.status = quantity, action.end, "COMPLETED"
    record.source_change, record.destination_change, record.moved = source_change, destination_change, moved
    record.lot_status = status_at(plant, lot, action.end)
    return record.key


def new_record(plant: Plant, action: Action, kind: str, lot: str, unit: str) -> Record:
    """A record of the action, RUNNING until somebody says otherwise."""
    record = Record(
        key=plant.new_key("record"),
        type=kind,
        lot=lot,
        secondary=action.secondary,
        operation=action.operation,
        operation_record=action.operation_record,
        order=action.order,
        reason_code=action.reason_code,
        source=action.source,
        destination=action.destination,
        quantity=Fraction(0),
        unit=unit,
        inventory_name=action.inventory_name,
        start=action.start,
        end=None,
        status="RUNNING",
        request_id=action.request_id,
        notes=action.notes,
        spares=action.spares,
        created=action.now,
    )
    plant.records[record.key] = record
    return record


def change_stock(plant: Plant, location: str, lot: str, by: Fraction, record: str) -> None:
    """A lot came with the record that last raised its stock here from zero or below."""
    row = plant.row(location, lot)
    came = row.quantity <= 0 < row.quantity + by
    row.quantity = in_range(row.quantity + by)
    note_end(row, plant.records[record])
    if came:
        plant.arrivals += 1
        row.arrival, row.arrived_record = plant.arrivals, record


def note_end(row: Row, record: Record) -> None:
    """The row was changed or counted by the record."""
    assert record.end is not None
    row.latest = record.end if row.latest is None else max(row.latest, record.end)


def raise_total(plant: Plant, record: str, lot: str, by: Fraction) -> None:
    """The record keeps by how much it raised the total, for its reversal."""
    plant.lots[lot].total = in_range(plant.lots[lot].total + by)
    plant.records[record].raised = {lot: by}


def count(plant: Plant, action: Action, record: str) -> None:
    """What was produced counts for the order, in its unit; a material that is not its product does not."""
    if action.type != "PRODUCE" or not action.increment or action.order is None:
        return
    order = plant.orders[action.order]
    if order.product == action.material:
        more = converted(plant, action.quantity, action.unit, order.unit, action.material)
        plant.counts[order.key] = in_range(plant.counts[order.key] + more)
        plant.records[record].counted = more
