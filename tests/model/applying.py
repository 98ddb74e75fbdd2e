"""Steps 12 to 16: an action happens to stock."""

from __future__ import annotations

from fractions import Fraction

from tests.model.lots import keeps_stock, refuse_unusable, status_at
from tests.model.picking import choose
from tests.model.plant import Location, Plant, Record
from tests.model.quantities import converted, converted_exactly, in_range, text
from tests.model.refusal import Refusal
from tests.model.resolving import RISES, Action

RECORDS_MAX = 1_000


def apply(plant: Plant, action: Action) -> list[str]:
    """The keys of the records, in order."""
    if action.type == "SCRAP_ALL":
        written = _scrap_all(plant, action)
    elif action.type == "RECEIVE_AND_CONSUME":
        written = _pass_through(plant, action)
    elif action.type in RISES:
        written = _rise(plant, action)
    elif action.lot is None:
        written = _pick(plant, action)
    else:
        written = _fall(plant, action)
    if len(written) > RECORDS_MAX:
        raise Refusal("TOO_MANY_RECORDS", None, count=str(len(written)), limit=str(RECORDS_MAX))
    if not written:
        for lot in action.made_lots:
            del plant.lots[lot]
    return written


def _in_lot_unit(plant: Plant, action: Action, lot: str) -> Fraction:
    """Step 12, its end."""
    amount = converted(plant, action.quantity, action.unit, plant.lots[lot].unit, action.material)
    if amount == 0:
        raise Refusal("INVALID_ARGUMENT", {"quantity"})
    return amount


def _fall(plant: Plant, action: Action) -> list[str]:
    assert action.lot is not None
    lot, location = plant.lots[action.lot], plant.locations[action.place]
    refuse_unusable(plant, lot.key, action.type, action.end)
    amount = _in_lot_unit(plant, action, lot.key)
    if not keeps_stock(location):
        return [_write(plant, action, action.type, lot.key, action.quantity)]
    available = plant.stock(location.key, lot.key)
    if available < amount and not location.allow_negative:
        raise Refusal(
            "INSUFFICIENT_INVENTORY",
            None,
            lot=lot.name,
            location=location.path,
            available=text(available),
            requested=text(amount),
            unit=plant.units[lot.unit].symbol,
        )
    key = _write(plant, action, action.type, lot.key, action.quantity, source_change=-amount)
    _change_stock(plant, location.key, lot.key, -amount, key)
    return [key]


def _scrap_all(plant: Plant, action: Action) -> list[str]:
    location = plant.locations[action.place]
    written = []
    for lot in plant.lots_in_stock(location.key) if keeps_stock(location) else []:
        if plant.lots[lot].material == action.material and action.lot in {None, lot} and lot != action.secondary:
            stock = plant.stock(location.key, lot)
            key = _write(plant, action, "SCRAP", lot, stock, unit=plant.lots[lot].unit, source_change=-stock)
            _change_stock(plant, location.key, lot, -stock, key)
            written.append(key)
    return written


def _pick(plant: Plant, action: Action) -> list[str]:
    written = []
    for lot, (asked, amount) in choose(plant, action).items():
        key = _write(plant, action, action.type, lot, asked, source_change=-amount)
        _change_stock(plant, action.place, lot, -amount, key)
        written.append(key)
    return written


def _pass_through(plant: Plant, action: Action) -> list[str]:
    assert action.lot is not None
    refuse_unusable(plant, action.lot, action.type, action.end)
    amount = _in_lot_unit(plant, action, action.lot)
    _raise_total(plant, action.lot, amount)
    source, destination, secondary, running = action.source, action.destination, action.secondary, action.running
    action.source, action.destination, action.secondary, action.running = None, source, None, None
    received = _write(plant, action, "RECEIVE", action.lot, action.quantity)
    action.source, action.destination, action.secondary, action.running = source, destination, secondary, running
    return [received, _write(plant, action, "CONSUME", action.lot, action.quantity)]


def _rise(plant: Plant, action: Action) -> list[str]:
    assert action.lot is not None
    lot, location = action.lot, plant.locations[action.place]
    refuse_unusable(plant, lot, action.type, action.end)
    amount = _in_lot_unit(plant, action, lot)
    written = []
    if keeps_stock(location):
        _refuse_over_capacity(plant, location, lot, amount)
        others = [other for other in plant.lots_in_stock(location.key) if other != lot]
        if others and location.storage == "ALLOW_SINGLE_OR_THROW":
            names = frozenset(plant.lots[other].name for other in others)
            raise Refusal("LOCATION_HOLDS_ANOTHER_LOT", None, location=location.path, lot=names)
        written.append(_write(plant, action, action.type, lot, action.quantity, destination_change=amount))
        _change_stock(plant, location.key, lot, amount, written[0])
        holder = lot
        if others and location.storage == "MERGE_INTO_PREVIOUS":
            holder = others[-1]
            written.append(_merge(plant, action, holder, lot, amount))
        if location.storage == "MERGE_INTO_NEW":
            written += [_merge(plant, action, lot, other, plant.stock(location.key, other)) for other in others]
        row = plant.row(location.key, holder)
        row.name = action.inventory_name or row.name
        if action.type == "PRODUCE":
            row.order = action.order or row.order
    else:
        written.append(_write(plant, action, action.type, lot, action.quantity))
    _raise_total(plant, lot, amount)
    if action.type == "PRODUCE" and action.increment and action.order is not None:
        order = plant.orders[action.order]
        if order.product == action.material:
            more = converted(plant, action.quantity, action.unit, order.unit, action.material)
            plant.counts[order.key] = in_range(plant.counts[order.key] + more)
    return written


