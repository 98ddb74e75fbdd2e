"""Servers with TLS, and tokens that are renewed."""

from __future__ import annotations

from typing import Final

from clients.conformance.scenario import Certificate, Judge, Outcome, Scenario, Seen, check, equal
from clients.conformance.scenarios.answers import EXECUTION, UNAVAILABLE, error, plays, refusing, value, well
from clients.conformance.scenarios.calls import executed_after
from clients.conformance.scenarios.connections import THREE, three
from clients.conformance.scenarios.watches import FIRST, REST, WATCH, cut, resumed, stream

AT_ONCE_SECONDS: Final = 10.0
"""Within so much less than its deadline a call ends that no waiting mends, also on a busy machine."""
DEADLINE_SECONDS: Final = 25.0
TOKENS: Final = ("first-token", "second-token", "third-token")


def _ended_at_once(*words: str) -> Judge:
    """That the call was not sent, ended long before its deadline, and says why in one of these words."""

    def judge(outcome: Outcome, seen: Seen) -> None:
        told = error(outcome)
        equal("the code", told["code"], "UNAVAILABLE")
        message = told["message"].lower()
        check(
            any(word in message for word in words), f"the message does not say {' or '.join(words)}: {told['message']}"
        )
        equal("calls, each with the token", len(seen.calls), 0)
        check(
            seen.took_seconds < AT_ONCE_SECONDS,
            f"it took {seen.took_seconds:.1f} s, though no waiting mends it, with a deadline of {DEADLINE_SECONDS:g} s",
        )

    return judge


def _renewed(outcome: Outcome, seen: Seen) -> None:
    equal("results", len(value(outcome)["results"]), 3)
    equal("calls", len(seen.calls), 3)


SCENARIOS: Final = (
    Scenario(
        "tls",
        "with a CA's file the client uses TLS",
        "sequence",
        plays(well),
        three(1),
        THREE,
        timeout_seconds=20.0,
        tls=Certificate.TRUSTED,
        trusts=True,
    ),
    Scenario(
        "tls-of-another-authority",
        "a certificate of another authority ends a call at once, which is not sent, and the error says so",
        "execute",
        plays(well),
        _ended_at_once("certificate"),
        EXECUTION,
        timeout_seconds=DEADLINE_SECONDS,
        tls=Certificate.OF_ANOTHER_AUTHORITY,
        trusts=True,
    ),
    Scenario(
        "tls-of-another-name",
        "so does a certificate of another name",
        "execute",
        plays(well),
        _ended_at_once("certificate"),
        EXECUTION,
        timeout_seconds=DEADLINE_SECONDS,
        tls=Certificate.OF_ANOTHER_NAME,
        trusts=True,
    ),
    Scenario(
        "tls-not-asked-for",
        "so does a server with TLS for a client without",
        "execute",
        plays(well),
        _ended_at_once("tls"),
        EXECUTION,
        timeout_seconds=DEADLINE_SECONDS,
        tls=Certificate.TRUSTED,
    ),
    Scenario(
        "tls-not-served",
        "and a server without TLS for a client with it",
        "execute",
        plays(well),
        _ended_at_once("tls"),
        EXECUTION,
        timeout_seconds=DEADLINE_SECONDS,
        trusts=True,
    ),
    Scenario(
        "token-renewed",
        "a source of tokens is asked for each call",
        "sequence",
        plays(well),
        _renewed,
        THREE,
        timeout_seconds=20.0,
        tokens=TOKENS,
    ),
    Scenario(
        "token-renewed-between-attempts",
        "and for each attempt",
        "execute",
        plays(refusing(UNAVAILABLE), refusing(UNAVAILABLE), well),
        executed_after(3),
        EXECUTION,
        timeout_seconds=20.0,
        tokens=TOKENS,
    ),
    Scenario(
        "watch-token-renewed",
        "a watch that is lost goes on with the token of then",
        "watch",
        plays(stream(*FIRST, then=cut), REST),
        resumed("t2"),
        WATCH,
        timeout_seconds=20.0,
        tokens=TOKENS[:2],
    ),
)
