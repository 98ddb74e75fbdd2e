"""Puts a backup in the place of the embedded store; what was there is kept beside it."""

import os
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from lotkeeper_server.domain.model.audit import Effect, Told
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.backups.store_file import (
    BESIDE,
    Use,
    check_whole,
    copy_store,
    partial_file,
    put_in_place,
    sync,
    take_over_owner,
    used_by_nobody,
)
from lotkeeper_server.store.backups.taking import check_copy
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.feed.places import renew_epoch
from lotkeeper_server.store.schema.migrating import SERVED, SchemaState, migrate, schema_state


class Restored(NamedTuple):
    """What a restore did.

    Attributes:
        records: that are there now; None where the schema is newer than this program, so that nothing was summed.
        kept: where the store of before is; None where there was none, or it was not to be kept.
        was_migrated: whether the backup had an older schema.
    """

    records: int | None
    kept: Path | None
    was_migrated: bool


def restore(
    source: Path, target: Path, *, keeps: bool, report: Callable[[int, int], None], told: Told | None = None
) -> Restored:
    """Makes a store of a backup: checks it, brings it to the newest schema, renews its epoch, puts it in place.

    The backup stays as it is. Until the last step the store of before is in place, and after it the new one.

    Args:
        source: the backup.
        target: the store's file; nothing may use it.
        keeps: whether what is there now stays beside it, under a name with the date.
        report: told how many pages are copied, of how many.
        told: makes the event that the store then has of it; None for none.

    Raises:
        StoreBusy: where a program has the store open.
        StoreError: where the backup is not a whole store of a schema that this program knows.
        OSError: where something cannot be read or written.
    """
    if not source.is_file():
        raise StoreError(f"{source} is not a file")
    if target.exists() and source.samefile(target):
        raise StoreError(f"{source} is the store itself")
    check_whole(source)
    with partial_file(target) as path:
        _check_unused(target)
        copy_store(source, Use.RESTS, path, lambda left, total: report(total - left, total))
        was_migrated = _made_current(path, told, f"restored from {source.name}")
        records = check_copy(path)
        if target.exists():
            take_over_owner(path, target)
        kept = _replace(path, target, keeps=keeps)
    return Restored(records, kept, was_migrated)


def renew(store: Store, told: Told | None = None) -> None:
    """Ends the positions of all who watch, of a store that was put back by other means.

    Args:
        store: not served.
        told: makes the event that the store then has of it; None for none.

    Raises:
        StoreError: where its schema is not this program's, or it cannot be written.
    """
    if schema_state(store) not in SERVED:
        raise StoreError("its schema is not this program's; run: lotkeeper-server migrate")
    _renew_epoch(store, told, "put back by other means")


def _renew_epoch(store: Store, told: Told | None, detail: str) -> None:
    with store.write() as connection:
        renew_epoch(connection)
        if told is not None:
            write_event(connection, told(Effect("store", detail=detail)))


def _check_unused(target: Path) -> None:
    if target.exists():
        with used_by_nobody(target):
            pass


def _made_current(path: Path, told: Told | None, detail: str) -> bool:
    """Migrates a copy and renews its epoch; whether it had an older schema."""
    with closing(Store(f"sqlite:///{path}")) as store:
        state = schema_state(store)
        if state not in {SchemaState.OLDER, *SERVED}:
            raise StoreError(f"its schema is {state.value}, which this program does not know; upgrade this program")
        was_migrated = migrate(store, told)
        _renew_epoch(store, told, detail)
        store.end()
    return was_migrated


def _replace(path: Path, target: Path, *, keeps: bool) -> Path | None:
    """Puts a store in the place of another one; returns where that is now."""
    if not target.exists():
        _drop_beside(target)
        put_in_place(path, target)
        return None
    with suppress(StoreError), closing(Store(f"sqlite:///{target}")) as store:
        store.end()  # so that the one file has everything; a damaged one may not let itself be read
    kept = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}") if keeps else None
    with ExitStack() as held:
        held.enter_context(used_by_nobody(target))
        if kept is not None:
            for end in ("", *BESIDE[:1]):
                with suppress(FileNotFoundError):
                    os.link(target.with_name(target.name + end), kept.with_name(kept.name + end))
            sync(target.parent)
        _drop_beside(target)  # first: the log of one store beside another one would damage that
        put_in_place(path, target)
    return kept


def _drop_beside(target: Path) -> None:
    for end in BESIDE:
        target.with_name(target.name + end).unlink(missing_ok=True)
    sync(target.parent)
