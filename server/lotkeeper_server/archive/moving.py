"""Moves records chunk by chunk: writes a file, then one transaction puts an opening balance in the records' place.

A file is complete and durable before the transaction begins, and counts only after the commit: then the store knows its
name. A run that was stopped in between leaves a file that the store does not know. Its records are still in the store,
so the next run removes the file. No other file is ever removed.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lotkeeper_server.archive import files
from lotkeeper_server.archive.balances import Balance, balance_of
from lotkeeper_server.archive.choosing import BEGINNING, Choice, Place, choose
from lotkeeper_server.archive.lease import Lease
from lotkeeper_server.archive.request_ids import RequestIds
from lotkeeper_server.domain.model.audit import Effect, Told
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import ID_BYTES
from lotkeeper_server.store.archive.balances import add_sums
from lotkeeper_server.store.archive.files import NotedFile, last_file_number, note_file, noted_names
from lotkeeper_server.store.archive.records import (
    RecordRow,
    lock_versions,
    move_out,
    read_candidates,
    read_record_rows,
)
from lotkeeper_server.store.archived import archived_among
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreContention, StoreError
from lotkeeper_server.store.db.snapshot import Snapshot, WriteConnection
from lotkeeper_server.store.feed.numbering import number_pending

RECORDS_PER_FILE_MAX: Final = 1_000
ATTEMPTS_MAX: Final = 20
"""How often one chunk is tried while other writers keep changing its records."""
PAUSE_SECONDS: Final = 0.02
"""The shortest pause between two transactions; else it is as long as the last one took."""
_NOT_IN_FEED: Final = (-1, bytes(ID_BYTES))
"""The order of a file with cancelled records only: they moved no stock, and no watch has them."""


class _Changed(Exception):
    """A record of the chunk has changed since it was written to the file."""


@dataclass(slots=True)
class Archived:
    """The result of a run.

    Attributes:
        records: moved to files.
        files: written.
        request_ids: expired ones that were deleted.
        left: records from before the date that have to stay.
        removed: names of files that a stopped run had left behind.
        strange: names of files with records that this store does not know; they were left alone.
    """

    records: int = 0
    files: int = 0
    request_ids: int = 0
    left: int = 0
    removed: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Archiving:
    """What to archive, and where to.

    Attributes:
        store: which may serve at the same time.
        folder: for the files; made if it does not exist.
        before_millis: records from this moment on stay.
        now_millis: the present moment.
        request_ids: says which of them have expired.
        moved: is told how many records have been moved, after each file.
        told: makes the event that tells of each file; None for a store that nobody asks about, like a test's.
    """

    store: Store
    folder: Path
    before_millis: int
    now_millis: int
    request_ids: RequestIds
    moved: Callable[[int], None] = lambda _records: None
    told: Told | None = None

    def run(self) -> Archived:
        """Moves everything that may be moved.

        Raises:
            ArchiveAtWork: where another archive of this store is running.
            LeaseLost: where this one stood still and another one has taken over.
            BalanceTooLarge: where a sum does not fit the store.
            StoreError: where the store cannot be read or written; a later run goes on.
            OSError: where a file cannot be written; a later run goes on.
        """
        files.make_folder(self.folder)
        lease = Lease(self.store)
        lease.take()
        done = Archived()
        try:
            self._remove_leftovers(done)
            for count in self.request_ids.drop_expired(self.store, lease):
                done.request_ids += count
                time.sleep(PAUSE_SECONDS)
            self._move_all(lease, done)
            self._remove_leftovers(Archived())  # from a chunk that was changed while it was the last one
        except BaseException:
            with suppress(StoreError):  # else a dead owner's lease is taken after a while
                lease.release()
            raise
        lease.release()
        return done

    def _remove_leftovers(self, done: Archived) -> None:
        """Removes each file that the store does not know, unless it holds a record that is nowhere else."""
        for name in files.unfinished_in(self.folder):
            files.remove_file(self.folder, name)
        names = files.names_in(self.folder)
        with self.store.read() as connection:
            known = noted_names(connection, names)
            for name in names:
                if name not in known:
                    (done.removed if self._may_go(connection, name) else done.strange).append(name)
        for name in done.removed:
            files.remove_file(self.folder, name)

    def _may_go(self, snapshot: Snapshot, name: str) -> bool:
        try:
            return is_elsewhere(snapshot, (self.folder / name).read_bytes())
        except files.UnreadableFile:
            return False

    def _move_all(self, lease: Lease, done: Archived) -> None:
        after, more = BEGINNING, True
        while more:
            lease.keep()
            choice = self._move_next(lease, after)
            if choice.records:
                done.records += len(choice.records)
                done.files += 1
                self.moved(done.records)
            done.left += choice.left
            after, more = choice.end, choice.more

    def _move_next(self, lease: Lease, after: Place) -> Choice:
        """Moves one chunk; begins again with fresh records if one of them is changed by another writer."""
        for _ in range(ATTEMPTS_MAX):
            if self.store.capabilities.numbers_after_commit:
                with suppress(StoreContention):  # records without a number stay
                    number_pending(self.store, self.now_millis)
            with self.store.read() as connection:
                choice = choose(connection, self.request_ids, self.before_millis, after, RECORDS_PER_FILE_MAX)
                if not choice.records:
                    return choice
                rows = read_record_rows(connection, [record.id for record in choice.records])
                content = files.file_bytes(rows, files.names_of(connection, rows))
                number = last_file_number(connection) + 1
            balance = balance_of(rows)
            name = files.file_name(number, lease.run)
            files.write_file(self.folder, name, content)
            began_seconds = time.monotonic()
            try:
                with self.store.write() as connection:
                    lease.renew(connection)
                    _check_unchanged(connection, choice)
                    _put_in_place(connection, number, rows, balance)
                    self._note_file(connection, number, name, rows, content)
            except (_Changed, StoreContention):  # the next number tells whether the store knows the file
                time.sleep(PAUSE_SECONDS)
                continue
            time.sleep(max(PAUSE_SECONDS, time.monotonic() - began_seconds))
            return choice
        raise StoreContention(f"other writers changed the same records {ATTEMPTS_MAX} times; run it again")

    def _note_file(
        self, connection: WriteConnection, number: int, name: str, rows: Sequence[RecordRow], content: bytes
    ) -> None:
        moments = [row["moment_millis"] for row in rows]
        completed = [row for row in rows if row["status"] == Status.COMPLETED]
        feed_order, feed_record_id = max(((row["effect_order"], row["id"]) for row in completed), default=_NOT_IN_FEED)
        file = NotedFile(
            number=number,
            name=name,
            records=len(rows),
            from_millis=min(moments),
            to_millis=max(moments),
            feed_order=feed_order,
            feed_record_id=feed_record_id,
            sha256=files.digest_of(content),
            created_millis=self.now_millis,
        )
        if self.told is not None:
            write_event(connection, self.told(Effect("archive_file", entity_name=name, item_count=len(rows))))
        note_file(connection, file, max((row["moment_millis"] for row in completed), default=None))


def is_elsewhere(snapshot: Snapshot, content: bytes) -> bool:
    """Whether the store knows every record of a file: it is in the store, or in a file that the store knows.

    Raises:
        UnreadableFile: where it is no file of an archive.
    """
    ids = {row["id"] for row in files.read_rows(content)}
    stored = {record.id for record in read_candidates(snapshot, ids)}
    return stored | archived_among(snapshot, ids - stored) == ids


def _check_unchanged(connection: WriteConnection, choice: Choice) -> None:
    """A request refers to what it changed, and a change raises the version."""
    versions = {one.id: one.version for one in choice.records}
    if lock_versions(connection, versions.keys()) != versions:
        raise _Changed


def _put_in_place(connection: WriteConnection, number: int, rows: Sequence[RecordRow], balance: Balance) -> None:
    """Puts the opening balance and the ids in place of the records."""
    add_sums(connection, balance.sums)
    move_out(connection, [row["id"] for row in rows], number)
