"""What lists and questions answer, by the records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from tests.model.in_time import changes_of
from tests.model.lots import keeps_stock
from tests.model.plant import Plant, Record
from tests.model.quantities import converted, converted_exactly, factor
from tests.model.refusal import Refusal
from tests.model.storing import in_capacity_unit


@dataclass(frozen=True)
class RecordFilter:
    """ListInventoryLotRecords; None and empty filter nothing."""

    lot: str | None = None
    material: str | None = None
    operation: str | None = None
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
    order: str | None = None
    reason_code: str | None = None
    location: str | None = None
    include_children: bool = False
    oldest_first: bool = False


def records_by(plant: Plant, wanted: RecordFilter) -> list[Record]:
    """The records that pass every filter, in no order."""
    places = plant.below(wanted.location, include_children=wanted.include_children) if wanted.location else set()

    def passes(record: Record) -> bool:
        if wanted.lot is not None and wanted.lot not in {record.lot, record.secondary}:
            return False
        if wanted.lot is None and wanted.material not in {None, plant.lots[record.lot].material}:
            return False
        return (
            wanted.operation in {None, record.operation}
            and (not wanted.types or record.type in wanted.types)
            and (not wanted.statuses or record.status in wanted.statuses)
            and (wanted.start is None or record.moment >= wanted.start)
            and (wanted.end is None or record.moment < wanted.end)
            and wanted.order in {None, record.order}
            and wanted.reason_code in {None, record.reason_code}
            and (wanted.location is None or bool(places & {record.source, record.destination}))
        )

    return [record for record in plant.records.values() if passes(record)]


def stock_as_of(plant: Plant, moment: int) -> dict[tuple[str, str], Fraction]:
    """By location and lot of each row, what the records say whose end is at or before the moment."""
    stock: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for record in plant.records.values():
        if record.status == "COMPLETED" and record.end is not None and record.end <= moment:
            for place, lot, by in changes_of(record):
                stock[place, lot] += by
    return {where: quantity for where, quantity in stock.items() if where in plant.rows}


@dataclass(frozen=True)
class Room:
    """CheckLocationHasCapacity; without a limit the quantities are None."""

    has_capacity: bool
    capacity: Fraction | None = None
    stored: Fraction | None = None


def room(plant: Plant, location_key: str, quantity: Fraction, unit: str, material: str | None) -> Room:
    """What step 14 would say of a lot of the material that has nothing there yet."""
    location = plant.locations[location_key]
    if not keeps_stock(location) or location.capacity is None or location.capacity_unit is None:
        return Room(has_capacity=True)
    if material is None:
        how_many = factor(plant, unit, location.capacity_unit, None)
        if how_many is None:
            units = {"from": plant.units[unit].symbol, "to": plant.units[location.capacity_unit].symbol}
            raise Refusal("UNIT_NOT_CONVERTIBLE", None, **units)
        rising = quantity * how_many
    else:
        own = plant.materials[material].unit or unit
        amount = converted(plant, quantity, unit, own, material)
        rising = converted_exactly(plant, amount, own, location.capacity_unit, material)
    stored = Fraction(0)
    for lot in plant.lots_in_stock(location.key):
        stored += in_capacity_unit(plant, location, lot, plant.stock(location.key, lot))
    return Room(stored + rising <= location.capacity, location.capacity, stored)
