"""Connections that are closed politely, impolitely, or are not there yet."""

from __future__ import annotations

from typing import Final

from h2.errors import ErrorCodes

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.scenario import Judge, Nobody, Outcome, Scenario, Seen, check, check_same, equal
from clients.conformance.scenarios.answers import EXECUTION, answer_to, is_executed, plays, value, value_of, well
from clients.conformance.scenarios.calls import executed_after

THREE: Final = {
    "executions": [{**EXECUTION, "quantity": quantity, "request_id": f"three/{quantity}"} for quantity in "123"]
}


def _goes_away_after_the_answer(call: Call, server: ScriptedServer) -> None:
    call.go_away(processed=True, code=ErrorCodes.NO_ERROR)
    call.answer(answer_to(call.request))


def _goes_away_before_the_call(call: Call, server: ScriptedServer) -> None:
    """As if the call had crossed the GOAWAY on its way: it was never looked at."""
    call.go_away(processed=False, code=ErrorCodes.NO_ERROR)
    server.wait(0.2)
    call.cut()


def _too_many_pings(call: Call, server: ScriptedServer) -> None:
    call.answer(answer_to(call.request))
    call.go_away(processed=True, code=ErrorCodes.ENHANCE_YOUR_CALM, debug=b"too_many_pings")
    server.wait(0.1)
    call.cut()


def _refuses_the_stream(call: Call, server: ScriptedServer) -> None:
    call.reset(ErrorCodes.REFUSED_STREAM)


def _answers_and_hangs_up(call: Call, server: ScriptedServer) -> None:
    call.answer(answer_to(call.request))
    call.hang_up()


def three(connections_min: int) -> Judge:
    """The three executions came out well, each sent twice at most, over so many connections or more."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        equal("results", value(outcome)["results"], [value_of(quantity) for quantity in "123"])
        for quantity in "123":
            same = [call for call in seen.calls if call.request.request_id == f"three/{quantity}"]
            check(1 <= len(same) <= 2, f"execution {quantity} was sent {len(same)} times")
            check_same(same)
        check(
            seen.connections >= connections_min,
            f"{seen.connections} connections, though the server had ended each after a call",
        )

    return judge


def _repeated(outcome: Outcome, seen: Seen) -> None:
    is_executed(outcome)
    check(len(seen.calls) >= 2, "the call came once, and was not answered then")
    check_same(seen.calls)


SEVERAL_SECONDS: Final = 30.0
ANOTHER_SECONDS: Final = 8.0
"""How long it may take to find that nobody is at an address and to take another one, also on a busy machine."""


def _soon(outcome: Outcome, seen: Seen) -> None:
    """Each call came out well, and had nearly all of its deadline left when it was sent."""
    equal("results", value(outcome)["results"], [value_of(quantity) for quantity in "123"])
    equal("calls", len(seen.calls), 3)
    for number, call in enumerate(seen.calls, 1):
        looked = SEVERAL_SECONDS - (call.timeout_seconds or 0.0)
        check(looked < ANOTHER_SECONDS, f"call {number} was sent after {looked:.1f} s, with one of the servers there")


SCENARIOS: Final = (
    Scenario(
        "server-comes-late",
        "a call waits for a server that does not listen yet",
        "execute",
        plays(well),
        executed_after(1),
        EXECUTION,
        timeout_seconds=20.0,
        listens_after_seconds=1.5,
    ),
    Scenario(
        "goaway-between-calls",
        "GOAWAY lets a call end, and the next one goes by another connection",
        "sequence",
        plays(_goes_away_after_the_answer),
        three(2),
        THREE,
        timeout_seconds=20.0,
    ),
    Scenario(
        "goaway-before-the-call",
        "a call that the server has not taken before its GOAWAY is made on another connection",
        "execute",
        plays(_goes_away_before_the_call, well),
        _repeated,
        EXECUTION,
        timeout_seconds=20.0,
    ),
    Scenario(
        "goaway-too-many-pings",
        "after GOAWAY too_many_pings calls go on by another connection",
        "sequence",
        plays(_too_many_pings),
        three(2),
        THREE,
        timeout_seconds=20.0,
    ),
    Scenario(
        "hung-up-between-calls",
        "a connection that was ended between calls is made anew, and nobody is told",
        "sequence",
        plays(_answers_and_hangs_up),
        three(2),
        THREE,
        timeout_seconds=20.0,
    ),
    Scenario(
        "refused-stream",
        "a stream that is refused (REFUSED_STREAM) is made again",
        "execute",
        plays(_refuses_the_stream, well),
        _repeated,
        EXECUTION,
        timeout_seconds=20.0,
    ),
    Scenario(
        "first-address-away",
        "of several addresses one where nobody listens is left out",
        "sequence",
        plays(well),
        _soon,
        THREE,
        timeout_seconds=SEVERAL_SECONDS,
        before=(Nobody.AWAY,),
    ),
    Scenario(
        "first-address-mute",
        "so is one that takes connections and says nothing, and no call is lost there",
        "sequence",
        plays(well),
        _soon,
        THREE,
        timeout_seconds=SEVERAL_SECONDS,
        before=(Nobody.MUTE,),
    ),
    Scenario(
        "two-addresses-away",
        "and two of three",
        "sequence",
        plays(well),
        _soon,
        THREE,
        timeout_seconds=SEVERAL_SECONDS,
        before=(Nobody.AWAY, Nobody.AWAY),
    ),
)
