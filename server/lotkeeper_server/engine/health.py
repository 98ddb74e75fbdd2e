"""Whether the store can be used: asked again and again, and told when it changes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from lotkeeper_server.event_log import get_logger

CHECK_EVERY_SECONDS: Final = 0.4
CHECK_SECONDS_MAX: Final = 3.0
"""A check without an answer for so long counts as failed."""
_THREADS: Final = 4
"""So many checks may hang before the next one waits for one of them to end."""
_log = get_logger()


class Checked(Protocol):
    """What can say whether it serves."""

    def fault(self) -> str | None:
        """Why it cannot serve now, None where it can; may block, and is called in a thread of its own."""

    def write_fault(self) -> str | None:
        """The same, found out by a write: for a store that has failed, so that it is not usable by turns."""


class StoreHealth:
    """Asks one store, and tells one listener. Made and used on one event loop."""

    def __init__(self, store: Checked, tell: Callable[[bool], None]) -> None:
        """Asks nothing yet.

        Args:
            store: which is asked.
            tell: called on the loop with whether the store can be used, the first time and whenever that changes.
        """
        self._store = store
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lotkeeper-store-health")
        self._usable: bool | None = None
        self._is_explained = False
        self._has_check_failed = False
        self._failures = 0

    def report(self, usable: bool) -> None:
        """What somebody who uses the store has met; from any thread.

        It counts at once, whatever a check that began before will say.
        """
        self._loop.call_soon_threadsafe(self._note_report, usable)

    def _note_report(self, usable: bool) -> None:
        if usable:
            if not self._has_check_failed:  # else a call may have found the last bit of room: the next check says
                self._note(None)
        else:
            self._failures += 1
            self._note("a call could not use it", is_why=False)

    async def begin(self) -> None:
        """Asks and tells once; after that a server may say that it serves."""
        self._note(await self._check())

    async def follow(self) -> None:
        """Asks and tells until it is cancelled."""
        while True:
            failures = self._failures
            await asyncio.sleep(CHECK_EVERY_SECONDS)
            fault = await self._check()
            self._has_check_failed = fault is not None
            # A failure met meanwhile is newer than what the check saw: only a quiet while and a good check count.
            if fault is not None or failures == self._failures:
                self._note(fault)

    def close(self) -> None:
        """Gives its threads back; does not wait for a check that hangs."""
        self._threads.shutdown(wait=False)

    async def _check(self) -> str | None:
        look = self._store.fault if self._usable else self._store.write_fault
        asked = self._loop.run_in_executor(self._threads, look)
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                return await asked
        except TimeoutError:
            return f"no answer for {CHECK_SECONDS_MAX:g} s"
        except Exception as error:  # a check that fails in a way of its own is no reason to stop asking
            _log.exception("store_check_failed")
            return str(error)

    def _note(self, fault: str | None, *, is_why: bool = True) -> None:
        """Notes how it stands; says it in the log when that changes, and once more when it is known why."""
        usable = fault is None
        if not usable and is_why and self._usable is False and not self._is_explained:
            _log.warning("store_not_usable", fault=fault)
            self._is_explained = True
        if usable is self._usable:
            return
        if fault is not None:
            _log.warning("store_not_usable", fault=fault)
            self._is_explained = is_why
        elif self._usable is not None:
            _log.info("store_usable")
        self._usable = usable
        self._tell(usable)
