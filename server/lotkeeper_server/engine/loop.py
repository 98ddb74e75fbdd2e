"""The pipeline: collect, load, decide, write, commit, answer.

While one transaction commits, the calls that arrive meanwhile form the next. Calls whose rows another process holds are
put back, and the others go on. Whoever runs it calls `turn`: the thread that polls gRPC's queue, or one of its own.
"""

from collections.abc import Sequence
from typing import Final

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import Contention, Refusal, Refused, StoreUnavailable
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.engine import batch
from lotkeeper_server.engine.arrivals import Arrivals
from lotkeeper_server.engine.auditing import events_of_commands
from lotkeeper_server.engine.calls import AGAIN, HELD, Answered, PendingCommand, Result, Waits
from lotkeeper_server.engine.clock import EffectOrder
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.held import HeldCalls
from lotkeeper_server.engine.locations_written import LocationsWritten
from lotkeeper_server.engine.overtaking import Overtaking
from lotkeeper_server.engine.patience import Patience
from lotkeeper_server.engine.retry_causes import retry_cause
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.settle import has_taken_effect
from lotkeeper_server.engine.stalled import StalledOthers
from lotkeeper_server.engine.store_failures import Away, may_pass, unavailable
from lotkeeper_server.engine.store_port import DecisionStore, DecisionTransaction
from lotkeeper_server.engine.surroundings import Surroundings
from lotkeeper_server.engine.waits_for_lots import WaitsForLots
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.pipeline import Phases
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.dialects import Locking

STORE_SECONDS: Final = 4.0
"""How long calls wait for a store that cannot be reached, within their deadlines."""
APART_PAUSE_SECONDS: Final = 0.05
"""Before a call is tried again that waited in vain for what another transaction is making."""
BUSY_PAUSE_SECONDS: Final = 0.005
"""Before calls are tried again that found another process writing to the embedded store."""
BUSY_TEXT: Final = "Another process keeps the store to itself; nothing was done."
REFUSED_BY_STORE: Final = (errors.StoreContention, errors.AlreadyThere, errors.ReferenceBroken)
_NONE_YET: Final = -1
"""The version of definitions before any was seen."""
_log = get_logger()


