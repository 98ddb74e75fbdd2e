"""What may be done to a lot, and what a location keeps of it."""

from __future__ import annotations

from tests.model.plant import Location, Plant
from tests.model.refusal import Refusal
from tests.model.resolving import RISES


def refuse_unusable(plant: Plant, key: str, kind: str, end: int) -> None:
    """Step 12 for one lot: disabled, then status, then date."""
    lot = plant.lots[key]
    falls = kind in {"CONSUME", "SHIP", "RECEIVE_AND_CONSUME", "MERGE"}
    if not falls and kind not in RISES:
        return
    if not lot.enabled:
        raise Refusal("DISABLED", None, entity="inventory_lot", id=lot.key)
    if lot.status in ({"QA_HOLD", "EXPIRED", "SHIPPED", "CLOSED"} if falls else {"SHIPPED", "CLOSED"}):
        raise Refusal("LOT_STATUS_FORBIDS", None, lot=lot.name, lot_status=lot.status, operation_type=kind)
    if falls and lot.expiration is not None and lot.expiration < end:
        raise Refusal("LOT_EXPIRED", None, lot=lot.name, expiration_date=str(lot.expiration))


def keeps_stock(location: Location) -> bool:
    """Whether stock is kept there at all."""
    return location.storage != "NO_STORAGE"


def status_at(plant: Plant, lot_key: str, moment: int) -> str:
    """A lot's status as a record that ends then shows it, and as answers show it now."""
    lot = plant.lots[lot_key]
    passed = lot.expiration is not None and lot.expiration < moment
    return "EXPIRED" if passed and lot.status in {"OPEN", "AVAILABLE"} else lot.status
