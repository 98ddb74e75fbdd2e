"""What a scenario is: what the program is told, how the server behaves, and what must come out."""

from __future__ import annotations

import enum
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from clients.conformance.http2 import Call, ScriptedServer

TOKEN: Final = "conformance-token"  # noqa: S105 - of a server that is none
DEFAULT_TIMEOUT_SECONDS: Final = 30.0
SLACK_SECONDS: Final = 3.0
"""How much longer than expected something may take on a busy machine."""
DEADLINE_GRAIN_SECONDS: Final = 1.0
"""How far gRPC rounds a deadline up."""
PRINTABLE: Final = frozenset(string.digits + string.ascii_letters + string.punctuation + " ")
Outcome = dict[str, Any]


class Certificate(enum.Enum):
    """What a server shows."""

    TRUSTED = enum.auto()
    OF_ANOTHER_AUTHORITY = enum.auto()
    OF_ANOTHER_NAME = enum.auto()


class Nobody(enum.Enum):
    """An address where no server is."""

    AWAY = enum.auto()
    """Connections are refused."""
    MUTE = enum.auto()
    """Connections are taken, and nothing is said, as by a process that is stopped."""


class Wrong(AssertionError):
    """What a client did wrong, in a sentence."""


@dataclass
class Seen:
    """What the server saw of a scenario.

    Attributes:
        calls: in order.
        connections: how many were made.
        took_seconds: from the first call, or else the program's order, to its answer.
    """

    calls: list[Call]
    connections: int
    took_seconds: float

    def requests(self) -> list[Any]:
        """The calls' messages."""
        return [call.request for call in self.calls]

    def pauses_seconds(self) -> list[float]:
        """How long after each answer the next call came, in order."""
        return [
            after.at_seconds - (before.answered_seconds or before.at_seconds)
            for before, after in zip(self.calls, self.calls[1:], strict=False)
        ]


Script = Callable[[Call, ScriptedServer], None]
Judge = Callable[[Outcome, Seen], None]


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes:
        name: by which it is chosen.
        title: what it proves, in a sentence.
        do: what the program does.
        arguments: with what.
        script: answers a call.
        judge: raises Wrong, besides what holds for every scenario.
        timeout_seconds: of the client's calls; None for its own default.
        listens_after_seconds: how long connections are refused.
        tls: the certificate that the server shows; None for plain text.
        trusts: whether the program is given the file of the authority, with which it uses TLS.
        before: addresses that stand before the server's: of nobody.
        tokens: what the program's source of tokens gives, each until a call with it has come; empty for a fixed token.
    """

    name: str
    title: str
    do: str
    script: Script
    judge: Judge
    arguments: dict[str, Any] = field(default_factory=dict)
    timeout_seconds: float | None = 5.0
    listens_after_seconds: float = 0.0
    tls: Certificate | None = None
    trusts: bool = False
    before: tuple[Nobody, ...] = ()
    tokens: tuple[str, ...] = ()

    def order(self, address: str) -> dict[str, Any]:
        """The line that the program reads, but for the files that it is given."""
        order: dict[str, Any] = {
            "scenario": self.name,
            "address": address,
            "token": TOKEN,
            "do": self.do,
            "arguments": self.arguments,
        }
        if self.timeout_seconds is not None:
            order["timeout_seconds"] = self.timeout_seconds
        return order


def check(is_so: bool, text: str) -> None:
    """Raises Wrong with the text unless it is so."""
    if not is_so:
        raise Wrong(text)


def equal(what: str, told: object, expected: object) -> None:
    """Raises Wrong unless both are equal."""
    check(told == expected, f"{what}: {told!r}, and must be {expected!r}")


def check_every_call(scenario: Scenario, seen: Seen) -> None:
    """What holds for every call of every scenario: credentials, deadlines, request ids."""
    limit = scenario.timeout_seconds or DEFAULT_TIMEOUT_SECONDS
    for call in seen.calls:
        token = scenario.tokens[min(call.number, len(scenario.tokens) - 1)] if scenario.tokens else TOKEN
        equal(f"{call.method}: authorization", call.metadata.get("authorization"), f"Bearer {token}")
        check(call.request is not None, f"{call.path}: its message cannot be read, or the method is not known")
        if call.method.startswith("Watch"):
            check(call.timeout_seconds is None, f"{call.method}: a watch has no deadline")
        else:
            check(call.timeout_seconds is not None, f"{call.method}: it has no deadline")
            assert call.timeout_seconds is not None
            check(
                call.timeout_seconds <= limit + DEADLINE_GRAIN_SECONDS,
                f"{call.method}: a deadline of {call.timeout_seconds:g} s, and must be {limit:g} s at most",
            )
            if call.number == 0 and not scenario.listens_after_seconds and not scenario.before:
                check(
                    call.timeout_seconds > limit - SLACK_SECONDS,
                    f"{call.method}: a deadline of {call.timeout_seconds:g} s, and must be {limit:g} s",
                )
        for request_id in request_ids(call.request):
            check(
                1 <= len(request_id) <= 128 and set(request_id) <= PRINTABLE,
                f"{call.method}: the request id {request_id!r}",
            )
    if scenario.do not in {"sequence", "coalesced"}:  # there, equal requests may be different calls
        check_deadlines_go_on(seen, limit)


def check_deadlines_go_on(seen: Seen, timeout_seconds: float) -> None:
    """That attempts of one call share its deadline: each has what the ones before have left of it."""
    first_of: dict[tuple[str, bytes], Call] = {}
    last_of: dict[tuple[str, bytes], Call] = {}
    for call in seen.calls:
        what = (call.path, call.request.SerializeToString())
        first, last = first_of.setdefault(what, call), last_of.get(what)
        last_of[what] = call
        if last is None or last.answered_seconds is None or call.timeout_seconds is None:
            continue
        left = timeout_seconds - (last.answered_seconds - first.at_seconds)
        check(
            call.timeout_seconds <= left + DEADLINE_GRAIN_SECONDS,
            f"{call.method}: a deadline of {call.timeout_seconds:g} s where {left:g} s are left",
        )


def request_ids(request: Any) -> list[str]:
    """The request ids of a request and its parts; empty for a message that has none."""
    names = request.DESCRIPTOR.fields_by_name
    if "requests" in names:
        return [one.request_id for one in request.requests]
    return [request.request_id] if "request_id" in names else []


def check_same(calls: Sequence[Call]) -> None:
    """That all attempts of a call are the same, their request id included."""
    for call in calls[1:]:
        check(
            call.path == calls[0].path and call.request == calls[0].request,
            f"attempt {call.number + 1} differs from the first one:\n{call.request}\nand\n{calls[0].request}",
        )


def attempts(seen: Seen, expected: int) -> None:
    """That so many attempts of one call came."""
    equal("attempts", len(seen.calls), expected)
    check_same(seen.calls)
