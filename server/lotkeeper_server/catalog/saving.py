"""Save, for every entity: checks shape, id, version, references, rules, in this order; then writes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from google.protobuf.message import Message

from lotkeeper_server.catalog import hierarchy, rules
from lotkeeper_server.catalog.descriptions import LOCATION, Description
from lotkeeper_server.catalog.echoes import echoes
from lotkeeper_server.catalog.fields import NoteFault
from lotkeeper_server.catalog.lookups import Lookups, StoreLookups
from lotkeeper_server.catalog.names_left import NO_NAMES, names_left
from lotkeeper_server.catalog.references import Parts, looked_up, read_parts, resolve_reference
from lotkeeper_server.catalog.save_in_progress import NoteChanges, Saving, ScopeOf, everywhere
from lotkeeper_server.domain.model.identifiers import Id, format_id, parse_id
from lotkeeper_server.domain.refusals import (
    Fault,
    FieldViolation,
    InvalidArgument,
    NameTaken,
    NotFound,
    Refusal,
    Refused,
    VersionConflict,
)
from lotkeeper_server.store.db.rows import insert_row, update_row
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.state.definition_changes import note_definition_changes

MASK_FIELD = "update_mask"


@dataclass(frozen=True, slots=True)
class Saver:
    """Who saves, what they may and where, and where changed definitions are noted: at once, or at the end of many."""

    principal: str
    may: Callable[[str], bool]
    note: NoteChanges = note_definition_changes
    scope_of: ScopeOf = everywhere


def save(
    tx: Transaction,
    description: Description,
    message: Message,
    saver: Saver,
    mask: Sequence[str] | None = None,
    *,
    new_id: Id | None = None,
) -> Id:
    """Creates or updates; returns the id.

    Args:
        tx: the write transaction.
        description: of the entity.
        message: its proto; without an id it is created.
        saver: who saves.
        mask: the fields to update; None for all.
        new_id: the id of a new entity, if the caller of this function has one.

    Raises:
        Refused: by the first check that fails.
    """
    return save_one(tx, description, message, saver, mask, new_id=new_id).id


def save_one(
    tx: Transaction,
    description: Description,
    message: Message,
    saver: Saver,
    mask: Sequence[str] | None = None,
    *,
    new_id: Id | None = None,
) -> Saving:
    """Saves like `save`, but returns all that it knows in the end, also the row before and the row after."""
    saving = checked(tx, StoreLookups(tx.connection), description, message, saver, mask, new_id=new_id)
    if saving.is_change:
        _write(saving)
    return saving


def validate(
    tx: Transaction, description: Description, message: Message, saver: Saver, mask: Sequence[str] | None
) -> list[Refusal]:
    """Returns everything that `save` would refuse; writes nothing."""
    collected: list[Refusal] = []
    try:
        checked(tx, StoreLookups(tx.connection), description, message, saver, mask, collected=collected)
    except Refused as refused:
        collected.append(refused.refusal)
    return collected


def checked(
    tx: Transaction,
    lookups: Lookups,
    description: Description,
    message: Any,
    saver: Saver,
    mask: Collection[str] | None,
    *,
    new_id: Id | None = None,
    collected: list[Refusal] | None = None,
    misread: Mapping[str, Fault] | None = None,
) -> Saving:
    """Makes every check of a save, and writes nothing.

    Args:
        tx: the transaction; one that reads is enough if nothing will be written.
        lookups: what the checks look up.
        description: of the entity.
        message: its proto; without an id it is created.
        saver: who saves.
        mask: the fields to update; None for all.
        new_id: the id of a new entity; None for the next one.
        collected: collects refusals; None raises the first.
        misread: what is wrong with fields whose values could not be put into the message, by field.

    Returns:
        The save, ready to be written if nothing was refused.

    Raises:
        Refused: by the first check that fails; where refusals are collected, only where no more can be said.
    """
    faults = _Faults(description.entity)
    creates = not message.id
    given_id = parse_id(message.id) if message.id else None
    if message.id and given_id is None:
        faults.note("id", Fault.malformed(f"{message.id} is not a ULID"))
    looked_at = None if mask is None or creates else frozenset(mask)
    unknown = sorted((looked_at or frozenset()) - description.maskable)
    faults.violations.extend(FieldViolation.of(MASK_FIELD, Fault.unknown(f"{name} is not a field")) for name in unknown)
    if message.version < 0:
        faults.note("version", Fault.out_of_range(f"{message.version} is below 0"))
    saving = Saving(
        tx=tx,
        lookups=lookups,
        description=description,
        principal=saver.principal,
        may=saver.may,
        looked_at=looked_at,
        named_version=message.version,
        id=given_id or new_id or tx.new_id(),
        collected=collected,
        unsettled=faults.unsettled,
        note=saver.note,
        scope_of=saver.scope_of,
    )
    for name, fault in (misread or {}).items():
        faults.note(name, fault)
    if given_id is not None and (seen := within(tx.connection)) is not None:
        row = lookups.stored(description, given_id)
        seen.check_row(tx.connection, description.table.name, row, saving.path_of("id"))
    left = NO_NAMES if creates or given_id is None else names_left(saving, message)
    left |= echoes(saving, message)
    values, parts = _read(saving, message, faults.note, left)
    for reference in description.references:
        given = parts[reference.name].given if reference.name in parts else {}
        if given and reference.id_field not in given:
            saving.given_instead[reference.id_field] = next(iter(given))
    if faults.violations:
        refusal = InvalidArgument.of(tuple(faults.violations))
        if "id" in faults.unsettled:  # what it would update is not known: nothing more can be checked
            raise Refused(refusal)
        saving.refuse(refusal)
    saving.old = None if creates else _stored(saving)
    if saving.old is not None and saving.named_version not in {0, saving.old["version"]}:
        conflict = VersionConflict(expected=saving.named_version, actual=saving.old["version"])
        saving.refuse(conflict.at(saving.path_of("version")))
    saving.new = _blank(saving) if saving.old is None else dict(saving.old)
    saving.new.update(values)
    rules.check_stored(saving)
    for reference in description.references:
        if (named := parts.get(reference.name)) is not None:
            resolve_reference(saving, reference, named)
    rules.check(saving)
    _check_parent_seen(saving)
    hierarchy.check(saving)
    _check_unique(saving)
    return saving


@dataclass(slots=True)
class _Faults:
    """Faults of a message's shape, and the fields that have them, whose new value is not known."""

    entity: str
    violations: list[FieldViolation] = field(default_factory=list)
    unsettled: set[str] = field(default_factory=set)

    def note(self, name: str, fault: Fault) -> None:
        """What is wrong with a field."""
        self.violations.append(FieldViolation.of(f"{self.entity}.{name}", fault))
        self.unsettled.add(name)


