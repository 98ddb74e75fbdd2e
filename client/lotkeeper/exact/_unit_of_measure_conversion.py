# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""UnitOfMeasureConversion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOfMeasureConversion:
    """The factor from one unit to another, for every material or for one. Unique per pair of units and material."""

    id: str
    """ULID of the conversion, with hyphens 10-8-8. On input with or without hyphens, in any letter case; empty:
    creates.
    """
    from_unit_id: str
    """ULID of the unit that is converted from; required; must differ from the other unit."""
    from_unit_name: str
    """Its name now; on input another way to name it."""
    from_unit_symbol: str
    """Its symbol now; on input another way to name it."""
    to_unit_id: str
    """ULID of the unit that is converted to; required."""
    to_unit_name: str
    """Its name now; on input another way to name it."""
    to_unit_symbol: str
    """Its symbol now; on input another way to name it."""
    material_id: str
    """ULID of the material that it applies to. Empty: every material."""
    material_name: str
    """Its name now; ignored on input, since it may not be unique."""
    material_path: str
    """Its path now; on input another way to name it."""
    factor: float
    """1 of the first unit is this many of the second; 1e-9 to 1e9, kept exactly, with all digits of its shortest
    text.
    """
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
