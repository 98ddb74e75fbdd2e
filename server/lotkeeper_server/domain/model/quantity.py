"""Exact quantities: a signed 64-bit count of millionths of a unit. Doubles live on the wire only."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from fractions import Fraction
from math import isfinite
from typing import Final

MILLIONTHS_PER_UNIT: Final = 1_000_000
QUANTITY_LIMIT: Final = 9_200_000_000_000
"""Units; a quantity of this magnitude and above is refused, on the wire and in the store."""
QUANTITY_LIMIT_MILLIONTHS: Final = QUANTITY_LIMIT * MILLIONTHS_PER_UNIT

FACTOR_MIN: Final = Decimal("1e-9")
FACTOR_MAX: Final = Decimal("1e9")

_EXACT: Final = Context(prec=64)
_ONE: Final = Decimal(1)

Exact = int | Fraction
"""A computed quantity in millionths before it is rounded; an integer if that is exact, since it costs far less."""


class QuantityOutOfRange(ValueError):
    """A double that is not a quantity: not a number, infinite, negative, or 9.2e12 and above."""


def millionths_of(quantity: float) -> int:
    """The double's shortest decimal text, rounded half-even to 6 decimals, in millionths.

    Raises:
        QuantityOutOfRange: for NaN, infinities, negative numbers and magnitudes of 9.2e12 and above.
    """
    if not 0 <= quantity < QUANTITY_LIMIT or not isfinite(quantity):
        raise QuantityOutOfRange(repr(quantity))
    if quantity.is_integer() and quantity < 2**53:
        return int(quantity) * MILLIONTHS_PER_UNIT
    scaled = Decimal(repr(quantity)).scaleb(6, _EXACT)
    return int(scaled.quantize(_ONE, ROUND_HALF_EVEN, _EXACT))


def millionths_of_text(text: str) -> int:
    """A decimal number's text, rounded half-even to 6 decimals, in millionths; all its digits count.

    Raises:
        QuantityOutOfRange: for negative numbers and magnitudes of 9.2e12 and above.
    """
    try:
        exact = Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise QuantityOutOfRange(text) from None
    if not 0 <= exact < QUANTITY_LIMIT:
        raise QuantityOutOfRange(text)
    return int(exact.scaleb(6, _EXACT).quantize(_ONE, ROUND_HALF_EVEN, _EXACT))


def double_of(millionths: int) -> float:
    """The double nearest to a quantity (above 9e9 units it cannot hold the last decimals)."""
    return millionths / MILLIONTHS_PER_UNIT


def decimal_text(millionths: int) -> str:
    """A plain decimal without trailing zeros, as refusals show it: 2.000001, -3.5, 100."""
    sign = "-" if millionths < 0 else ""
    units, rest = divmod(abs(millionths), MILLIONTHS_PER_UNIT)
    return f"{sign}{units}.{rest:06d}".rstrip("0").rstrip(".") if rest else f"{sign}{units}"


def is_whole(millionths: int) -> bool:
    """Whether a quantity is a whole number of its unit."""
    return millionths % MILLIONTHS_PER_UNIT == 0


def nearest_whole(exact: Exact) -> int:
    """The nearest whole number of the unit, half to even, in millionths."""
    return round(Fraction(exact, MILLIONTHS_PER_UNIT)) * MILLIONTHS_PER_UNIT


def round_half_even(exact: Exact) -> int:
    """The nearest integer, half to even: a computed quantity is rounded here only."""
    return round(exact)


def factor_of(factor: float) -> Decimal:
    """A conversion factor with all digits of its double's shortest text.

    Raises:
        QuantityOutOfRange: outside 1e-9 to 1e9, or not a finite number.
    """
    if not isfinite(factor):
        raise QuantityOutOfRange(repr(factor))
    exact = Decimal(repr(factor))
    if not FACTOR_MIN <= exact <= FACTOR_MAX:
        raise QuantityOutOfRange(repr(factor))
    return exact
