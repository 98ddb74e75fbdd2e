# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""MaterialReasonCode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialReasonCode:
    """Why material was moved, in the plant's own codes."""

    id: str
    """ULID of the reason code, with hyphens 10-8-8. On input with or without hyphens, in any letter case; empty:
    creates.
    """
    reason_code: str
    """The code; unique; the rules of a name apply."""
    description: str
    """Free text, at most 4,000 code points."""
    lot_record_type: enums_pb2.LotRecordType.ValueType
    """The only type of record that it may be used for. Absent: every type."""
    require_comments: bool
    """Whether a record that carries it must have notes."""
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
