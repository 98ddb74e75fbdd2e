"""Whether all that was answered can be told as one story: call after call, by the second reading of the rules.

Transactions count in the order in which they committed. But a transaction is many calls, and it reads some things
without a lock: that an operation is idle, what lies at a location of which it picks, a definition before its last look.
So a call may count at an earlier moment, if it is right there and everything after it stays so: not before its
transaction began, and not before a change of definitions that its transaction had seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice, permutations
from typing import Any

from lotkeeper_server.domain.model.stock import Answer, Record
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.calls import Answered

from tests.model import calls as model
from tests.model.edits import Switch, edit
from tests.model.notes import annotate
from tests.model.plant import Answer as Expected
from tests.model.plant import Plant
from tests.model.refusal import Refusal
from tests.model.requests import Batch
from tests.model.stock_requests import Annotate
from tests.simulation.commanding import with_references
from tests.simulation.comparing import Apart, Names, Undecided, compare_record, compare_records, compare_refusal
from tests.simulation.database import Edit, Session

DENIED = "PERMISSION_DENIED"
LAST = 1 << 62
ORDERS_TRIED_MAX = 120
"""Of five calls all."""


@dataclass(frozen=True)
class State:
    """The plant after so much of the story."""

    plant: Plant
    names: Names
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """A part of the story, and what is after it.

    Attributes:
        number: of the transaction, in the order of commits.
        entry: the transaction, or the edit.
        call: of the transaction; None of an edit.
    """

    number: int
    entry: Any
    call: Any
    after: State


class Story:
    """Everything that took effect so far."""

    def __init__(self, plant: Plant, names: Names, *, by_clocks: bool) -> None:
        """Nothing has happened.

        Args:
            plant: as it was set up.
            names: of what it is made of.
            by_clocks: whether stock that came in different processes is used in the order of their clocks.
        """
        self._steps = [Step(-1, None, None, State(plant, names))]
        self._by_clocks = by_clocks

    @property
    def now(self) -> State:
        """After all of it."""
        return self._steps[-1].after

    def add(self, number: int, entry: Session | Edit) -> None:
        """What committed next.

        Raises:
            Apart: where it fits nowhere.
        """
        lowest = self._lowest(entry)
        if isinstance(entry, Edit):
            self._steps.append(Step(number, entry, None, _after_edit(self.now, entry)))
            return
        with_effect = _with_effect(entry)
        self._add_with_effect(number, entry, with_effect, lowest)
        for call, end in entry.ends:
            if not any(call is one for one in with_effect):
                self._check_without_effect(entry, call, end, lowest)

    def _add_with_effect(self, number: int, entry: Session, calls: list[Any], lowest: int) -> None:
        """As late as it is right for all of them: they have seen the same definitions."""
        before, failure = self._steps, None
        for behind in range(max(1, len(before) - lowest + 1)):
            self._steps = before
            waiting = calls
            while waiting:  # what nothing tells the order of is tried in any
                left, failures = [], []
                for call in waiting:
                    try:
                        self._insert(Step(number, entry, call, self.now), lowest, behind)
                    except Apart as apart:
                        left.append(call)
                        failures.append(apart)
                if len(left) == len(waiting):
                    failure = failure or failures[0]
                    break
                waiting = left
            else:
                return
        assert failure is not None
        raise failure

    def _lowest(self, entry: Session | Edit) -> int:
        """The first place at which it may count."""
        if isinstance(entry, Edit):
            return len(self._steps)
        return 1 + max(
            at
            for at, step in enumerate(self._steps)
            if step.number < entry.began or (isinstance(step.entry, Edit) and step.number < entry.looked)
        )

    def _insert(self, new: Step, lowest: int, behind: int) -> None:
        """As late as it is right, with at least so many steps behind it."""
        steps = self._steps
        failure: Apart | None = None
        for place in range(len(steps) - behind, lowest - 1, -1):
            told = steps[:place]
            try:
                for step in (new, *steps[place:]):
                    told.append(replace(step, after=self._after(told[-1].after, step)))
            except Apart as apart:
                failure = failure or apart
            else:
                self._steps = told
                return
        assert failure is not None
        raise failure

    def _check_without_effect(self, entry: Session, call: Any, end: Any, lowest: int) -> None:
        """A refusal, a repeat or a dry run is right if it was at any moment of its transaction.

        Where something that committed since counts before it began, nothing is said: it has seen neither all nor
        nothing of that, and has changed nothing.
        """
        failure: Apart | None = None
        moments = self._steps[lowest - 1 :]
        for step in reversed(moments):
            try:
                self._play(step.after, entry, call, end)
            except Apart as apart:
                failure = failure or apart
            else:
                return
        assert failure is not None
        if any(self._is_right_behind_mates(step.after, entry, call, end) for step in moments):
            return
        if any(step.call and step.call.principal == call.principal for step in moments[1:]):
            return  # it looked for its request id before another call took that, and at the rest behind it
        if all(step.number < entry.began for step in self._steps[:lowest]):
            raise failure

    def _is_right_behind_mates(self, state: State, entry: Session, call: Any, end: Any) -> bool:
        """Whether it is right at a moment at which other calls of its transaction would have been as well.

        Nothing tells the order of some of them, such as a Start, so orders are tried.
        """
        return any(
            self._is_right_behind(state, mates, entry, call, end)
            for mates in islice(permutations(_with_effect(entry)), ORDERS_TRIED_MAX)
        )

    def _is_right_behind(self, state: State, mates: Iterable[Any], entry: Session, call: Any, end: Any) -> bool:
        for mate in mates:
            try:
                state = self._after(state, Step(0, entry, mate, state))
                self._play(state, entry, call, end)
            except Apart:
                continue
            return True
        return False

    def _after(self, before: State, step: Step) -> State:
        if isinstance(step.entry, Edit):
            return _after_edit(before, step.entry)
        for other, end in step.entry.ends:
            if other is step.call:
                return self._play(before, step.entry, step.call, end)
        return self._play_untold(before, step.entry, step.call)

    def _play(self, state: State, entry: Session, call: Any, end: Any) -> State:
        """One call, and the comparison of what was said."""
        is_denied = isinstance(end, Refused) and end.refusal.reason == DENIED
        if is_denied or call.principal in state.forbidden:
            if is_denied != (call.principal in state.forbidden):
                raise Apart(f"{call} was told {end}, and its caller may {'' if is_denied else 'not '}do it")
            return state
        names = state.names.copied()
        try:
            return self._compared(State(state.plant, names, state.forbidden), entry, call, end)
        except Apart as apart:
            raise Apart(f"{call}: {apart}") from None

    def _compared(self, state: State, entry: Session, call: Any, end: Any) -> State:
        names = state.names
        request = with_references(call.request, names.to_model)
        told = [] if isinstance(end, Refused) else end.value if isinstance(request, Batch) else [end.value]
        records = [record for one in told if isinstance(one, Answer) for record in one.records]
        try:
            outcome = _outcome(self._before(state.plant, entry, records), request, entry.now_millis)
        except Refusal as expected:
            if not isinstance(end, Refused):
                raise Apart(f"{call} was answered, expected {expected}") from None
            compare_refusal(end, expected)
            return state
        if isinstance(end, Refused):
            raise Apart(f"{call} was refused with {end.refusal}, expected {outcome.results}")
        if len(told) != len(outcome.results):
            raise Apart(f"{call} has {len(told)} results")
        for one, wanted in zip(told, outcome.results, strict=True):
            _compare_result(names, outcome, call, one, wanted)
        self._order_arrivals(state.plant, outcome.plant, names, {one.id: one.effect_order for one in records})
        return State(outcome.plant, names, state.forbidden)

    def _play_untold(self, state: State, entry: Session, call: Any) -> State:
        """What took effect, and its caller was told that nobody knows."""
        if call.outcome != "STORE_UNAVAILABLE":
            raise Apart(f"{call} took effect in a transaction that does not tell so; it was told {call.outcome}")
        assert entry.changes is not None
        request = with_references(call.request, state.names.to_model)
        made = [*entry.changes.new_records, *entry.changes.changed_records]
        try:
            outcome = _outcome(self._before(state.plant, entry, made), request, entry.now_millis)
        except Refusal as refusal:
            raise Apart(f"{call} took effect, expected {refusal}") from None
        names = state.names.copied()
        changed: dict[bytes, Record] = {one.id: one for one in entry.changes.changed_records}
        new = [one for one in entry.changes.new_records if one.common.created_by == call.principal]
        for wanted in outcome.results:
            for key in wanted.records if isinstance(wanted, Expected) else []:
                identifier = names.id_of(key)
                if identifier is None and not new:
                    raise Apart(f"{call} should have left {key}")
                record = new.pop(0) if identifier is None else changed.get(identifier)
                if record is not None:
                    compare_record(names, outcome.seen, key, record)
        orders: dict[bytes, int] = {one.id: one.effect_order for one in made}
        self._order_arrivals(state.plant, outcome.plant, names, orders)
        return State(outcome.plant, names, state.forbidden)

    def _before(self, plant: Plant, entry: Session, records: list[Record]) -> Plant:
        """What comes to lie somewhere comes by the process's clock."""
        if not self._by_clocks:
            return plant
        orders = [one.effect_order for one in records if one.effect_order]
        return replace(plant, arrivals=min(orders, default=entry.now_millis * 1_000) - 1)

    def _order_arrivals(self, before: Plant, after: Plant, names: Names, orders: dict[bytes, int]) -> None:
        if self._by_clocks and after is not before:
            for row in after.rows.values():
                identifier = names.id_of(row.arrived_record)
                if identifier in orders:
                    row.arrival = orders[identifier]
            here = [(place, row.arrival) for (place, _), row in after.rows.items() if row.quantity > 0]
            if len(set(here)) < len(here):
                raise Undecided


