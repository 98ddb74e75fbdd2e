"""Conversion between units: the material's own factor, the global one, the inverse of either, then two legs."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from lotkeeper_server.domain.model.identifiers import UnitId
from lotkeeper_server.domain.model.quantity import Exact, round_half_even

SAME: Final = Fraction(1)
Factors = Mapping[tuple[UnitId, UnitId], Decimal]
"""Factors from the first unit to the second. Disabled units and conversions are left out."""


def exact_factor(from_unit: UnitId, to_unit: UnitId, own: Factors, everywhere: Factors) -> Fraction | None:
    """The exact factor from one unit to another, or None if there is no conversion.

    Args:
        from_unit: the unit converted from.
        to_unit: the unit converted to.
        own: the material's own factors, which are preferred.
        everywhere: the factors for every material.
    """
    if from_unit == to_unit:
        return SAME
    direct = _one_leg(from_unit, to_unit, own, everywhere)
    if direct is not None:
        return direct
    for between in sorted(_neighbours(from_unit, own, everywhere) & _neighbours(to_unit, own, everywhere)):
        first = _one_leg(from_unit, between, own, everywhere)
        second = _one_leg(between, to_unit, own, everywhere)
        if first is not None and second is not None:
            return first * second
    return None


def exactly(millionths: int, factor: Fraction) -> Exact:
    """The quantity in the other unit, not rounded."""
    return millionths if factor is SAME else millionths * factor


def converted(millionths: int, factor: Fraction) -> int:
    """The quantity in the other unit: computed exactly, rounded once, half-even."""
    return millionths if factor is SAME else round_half_even(millionths * factor)


def _one_leg(from_unit: UnitId, to_unit: UnitId, own: Factors, everywhere: Factors) -> Fraction | None:
    for factors in (own, everywhere):
        if (there := factors.get((from_unit, to_unit))) is not None:
            return Fraction(there)
    for factors in (own, everywhere):
        if (back := factors.get((to_unit, from_unit))) is not None:
            return 1 / Fraction(back)
    return None


def _neighbours(unit: UnitId, own: Factors, everywhere: Factors) -> set[UnitId]:
    pairs = [pair for factors in (own, everywhere) for pair in factors if unit in pair]
    return {end for pair in pairs for end in pair if end != unit}
