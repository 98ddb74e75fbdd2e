"""Saves that a plant sees while it runs: of lots, with the record that a change of status leaves, and switches."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.model.plant import Plant, Record
from tests.model.requests import one_form


@dataclass(frozen=True)
class ChangeLot:
    """A Save of a lot with a mask of these fields; an unset date is None."""

    lot: str
    status: str
    enabled: bool
    expiration: int | None
    supplier: str = ""


@dataclass(frozen=True)
class Switch:
    """A Save that switches an operation, a location or a material on or off."""

    key: str
    enabled: bool


@dataclass(frozen=True)
class ChangeStorage:
    """A Save of a location's storage strategy; NO_STORAGE only where it has no stock, not even below zero."""

    location: str
    storage: str


Edit = ChangeLot | Switch | ChangeStorage


def edit(plant: Plant, wanted: Edit, now: int) -> Plant:
    """The plant after the Save."""
    if isinstance(wanted, ChangeLot):
        return _change_lot(plant, wanted, now)
    if isinstance(wanted, ChangeStorage):
        after = plant.copied()
        after.locations[wanted.location] = replace(after.locations[wanted.location], storage=wanted.storage)
        return after
    key, enabled, after = wanted.key, wanted.enabled, plant.copied()
    if key in after.operations:
        after.operations[key] = replace(after.operations[key], enabled=enabled)
    elif key in after.locations:
        after.locations[key] = replace(after.locations[key], enabled=enabled)
    else:
        after.materials[key] = replace(after.materials[key], enabled=enabled)
    return after


def _change_lot(plant: Plant, wanted: ChangeLot, now: int) -> Plant:
    after = plant.copied()
    lot = after.lots[wanted.lot]
    only_shows = lot.status in {"OPEN", "AVAILABLE"} and lot.expiration is not None and lot.expiration < now
    if wanted.status == "EXPIRED" and only_shows:
        wanted = replace(wanted, status=lot.status)
    before, after_it = ((one.status, one.enabled, one.expiration, one_form(one.supplier)) for one in (lot, wanted))
    if before != after_it:
        lot.version += 1
    if lot.status != wanted.status:
        lot.closed = now if wanted.status == "CLOSED" else None
        record = Record(
            key=after.new_key("record"),
            type="STATUS_CHANGE",
            lot=lot.key,
            secondary=None,
            operation=None,
            operation_record="",
            order=None,
            reason_code=None,
            source=None,
            destination=None,
            quantity=lot.total * 0,
            unit=lot.unit,
            inventory_name="",
            start=now,
            end=now,
            status="COMPLETED",
            request_id="",
            notes="",
            created=now,
            lot_status=wanted.status,
        )
        after.records[record.key] = record
    lot.status, lot.enabled, lot.expiration, lot.supplier = after_it
    return after