def _compare_result(names: Names, outcome: model.Outcome, call: Any, told: Any, wanted: Expected | Refusal) -> None:
    if isinstance(wanted, Refusal) or not isinstance(told, Answer):
        if not isinstance(wanted, Refusal) or isinstance(told, Answer):
            raise Apart(f"{call} was told {told}, expected {wanted}")
        compare_refusal(Refused(told), wanted)
        return
    compare_records(names, outcome.seen, wanted.records, told.records)
    main = None if told.main_index is None else told.records[told.main_index].id
    if call.has_main and main != names.id_of(wanted.main):
        raise Apart(f"{call} has another main record")
    if told.stopped_running_operation != wanted.stopped or list(told.action_indexes) != wanted.indexes:
        raise Apart(f"{call} was told {told}, expected {wanted}")


def _outcome(plant: Plant, request: Any, now: int) -> model.Outcome:
    if isinstance(request, Annotate):
        after = plant.copied()
        record = annotate(after, request, now)
        return model.Outcome(after, after, [Expected(record.key, [record.key])])
    count = len(request.requests) if isinstance(request, Batch) else 1
    return model.call(plant, request, [now] * count)


def _after_edit(before: State, entry: Edit) -> State:
    if isinstance(entry.wanted, Switch):
        return State(edit(before.plant, entry.wanted, entry.now_millis), before.names, before.forbidden)
    return State(before.plant, before.names, before.forbidden | {entry.wanted})


