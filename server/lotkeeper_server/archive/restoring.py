"""Puts archived records back into the store, file by file: the opposite of `moving`, in one transaction each.

The store knows each of its files by its SHA-256, so what is put back is exactly what was moved out. The transaction
takes the records' sums off the opening balance and forgets the file: so each record is in one place, and a second run
finds nothing to do. The file itself stays; the next archive removes it, as every record in it is in the store.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotkeeper_server.archive import files
from lotkeeper_server.archive.balances import balance_of
from lotkeeper_server.archive.lease import Lease
from lotkeeper_server.archive.moving import ATTEMPTS_MAX, PAUSE_SECONDS, is_elsewhere
from lotkeeper_server.domain.model.audit import Effect, Told
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.text import name_fault, name_form
from lotkeeper_server.store.archive.balances import drop_empty_sums, take_off_sums
from lotkeeper_server.store.archive.edges import raise_order_edges
from lotkeeper_server.store.archive.files import NotedFile, files_before_orders, forget_file, noted_files
from lotkeeper_server.store.archive.records import RecordRow, lock_lots, move_in
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreContention, StoreError
from lotkeeper_server.store.db.snapshot import WriteConnection
from lotkeeper_server.store.schema.archive_tables import opening_order_edge

RESTORED: Final = "put back into the store"
"""The detail of the event of a file."""
_NAMES: Final = ("inventory_name", "created_by", "modified_by")
"""Columns of names that have one form since version 0011 of the schema; older files may hold another one."""


class NotRestorable(Exception):
    """A file that is not one of this store's, or not as it was written; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the files has found; nothing is written yet.

    Attributes:
        waiting: files that can be put back, each with how the store knows it.
        already: files whose records the store has already.
    """

    waiting: Sequence[tuple[Path, NotedFile]]
    already: Sequence[Path]

    @property
    def records(self) -> int:
        """How many can be put back."""
        return sum(file.records for _, file in self.waiting)


@dataclass(slots=True)
class Restored:
    """What a run did: how many records it put back, from how many files."""

    records: int = 0
    files: int = 0


def look_at_files(store: Store, paths: Sequence[Path]) -> Looked:
    """Reads every file, and compares it with what the store knows.

    Args:
        store: which may serve at the same time.
        paths: of the files; one that is given twice counts once.

    Raises:
        NotRestorable: where one is damaged, changed or of another store.
        StoreError: where the store cannot be read.
        OSError: where a file cannot be read.
    """
    waiting: list[tuple[Path, NotedFile]] = []
    already = []
    with store.read() as connection:
        noted = noted_files(connection)
        by_digest = {file.sha256: file for file in noted}
        names = {file.name for file in noted}
        for path in dict.fromkeys(paths):
            content = path.read_bytes()
            if (file := by_digest.pop(files.digest_of(content), None)) is not None:
                waiting.append((path, file))
            elif file is None and any(file.sha256 == files.digest_of(content) for _, file in waiting):
                continue  # a copy of one that was given, too
            elif path.name in names:
                raise NotRestorable(f"{path}: it was changed after it was written: its SHA-256 differs")
            else:
                try:
                    is_there = is_elsewhere(connection, content)
                except files.UnreadableFile as fault:
                    raise NotRestorable(f"{path}: it is no file of an archive, or damaged: {fault}") from fault
                if not is_there:
                    raise NotRestorable(
                        f"{path}: this store knows no such file: it is of another store, or of after the moment that "
                        "this one was restored to"
                    )
                already.append(path)
    return Looked(waiting, already)


@dataclass(frozen=True, slots=True)
class Restoring:
    """What to put back.

    Attributes:
        store: which may serve at the same time.
        looked: the files.
        restored: is told how many records have been put back, after each file.
        told: makes the event that tells of each file.
    """

    store: Store
    looked: Looked
    told: Told
    restored: Callable[[int], None] = lambda _records: None

    def run(self) -> Restored:
        """Puts all of it back, the latest file first.

        Raises:
            ArchiveAtWork: where an archive of this store is running.
            LeaseLost: where this one stood still and another one has taken over.
            NotRestorable: where a file has changed since it was looked at.
            BalanceDiffers: where the opening balance does not have the records of a file.
            StoreError: where the store cannot be read or written; a later run goes on.
            OSError: where a file cannot be read; a later run goes on.
        """
        lease = Lease(self.store)
        lease.take()
        done = Restored()
        try:
            for path, file in sorted(self.looked.waiting, key=lambda one: -one[1].number):
                if self._put_back(lease, path, file):
                    done.records += file.records
                    done.files += 1
                    self.restored(done.records)
        except BaseException:
            with suppress(StoreError):  # else a dead owner's lease is taken after a while
                lease.release()
            raise
        lease.release()
        return done

    def _put_back(self, lease: Lease, path: Path, file: NotedFile) -> bool:
        """Puts the records of one file back; False where another run has done so since the look."""
        content = path.read_bytes()
        if files.digest_of(content) != file.sha256:
            raise NotRestorable(f"{path}: it was changed while it was read: its SHA-256 differs")
        try:
            rows = [_in_one_form(row) for row in files.read_rows(content)]
        except files.UnreadableFile as fault:
            raise NotRestorable(f"{path}: {fault}") from fault
        for _ in range(ATTEMPTS_MAX):
            began_seconds = time.monotonic()
            try:
                with self.store.write() as connection:
                    lease.renew(connection)
                    if not forget_file(connection, file):
                        return False
                    _put_in_place(connection, file, rows)
                    write_event(
                        connection,
                        self.told(Effect("archive_file", entity_name=file.name, item_count=len(rows), detail=RESTORED)),
                    )
            except StoreContention:
                time.sleep(PAUSE_SECONDS)
                continue
            time.sleep(max(PAUSE_SECONDS, time.monotonic() - began_seconds))
            return True
        raise StoreContention(f"other writers held the same lots {ATTEMPTS_MAX} times; run it again")


def _in_one_form(row: RecordRow) -> RecordRow:
    """A record whose names are in their one form, as the migration has brought those that were in the store."""
    formed = {name: name_form(row[name]) for name in _NAMES if row[name]}
    return {**row, **{name: form for name, form in formed.items() if name_fault(form) is None}}


def _put_in_place(connection: WriteConnection, file: NotedFile, rows: Sequence[RecordRow]) -> None:
    """Puts the records in the place of their sums.

    Their lots are locked: whoever decides on a lot's past has seen either the records, or that they are archived.
    """
    lock_lots(connection, set(_lots_of(rows)))
    sums = balance_of(rows).sums
    if file.number <= files_before_orders(connection):  # its sums have no edges of orders, nor has anything else
        raise_order_edges(connection, sums[opening_order_edge.name])
        sums[opening_order_edge.name] = {}
    take_off_sums(connection, sums)
    move_in(connection, rows, file.number)
    drop_empty_sums(connection, sums)


def _lots_of(rows: Sequence[RecordRow]) -> Iterator[LotId]:
    for row in rows:
        yield LotId(row["lot_id"])
        if row["secondary_lot_id"] is not None:
            yield LotId(row["secondary_lot_id"])