class Loop:
    """One pipeline on one store. Used by one thread at a time.

    Attributes:
        locations_written: where stock was changed.
        waits_for_lots: what calls were put back for.
    """

    def __init__(
        self, store: DecisionStore, arrivals: Arrivals, surroundings: Surroundings, settings: EngineSettings
    ) -> None:
        self._store = store
        self._arrivals = arrivals
        self._outside = surroundings
        self._clock = surroundings.clock
        self._metrics = surroundings.metrics
        self._settings = settings
        self._definitions = DefinitionCache()
        self._next_effect_order = EffectOrder(surroundings.clock.now_micros)
        self._held: HeldCalls[PendingCommand] = HeldCalls()
        self._overtaking = Overtaking(store.capabilities, self._definitions)
        self._stalled = StalledOthers(store, surroundings.clock)
        self._away = Away(surroundings.clock)
        self._is_deciding = False
        self._phases: Phases | None = None
        self.locations_written = LocationsWritten()
        self.waits_for_lots = WaitsForLots()

    @property
    def is_idle(self) -> bool:
        """Whether no call waits, or is being decided."""
        return not self._arrivals and not self._held and not self._is_deciding

    @property
    def held(self) -> int:
        """How many calls wait for what other transactions hold."""
        return len(self._held)

    @property
    def held_seconds(self) -> float:
        """For how long the one that is held the longest has been; 0 where none is."""
        return self._held.longest_seconds(self._clock.now_seconds())

    @property
    def held_for(self) -> str:
        """The lot that the one waits for that is held the longest; empty for none, or where that is not known."""
        longest = self._held.longest()
        return "" if longest is None else longest.held_for

    @property
    def phase(self) -> tuple[str, float]:
        """In which phase the batch at work is, and for how long it has been; nothing where there is none."""
        phases = self._phases
        return ("", 0.0) if phases is None else phases.current(self._clock.now_seconds())

    @property
    def definitions_cached(self) -> int:
        """How many definitions are in memory."""
        return len(self._definitions)

    def close(self) -> None:
        """Gives back what is kept of the store; on the thread that used it."""
        self._store.close()

    def turn(self) -> float | None:
        """Decides what waits; the seconds until the next turn is due, None where only an arrival makes one due."""
        self._is_deciding = True
        try:
            return self._turn()
        finally:
            self._is_deciding = False
            self._phases = None

    def _turn(self) -> float | None:
        if calls := self._collect():
            self._process(calls, Locking.SKIP)
        if (alone := self._held.due_apart(self._clock.now_seconds())) is not None:
            self._process_apart(alone)
        self._stalled.look(self._held.longest_seconds(self._clock.now_seconds()))
        return 0.0 if self._arrivals else self._held.pause_seconds(self._clock.now_seconds())

    def _collect(self) -> list[PendingCommand]:
        """Those held whose pause is over, then those that have arrived, up to a limit."""
        calls = self._held.due(self._clock.now_seconds(), limits.ENGINE_BATCH_CALLS_MAX // 2)
        return calls + self._arrivals.take(limits.ENGINE_BATCH_CALLS_MAX - sum(one.size for one in calls))

    def _process_apart(self, call: PendingCommand) -> None:
        self._process([call], Locking.SKIP_AT_ONCE)
        if call not in self._held:
            self._held.rejoin()

    def _process(self, calls: list[PendingCommand], locking: Locking) -> None:
        """One transaction for all, again where nothing was done; where the store keeps refusing it, one a half."""
        attempts = 0
        patience = Patience(self._clock, STORE_SECONDS)
        while calls := self._without_given_up(calls):
            try:
                results = self._transact(calls, locking)
            except errors.StoreBusy:
                self._metrics.retried("store_busy")
                self._put_back(calls, StoreUnavailable(text=BUSY_TEXT), BUSY_PAUSE_SECONDS)
                return
            except REFUSED_BY_STORE as error:
                attempts += 1
                self._metrics.retried(retry_cause(error))
                _log.info("transaction_refused", error=str(error), attempts=attempts, calls=len(calls))
                # Where nobody else can write, it would only be refused again: a name is being imported.
                is_final = attempts == limits.ENGINE_ATTEMPTS_MAX or not self._store.capabilities.has_many_writers
                if isinstance(error, errors.RowsHeld) or is_final:
                    self._split(calls)
                    return
                continue
            except errors.StoreError as error:
                self._away.note_failure()
                self._outside.on_store_state(False)
                self._metrics.retried(retry_cause(error))
                if may_pass(error, self._store.capabilities):
                    calls = self._without_hurried(calls)
                    if not calls or patience.wait():
                        continue
                results = [unavailable(error, self._away.text_for(error), calls=len(calls))] * len(calls)
            except Exception:  # the border of the thread: it must outlive any bug
                results = [Refused(logged_fault(calls=len(calls)))] * len(calls)
            calls = self._answer(calls, results)

    def _without_hurried(self, calls: Sequence[PendingCommand]) -> list[PendingCommand]:
        """Those that can wait for a store that is away; the others hear now what they would not hear in time."""
        refused = Refused(StoreUnavailable(text=self._away.text))
        return self._answer(calls, [refused if self._away.outlasts(call) else AGAIN for call in calls])

    def _split(self, calls: list[PendingCommand]) -> None:
        """Finds out which of them it is that the store refuses; it is put back, and tried again by itself."""
        if len(calls) > 1:
            half = len(calls) // 2
            self._process(calls[:half], Locking.SKIP_AT_ONCE)
            self._process(calls[half:], Locking.SKIP_AT_ONCE)
        elif self._store.capabilities.has_many_writers:
            calls[0].apart = True
            self._put_back(calls, Contention(), APART_PAUSE_SECONDS)
        else:
            self._refuse(calls, Contention())

    def _transact(self, calls: Sequence[PendingCommand], locking: Locking) -> list[Result]:
        """Load, decide, write and commit; what comes of each call.

        Raises:
            StoreError: by its subclass; nothing was written then, but for OutcomeUnknown.
        """
        transaction_id = self._outside.new_id()
        now_millis = self._clock.now_millis()
        now_seconds = self._clock.now_seconds
        self._phases = phases = Phases(now_seconds(), len(calls))
        for call in calls:
            call.phases = phases
        try:
            with self._store.write(locking) as tx:
                state = WorkingSet(self._definitions)
                prefetch = batch.Prefetch(state, [call.command for call in calls])
                version = self._definitions.version
                versions, held = tx.begin(state, prefetch.first, holds_versions=self._overtaking.lets_no_change_in)
                if version not in {_NONE_YET, self._definitions.version}:
                    self._metrics.definitions_changed()
                self._next_effect_order.follow(versions.effect_order)
                admitted = [self._still_refused(tx, call, versions.access) for call in calls]
                let_in = [call for call, refused in zip(calls, admitted, strict=True) if refused is None]
                held |= prefetch.load_rest(tx)
                phases.loaded_seconds = now_seconds()
                commands = [call.command for call in let_in]
                decided = batch.decide_all(tx, state, commands, self._context(now_millis), held)
                phases.decided_seconds = now_seconds()
                decided.changes.events = events_of_commands(
                    zip(let_in, decided.results, strict=True), now_millis, self._outside.new_id
                )
                if not self._overtaking.write(
                    tx, decided.changes, transaction_id, now_millis, versions, lambda: not self._any_given_up(calls)
                ):
                    tx.roll_back()
                    self._metrics.retried("given_up" if self._any_given_up(calls) else "versions_moved")
                    return [AGAIN] * len(calls)
                # Leaving the block commits what is not committed yet: until it has, the outcome is unknown.
        except errors.VersionsMoved:
            self._overtaking.note_moved()
            self._metrics.retried("versions_moved")
            return [AGAIN] * len(calls)
        except errors.RowsHeld:
            if not self._overtaking.lets_no_change_in:
                raise
            self._overtaking.note_end()
            self._metrics.retried("rows_held")
            return [AGAIN] * len(calls)
        except errors.OutcomeUnknown as error:
            self._outside.on_store_state(False)
            self._metrics.retried("outcome_unknown")
            if not has_taken_effect(self._store, transaction_id, error, self._clock):
                return [AGAIN] * len(calls)
        phases.committed_seconds = now_seconds()
        self.locations_written.note(decided.changes)
        self._metrics.committed([call.added_seconds for call in calls], phases)
        for index, lot in decided.held_for.items():
            let_in[index].held_for = lot
        self._overtaking.note_end()
        self._away.note_success()
        self._outside.on_store_state(True)
        results = iter(decided.results)
        return [refused or next(results) for refused in admitted]

    def _still_refused(self, tx: DecisionTransaction, call: PendingCommand, access_version: int) -> Refused | None:
        """Why the caller may not any more, where roles or tokens have changed since it was let in."""
        if call.caller.access_version != access_version:
            try:
                self._outside.confirm(tx.snapshot, call.caller)
            except Refused as refused:
                return refused
        return None

    def _context(self, now_millis: int) -> Context:
        return self._settings.context(now_millis, self._outside.new_id, self._next_effect_order)

    def _any_given_up(self, calls: Sequence[PendingCommand]) -> bool:
        now_seconds = self._clock.now_seconds()
        return any(call.given_up(now_seconds) for call in calls)

    def _without_given_up(self, calls: Sequence[PendingCommand]) -> list[PendingCommand]:
        """Those that somebody still waits for; the others are refused."""
        now_seconds = self._clock.now_seconds()
        return self._answer(calls, [call.given_up(now_seconds) or AGAIN for call in calls])

    def _answer(self, calls: Sequence[PendingCommand], results: Sequence[Result]) -> list[PendingCommand]:
        """Ends what has ended, puts back what is held; returns what is to be decided again."""
        again = [call for call, result in zip(calls, results, strict=True) if result is AGAIN]
        if len(again) == len(calls):
            return again
        held = [call for call, result in zip(calls, results, strict=True) if result is HELD]
        self._put_back(held, Contention())
        if ended := [
            (call, result) for call, result in zip(calls, results, strict=True) if not isinstance(result, Waits)
        ]:
            repeats = 0
            for call, end in ended:
                self._arrivals.release(call)
                if call.held_since_seconds and isinstance(end, Answered):
                    self.waits_for_lots.note_through(call.held_for, self._clock.now_seconds())
                if isinstance(end, Answered):
                    repeats += _repeats_of(end.value)
            if repeats:
                self._metrics.replayed(repeats)
            self._outside.on_ended(ended)
        return again

    def _put_back(self, calls: Sequence[PendingCommand], too_long: Refusal, pause_seconds: float = 0.0) -> None:
        if calls:
            self._metrics.put_back(len(calls))
            for call in calls:
                self.waits_for_lots.note_held(call.held_for)
        late = self._held.put_back(calls, self._clock.now_seconds(), pause_seconds)
        if late and isinstance(too_long, StoreUnavailable):
            self._outside.on_store_state(False)
        self._refuse(late, too_long)

    def _refuse(self, calls: Sequence[PendingCommand], refusal: Refusal) -> None:
        if calls:
            self._answer(calls, [Refused(refusal)] * len(calls))


def _repeats_of(value: object) -> int:
    """How many answers of earlier calls there are in what a call is answered with: an answer, or one for each item."""
    if isinstance(value, list):
        return sum(isinstance(one, Answer) and one.is_repeat for one in value)
    return isinstance(value, Answer) and value.is_repeat
