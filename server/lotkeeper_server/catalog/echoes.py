"""Exact quantities that only come back, from a caller who knows the double beside them alone."""

from typing import Any

from lotkeeper_server.catalog.fields import Quantity
from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.model.quantity import UnusableQuantity, millionths_said


def echoes(saving: Saving, message: Any) -> frozenset[str]:
    """The exact fields that repeat what is stored, beside a double that says something else: the double counts.

    A program made from an older contract reads an entity, changes a quantity, and sends all the rest back as it came,
    fields that it does not know among it.
    """
    doubtful = [one for one in saving.description.fields if isinstance(one, Quantity) and _differ(one, message)]
    if not doubtful or not message.id:
        return frozenset()
    row = saving.lookups.stored(saving.description, saving.id)
    return frozenset(
        one.exact for one in doubtful if row is not None and row[one.column] == _said(getattr(message, one.exact).value)
    )


def _differ(quantity: Quantity, message: Any) -> bool:
    """Whether both fields are given, and do not say the same."""
    if not quantity.exact or not message.HasField(quantity.exact):
        return False
    try:
        millionths_said(getattr(message, quantity.exact).value, getattr(message, quantity.name) or None)
    except UnusableQuantity:
        return True
    return False


def _said(text: str) -> int | None:
    try:
        return millionths_said(text, None)
    except UnusableQuantity:
        return None
