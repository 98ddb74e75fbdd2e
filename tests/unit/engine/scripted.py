"""A loop with nothing real about it: a clock set by hand, a store that does what a test says, calls that note."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.commands import Batch, Command, Execute
from lotkeeper_server.domain.keys import Key
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import InventoryOperation
from lotkeeper_server.domain.model.enumerations import InventoryOperationType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.engine.arrivals import Arrivals
from lotkeeper_server.engine.calls import Answered, End, PendingCommand
from lotkeeper_server.engine.loop import Loop
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.surroundings import Ended, Surroundings, end_each
from lotkeeper_server.store.db.capabilities import SERVER, Capabilities
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.errors import VersionsMoved
from lotkeeper_server.store.state.definitions import StoreVersions

from tests.plant import NOW, Plant, millionths, new_id

ORIGIN = Origin("Test")
SHELVES = (
    "units", "materials", "reason_codes", "locations", "process_operations", "production_orders",
    "inventory_operations", "conversions", "factors",
)  # fmt: skip


@dataclass
class HandClock:
    """Time passes when a test says so, and in sleeps.

    Attributes:
        sleeps: how long each was.
    """

    seconds: float = 100.0
    sleeps: list[float] = field(default_factory=list)

    def now_seconds(self) -> float:
        return self.seconds

    def now_millis(self) -> int:
        return NOW + int(self.seconds * 1_000)

    def now_micros(self) -> int:
        return self.now_millis() * 1_000

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds


@dataclass
class Asking:
    """As `calls.Caller`."""

    deadline_seconds: float | None = None
    access_version: int = 1
    has_expired: bool = False
    principal: str = "tester"
    origin: Origin = ORIGIN


class Call(PendingCommand):
    """A call that notes how it ended; more than once is a fault."""

    __slots__ = ("ends", "is_leaving", "on_end")

    def __init__(self, command: Command | Batch, caller: Asking | None = None) -> None:
        super().__init__(caller or Asking(), command)
        self.ends: list[End] = []
        self.is_leaving = False
        self.on_end: Callable[[], None] = lambda: None

    @property
    def is_gone(self) -> bool:
        return self.is_leaving

    def end(self, end: End) -> None:
        assert not self.ends, "ended twice"
        self.ends.append(end)
        self.on_end()

    @property
    def outcome(self) -> str:
        """In a word."""
        if not self.ends:
            return "waits"
        end = self.ends[0]
        return end.refusal.reason if isinstance(end, Refused) else "answered"

    @property
    def answer(self) -> Answer:
        """What it was told."""
        (end,) = self.ends
        assert isinstance(end, Answered), end
        answer: Answer = end.value
        return answer


Happening = Callable[["ScriptedTransaction"], None]


class ScriptedStore:
    """As `store_port.DecisionStore`.

    Attributes:
        holds: which keys another transaction holds.
        settle: what is known of a transaction whose commit was not answered; may raise.
        transactions: all that were begun.
        log: what was asked of it, in order.
    """

    def __init__(self, plant: Plant, clock: HandClock, capabilities: Capabilities) -> None:
        self.plant = plant
        self.versions = StoreVersions(1, 1, 0)
        self.holds: Callable[[Key], bool] = lambda _key: False
        self.settle: Callable[[Id], bool] = lambda identifier: identifier in self.marks
        self.kept_has_changed = True
        self.transactions: list[ScriptedTransaction] = []
        self.log: list[str] = []
        self.marks: set[Id] = set()
        self.is_closed = False
        self.ends_stalled: Callable[[], int] = lambda: 0
        self._clock = clock
        self._capabilities = capabilities
        self._happenings: dict[str, list[Happening]] = {}

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def at(self, point: str, happening: Happening) -> None:
        """Has something happen whenever a transaction comes to `begin`, `load`, `write`, `commit` or `committed`."""
        self._happenings.setdefault(point, []).append(happening)

    def fails(self, point: str, error: Exception, times: int = 1 << 30) -> None:
        """Has it fail there, so many times."""
        left = itertools.repeat(error, times)

        def happening(_transaction: ScriptedTransaction) -> None:
            for one in left:
                raise one

        self.at(point, happening)

    def happen(self, point: str, transaction: ScriptedTransaction) -> None:
        """A transaction has come so far."""
        for happening in self._happenings.get(point, []):
            happening(transaction)

    @contextmanager
    def write(self, locking: Locking) -> Iterator[ScriptedTransaction]:
        transaction = ScriptedTransaction(self, locking)
        self.transactions.append(transaction)
        self.happen("begin", transaction)
        yield transaction
        if transaction.is_rolled_back or transaction.is_committed:
            return
        self.happen("commit", transaction)
        self.commit(transaction)
        self.happen("committed", transaction)

    def commit(self, transaction: ScriptedTransaction) -> None:
        """It takes effect."""
        transaction.is_committed = True
        if transaction.mark is not None:
            self.marks.add(transaction.mark)
        self.plant._keep(SimpleNamespace(changes=lambda: transaction.changes))  # type: ignore[arg-type]

    def has_taken_effect(self, transaction_id: Id, now_millis: int) -> bool:
        assert now_millis == self._clock.now_millis()
        self.log.append("settle")
        return self.settle(transaction_id)

    def end_stalled(self) -> int:
        self.log.append("end_stalled")
        return self.ends_stalled()

    def close(self) -> None:
        self.is_closed = True


class ScriptedTransaction:
    """As `store_port.DecisionTransaction`.

    Attributes:
        loaded: the keys of each load.
        is_sent: whether its commit went out together with its writes.
    """

    def __init__(self, store: ScriptedStore, locking: Locking) -> None:
        self.locking = locking
        self.changes = Changes()
        self.mark: Id | None = None
        self.is_rolled_back = False
        self.is_committed = False
        self.is_sent = False
        self.holds_versions = False
        self.loaded: list[list[Key]] = []
        self._store = store

    @property
    def snapshot(self) -> Any:
        return self

    @property
    def callers(self) -> list[str]:
        """Whose records it writes, in order."""
        return [record.common.created_by for record in self.changes.new_records]

    def begin(
        self, state: WorkingSet, keys: Iterable[Key], *, holds_versions: bool
    ) -> tuple[StoreVersions, frozenset[Key]]:
        if holds_versions:
            self._store.happen("hold", self)
            self.holds_versions = True
        versions = self._store.versions
        for name in SHELVES:
            setattr(state.definitions, name, getattr(self._store.plant.cache, name))
        state.definitions.version = versions.definitions
        return versions, self.load(state, keys)

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        wanted = list(keys)
        self.loaded.append(wanted)
        self._store.happen("load", self)
        held = frozenset(key for key in wanted if self._store.holds(key))
        for key in wanted:
            if key not in held:
                self._store.plant._load(state, key)
        return held

    def write(self, changes: Changes, transaction_id: Id, now_millis: int) -> StoreVersions:
        assert now_millis
        self.changes, self.mark = changes, transaction_id
        self._store.happen("write", self)
        return self._store.versions

    def commit(self, changes: Changes, transaction_id: Id, now_millis: int, begun: StoreVersions) -> None:
        if self.write(changes, transaction_id, now_millis) != begun:
            self.roll_back()
            raise VersionsMoved("the versions are others by now")
        self.is_sent = True
        self._store.happen("commit", self)
        self._store.commit(self)
        self._store.happen("committed", self)

    def has_kept_changed(self, definitions: DefinitionCache, version: int) -> bool:
        assert definitions.version != version
        return self._store.kept_has_changed

    def roll_back(self) -> None:
        self.is_rolled_back = True


class Scene:
    """A plant of one operation that receives milk, and a loop on it.

    Attributes:
        answered: what the loop told of how many calls it had answered.
        usable: what it told of whether the store could be used.
    """

    def __init__(self, capabilities: Capabilities = SERVER) -> None:
        self.plant = Plant()
        self.receives: InventoryOperation = self.plant.operation(InventoryOperationType.RECEIVE)
        self.clock = HandClock()
        self.store = ScriptedStore(self.plant, self.clock, capabilities)
        self.arrivals = Arrivals()
        self.answered: list[int] = []
        self.usable: list[bool] = []
        self.confirmed: list[Any] = []
        self.confirm: Callable[[Any], None] = lambda _caller: None
        surroundings = Surroundings(self.clock, new_id, self._confirm, self._end, self.usable.append)
        self.loop = Loop(self.store, self.arrivals, surroundings, EngineSettings())

    def _end(self, ended: Sequence[Ended]) -> None:
        end_each(ended)
        self.answered.append(len(ended))

    def receipt(self, name: str, quantity: str = "1", **asked: Any) -> Execute:
        """Of a lot of that name, by a caller of that name."""
        self.lot(name)
        return Execute(name, self.receives.id, primary_lot=name, quantity_millionths=millionths(quantity), **asked)

    def lot(self, name: str) -> None:
        """That is there."""
        if all(lot.name != name for lot in self.plant.lots.values()):
            self.plant.lot(name)

    def arrives(self, name: str, caller: Asking | None = None, **asked: Any) -> Call:
        """A call to receive a lot of that name arrives."""
        return self.arrives_with(self.receipt(name, **asked), caller)

    def arrives_with(self, command: Command | Batch, caller: Asking | None = None) -> Call:
        """Any call arrives."""
        call = Call(command, caller)
        self.arrivals.add(call)
        return call

    def turns_until_idle(self, turns_max: int = 100_000) -> None:
        """Turn after turn, each when the loop wants it."""
        for _ in range(turns_max):
            pause_seconds = self.loop.turn()
            if self.loop.is_idle:
                return
            assert pause_seconds is not None
            self.clock.seconds += pause_seconds + 1e-9
        raise AssertionError("it does not come to an end")

    @property
    def committed(self) -> list[ScriptedTransaction]:
        """The transactions that wrote something, and took effect."""
        return [one for one in self.store.transactions if one.is_committed and one.changes]

    @property
    def receipts(self) -> Counter[str]:
        """How often each caller's receipt took effect."""
        return Counter(record.common.created_by for record in self.plant.records.values())

    def _confirm(self, _snapshot: Any, caller: Any) -> None:
        self.confirmed.append(caller)
        self.confirm(caller)
