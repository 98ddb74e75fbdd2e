"""One server at a time on an embedded store: a hidden file beside it that the server holds for as long as it lives.

Two of them would keep stock right, as each looks for what the other has committed, but they share one writer, and are
hardly ever meant. The kernel takes the lock from a process that has ended, however it ended; the file itself stays.
Commands do not ask for it.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Final

_HELD: Final = frozenset({errno.EAGAIN, errno.EACCES})
_OWNER_BYTES_MAX: Final = 100


class ServedByAnother(Exception):
    """Another server has the store; the text says which."""


def serve_alone_on(store_path: Path) -> int | None:
    """Takes the lock of a store until this process ends.

    Args:
        store_path: of an embedded store, by whatever name.

    Returns:
        The descriptor that holds it, not to be closed; None where the file system has no such locks: nothing is held.

    Raises:
        ServedByAnother: where another process has it.
        OSError: where the file cannot be made.
    """
    path = lock_path(store_path)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(descriptor, _OWNER_BYTES_MAX, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        if error.errno in _HELD:
            raise ServedByAnother(owner or "another process") from None
        return None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
    return descriptor


def is_served(store_path: Path) -> str | None:
    """Which server has a store, without making anything; None where none has it, or nobody can tell."""
    try:
        descriptor = os.open(lock_path(store_path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(descriptor, _OWNER_BYTES_MAX, 0).decode("ascii", "replace").strip()
        return (owner or "another process") if error.errno in _HELD else None
    finally:
        os.close(descriptor)
    return None


def lock_path(store_path: Path) -> Path:
    """The file of a store."""
    real = store_path.resolve()
    return real.with_name(f".{real.name}.serving")
