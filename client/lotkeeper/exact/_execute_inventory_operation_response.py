# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""ExecuteInventoryOperationResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._inventory_lot_record import InventoryLotRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteInventoryOperationResponse:
    """What ExecuteInventoryOperation answers."""

    inventory_lot_record: InventoryLotRecord | None
    """The record of the operation: for RECEIVE_AND_CONSUME the CONSUME, of several records the first; unset where
    SCRAP_ALL found nothing.
    """
    inventory_lot_records: tuple[InventoryLotRecord, ...]
    """All records that were written, in order."""
    stopped_running_operation: bool
    """True if the operation was running and was stopped."""
