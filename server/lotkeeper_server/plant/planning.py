"""Large documents where one transaction holds the store: applied to a private copy, then written in pieces.

What others change meanwhile is noticed before it is switched in, if the document relies on it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.catalog.rules import MAY_CHANGE_WHILE_RUNNING
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import LotStorageStrategy
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.clock import Clock, EffectOrder, SystemClock
from lotkeeper_server.plant.applying import AppliedPlant, apply_plant
from lotkeeper_server.plant.permissions import May, check_sections
from lotkeeper_server.plant.reading import Plant
from lotkeeper_server.plant.trying import copied_for
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.statements import insert_of, write_many
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.lots import with_records
from lotkeeper_server.store.entities.row import EntityTable
from lotkeeper_server.store.entities.runs import running_among
from lotkeeper_server.store.entities.stock import first_broken_stock, lots_lying_at
from lotkeeper_server.store.schema.tables import (
    inventory,
    inventory_lot,
    inventory_operation,
    location,
    unit_of_measure,
)
from lotkeeper_server.store.scratch_changes import Changed, ScratchChanges, read_changes, watch_changes
from lotkeeper_server.store.staged.changing import Change, Changes
from lotkeeper_server.store.staged.relied import has_stock_moved, have_definitions_changed, references_of
from lotkeeper_server.store.staged.staging import Piece
from lotkeeper_server.store.state.definition_changes import note_definition_changes
from lotkeeper_server.store.state.definitions import StoreVersions, read_versions

_SYSTEM_CLOCK: Final = SystemClock()
_AHEAD_MICROS: Final = 60_000_000
_AHEAD_PER_ENTRY_MICROS: Final = 3_000
"""How far ahead of the clock its records are numbered: others' records come before them until they are switched in."""
_AHEAD_OF_OTHERS: Final = 10_000_000
"""And how far at least ahead of the latest one, where an earlier document has brought that ahead of the clock."""
_DERIVED: Final = frozenset({"modified_millis", "modified_by", "version"})


@dataclass(frozen=True, slots=True)
class PlannedPlant:
    """A document as it will be written.

    Attributes:
        outcome: its answer.
        changes: what is written.
        versions: of the snapshot that it was planned on.
        relied: ids of what was there that its things refer to, or that it changes, by table.
        lots_without_records: that were there, and get opening stock or another material or unit.
        changing: the changes of what was there, once they are staged.
    """

    outcome: AppliedPlant
    changes: ScratchChanges
    versions: StoreVersions
    relied: Mapping[str, Collection[Id]]
    lots_without_records: Collection[Id]
    changing: Changes = field(default_factory=Changes)

    def pieces(self, rows_at_once: int) -> Iterator[list[Piece]]:
        """What is staged, so many rows at a time."""
        yield from self.changes.pieces(rows_at_once)
        alike: dict[tuple[EntityTable, tuple[str, ...]], list[Change]] = defaultdict(list)
        for one in self.changes.changed:
            columns = tuple(sorted(_columns(one)))
            new = Change(tuple(one.new[name] for name in columns), one.old["id"], one.old["version"])
            alike[one.table, columns].append(new)
        for (table, columns), some in alike.items():
            for at in range(0, len(some), rows_at_once):
                yield list(self.changing.staged(table, columns, some[at : at + rows_at_once]))


def is_long(plant: Plant) -> bool:
    """Whether applying it takes longer than one transaction of the embedded store should."""
    return plant.size > limits.ROWS_PER_TRANSACTION_MAX // 2  # an entry is looked up, checked and written


