"""Group commit: concurrent calls become one transaction; each is answered when that is durable.

One thread of its own writes, so that the event loop never waits for a disk; where several transactions write at a
time, a second one does what needs a transaction to itself. A few others read.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Batch, Command
from lotkeeper_server.domain.refusals import Overloaded, Refused, ShuttingDown, StoreUnavailable
from lotkeeper_server.engine.committing import STORE_SECONDS, Committer
from lotkeeper_server.engine.deciding import Decision, Outcome
from lotkeeper_server.engine.feed_numbering import FeedNumbering
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.sources import IdSource
from lotkeeper_server.engine.transactions import Confirm
from lotkeeper_server.engine.waiting import Caller, Waiting, WaitingDecision, WaitingWork, refuse
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.feed.record_feed import record_feed_of

Result = TypeVar("Result")
QUIET_TURNS: Final = 3
"""Turns of the loop without a further call before what arrived is handed over; a turn of an idle loop takes 10 µs."""
READERS: Final = 4
"""Threads that answer reads, each on a snapshot of its own."""
LONG_READERS: Final = 2
"""Threads for reads that take seconds, which must not keep the others waiting."""
_REFUSE_EVERY_SECONDS: Final = 0.25
_DEFAULTS: Final = EngineSettings()
_log = structlog.get_logger(__name__)

__all__ = ["Caller", "Engine", "EngineSettings"]


class Engine:
    """Runs commands against one store. Made and used on one event loop; `close` ends it.

    Attributes:
        record_feed: how the store's completed records are walked through.
        feed_numbering: brings into the feed what was committed, where that takes a step of its own.
        feed_grown: set whenever the feed may have grown by what was done here; whoever follows it clears it.
        on_store_state: told, on the loop, whenever the store could not be used, and when it is usable again.
    """

    def __init__(self, store: Store, confirm: Confirm, settings: EngineSettings = _DEFAULTS) -> None:
        self._store = store
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._arrived: list[Waiting | None] = []
        self._waiting_count = 0
        self._closing = False
        self.record_feed = record_feed_of(store)
        self.feed_grown = asyncio.Event()
        self.feed_numbering = FeedNumbering(store, self.feed_grown.set)
        self.on_store_state: Callable[[bool], None] = _ignore
        self._store_is_usable = True
        self._refusing: asyncio.TimerHandle | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="lotkeeper-reader")
        self._long_readers = ThreadPoolExecutor(LONG_READERS, thread_name_prefix="lotkeeper-long-reader")
        new_id = IdSource()
        self._committer = Committer(store, confirm, settings, new_id, self._answer, self._note_store_state)
        self._works = self._committer
        if store.concurrent:  # a long piece of work, or one that waits for rows, keeps no other call waiting
            self._works = Committer(store, confirm, settings, new_id, self._answer, self._note_store_state)
        self._threads = [
            threading.Thread(target=one.run, name="lotkeeper-engine", daemon=True)
            for one in dict.fromkeys([self._committer, self._works])
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_full(self) -> bool:
        """Whether a further call would be refused with OVERLOADED."""
        return self._waiting_count >= self._settings.queue_calls_max

    async def submit(self, command: Command | Batch, caller: Caller) -> Outcome | list[Outcome]:
        """Decides a command and makes it durable.

        Args:
            command: one command, or a batch of them.
            caller: whose deadline counts.

        Returns:
            The outcome; of a batch one for each item. A refusal of one command is a value.

        Raises:
            Refused: of an all-or-nothing batch; where the call was given up, the store cannot be reached, or the
                queue is full.
        """
        outcome: Outcome | list[Outcome] = await self._wait(
            WaitingDecision(caller, self._loop.create_future(), decision=Decision(command))
        )
        return outcome

    async def transact(self, work: Callable[[Transaction], Result], caller: Caller) -> Result:
        """Runs work alone in a write transaction; its result is returned once that is durable.

        Raises:
            Refused: what the work raised, which takes everything back; or as `submit`.
        """
        result: Result = await self._wait(WaitingWork(caller, self._loop.create_future(), work=work))
        return result

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Runs work on a snapshot of the store.

        Raises:
            Refused: what the work raised; STORE_UNAVAILABLE where the store cannot be reached.
        """
        return await self._read(work, self._readers)

    async def read_long(self, work: Callable[[Connection], Result]) -> Result:
        """As `read`, for work that takes seconds: beyond two at once it waits for its turn.

        Raises:
            Refused: as `read`.
        """
        return await self._read(work, self._long_readers)

    async def _read(self, work: Callable[[Connection], Result], readers: ThreadPoolExecutor) -> Result:
        def reading() -> Result:
            with self._store.read() as connection:
                return work(connection)

        try:
            return await self._loop.run_in_executor(readers, reading)
        except errors.StoreError as error:
            _log.warning("store_unavailable", error=str(error))
            raise Refused(StoreUnavailable(text="The store cannot be read.")) from error

    def note_health(self, usable: bool) -> None:
        """Whether the store can be used, for whoever looks beside the calls.

        The engine's threads may hang in a store that does not answer, or be asking what became of a commit: what
        arrives meanwhile is refused with STORE_UNAVAILABLE as soon as that has lasted for `STORE_SECONDS`.
        """
        if self._refusing is not None:
            self._refusing.cancel()
            self._refusing = None
        if not usable and self._store.concurrent:
            self._refusing = self._loop.call_later(STORE_SECONDS, self._refuse_arrivals)

    def _refuse_arrivals(self) -> None:
        for committer in (self._committer, self._works):
            taken: list[Waiting | None] = []
            with suppress(queue.Empty):
                while True:
                    taken += committer.arrivals.get_nowait()
            arrived = [one for one in taken if one is not None]
            if len(arrived) < len(taken):
                committer.arrivals.put([None])
            refuse(arrived, StoreUnavailable())
            self._deliver(arrived)
        self._refusing = self._loop.call_later(_REFUSE_EVERY_SECONDS, self._refuse_arrivals)

    async def close(self) -> None:
        """Finishes what was taken in, then ends; what comes after is refused with SHUTTING_DOWN."""
        self._closing = True
        self.note_health(True)
        self._committer.arrivals.put(self._arrived)
        self._arrived = []
        for committer in dict.fromkeys([self._committer, self._works]):
            committer.arrivals.put([None])
        for thread in self._threads:
            await self._loop.run_in_executor(None, thread.join)
        await self.feed_numbering.close()
        self._readers.shutdown(wait=False)
        self._long_readers.shutdown(wait=False)

    async def _wait(self, waiting: Waiting) -> Any:
        if self._closing:
            raise Refused(ShuttingDown())
        if self.is_full:
            raise Refused(Overloaded())
        self._waiting_count += 1
        if isinstance(waiting, WaitingWork):
            self._works.arrivals.put([waiting])
        else:
            if not self._arrived:
                self._loop.call_soon(self._hand_over, 0, 0)
            self._arrived.append(waiting)
        try:
            # Until the future is set: commit not begun, or unknown. Once it is set: durable, or refused and undone.
            return await waiting.future
        except asyncio.CancelledError:
            waiting.cancelled = True
            raise
        finally:
            self._waiting_count -= 1

    def _hand_over(self, seen: int, quiet_turns: int) -> None:
        """Gives the engine's thread what arrived, and wakes it once: when a few turns of the loop have brought no more.

        To wake it for each call would hand the interpreter's lock to and fro for each, some 50 µs a call.
        """
        count = len(self._arrived)
        quiet_turns = quiet_turns + 1 if seen == count else 0
        if quiet_turns < QUIET_TURNS and count < limits.ENGINE_BATCH_CALLS_MAX:
            self._loop.call_soon(self._hand_over, count, quiet_turns)
            return
        self._committer.arrivals.put(self._arrived)
        self._arrived = []

    def _answer(self, answered: Sequence[Waiting]) -> None:
        """Wakes the loop once for all."""
        self._loop.call_soon_threadsafe(self._deliver, answered)

    def _deliver(self, answered: Sequence[Waiting]) -> None:
        """On the loop again."""
        for one in answered:
            if one.future.done():
                continue
            if one.refused is not None:
                one.future.set_exception(one.refused)
            else:
                one.future.set_result(one.result)
        self.feed_numbering.note_commits()

    def _note_store_state(self, usable: bool) -> None:
        """On the engine's thread; the loop is told of every failure, and of the first success after one."""
        if not usable or not self._store_is_usable:
            self._store_is_usable = usable
            self._loop.call_soon_threadsafe(self.on_store_state, usable)


def _ignore(_usable: bool) -> None:
    return
