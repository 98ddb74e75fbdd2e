"""Import of inventory operations: each row is checked as a Save of its fields.

That is done outside of any write transaction. What will be written is planned in a file, and one transaction writes it,
set by set.
"""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exchange_columns import header_of_fields
from lotkeeper_server.catalog.exchange_reading import READERS, Row
from lotkeeper_server.catalog.import_lookups import ImportLookups, LookupKey, key_of
from lotkeeper_server.catalog.rules import MAY_CHANGE_WHILE_RUNNING
from lotkeeper_server.catalog.saving import Saver, checked
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Cancelled, InvalidArgument, NameTaken, Refusal, Refused
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.statements import insert_of, write_many
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.row import EntityRow, update_entity_rows
from lotkeeper_server.store.entities.runs import add_idle_runs, lock_running_among
from lotkeeper_server.store.import_plan import ImportPlan
from lotkeeper_server.store.schema.tables import NO_ID
from lotkeeper_server.store.state.definition_changes import note_definition_changes
from lotkeeper_server.store.state.definitions import read_versions

ROWS_AT_ONCE: Final = 250
_TABLE: Final = INVENTORY_OPERATION.table
_STEPS_BETWEEN_BREATHS: Final = 8
_BREATH_SECONDS: Final = 50e-6
_KEY_BYTES: Final = 16


class Stopped(Refused):
    """The caller has gone."""

    def __init__(self) -> None:
        super().__init__(Cancelled())


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
    """

    file: BinaryIO
    format: str
    keep_good_rows: bool
    saver: Saver
    plan: ImportPlan
    stopped: threading.Event
    outcome: ImportCounts = field(default_factory=ImportCounts)
    definitions_version: int = -1

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
        Stopped: once nobody waits any more.
    """
    one.plan.clear()
    one.outcome = ImportCounts()
    one.definitions_version = read_versions(snapshot).definitions
    one.file.seek(0)
    # A plan creates nothing: new things get their id and their moment when they are written.
    tx = Transaction(snapshot, 0, lambda: NO_ID, lambda floor: floor)
    breath = _Breath(one.stopped)
    rows = READERS[one.format](one.file, INVENTORY_OPERATION, breath)
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        lookups = ImportLookups(snapshot, [row for row in chunk if not row.fault])
        for row in chunk:
            breath()
            _plan_row(tx, one, lookups, row)


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
    return True


def _has_become_old(snapshot: Snapshot, one: Import) -> bool:
    if read_versions(snapshot).definitions != one.definitions_version:
        return True
    return bool(lock_running_among(snapshot, list(one.plan.not_while_running())))


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
    if matched is not None:
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


class _Breath:
    """Called at each step: releases the interpreter's lock now and then, or other calls would wait 5 ms for it.

    Raises Stopped once nobody waits any more.
    """

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._count = 0

    def __call__(self) -> None:
        self._count += 1
        if self._count % _STEPS_BETWEEN_BREATHS == 0:
            if self._stopped.is_set():
                raise Stopped
            time.sleep(_BREATH_SECONDS)
