"""Saves that a plant sees while it runs: of lots, with the record that a change of status leaves."""

from __future__ import annotations

from dataclasses import replace

from tests.model.plant import Plant, Record


def change_lot(plant: Plant, key: str, *, status: str, enabled: bool, expiration: int | None, now: int) -> Plant:
    """The plant after a Save of a lot; an unset date is None."""
    after = plant.copied()
    lot = after.lots[key]
    if (lot.status, lot.enabled, lot.expiration) != (status, enabled, expiration):
        lot.version += 1
    if lot.status != status:
        record = Record(
            key=after.new_key("record"),
            type="STATUS_CHANGE",
            lot=key,
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
            lot_status=status,
        )
        after.records[record.key] = record
        lot.closed = now if status == "CLOSED" else None
    lot.status, lot.enabled, lot.expiration = status, enabled, expiration
    return after


def switch_operation(plant: Plant, key: str, *, enabled: bool) -> Plant:
    """The plant after a Save that switches an operation on or off."""
    operation = plant.operations[key]
    return replace(plant, operations={**plant.operations, key: replace(operation, enabled=enabled)})


def switch_location(plant: Plant, key: str, *, enabled: bool) -> Plant:
    """The plant after a Save that switches a location on or off."""
    return replace(plant, locations={**plant.locations, key: replace(plant.locations[key], enabled=enabled)})
