"""Moves old events out of the store, as JSON lines in files; what an event says stays as it was.

A file is complete and durable before its events are deleted, in one transaction. A run that was stopped in between
leaves a file whose events are still there: the next run begins with the same one, and writes that file anew.
"""

import gzip
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lotkeeper.visible_text import json_text

from lotkeeper_server.archive import files
from lotkeeper_server.archive.lease import Lease
from lotkeeper_server.domain.model.audit import AuditEvent, Effect, Told
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.enumerations import AuditResult
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.store.audit.archiving import delete_until, read_oldest, shorten_feed
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreContention

EVENTS_PER_FILE_MAX: Final = 10_000
ATTEMPTS_MAX: Final = 20
"""How often one chunk is tried while others add events from before the date."""
PAUSE_SECONDS: Final = 0.02


class _Changed(Exception):
    """An event was added among those of the file."""


@dataclass(slots=True)
class ArchivedEvents:
    """What a run did: how many events it moved, to how many files."""

    events: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class AuditArchiving:
    """What to move, and where to.

    Attributes:
        store: which may serve at the same time.
        folder: for the files; made if it does not exist.
        before_millis: events from this moment on stay.
        told: makes the event that tells of each file.
    """

    store: Store
    folder: Path
    before_millis: int
    told: Told

    def run(self) -> ArchivedEvents:
        """Moves all of them.

        Raises:
            ArchiveAtWork: where another archive of this store is running, also one of records.
            LeaseLost: where this one stood still and another one has taken over.
            StoreError: where the store cannot be read or written; a later run goes on.
            OSError: where a file cannot be written; a later run goes on.
        """
        files.make_folder(self.folder)
        lease = Lease(self.store)
        lease.take()
        done = ArchivedEvents()
        try:
            while moved := self._move_next(lease):
                done.events += moved
                done.files += 1
        finally:
            lease.release()
        return done

    def _move_next(self, lease: Lease) -> int:
        for _ in range(ATTEMPTS_MAX):
            with self.store.read() as connection:
                events = read_oldest(connection, self.before_millis, EVENTS_PER_FILE_MAX)
            if not events:
                return 0
            name = file_name(events)
            files.write_file(self.folder, name, file_bytes(events))
            began_seconds = time.monotonic()
            try:
                with self.store.write() as connection:
                    lease.renew(connection)
                    last = (events[-1].occurred_millis, events[-1].id)
                    if delete_until(connection, last) != len(events):
                        raise _Changed
                    shorten_feed(connection, last)
                    effect = Effect("audit_file", entity_name=name, item_count=len(events))
                    write_event(connection, self.told(effect))
            except (_Changed, StoreContention):
                time.sleep(PAUSE_SECONDS)
                continue
            time.sleep(max(PAUSE_SECONDS, time.monotonic() - began_seconds))
            return len(events)
        raise StoreContention(f"other writers added old events {ATTEMPTS_MAX} times; run it again")


def file_name(events: Sequence[AuditEvent]) -> str:
    """The name of a file: by its first event, so that the same events have the same one."""
    return f"audit-{format_id(events[0].id)}.jsonl.gz"


def file_bytes(events: Sequence[AuditEvent]) -> bytes:
    """A file of these events; the same events make the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as zipped:
        for event in events:
            zipped.write(json_text(line_of(event)).encode() + b"\n")
    return packed.getvalue()


def line_of(event: AuditEvent) -> dict[str, Any]:
    """An event as `lotkeeper audit export` writes it."""
    return {
        "id": format_id(event.id),
        "occurredDate": rfc3339(event.occurred_millis),
        "principal": event.principal,
        "address": event.address,
        "method": event.method,
        "result": AuditResult(event.result).name,
        "reason": event.reason,
        "entity": event.entity,
        "entityId": format_id(event.entity_id) if event.entity_id else None,
        "entityName": event.entity_name or None,
        "requestId": event.request_id or None,
        "itemCount": event.item_count,
        "inventoryLotRecordId": format_id(event.record_id) if event.record_id else None,
        "traceId": event.trace_id.hex() if event.trace_id else None,
        "attemptCount": event.attempt_count,
        "latestDate": None if event.latest_millis is None else rfc3339(event.latest_millis),
        "detail": event.detail,
    }
