"""Calls as the engine sees them, in a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.calls import End, PendingCommand

from tests.model.requests import Batch
from tests.model.stock_requests import Actions
from tests.simulation.commanding import command_of

ORIGIN = Origin("Simulated")


@dataclass(frozen=True)
class Caller:
    """As `engine.calls.Caller`."""

    deadline_seconds: float | None
    access_version: int
    principal: str
    has_expired: bool = False
    origin: Origin = ORIGIN


@dataclass(eq=False)
class Wish:
    """What somebody wants done: once, however often it is sent.

    Attributes:
        request: of the model, with ids in hexadecimal.
        sent: how often it was.
    """

    number: int
    principal: str
    request: Any
    sent: int = 0

    @property
    def has_request_id(self) -> bool:
        """Whether it may be sent again."""
        if isinstance(self.request, Batch):
            return all(item.request_id for item in self.request.requests)
        return bool(getattr(self.request, "request_id", ""))


class SimulatedCall(PendingCommand):
    """A wish, sent to a process."""

    __slots__ = (
        "_command",
        "arrived_seconds",
        "ended",
        "is_leaving",
        "note_decided",
        "note_end",
        "number",
        "process",
        "wish",
    )

    def __init__(
        self,
        wish: Wish,
        caller: Caller,
        process: str,
        arrived_seconds: float,
        note_decided: Callable[[SimulatedCall], None],
        note_end: Callable[[SimulatedCall, End], None],
    ) -> None:
        self._command = None
        self.note_decided: Callable[[SimulatedCall], None] | None = None
        super().__init__(caller, command_of(wish.request, wish.principal))
        self.wish = wish
        self.number = wish.sent
        self.process = process
        self.arrived_seconds = arrived_seconds
        self.note_decided = note_decided
        self.note_end = note_end
        self.ended: End | None = None
        self.is_leaving = False

    @property
    def command(self) -> Any:
        """What is to be decided; whoever asks decides it now."""
        if self.note_decided is not None:
            self.note_decided(self)
        return self._command

    @command.setter
    def command(self, value: Any) -> None:
        self._command = value

    @property
    def principal(self) -> str:
        """Who calls."""
        return self.wish.principal

    @property
    def request(self) -> Any:
        """Of the model, with ids in hexadecimal."""
        return self.wish.request

    @property
    def fingerprint(self) -> Any:
        """What its request id stands for, where it has one."""
        return getattr(self._command, "fingerprint", None)

    @property
    def is_dry(self) -> bool:
        """Whether it is to leave nothing."""
        return bool(getattr(self.request, "validate_only", False))

    @property
    def has_main(self) -> bool:
        """Whether its answer names one of its records."""
        return not isinstance(self.wish.request, Batch | Actions)

    @property
    def is_gone(self) -> bool:
        return self.is_leaving

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.ended is None:
            return "not ended"
        return self.ended.refusal.reason if isinstance(self.ended, Refused) else "answered"

    def end(self, end: End) -> None:
        self.note_end(self, end)

    def __repr__(self) -> str:
        return f"call {self.wish.number}.{self.number}"
