"""What a list of stock says of a moment in the past, and what nobody knows of it."""

from __future__ import annotations

from typing import Final

from lotkeeper.inventory.v1.inventory_pb2 import Inventory

_NOT_KEPT: Final = (
    "lot_status",
    "name",
    "production_order_id",
    "production_order_name",
    "arrived_date",
    "arrived_record_id",
)
COLUMNS_NOT_KEPT: Final = frozenset({"lotStatus", "name", "arrivedDate"})


def of_then(row: Inventory) -> Inventory:
    """A row of a moment without what the server only knows of now: the lot's status, the row's name and order."""
    for field in _NOT_KEPT:
        row.ClearField(field)
    return row
