# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""ExecuteInventoryActionsResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._inventory_lot_record import InventoryLotRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteInventoryActionsResponse:
    """What ExecuteInventoryActions answers."""

    inventory_lot_records: tuple[InventoryLotRecord, ...]
    """All records that were written, in order."""
    action_indexes: tuple[int, ...]
    """For each record the place of its action in the request, counted from 0."""
