"""Quantities on the wire as exact text, beside their doubles."""

from functools import lru_cache
from typing import Any

from google.type.decimal_pb2 import Decimal

from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.rpc.wire.shape import Shape

_TEXTS_KEPT = 4_096


@lru_cache(_TEXTS_KEPT)
def exact_text(millionths: int) -> str:
    """A plain decimal without trailing zeros; 0, and what a plant moves again and again, is written once."""
    return decimal_text(millionths)


def exact(millionths: int) -> Decimal:
    """The same as a message."""
    return Decimal(value=exact_text(millionths))


def read_quantity(shape: Shape, request: Any, *, may_be_negative: bool = False) -> int | None:
    """The quantity that a request gives, in millionths, exactly or as a double; None where absent.

    Args:
        shape: where faults go.
        request: with an optional `quantity`, and `exact_quantity` beside it.
        may_be_negative: whether the exact one may be; a double never is.
    """
    double: float | None = request.quantity if request.HasField("quantity") else None
    return _read(shape, request, double, may_be_negative=may_be_negative)


def read_needed_quantity(shape: Shape, request: Any) -> int | None:
    """The same where `quantity` is always there: beside an exact one, 0 counts as absent. None where it has a fault."""
    double: float = request.quantity
    return _read(shape, request, (double or None) if request.HasField("exact_quantity") else double)


def _read(shape: Shape, request: Any, double: float | None, *, may_be_negative: bool = False) -> int | None:
    if not request.HasField("exact_quantity"):
        return shape.quantity("quantity", double)
    millionths = shape.exact_quantity(
        "exact_quantity", request.exact_quantity.value, double, may_be_negative=may_be_negative
    )
    if millionths is None:  # whatever is wrong with the double is said, too
        shape.quantity("quantity", double)
    return millionths
