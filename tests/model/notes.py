"""What may still be said of a record or of a row."""

from __future__ import annotations

from tests.model.plant import ById, Lot, Plant, Record, Reference, Row
from tests.model.refusal import Refusal
from tests.model.requests import as_read
from tests.model.resolving import find_material, given_lot
from tests.model.resolving_actions import find_location, find_order
from tests.model.reversing import find_record
from tests.model.stock_requests import Annotate, SetMetadata


def annotate(plant: Plant, request: Annotate, now: int) -> Record:
    """Notes and spares; what is absent stays, what is empty is cleared, and nothing new raises no version."""
    record = find_record(plant, request.inventory_lot_record_id)
    before = (record.notes, record.spares)
    given = (request.spare1, request.spare2, request.spare3)
    one, two, three = (new if new is not None else old for new, old in zip(given, record.spares, strict=True))
    record.spares = (one, two, three)
    record.notes = record.notes if request.notes is None else request.notes
    if before != (record.notes, record.spares):
        record.modified, record.version = now, record.version + 1
    return record


def set_metadata(plant: Plant, request: SetMetadata) -> tuple[str, str]:
    """The key of the row: location and lot."""
    request = as_read(request)
    lot = find_lot(plant, request.lot_id_or_name, request.material_id_or_path)
    location = find_location(plant, request.location_id_or_path, "location_id_or_path")
    row: Row | None = plant.rows.get((location, lot.key))
    order = find_order(plant, request.production_order_id_or_name) if request.production_order_id_or_name else None
    if row is None:
        named = {"lot_id_or_name", "location_id_or_path"}
        raise Refusal("INVENTORY_NOT_FOUND", named, name=lot.name, path=plant.locations[location].path)
    row.name = row.name if request.name is None else request.name
    row.order = row.order if request.production_order_id_or_name is None else order
    return location, lot.key


def find_lot(plant: Plant, reference: Reference, material: Reference) -> Lot:
    """By id, or by name within a material."""
    within = find_material(plant, material, "material_id_or_path") if material else None
    if within is None and not isinstance(reference, ById):
        raise Refusal("MATERIAL_REQUIRED")
    return plant.lots[given_lot(plant, reference, within, "lot_id_or_name", 0, None)]
