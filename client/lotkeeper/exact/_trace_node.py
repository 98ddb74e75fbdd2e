# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""TraceNode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lotkeeper.exact._trace_stock import TraceStock
from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNode:
    """A lot, or a production order, in a trace."""

    inventory_lot_id: str
    """ULID of the lot."""
    inventory_lot_name: str
    """Its name now."""
    lot_status: enums_pb2.LotStatus.ValueType
    """Its status now; EXPIRED for an OPEN or AVAILABLE one past its date."""
    material_id: str
    """ULID of its material."""
    material_path: str
    """Its path now."""
    quantity_in: Decimal
    """The sum of the answer's edges into it whose records have it as primary lot (SPLIT and MERGE: as either lot),
    in its unit.
    """
    quantity_out: Decimal
    """The same sum for the edges out of it."""
    unit_of_measure_id: str
    """ULID of the lot's unit; empty: none."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
    depth: int
    """How many edges it is away from the lot asked for."""
    production_order_id: str
    """ULID of the production order, where the node is one; the lot's fields and the quantities are then empty."""
    production_order_name: str
    """Its name now."""
    expiration_date: datetime | None
    """When the lot expires, in UTC. Unset: never."""
    supplier_lot_name: str
    """The lot's number at its supplier; empty: none."""
    quantity_on_hand: Decimal
    """The lot's stock above zero at all locations, in its unit."""
    stock: tuple[TraceStock, ...]
    """Where that stock is, the largest first; at most 20."""
