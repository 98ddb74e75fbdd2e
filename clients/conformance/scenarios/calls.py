"""What is repeated, what is not, how often, and with what pauses."""

from __future__ import annotations

from typing import Final

import grpc

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import CATALOGUE, RETRIED_WITHOUT, Refusal
from clients.conformance.scenario import (
    SLACK_SECONDS,
    Judge,
    Outcome,
    Scenario,
    Seen,
    attempts,
    check,
    check_same,
    equal,
)
from clients.conformance.scenarios.answers import (
    EXECUTION,
    UNAVAILABLE,
    UNIT,
    cutting,
    error,
    half_answering,
    is_executed,
    late,
    plays,
    refusing,
    stalling,
    value,
    well,
)

FIRST_PAUSE_SECONDS: Final = (0.02, 0.5)
PAUSE_SECONDS_MAX: Final = 2.0
RETRY_AFTER_SECONDS: Final = 0.8
GIVEN_UP_SECONDS: Final = 2.5
HELD_SECONDS: Final = 1.2


def executed_after(expected: int) -> Judge:
    """The execution came out well, at the attempt of this number."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        is_executed(outcome)
        attempts(seen, expected)

    return judge


def saved_after(expected: int) -> Judge:
    """The same of a unit."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        equal("the value", value(outcome), {"id": "unit-1"})
        attempts(seen, expected)

    return judge


