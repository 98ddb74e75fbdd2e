"""Calls that carry several things."""

from __future__ import annotations

from typing import Final

import grpc
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb2

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import CATALOGUE, Refusal
from clients.conformance.scenario import Outcome, Scenario, Seen, attempts, check, equal
from clients.conformance.scenarios.answers import (
    EXECUTION,
    UNAVAILABLE,
    answer_to,
    cutting,
    error,
    plays,
    record_of,
    refusing,
    value,
    value_of,
    well,
)

REFUSED: Final = Refusal(
    grpc.StatusCode.INVALID_ARGUMENT,
    "INVALID_ARGUMENT",
    fields=(("requests[1].quantity", "must be above zero", "OUT_OF_RANGE"),),
    message="requests[1].quantity must be above zero",
)
BATCH: Final = {"executions": [{**EXECUTION, "quantity": quantity} for quantity in ("1.5", "2", "0.000003")]}
ACTIONS: Final = {
    "actions": [
        {"lot": "MILK-0815", "material": "Dairy/Milk", "quantity": quantity, "source": "DairyCo/Silo1"}
        for quantity in ("1.5", "2")
    ]
}
REFUSED_ACTION: Final = Refusal(
    grpc.StatusCode.FAILED_PRECONDITION,
    "INSUFFICIENT_INVENTORY",
    {"index": "1", "lot": "MILK-0815", "available": "1"},
    (("actions[1].quantity", "is more than there is", "INSUFFICIENT_INVENTORY"),),
)


def _with_a_refusal(call: Call, server: ScriptedServer) -> None:
    results = [operations_pb2.BatchExecuteResult(response=answer_to(one)) for one in call.request.requests]  # type: ignore[arg-type]
    results[1] = operations_pb2.BatchExecuteResult(status=REFUSED.status())
    call.answer(operations_pb2.BatchExecuteInventoryOperationsResponse(results=results))


def _each_for_itself(outcome: Outcome, seen: Seen) -> None:
    first, second, third = value(outcome)["results"]
    equal("the first", first, value_of("1.5"))
    equal("the third", third, value_of("0.000003"))
    for key, expected in REFUSED.told().items():
        equal(f"the second's {key}", second.get("error", {}).get(key), expected)
    attempts(seen, 3)
    ids = [one.request_id for one in seen.calls[0].request.requests]
    equal("different request ids", len(set(ids)), 3)


def _acted(outcome: Outcome, seen: Seen) -> None:
    equal("the records", value(outcome)["records"], [record_of("1.5"), record_of("2")])
    attempts(seen, 3)
    check(bool(seen.calls[0].request.request_id), "the actions have no request id")


def _action_refused(outcome: Outcome, seen: Seen) -> None:
    told = error(outcome)
    for key, expected in REFUSED_ACTION.told().items():
        equal(f"the error's {key}", told.get(key), expected)
    attempts(seen, 1)


SCENARIOS: Final = (
    Scenario(
        "batch",
        "a batch is repeated with the request ids of its requests; each result is for itself",
        "batch",
        plays(cutting, refusing(CATALOGUE["SHUTTING_DOWN"]), _with_a_refusal),
        _each_for_itself,
        BATCH,
    ),
    Scenario(
        "actions",
        "actions are repeated with their request id",
        "actions",
        plays(refusing(UNAVAILABLE), cutting, well),
        _acted,
        ACTIONS,
    ),
    Scenario(
        "action-refused",
        "the refusal of actions says which one",
        "actions",
        plays(refusing(REFUSED_ACTION), well),
        _action_refused,
        ACTIONS,
    ),
)
