"""Group commit: collect, load, decide, write, answer.

While one transaction commits, the calls that arrive meanwhile form the next: no timer, no added wait when idle. One
thread of its own, so that the event loop never waits for a disk.
"""

import asyncio
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Batch, Command
from lotkeeper_server.domain.definition_cache import DefinitionCache
from lotkeeper_server.domain.moment import Moment
from lotkeeper_server.domain.refusals import (
    Cancelled,
    Contention,
    DeadlineExceeded,
    Internal,
    Overloaded,
    Refusal,
    Refused,
    ShuttingDown,
    StoreUnavailable,
)
from lotkeeper_server.engine.deciding import Decision, Outcome, decide_all
from lotkeeper_server.engine.moment import EffectOrder, IdSource, new_uuid, now_millis
from lotkeeper_server.store import errors
from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.definition_reading import follow_changes, read_versions
from lotkeeper_server.store.state_writing import write_changes
from lotkeeper_server.store.transaction import Transaction

Result = TypeVar("Result")
QUIET_TURNS: Final = 3
"""Turns of the loop without a further call before what arrived is handed over; a turn of an idle loop takes 10 µs."""
READERS: Final = 4
"""Threads that answer reads, each on a snapshot of its own."""
LONG_READERS: Final = 2
"""Threads for reads that take seconds, which must not keep the others waiting."""
_log = structlog.get_logger(__name__)


class Caller(Protocol):
    """What the engine knows of a call."""

    @property
    def deadline_seconds(self) -> float | None:
        """`time.monotonic()` at which the caller gives up; None where it set no deadline."""

    @property
    def access_version(self) -> int:
        """The version of roles and tokens by which the caller was let in."""


Confirm = Callable[[Connection, Any], None]
"""Looks again whether a caller may, where roles or tokens have changed since it was let in; raises Refused."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a plant may set. Times in milliseconds."""

    end_date_future_millis: int = 24 * 3_600_000
    end_date_past_millis: int = 7 * limits.MILLIS_PER_DAY
    request_id_kept_millis: int = 30 * limits.MILLIS_PER_DAY
    queue_calls_max: int = limits.ENGINE_QUEUE_CALLS_MAX


@dataclass(slots=True, eq=False)
class _Waiting:
    """A call that waits for its answer. `cancelled` is set by the loop, read by the engine's thread."""

    caller: Caller
    future: "asyncio.Future[Any]"
    cancelled: bool = False
    result: Any = None
    refused: Refused | None = None

    def given_up(self, now_seconds: float) -> Refusal | None:
        """Why nobody waits for it any more, if so."""
        if self.cancelled:
            return Cancelled()
        deadline = self.caller.deadline_seconds
        return DeadlineExceeded() if deadline is not None and deadline <= now_seconds else None


@dataclass(slots=True, eq=False)
class _Decision(_Waiting):
    """A command or batch to decide, together with others."""

    decision: Decision = field(kw_only=True)


@dataclass(slots=True, eq=False)
class _Work(_Waiting):
    """A piece of work that has a transaction to itself."""

    work: Callable[[Transaction], Any] = field(kw_only=True)


