"""Exact quantities: a signed 64-bit count of millionths of a unit. Doubles live on the wire only."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from fractions import Fraction
from math import isfinite
from typing import Final

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault

MILLIONTHS_PER_UNIT: Final = 1_000_000
QUANTITY_LIMIT: Final = 9_200_000_000_000
"""Units; a quantity of this magnitude and above is refused, on the wire and in the store."""
QUANTITY_LIMIT_MILLIONTHS: Final = QUANTITY_LIMIT * MILLIONTHS_PER_UNIT

FACTOR_MIN: Final = Decimal("1e-9")
FACTOR_MAX: Final = Decimal("1e9")

EXPONENT_MIN: Final = -9
EXPONENT_MAX: Final = 12
_DECIMALS: Final = 6
_EXACT: Final = Context(prec=64)
_ONE: Final = Decimal(1)
# ASCII digits only: \d and Decimal would take those of every script.
_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)0*([0-9]{1,2}))?")
_NUMBERS_DIGITS_MAX: Final = len(str(QUANTITY_LIMIT))

Exact = int | Fraction
"""A computed quantity in millionths before it is rounded; an integer if that is exact, since it costs far less."""


class QuantityOutOfRange(ValueError):
    """A double that is not a quantity: not a number, infinite, negative, or 9.2e12 and above."""


class NotANumber(ValueError):
    """A text that is no number, or a negative one where there is none; its text says what a number is."""


class TooManyDecimals(ValueError):
    """A number with more than 6 decimals that are not zero, where nothing is rounded."""


class UnusableQuantity(ValueError):
    """A quantity's exact text that cannot be taken; says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault: Final = fault


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


def number_of_text(text: str, *, may_be_negative: bool = False) -> Decimal:
    """A number as people write it, with all its digits: `12`, `0.5`, `1.5e3`.

    A digit comes first and last, one point at most stands between digits, an exponent is from -9 to 12, a `-` comes
    first where the number may be negative. Nothing else is a number: no space, no underscore, no `+`, no `NaN`.

    Raises:
        NotANumber: for every other text.
    """
    _parts_of_number(text, may_be_negative)
    return Decimal(text)


def exact_millionths_of_text(text: str, *, may_be_negative: bool = False) -> int:
    """A number as `number_of_text` reads it, in millionths, never rounded.

    Raises:
        NotANumber: for a text that is none.
        TooManyDecimals: where it would have to be rounded.
        QuantityOutOfRange: for magnitudes of 9.2e12 and above.
    """
    sign, whole, fraction, exponent = _parts_of_number(text, may_be_negative)
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    decimals = len(fraction) - exponent - (len(digits) - len(significant))
    if not significant:
        return 0
    if len(significant) - decimals > _NUMBERS_DIGITS_MAX:  # before it costs anything to compute with
        raise QuantityOutOfRange(text)
    if decimals > _DECIMALS:
        raise TooManyDecimals(text)
    millionths = int(significant) * int(10 ** (_DECIMALS - decimals))
    if millionths >= QUANTITY_LIMIT_MILLIONTHS:
        raise QuantityOutOfRange(text)
    return -millionths if sign else millionths


def millionths_said(text: str, double: float | None, *, may_be_negative: bool = False) -> int:
    """The quantity of a field that is exact text, in millionths.

    Args:
        text: the number.
        double: what the field beside it says, which must be the same double; None where that is absent.
        may_be_negative: whether it may be.

    Raises:
        UnusableQuantity: where it is no quantity, would have to be rounded, or is another double.
    """
    shown = (
        text
        if len(text) <= limits.REFUSAL_SHOWN_CODE_POINTS_MAX
        else text[: limits.REFUSAL_SHOWN_CODE_POINTS_MAX] + "…"
    )
    try:
        millionths = exact_millionths_of_text(text, may_be_negative=may_be_negative)
    except NotANumber as error:
        raise UnusableQuantity(Fault.malformed(f"{shown} {error}" if text else f"an empty text {error}")) from None
    except TooManyDecimals:
        raise UnusableQuantity(Fault.out_of_range(f"{shown} has more than 6 decimals")) from None
    except QuantityOutOfRange:
        raise UnusableQuantity(
            Fault.out_of_range(f"{shown} is not a quantity: its magnitude is 9.2e12 or above")
        ) from None
    if double is not None and double_of(millionths) != double:
        raise UnusableQuantity(Fault.conflicting(f"{shown} is not the same number as the {double!r} beside it"))
    return millionths


def _parts_of_number(text: str, may_be_negative: bool) -> tuple[str, str, str, int]:
    """Sign, the digits before and after the point, the exponent."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotANumber("is not a number: digits, one point at most between them, an exponent from -9 to 12")
    sign, whole, fraction, exponent_sign, exponent = match.groups(default="")
    if sign and not may_be_negative:
        raise NotANumber("is negative")
    power = int(exponent_sign + (exponent or "0"))
    if not EXPONENT_MIN <= power <= EXPONENT_MAX:
        raise NotANumber(f"has an exponent of {power}, not one from {EXPONENT_MIN} to {EXPONENT_MAX}")
    return sign, whole, fraction, power


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
