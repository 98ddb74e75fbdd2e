"""Import of inventory operations: each row is checked as a Save of its fields.

That is done outside of any write transaction. What will be written is planned in a file, and one transaction writes it,
set by set.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exchange_columns import header_of_fields
from lotkeeper_server.catalog.exchange_reading import READERS, Row
from lotkeeper_server.catalog.import_lookups import ImportLookups, LookupKey, key_of
from lotkeeper_server.catalog.rules import MAY_CHANGE_WHILE_RUNNING
from lotkeeper_server.catalog.saving import Saver, checked
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, NameTaken, Refusal, Refused
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.statements import insert_of, write_many
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import ReadTransaction
from lotkeeper_server.store.entities.row import EntityRow, update_entity_rows
from lotkeeper_server.store.entities.runs import add_idle_runs, idle_runs, lock_running_among, running_among
from lotkeeper_server.store.entities.within import scope_in, within
from lotkeeper_server.store.import_plan import ImportPlan
from lotkeeper_server.store.schema.tables import NO_ID
from lotkeeper_server.store.staged.changing import Change, Changes
from lotkeeper_server.store.staged.relied import Relied, have_definitions_changed
from lotkeeper_server.store.staged.staging import Piece
from lotkeeper_server.store.state.definition_changes import note_definition_changes
from lotkeeper_server.store.state.definitions import read_versions

ROWS_AT_ONCE: Final = 250
_TABLE: Final = INVENTORY_OPERATION.table
_KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Failure:
    """A wrong row: its physical line, the reason that a Save would give, the column as the header names it, and why."""

    line: int
    reason: str
    column: str
    description: str


@dataclass(slots=True)
class ImportCounts:
    """What an import did, or would do: counts, and the first rows at fault."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class Import:
    """One import: its file, its options, its plan, and its outcome.

    Attributes:
        file: the whole stream, from its beginning.
        format: CSV or JSON.
        keep_good_rows: whether the good rows are written if others are wrong.
        saver: who imports.
        plan: what will be written.
        stopped: set once nobody waits any more.
        outcome: of the plan.
        definitions_version: of the snapshot that the plan was made on.
        scope: where the caller might write then; None for everywhere.
        relied: of a staged plan, ids of what was there that rows refer to or update, by table.
        not_while_running: of a staged plan, the ids of what must not run when its change is made.
        changing: of a staged plan, its updates.
    """

    file: BinaryIO
    format: str
    keep_good_rows: bool
    saver: Saver
    plan: ImportPlan
    stopped: threading.Event
    outcome: ImportCounts = field(default_factory=ImportCounts)
    definitions_version: int = -1
    scope: Scope | None = None
    relied: Relied = field(default_factory=dict)
    not_while_running: frozenset[Id] = frozenset()
    changing: Changes = field(default_factory=Changes)

    @property
    def is_long(self) -> bool:
        """Whether it writes more than one transaction of the embedded store should."""
        return self.outcome.created + self.outcome.updated > limits.ROWS_PER_TRANSACTION_MAX

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        undone = self.outcome.failed and not self.keep_good_rows
        return not undone and self.outcome.created + self.outcome.updated > 0

    def result(self) -> ImportCounts:
        """The answer: one wrong row undoes all, unless good rows are kept."""
        if self.outcome.failed and not self.keep_good_rows:
            self.outcome.created = self.outcome.updated = 0
        return self.outcome


def plan_import(snapshot: Snapshot, one: Import) -> None:
    """Checks every row on one snapshot, and plans what to write; an earlier plan is dropped.

    Raises:
        Refused: INVALID_ARGUMENT where there are too many wrong rows.
        Stopped: once nobody waits any more.
    """
    one.plan.clear()
    one.outcome = ImportCounts()
    one.definitions_version = read_versions(snapshot).definitions
    one.scope = scope_in(snapshot)
    one.file.seek(0)
    # A plan creates nothing: new things get their id and their moment when they are written.
    tx = Transaction(snapshot, 0, lambda: NO_ID, lambda floor: floor)
    breath = Breath(one.stopped)
    rows = READERS[one.format](one.file, INVENTORY_OPERATION, breath)
    while chunk := _some(rows):
        lookups = ImportLookups(snapshot, [row for row in chunk if not row.fault])
        for row in chunk:
            breath()
            _plan_row(tx, one, lookups, row)
        if one.outcome.failed > limits.IMPORT_FAILURES_MAX:
            raise Refused(
                InvalidArgument.on("data", Fault.malformed(f"has more than {limits.IMPORT_FAILURES_MAX} wrong rows"))
            )