class Engine:
    """Runs commands against one store. Made and used on one event loop; `close` ends it.

    Attributes:
        committed: set whenever write transactions have ended; whoever follows what they wrote clears it.
    """

    def __init__(self, store: Store, confirm: Confirm, settings: EngineSettings = EngineSettings()) -> None:
        self._store = store
        self._confirm = confirm
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[list[_Waiting | None]] = queue.SimpleQueue()
        self._arrived: list[_Waiting | None] = []
        self._waiting_count = 0
        self._closing = False
        self.committed = asyncio.Event()
        self._definitions = DefinitionCache()
        self._new_id = IdSource()
        self._next_effect_order = EffectOrder()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="lotkeeper-reader")
        self._long_readers = ThreadPoolExecutor(LONG_READERS, thread_name_prefix="lotkeeper-long-reader")
        self._thread = threading.Thread(target=self._run, name="lotkeeper-engine", daemon=True)
        self._thread.start()

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
            _Decision(caller, self._loop.create_future(), decision=Decision(command))
        )
        return outcome

    async def transact(self, work: Callable[[Transaction], Result], caller: Caller) -> Result:
        """Runs work alone in a write transaction; its result is returned once that is durable.

        Raises:
            Refused: what the work raised, which takes everything back; or as `submit`.
        """
        result: Result = await self._wait(_Work(caller, self._loop.create_future(), work=work))
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

    async def close(self) -> None:
        """Finishes what was taken in, then ends; what comes after is refused with SHUTTING_DOWN."""
        self._closing = True
        self._queue.put(self._arrived)
        self._arrived = []
        self._queue.put([None])
        await self._loop.run_in_executor(None, self._thread.join)
        self._readers.shutdown(wait=False)
        self._long_readers.shutdown(wait=False)

    async def _wait(self, waiting: _Waiting) -> Any:
        if self._closing:
            raise Refused(ShuttingDown())
        if self._waiting_count >= self._settings.queue_calls_max:
            raise Refused(Overloaded())
        self._waiting_count += 1
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
        self._queue.put(self._arrived)
        self._arrived = []

    # From here on: the engine's own thread.

    def _run(self) -> None:
        waiting: deque[_Waiting | None] = deque()
        while True:
            while not waiting:
                waiting.extend(self._queue.get())
            decisions = self._collect(waiting)
            if decisions:
                self._process(decisions)
            elif (alone := waiting.popleft()) is None:
                return
            else:
                assert isinstance(alone, _Work)
                self._process_alone(alone)

    def _collect(self, waiting: "deque[_Waiting | None]") -> list[_Decision]:
        """The decisions that wait before the next piece of work, and what keeps arriving meanwhile, up to a limit."""
        decisions: list[_Decision] = []
        size = 0
        while size < limits.ENGINE_BATCH_CALLS_MAX:
            if not waiting and not self._more(waiting):
                break
            if not isinstance(first := waiting[0], _Decision):
                break
            waiting.popleft()
            decisions.append(first)
            size += first.decision.size
        return decisions

    def _more(self, waiting: "deque[_Waiting | None]") -> bool:
        """Whether more has arrived."""
        with suppress(queue.Empty):
            waiting.extend(self._queue.get_nowait())
            return True
        return False

    def _process(self, decisions: list[_Decision]) -> None:
        """One transaction for all; where the store keeps refusing it, one for each half."""
        attempts = 0
        while live := _without_given_up(decisions):
            try:
                if self._transaction(live):
                    break
            except (errors.StoreContention, errors.AlreadyThere, errors.ReferenceBroken) as error:
                attempts += 1
                _log.info("transaction_refused", error=str(error), attempts=attempts, calls=len(live))
                if attempts == limits.ENGINE_ATTEMPTS_MAX:
                    self._split(live)
                    break
            except errors.StoreError as error:
                _log.warning("store_unavailable", error=str(error), calls=len(live))
                _refuse(live, StoreUnavailable())
                break
            except Exception:  # the border of the engine's thread: it must outlive any bug
                _refuse(live, _fault(len(live)))
                break
        self._answer(decisions)

    def _split(self, decisions: list[_Decision]) -> None:
        if len(decisions) == 1:
            _refuse(decisions, Contention())
            return
        half = len(decisions) // 2
        self._process(decisions[:half])
        self._process(decisions[half:])

    def _transaction(self, decisions: Sequence[_Decision]) -> bool:
        """Loads, decides, writes and commits; False where a call was given up meanwhile, so that nothing was done."""
        with self._store.write() as connection:
            versions = read_versions(connection)
            self._next_effect_order.follow(versions.effect_order)
            allowed = [decision for decision in decisions if self._still_may(connection, decision, versions.access)]
            follow_changes(connection, self._definitions, versions.definitions)
            state = decide_all(connection, self._definitions, [one.decision for one in allowed], self._moment())
            write_changes(connection, state.changes())
            now_seconds = time.monotonic()
            if any(decision.given_up(now_seconds) for decision in allowed):
                connection.rollback()
                return False
            # Leaving the block commits: until it has, unknown; then, durable.
        for decision in allowed:
            decision.result, decision.refused = decision.decision.outcome, decision.decision.refused
        return True

    def _still_may(self, connection: Connection, waiting: _Waiting, access_version: int) -> bool:
        if waiting.caller.access_version != access_version:
            try:
                self._confirm(connection, waiting.caller)
            except Refused as refused:
                waiting.refused = refused
                return False
        return True

    def _process_alone(self, work: _Work) -> None:
        if not _without_given_up([work]):
            self._answer([work])
            return
        try:
            with self._store.write() as connection:
                versions = read_versions(connection)
                self._next_effect_order.follow(versions.effect_order)
                if self._still_may(connection, work, versions.access):
                    moment = self._moment()
                    transaction = Transaction(connection, moment.now_millis, moment.new_id, moment.next_effect_order)
                    work.result = work.work(transaction)
                    if refusal := work.given_up(time.monotonic()):
                        raise Refused(refusal)
        except Refused as refused:
            work.refused = refused
        except (errors.StoreContention, errors.AlreadyThere, errors.ReferenceBroken) as error:
            _log.info("transaction_refused", error=str(error))
            _refuse([work], Contention())
        except errors.StoreError as error:
            _log.warning("store_unavailable", error=str(error))
            _refuse([work], StoreUnavailable())
        except Exception:  # the border of the engine's thread: it must outlive any bug
            _refuse([work], _fault(1))
        self._answer([work])

    def _moment(self) -> Moment:
        return Moment(
            now_millis=now_millis(),
            new_id=self._new_id,
            new_uuid=new_uuid,
            next_effect_order=self._next_effect_order,
            end_date_future_millis=self._settings.end_date_future_millis,
            end_date_past_millis=self._settings.end_date_past_millis,
            request_id_kept_millis=self._settings.request_id_kept_millis,
        )

    def _answer(self, answered: Sequence[_Waiting]) -> None:
        """Wakes the loop once for all."""
        self._loop.call_soon_threadsafe(self._deliver, answered)

    def _deliver(self, answered: Sequence[_Waiting]) -> None:
        """On the loop again."""
        for one in answered:
            if one.future.done():
                continue
            if one.refused is not None:
                one.future.set_exception(one.refused)
            else:
                one.future.set_result(one.result)
        self.committed.set()


def _without_given_up(waiting: Sequence[_Decision] | Sequence[_Work]) -> list[Any]:
    """Those that somebody still waits for; the others are refused."""
    now_seconds = time.monotonic()
    live = []
    for one in waiting:
        if one.refused is not None:
            continue
        if refusal := one.given_up(now_seconds):
            one.refused = Refused(refusal)
        else:
            live.append(one)
    return live


def _refuse(waiting: Sequence[_Waiting], refusal: Refusal) -> None:
    for one in waiting:
        one.refused = Refused(refusal)


def _fault(calls: int) -> Internal:
    error_id = uuid.uuid4().hex
    _log.exception("fault", error_id=error_id, calls=calls)
    return Internal(error_id=error_id)