def _refuse_over_capacity(plant: Plant, location: Location, rising: str, amount: Fraction) -> None:
    """Step 14."""
    if location.capacity is None or location.capacity_unit is None:
        return

    def in_capacity_unit(lot: str, quantity: Fraction) -> Fraction:
        assert location.capacity_unit is not None
        return converted_exactly(
            plant, quantity, plant.lots[lot].unit, location.capacity_unit, plant.lots[lot].material
        )

    stored = after = Fraction(0)
    for lot in {rising, *plant.lots_in_stock(location.key)}:
        stock = plant.stock(location.key, lot)
        stored += in_capacity_unit(lot, max(stock, Fraction(0)))
        after += in_capacity_unit(lot, max(stock + (amount if lot == rising else 0), Fraction(0)))
    if after > location.capacity:
        raise Refusal(
            "LOCATION_CAPACITY_EXCEEDED",
            None,
            location=location.path,
            capacity=text(location.capacity),
            stored=text(stored),
            requested=text(in_capacity_unit(rising, amount)),
            unit=plant.units[location.capacity_unit].symbol,
        )


def _merge(plant: Plant, action: Action, receiving: str, merged: str, amount: Fraction) -> str:
    """Step 15: stock of one lot goes over to another at the same place."""
    into, away, place = plant.lots[receiving], plant.lots[merged], action.place
    if into.material != away.material or into.unit != away.unit:
        cause = "MATERIAL" if into.material != away.material else "UNIT"
        either = frozenset({into.name, away.name})
        path = plant.locations[place].path
        raise Refusal("MERGE_NOT_POSSIBLE", None, location=path, lot=either, other_lot=either, cause=cause)
    refuse_unusable(plant, merged, "MERGE", action.end)
    refuse_unusable(plant, receiving, "MERGE", action.end)
    earlier = min((date for date in (into.expiration, away.expiration) if date is not None), default=None)
    if earlier != into.expiration:
        into.expiration = earlier
        if receiving not in action.made_lots and receiving not in action.changed_lots:
            into.version += 1
        action.changed_lots.add(receiving)
    source, destination, secondary, running = action.source, action.destination, action.secondary, action.running
    action.source, action.destination, action.secondary, action.running = place, None, merged, None
    key = _write(plant, action, "MERGE", receiving, amount, unit=into.unit, source_change=amount)
    action.source, action.destination, action.secondary, action.running = source, destination, secondary, running
    _change_stock(plant, place, receiving, amount, key)
    _change_stock(plant, place, merged, -amount, key)
    _raise_total(plant, receiving, amount)
    return key


def _change_stock(plant: Plant, location: str, lot: str, by: Fraction, record: str) -> None:
    row = plant.row(location, lot)
    came = row.quantity <= 0 < row.quantity + by
    row.quantity = in_range(row.quantity + by)
    if came:
        plant.arrivals += 1
        row.arrival, row.arrived_record = plant.arrivals, record


def _raise_total(plant: Plant, lot: str, by: Fraction) -> None:
    plant.lots[lot].total = in_range(plant.lots[lot].total + by)


def _write(
    plant: Plant,
    action: Action,
    kind: str,
    lot: str,
    quantity: Fraction,
    *,
    unit: str | None = None,
    source_change: Fraction = Fraction(0),
    destination_change: Fraction = Fraction(0),
) -> str:
    """Step 16 for one record; the running one is completed where it is of this lot and type."""
    if action.running is not None and plant.records[action.running].lot == lot:
        record = plant.records[action.running]
        record.quantity, record.inventory_name = quantity, action.inventory_name
        record.end, record.status = action.end, "COMPLETED"
        record.modified, record.version = action.now, record.version + 1
    else:
        record = new_record(plant, action, kind, lot, unit or action.unit)
        record.quantity, record.end, record.status = quantity, action.end, "COMPLETED"
    record.source_change, record.destination_change = source_change, destination_change
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
        created=action.now,
    )
    plant.records[record.key] = record
    return record
