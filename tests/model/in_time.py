"""Stock by moments: what a moment says, what is left from a moment on, and who may come too late."""

from __future__ import annotations

from fractions import Fraction

from tests.model.plant import Plant, Record
from tests.model.quantities import text
from tests.model.refusal import ANYTHING, Refusal

TOLERANCE = 60_000
"""How far clocks may differ, in milliseconds: the setting's default."""

Change = tuple[str, str, Fraction]
"""Of a location, of a lot, by how much."""


def changes_of(record: Record) -> list[Change]:
    """What stock did: of the primary lot at each location, of the secondary lot of SPLIT and MERGE the opposite."""
    changes: list[Change] = []
    if record.source is not None:
        changes.append((record.source, record.lot, record.source_change))
        if record.type in {"SPLIT", "MERGE"} and record.secondary is not None:
            changes.append((record.source, record.secondary, -record.source_change))
    if record.destination is not None:
        changes.append((record.destination, record.lot, record.destination_change))
    return [change for change in changes if change[2] != 0]


def stock_at(plant: Plant, location: str, lot: str, moment: int) -> Fraction:
    """The sum of what had ended by then."""
    return sum(
        (
            by
            for record in plant.records.values()
            if record.status == "COMPLETED" and record.end is not None and record.end <= moment
            for place, whose, by in changes_of(record)
            if (place, whose) == (location, lot)
        ),
        Fraction(0),
    )


def comes_last(plant: Plant, location: str, lot: str, end: int) -> bool:
    """After the row's latest end, or so little before it that clocks may differ."""
    row = plant.rows.get((location, lot))
    return row is None or row.latest is None or end >= row.latest or row.latest - end < TOLERANCE


def moments_from(plant: Plant, location: str, lot: str, end: int) -> dict[int, Fraction]:
    """The end, and every later moment at which the row changed, in order, with what is there then."""
    if comes_last(plant, location, lot, end):
        row = plant.rows.get((location, lot))
        latest = end if row is None or row.latest is None else max(end, row.latest)
        return {latest: plant.stock(location, lot)}
    later = {
        record.end
        for record in plant.records.values()
        if record.status == "COMPLETED" and record.end is not None and record.end > end
    }
    return {at: stock_at(plant, location, lot, at) for at in [end, *sorted(later)]}


def available_from(plant: Plant, location: str, lot: str, end: int) -> Fraction:
    """What may be taken at that moment: the least from then on, or the stock of now where it may fall below zero."""
    if plant.locations[location].allow_negative:
        return plant.stock(location, lot)
    return min(moments_from(plant, location, lot, end).values())


def refuse_below_zero(plant: Plant, location: str, lot: str, amount: Fraction, end: int, now: int) -> None:
    """Step 13, whatever the location allows."""
    stock = moments_from(plant, location, lot, end)
    if min(stock.values()) < amount:
        first = next(at for at, there in stock.items() if there < amount)
        raise insufficient_of(plant, location, lot, min(stock.values()), text(amount), shown(first, now))


def refuse_superseded(plant: Plant, location: str, lot: str, end: int) -> None:
    """A count before another one that still holds."""
    later = {
        record.key: record.end
        for record in plant.records.values()
        if record.type == "EDIT"
        and (record.source, record.lot) == (location, lot)
        and record.reverses is None
        and record.reversed_by is None
        and record.end is not None
        and record.end > end
    }
    if later:
        first = min(later.values())
        keys = frozenset(key for key, at in later.items() if at == first)
        raise Refusal("COUNT_SUPERSEDED", None, inventory_lot_record_id=keys, at=str(first))


def shown(moment: int, now: int) -> str | frozenset[str]:
    """A moment in a refusal; nobody knows exactly when a refused call was looked at."""
    return ANYTHING if moment == now else str(moment)


def insufficient_of(
    plant: Plant,
    location: str,
    lot: str,
    available: Fraction,
    requested: str | frozenset[str],
    at: str | frozenset[str],
) -> Refusal:
    """More was asked for than there is."""
    return Refusal(
        "INSUFFICIENT_INVENTORY",
        None,
        lot=plant.lots[lot].name,
        location=plant.locations[location].path,
        available=text(available),
        requested=requested,
        unit=plant.units[plant.lots[lot].unit].symbol,
        at=at,
    )