def plan_plant(
    snapshot: Snapshot,
    plant: Plant,
    principal: str,
    may: May,
    new_id: Callable[[], Id],
    breath: Breath | None = None,
    clock: Clock = _SYSTEM_CLOCK,
) -> PlannedPlant:
    """Applies a document to a copy.

    Args:
        snapshot: what is copied.
        plant: the document.
        principal: who makes the edit.
        may: says what else the caller may, beside importing.
        new_id: gives the ids that its things will have.
        breath: called at each entry.
        clock: whose present time it is applied at.

    Raises:
        Refused: like `apply_plant`.
        Stopped: like `apply_plant`.
    """
    check_sections(plant, may)
    versions = read_versions(snapshot)
    ahead_of_clock = clock.now_micros() + _AHEAD_MICROS + _AHEAD_PER_ENTRY_MICROS * plant.size
    ahead = max(ahead_of_clock, versions.effect_order + _AHEAD_OF_OTHERS)
    with copied_for(snapshot, plant) as copy:
        watch_changes(copy)
        tx = Transaction(copy, clock.now_millis(), new_id, EffectOrder(lambda: ahead))
        outcome = apply_plant(tx, plant, principal, may, breath)
        changes = read_changes(copy)
    return PlannedPlant(outcome, changes, versions, _relied_on(changes), _lots_without_records(changes))


def switch_plant(tx: Transaction, planned: PlannedPlant) -> bool:
    """Writes what is not staged, and notes what changed; False if the plan is out of date: then nothing may stay.

    Args:
        tx: the write transaction that switches in what is staged.
        planned: the document.
    """
    changes, connection = planned.changes, tx.connection
    if changes.orders and read_versions(connection).effect_order >= changes.orders.first:
        return False
    if have_definitions_changed(connection, planned.versions.definitions, lambda: planned.relied):
        return False
    lots, places = planned.relied.get("inventory_lot", ()), _places_with_rules(changes)
    if has_stock_moved(connection, planned.versions.effect_order, lots, places):
        return False
    if with_records(connection, planned.lots_without_records):
        return False
    if _is_in_use(connection, changes.changed) or not planned.changing.make(connection):
        return False
    write_many(connection, insert_of(inventory), changes.stock.get(None, []))
    for entity, ids in changes.noted.items():
        note_definition_changes(connection, entity, ids)
    planned.outcome.note_effect(tx)
    return True


def _relied_on(changes: ScratchChanges) -> dict[str, set[Id]]:
    """What was there that the document's things refer to, or that it changes."""
    relied: dict[str, set[Id]] = defaultdict(set)
    for table in changes.made:
        for name, ids in references_of(table, changes.made_of(table)).items():
            relied[name] |= ids
    for one in changes.changed:
        relied[one.table.name].add(one.new["id"])
        for name, ids in references_of(one.table, [one.new]).items():
            relied[name] |= ids
    for table, rows in changes.made.items():
        relied[table.name].difference_update(row[0] for row in rows)
    return relied


def _lots_without_records(changes: ScratchChanges) -> set[Id]:
    """A run that has begun moves no stock yet, but it has a record."""
    made = {row[0] for row in changes.made[inventory_lot]}
    opened = {row[1] for rows in changes.stock.values() for row in rows} - made
    bound = {"material_id", "unit_of_measure_id"}
    return opened | {one.old["id"] for one in changes.changed if one.table is inventory_lot and bound & _columns(one)}


def _places_with_rules(changes: ScratchChanges) -> set[Id]:
    """The locations that get stock and have a rule about all that lies there."""
    at = {row[0] for rows in changes.stock.values() for row in rows}
    return at & changes.places_with_rules


def _is_in_use(snapshot: Snapshot, changed: list[Changed]) -> bool:
    """Whether anything is to change that must not while it is used as it is now."""
    stopped = {
        one.old["id"]
        for one in changed
        if one.table is inventory_operation and not _columns(one) <= MAY_CHANGE_WHILE_RUNNING | _DERIVED
    }
    emptied = [
        one.old["id"]
        for one in changed
        if one.table is location
        and "lot_storage_strategy" in _columns(one)
        and one.new["lot_storage_strategy"] == LotStorageStrategy.NO_STORAGE
    ]
    made_whole = [
        one.old["id"]
        for one in changed
        if one.table is unit_of_measure and "whole_only" in _columns(one) and one.new["whole_only"]
    ]
    return (
        bool(running_among(snapshot, stopped))
        or any(lots_lying_at(snapshot, one) for one in emptied)
        or any(first_broken_stock(snapshot, one) for one in made_whole)
    )


def _columns(one: Changed) -> set[str]:
    return {name for name, value in one.new.items() if value != one.old[name]}
