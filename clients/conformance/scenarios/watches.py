"""Watches that are lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import grpc
from h2.errors import ErrorCodes
from lotkeeper.inventory.v1 import inventory_service_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import CATALOGUE, Refusal
from clients.conformance.scenario import Judge, Outcome, Scenario, Seen, check, equal
from clients.conformance.scenarios.answers import UNAVAILABLE, Step, error, plays, refusing, value

FOUR: Final = ["r1", "r2", "r3", "r4"]
WATCH: Final = {"from_beginning": True, "count": 4}


def heartbeat(token: str) -> tuple[str, str]:
    """A message without a record."""
    return "", token


def record(number: int) -> tuple[str, str]:
    """A message with a record; its token is its own."""
    return f"r{number}", f"t{number}"


def stream(*messages: tuple[str, str], then: Step) -> Step:
    """Sends messages, a moment apart, and then does something else."""

    def play(call: Call, server: ScriptedServer) -> None:
        for record_id, token in messages:
            message = inventory_service_pb2.WatchInventoryLotRecordsResponse(resume_token=token)
            if record_id:
                message.inventory_lot_record.CopyFrom(InventoryLotRecord(id=record_id))
            call.send(message)
        server.wait(0.3)  # what was sent is to arrive, before the connection goes
        then(call, server)

    return play


def cut(call: Call, server: ScriptedServer) -> None:
    """Cuts the connection."""
    call.cut()


def end(call: Call, server: ScriptedServer) -> None:
    """Ends the stream without an error."""
    call.end()


def reset(call: Call, server: ScriptedServer) -> None:
    """Resets the stream."""
    call.reset(ErrorCodes.INTERNAL_ERROR)


def goes_on(call: Call, server: ScriptedServer) -> None:
    """Leaves the stream open."""


def freezes(call: Call, server: ScriptedServer) -> None:
    """Is gone like a machine without power: nothing comes any more, and nothing says so."""
    call.freeze()


def go_away(call: Call, server: ScriptedServer) -> None:
    """Shuts down as servers do: GOAWAY, then the end of the stream."""
    call.go_away(processed=True, code=ErrorCodes.NO_ERROR)
    CATALOGUE["SHUTTING_DOWN"].send(call)
    server.wait(0.1)
    call.cut()


def half_a_message(call: Call, server: ScriptedServer) -> None:
    """Sends half of a message with the next record, and cuts the connection."""
    call.half_an_answer(
        inventory_service_pb2.WatchInventoryLotRecordsResponse(
            inventory_lot_record=InventoryLotRecord(id="r3"), resume_token="t3"
        )
    )


FIRST: Final = (heartbeat("t0"), record(1), record(2))
REST: Final = stream(heartbeat("t2"), record(3), record(4), then=goes_on)


def resumed(*tokens: str) -> Judge:
    """All four records came once, and the calls after the first one had these tokens."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        told = value(outcome)
        equal("the records", told["records"], FOUR)
        equal("the last token", told["resume_token"], "t4")
        _asked(seen, tokens)

    return judge


def _asked(seen: Seen, tokens: Sequence[str]) -> None:
    requests = seen.requests()
    equal("from_beginning of the first call", requests[0].from_beginning, True)
    equal("the resume token of the first call", requests[0].resume_token, "")
    equal("the resume tokens", [request.resume_token for request in requests[1:]], list(tokens))


def _expired(outcome: Outcome, seen: Seen) -> None:
    told = error(outcome)
    for key in ("code", "reason", "metadata"):
        equal(f"the error's {key}", told[key], CATALOGUE["RESUME_TOKEN_EXPIRED"].told()[key])
    equal("the records before", outcome.get("value", {}).get("records"), ["r1", "r2"])
    _asked(seen, ["t2"])


def _ended_by(reason: str) -> Judge:
    def judge(outcome: Outcome, seen: Seen) -> None:
        equal("the reason", error(outcome)["reason"], reason)
        equal("the records before", outcome.get("value", {}).get("records"), ["r1", "r2"])
        equal("calls", len(seen.calls), 1)

    return judge


def _refused(outcome: Outcome, seen: Seen) -> None:
    equal("the reason", error(outcome)["reason"], "LOCATION_NOT_FOUND")
    equal("calls", len(seen.calls), 1)


def _from_token(outcome: Outcome, seen: Seen) -> None:
    equal("the records", value(outcome)["records"], ["r3", "r4"])
    equal("the resume tokens", [call.request.resume_token for call in seen.calls], ["t2"])


def _pauses(outcome: Outcome, seen: Seen) -> None:
    resumed("t2", "t2", "t2", "t2")(outcome, seen)
    pauses = seen.pauses_seconds()[1:]
    check(all(one >= 0.02 for one in pauses), f"it hammers: pauses of {[round(one, 3) for one in pauses]} s")


