"""Applies a document: matches what it names, creates what is new, updates what differs, deletes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.saving import Saver, save_one
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.refusals import (
    Fault,
    FieldViolation,
    InvalidArgument,
    NameTaken,
    NotFound,
    Refusal,
    Refused,
)
from lotkeeper_server.plant.lookup import Names
from lotkeeper_server.plant.matching import MatchKey, document_key, key_of_entry, rows_by_entry_key
from lotkeeper_server.plant.opening_stock import (
    Difference,
    LotValues,
    OpeningStock,
    difference_of,
    lot_message,
    lot_values,
    open_stocks,
    placed_as_stock,
)
from lotkeeper_server.plant.permissions import May, check_lots_to_make, check_sections, check_statuses
from lotkeeper_server.plant.reading import Entry, Plant, StockEntry
from lotkeeper_server.plant.sections import INVENTORY, NAMED_BY, OPENING_STOCK, SECTIONS, field_readers, references
from lotkeeper_server.store.db.rows import value_where
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.lots import lots_named, with_records
from lotkeeper_server.store.entities.opened import opened_stocks
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.state.definition_changes import note_definition_changes

_METADATA = {"reason_code": "code"}
_SHORT_STEPS = 64
"""So many entries' references are resolved in a millisecond."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was created or updated, or that cannot be made as the document says.

    Attributes:
        position: of its entry in the document.
        entity: in snake_case.
        key: its name, path or code.
        fields: for an update those that changed; None for a creation.
        difference: why it was not applied; None where it was.
    """

    position: int
    entity: str
    key: str
    fields: tuple[str, ...] | None
    difference: Difference | None = None


@dataclass(slots=True)
class AppliedPlant:
    """What an import did; `changes` in the order of the document."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    not_applied: int = 0
    changes: list[Change] = field(default_factory=list)

    def note_effect(self, tx: Transaction) -> None:
        """Notes what was written, all of it together, where anything was."""
        if count := self.created + self.updated:
            tx.effects.append(Effect(item_count=count, detail=f"{self.created} created, {self.updated} updated"))


def apply_plant(tx: Transaction, plant: Plant, principal: str, may: May, breath: Breath | None = None) -> AppliedPlant:
    """Makes the store hold what the document says.

    Args:
        tx: the transaction; it has to be rolled back if this raises.
        plant: the document.
        principal: who makes the edit.
        may: says what else the caller may, beside importing.
        breath: called at each entry.

    Raises:
        Refused: before anything is written, for the first permission that is missing; then for the first entry that
            cannot be applied, with its place as the wrong field.
        Stopped: once nobody waits any more.
    """
    check_sections(plant, may)
    return _Import(tx, principal, may, breath or Breath()).run(plant)


