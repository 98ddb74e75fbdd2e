"""When what was committed is brought into the feed: by every process, soon where somebody follows the feed here.

On a thread of its own, beside the engine's. A process that finds another one at it leaves it to that.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from lotkeeper_server.domain.refusals import Refused, StoreUnavailable
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.engine.store_failures import unavailable
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.feed.numbering import drop_marks, number_pending, pending_ids

FOLLOWED_SECONDS: Final = 0.2
"""How often it is looked for what other processes have committed, while somebody follows the feed here."""
UNFOLLOWED_SECONDS: Final = 1.0
"""While nobody does."""
GATHER_SECONDS: Final = 0.05
"""From one numbering to the next, at least."""
FAILED_SECONDS: Final = 1.0
"""From one that failed to the next."""
LEASE_STALLED_SECONDS: Final = 3.0
"""How long another process may hold the lease at every look, before it is asked whether that is frozen."""
DROP_MARKS_SECONDS: Final = 60.0
CATCH_UP_SECONDS: Final = 10.0
"""How long a watch waits for what was committed before it; a stalled process keeps the lease for some three."""
_CATCH_UP_PAUSE_SECONDS: Final = 0.01
Result = TypeVar("Result")
_log = get_logger()


class FeedNumbering:
    """Made and used on one event loop; `close` ends it. There is nothing to do where one transaction writes at a time.

    Attributes:
        is_needed: whether there is anything to do.
        is_followed: whether somebody follows the feed here.
    """

    def __init__(self, store: Store, on_grown: Callable[[], None], metrics: ServerMetrics | None = None) -> None:
        """Begins at once.

        Args:
            store: whose records are numbered.
            on_grown: told, on the loop, that the feed may have grown.
            metrics: what it counts in; None where nobody wants to know.
        """
        self._metrics = metrics or ServerMetrics()
        self.is_needed = store.capabilities.numbers_after_commit
        self._store = store
        self._on_grown = on_grown
        self._loop = asyncio.get_running_loop()
        self.is_followed = False
        self._wanted = asyncio.Event()
        self._marks_dropped_seconds = time.monotonic()
        self._missed_since_seconds: float | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lotkeeper-feed-numbering")
        self._running = self._loop.create_task(self._run(), name="lotkeeper-feed-numbering") if self.is_needed else None

    def note_commits(self) -> None:
        """Write transactions have ended here."""
        if not self.is_needed:
            self._on_grown()
        elif self.is_followed:
            self._wanted.set()

    def follow(self, followed: bool) -> None:
        """Whether somebody follows the feed from now on."""
        self.is_followed = followed
        if followed:
            self._wanted.set()

    async def catch_up(self) -> None:
        """When it returns, all that was committed before the call is in the feed.

        Raises:
            Refused: STORE_UNAVAILABLE where that cannot be done.
        """
        if not self.is_needed:
            return
        until_seconds = time.monotonic() + CATCH_UP_SECONDS
        try:
            missing = await self._on_thread(self._pending_ids)
            while missing:
                with suppress(errors.StoreContention):
                    await self._on_thread(self._number)
                missing &= await self._on_thread(self._pending_ids)
                if missing:
                    if time.monotonic() > until_seconds:
                        raise Refused(StoreUnavailable(text="What was committed cannot be brought into the feed now."))
                    await asyncio.sleep(_CATCH_UP_PAUSE_SECONDS)
        except errors.StoreError as error:
            raise unavailable(error, "The feed cannot be read.") from error

    async def close(self) -> None:
        """Ends it; what is not numbered yet is left to the next process."""
        if self._running is not None:
            self._running.cancel()
        await self._loop.run_in_executor(None, self._thread.shutdown)

    async def _run(self) -> None:
        while True:
            pause_seconds = GATHER_SECONDS
            try:
                await self._on_thread(self._number)
                await self._on_thread(self._drop_marks)
            except errors.StoreContention as error:
                _log.debug("feed_numbering_refused", error=str(error))
            except errors.StoreOutgrown as error:
                _log.debug("feed_numbering_refused", error=str(error))
                pause_seconds = FAILED_SECONDS
            except errors.StoreError as error:
                self._metrics.feed_numbering_failures.add()
                _log.warning("feed_numbering_failed", error=str(error))
                pause_seconds = FAILED_SECONDS
            except Exception:  # the border of the task: watchers everywhere would wait for ever
                self._metrics.feed_numbering_failures.add()
                _log.exception("fault", task="feed_numbering")
                pause_seconds = FAILED_SECONDS
            self._on_grown()
            await asyncio.sleep(pause_seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(FOLLOWED_SECONDS if self.is_followed else UNFOLLOWED_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        return await self._loop.run_in_executor(self._thread, work)

    def _number(self) -> None:
        begun_seconds = time.monotonic()
        numbered = number_pending(self._store, now_millis())
        if numbered is not None:
            if numbered:
                self._metrics.feed_numbered.add(numbered)
                self._metrics.feed_numbering_seconds.observe(time.monotonic() - begun_seconds)
            self._missed_since_seconds = None
            return
        now_seconds = time.monotonic()
        self._missed_since_seconds = self._missed_since_seconds or now_seconds
        if now_seconds > self._missed_since_seconds + LEASE_STALLED_SECONDS:
            self._missed_since_seconds = None
            if ended := self._store.end_stalled():
                _log.warning("stalled_sessions_ended", sessions=ended)

    def _pending_ids(self) -> set[bytes]:
        with self._store.read() as connection:
            return pending_ids(connection)

    def _drop_marks(self) -> None:
        if time.monotonic() > self._marks_dropped_seconds + DROP_MARKS_SECONDS:
            self._marks_dropped_seconds = time.monotonic()
            drop_marks(self._store, now_millis())