def _with_effect(entry: Session) -> list[Any]:
    """The calls that may have taken effect; in the order in which they were decided."""
    changed = _changed_by(entry)
    calls = [one for one, end in entry.ends if changed and isinstance(end, Answered)]
    told = {one.principal for one in calls}
    calls += [one for one in entry.calls if one.principal in changed - told and _is_kept(entry, one)]
    return sorted((one for one in calls if not one.is_dry), key=lambda one: _order_of(entry, one))


def _order_of(entry: Session, call: Any) -> tuple[int, bool]:
    """By what tells when it was decided: the order of its first completion; before whoever completed what it began."""
    assert entry.changes is not None
    orders = [(LAST, False)]
    for record in entry.changes.completed_records:
        is_maker = record.common.created_by == call.principal
        if is_maker or record.common.modified_by == call.principal:
            orders.append((record.effect_order, not is_maker))
    return min(orders)


def _is_kept(entry: Session, call: Any) -> bool:
    """Whether what took effect under its request id, if it has one, is what it asks for."""
    assert entry.changes is not None
    kept = {key.principal: one.fingerprint for key, one in entry.changes.new_requests}
    return bool(kept.get(call.principal, call.fingerprint) == call.fingerprint)


def _changed_by(entry: Session) -> set[str]:
    """Whose calls left something."""
    if entry.changes is None:
        return set()
    changes = entry.changes
    records = {one.common.created_by for one in changes.new_records}
    both = (*changes.new_records, *changes.changed_records)
    records |= {one.common.modified_by for one in both if one.common.modified_by}
    return records | {key.principal for key, _ in changes.new_requests + changes.renewed_requests}
