"""Every refusal of the catalogue, and errors that are not as they should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import CATALOGUE, RETRIED_WITH_REQUEST_ID, Refusal
from clients.conformance.scenario import Judge, Outcome, Scenario, Seen, attempts, check, equal
from clients.conformance.scenarios.answers import EXECUTION, UNIT, error, plays, refusing, well
from clients.conformance.scenarios.calls import executed_after

GARBAGE: Final = b"\xff\xff\xff this is no message"


def told_as(refusal: Refusal) -> Judge:
    """The error has all that the refusal has, after one attempt."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        told = error(outcome)
        for key, expected in refusal.told().items():
            equal(f"the error's {key}", told.get(key), expected)
        attempts(seen, 1)

    return judge


def _bare(code: str, *, message: str | None = None) -> Judge:
    def judge(outcome: Outcome, seen: Seen) -> None:
        told = error(outcome)
        equal("the code", told["code"], code)
        equal("the reason", told["reason"], "")
        if message is not None:
            equal("the message", told["message"], message)
        attempts(seen, 1)

    return judge


def _some_error_of(*codes: str) -> Judge:
    def judge(outcome: Outcome, seen: Seen) -> None:
        told = error(outcome)
        check(told["code"] in codes, f"the code {told['code']}, and must be one of {codes}")
        equal("attempts", len(seen.calls), 1)

    return judge


def _garbage_in_place_of_details(call: Call, server: ScriptedServer) -> None:
    call.refuse(grpc.StatusCode.FAILED_PRECONDITION.value[0], "no, and it is hard to say why", GARBAGE)


def _no_details(call: Call, server: ScriptedServer) -> None:
    call.refuse(grpc.StatusCode.FAILED_PRECONDITION.value[0], "„Käse“ ist aus: 100 %")


def _no_answer_at_all(call: Call, server: ScriptedServer) -> None:
    call.end()


def _unreadable_answer(call: Call, server: ScriptedServer) -> None:
    call.answer_with_bytes(GARBAGE)


UNKNOWN_DETAIL: Final = any_pb2.Any(type_url="type.googleapis.com/somebody.elses.Detail", value=b"\x08\x01")
BROKEN_VIOLATIONS: Final = any_pb2.Any(
    type_url=f"type.googleapis.com/{error_details_pb2.BadRequest.DESCRIPTOR.full_name}", value=GARBAGE
)
WITH_OTHERS: Final = replace(CATALOGUE["INSUFFICIENT_INVENTORY"], others=(UNKNOWN_DETAIL,))
WITH_BROKEN: Final = replace(CATALOGUE["LOT_EXPIRED"], others=(BROKEN_VIOLATIONS,))
NEW_REASON: Final = Refusal(
    grpc.StatusCode.FAILED_PRECONDITION, "A_REASON_OF_A_LATER_VERSION", {"what": "is not known yet"}
)
NEW_CODE: Final = Refusal(grpc.StatusCode.DATA_LOSS, "OF_A_LATER_VERSION", message="a code that has no use yet")
LARGE: Final = Refusal(
    grpc.StatusCode.INVALID_ARGUMENT,
    "INVALID_ARGUMENT",
    fields=tuple((f"requests[{number}].quantity", "must be above zero", f"REASON_{number}") for number in range(60)),
)
EMPTY_VALUE: Final = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "LOT_DIFFERS", {"stored": "", "given": "A-1"})

SCENARIOS: Final = (
    *(
        Scenario(
            f"refusal-{reason.lower().replace('_', '-')}",
            f"{reason} is told with all that it has, and "
            + ("the call is made again" if reason in RETRIED_WITH_REQUEST_ID else "the call is not made again"),
            "execute",
            plays(refusing(refusal), refusing(refusal), well)
            if reason in RETRIED_WITH_REQUEST_ID
            else plays(refusing(refusal), well),
            executed_after(3) if reason in RETRIED_WITH_REQUEST_ID else told_as(refusal),
            EXECUTION,
        )
        for reason, refusal in CATALOGUE.items()
    ),
    Scenario(
        "store-unavailable-is-told",
        "STORE_UNAVAILABLE of a call that may not be repeated is told with its reason",
        "save_unit",
        plays(refusing(CATALOGUE["STORE_UNAVAILABLE"]), well),
        told_as(CATALOGUE["STORE_UNAVAILABLE"]),
        UNIT,
    ),
    Scenario(
        "new-reason",
        "a reason that the client does not know is told as it is",
        "execute",
        plays(refusing(NEW_REASON), well),
        told_as(NEW_REASON),
        EXECUTION,
    ),
    Scenario(
        "new-code",
        "so is a code for which there is no class of errors",
        "execute",
        plays(refusing(NEW_CODE), well),
        told_as(NEW_CODE),
        EXECUTION,
    ),
    Scenario(
        "empty-metadata",
        "metadata may be empty texts",
        "execute",
        plays(refusing(EMPTY_VALUE), well),
        told_as(EMPTY_VALUE),
        EXECUTION,
    ),
    Scenario(
        "many-fields",
        "60 wrong fields are told in their order",
        "execute",
        plays(refusing(LARGE), well),
        told_as(LARGE),
        EXECUTION,
    ),
    Scenario(
        "unknown-detail",
        "a detail of an unknown type says nothing, and hides nothing",
        "execute",
        plays(refusing(WITH_OTHERS), well),
        told_as(WITH_OTHERS),
        EXECUTION,
    ),
    Scenario(
        "broken-detail",
        "a detail that cannot be read says nothing, and hides nothing",
        "execute",
        plays(refusing(WITH_BROKEN), well),
        told_as(WITH_BROKEN),
        EXECUTION,
    ),
    Scenario(
        "unreadable-details",
        "where the details cannot be read at all, code and message remain",
        "execute",
        plays(_garbage_in_place_of_details, well),
        _bare("FAILED_PRECONDITION", message="no, and it is hard to say why"),
        EXECUTION,
    ),
    Scenario(
        "no-details",
        "an error without details has code and message, whatever its letters",
        "execute",
        plays(_no_details, well),
        _bare("FAILED_PRECONDITION", message="„Käse“ ist aus: 100 %"),
        EXECUTION,
    ),
    Scenario(
        "unreadable-answer",
        "an answer that is no message is an error, and the call is not made again",
        "execute",
        plays(_unreadable_answer, well),
        _some_error_of("INTERNAL", "UNKNOWN", "CANCELLED"),
        EXECUTION,
    ),
    Scenario(
        "no-answer-at-all",
        "a call that ends well without an answer is an error, and is not made again",
        "execute",
        plays(_no_answer_at_all, well),
        _some_error_of("INTERNAL", "UNKNOWN", "CANCELLED", "UNIMPLEMENTED"),
        EXECUTION,
    ),
)
