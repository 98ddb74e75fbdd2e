"""Stock in time on a store: random calls with ends in the past, long timelines that are kept, and the list as of."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest
from lotkeeper_server.domain.commands import Command, ExecuteActions, RequestedAction, Reverse
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import TimelineKey
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import InventoryActionType
from lotkeeper_server.domain.model.identifiers import LocationId, LotId, RecordId
from lotkeeper_server.domain.model.timeline import Timeline
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.engine import batch
from lotkeeper_server.engine.calls import Answered
from lotkeeper_server.engine.clock import EffectOrder, IdSource, now_micros
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.lists.inventory import InventoryFilter
from lotkeeper_server.store.lists.stock_history import list_inventory_as_of
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.archive_tables import archive_state
from lotkeeper_server.store.state import timelines
from lotkeeper_server.store.state.decision_store import StoreOfDecisions
from lotkeeper_server.store.state.timelines import load_timelines
from lotkeeper_server.store.verification import verify
from sqlalchemy import insert, select

from tests.stored_plant import StoredPlant

NOW = 1_750_000_000_000
SPAN = 1_000
"""Ends lie within so many milliseconds before now, so that many meet."""


@dataclass
class Process:
    """Decides calls on a store, one transaction after the other, as an engine does."""

    store: Store
    new_id: IdSource
    ahead_micros: int = 0
    cache: DefinitionCache = field(default_factory=DefinitionCache)

    def __post_init__(self) -> None:
        self.order = EffectOrder(lambda: now_micros() + self.ahead_micros)
        self.decisions = StoreOfDecisions(self.store)

    def decide(self, *commands: Command) -> list[Any]:
        """In one transaction, with a tolerance of nothing."""
        with self.decisions.write(Locking.SKIP) as tx:
            state = WorkingSet(self.cache)
            prefetch = batch.Prefetch(state, commands)
            versions, held = tx.begin(state, prefetch.first, holds_versions=False)
            self.order.follow(versions.effect_order)
            context = Context(NOW, self.new_id, lambda: "", self.order, 1_000_000, 1_000_000, 1_000_000, 1)
            decided = batch.decide_all(tx, state, commands, context, held | prefetch.load_rest(tx))
            tx.write(decided.changes, self.new_id(), NOW)
        return decided.results

    @property
    def kept(self) -> dict[Any, Timeline]:
        """What it keeps between transactions."""
        return {row: kept.timeline for row, kept in self.decisions._kept._kept.items()}


def flat(timeline: Timeline) -> list[tuple[int, int]]:
    """Moments at which something changed."""
    return [
        (moment, change)
        for block in timeline._blocks
        for moment, change in zip(block.moments, block.changes, strict=True)
        if change
    ]


def counts(timeline: Timeline) -> dict[RecordId, int]:
    return {record_id: end for record_id, end in timeline.counts.items() if end > 0}


def fresh(store: Store, row: tuple[LocationId, LotId], since: int) -> Timeline:
    """Read anew."""
    state = WorkingSet(DefinitionCache())
    with store.read() as connection:
        load_timelines(connection, state, [TimelineKey(*row, since)], None)
    return state.timelines.by_row[row]


def action(
    kind: str, lot: bytes | None, place: bytes, quantity: float | None, end: int, **more: Any
) -> RequestedAction:
    where = "destination" if kind in {"RECEIVE", "UNCONSUME"} else "source"
    millionths = None if quantity is None else int(quantity * 1_000_000)
    values: dict[str, Any] = {where: place, "end_millis": end, "start_millis": end, "quantity_millionths": millionths}
    return RequestedAction(InventoryActionType[kind], lot=lot, **(values | more))


@pytest.mark.parametrize("seed", range(2))
def test_no_moment_of_any_row_is_below_zero_whatever_comes_in_whichever_order(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """By the list as of every moment; what two processes keep in memory is what the store says."""
    monkeypatch.setattr(timelines, "KEPT_MOMENTS_MIN", 1)
    monkeypatch.setattr(timelines, "RECORDS_FOLLOWED_MAX", 12)
    dice, plant = random.Random(seed), StoredPlant(store)
    places = [plant.location(name) for name in ("Silo", "Tank")]
    lots = [plant.lot(f"L{number}") for number in range(3)]
    new_id = IdSource()
    processes = [Process(store, new_id), Process(store, new_id, ahead_micros=2_000_000)]
    done: list[RecordId] = []
    ends: defaultdict[str, int] = defaultdict(int)
    for turn in range(100):
        process = dice.choice(processes)
        commands = [
            random_command(dice, plant, lots, places, done, f"{turn}-{number}")
            for number in range(dice.choice([1, 1, 3]))
        ]
        for result in process.decide(*commands):
            ends[type(result).__name__] += 1
            if isinstance(result, Answered):
                done += [record.id for record in result.value.records]
        for one in processes:
            for row, timeline in one.kept.items():
                stored = one.decisions._kept._kept[row].changed_order
                with store.read() as connection:
                    table = tables.inventory.c
                    where = (table.location_id == row[0], table.lot_id == row[1])
                    (now,) = connection.execute(select(table.changed_order).where(*where)).one()
                if stored == now:
                    again = fresh(store, row, timeline.since_millis)
                    assert flat(timeline) == flat(again)
                    assert counts(timeline) == counts(again)
    assert min(ends["Answered"], ends["Refused"]) > 20, ends
    with store.read() as connection:
        _check_every_moment(connection)
        assert not verify(connection).differences
    for one in processes:
        one.decisions.close()


_PASSES = "passes through"


def random_command(
    dice: random.Random, plant: StoredPlant, lots: list[bytes], places: list[bytes], done: list[RecordId], name: str
) -> Command:
    kind = dice.choice(
        ["RECEIVE"] * 4 + ["CONSUME"] * 4 + ["MOVE", "SPLIT", "MERGE", "EDIT", "EDIT", "PASS", "REVERSE"]
    )
    if kind == "REVERSE" and done:
        return Reverse("me", dice.choice(done))
    end = NOW - dice.randrange(SPAN)
    place, lot = dice.choice(places), dice.choice(lots)
    more: dict[str, Any] = {}
    match kind:
        case "MOVE":
            more["destination"] = next(one for one in places if one != place)
        case "SPLIT":
            more["new_lot_name"] = f"S{name}"
        case "MERGE":
            more["secondary_lot"] = next(one for one in dice.sample(lots, 2) if one != lot)
        case "PASS" | "REVERSE":
            kind, more["notes"] = "RECEIVE_AND_CONSUME", _PASSES
    picked = kind == "CONSUME" and dice.random() < 0.3
    quantity = None if kind == "MERGE" else float(dice.choice([1, 2, 5, 10]))
    wanted = action(kind, None if picked else lot, place, quantity, end, **more)
    if picked:
        wanted.material = plant.milk
    return ExecuteActions("me", [wanted])


def _check_every_moment(connection: Any) -> None:
    records, rows = tables.inventory_lot_record.c, tables.inventory.c
    moments = set(connection.execute(select(records.end_millis)).scalars())
    assert len(moments) > 50
    for moment in sorted(moments):
        page = list_inventory_as_of(connection, InventoryFilter(include_empty=True), moment, b"", 1_000)
        assert all(entry.millionths >= 0 for entry in page.entries), (moment, page.entries)
    latest = {}
    for source, destination, lot, other, kind, at_source, at_destination, end in connection.execute(
        select(
            records.source_location_id,
            records.destination_location_id,
            records.lot_id,
            records.secondary_lot_id,
            records.lot_record_type,
            records.source_quantity_change,
            records.destination_quantity_change,
            records.end_millis,
        ).where(records.notes != _PASSES)
    ):
        touched = [(source, lot)] if at_source or kind == 10 else []
        touched += [(source, other)] if at_source and kind in {5, 6} else []
        touched += [(destination, lot)] if at_destination else []
        for row in touched:
            latest[row] = max(end, latest.get(row, end))
    stored = {
        (place, lot): end
        for place, lot, end in connection.execute(select(rows.location_id, rows.lot_id, rows.latest_end_millis))
    }
    assert stored.items() <= latest.items()


def test_a_count_before_the_archive_is_refused_and_a_fall_looks_at_what_came_after(store: Store) -> None:
    """The moment until which records are archived is read with the past of a row, and without."""
    plant = StoredPlant(store)
    silo, lot, other = plant.location("Silo"), plant.lot("L"), plant.lot("other")
    process = Process(store, IdSource())
    (received,) = process.decide(ExecuteActions("me", [action("RECEIVE", lot, silo, 5, NOW)]))
    assert isinstance(received, Answered)
    with store.write() as connection:
        until = {"files": 1, "until_millis": NOW - 10, "feed_order": 1, "owner": "", "renewals": 1}
        connection.execute(insert(archive_state).values(id=1, **until))
    for which, end, reason in (
        (lot, NOW - 11, "AS_OF_ARCHIVED"),
        (other, NOW - 11, "AS_OF_ARCHIVED"),
        (other, NOW - 10, ""),
        (other, NOW - 10, ""),
        (other, NOW - 11, "AS_OF_ARCHIVED"),
    ):
        (counted,) = process.decide(ExecuteActions("me", [action("EDIT", which, silo, 1, end)]))
        assert (counted.refusal.reason if isinstance(counted, Refused) else "") == reason
    (fell,) = process.decide(ExecuteActions("me", [action("CONSUME", lot, silo, 1, NOW - 500)]))
    assert isinstance(fell, Refused)
    assert fell.refusal.metadata["at"].endswith(".990Z")
    process.decisions.close()
