"""An embedded store as a file: whether it is whole, whether somebody uses it, how it is copied and put in place."""

import fcntl
import os
import secrets
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final

from lotkeeper_server.store.db.dialects.sqlite import APPLICATION_ID
from lotkeeper_server.store.db.errors import StoreBusy, StoreError, StoreUnavailable

BESIDE: Final = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside its own."""
PARTIAL: Final = ".partial"
"""How the names of files end that are being written."""
PAGES_PER_STEP: Final = 256
_LOCK_BYTES_BEGIN: Final = 0x40000000
_LOCK_BYTES: Final = 512
"""SQLite's locks of a file lie on these bytes; who has a store open holds one of them all the time."""


class Use(Enum):
    """Who else may have a file open."""

    SERVES = "rw"
    """Servers and others, who write."""
    RESTS = "ro&immutable=1"
    """Nobody; it may lie where nothing can be written."""


def copy_store(source: Path, use: Use, target: Path, after_step: Callable[[int, int], None]) -> None:
    """Copies one moment of a store, while others read and write it, and none of them waits.

    Args:
        source: a store.
        use: who else has it open.
        target: an empty file.
        after_step: called after every few pages with how many are left, and of how many; it may pause.

    Raises:
        StoreError: where the source cannot be read, or is not a store of Lotkeeper.
        OSError: where the target cannot be written.
    """
    with _translated(source), closing(_opened(source, use)) as connection, closing(sqlite3.connect(target)) as copy:
        connection.execute("BEGIN")  # without it, the copy would begin anew whenever somebody has written
        check_kind(connection, source)
        copy.execute("PRAGMA synchronous = OFF")  # it is brought to the disk at the end, all at once
        try:
            connection.backup(copy, pages=PAGES_PER_STEP, progress=lambda _status, left, total: after_step(left, total))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname in {"SQLITE_FULL", "SQLITE_IOERR_WRITE"}:
                raise OSError(None, f"the copy cannot be written: {error}", str(target)) from error
            raise
    sync(target)


def check_whole(path: Path) -> None:
    """Has SQLite read every page and every index of a file that nobody writes.

    Raises:
        StoreError: where it is damaged.
    """
    with _translated(path), closing(_opened(path, Use.RESTS)) as connection:
        check_kind(connection, path)
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise StoreError(f"{path} is damaged: {'; '.join(found)}")


def check_kind(connection: sqlite3.Connection, path: Path) -> None:
    """Looks whether a file is a store of Lotkeeper.

    Raises:
        StoreError: where it is not.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path} is not a store of Lotkeeper")


@contextmanager
def used_by_nobody(path: Path) -> Iterator[None]:
    """Holds a store's file so that no program opens it meanwhile, however damaged it is.

    Raises:
        StoreBusy: where one has it open, a server for example.
    """
    with _locked(path, os.O_RDWR):
        yield


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[None]:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCK_BYTES_BEGIN)
        except OSError:
            raise StoreBusy(f"{path} is open in another program; stop the server first") from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def partial_file(final: Path) -> Iterator[Path]:
    """A new, empty file beside a final one that only its owner can read; gone at the end unless it was put in place.

    Raises:
        OSError: where it cannot be made.
    """
    path = final.with_name(f".{final.name}.{secrets.token_hex(4)}{PARTIAL}")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        yield path
    finally:
        for one in (path, *(path.with_name(path.name + end) for end in BESIDE)):
            with suppress(OSError):
                one.unlink()


def put_in_place(path: Path, final: Path) -> None:
    """Gives a file its final name, durably, in the place of another one.

    Raises:
        OSError: where that cannot be done.
    """
    sync(path)
    path.replace(final)
    sync(final.parent)


def sync(path: Path) -> None:
    """Brings a file, or what a folder lists, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_over_owner(path: Path, of: Path) -> None:
    """Gives a file the owner and mode of another one, as far as this user may."""
    known = of.stat()
    with suppress(PermissionError):
        os.chown(path, known.st_uid, known.st_gid)
    path.chmod(stat.S_IMODE(known.st_mode))


def _opened(path: Path, use: Use) -> sqlite3.Connection:
    """To read. A file that rests but has a log beside it was copied together with that, and needs it."""
    if any(path.with_name(path.name + end).exists() for end in BESIDE):
        use = Use.SERVES
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={use.value}", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 10000")
    return connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path}: {error}") from error
