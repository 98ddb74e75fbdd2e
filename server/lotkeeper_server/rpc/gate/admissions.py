"""Looks again, while calls last, whether those who call may still: what was revoked ends also what is under way.

One look for all, once a second while there are any; idle, nothing runs. A look that fails for as long as a heartbeat of
a watch ends the calls, too: nobody knows then whether they may.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper_server.access.directory import AccessSnapshot, Directory, Read
from lotkeeper_server.domain.refusals import Refused, StoreUnavailable
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.rpc.gate.call import Call

LOOK_SECONDS: Final = 1.0
"""The pause between two looks."""
UNSEEN_SECONDS_MAX: Final = 8.0
"""So long calls go on without a look that told something."""


class Admissions:
    """The callers of the calls in progress that may take longer. Made and used on one event loop."""

    def __init__(
        self,
        directory: Directory,
        read: Read,
        look_seconds: float = LOOK_SECONDS,
        unseen_seconds_max: float = UNSEEN_SECONDS_MAX,
    ) -> None:
        """Looks at nothing yet.

        Args:
            directory: says who is let in.
            read: the engine's `read_access`.
            look_seconds: the pause between two looks.
            unseen_seconds_max: after so long without a look that told something calls are ended.
        """
        self._directory = directory
        self._read = read
        self._look_seconds = look_seconds
        self._unseen_seconds_max = unseen_seconds_max
        self._event_loop = asyncio.get_running_loop()
        self._calls: set[Call] = set()
        self._seen_seconds = self._due_seconds = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def kept(self, call: Call) -> Iterator[None]:
        """Looks after a call that has an ending while the block runs."""
        if not self._calls:
            self._seen_seconds = self._event_loop.time()
        self._calls.add(call)
        if self._timer is None:
            self._look_later()
        try:
            yield
        finally:
            self._calls.discard(call)

    def _look_later(self) -> None:
        self._due_seconds = self._event_loop.time() + self._look_seconds
        self._timer = self._event_loop.call_at(self._due_seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._calls:
            return
        # A process that was frozen has not looked, but the store is not to blame: it has the rest of its time.
        self._seen_seconds += self._event_loop.time() - self._due_seconds
        self._look_later()
        if self._looking is None:
            self._looking = self._event_loop.create_task(self._ask(), name="lotkeeper-admissions")
        for call in list(self._calls):
            if call.admission.has_expired or not self._directory.vouches_for(call.admission):
                self._renew(call, self._directory.latest)
        if self._event_loop.time() - self._seen_seconds > self._unseen_seconds_max:
            for call in list(self._calls):
                call.end(Refused(StoreUnavailable()))

    async def _ask(self) -> None:
        try:
            begun_seconds = self._event_loop.time()
            said = await self._read(self._directory.refreshed)
            self._seen_seconds = begun_seconds
            for call in list(self._calls):
                if call.admission.access_version < said.access_version:
                    self._renew(call, said)
        except Refused:  # the store cannot be read; the next look asks again
            return
        except Exception:  # the border of the task: without it nobody would look again
            logged_fault(task="admissions")
        finally:
            self._looking = None

    def _renew(self, call: Call, said: AccessSnapshot) -> None:
        try:
            call.admission = self._directory.renewed(said, call.admission)
        except Refused as refused:
            call.end(refused)
