"""A store as one process uses it, that fails in every way that its contract allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.keys import Key
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.state.definitions import StoreVersions

from tests.property.random_plants import Dice
from tests.simulation.comparing import Apart
from tests.simulation.database import Database, Lock, Session
from tests.simulation.loading import Loading
from tests.simulation.scheduling import Process, Schedule, SimulatedClock
from tests.simulation.weather import Weather

STORE: Lock = ("store",)
VERSIONS: Lock = ("versions",)
BUSY_SECONDS = 0.1
"""How long a transaction waits for the embedded store's writer."""
IDLE_SECONDS = 3.0
"""After which `end_stalled` ends a session whose process is silent."""
STALLED_SECONDS_MAX = 4.5
"""How long a silent session may stand in the way: three seconds, and some tries to have it ended."""
HUNG_SECONDS = 2.0
"""After which a connection without an answer is given up."""
NO_CHANGE = StoreVersions(0, 0, 0)


class Site(Protocol):
    """What a store shares with the other processes."""

    @property
    def schedule(self) -> Schedule:
        """The time."""

    @property
    def database(self) -> Database:
        """The tables."""

    @property
    def dice(self) -> Dice:
        """Chance."""

    @property
    def weather(self) -> Weather:
        """What goes wrong."""

    @property
    def poisonous(self) -> set[str]:
        """Callers whose records the store refuses."""

    def tell(self, who: str, what: str) -> None:
        """A line of the trace."""

    def note_trouble(self, who: str) -> None:
        """The store failed a process."""


