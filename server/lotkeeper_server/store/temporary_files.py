"""Temporary files with a quota: so much in all, so much of one principal. What finds no room is refused."""

import errno
import io
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from lotkeeper_server.domain.refusals import NoTemporarySpace, Refused
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.temporary_folder import TemporaryFolder

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_log = get_logger()


class Room(Protocol):
    """What temporary files are made in."""

    def take(self, count_bytes: int) -> None:
        """Takes so much of a quota, until the room is left.

        Raises:
            Refused: NO_TEMPORARY_SPACE.
        """

    @property
    def folder(self) -> TemporaryFolder:
        """Where the files are."""


class TemporaryFiles:
    """The temporary files of one process; used on any thread."""

    def __init__(self, folder: TemporaryFolder, bytes_max: int, of_principal_bytes_max: int) -> None:
        """There are none.

        Args:
            folder: of this process.
            bytes_max: how much disk all may take.
            of_principal_bytes_max: how much those of one principal may.
        """
        self.folder = folder
        self._bytes_max = bytes_max
        self._of_principal_bytes_max = of_principal_bytes_max
        self._lock = threading.Lock()
        self._taken_bytes = 0
        self._of_principal: Counter[str] = Counter()

    @property
    def taken_bytes(self) -> int:
        """How much the files of now have taken of the quota."""
        return self._taken_bytes

    @contextmanager
    def room(self, principal: str) -> Iterator["RoomOfCall"]:
        """Room for the files of one call; what they took is given back at the end."""
        room = RoomOfCall(self, principal)
        try:
            yield room
        finally:
            self._give_back(principal, room.taken_bytes)

    def take(self, principal: str, count_bytes: int) -> None:
        """Takes so much for a principal.

        Raises:
            Refused: NO_TEMPORARY_SPACE.
        """
        with self._lock:
            if self._taken_bytes + count_bytes > self._bytes_max:
                raise Refused(NoTemporarySpace(limit=self._bytes_max))
            if self._of_principal[principal] + count_bytes > self._of_principal_bytes_max:
                raise Refused(NoTemporarySpace(limit=self._of_principal_bytes_max))
            self._taken_bytes += count_bytes
            self._of_principal[principal] += count_bytes

    def _give_back(self, principal: str, count_bytes: int) -> None:
        with self._lock:
            self._taken_bytes -= count_bytes
            self._of_principal[principal] -= count_bytes
            if not self._of_principal[principal]:
                del self._of_principal[principal]


class RoomOfCall:
    """The room that the files of one call take."""

    def __init__(self, files: TemporaryFiles, principal: str) -> None:
        self.taken_bytes = 0
        self._files = files
        self._principal = principal

    @property
    def folder(self) -> TemporaryFolder:
        """Where the files are."""
        return self._files.folder

    def take(self, count_bytes: int) -> None:
        """Takes so much of the quota.

        Raises:
            Refused: NO_TEMPORARY_SPACE.
        """
        self._files.take(self._principal, count_bytes)
        self.taken_bytes += count_bytes


class TemporaryFile(io.BufferedRandom):
    """A file without a name, written once and read; by one thread at a time."""

    def __init__(self, room: Room) -> None:
        """Makes an empty one.

        Raises:
            Refused: NO_TEMPORARY_SPACE.
        """
        with refusing_where_full():
            super().__init__(io.FileIO(room.folder.new_file(), "r+"))
        self._room = room

    def write(self, data: Any, /) -> int:
        """Writes behind what was written.

        Raises:
            Refused: NO_TEMPORARY_SPACE.
        """
        self._room.take(len(data))
        with refusing_where_full():
            return super().write(data)

    def flush(self) -> None:
        """Hands to the system what was written.

        Raises:
            Refused: NO_TEMPORARY_SPACE.
        """
        with refusing_where_full():
            super().flush()

    def seek(self, target: int, whence: int = os.SEEK_SET, /) -> int:
        """As of every file.

        Raises:
            Refused: NO_TEMPORARY_SPACE: what was written is handed to the system first.
        """
        with refusing_where_full():
            return super().seek(target, whence)

    def close(self) -> None:
        """Lets its room go; what was not yet handed to the system is dropped."""
        self.raw.close()


@contextmanager
def refusing_where_full() -> Iterator[None]:
    """A disk that is full becomes a refusal, and a line of the log.

    Raises:
        Refused: NO_TEMPORARY_SPACE.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _log.warning("temporary_files_find_no_room", error=str(error))
        raise Refused(NoTemporarySpace()) from error
