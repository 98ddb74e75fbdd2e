# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""StopInventoryOperationResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._inventory_lot_record import InventoryLotRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInventoryOperationResponse:
    """What StopInventoryOperation answers."""

    inventory_lot_record: InventoryLotRecord | None
    """The record that was running; for RECEIVE_AND_CONSUME the CONSUME."""
    inventory_lot_records: tuple[InventoryLotRecord, ...]
    """All records that were written, in order."""
