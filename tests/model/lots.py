"""What may be done to a lot, and what a location keeps of it."""

from __future__ import annotations

from tests.model.plant import Location, Plant
from tests.model.refusal import Refusal
from tests.model.resolving import RISES


def refuse_unusable(plant: Plant, key: str, kind: str, end: int) -> None:
    """Step 12 for one lot: disabled, then status, then date."""
    if kind in {"CONSUME", "SHIP", "RECEIVE_AND_CONSUME", "MERGE"}:
        refuse_unfit_to_ship(plant, key, kind, end)
    if kind in RISES:
        _refuse_unfit(plant, key, kind, {"SHIPPED", "CLOSED"})


def refuse_unfit_to_ship(plant: Plant, key: str, kind: str, end: int) -> None:
    """What is used up, or leaves the plant."""
    _refuse_unfit(plant, key, kind, {"QA_HOLD", "EXPIRED", "SHIPPED", "CLOSED"})
    lot = plant.lots[key]
    if lot.expiration is not None and lot.expiration < end:
        raise Refusal("LOT_EXPIRED", None, lot=lot.name, expiration_date=str(lot.expiration))


def _refuse_unfit(plant: Plant, key: str, kind: str, statuses: set[str]) -> None:
    lot = plant.lots[key]
    if not lot.enabled:
        raise Refusal("DISABLED", None, entity="inventory_lot", id=lot.key)
    if lot.status in statuses:
        raise Refusal("LOT_STATUS_FORBIDS", None, lot=lot.name, lot_status=lot.status, operation_type=kind)


def keeps_stock(location: Location) -> bool:
    """Whether stock is kept there at all."""
    return location.storage != "NO_STORAGE"


def status_at(plant: Plant, lot_key: str, moment: int) -> str:
    """A lot's status as a record that ends then shows it, and as answers show it now."""
    lot = plant.lots[lot_key]
    passed = lot.expiration is not None and lot.expiration < moment
    return "EXPIRED" if passed and lot.status in {"OPEN", "AVAILABLE"} else lot.status
