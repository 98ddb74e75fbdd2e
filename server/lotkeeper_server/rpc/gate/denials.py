"""Calls whose caller was not let in, or may not: written as events beside the calls, alike ones together.

The first of them is written at once, what follows a few seconds later, so a flood is some rows a second at the most.
Nobody waits for it, and no count is lost but what a killed process had not written yet.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from lotkeeper_server.access.refused_credentials import NotAdmitted
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.audit import AuditEvent, Origin
from lotkeeper_server.domain.model.enumerations import AuditResult
from lotkeeper_server.domain.refusals import Code, PermissionDenied, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.itself import Itself
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.audit.writing import write_missing_events
from lotkeeper_server.store.db.transaction import Transaction

WRITE_SECONDS: Final = 10.0
"""From one writing to the next, at least."""
RETRY_SECONDS: Final = 1.0
"""From one that failed to the next."""
CLOSE_SECONDS: Final = 1.0
ELSEWHERE: Final = " elsewhere"
"""Behind a permission that the caller has, but not for the place that was named."""
_RESULTS: Final = {
    Code.PERMISSION_DENIED: AuditResult.PERMISSION_DENIED,
    Code.UNAUTHENTICATED: AuditResult.UNAUTHENTICATED,
}
_log = get_logger()


class _Alike(NamedTuple):
    """What denials have in common that are told of together."""

    principal: str
    address: str
    method: str
    result: AuditResult
    reason: str


@dataclass(slots=True)
class _Counted:
    """How often, from when to when, in milliseconds since the epoch."""

    count: int
    first_millis: int
    latest_millis: int


class Denials:
    """The denials of one process. `note` may be called on any thread, the rest on the event loop."""

    def __init__(
        self, engine: Engine, event_loop: asyncio.AbstractEventLoop, write_seconds: float = WRITE_SECONDS
    ) -> None:
        """None yet.

        Args:
            engine: writes them.
            event_loop: where that is begun.
            write_seconds: from one writing to the next.
        """
        self._engine = engine
        self._event_loop = event_loop
        self._write_seconds = write_seconds
        self._lock = threading.Lock()
        self._waiting: dict[_Alike, _Counted] = {}
        self._taken: list[AuditEvent] = []
        self._is_due = False
        self._next_seconds = 0.0
        self._writing: asyncio.Task[None] | None = None

    def note(self, refused: Refused, origin: Origin, principal: str) -> None:
        """Counts a refusal, where it is one of credentials or permissions.

        Args:
            refused: what the call was refused with.
            origin: what was called, and from where.
            principal: who called; empty where that is not known.
        """
        result = _RESULTS.get(refused.refusal.code)
        if result is None:
            return
        alike = _Alike(_principal(refused, principal), origin.address, origin.method, result, _reason(refused))
        now_millis = self._engine.clock.now_millis()
        with self._lock:
            if alike not in self._waiting and len(self._waiting) >= limits.DENIALS_ALIKE_MAX:
                alike = _Alike("", "", "", result, "")
            counted = self._waiting.get(alike)
            if counted is None:
                self._waiting[alike] = _Counted(1, now_millis, now_millis)
            else:
                counted.count += 1
                counted.latest_millis = now_millis
            begins, self._is_due = not self._is_due, True
        if begins:
            self._event_loop.call_soon_threadsafe(self._schedule)

    async def close(self) -> None:
        """Writes what is left, where the store lets it."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=CLOSE_SECONDS)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._write_taken()
        except (TimeoutError, Refused):
            _log.warning("denials_not_written", events=len(self._taken))

    def _schedule(self) -> None:
        self._event_loop.call_at(max(self._next_seconds, self._event_loop.time()), self._begin)

    def _begin(self) -> None:
        self._next_seconds = self._event_loop.time() + self._write_seconds
        self._writing = self._event_loop.create_task(self._write(), name="lotkeeper-denials")

    async def _write(self) -> None:
        try:
            await self._write_taken()
        except Refused:  # the store cannot be written now, or the server ends
            self._event_loop.call_later(RETRY_SECONDS, self._begin)
            return
        except Exception:  # the border of the task: later ones are written all the same
            logged_fault(task="denials")
        with self._lock:
            again = self._is_due = bool(self._waiting)
        if again:
            self._schedule()

    async def _write_taken(self) -> None:
        """Writes those that were taken before, then those that wait: what may be written already is written once.

        Raises:
            Refused: where that cannot be done now; they stay taken.
        """
        while self._taken or self._waiting:
            if not self._taken:
                self._taken = self._take()
            await self._engine.transact(partial(_write_events, self._taken), Itself())
            self._taken = []

    def _take(self) -> list[AuditEvent]:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        return [_event(alike, counted, self._engine.new_id) for alike, counted in waiting.items()]


def _write_events(events: list[AuditEvent], tx: Transaction) -> None:
    write_missing_events(tx.connection, events)


def _event(alike: _Alike, counted: _Counted, new_id: Callable[[], bytes]) -> AuditEvent:
    return AuditEvent(
        counted.first_millis,
        new_id(),
        alike.principal,
        alike.address[: limits.NAME_CODE_POINTS_MAX],
        alike.method,
        item_count=0,
        result=alike.result,
        reason=alike.reason,
        attempt_count=counted.count,
        latest_millis=counted.latest_millis if counted.count > 1 else None,
    )


def _principal(refused: Refused, known: str) -> str:
    return known or (refused.principal if isinstance(refused, NotAdmitted) else "")


def _reason(refused: Refused) -> str:
    """The permission that is missing, there or at all, or why a credential is refused; nothing that a caller chose."""
    if isinstance(refused.refusal, PermissionDenied):
        return refused.refusal.permission + ("" if refused.refusal.scope is None else ELSEWHERE)
    return refused.cause.name if isinstance(refused, NotAdmitted) else ""
