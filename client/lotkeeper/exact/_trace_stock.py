# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""TraceStock."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStock:
    """The stock of a lot in a trace at one location."""

    location_id: str
    """ULID of the location."""
    location_path: str
    """Its path now."""
    quantity: Decimal
    """In the lot's unit, above zero."""
