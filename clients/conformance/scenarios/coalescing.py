"""Executions that wait for one another, and travel together."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import grpc
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb2

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import CATALOGUE, Refusal
from clients.conformance.scenario import Outcome, Scenario, Script, Seen, check, equal
from clients.conformance.scenarios.answers import (
    EXECUTION,
    UNAVAILABLE,
    Step,
    answer_to,
    cutting,
    refusing,
    value,
    value_of,
)

COUNT: Final = 40
REFUSED_QUANTITY: Final = "13"
MANY: Final = {"executions": [{**EXECUTION, "quantity": str(number)} for number in range(1, COUNT + 1)]}
FIRST_ANSWER_SECONDS: Final = 1.0
"""How long the first one is under way: time enough for the others to begin, also on a busy machine."""
HANGING_SECONDS: Final = 4.0


def _refusal_at(place: str) -> Refusal:
    return Refusal(
        grpc.StatusCode.FAILED_PRECONDITION,
        "INSUFFICIENT_INVENTORY",
        {"lot": "MILK-0815", "requested": REFUSED_QUANTITY},
        ((f"{place}quantity", "is more than there is", "INSUFFICIENT_INVENTORY"),),
        message=f"{place}quantity: there is too little of MILK-0815",
    )


def _respond(call: Call, server: ScriptedServer) -> None:
    """Answers each execution for itself, alone or in a batch, and refuses one."""
    request = call.request
    if isinstance(request, operations_pb2.ExecuteInventoryOperationRequest):
        if request.exact_quantity.value == REFUSED_QUANTITY:
            _refusal_at("").send(call)
        else:
            call.answer(answer_to(request))
        return
    call.answer(
        operations_pb2.BatchExecuteInventoryOperationsResponse(
            results=[_result(one, f"requests[{place}].") for place, one in enumerate(request.requests)]
        )
    )


def _result(request: Any, place: str) -> operations_pb2.BatchExecuteResult:
    if request.exact_quantity.value == REFUSED_QUANTITY:
        return operations_pb2.BatchExecuteResult(status=_refusal_at(place).status())
    return operations_pb2.BatchExecuteResult(response=answer_to(request))  # type: ignore[arg-type]


def _after_a_slow_first(*batches: Step, first_seconds: float = FIRST_ANSWER_SECONDS) -> Script:
    """The first call is answered after a while; the first batches as these steps say; all others at once."""
    met: Counter[str] = Counter()

    def play(call: Call, server: ScriptedServer) -> None:
        if call.number == 0:
            met.clear()
            server.wait(first_seconds)
        elif call.method.startswith("Batch"):
            met["batches"] += 1
            if met["batches"] <= len(batches):
                batches[met["batches"] - 1](call, server)
                return
        _respond(call, server)

    return play


def _answered(outcome: Outcome) -> None:
    results = value(outcome)["results"]
    equal("results", len(results), COUNT)
    for number, result in enumerate(results, 1):
        if str(number) != REFUSED_QUANTITY:
            equal(f"the answer to {number}", result, value_of(str(number)))
            continue
        for key, expected in _refusal_at("").told().items():
            equal(f"the refusal's {key}", result.get("error", {}).get(key), expected)


def _sent(call: Call) -> list[Any]:
    return list(call.request.requests) if call.method.startswith("Batch") else [call.request]


def _same_ids(seen: Seen) -> None:
    """Each execution had one request id, however it was sent, and each another one."""
    ids: dict[str, set[str]] = {}
    for call in seen.calls:
        for one in _sent(call):
            ids.setdefault(one.exact_quantity.value, set()).add(one.request_id)
    equal("executions that were sent", len(ids), COUNT)
    for quantity, different in ids.items():
        equal(f"request ids of {quantity}", len(different), 1)
    equal("different request ids", len(set.union(*ids.values())), COUNT)


def _together(outcome: Outcome, seen: Seen) -> None:
    _answered(outcome)
    _same_ids(seen)
    check(len(seen.calls) <= COUNT // 2, f"{COUNT} executions took {len(seen.calls)} calls")
    times = Counter(one.exact_quantity.value for call in seen.calls for one in _sent(call))
    equal("executions that were sent more than once", [one for one, count in times.items() if count > 1], [])


def _repeated(outcome: Outcome, seen: Seen) -> None:
    _answered(outcome)
    _same_ids(seen)


def _not_held_up(outcome: Outcome, seen: Seen) -> None:
    _answered(outcome)
    _same_ids(seen)
    first = seen.calls[0]
    last = max(call.answered_seconds or 0.0 for call in seen.calls[1:])
    check(
        last - first.at_seconds < HANGING_SECONDS / 2,
        f"the others were answered {last - first.at_seconds:.1f} s after one that hangs",
    )


_refuses_all: Final = refusing(Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", message="too many bytes"))

SCENARIOS: Final = (
    Scenario(
        "coalesced",
        "executions that wait travel together; each has its own answer or refusal",
        "coalesced",
        _after_a_slow_first(),
        _together,
        MANY,
        timeout_seconds=20.0,
    ),
    Scenario(
        "coalesced-unavailable",
        "a batch that fails is repeated with the same request ids",
        "coalesced",
        _after_a_slow_first(refusing(UNAVAILABLE), refusing(CATALOGUE["OVERLOADED"])),
        _repeated,
        MANY,
        timeout_seconds=20.0,
    ),
    Scenario(
        "coalesced-cut",
        "so is one whose answer is lost",
        "coalesced",
        _after_a_slow_first(cutting),
        _repeated,
        MANY,
        timeout_seconds=20.0,
    ),
    Scenario(
        "coalesced-refused-as-a-whole",
        "what a batch is refused with as a whole is no answer to its requests",
        "coalesced",
        _after_a_slow_first(_refuses_all, _refuses_all, _refuses_all, _refuses_all),
        _repeated,
        MANY,
        timeout_seconds=20.0,
    ),
    Scenario(
        "coalesced-behind-a-hanging-call",
        "one call that hangs does not keep the others",
        "coalesced",
        _after_a_slow_first(first_seconds=HANGING_SECONDS),
        _not_held_up,
        MANY,
        timeout_seconds=20.0,
    ),
)
