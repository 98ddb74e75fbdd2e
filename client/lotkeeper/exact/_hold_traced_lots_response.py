# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""HoldTracedLotsResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._inventory_lot_record import InventoryLotRecord
from lotkeeper.exact._trace_node import TraceNode


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTracedLotsResponse:
    """What HoldTracedLots answers."""

    inventory_lot_records: tuple[InventoryLotRecord, ...]
    """The STATUS_CHANGE records, one for each lot that is held now."""
    left: tuple[TraceNode, ...]
    """The lots that were reached and left as they are: SHIPPED, CLOSED, or held already. Only lots."""