class _Import:
    """One document on its way into a store."""

    def __init__(self, tx: Transaction, principal: str, may: May, breath: Breath) -> None:
        self._tx = tx
        self._breath = breath
        self._short_breath = breath.with_steps_between(_SHORT_STEPS)
        self._principal = principal
        self._may = may
        self._saver = Saver(principal, may, self._note)
        self._names = Names(tx.connection)
        self._changed: dict[str, set[bytes]] = defaultdict(set)
        self._outcome = AppliedPlant()
        self._lots: dict[tuple[Id, str], EntityRow] = {}
        self._kept_lots: set[Id] = set()
        self._written_lots: set[Id] = set()

    def run(self, plant: Plant) -> AppliedPlant:
        check_statuses(self._tx.connection, self._names, plant, self._may, self._tx.now_millis)
        check_lots_to_make(self._tx.connection, self._names, plant, self._may)
        for description in SECTIONS.values():
            if description is d.LOT:
                self._keep_lots(plant.stock)
            self._section(description, plant.entries.get(description.entity, []))
        self._make_lots(plant.stock)
        self._stock(plant.stock)
        for table_name, ids in self._changed.items():
            note_definition_changes(self._tx.connection, table_name, ids)
        self._outcome.changes.sort(key=lambda change: change.position)
        del self._outcome.changes[limits.PLANT_CHANGES_MAX :]
        self._outcome.note_effect(self._tx)
        return self._outcome

    def _note(self, _snapshot: Snapshot, table_name: str, ids: Iterable[bytes]) -> None:
        self._changed[table_name].update(ids)

    def _section(self, description: Description, entries: Sequence[Entry]) -> None:
        """Parents come first, so that a tree may be written in any order."""
        if not entries:
            return
        entries = sorted(entries, key=lambda entry: document_key(description, entry).count("/"))
        for reference in description.references:
            given = {text for entry in entries if (text := entry.references.get(reference.name))}
            self._names.find(reference.target, given)
        grows = any(reference.target == description.entity for reference in description.references)
        resolved = [{} if grows else self._resolved_between(description, entry) for entry in entries]
        rows = rows_by_entry_key(self._tx.connection, description, entries, resolved)
        seen: set[MatchKey] = set()
        for entry, early_ids in zip(entries, resolved, strict=True):
            self._breath()
            ids = self._resolved(description, entry) if grows else early_ids
            key = key_of_entry(description, entry, ids)
            if key in seen:
                text = f"the {description.entity.replace('_', ' ')} {document_key(description, entry)} is given twice"
                raise Refused(InvalidArgument.on(entry.place, Fault.conflicting(text)))
            seen.add(key)
            self._entry(description, entry, ids, rows.get(key))

    def _resolved_between(self, description: Description, entry: Entry) -> Mapping[str, Id | None]:
        """As `_resolved`, and lets others run."""
        self._short_breath()
        return self._resolved(description, entry)

    def _resolved(self, description: Description, entry: Entry) -> Mapping[str, Id | None]:
        """The ids of the entry's references."""
        targets = references(description)
        return {
            name: self._id_of(targets[name].target, text, f"{entry.place}.{name}") if text else None
            for name, text in entry.references.items()
        }

    def _id_of(self, target: str, text: str, place: str) -> Id:
        identifier = self._names.id_of(target, text)
        if identifier is None:
            column = NAMED_BY[target][0]
            raise Refused(NotFound.by(target, _METADATA.get(column, column), text).at(place))
        return identifier

    def _entry(
        self, description: Description, entry: Entry, ids: Mapping[str, Id | None], row: EntityRow | None
    ) -> None:
        """Creates or updates one thing, or leaves it as it is."""
        if row is not None and not _differing(description, entry, ids, row):
            self._outcome.unchanged += 1
            self._know(description, row)
            return
        message, targets = entry.message, references(description)
        for name, identifier in ids.items():
            setattr(message, targets[name].id_field, format_id(identifier) if identifier else "")
        mask, message.id = None, ""
        if row is not None:
            message.id = format_id(row["id"])
            mask = [name for given in entry.given for name in _mask_names(description, given)]
        elif entry.id is not None:
            self._check_free(description, entry, entry.id)
        try:
            saving = save_one(self._tx, description, message, self._saver, mask, new_id=entry.id)
        except Refused as refused:
            raise Refused(_placed(refused.refusal, description, entry.place)) from None
        key = document_key(description, entry)
        if row is None:
            self._outcome.created += 1
            self._outcome.changes.append(Change(entry.position, description.entity, key, None))
        elif fields := _differing(description, entry, ids, row, saving.after()):
            self._outcome.updated += 1
            self._outcome.changes.append(Change(entry.position, description.entity, key, fields))
        else:
            self._outcome.unchanged += 1
        self._know(description, saving.new)

    def _know(self, description: Description, row: EntityRow) -> None:
        self._names.learn(description.table.name, row)
        if description is d.LOT:
            self._lots[row["material_id"], row["name"]] = row
            self._written_lots.add(row["id"])

    def _check_free(self, description: Description, entry: Entry, identifier: Id) -> None:
        if value_where(self._tx.connection, description.table, "id", id=identifier) is not None:
            refusal = NameTaken(entity=description.refusal_entity, name=format_id(identifier))
            raise Refused(refusal.at(f"{entry.place}.id"))

    def _keep_lots(self, stock: Sequence[StockEntry]) -> None:
        """The lots that had a record before this import touched them: they get no opening stock."""
        self._names.find("material", {entry.material for entry in stock})
        keys = {
            (material_id, entry.lot)
            for entry in stock
            if (material_id := self._names.id_of("material", entry.material)) is not None
        }
        self._lots = lots_named(self._tx.connection, keys)
        self._kept_lots = with_records(self._tx.connection, [row["id"] for row in self._lots.values()])

    def _make_lots(self, stock: Sequence[StockEntry]) -> None:
        """Makes the lots of opening stock that neither the store nor the document has, with what their rows say."""
        self._names.find("material", {entry.material for entry in stock})
        said: dict[tuple[Id, str], LotValues] = {}
        for entry in stock:
            self._breath()
            key = self._id_of("material", entry.material, f"{entry.place}.material"), entry.lot
            said[key] = said.get(key, LotValues()).filled_from(lot_values(entry))
        for entry in stock:
            self._breath()
            key = self._names.id_of("material", entry.material) or b"", entry.lot
            if key in self._lots:
                continue
            try:
                saving = save_one(self._tx, d.LOT, lot_message(*key, said[key]), self._saver)
            except Refused as refused:
                raise Refused(placed_as_stock(refused.refusal, entry.place)) from None
            self._know(d.LOT, saving.new)
            self._outcome.created += 1
            self._outcome.changes.append(Change(entry.position, d.LOT.entity, entry.lot, None))

    def _stock(self, stock: Sequence[StockEntry]) -> None:
        self._names.find("location", {entry.location for entry in stock})
        keys = [self._row_of(entry) for entry in stock]
        opened_before = opened_stocks(self._tx.connection, {key for key in keys if key[1] in self._kept_lots})
        seen: set[tuple[Id, Id]] = set()
        opened = []
        for entry, key in zip(stock, keys, strict=True):
            self._breath()
            location_id, lot_id = key
            if key in seen:
                text = f"the stock of {entry.lot} at {entry.location} is given twice"
                raise Refused(InvalidArgument.on(entry.place, Fault.conflicting(text)))
            seen.add(key)
            kept = lot_id in self._kept_lots
            name = f"{entry.lot} at {entry.location}"
            difference = difference_of(
                entry,
                self._lots[self._names.id_of("material", entry.material) or b"", entry.lot],
                opened_before.get(key) if kept else None,
                is_kept=kept,
                is_written_here=lot_id in self._written_lots,
            )
            if difference is not None:
                self._outcome.not_applied += 1
                self._outcome.changes.append(Change(entry.position, OPENING_STOCK, name, difference.fields, difference))
            elif kept:
                self._outcome.unchanged += 1
            if not kept:
                opened.append(OpeningStock(entry, location_id, lot_id))
                self._outcome.created += 1
                self._outcome.changes.append(Change(entry.position, INVENTORY, name, None))
        if opened:
            open_stocks(self._tx, self._principal, opened)

    def _row_of(self, entry: StockEntry) -> tuple[Id, Id]:
        self._short_breath()
        location_id = self._id_of("location", entry.location, f"{entry.place}.location")
        material_id = self._id_of("material", entry.material, f"{entry.place}.material")
        return location_id, self._lots[material_id, entry.lot]["id"]


