# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""Location."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place that holds stock; locations form a tree."""

    id: str
    """ULID of the location, with hyphens 10-8-8. On input with or without hyphens, in any letter case; empty:
    creates.
    """
    name: str
    """1 to 255 code points, no control characters, no white space at either end, not in the form of a ULID. No
    slash; the path is unique.
    """
    parent_id: str
    """ULID of the location above. Empty: none."""
    parent_name: str
    """Its name now; ignored on input, since it may not be unique."""
    parent_path: str
    """Its path now; on input another way to name it."""
    path: str
    """The names from the root, joined by slashes, `DairyCo/Plant1/Silo1`; at most 750 code points. Set by the
    server.
    """
    type: enums_pb2.LocationType.ValueType
    """Its level in the equipment hierarchy. Absent: UNIT."""
    process_type: enums_pb2.ProcessType.ValueType
    """How it works. Absent: NONE."""
    sort_order: int
    """Its place among its siblings on a screen."""
    allow_negative_inventory: bool
    """Whether stock may fall below zero here."""
    storage_capacity: Decimal | None
    """The most stock that it may hold itself, in the unit below. Absent: no limit; 0 is a limit."""
    storage_capacity_unit_id: str
    """ULID of the capacity's unit; required together with a capacity. Empty: none."""
    storage_capacity_unit_name: str
    """Its name now; on input another way to name it."""
    storage_capacity_unit_symbol: str
    """Its symbol now; on input another way to name it."""
    lot_storage_strategy: enums_pb2.LotStorageStrategy.ValueType
    """What happens when stock rises while another lot lies here. Absent: ALLOW_MULTIPLE."""
    lot_use_strategy: enums_pb2.LotUseStrategy.ValueType
    """The order in which a pick takes lots. Absent: FIFO."""
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
