"""Quantities as callers give and get them: doubles, or exactly."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, TypeAlias

from lotkeeper._requests import made

if TYPE_CHECKING:  # Google publishes no types for it
    from lotkeeper._protobuf.decimal_pb2 import Decimal
else:
    from google.type.decimal_pb2 import Decimal

Quantity: TypeAlias = int | float | decimal.Decimal | str
"""A quantity as an argument: a float is sent as the double that it is, everything else exactly, a text as it is."""
_PLAIN_DIGITS_MAX = 64


def double_of(quantity: Quantity | None) -> float | None:
    """The quantity as a double, if that is what is sent."""
    if isinstance(quantity, float):
        return quantity
    return float(quantity) if isinstance(quantity, int) and _is_double(quantity) else None


def exact_of(quantity: Quantity | None) -> Decimal | None:
    """The quantity as exact text, if that is what is sent."""
    if quantity is None or double_of(quantity) is not None:
        return None
    return made(Decimal, value=_plain(quantity) if isinstance(quantity, decimal.Decimal) else str(quantity))


def decimal_of(exact: Decimal) -> decimal.Decimal:
    """An exact quantity of an answer as Python's decimal: `decimal_of(record.exact_quantity)`.

    Raises:
        decimal.InvalidOperation: where the server is too old to send one.
    """
    return decimal.Decimal(exact.value)


def _is_double(quantity: int) -> bool:
    """Whole numbers that a double can say are sent as one, which servers of every age take."""
    return abs(quantity) < 1 << 53


def _plain(quantity: decimal.Decimal) -> str:
    """Without an exponent, unless that would be very long."""
    short = quantity.is_finite() and abs(quantity.adjusted()) < _PLAIN_DIGITS_MAX
    return format(quantity, "f") if short else str(quantity)
