"""What Python's programs are told of a client, and what they tell: records, errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.type.decimal_pb2 import Decimal
from lotkeeper import LotkeeperError, error_of_status
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


def options(order: dict[str, Any]) -> dict[str, Any]:
    """How the client of an order is made."""
    made = {key: order[key] for key in ("timeout_seconds", "ca_file") if key in order}
    if "token_file" in order:
        return made | {"token_source": Path(order["token_file"]).read_text}
    return made | {"token": order["token"]}


def record(written: InventoryLotRecord) -> dict[str, str]:
    """What is told of an execution."""
    return {"record": written.id, "quantity": written.exact_quantity.value}


def error(refused: LotkeeperError) -> dict[str, Any]:
    """What is told of an error."""
    return {
        "code": refused.code.name,
        "reason": refused.reason,
        "message": refused.message,
        "metadata": dict(refused.metadata),
        "fields": [
            {"field": one.field, "description": one.description, "reason": one.reason}
            for one in refused.field_violations
        ],
        "retry_after_seconds": refused.retry_after_seconds,
    }


def batch_requests(executions: Sequence[dict[str, Any]]) -> list[pb.ExecuteInventoryOperationRequest]:
    """The requests of a batch."""
    return [
        pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=one["operation_id"],
            primary_lot_id_or_name=one["lot"],
            exact_quantity=Decimal(value=one["quantity"]),
            request_id=one.get("request_id", ""),
        )
        for one in executions
    ]


def batch_results(results: Sequence[pb.BatchExecuteResult]) -> list[dict[str, Any]]:
    """What is told of a batch."""
    return [
        {"error": error(error_of_status(one.status))}
        if one.HasField("status")
        else record(one.response.inventory_lot_record)
        for one in results
    ]