SILENCE_SECONDS: Final = (24.0, 45.0)
"""After so long without a message a watch begins anew: there is a heartbeat each 10 s, and clients wait for 30 s."""


def _noticed(outcome: Outcome, seen: Seen) -> None:
    equal("the records", value(outcome)["records"], FOUR)
    check(all(call.request.resume_token == "t2" for call in seen.calls[1:]), "it does not go on after the last message")
    waited = seen.calls[1].at_seconds - seen.calls[0].at_seconds
    least, most = SILENCE_SECONDS
    check(
        least <= waited <= most,
        f"it was called again after {waited:.0f} s of silence, and must be after {least:g} to {most:g} s",
    )


FAULT: Final = Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", {"error_id": "e-1"})


def _lost_by(name: str, title: str, then: Step, tokens: Sequence[str] = ("t2",)) -> Scenario:
    return Scenario(
        name, title, "watch", plays(stream(*FIRST, then=then), REST), resumed(*tokens), WATCH, timeout_seconds=20.0
    )


SCENARIOS: Final = (
    Scenario(
        "watch",
        "a watch gives each record, and no heartbeat",
        "watch",
        plays(stream(*FIRST, heartbeat("t2"), record(3), record(4), then=goes_on)),
        resumed(),
        WATCH,
    ),
    Scenario(
        "watch-from-token",
        "a watch goes on after the caller's token",
        "watch",
        plays(REST),
        _from_token,
        {"resume_token": "t2", "count": 2},
    ),
    _lost_by("watch-cut", "a watch whose connection is cut goes on after the last message", cut),
    _lost_by("watch-reset", "so does one whose stream is reset", reset),
    _lost_by("watch-unavailable", "so does one that ends with UNAVAILABLE", refusing(UNAVAILABLE)),
    _lost_by("watch-shutting-down", "so does one of a server that shuts down", go_away),
    _lost_by("watch-store-lost", "so does one of a server without its store", refusing(CATALOGUE["STORE_UNAVAILABLE"])),
    _lost_by("watch-ends", "so does one that ends without an error", end),
    Scenario(
        "watch-silent",
        "a watch that falls silent, without a heartbeat, is begun anew after the last message",
        "watch",
        plays(stream(*FIRST, then=goes_on), REST),
        _noticed,
        WATCH,
        timeout_seconds=20.0,
    ),
    Scenario(
        "watch-frozen",
        "so is one whose server is gone without a word, pings unanswered",
        "watch",
        plays(stream(*FIRST, then=freezes), REST),
        _noticed,
        WATCH,
        timeout_seconds=20.0,
    ),
    _lost_by("watch-half-message", "half a message is none: it comes again", half_a_message),
    Scenario(
        "watch-heartbeat-token",
        "the token of a heartbeat counts, too",
        "watch",
        plays(stream(*FIRST, heartbeat("t2-and-more"), then=cut), REST),
        resumed("t2-and-more"),
        WATCH,
        timeout_seconds=20.0,
    ),
    Scenario(
        "watch-lost-often",
        "a watch goes on however often it is lost, with pauses",
        "watch",
        plays(stream(*FIRST, then=cut), refusing(UNAVAILABLE), refusing(UNAVAILABLE), refusing(UNAVAILABLE), REST),
        _pauses,
        WATCH,
        timeout_seconds=20.0,
    ),
    Scenario(
        "watch-lost-twice",
        "each time after the message that came last",
        "watch",
        plays(
            stream(*FIRST, then=cut),
            stream(heartbeat("t2"), record(3), then=reset),
            stream(heartbeat("t3"), record(4), then=goes_on),
        ),
        resumed("t2", "t3"),
        WATCH,
        timeout_seconds=20.0,
    ),
    Scenario(
        "watch-token-expired",
        "a token that has expired meanwhile is told to the caller",
        "watch",
        plays(stream(*FIRST, then=cut), refusing(CATALOGUE["RESUME_TOKEN_EXPIRED"])),
        _expired,
        WATCH,
        timeout_seconds=20.0,
    ),
    Scenario(
        "watch-unauthenticated",
        "a watch whose token was revoked ends, with the records before",
        "watch",
        plays(stream(*FIRST, then=refusing(CATALOGUE["UNAUTHENTICATED"]))),
        _ended_by("UNAUTHENTICATED"),
        WATCH,
    ),
    Scenario(
        "watch-fault",
        "so does one that meets a fault of the server",
        "watch",
        plays(stream(*FIRST, then=refusing(FAULT))),
        _ended_by("INTERNAL"),
        WATCH,
    ),
    Scenario(
        "watch-refused",
        "a watch that is refused is not tried again",
        "watch",
        plays(refusing(CATALOGUE["LOCATION_NOT_FOUND"])),
        _refused,
        WATCH,
    ),
)
LONG: Final = frozenset({"watch-silent", "watch-frozen"})
"""Of these, what takes half a minute."""
