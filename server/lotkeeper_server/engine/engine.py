"""Group commit: concurrent calls become one transaction; each is answered when that is durable.

Who runs the pipeline is one line (`Engine.__init__`): the thread that polls gRPC's queue, where the store is embedded,
or a thread of its own, where a database server has to be waited for; both by turns, where calls come by HTTP, too.
Works and reads have threads of their own.
"""

import asyncio
import threading
import time
from asyncio import wrap_future
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy import Connection

from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.refusals import Limit, Overloaded, Refused, ShuttingDown, StoreUnavailable
from lotkeeper_server.engine.arrivals import A_MOMENT, Arrivals, Gathering
from lotkeeper_server.engine.awaited_work import AwaitedWork
from lotkeeper_server.engine.calls import Caller, PendingCommand
from lotkeeper_server.engine.checkpoints import Checkpoints
from lotkeeper_server.engine.clock import Clock, IdSource, SystemClock
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.feed_numbering import FeedNumbering
from lotkeeper_server.engine.load import EngineLoad
from lotkeeper_server.engine.loop import STORE_SECONDS, Loop
from lotkeeper_server.engine.readers import CALLER, PRINCIPAL, SERVER, Limited, Readers, as_seen_by, note_read, seen_by
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.store_failures import unavailable
from lotkeeper_server.engine.surroundings import Confirm, Ended, Surroundings, end_each
from lotkeeper_server.engine.turns import WriteTurns
from lotkeeper_server.engine.works import Works
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.feed.record_feed import record_feed_of
from lotkeeper_server.store.state.decision_store import StoreOfDecisions

Value = TypeVar("Value")
READERS: Final = 4
"""Threads that answer reads, each on a snapshot of its own."""
LONG_READERS: Final = 3
"""Threads for reads that take seconds, which must not keep the others waiting."""
NO_WAIT: Final = -1.0
"""For `when_quiet`: look for events, and come back at once."""
TURN_SECONDS: Final = 0.002
"""Until it is looked again whether a work has ended that has the store to itself."""
HANDED_BACK_MIN: Final = 8
"""Fewer commands are answered by the thread that has decided them: to wake the other one costs some 50 µs."""
_REFUSE_EVERY_SECONDS: Final = 0.25
_IDLE_LOOK_SECONDS: Final = 0.01
_DEFAULTS: Final = EngineSettings()
_SYSTEM_CLOCK: Final = SystemClock()
_log = get_logger()

__all__ = ["Engine", "EngineLoad", "EngineSettings"]


