# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""BatchExecuteResult."""

from __future__ import annotations

from dataclasses import dataclass

from google.rpc import status_pb2

from lotkeeper.exact._execute_inventory_operation_response import ExecuteInventoryOperationResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchExecuteResult:
    """The outcome of one request of a batch."""

    response: ExecuteInventoryOperationResponse | None
    """What it answers."""
    status: status_pb2.Status | None
    """Why it was refused; field paths begin with its place, `requests[3].`."""
