# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""UnconvertibleStock."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UnconvertibleStock:
    """Stock in a unit that does not convert."""

    quantity: Decimal
    """The sum in its unit."""
    unit_of_measure_id: str
    """ULID of the unit; empty: none."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
