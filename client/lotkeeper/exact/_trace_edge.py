# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""TraceEdge."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEdge:
    """How much of one lot went into another, or into or out of a production order, by one type of record: the sum of
    its completed records, without reversals and what they reverse.
    """

    from_inventory_lot_id: str
    """ULID of the lot that it came from."""
    to_inventory_lot_id: str
    """ULID of the lot that it went into."""
    lot_record_type: enums_pb2.LotRecordType.ValueType
    """The records' type. Falling types and SPLIT run from the primary to the secondary lot, rising types and MERGE
    from the secondary to the primary one.
    """
    quantity: Decimal
    """In the primary lot's unit, as converted when the records were written."""
    unit_of_measure_id: str
    """ULID of that unit; empty: none."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
    record_count: int
    """How many records it sums."""
    from_production_order_id: str
    """ULID of the production order that it came from; from_inventory_lot_id is then empty."""
    to_production_order_id: str
    """ULID of the production order that it went into; to_inventory_lot_id is then empty."""