class SimulatedStore:
    """As `store_port.DecisionStore`.

    Attributes:
        session: the latest transaction.
    """

    def __init__(self, site: Site, capabilities: Capabilities, process: Process, clock: SimulatedClock) -> None:
        self.session: Session | None = None
        self._site = site
        self._database = site.database
        self._capabilities = capabilities
        self._process = process
        self._clock = clock

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @contextmanager
    def write(self, locking: Locking) -> Iterator[SimulatedTransaction]:
        self.note_closed()
        session = self.session = self._begin()
        self.tell(f"begins, {locking.name}")
        try:
            if not self._capabilities.has_many_writers:
                self._wait_for(session, STORE, BUSY_SECONDS, errors.StoreBusy)
            self.step(session, "begin")
            transaction = SimulatedTransaction(self, session, locking)
            yield transaction
        except BaseException as error:
            self._database.roll_back(session)
            self.tell(f"is rolled back: {error!r}")
            raise
        if not (transaction.is_rolled_back or transaction.is_committed):
            self.commit(session)

    def has_taken_effect(self, transaction_id: Id, now_millis: int) -> bool:  # noqa: ARG002 - the port's
        session = self._begin()
        try:
            self.step(session, "settle")
            self._wait_for(session, ("mark", transaction_id), BUSY_SECONDS, errors.StoreContention)
            found = transaction_id in self._database.marks
            self._database.marks.add(transaction_id)
        finally:
            self._database.roll_back(session)
        self.tell(f"finds that its commit {'took effect' if found else 'did not take effect'}")
        return found

    def end_stalled(self) -> int:
        session = self._begin()
        try:
            self.step(session, "look at stalled sessions")
            ended = self._database.end_silent(self._site.schedule.now_seconds - IDLE_SECONDS)
        finally:
            self._database.roll_back(session)
        self.tell(f"ends {ended} stalled sessions")
        return ended

    def close(self) -> None:
        """Nothing is kept."""

    def note_closed(self) -> None:
        """All has been told that comes of the latest transaction."""
        if self.session is not None:
            self.session.is_closed = True

    def tell(self, what: str) -> None:
        """A line of the trace."""
        self._site.tell(self._process.name, what)

    # Steps, and what befalls them.

    def step(self, session: Session, what: str) -> None:
        """One way to the store and back.

        Raises:
            StoreError: as the weather has it.
        """
        dice, weather = self._site.dice, self._site.weather
        self._process.pause(self._way_seconds())
        if weather.frozen and dice.seldom(weather.frozen):
            self._fall_asleep(session, what)
        if self._database.is_away or not session.is_open:
            raise self._failed(session, errors.StoreUnavailable(f"{what}: the connection is gone"))
        if weather.contention and dice.seldom(weather.contention):
            raise self._failed(session, errors.StoreContention(f"{what}: a deadlock"))
        if weather.broken and dice.seldom(weather.broken):
            raise self._failed(session, errors.StoreUnavailable(f"{what}: the connection broke"))
        if weather.hung and dice.seldom(weather.hung):
            self.tell(f"hangs at {what}")
            self._site.note_trouble(self._process.name)
            self._process.pause(HUNG_SECONDS)
            raise self._failed(session, errors.StoreUnavailable(f"{what}: no answer"))

    def wait_to_make(self, session: Session, lock: Lock, locking: Locking) -> None:
        """For what another transaction may be making as well.

        Raises:
            RowsHeld: where it goes on making it.
        """
        seconds = 0.005 if locking is Locking.SKIP_AT_ONCE else BUSY_SECONDS
        self._wait_for(session, lock, seconds, errors.RowsHeld)

    def is_poisonous(self, records: Iterable[Record]) -> bool:
        """Whether the store refuses these."""
        return any(one.common.created_by in self._site.poisonous for one in records)

    def _begin(self) -> Session:
        return self._database.open(self._process.name, self._clock.decided_millis)

    def _way_seconds(self) -> float:
        return (1 + self._site.dice.below(20)) * 0.000_1

    def _failed(self, session: Session, error: errors.StoreError) -> errors.StoreError:
        self._database.roll_back(session)
        if not isinstance(error, errors.StoreContention):
            self._site.note_trouble(self._process.name)
        return error

    def _fall_asleep(self, session: Session, what: str) -> None:
        seconds = self._site.dice.one_of([0.5, 2.0, 4.0, 8.0, 15.0])
        self.tell(f"falls asleep at {what} for {seconds} s")
        session.silent_since_seconds = self._site.schedule.now_seconds
        self._process.pause(seconds)
        session.silent_since_seconds = None
        self.tell("wakes up")
        was_stalled = session.in_the_way_seconds > STALLED_SECONDS_MAX
        if session.is_open and was_stalled and self._capabilities.has_many_writers:
            stalled = f"{self._process.name} slept for {seconds} s, and others waited for it"
            self._site.schedule.failure = Apart(stalled)

    def _wait_for(self, session: Session, lock: Lock, seconds: float, error: type[errors.StoreError]) -> None:
        until = self._site.schedule.now_seconds + seconds
        while session.is_open and not self._database.may_lock(session, lock):
            if self._site.schedule.now_seconds >= until:
                self.tell(f"waited in vain for {lock[0]}")
                raise error(f"{lock[0]} is held")
            self._process.pause(min(seconds / 4, 0.01))
        if not session.is_open:
            raise self._failed(session, errors.StoreUnavailable("the session was ended"))

    # The end of a transaction.

    def note_given_up(self, session: Session) -> None:
        """The commit is sent now: whoever has given up by then must not have been part of it."""
        now_seconds = self._clock.now_seconds()
        session.given_up = [call for call in session.calls if call.given_up(now_seconds)]

    def commit(self, session: Session) -> None:
        """It takes effect, unless something befalls it.

        Raises:
            StoreError: by its subclass.
        """
        if session.given_up is None:
            self.note_given_up(session)
        dice, weather = self._site.dice, self._site.weather
        if not self._capabilities.can_lose_answers:
            self._commit_at_once(session)
            return
        if weather.lost and dice.seldom(weather.lost):
            self._lose_answer(session)
        try:
            self._commit_at_once(session)
        except (errors.AlreadyThere, errors.OutcomeUnknown, errors.StoreContention):
            raise
        except errors.StoreUnavailable as error:
            raise errors.OutcomeUnknown(str(error)) from error

    def _commit_at_once(self, session: Session) -> None:
        dice, weather = self._site.dice, self._site.weather
        if weather.slow and dice.seldom(weather.slow):
            self._process.pause(dice.one_of([0.05, 0.3, 1.0, 3.0]))
        self.step(session, "commit")
        self._database.commit(session)
        self.tell(f"commits as {len(self._database.committed) - 1}")
        if self._capabilities.can_lose_answers:
            self._process.pause(self._way_seconds())
            if self._database.is_away:
                self._site.note_trouble(self._process.name)
                raise errors.OutcomeUnknown("commit: the connection is gone")

    def _lose_answer(self, session: Session) -> None:
        """It took effect, or did not, or will, or will only if nobody asks before."""
        self._site.note_trouble(self._process.name)
        match self._site.dice.one_of(["after", "before", "later"]):
            case "after":
                self._database.commit(session)
                self.tell(f"commits as {len(self._database.committed) - 1}, and is not told")
            case "before":
                self._database.roll_back(session)
                self.tell("does not commit, and is not told")
            case _:
                self.tell("commits later, and is not told")
                self._site.schedule.after(
                    self._site.dice.one_of([0.001, 0.05, 0.5]), lambda: self._commit_later(session)
                )
        raise errors.OutcomeUnknown("commit: no answer")

    def _commit_later(self, session: Session) -> None:
        if session.is_open:
            self._database.commit(session)
            self.tell(f"has committed as {len(self._database.committed) - 1} after all")


