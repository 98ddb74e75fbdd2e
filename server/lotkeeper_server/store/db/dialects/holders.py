"""Who holds a database: as it says itself, or as Linux says of a file."""

import os
from pathlib import Path
from typing import Any, Final

HOLDERS_MAX: Final = 3
"""So many are told of."""
_LOCKS: Final = Path("/proc/locks")
_WRITE_LOCK_BYTE: Final = 120
"""Of the file of SQLite's index of its log: whoever has it writes."""


def holder(
    pid: int,
    program: str | None,
    user: str | None,
    address: str | None,
    state: str | None,
    seconds: float | None,
) -> dict[str, Any]:
    """One, without what is not known.

    Args:
        pid: of the process, or of the database's for it.
        program: as it calls itself.
        user: of the database.
        address: where it is.
        state: what it does now.
        seconds: the age of its transaction.
    """
    known: dict[str, Any] = {"pid": pid, "program": program, "user": user, "address": address, "state": state}
    if seconds is not None:
        known["seconds"] = round(seconds, 1)
    return {name: value for name, value in known.items() if value}


def writers_of(database: Path) -> list[dict[str, Any]]:
    """The processes that hold the write lock of an embedded store, as far as Linux shows them to this one."""
    try:
        index = os.stat(f"{database}-shm")  # noqa: PTH116 - it may be gone
        locks = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    file = f"{os.major(index.st_dev):02x}:{os.minor(index.st_dev):02x}:{index.st_ino}"
    pids = sorted({int(words[4]) for words in map(str.split, locks) if _writes(words, file)} - {os.getpid()})
    return [holder(pid, _program(pid), None, None, None, None) for pid in pids[:HOLDERS_MAX]]


def _writes(words: list[str], file: str) -> bool:
    """Whether a line is of a write lock on that byte: `1: POSIX ADVISORY WRITE 4711 08:01:123 120 120`."""
    if len(words) != 8 or words[3] != "WRITE" or words[5] != file or not words[4].isdecimal():
        return False
    last = _WRITE_LOCK_BYTE if words[7] == "EOF" else int(words[7])
    return int(words[6]) <= _WRITE_LOCK_BYTE <= last


def _program(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
