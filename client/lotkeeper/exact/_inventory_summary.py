# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""InventorySummary."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from lotkeeper.exact._unconvertible_stock import UnconvertibleStock
from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySummary:
    """The stock of one group."""

    material_id: str
    """ULID of the material; empty where it is not grouped by material or lot."""
    material_path: str
    """Its path now."""
    inventory_lot_id: str
    """ULID of the lot; empty where it is not grouped by lot."""
    inventory_lot_name: str
    """Its name now."""
    location_id: str
    """ULID of the location; empty where it is not grouped by location."""
    location_path: str
    """Its path now."""
    lot_status: enums_pb2.LotStatus.ValueType
    """The lots' status now, EXPIRED for an OPEN or AVAILABLE one past its date; unset where it is not grouped by
    status.
    """
    quantity: Decimal
    """The sum, in the unit below, rounded once, half-even to 6 decimals."""
    unit_of_measure_id: str
    """ULID of the unit; empty: none."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
    rows: int
    """How many inventory rows it sums."""
    lots: int
    """How many lots these belong to."""
    not_converted: tuple[UnconvertibleStock, ...]
    """Stock of the group in units that do not convert to the one above; it is not in the sum."""