class SimulatedTransaction:
    """As `store_port.DecisionTransaction`."""

    def __init__(self, store: SimulatedStore, session: Session, locking: Locking) -> None:
        self.is_rolled_back = False
        self.is_committed = False
        self._store = store
        self._session = session
        self._locking = locking
        self._database = store._database
        self._many_writers = store.capabilities.has_many_writers

    @property
    def snapshot(self) -> Any:
        return self._database

    def begin(
        self, state: WorkingSet, keys: Iterable[Key], *, holds_versions: bool
    ) -> tuple[StoreVersions, frozenset[Key]]:
        if holds_versions and not self._database.may_lock(self._session, VERSIONS):
            raise errors.RowsHeld("a definition is changing")
        self._store.step(self._session, "versions")
        versions = self._database.versions(with_order=not self._many_writers)
        self._follow_definitions(state.definitions, versions.definitions)
        return versions, self.load(state, keys)

    def _follow_definitions(self, definitions: DefinitionCache, version: int) -> None:
        if definitions.version != version:
            changes = self._changes(definitions)
            if definitions.version < 0:
                definitions.clear()
            for _, entity, identifier in changes:
                definitions.drop(entity, identifier)
            definitions.version = version

    def has_kept_changed(self, definitions: DefinitionCache, version: int) -> bool:  # noqa: ARG002 - the port's
        return any(definitions.holds(entity, identifier) for _, entity, identifier in self._changes(definitions))

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        wanted = list(keys)
        if not wanted:
            return frozenset()
        self._store.step(self._session, "load")
        held = Loading(self._database, self._session, state, locks=self._many_writers).load(wanted)
        if held:
            self._store.tell(f"finds held: {sorted({type(one).__name__ for one in held})}")
        return held

    def write(self, changes: Changes, transaction_id: Id, now_millis: int) -> StoreVersions:  # noqa: ARG002 - the port's
        session, store = self._session, self._store
        store.step(session, "write")
        if store.is_poisonous(changes.new_records):
            self._database.roll_back(session)
            raise errors.ReferenceBroken("poison")
        if self._many_writers:
            for lock in self._made(changes):
                store.wait_to_make(session, lock, self._locking)
            session.mark = transaction_id
            session.locks.add(("mark", transaction_id))
        session.changes = changes
        self._database.check_unique(session)
        store.step(session, "look again")
        session.looked = len(self._database.committed)
        return self._database.versions(with_order=False) if self._many_writers else NO_CHANGE

    def commit(self, changes: Changes, transaction_id: Id, now_millis: int, begun: StoreVersions) -> None:
        self._store.note_given_up(self._session)  # from here on all is on its way
        if self.write(changes, transaction_id, now_millis) != begun:
            self.roll_back()
            raise errors.VersionsMoved("the versions are others by now")
        self.is_committed = True
        self._store.commit(self._session)

    def roll_back(self) -> None:
        self.is_rolled_back = True
        self._database.roll_back(self._session)
        self._store.tell("takes everything back")

    def _made(self, changes: Changes) -> Iterator[Lock]:
        """What two transactions may make or change that have locked nothing for it."""
        for lot in changes.new_lots:
            yield "lot name", lot.material_id, lot.name
        for key, _ in changes.new_requests + changes.renewed_requests:
            yield "request", *key
        for operation_id, _ in changes.runs:
            yield "run", operation_id

    def _changes(self, definitions: DefinitionCache) -> list[tuple[int, str, bytes]]:
        return [one for one in self._database.changed if one[0] > definitions.version]