def _some(rows: Iterator[Row]) -> list[Row]:
    """The next rows, as many as are looked at together."""
    some: list[Row] = []
    size = 0
    for row in islice(rows, ROWS_AT_ONCE):
        some.append(row)
        size += row.message.ByteSize()
        if size > limits.IMPORT_ROWS_BYTES_MAX:
            break
    return some


def write_import(tx: Transaction, one: Import, *, plan_again: bool) -> bool:
    """Writes the plan; returns False and does nothing if the plan is out of date.

    Args:
        tx: the write transaction.
        one: as planned.
        plan_again: whether to make a plan that is out of date again, in this transaction.
    """
    if _has_become_old(tx.connection, one):
        if not plan_again:
            return False
        plan_import(tx.connection, one)
    if not one.writes:
        return True
    changed: list[bytes] = []
    insert = insert_of(_TABLE)
    for ids, rows in one.plan.creations(tx.new_id, tx.now_millis):
        write_many(tx.connection, insert, rows)
        add_idle_runs(tx.connection, ids)
        _note(changed, ids)
    for columns, rows in one.plan.updates():
        _write_updates(tx, columns, rows, one.saver.principal)
        _note(changed, [row["id"] for row in rows])
    note_definition_changes(tx.connection, _TABLE.name, changed)
    tx.effects.append(_effect(one.outcome))
    return True


def staged_pieces(one: Import, new_id: Callable[[], Id], now_millis: int, rows_at_once: int) -> Iterator[list[Piece]]:
    """What a plan creates and updates, to be staged, so many rows at a time."""
    for ids, rows in one.plan.creations(new_id, now_millis, rows_at_once):
        yield [(_TABLE, rows), idle_runs(ids)]
    one.changing = Changes()
    edit = (now_millis, one.saver.principal)
    for columns, updated in one.plan.updates(rows_at_once):
        changes = [
            Change((*(row[name] for name in columns), row["version"] + 1, *edit), row["id"], row["version"])
            for row in updated
        ]
        yield list(one.changing.staged(_TABLE, (*columns, "version", "modified_millis", "modified_by"), changes))
    one.relied = one.plan.relied_on()
    one.not_while_running = frozenset(one.plan.not_while_running())


def switch_import(tx: Transaction, one: Import) -> bool:
    """Updates what a plan updates, once all of it is staged; False if it is out of date: then nothing may stay.

    Args:
        tx: the write transaction that switches in what is staged.
        one: as planned and staged.
    """
    if scope_in(tx.connection) != one.scope:
        return False
    if have_definitions_changed(tx.connection, one.definitions_version, lambda: one.relied):
        return False
    if running_among(tx.connection, one.not_while_running) or not one.changing.make(tx.connection):
        return False
    note_definition_changes(tx.connection, _TABLE.name, [], whole=True)
    tx.effects.append(_effect(one.outcome))
    return True


def _effect(outcome: ImportCounts) -> Effect:
    """One for the whole import: what each row tells of itself is in `created_by` and `modified_by`."""
    detail = f"{outcome.created} created, {outcome.updated} updated"
    return Effect(INVENTORY_OPERATION.entity, item_count=outcome.created + outcome.updated, detail=detail)