def _read(
    saving: Saving, message: Message, fault: NoteFault, left: frozenset[str]
) -> tuple[EntityRow, Mapping[str, Parts]]:
    """The values of the fields that count, and the parts of the references that count; names that are left stay."""
    description = saving.description
    values: EntityRow = {}
    for one in description.all_fields:
        names = [name for name in one.names if saving.looks_at(name) and (name == one.name or name not in left)]
        if names and one.name not in left:
            values[one.column] = one.read_from(message, names, fault)
    if saving.looks_at("enabled") and message.HasField("enabled"):
        values["enabled"] = message.enabled  # type: ignore[attr-defined]  # every entity has it
    parts = {}
    for reference in description.references:
        looked_at = [name for name in looked_up(reference) if saving.looks_at(name)]
        if not left.isdisjoint(looked_at):
            looked_at = [name for name in looked_at if name not in left and getattr(message, name)]
        if looked_at:
            parts[reference.name] = read_parts(reference, message, looked_at, fault)
            if not saving.unsettled.isdisjoint(looked_at):
                saving.unsettled.add(reference.name)
    return values, parts


def _stored(saving: Saving) -> EntityRow:
    row = saving.lookups.stored(saving.description, saving.id)
    if row is None:
        refusal = NotFound(entity=saving.description.refusal_entity, id=format_id(saving.id))
        raise Refused(refusal.at(saving.path_of("id")))
    return row


def _blank(saving: Saving) -> EntityRow:
    """A row to create, before anything is known about it."""
    return _defaults(saving.description) | {
        "id": saving.id,
        "enabled": True,
        "created_millis": saving.tx.now_millis,
        "created_by": saving.principal,
        "version": 1,
    }


@cache
def _defaults(description: Description) -> EntityRow:
    return {
        column.name: None if column.default is None else column.default.arg  # type: ignore[attr-defined]  # scalars only
        for column in description.table.columns
    }


def _check_parent_seen(saving: Saving) -> None:
    """A location may be made, or moved, only below one that the caller may change; references were checked already."""
    if saving.description is not LOCATION or "parent" in saving.unsettled or saving.new["parent_id"] is not None:
        return
    seen = within(saving.tx.connection)
    if seen is not None and saving.changed("parent_id"):
        saving.refuse(seen.refusal.at(saving.path_of("parent_id")))


def _check_unique(saving: Saving) -> None:
    for columns, field_name in saving.description.unique:
        if not saving.unsettled.isdisjoint(columns) or not any(saving.changed(column) for column in columns):
            continue
        values = {column: saving.new[column] for column in columns}
        if saving.lookups.is_taken(saving.description, values, saving.id):
            texts = (value for column in columns if isinstance(value := saving.new[column], str))
            name = next(texts, "")
            refusal = NameTaken(entity=saving.description.refusal_entity, name=name)
            saving.refuse(refusal.at(saving.path_of(field_name)))


def _write(saving: Saving) -> None:
    table, connection = saving.description.table, saving.tx.connection
    rules.before_write(saving)
    if saving.old is None:
        insert_row(connection, table, saving.new)
    else:
        saving.new["version"] = saving.old["version"] + 1
        saving.new["modified_millis"] = saving.tx.now_millis
        saving.new["modified_by"] = saving.principal
        values = {name: value for name, value in saving.new.items() if value != saving.old[name]}
        update_row(connection, table, saving.id, values)
    hierarchy.after_write(saving)
    rules.after_write(saving)
    if saving.description.is_definition:
        saving.note(connection, table.name, [saving.id])
