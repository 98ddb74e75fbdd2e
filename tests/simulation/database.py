"""What is durable, and who holds what: the tables of a store in memory, its locks, and what became of each commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lotkeeper_server.domain.changes import Changes, KeptRequest
from lotkeeper_server.domain.keys import GenealogyKey, NameKey, RequestKey
from lotkeeper_server.domain.model.definitions import Conversions
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.stock import Edge, Lot, OperationRun, Record, StockRow
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.state.definitions import StoreVersions

Lock = tuple[Any, ...]
"""What can be held: a kind and a key. Of what does not exist yet it is the right to make it."""


AGAIN_AND_AGAIN_SECONDS = 0.5
"""Between two tries to get at what is held."""


@dataclass(eq=False)
class Session:
    """One transaction, from the database's side and from ours.

    Attributes:
        process: whose it is.
        is_open: until it has committed, was rolled back or ended.
        has_committed: whether it took effect.
        silent_since_seconds: since when its process has said nothing; None where it has.
        in_the_way_seconds: for how long it has held what another one wanted again and again, while it was silent.
        began: how many transactions had taken effect when it began.
        looked: the same when it looked at the versions for the last time.
        now_millis: the moment of its decisions, by its process's clock.
        calls: those that it decides, in order.
        ends: what came of them, as their callers were told.
    """

    process: str
    began: int
    now_millis: int
    is_open: bool = True
    has_committed: bool = False
    silent_since_seconds: float | None = None
    in_the_way_seconds: float = 0.0
    last_in_the_way_seconds: float = 0.0
    looked: int = 0
    locks: set[Lock] = field(default_factory=set)
    changes: Changes | None = None
    mark: bytes | None = None
    calls: list[Any] = field(default_factory=list)
    given_up: list[Any] | None = None
    ends: list[tuple[Any, Any]] = field(default_factory=list)
    is_closed: bool = False


@dataclass(eq=False)
class Edit:
    """A change of definitions or access that took effect."""

    wanted: Any
    now_millis: int


@dataclass
class Database:
    """The tables as they are committed, and the sessions that are open.

    Attributes:
        committed: everything that took effect, in order: sessions and edits.
        forbidden: who may do nothing any more.
        is_away: whether it cannot be reached.
        now_seconds: the time.
        faults: what took effect and should not have.
    """

    now_seconds: Callable[[], float]
    definitions: dict[tuple[str, bytes], Any] = field(default_factory=dict)
    ids_by_path: dict[tuple[str, str], bytes] = field(default_factory=dict)
    ids_by_name: dict[NameKey, bytes] = field(default_factory=dict)
    conversions: dict[bytes | None, Conversions] = field(default_factory=dict)
    lots: dict[bytes, Lot] = field(default_factory=dict)
    lot_ids_by_name: dict[tuple[bytes, str], bytes] = field(default_factory=dict)
    rows: dict[tuple[bytes, bytes], StockRow] = field(default_factory=dict)
    runs: dict[bytes, OperationRun] = field(default_factory=dict)
    counts: dict[bytes, int] = field(default_factory=dict)
    records: dict[bytes, Record] = field(default_factory=dict)
    edges: dict[GenealogyKey, Edge] = field(default_factory=dict)
    requests: dict[tuple[str, str], KeptRequest] = field(default_factory=dict)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    marks: set[bytes] = field(default_factory=set)
    changed: list[tuple[int, str, bytes]] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    version: int = 1
    access: int = 1
    committed: list[Session | Edit] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    is_away: bool = False
    faults: list[str] = field(default_factory=list)

    # Sessions and locks.

    def open(self, process: str, now_millis: int) -> Session:
        """A transaction begins."""
        session = Session(process, len(self.committed), now_millis)
        self.sessions.append(session)
        return session

    def may_lock(self, session: Session | None, lock: Lock) -> bool:
        """Whether nobody else holds it; it is held then."""
        for other in self.sessions:
            if other is not session and lock in other.locks:
                self._note_in_the_way(other)
                return False
        if session is not None:
            session.locks.add(lock)
        return True

    def _note_in_the_way(self, session: Session) -> None:
        now_seconds = self.now_seconds()
        gap_seconds = now_seconds - session.last_in_the_way_seconds
        is_silent = session.silent_since_seconds is not None
        session.in_the_way_seconds += gap_seconds if is_silent and gap_seconds < AGAIN_AND_AGAIN_SECONDS else 0.0
        session.last_in_the_way_seconds = now_seconds

    def roll_back(self, session: Session) -> None:
        """Nothing of it takes effect, and it holds nothing."""
        if session.is_open:
            session.is_open = False
            self.sessions.remove(session)

    def end_silent(self, before_seconds: float) -> int:
        """Ends the sessions that have been silent since before that moment; how many there were."""
        silent = [one for one in self.sessions if one.silent_since_seconds is not None]
        ended = [one for one in silent if (one.silent_since_seconds or 0.0) <= before_seconds]
        for session in ended:
            self.roll_back(session)
        return len(ended)

    def lose_sessions(self) -> None:
        """The server has failed: what was not committed is gone."""
        for session in list(self.sessions):
            self.roll_back(session)

    # What takes effect.

    def versions(self, *, with_order: bool) -> StoreVersions:
        """How far the store has come; with the number of the latest completion."""
        latest = 0
        if with_order:
            done = [one.effect_order for one in self.records.values() if one.status is Status.COMPLETED]
            latest = max(done, default=0)
        return StoreVersions(self.version, self.access, latest)

    def commit(self, session: Session) -> None:
        """All of it takes effect, now.

        Raises:
            StoreError: where it was rolled back meanwhile, or is in another one's way.
        """
        if not session.is_open:
            raise errors.StoreUnavailable("the session was ended")
        self.check_unique(session)
        self.roll_back(session)  # it holds nothing any more
        if session.mark is not None:
            self.marks.add(session.mark)
        if session.changes is not None:
            self._apply(session.changes)
        session.has_committed = True
        self.committed.append(session)

    def check_unique(self, session: Session) -> None:
        """Rolls it back where what it makes is there already.

        Raises:
            AlreadyThere: then.
        """
        changes = session.changes or Changes()
        taken = [lot for lot in changes.new_lots if (lot.material_id, lot.name) in self.lot_ids_by_name]
        known = [key for key, _ in changes.new_requests if key in self.requests]
        if taken or known or session.mark in self.marks:
            self.roll_back(session)
            raise errors.AlreadyThere("made by another transaction")

    def _apply(self, changes: Changes) -> None:
        for lot in changes.new_lots + changes.changed_lots:
            self.lots[lot.id] = lot
            self.lot_ids_by_name[lot.material_id, lot.name] = lot.id
        for row in changes.new_stock + changes.changed_stock + changes.changed_quantities:
            old = self.rows.get((row.location_id, row.lot_id))
            if old is not None and row.changed_order <= old.changed_order:
                self.faults.append(f"a row was changed at {old.changed_order}, and later at {row.changed_order}")
            self.rows[row.location_id, row.lot_id] = row
        for record in changes.new_records + changes.changed_records:
            self.records[record.id] = record
        self.runs.update(changes.runs)
        self.counts.update(changes.counts)
        self.edges.update(changes.new_edges + changes.changed_edges)
        self.edges.update(changes.new_order_edges + changes.changed_order_edges)
        self.requests.update(changes.new_requests + changes.renewed_requests)
        self.taken.update((key.principal, key.request_id) for key, _ in changes.new_requests + changes.renewed_requests)
        self.told.update((event[2], event[8]) for event in changes.events if event[8])

    def change_definition(self, entity: str, identifier: bytes, value: Any) -> None:
        """A definition is another one from now on."""
        self.definitions[entity, identifier] = value
        self.version += 1
        self.changed.append((self.version, entity, identifier))

    def forbid(self, principal: str) -> None:
        """A caller may do nothing any more."""
        self.forbidden.add(principal)
        self.access += 1

    def is_kept(self, principal: str, request_id: str) -> bool:
        """Whether a request id took effect."""
        return RequestKey(principal, request_id) in self.requests
