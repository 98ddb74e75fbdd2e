# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""Inventory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The stock of a lot at a location."""

    location_id: str
    """ULID of the location."""
    location_path: str
    """Its path now."""
    inventory_lot_id: str
    """ULID of the lot."""
    inventory_lot_name: str
    """Its name now."""
    lot_status: enums_pb2.LotStatus.ValueType
    """The lot's status now; EXPIRED for an OPEN or AVAILABLE one past its date."""
    material_id: str
    """ULID of the lot's material."""
    material_path: str
    """Its path now."""
    quantity: Decimal
    """How much is there now, in the lot's unit; below zero where the location allows it."""
    unit_of_measure_id: str
    """ULID of the lot's unit."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
    name: str
    """A pallet or LPN code; empty: none."""
    production_order_id: str
    """ULID of the production order that last produced it here; empty: none."""
    production_order_name: str
    """Its name now."""
    arrived_date: datetime | None
    """The end of the record that last raised it from zero or below; unset if there is none."""
    arrived_record_id: str
    """ULID of that record."""
