# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""InventoryOperation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryOperation:
    """The definition that ExecuteInventoryOperation runs."""

    id: str
    """ULID of the inventory operation, with hyphens 10-8-8. On input with or without hyphens, in any letter case;
    empty: creates.
    """
    name: str
    """1 to 255 code points, no control characters, no white space at either end, not in the form of a ULID. Unique
    together with type, source and destination.
    """
    operation_type: enums_pb2.InventoryOperationType.ValueType
    """What it does to stock. Absent: CONSUME."""
    status: enums_pb2.Status.ValueType
    """The status of its run: IDLE before the first one, RUNNING after Start, COMPLETED after Execute or Stop,
    CANCELLED after Cancel; it stays until the next run. Set by the server.
    """
    current_record_id: str
    """ULID of the running record; empty while none runs. Set by the server."""
    operation_id: str
    """ULID of the process operation that it belongs to. Its records carry that operation's current order and run.
    Empty: none.
    """
    operation_name: str
    """Its name now; on input another way to name it."""
    trigger_source: enums_pb2.TriggerSource.ValueType
    """Kept for a trigger engine; calls ignore it. Absent: EXPRESSION."""
    start_trigger_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    start_trigger_type: enums_pb2.TriggerType.ValueType
    """Kept for a trigger engine; calls ignore it. Absent: RISING_EDGE."""
    stop_trigger_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    stop_trigger_type: enums_pb2.TriggerType.ValueType
    """Kept for a trigger engine; calls ignore it. Absent: FALLING_EDGE."""
    source_location_id: str
    """ULID of where stock falls or passes through; required by CONSUME, SHIP, RETURN, SCRAP, SCRAP_ALL and
    RECEIVE_AND_CONSUME. Empty: none.
    """
    source_location_name: str
    """Its name now; ignored on input, since it may not be unique."""
    source_location_path: str
    """Its path now; on input another way to name it."""
    destination_location_id: str
    """ULID of where stock rises; required by PRODUCE, UNCONSUME and RECEIVE. Empty: none."""
    destination_location_name: str
    """Its name now; ignored on input, since it may not be unique."""
    destination_location_path: str
    """Its path now; on input another way to name it."""
    material_source: enums_pb2.MaterialSource.ValueType
    """Where the material comes from. Absent: STATIC."""
    material_id: str
    """ULID of its material. Empty: none."""
    material_name: str
    """Its name now; ignored on input, since it may not be unique."""
    material_path: str
    """Its path now; on input another way to name it."""
    material_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    secondary_material_id: str
    """ULID of the material of the secondary lot. Empty: none."""
    secondary_material_name: str
    """Its name now; ignored on input, since it may not be unique."""
    secondary_material_path: str
    """Its path now; on input another way to name it."""
    primary_lot_resolution_strategy: enums_pb2.LotResolutionStrategy.ValueType
    """Where the primary lot comes from when the call names none. Absent: AUTO_GENERATE."""
    secondary_lot_resolution_strategy: enums_pb2.LotResolutionStrategy.ValueType
    """Where the secondary lot comes from when the call names none; not FROM_LOCATION. Absent: AUTO_GENERATE."""
    primary_lot_code_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    secondary_lot_code_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    create_lot_if_not_found: bool
    """Whether a lot is made if the call names one that does not exist: a primary lot by rising types and
    RECEIVE_AND_CONSUME, a secondary lot by every type.
    """
    inventory_name_resolution_strategy: enums_pb2.InventoryNameResolutionStrategy.ValueType
    """Where the inventory name comes from when the call gives none. Absent: STATIC."""
    inventory_name: str
    """The static inventory name; the rules of a name apply; empty: none."""
    inventory_name_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    quantity_source: enums_pb2.QuantitySource.ValueType
    """Kept for a trigger engine; calls ignore it. Absent: EXPRESSION."""
    quantity_expression: str
    """Kept for a trigger engine; calls ignore it. At most 4,000 code points."""
    quantity_calc_type: enums_pb2.QuantityCalcType.ValueType
    """Kept for a trigger engine; calls ignore it. Absent: DELTA."""
    quantity_overflow_value: float | None
    """Kept for a trigger engine; calls ignore it. The value at which a counter wraps around."""
    unit_of_measure_resolution_strategy: enums_pb2.UnitOfMeasureResolutionStrategy.ValueType
    """Where the unit comes from. Absent: STATIC."""
    unit_of_measure_id: str
    """ULID of the unit of the quantities that calls give. Empty: none."""
    unit_of_measure_name: str
    """Its name now; on input another way to name it."""
    unit_of_measure_symbol: str
    """Its symbol now; on input another way to name it."""
    material_reason_code_id: str
    """ULID of the reason code that its records carry. Empty: none."""
    material_reason_code: str
    """Its code now; on input another way to name it."""
    increment_production_order_count: bool
    """Whether a PRODUCE raises its production order's quantity_produced."""
    enabled: bool | None
    """Whether it may be used. Absent on input: true on creation, unchanged on an update."""
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
    """When it was last edited, in UTC; unset until the first edit. Set by the server."""
    modified_by: str
    """The principal that last edited it; empty until the first edit. Set by the server."""
    version: int
    """Counts the edits, from 1. In a Save: the version that the caller read; an old one is refused with
    VERSION_CONFLICT, and 0 means that none is given.
    """
