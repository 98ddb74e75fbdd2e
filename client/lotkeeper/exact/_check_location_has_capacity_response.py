# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""CheckLocationHasCapacityResponse."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLocationHasCapacityResponse:
    """What CheckLocationHasCapacity answers. Quantities are in the capacity's unit, and unset if the location has no
    limit.
    """

    has_capacity: bool
    """Whether the location would take this quantity. In Java, Kotlin and PHP read it by getHasCapacity():
    hasCapacity() says there whether `capacity` is set.
    """
    capacity: Decimal | None
    """The location's storage capacity. Stubs in C# need another name for it: whether it is set would be HasCapacity,
    as `has_capacity` is.
    """
    stored: Decimal | None
    """What counts towards it now."""
    free: Decimal | None
    """What is left; below zero where more is stored than the capacity."""
    unit_of_measure_id: str
    """ULID of the capacity's unit; empty if there is no limit."""
    unit_of_measure_name: str
    """Its name now."""
    unit_of_measure_symbol: str
    """Its symbol now."""
