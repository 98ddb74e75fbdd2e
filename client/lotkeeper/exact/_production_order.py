# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""ProductionOrder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionOrder:
    """An order to produce a quantity of a material."""

    id: str
    """ULID of the order, with hyphens 10-8-8. On input with or without hyphens, in any letter case; empty: creates."""
    name: str
    """1 to 255 code points, no control characters, no white space at either end, not in the form of a ULID. Unique."""
    product_material_id: str
    """ULID of the material to produce. Empty: none."""
    product_material_name: str
    """Its name now; ignored on input, since it may not be unique."""
    product_material_path: str
    """Its path now; on input another way to name it."""
    quantity: Decimal
    """How much to produce, in the order's unit."""
    quantity_produced: Decimal
    """How much was counted as produced, in the order's unit. Set by the server."""
    unit_of_measure_id: str
    """ULID of the unit of the order. Empty: none."""
    unit_of_measure_name: str
    """Its name now; on input another way to name it."""
    unit_of_measure_symbol: str
    """Its symbol now; on input another way to name it."""
    status: enums_pb2.Status.ValueType
    """Its status, set by the caller. Absent: IDLE."""
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
