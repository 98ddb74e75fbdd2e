# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""Material."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a lot consists of."""

    id: str
    """ULID of the material, with hyphens 10-8-8. On input with or without hyphens, in any letter case; empty:
    creates.
    """
    name: str
    """1 to 255 code points, no control characters, no white space at either end, not in the form of a ULID. No
    slash; the path is unique.
    """
    material_class_id: str
    """ULID of its class. Empty: none."""
    material_class_name: str
    """Its name now; ignored on input, since it may not be unique."""
    material_class_path: str
    """Its path now; on input another way to name it."""
    path: str
    """The class's path and the name, `Dairy/Milk/Whole milk`; without a class the name alone; at most 750 code
    points. Set by the server.
    """
    erp_id: str
    """Its number in another system, at most 255 code points."""
    description: str
    """Free text, at most 4,000 code points."""
    unit_of_measure_id: str
    """ULID of the unit in which its lots are kept by default. Empty: none."""
    unit_of_measure_name: str
    """Its name now; on input another way to name it."""
    unit_of_measure_symbol: str
    """Its symbol now; on input another way to name it."""
    shelf_life_days: int | None
    """Days after which a lot expires that a call makes, 0 or more. Absent: it does not expire."""
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