class Engine:
    """Runs commands, works and reads against one store. Made and closed on one event loop.

    Attributes:
        record_feed: how the store's completed records are walked through.
        feed_numbering: brings into the feed what was committed, where that takes a step of its own.
        new_id: gives new ids; the one source of its process.
        clock: the time that decisions and answers go by.
        feed_grown: set whenever the feed may have grown by what was done here; whoever follows it clears it.
        on_refusing: told, on the event loop, what those are refused with who wait while the store cannot be used.
        on_store_state: told, on the event loop, whenever the store could not be used, and when it is usable again.
    """

    def __init__(
        self,
        store: Store,
        confirm: Confirm,
        settings: EngineSettings = _DEFAULTS,
        *,
        clock: Clock = _SYSTEM_CLOCK,
        can_be_polled: bool = False,
        is_brought_more: bool = False,
        metrics: ServerMetrics | None = None,
    ) -> None:
        """Begins its threads.

        Args:
            store: to read and write.
            confirm: looks again whether a caller may.
            settings: what a plant may set.
            clock: the time that decisions and answers go by.
            can_be_polled: whether a thread calls `when_quiet` whenever it has nothing else to do.
            is_brought_more: whether others bring calls, too, who call `hand_over`.
            metrics: what it counts in; None where nobody wants to know.
        """
        metrics = metrics or ServerMetrics()
        self._reads_seconds = metrics.reads
        self._store = store
        self._confirm = confirm
        self._settings = settings
        self._event_loop = asyncio.get_running_loop()
        self._closing = False
        self.record_feed = record_feed_of(store)
        self.feed_grown = asyncio.Event()
        self.feed_numbering = FeedNumbering(store, self.feed_grown.set, metrics)
        self.on_store_state: Callable[[bool], None] = _ignore
        self.on_refusing: Callable[[Refused], None] = _ignore
        self._store_is_usable = True
        self._refusing: asyncio.TimerHandle | None = None
        self._readers = Readers(READERS, "lotkeeper-reader")
        self._long_readers = Readers(LONG_READERS, "lotkeeper-long-reader")
        self._access_reader = ThreadPoolExecutor(1, thread_name_prefix="lotkeeper-access-reader")
        self._arrivals = Arrivals(settings.queue_commands_max, settings.queue_bytes_max)
        self._gathering = Gathering()
        self._turns = WriteTurns(exclusive=not store.capabilities.has_many_writers)
        new_id = IdSource()
        self.new_id, self.clock = new_id, clock
        is_polled = can_be_polled and not store.capabilities.can_go_away
        end_commands = self._end_commands if is_polled else self._hand_back
        of_loop = Surroundings(clock, new_id, confirm, end_commands, self._note_store_state, metrics.pipeline)
        of_works = Surroundings(clock, new_id, confirm, self._end_calls, self._note_store_state, metrics.pipeline)
        self._checkpoints = None if store.capabilities.can_go_away else Checkpoints(store, self._turns)
        self._loop = Loop(StoreOfDecisions(store), self._arrivals, of_loop, settings)
        self._works = Works(StoreOfDecisions(store), self._turns, of_works)
        self._is_polled = is_polled
        self._thread: threading.Thread | None = None
        if is_brought_more or not self._is_polled:
            self._thread = threading.Thread(target=self._run, name="lotkeeper-engine", daemon=True)
            self._thread.start()

    @property
    def load(self) -> EngineLoad:
        """What waits now."""
        phase, phase_seconds = self._loop.phase
        return EngineLoad(
            calls_waiting=len(self._arrivals),
            calls_held=self._loop.held,
            held_seconds=self._loop.held_seconds,
            held_for=self._loop.held_for,
            phase=phase,
            phase_seconds=phase_seconds,
            works_waiting=self._works.waiting,
            reads_waiting=self._readers.waiting + self._long_readers.waiting,
            definitions_cached=self._loop.definitions_cached,
        )

    @property
    def locations_written(self) -> Mapping[LocationId, int]:
        """How often the stock of each location was changed here, by its id."""
        return self._loop.locations_written.totals

    @property
    def waits_for_lots(self) -> Mapping[str, int]:
        """How often calls were put back here for what others hold, by the name or id of the lot."""
        return self._loop.waits_for_lots.totals

    def got_through(self, lot: str, seconds: float) -> bool:
        """Whether a call that had waited for a lot got through within the last seconds."""
        return self.clock.now_seconds() - self._loop.waits_for_lots.through_at_seconds(lot) < seconds

    @property
    def is_full(self) -> bool:
        """Whether a further command of some principals would be refused with OVERLOADED."""
        return self._arrivals.is_full

    def refused(self, whose: str) -> Overloaded | None:
        """Why a further command of a principal is refused now; None where it is not."""
        if not self._arrivals.refuses(whose):
            return None
        return Overloaded.for_seconds(self._arrivals.room_seconds(whose))

    def submit(self, call: PendingCommand) -> None:
        """Has a command decided and made durable; `call.end` is then told. From any thread.

        Raises:
            Refused: SHUTTING_DOWN or OVERLOADED, at once.
        """
        if self._closing:
            raise Refused(ShuttingDown())
        if self._arrivals.refuses(call.caller.principal):
            raise Refused(Overloaded.for_seconds(self._arrivals.room_seconds(call.caller.principal)))
        self._arrivals.add(call)

    def hand_over(self) -> None:
        """Has what was submitted decided soon: for those who bring calls and do not poll.

        Where another thread polls, both take turns: no batch begins while one is under way.
        """
        self._arrivals.hand_over()

    def when_quiet(self) -> float | None:
        """Goes on with what has arrived; called by whoever brings calls whenever it has brought all there were.

        Returns:
            Seconds after which it wants to be called again at the latest: negative for at once, 0.0 for the shortest
            wait there is; None where only a further call makes that worth while.
        """
        if self._gathering.pays(len(self._arrivals)):
            return A_MOMENT
        if not self._is_polled:
            self._arrivals.hand_over()
            return None
        return self._turn()

    def _turn(self) -> float | None:
        if self._loop.is_idle:
            return None
        if not self._turns.begin_batch():
            return TURN_SECONDS
        try:
            pause_seconds = self._loop.turn()
        except Exception:  # the border of the thread, which goes on; the loop has borders of its own for calls
            _log.exception("fault", task="engine")
            pause_seconds = 0.0
        finally:
            self._turns.end_batch()
        return NO_WAIT if pause_seconds == 0.0 else pause_seconds

    def _run(self) -> None:
        """The pipeline on a thread of its own, until everything that was taken in has ended."""
        while True:
            pause_seconds = self._turn()
            if self._closing and self._loop.is_idle:  # looked at after the turn: whoever closes wakes it once only
                break
            if self._closing:  # what another thread has just brought, that one may decide, and wakes nobody
                pause_seconds = TURN_SECONDS if pause_seconds is None else min(pause_seconds, TURN_SECONDS)
            if pause_seconds != NO_WAIT:
                self._arrivals.wait(pause_seconds)
        if not self._is_polled:  # else whoever polls may still be using it
            self._loop.close()

    async def transact(self, work: Callable[[Transaction], Value], caller: Caller) -> Value:
        """Runs work alone in a write transaction; its result is returned once that is durable.

        Args:
            work: what to do.
            caller: whose deadline counts, and who is confirmed.

        Raises:
            Refused: what the work raised, which takes everything back; SHUTTING_DOWN or OVERLOADED; where the call was
                given up, or the store cannot be reached.
        """
        if self._closing:
            raise Refused(ShuttingDown())
        if self._works.refuses(caller.principal):
            raise Refused(Overloaded(limit_hit=Limit.WORKS))

        def seen(tx: Transaction) -> Value:  # by the roles of the transaction, in which the caller was confirmed
            with seen_by(caller, tx.connection):
                return work(tx)

        awaited = AwaitedWork(self._event_loop, seen, caller)
        self._works.add(awaited)
        try:
            value: Value = await awaited.ended()
        finally:
            caller.phases = awaited.phases
        return value

    def context(self, tx: Transaction) -> Context:
        """What decisions in a work get from outside."""
        return self._settings.context(tx.now_millis, tx.new_id, tx.next_effect_order)

    def dry_context(self) -> Context:
        """What decisions get that are taken on a snapshot, and never written."""
        return self._settings.context(self.clock.now_millis(), self.new_id, lambda floor: floor + 1)

    async def read(self, work: Callable[[Connection], Value]) -> Value:
        """Runs work on a snapshot of the store, in the turn of the principal that the coroutine runs for.

        Where the caller's permission is limited to places, the snapshot shows these only.

        Raises:
            Refused: what the work raised; STORE_UNAVAILABLE where the store cannot be reached.
        """
        caller = CALLER.get()
        seen = as_seen_by(caller, work)
        return await wrap_future(self._readers.submit(PRINCIPAL.get(), lambda: self._reading(seen, caller)))

    async def read_long(self, work: Callable[[Connection], Value], caller: Caller) -> Value:
        """As `read`, for work that takes seconds, on threads for that: each principal has all but one at the most.

        Args:
            work: what to do.
            caller: who is confirmed in the same snapshot: the upload or the wait before it may have lasted long.

        Raises:
            Refused: as `read`.
        """

        def confirmed(connection: Connection) -> Value:
            self._confirm(connection, caller)
            return as_seen_by(caller, work)(connection)

        return await wrap_future(self._long_readers.submit(PRINCIPAL.get(), lambda: self._reading(confirmed, caller)))

    async def read_access(self, work: Callable[[Connection], Value]) -> Value:
        """As `read`, for looks at roles and tokens, which nobody's long reads may keep waiting.

        Raises:
            Refused: as `read`.
        """
        return await self._event_loop.run_in_executor(self._access_reader, self._reading, work)

    def read_soon(self, work: Callable[[Connection], Value], done: Callable[[Value | Refused], None]) -> None:
        """As `read`, for whoever does not wait on an event loop.

        Args:
            work: what to do.
            done: told the result, or why there is none, on a reader's thread.
        """

        def reading() -> None:
            try:
                value: Value | Refused = self._reading(work)
            except Refused as refused:
                value = refused
            except Exception:  # a border: somebody waits for the result
                value = Refused(logged_fault())
            done(value)

        self._readers.submit(SERVER, reading)

    def _reading(self, work: Callable[[Connection], Value], caller: Limited | None = None) -> Value:
        begun_seconds = time.monotonic()
        try:
            with self._store.read() as connection:
                return work(connection)
        except errors.StoreError as error:
            raise unavailable(error, "The store cannot be read.") from error
        finally:
            ended_seconds = time.monotonic()
            self._reads_seconds.observe(ended_seconds - begun_seconds)
            note_read(caller, begun_seconds, ended_seconds)

    def note_health(self, usable: bool) -> None:
        """Whether the store can be used, for whoever looks beside the calls.

        The engine's threads may hang in a store that does not answer, or be asking what became of a commit: what
        arrives meanwhile is refused with STORE_UNAVAILABLE as soon as that has lasted for `STORE_SECONDS`.
        """
        if self._refusing is not None:
            self._refusing.cancel()
            self._refusing = None
        if not usable and self._store.capabilities.can_go_away:
            self._refusing = self._event_loop.call_later(STORE_SECONDS, self._refuse_arrivals)

    def _refuse_arrivals(self) -> None:
        self._refusing = self._event_loop.call_later(_REFUSE_EVERY_SECONDS, self._refuse_arrivals)
        refused = Refused(StoreUnavailable())
        for call in self._arrivals.take_all():
            call.end(refused)
            self._arrivals.release(call)
        for work in self._works.take_all():
            work.end(refused)
        self.on_refusing(refused)

    async def close(self) -> None:
        """Finishes what was taken in, then ends; what comes after is refused with SHUTTING_DOWN."""
        self._closing = True
        self.note_health(True)
        if self._thread is not None:
            self._arrivals.wake()
            await self._event_loop.run_in_executor(None, self._thread.join)
        while not self._loop.is_idle:  # noqa: ASYNC110 - whoever polls has no word for it
            await asyncio.sleep(_IDLE_LOOK_SECONDS)
        await self._event_loop.run_in_executor(None, self._works.close)
        await self.feed_numbering.close()
        if self._checkpoints is not None:
            await self._event_loop.run_in_executor(None, self._checkpoints.close)
        self._readers.close()
        self._long_readers.close()
        self._access_reader.shutdown(wait=False)

    def give_back(self) -> None:
        """Gives back what is kept of the store: after `close`, once nobody calls `when_quiet` any more."""
        if self._is_polled:
            self._loop.close()

    def _hand_back(self, ended: Sequence[Ended]) -> None:
        """Has many calls ended by the thread that brings calls, so that this one goes on with the next batch."""
        if sum(call.size for call, _ in ended) >= HANDED_BACK_MIN:
            try:
                ended[0][0].on_bringing_thread(lambda: self._end_commands(ended))
            except Exception:  # a border: what they asked for is done, so each has to be answered all the same
                _log.exception("fault", task="hand_back")
            else:
                return
        self._end_commands(ended)

    def _end_commands(self, ended: Sequence[Ended]) -> None:
        self._end_calls(ended)
        self._gathering.note_answered(len(ended))

    def _end_calls(self, ended: Sequence[Ended]) -> None:
        end_each(ended)
        if self._checkpoints is not None:
            self._checkpoints.note_commit()
        # The event loop is woken only where somebody there follows the feed.
        if self.feed_numbering.is_followed:
            self._event_loop.call_soon_threadsafe(self.feed_numbering.note_commits)

    def _note_store_state(self, usable: bool) -> None:
        """On an engine's thread; the event loop is told of every failure, and of the first success after one."""
        if not usable or not self._store_is_usable:
            self._store_is_usable = usable
            self._event_loop.call_soon_threadsafe(self.on_store_state, usable)


def _ignore(_told: object) -> None:
    return