def _mask_names(description: Description, given: str) -> tuple[str, ...]:
    """The contract's fields by which a given one is saved."""
    if (reference := references(description).get(given)) is not None:
        return (reference.id_field,)
    field = field_readers(description)[given].field
    return (given,) if field is None else field.names


def _differing(
    description: Description,
    entry: Entry,
    ids: Mapping[str, Id | None],
    row: EntityRow,
    new: EntityRow | None = None,
) -> tuple[str, ...]:
    """The given fields that have a different value in the row; with `new`, those that it changed."""
    readers, targets = field_readers(description), references(description)
    differing = []
    for name in entry.given:
        if name in targets:
            column, value = targets[name].column, ids[name]
        elif (one := readers[name].field) is not None:
            column, value = one.column, entry.values[one.column]
        else:
            column, value = name, entry.message.enabled
        if row[column] != (value if new is None else new[column]):
            differing.append(name)
    return tuple(differing)


def _placed(refusal: Refusal, description: Description, place: str) -> Refusal:
    """This refusal with the document's places for the request's fields."""
    parts = {part: one.name for one in description.references for part in one.fields}
    moved = []
    for violation in refusal.violations:
        name = violation.field.removeprefix(f"{description.entity}.")
        moved.append(FieldViolation(f"{place}.{parts.get(name, name)}", violation.description, violation.reason))
    return refusal.instead(tuple(moved) or (FieldViolation(place, refusal.message, refusal.field_reason),))
