# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""InventoryLotRecord."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryLotRecord:
    """What was done with a lot. Once completed it never changes, except for its notes, its spares and the record
    that reversed it.
    """

    id: str
    """ULID of the record."""
    lot_record_type: enums_pb2.LotRecordType.ValueType
    """What was done."""
    inventory_lot_id: str
    """ULID of the primary lot."""
    inventory_lot_name: str
    """Its name now."""
    secondary_inventory_lot_id: str
    """ULID of the secondary lot: the lot that the primary lot went into or came from; for a SPLIT the new lot, for a
    MERGE the lot that was merged away. Empty: none.
    """
    secondary_inventory_lot_name: str
    """Its name now."""
    material_id: str
    """ULID of the primary lot's material."""
    material_path: str
    """Its path now."""
    inventory_operation_id: str
    """ULID of the inventory operation that was run; empty: none."""
    inventory_operation_name: str
    """Its name now."""
    operation_record_id: str
    """The run of the process operation that it belongs to; empty: none."""
    production_order_id: str
    """ULID of the production order; empty: none."""
    production_order_name: str
    """Its name now."""
    material_reason_code_id: str
    """ULID of the reason code; empty: none."""
    material_reason_code: str
    """Its code now."""
    source_location_id: str
    """ULID of the source; empty: none."""
    source_location_name: str
    """Its name now."""
    source_location_path: str
    """Its path now."""
    destination_location_id: str
    """ULID of the destination; empty: none."""
    destination_location_name: str
    """Its name now."""
    destination_location_path: str
    """Its path now."""
    lot_status: enums_pb2.LotStatus.ValueType
    """The primary lot's status when the record was written, completed or cancelled; EXPIRED for an OPEN or AVAILABLE
    lot past its date at the record's end.
    """
    quantity: Decimal
    """How much was asked for, in the unit below; always set, 0 while RUNNING."""
    unit_of_measure_id: str
    """ULID of the unit in which it was asked for."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
    source_quantity_change: Decimal
    """The signed change of the primary lot's stock at the source, in the lot's unit; 0 where no stock is kept. What
    passes through has one on its RECEIVE and the opposite one on its CONSUME.
    """
    destination_quantity_change: Decimal
    """The signed change of the primary lot's stock at the destination, in the lot's unit; 0 where no stock is kept."""
    inventory_name: str
    """The inventory name of the call; empty: none."""
    start_date: datetime | None
    """When it began, in UTC."""
    end_date: datetime | None
    """When it ended, in UTC; unset while RUNNING."""
    duration: timedelta | None
    """Whole seconds from start to end, rounded down; unset while RUNNING."""
    status: enums_pb2.Status.ValueType
    """RUNNING, COMPLETED or CANCELLED."""
    reverses_record_id: str
    """ULID of the record that this one reverses; empty: none."""
    reversed_by_record_id: str
    """ULID of the record that reverses this one; empty: none."""
    request_id: str
    """The request id of the call that wrote it; empty: none."""
    enabled: bool | None
    """Always set; has no effect on a record."""
    notes: str
    """Free text, at most 4,000 code points; tab and line feed allowed."""
    spare1: str
    """Free for the plant's own use, at most 255 code points."""
    spare2: str
    """Free for the plant's own use, at most 255 code points."""
    spare3: str
    """Free for the plant's own use, at most 255 code points."""
    created_date: datetime | None
    """When it was created, in UTC. Set by the server."""
    created_by: str
    """The principal that created it. Set by the server."""
    modified_date: datetime | None
    """When it was last changed, for example by Stop or Cancel, in UTC; unset until then. Set by the server."""
    modified_by: str
    """The principal that last changed it; empty until then. Set by the server."""
    version: int
    """Counts the changes, from 1; stopping or cancelling a running record raises it. Set by the server."""
