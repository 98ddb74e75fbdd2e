"""Whether all that was answered can be told as one story: call after call, by the second reading of the rules.

Transactions count in the order in which they committed, the calls of one in the order in which they were decided, as the
ids of their records tell: what misses something is decided after those that do not. What a transaction read without a lock (that an operation is
idle, a definition before its last look) may have changed before its commit; such a transaction may count at an earlier
moment, but not before it began, and not before a change of definitions that it had seen.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from lotkeeper_server.domain.model.stock import Answer
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
from tests.simulation.comparing import Apart, Names, compare_record, compare_records, compare_refusal
from tests.simulation.database import Edit, Session

DENIED = "PERMISSION_DENIED"


@dataclass(frozen=True)
class State:
    """The plant after so much of the story."""

    plant: Plant
    names: Names
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """A part of the story, and what is after it."""

    number: int
    entry: Session | Edit | None
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
        self._steps = [Step(-1, None, State(plant, names))]
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
        steps = self._steps
        lowest = self._lowest(entry)
        failure: Apart | None = None
        for place in range(len(steps), lowest - 1, -1):
            try:
                after = self._after(steps[place - 1].after, entry)
                told = [*steps[:place], Step(number, entry, after)]
                for later in steps[place:]:
                    assert later.entry is not None
                    told.append(Step(later.number, later.entry, self._after(told[-1].after, later.entry)))
            except Apart as apart:
                failure = failure or apart
                continue
            if isinstance(entry, Session):
                self._check_without_effect(entry, lowest)
            self._steps = told
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

    def _after(self, state: State, entry: Session | Edit) -> State:
        if isinstance(entry, Edit):
            if not isinstance(entry.wanted, Switch):
                return State(state.plant, state.names, state.forbidden | {entry.wanted})
            return State(edit(state.plant, entry.wanted, entry.now_millis), state.names, state.forbidden)
        return self._path(state, entry)[-1]

    def _path(self, before: State, entry: Session) -> list[State]:
        """Before a transaction, and after each call of it that took effect.

        Raises:
            Apart: where there is no order of them in which all is right.
        """
        in_order, anywhere = _with_effect(entry)
        failures: list[Apart] = []

        def search(path: list[State], in_order: list[Any], anywhere: list[Any]) -> list[State] | None:
            if not in_order and not anywhere:
                return path
            for call in [*in_order[:1], *anywhere]:
                try:
                    after = self._play_one(path[-1], entry, call)
                except Apart as apart:
                    failures.append(apart)
                    continue
                rest = in_order[1:] if in_order and call is in_order[0] else in_order
                if found := search([*path, after], rest, [one for one in anywhere if one is not call]):
                    return found
            return None

        if path := search([before], in_order, anywhere):
            return path
        raise failures[0]

    def _check_without_effect(self, entry: Session, lowest: int) -> None:
        """Refusals, repeats and dry runs are right if they were right at any moment of their transaction."""
        with_effect = [*itertools.chain(*_with_effect(entry))]
        left = [(call, end) for call, end in entry.ends if not any(call is one for one in with_effect)]
        failure: Apart | None = None
        for place in range(len(self._steps), lowest - 1, -1):
            try:
                path = self._path(self._steps[place - 1].after, entry) if left else []
            except Apart:
                continue
            for state in path:
                for call, end in list(left):
                    try:
                        self._play(state, entry, call, end)
                        left.remove((call, end))
                    except Apart as apart:
                        failure = failure or apart
        if left:
            assert failure is not None
            raise failure

    def _play_one(self, state: State, entry: Session, call: Any) -> State:
        for other, end in entry.ends:
            if other is call:
                return self._play(state, entry, call, end)
        return self._play_untold(state, entry, call)

    def _play(self, state: State, entry: Session, call: Any, end: Any) -> State:
        """One call, and the comparison of what was said."""
        is_denied = isinstance(end, Refused) and end.refusal.reason == DENIED
        if is_denied or call.principal in state.forbidden:
            if is_denied != (call.principal in state.forbidden):
                raise Apart(f"{call} was told {end}, and its caller may {'' if is_denied else 'not '}do it")
            return state
        names = state.names.copied()
        request = with_references(call.request, names.to_model)
        try:
            outcome = _outcome(state.plant, request, entry.now_millis)
        except Refusal as expected:
            if not isinstance(end, Refused):
                raise Apart(f"{call} was answered, expected {expected}") from None
            compare_refusal(end, expected)
            return state
        if isinstance(end, Refused):
            raise Apart(f"{call} was refused with {end.refusal}, expected {outcome.results}")
        told = end.value if isinstance(request, Batch) else [end.value]
        if len(told) != len(outcome.results):
            raise Apart(f"{call} has {len(told)} results")
        for one, wanted in zip(told, outcome.results, strict=True):
            _compare_result(names, outcome, call, one, wanted)
        records = [record for one in told if isinstance(one, Answer) for record in one.records]
        self._order_arrivals(state.plant, outcome.plant, names, {one.id: one.effect_order for one in records})
        return State(outcome.plant, names, state.forbidden)

    def _play_untold(self, state: State, entry: Session, call: Any) -> State:
        """What took effect, and its caller was told that nobody knows."""
        if call.ended is None or call.ended.refusal.reason != "STORE_UNAVAILABLE":
            raise Apart(f"{call} took effect, and was told {call.ended}")
        assert entry.changes is not None
        request = with_references(call.request, state.names.to_model)
        try:
            outcome = _outcome(state.plant, request, entry.now_millis)
        except Refusal as refusal:
            raise Apart(f"{call} took effect, expected {refusal}") from None
        names = state.names.copied()
        changed = {one.id: one for one in entry.changes.changed_records}
        new = [one for one in entry.changes.new_records if one.common.created_by == call.principal]
        for wanted in outcome.results:
            for key in wanted.records if isinstance(wanted, Expected) else []:
                identifier = names.id_of(key)
                if identifier is None and not new:
                    raise Apart(f"{call} should have left {key}")
                record = new.pop(0) if identifier is None else changed.get(identifier)
                if record is not None:
                    compare_record(names, outcome.seen, key, record)
        orders = {one.id: one.effect_order for one in (*entry.changes.new_records, *changed.values())}
        self._order_arrivals(state.plant, outcome.plant, names, orders)
        return State(outcome.plant, names, state.forbidden)

    def _order_arrivals(self, before: Plant, after: Plant, names: Names, orders: dict[bytes, int]) -> None:
        if self._by_clocks and after is not before:
            for row in after.rows.values():
                identifier = names.id_of(row.arrived_record)
                if identifier in orders:
                    row.arrival = orders[identifier]


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


def _with_effect(entry: Session) -> tuple[list[Any], list[Any]]:
    """The calls that took effect: those that made records, in order, and the others."""
    changed = _changed_by(entry)
    answered = [one for one, end in entry.ends if isinstance(end, Answered)]
    # What changes a record may be changed over by the next, so that nothing tells of it.
    calls = [one for one in answered if one.principal in changed or (changed and one.changes_records)]
    told = {one.principal for one in calls}
    calls += [one for one in entry.calls if one.principal in changed - told and _is_kept(entry, one)]
    calls = [one for one in calls if not one.is_dry]
    first: dict[str, bytes] = {}
    for record in entry.changes.new_records if entry.changes else []:
        first[record.common.created_by] = min(first.get(record.common.created_by, record.id), record.id)
    in_order = sorted((one for one in calls if one.principal in first), key=lambda one: first[one.principal])
    return in_order, [one for one in calls if one.principal not in first]


def _is_kept(entry: Session, call: Any) -> bool:
    """Whether what took effect under its request id, if it has one, is what it asks for."""
    assert entry.changes is not None
    kept = {key.principal: one.fingerprint for key, one in entry.changes.new_requests}
    return kept.get(call.principal, call.fingerprint) == call.fingerprint


def _changed_by(entry: Session) -> set[str]:
    """Whose calls left something."""
    if entry.changes is None:
        return set()
    changes = entry.changes
    records = {one.common.created_by for one in changes.new_records}
    records |= {one.common.modified_by for one in changes.changed_records if one.common.modified_by}
    return records | {key.principal for key, _ in changes.new_requests + changes.renewed_requests}
