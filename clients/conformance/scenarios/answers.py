"""Answers, and scripts that are made of a few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import grpc
from google.protobuf.message import Message
from google.type.decimal_pb2 import Decimal
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2, master_data_pb2, master_data_service_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import Refusal
from clients.conformance.scenario import Outcome, Script, check, equal

OPERATION_ID: Final = "01JPAND53P-BZ61RZHZ-V7C6EEHG"
EXECUTION: Final[dict[str, Any]] = {"operation_id": OPERATION_ID, "lot": "MILK-0815", "quantity": "12.500001"}
UNIT: Final[dict[str, Any]] = {"name": "kilogram", "symbol": "kg"}
UNAVAILABLE: Final = Refusal(grpc.StatusCode.UNAVAILABLE, message="nobody is there")
"""As proxies and gRPC itself say it: without details."""
Step = Callable[[Call, ScriptedServer], None]


def record_of(quantity: str) -> str:
    """The id of the record that an execution of so much is answered with."""
    return f"record-of-{quantity}"


def value_of(quantity: str) -> dict[str, str]:
    """What a program tells of an execution of so much."""
    return {"record": record_of(quantity), "quantity": quantity}


def answer_to(request: Any) -> Message:
    """The usual answer."""
    match request:
        case operations_pb2.ExecuteInventoryOperationRequest():
            quantity = request.exact_quantity.value
            record = InventoryLotRecord(
                id=record_of(quantity),
                exact_quantity=Decimal(value=quantity),
                quantity=float(quantity),
                request_id=request.request_id,
            )
            return operations_pb2.ExecuteInventoryOperationResponse(
                inventory_lot_record=record, inventory_lot_records=[record]
            )
        case operations_pb2.BatchExecuteInventoryOperationsRequest():
            return operations_pb2.BatchExecuteInventoryOperationsResponse(
                results=[operations_pb2.BatchExecuteResult(response=answer_to(one)) for one in request.requests]  # type: ignore[arg-type]
            )
        case master_data_service_pb2.SaveUnitOfMeasureRequest():
            saved = master_data_pb2.UnitOfMeasure(id="unit-1")
            saved.MergeFrom(request.unit_of_measure)
            saved.id = "unit-1"
            return master_data_service_pb2.SaveUnitOfMeasureResponse(unit_of_measure=saved)
        case master_data_service_pb2.GetUnitOfMeasureRequest():
            unit = master_data_pb2.UnitOfMeasure(id="unit-1", name=request.unit_of_measure_id_or_name)
            return master_data_service_pb2.GetUnitOfMeasureResponse(unit_of_measure=unit)
        case inventory_service_pb2.ExecuteInventoryActionsRequest():
            quantities = [action.exact_quantity.value for action in request.actions]
            return inventory_service_pb2.ExecuteInventoryActionsResponse(
                inventory_lot_records=[InventoryLotRecord(id=record_of(one)) for one in quantities],
                action_indexes=list(range(len(quantities))),
            )
    raise AssertionError(request)


def well(call: Call, server: ScriptedServer) -> None:
    """Answers as usual."""
    call.answer(answer_to(call.request))


def refusing(refusal: Refusal) -> Step:
    """Refuses."""
    return lambda call, server: refusal.send(call)


def cutting(call: Call, server: ScriptedServer) -> None:
    """Cuts the connection in place of an answer."""
    call.cut()


def stalling(call: Call, server: ScriptedServer) -> None:
    """Never answers."""


def half_answering(call: Call, server: ScriptedServer) -> None:
    """Sends half of the usual answer, and cuts the connection."""
    call.half_an_answer(answer_to(call.request))


def late(seconds: float) -> Step:
    """Answers as usual, after a while."""

    def answer(call: Call, server: ScriptedServer) -> None:
        server.wait(seconds)
        call.answer(answer_to(call.request))

    return answer


def plays(*steps: Step) -> Script:
    """A step for each call that comes, the last one for all others."""
    return lambda call, server: steps[min(call.number, len(steps) - 1)](call, server)


def value(outcome: Outcome) -> dict[str, Any]:
    """What came out well."""
    check("value" in outcome and "error" not in outcome, f"it must come out well, and did not: {outcome}")
    told: dict[str, Any] = outcome["value"]
    return told


def error(outcome: Outcome) -> dict[str, Any]:
    """The error that came out."""
    check("error" in outcome, f"it must end with an error, and did not: {outcome}")
    told: dict[str, Any] = outcome["error"]
    return told


def is_executed(outcome: Outcome) -> None:
    """That the usual execution came out."""
    equal("the value", value(outcome), value_of(EXECUTION["quantity"]))
