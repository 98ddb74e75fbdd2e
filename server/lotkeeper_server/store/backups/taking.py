"""Takes backups of the embedded store while it serves, and keeps the latest few."""

import re
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from lotkeeper_server.store.backups.store_file import (
    PARTIAL,
    Use,
    check_whole,
    copy_store,
    partial_file,
    put_in_place,
)
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.schema.migrating import SchemaState, schema_state
from lotkeeper_server.store.verification import verify

STEP_PAUSE_SECONDS: Final = 0.005
"""After each megabyte, so that the disk has time for those who write."""
_NAME: Final = re.compile(r"lotkeeper-\d{8}T\d{6}Z\.db")
_LEFT_BEHIND_SECONDS: Final = 86_400.0


class Taken(NamedTuple):
    """A backup.

    Attributes:
        path: of its file.
        size_bytes: of it.
        records: completed and other records in it; None where its schema is not this program's.
    """

    path: Path
    size_bytes: int
    records: int | None


def dated_path(folder: Path) -> Path:
    """Where a backup of now goes in a folder of backups."""
    return folder / f"lotkeeper-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"


def take_backup(source: Path, final: Path, report: Callable[[int, int], None]) -> Taken:
    """Copies one moment of a store, checks the copy, and gives it its name.

    Args:
        source: the store, which may serve.
        final: of the backup; nothing of this name may be there.
        report: told how many pages are copied, of how many.

    Raises:
        StoreError: where the store cannot be read, or the copy does not agree with its own records.
        OSError: where the backup cannot be written.
    """
    if final.exists():
        raise FileExistsError(None, "it is there already", str(final))

    def after_step(left: int, total: int) -> None:
        report(total - left, total)
        time.sleep(STEP_PAUSE_SECONDS)

    with partial_file(final) as path:
        copy_store(source, Use.SERVES, path, after_step)
        records = check_copy(path)
        taken = Taken(final, path.stat().st_size, records)
        put_in_place(path, final)
    return taken


def check_copy(path: Path) -> int | None:
    """Checks that a file is a whole store, and that its stocks are the sums of its records.

    Returns:
        How many records there are; None where the schema is another than this program's, so that nothing is summed.

    Raises:
        StoreError: where it is not, or they are not.
    """
    check_whole(path)
    with closing(Store(f"sqlite:///{path}")) as store:
        if schema_state(store) is not SchemaState.CURRENT:
            return None
        with store.read() as connection:
            found = verify(connection)
    if found.differences:
        raise StoreError(f"{len(found.differences)} differences from its own records: {found.differences[0]}")
    return found.records


def drop_old(folder: Path, keep: int) -> list[Path]:
    """Removes all but the latest few of the backups that were named by their date, and what was left half written.

    Args:
        folder: of backups; other files in it are left alone.
        keep: how many stay, at least one.

    Returns:
        Those that were removed.
    """
    assert keep >= 1
    dated = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    removed = dated[:-keep]
    for path in removed:
        path.unlink(missing_ok=True)
    for path in folder.glob(f".lotkeeper-*{PARTIAL}*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                path.unlink()
    return removed
