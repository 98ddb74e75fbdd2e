"""Asks the processes of this machine what they do, each by the socket in its private folder."""

import json
import os
import socket
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lotkeeper_server.observability.status_socket import socket_name

ANSWER_SECONDS: Final = 2.0
"""A process that has not answered by then is told of as silent."""
ANSWER_BYTES_MAX: Final = 1_048_576
PROCESSES_MAX: Final = 1_024
_PIECE_BYTES: Final = 65_536
_CREDENTIALS: Final = struct.Struct("3i")
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OF_USER: Final = "lotkeeper-"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one process.

    Attributes:
        pid: as the system says.
        said: what it tells of itself; None where it is silent.
    """

    pid: int
    said: dict[str, Any] | None


def ask_all(within: Path, store: str) -> list[Answer]:
    """What the processes of this user that serve a store say, of all users where this one is root; by their pids.

    Args:
        within: the servers' folder for temporary files.
        store: its name: `store_name`.
    """
    answers = []
    for of_user in _folders(within):
        for number, folder in enumerate(sorted(of_user.iterdir())):
            if number < PROCESSES_MAX and (answer := _ask(folder, socket_name(store))) is not None:
                answers.append(answer)
    return sorted(answers, key=lambda one: one.pid)


def _folders(within: Path) -> Iterator[Path]:
    """Those that belong to whom they are named after, and let nobody else in."""
    user = os.geteuid()
    pattern = f"{_OF_USER}*" if user == 0 else f"{_OF_USER}{user}"
    for folder in sorted(within.glob(pattern)):
        with suppress(OSError):
            found = folder.lstat()
            is_private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
            if is_private and folder.name == f"{_OF_USER}{found.st_uid}":
                yield folder


def _ask(folder: Path, name: str) -> Answer | None:
    """None where nobody serves the store, or not any more: one that was killed leaves its folder behind."""
    try:
        descriptor = os.open(folder, _FOLDER_FLAGS)
    except OSError:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(ANSWER_SECONDS)
        try:
            asking.connect(f"/proc/self/fd/{descriptor}/{name}")
        except OSError:
            return None
        finally:
            os.close(descriptor)
        raw = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return Answer(_CREDENTIALS.unpack(raw)[0], _said(asking))


def _said(asking: socket.socket) -> dict[str, Any] | None:
    until_seconds = time.monotonic() + ANSWER_SECONDS
    received = bytearray()
    try:
        while (left_seconds := until_seconds - time.monotonic()) > 0 and len(received) <= ANSWER_BYTES_MAX:
            asking.settimeout(left_seconds)
            piece = asking.recv(_PIECE_BYTES)
            if not piece:
                said = json.loads(received)
                return said if isinstance(said, dict) else None
            received += piece
    except (OSError, ValueError):
        return None
    return None