def _has_become_old(snapshot: Snapshot, one: Import) -> bool:
    """Whether what it relies on has changed, or others have made something that it might make, or may less."""
    if scope_in(snapshot) != one.scope:
        return True
    if ReadTransaction(snapshot).capabilities.has_many_writers:
        has_changed = read_versions(snapshot).definitions != one.definitions_version
    else:
        has_changed = have_definitions_changed(snapshot, one.definitions_version, one.plan.relied_on, {_TABLE.name})
    return has_changed or bool(lock_running_among(snapshot, list(one.plan.not_while_running())))


def _write_updates(tx: Transaction, columns: tuple[str, ...], rows: list[EntityRow], principal: str) -> None:
    for row in rows:
        row["modified_millis"], row["modified_by"] = tx.now_millis, principal
    update_entity_rows(tx.connection, _TABLE, (*columns, "modified_millis", "modified_by"), rows)


def _note(changed: list[bytes], ids: list[bytes]) -> None:
    """One more than are noted one by one: with so many, the whole entity counts as changed."""
    changed.extend(ids[: limits.KEYS_PER_STATEMENT_MAX + 1 - len(changed)])


def _plan_row(tx: Transaction, one: Import, lookups: ImportLookups, row: Row) -> None:
    if row.fault:
        _fail(one.outcome, Failure(row.line, InvalidArgument.reason, row.fault_column, row.fault))
        return
    key = key_of(row)
    if key is not None and key[0] and (first := one.plan.meet(_digest(key), row.line)) is not None:
        text = f"has the name, type and locations of line {first}"
        _fail(one.outcome, Failure(row.line, NameTaken.reason, "name", text))
        return
    matched = None if key is None else lookups.match(key)
    if matched is not None and _is_seen(tx.connection, lookups, matched):  # else it is as if it were not there
        row.message.id = format_id(matched)
    refusals: list[Refusal] = []
    try:
        saving = checked(
            tx,
            lookups,
            INVENTORY_OPERATION,
            row.message,
            one.saver,
            row.given,
            collected=refusals,
            misread=row.misread,
        )
    except Refused as refused:
        refusals.append(refused.refusal)
    if refusals:
        _fail(one.outcome, _failure(row.line, refusals))
    elif saving.old is None:
        one.outcome.created += 1
        one.plan.create(saving.new)
    elif changed := [name for name, value in saving.new.items() if value != saving.old[name]]:
        one.outcome.updated += 1
        one.plan.update(saving.new, changed, while_running=MAY_CHANGE_WHILE_RUNNING.issuperset(changed))
    else:
        one.outcome.unchanged += 1


def _is_seen(snapshot: Snapshot, lookups: ImportLookups, matched: Id) -> bool:
    seen, row = within(snapshot), lookups.stored(INVENTORY_OPERATION, matched)
    return seen is None or row is None or bool(seen.rows(snapshot, _TABLE.name, [row]))


def _failure(line: int, refusals: list[Refusal]) -> Failure:
    """The first thing that a Save would refuse, and how many others there are."""
    headers = header_of_fields(INVENTORY_OPERATION)
    prefix = f"{INVENTORY_OPERATION.entity}."
    found = [
        (headers[violation.field.removeprefix(prefix)], violation.description)
        for refusal in refusals
        for violation in refusal.violations
    ]
    (column, description), *others = found
    text = "; ".join([description, *(f"{name}: {more}" for name, more in others)])
    return Failure(line, refusals[0].reason, column, text)


def _fail(outcome: ImportCounts, failure: Failure) -> None:
    outcome.failed += 1
    if len(outcome.failures) < limits.IMPORT_FAILURES_SHOWN_MAX:
        column = _shown(failure.column, limits.NAME_CODE_POINTS_MAX)
        text = _shown(failure.description, limits.IMPORT_FAILURE_CODE_POINTS_MAX)
        outcome.failures.append(Failure(failure.line, failure.reason, column, text))


def _shown(text: str, code_points_max: int) -> str:
    """A text, cut to the room in an answer; half a surrogate pair, which JSON can hold, becomes a question mark."""
    text = text if len(text) <= code_points_max else text[:code_points_max] + "…"
    return text.encode(errors="replace").decode()


def _digest(key: LookupKey) -> bytes:
    return hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=_KEY_BYTES).digest()