def ended_with(*codes: str, after: int = 1) -> Judge:
    """It ended with one of these codes, at the attempt of this number."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        told = error(outcome)
        check(told["code"] in codes, f"the code {told['code']}, and must be {' or '.join(codes)}")
        attempts(seen, after)

    return judge


def _given_request_id(outcome: Outcome, seen: Seen) -> None:
    executed_after(3)(outcome, seen)
    equal("the request id", seen.calls[0].request.request_id, "batch-9/step-1")


def _own_request_ids(outcome: Outcome, seen: Seen) -> None:
    equal("results", len(value(outcome)["results"]), 3)
    ids = {call.request.request_id for call in seen.calls}
    equal("different request ids", len(ids), 3)


def _pauses_grow(outcome: Outcome, seen: Seen) -> None:
    is_executed(outcome)
    check_same(seen.calls)
    equal("attempts", len(seen.calls), 6)
    pauses = seen.pauses_seconds()
    least, most = FIRST_PAUSE_SECONDS
    check(
        least <= pauses[0] <= most + SLACK_SECONDS,
        f"the first pause was {pauses[0]:.3f} s, and must be {least} to {most} s",
    )
    check(max(pauses) <= PAUSE_SECONDS_MAX + SLACK_SECONDS, f"a pause of {max(pauses):.2f} s")
    check(sum(pauses) >= 5 * least * 2, f"the pauses do not grow: {[round(one, 3) for one in pauses]}")


def _gives_up(outcome: Outcome, seen: Seen) -> None:
    told = error(outcome)
    check(told["code"] in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}, f"the code {told['code']}")
    check_same(seen.calls)
    check(2 <= len(seen.calls) <= 20, f"{len(seen.calls)} attempts in {GIVEN_UP_SECONDS} s")
    check(
        seen.took_seconds <= GIVEN_UP_SECONDS + SLACK_SECONDS,
        f"it took {seen.took_seconds:.1f} s, with a deadline of {GIVEN_UP_SECONDS} s",
    )


def _overloaded_to_the_end(outcome: Outcome, seen: Seen) -> None:
    told = error(outcome)
    if told["code"] != "DEADLINE_EXCEEDED":
        equal("the reason", told["reason"], "OVERLOADED")
    check_same(seen.calls)
    check(
        seen.took_seconds <= GIVEN_UP_SECONDS + SLACK_SECONDS,
        f"it took {seen.took_seconds:.1f} s, with a deadline of {GIVEN_UP_SECONDS} s",
    )
    pauses = seen.pauses_seconds()
    check(all(one >= 0.12 for one in pauses), f"RetryInfo of 0.25 s was not kept: {pauses}")


def _retry_info_is_kept(outcome: Outcome, seen: Seen) -> None:
    executed_after(2)(outcome, seen)
    (pause,) = seen.pauses_seconds()
    check(
        RETRY_AFTER_SECONDS / 2 <= pause <= RETRY_AFTER_SECONDS * 2 + SLACK_SECONDS,
        f"a pause of {pause:.2f} s after RetryInfo of {RETRY_AFTER_SECONDS} s",
    )


def _long_retry_info(outcome: Outcome, seen: Seen) -> None:
    told = error(outcome)
    check(told["reason"] == "OVERLOADED" or told["code"] == "DEADLINE_EXCEEDED", f"{told}")
    attempts(seen, 1)
    check(seen.took_seconds <= GIVEN_UP_SECONDS + SLACK_SECONDS, f"it took {seen.took_seconds:.1f} s")


def _in_time(outcome: Outcome, seen: Seen) -> None:
    equal("the code", error(outcome)["code"], "DEADLINE_EXCEEDED")
    attempts(seen, 1)
    given = seen.calls[0].timeout_seconds or 0.0
    check(
        given - 0.2 <= seen.took_seconds <= given + SLACK_SECONDS,
        f"it took {seen.took_seconds:.1f} s, not {given:.1f} s",
    )


def _unit_read_after(expected: int) -> Judge:
    def judge(outcome: Outcome, seen: Seen) -> None:
        equal("the value", value(outcome), {"id": "unit-1"})
        attempts(seen, expected)

    return judge


OVERLOADED_LONG: Final = Refusal(
    grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after_seconds=RETRY_AFTER_SECONDS
)
OVERLOADED_VERY_LONG: Final = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after_seconds=60.0)
TOO_LARGE: Final = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, message="Sent message larger than max (5 vs. 4)")
ABORTED: Final = Refusal(grpc.StatusCode.ABORTED, message="for no reason")
_unavailable = refusing(UNAVAILABLE)


def _unavailable_at_last(call: Call, server: ScriptedServer) -> None:
    server.wait(HELD_SECONDS)
    UNAVAILABLE.send(call)


SCENARIOS: Final = (
    Scenario("plain", "a call that comes out well is made once", "execute", plays(well), executed_after(1), EXECUTION),
    Scenario(
        "default-deadline",
        "a call has a deadline of 30 s where the caller gave none",
        "execute",
        plays(well),
        executed_after(1),
        EXECUTION,
        timeout_seconds=None,
    ),
    Scenario(
        "own-request-ids",
        "each call has a request id of its own",
        "sequence",
        plays(well),
        _own_request_ids,
        {"executions": [EXECUTION, EXECUTION, EXECUTION]},
    ),
    Scenario(
        "unavailable-then-well",
        "UNAVAILABLE is repeated with the same request id",
        "execute",
        plays(_unavailable, _unavailable, well),
        executed_after(3),
        EXECUTION,
    ),
    Scenario(
        "given-request-id",
        "a request id that the caller gave is kept",
        "execute",
        plays(_unavailable, cutting, well),
        _given_request_id,
        {**EXECUTION, "request_id": "batch-9/step-1"},
    ),
    Scenario(
        "pauses-grow",
        "the pauses between attempts begin short, grow, and have a limit",
        "execute",
        plays(*[_unavailable] * 5, well),
        _pauses_grow,
        EXECUTION,
        timeout_seconds=20.0,
    ),
    Scenario(
        "deadline-goes-on",
        "a retry has what is left of the deadline, not all of it again",
        "execute",
        plays(_unavailable_at_last, _unavailable_at_last, well),
        executed_after(3),
        EXECUTION,
        timeout_seconds=20.0,
    ),
    Scenario(
        "unavailable-for-ever",
        "a call gives up at its deadline, and does not hammer until then",
        "execute",
        plays(_unavailable),
        _gives_up,
        EXECUTION,
        timeout_seconds=GIVEN_UP_SECONDS,
    ),
    Scenario(
        "overloaded-for-ever",
        "OVERLOADED is repeated as RetryInfo says, to the deadline",
        "execute",
        plays(refusing(CATALOGUE["OVERLOADED"])),
        _overloaded_to_the_end,
        EXECUTION,
        timeout_seconds=GIVEN_UP_SECONDS,
    ),
    Scenario(
        "retry-info",
        "RetryInfo is a pause that is kept",
        "execute",
        plays(refusing(OVERLOADED_LONG), well),
        _retry_info_is_kept,
        EXECUTION,
    ),
    Scenario(
        "retry-info-too-long",
        "a pause that goes beyond the deadline is not waited for",
        "execute",
        plays(refusing(OVERLOADED_VERY_LONG), well),
        _long_retry_info,
        EXECUTION,
        timeout_seconds=GIVEN_UP_SECONDS,
    ),
    Scenario(
        "stall",
        "a call that is not answered ends at its deadline, and is not repeated",
        "execute",
        plays(stalling),
        _in_time,
        EXECUTION,
        timeout_seconds=2.0,
    ),
    Scenario(
        "late-answer",
        "an answer that is late but in time is taken, and not asked for twice",
        "execute",
        plays(late(1.2)),
        executed_after(1),
        EXECUTION,
        timeout_seconds=20.0,
    ),
    Scenario(
        "cut-then-well",
        "a connection that is cut before the answer is a lost answer: repeated with the same request id",
        "execute",
        plays(cutting, well),
        executed_after(2),
        EXECUTION,
    ),
    Scenario(
        "half-answer",
        "half an answer is none: repeated with the same request id",
        "execute",
        plays(half_answering, well),
        executed_after(2),
        EXECUTION,
    ),
    Scenario(
        "read-is-repeated",
        "a read is repeated on UNAVAILABLE",
        "get_unit",
        plays(_unavailable, cutting, well),
        _unit_read_after(3),
        {"name": "kilogram"},
    ),
    Scenario(
        "save-is-not-repeated",
        "a call without a request id is not repeated on UNAVAILABLE",
        "save_unit",
        plays(_unavailable, well),
        ended_with("UNAVAILABLE"),
        UNIT,
    ),
    Scenario(
        "save-is-not-repeated-after-a-cut",
        "nor where its answer was lost",
        "save_unit",
        plays(cutting, well),
        ended_with("UNAVAILABLE", "INTERNAL", "UNKNOWN"),
        UNIT,
    ),
    Scenario(
        "save-is-not-repeated-after-a-lost-store",
        "nor on STORE_UNAVAILABLE",
        "save_unit",
        plays(refusing(CATALOGUE["STORE_UNAVAILABLE"]), well),
        ended_with("UNAVAILABLE"),
        UNIT,
    ),
    *(
        Scenario(
            f"save-after-{reason.lower().replace('_', '-')}",
            f"a call without a request id is repeated on {reason}, as nothing was done",
            "save_unit",
            plays(refusing(CATALOGUE[reason]), refusing(CATALOGUE[reason]), well),
            saved_after(3),
            UNIT,
        )
        for reason in sorted(RETRIED_WITHOUT)
    ),
    Scenario(
        "too-large",
        "RESOURCE_EXHAUSTED without a reason, such as gRPC's for a large message, is not repeated",
        "execute",
        plays(refusing(TOO_LARGE), well),
        ended_with("RESOURCE_EXHAUSTED"),
        EXECUTION,
    ),
    Scenario(
        "aborted-for-no-reason",
        "ABORTED without a reason is not repeated",
        "execute",
        plays(refusing(ABORTED), well),
        ended_with("ABORTED"),
        EXECUTION,
    ),
)
