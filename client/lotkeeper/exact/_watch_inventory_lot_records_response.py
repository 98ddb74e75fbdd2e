# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""WatchInventoryLotRecordsResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._inventory_lot_record import InventoryLotRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchInventoryLotRecordsResponse:
    """One message of WatchInventoryLotRecords."""

    inventory_lot_record: InventoryLotRecord | None
    """The record; unset in a heartbeat: the first message, and then one at least every 10 s while nothing matches."""
    resume_token: str
    """Marks everything up to here, matching or not, as seen."""
