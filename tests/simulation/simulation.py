"""One seed: a plant, processes with a loop each on one store, callers, and what goes wrong."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from lotkeeper_server.domain.refusals import PermissionDenied, Refused
from lotkeeper_server.engine.arrivals import Arrivals
from lotkeeper_server.engine.calls import Answered, End
from lotkeeper_server.engine.loop import Loop
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.engine.store_failures import HURRIED_SECONDS
from lotkeeper_server.engine.surroundings import Surroundings, end_each
from lotkeeper_server.event_log import events_captured
from lotkeeper_server.store.db.capabilities import EMBEDDED, PIPELINED, SERVER

from tests.model.edits import Switch
from tests.model.requests import Batch
from tests.model.stock_requests import SetMetadata
from tests.property.random_plants import Dice, random_plant
from tests.property.random_requests import openings, random_request
from tests.property.random_stock_requests import random_stock_request, stocking
from tests.simulation.calls import Caller, SimulatedCall, Wish
from tests.simulation.checking import Story
from tests.simulation.commanding import is_well_formed, moves_nowhere, shown, with_references
from tests.simulation.comparing import Apart, Names, Undecided
from tests.simulation.database import Database, Edit, Session
from tests.simulation.definitions import Building, switch
from tests.simulation.final import compare_all
from tests.simulation.scheduling import EPOCH_MILLIS, Process, Schedule, SimulatedClock
from tests.simulation.store import STORE, VERSIONS, SimulatedStore
from tests.simulation.weather import Weather

OPENING_SECONDS = 1.0
"""Nothing goes wrong before the first stock is there."""
SENT_MAX = 4
RETRIED = {"CANCELLED", "DEADLINE_EXCEEDED", "CONTENTION", "STORE_UNAVAILABLE"}
UNDISTURBED_SECONDS = 2.0
"""How long a call may take beyond its deadline where nothing slow happens."""
DISTURBED_SECONDS = 120.0
"""And where it waits behind calls whose store hangs, or is asked for 20 s what became of a commit."""
FIRST_ID = 1 << 64


class SimulatedProcess:
    """A process that serves: a loop on the store."""

    def __init__(self, site: Simulation, number: int, capabilities: Any) -> None:
        name = self.name = f"process {number}"
        self.arrivals = Arrivals()
        self._site = site
        ahead_millis = site.dice.one_of([0, 0, 700, -700, 3_000, -3_000])
        # No two clocks show the same microsecond: which of two lots came first is nobody's to say then.
        self.clock = SimulatedClock(site.schedule, ahead_millis * 1_000 + 37 * number, 1_000.0 * site.dice.below(5))
        self.process = Process(site.schedule, name, self._run)
        self.clock.process = self.process
        self.store = SimulatedStore(site, capabilities, self.process, self.clock)
        surroundings = Surroundings(self.clock, site.new_id, self._confirm, end_each, _ignore)
        self._loop = Loop(self.store, self.arrivals, surroundings, EngineSettings())

    def send(self, call: SimulatedCall) -> None:
        """A call arrives."""
        self.arrivals.add(call)
        self.process.wake()

    def _run(self) -> None:
        while True:
            pause_seconds = None if self._loop.is_idle else self._loop.turn()
            self.store.note_closed()
            self.process.wait(pause_seconds)

    def _confirm(self, snapshot: Any, caller: Any) -> None:
        self.store.tell("confirms a caller")
        if caller.principal in snapshot.forbidden:
            raise Refused(PermissionDenied(permission="inventory.execute"))


class Simulation:
    """As `store.Site`.

    Attributes:
        lines: the trace, if it is wanted.
        calls: all that were sent.
    """

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        self.dice = Dice.of_seed(seed)
        self.lines: list[str] | None = [] if traced else None
        self.schedule = Schedule(self.dice)
        self.database = Database(lambda: self.schedule.now_seconds)
        self.poisonous: set[str] = set()
        self.calls: list[SimulatedCall] = []
        self._ids = FIRST_ID
        self._troubles: dict[str, float] = {}
        self._told = 0
        self._wishes: list[Wish] = []
        capabilities = self.dice.one_of([SERVER, PIPELINED, PIPELINED, EMBEDDED])
        self._capabilities = capabilities
        self._coming = Weather.random(self.dice, can_go_away=capabilities.can_go_away)
        self.prefix = "S"
        self._plant = random_plant(self.dice, self.prefix, EPOCH_MILLIS)
        ids = Building(self.database, self._plant).ids
        names = Names(ids, {identifier: key for key, identifier in ids.items()})
        self._story = Story(self._plant, names, by_clocks=capabilities.has_many_writers)
        count = self.dice.one_of([2, 2, 3])
        self._processes = [SimulatedProcess(self, number, capabilities) for number in range(count)]
        self.tell("simulation", f"{capabilities}, {self._coming}")

    @property
    def weather(self) -> Weather:
        """Calm until there is stock."""
        return self._coming if self.schedule.now_seconds > OPENING_SECONDS else Weather()

    def new_id(self) -> bytes:
        """Of all processes, so that a trace reads well."""
        self._ids += 1
        return self._ids.to_bytes(16, "big")

    def tell(self, who: str, what: str) -> None:
        if self.lines is not None:
            self.lines.append(f"{self.schedule.now_seconds:10.4f}  {who:12}  {what}")

    def note_trouble(self, who: str) -> None:
        self._troubles[who] = self.schedule.now_seconds

    def run(self) -> None:
        """All of it.

        Raises:
            Apart: where the rules or the contract were broken.
        """
        opening = [*openings(self.dice, self._plant), *stocking(self.dice, self._plant, EPOCH_MILLIS)]
        for request in opening:
            self._wish(request)
        seconds = OPENING_SECONDS
        for _ in range(self.dice.one_of([8, 16, 24])):
            seconds += self.dice.one_of([0.0, 0.0, 0.0, 0.000_3, 0.002, 0.03, 0.4])
            self.schedule.after(seconds, self._wish_anything)
        if self._coming.away and self.dice.seldom(self._coming.away):
            begins = OPENING_SECONDS + self.dice.below(1_000) / 1_000
            self.schedule.after(begins, self._go_away)
            self.schedule.after(begins + self.dice.one_of([0.05, 1.0, 3.0, 6.0, 30.0]), self._come_back)
        try:
            self._run()
        except Undecided:
            self.tell("simulation", "is undecided")

    def _run(self) -> None:
        try:
            with events_captured() as logs:
                self.schedule.run(300.0)
        finally:
            for process in self._processes:
                process.process.end()
            for log in logs:
                self.tell("log", str(log))
        if self.database.faults:
            raise Apart(self.database.faults[0])
        if late := [call for call in self.calls if call.ended is None]:
            raise Apart(f"never ended: {late}")
        self._go_on_with_story()
        if self._told != len(self.database.committed):
            raise Apart("not everything that took effect was told")
        compare_all(self.database, self._story.now)

    # Callers.

    def _wish_anything(self) -> None:
        self._go_on_with_story()
        state = self._story.now
        if self._coming.edits and self.dice.seldom(self._coming.edits):
            self._begin_edit()
        now = EPOCH_MILLIS + int(self.schedule.now_seconds * 1_000)
        which: Any = random_request if self.dice.one_of([True, False]) else random_stock_request
        for _ in range(8):
            request = which(self.dice, state.plant, self.prefix, now, [])
            if isinstance(request, SetMetadata) or not is_well_formed(request) or moves_nowhere(state.plant, request):
                continue
            # What names two things wrongly is refused for either; that is for the tests of the rules.
            with suppress(KeyError):
                self._wish(request)
                return

    def _wish(self, request: Any) -> None:
        number = len(self._wishes)
        request = with_references(self._identified(request, number), self._story.now.names.to_store)
        earlier = [one for one in self._wishes if one.has_request_id and not isinstance(one.request, Batch)]
        principal = f"caller {number}"
        if earlier and self.dice.seldom(20) and hasattr(request, "request_id"):
            other = self.dice.one_of(earlier)
            principal, request = other.principal, replace(request, request_id=other.request.request_id)
        wish = Wish(number, principal, request)
        self._wishes.append(wish)
        if self.weather.poison and self.dice.seldom(self.weather.poison):
            self.poisonous.add(principal)
        self._send(wish)
        if wish.has_request_id and self.dice.seldom():
            self.schedule.after(self.dice.one_of([0.0, 0.001, 0.01, 0.2]), lambda: self._send(wish))

    def _identified(self, request: Any, number: int) -> Any:
        """With request ids that nobody else uses, mostly."""
        if isinstance(request, Batch):
            identified = self.dice.one_of([True, False])
            places = {id(item): place for place, item in enumerate(request.requests)}
            items = (
                replace(item, request_id=f"wish {number} {places[id(item)]}" if identified else "")
                for item in request.requests
            )
            return replace(request, requests=tuple(items))
        if not hasattr(request, "request_id"):
            return request
        return replace(request, request_id=f"wish {number}" if self.dice.one_of([True, True, False]) else "")

    def _send(self, wish: Wish) -> None:
        dice, process = self.dice, self.dice.one_of(self._processes)
        if wish.principal in self.database.forbidden or wish.sent >= SENT_MAX:
            return
        patience = dice.one_of([None] * 8 + [30.0, 5.0, 1.0, 0.05, 0.005]) if wish.number >= 12 else None
        now_seconds = process.clock.now_seconds()
        deadline_seconds = None if patience is None else now_seconds + patience
        caller = Caller(deadline_seconds, self.database.access, wish.principal)
        wish.sent += 1
        call = SimulatedCall(wish, caller, process.name, now_seconds, self._note_decided, self._note_end)
        self.calls.append(call)
        if self.lines is not None:
            self.tell(wish.principal, f"sends {call} to {process.name}, patience {patience}: {shown(wish.request)}")
        process.send(call)
        if self.weather != Weather() and dice.seldom():
            self.schedule.after(dice.one_of([0.000_5, 0.002, 0.1, 2.0]), lambda: self._leave(call))

    def _leave(self, call: SimulatedCall) -> None:
        if call.ended is None:
            self.tell(call.principal, f"leaves {call}")
            call.is_leaving = True

    def _note_decided(self, call: SimulatedCall) -> None:
        session = self._process_of(call).store.session
        assert session is not None
        session.calls.append(call)

    def _note_end(self, call: SimulatedCall, end: End) -> None:
        self.tell(call.process, f"ends {call}: {end.refusal.reason if isinstance(end, Refused) else 'answered'}")
        if call.ended is not None:
            raise Apart(f"{call} was answered twice")
        call.ended = end
        process = self._process_of(call)
        late_seconds = process.clock.now_seconds() - (call.caller.deadline_seconds or call.arrived_seconds + 30.0)
        if late_seconds > (DISTURBED_SECONDS if self._is_disturbed() else UNDISTURBED_SECONDS):
            raise Apart(f"{call} ended {late_seconds} s after its deadline")
        if isinstance(end, Answered) or end.refusal.reason not in RETRIED | {"INTERNAL"}:
            self._note_decided_end(call, end, process)
        else:
            self._check_refusal(call, end.refusal.reason, process)
        retries = isinstance(end, Answered) and self.dice.seldom()
        if call.wish.has_request_id and (retries or (isinstance(end, Refused) and end.refusal.reason in RETRIED)):
            self.schedule.after(self.dice.one_of([0.001, 0.1, 1.0]), lambda: self._send(call.wish))

    def _note_decided_end(self, call: SimulatedCall, end: End, process: SimulatedProcess) -> None:
        session = process.store.session
        assert session is not None
        if session.is_closed or not session.has_committed:
            raise Apart(f"{call} was told {end} before that was durable")
        if isinstance(end, Answered) and call in (session.given_up or ()):
            raise Apart(f"{call} took effect, and had been given up before the commit")
        session.ends.append((call, end))

    def _check_refusal(self, call: SimulatedCall, reason: str, process: SimulatedProcess) -> None:
        waited_seconds = process.clock.now_seconds() - call.arrived_seconds
        trouble = self._troubles.get(call.process, -1.0) >= self.schedule.now_seconds - waited_seconds
        many_writers = self._capabilities.has_many_writers
        left_seconds = (call.caller.deadline_seconds or 1e9) - process.clock.now_seconds()
        right = {
            "CANCELLED": call.is_leaving,
            "DEADLINE_EXCEEDED": (call.caller.deadline_seconds or 1e9) <= process.clock.now_seconds(),
            "CONTENTION": waited_seconds >= 10.0 or not many_writers,
            "STORE_UNAVAILABLE": trouble and (waited_seconds >= 4.0 or left_seconds < HURRIED_SECONDS)
            if many_writers
            else trouble or waited_seconds >= 10.0,
            "INTERNAL": False,
        }
        if not right[reason]:
            raise Apart(f"{call} was refused with {reason} after {waited_seconds} s")

    def _is_disturbed(self) -> bool:
        weather = self._coming
        return bool(
            weather.slow or weather.hung or weather.frozen or weather.lost or weather.away or weather.poison
            or weather.broken
        )  # fmt: skip

    def _process_of(self, call: SimulatedCall) -> SimulatedProcess:
        return next(one for one in self._processes if one.name == call.process)

    # Others.

    def _go_away(self) -> None:
        self.tell("store", "goes away")
        self.database.is_away = True
        self.database.lose_sessions()
        for process in self._processes:
            self.note_trouble(process.name)

    def _come_back(self) -> None:
        self.tell("store", "is back")
        self.database.is_away = False
        for process in self._processes:
            self.note_trouble(process.name)

    def _begin_edit(self) -> None:
        plant, names = self._story.now.plant, self._story.now.names
        if self.dice.seldom(3) and self._wishes:
            wanted: Any = self.dice.one_of(self._wishes).principal
            self._hold_for_edit(wanted, b"", 0)
        else:
            key = self.dice.one_of([*plant.operations, *plant.locations, *plant.materials])
            wanted = Switch(key, not self.dice.seldom(3))
            self._hold_for_edit(wanted, names.ids[key], 0)

    def _hold_for_edit(self, wanted: Any, identifier: bytes, tries: int) -> None:
        session = self.database.open("editor", 0)
        lock = VERSIONS if self._capabilities.has_many_writers else STORE
        if not self.database.is_away and self.database.may_lock(session, lock):
            seconds = self.dice.one_of([0.0, 0.001, 0.02, 0.3])
            self.schedule.after(seconds, lambda: self._edit(session, wanted, identifier))
            return
        self.database.roll_back(session)
        if tries < 100:
            self.schedule.after(0.01, lambda: self._hold_for_edit(wanted, identifier, tries + 1))

    def _edit(self, session: Session, wanted: Any, identifier: bytes) -> None:
        if not session.is_open:
            return
        if isinstance(wanted, Switch):
            switch(self.database, wanted, identifier)
        else:
            self.database.forbid(wanted)
        self.database.roll_back(session)
        self.database.committed.append(Edit(wanted, EPOCH_MILLIS))
        self.tell("editor", f"{wanted} as {len(self.database.committed) - 1}")

    def _go_on_with_story(self) -> None:
        """As far as it is known what came of what took effect."""
        committed = self.database.committed
        while self._told < len(committed):
            entry = committed[self._told]
            if isinstance(entry, Session) and not entry.is_closed:
                return
            try:
                self._story.add(self._told, entry)
            except Apart as apart:
                raise Apart(f"transaction {self._told}: {apart}") from apart
            self._told += 1


def _ignore(_what: Any) -> None:
    return
