# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""UnitOfMeasure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOfMeasure:
    """A unit in which quantities are given."""

    id: str
    """ULID of the unit, with hyphens 10-8-8. On input with or without hyphens, in any letter case; empty: creates."""
    name: str
    """1 to 255 code points, no control characters, no white space at either end, not in the form of a ULID. Unique."""
    symbol: str
    """What is written beside a quantity, such as `kg`; unique; the rules of a name apply."""
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
    whole_only: bool
    """Whether quantities in it must be whole numbers: pieces, boxes. Cannot be set while stock in it is broken:
    NOT_WHOLE.
    """
