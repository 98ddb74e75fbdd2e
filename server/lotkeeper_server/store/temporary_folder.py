"""A private folder for the temporary files of one process; what dead processes left is removed at the start.

Below a folder that exists lies one of the user's, `lotkeeper-UID`, and in it one for each process, which the process
holds by a lock on the folder itself: whoever gets that lock knows that the owner is dead. Nobody else can enter: each
folder is open to its owner only, is never reached through a link, and is refused where it belongs to somebody else.
"""

import errno
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_PRIVATE: Final = 0o700
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME_BYTES: Final = 16


class TemporaryFolder:
    """The folder of this process. New files may be asked for on any thread."""

    def __init__(self, within: Path | None) -> None:
        """Makes a folder for this process, and removes those of processes that are dead.

        Args:
            within: a folder that exists; None is the system's for temporary files.

        Raises:
            OSError: where it cannot be made, or is not safe; its `strerror` says why.
        """
        self._of_user = (within or Path(tempfile.gettempdir())) / f"lotkeeper-{os.geteuid()}"
        self._path, self._descriptor = _made(self._of_user)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    @property
    def descriptor(self) -> int:
        """Of the folder; it is closed by `remove`."""
        return self._descriptor

    def new_file(self) -> int:
        """The descriptor of a new file without a name: whatever happens, it takes no room once it is closed.

        Raises:
            OSError: where it cannot be made.
        """
        path, descriptor = self.new_named_file()
        path.unlink()
        return descriptor

    def new_named_file(self) -> tuple[Path, int]:
        """The path of a new file in the folder, for who must open it by that, and its descriptor.

        Raises:
            OSError: where it cannot be made.
        """
        try:
            return _new_file(self._path, self._descriptor)
        except FileNotFoundError:  # something that cleans up has removed the folder
            self._path, self._descriptor = _made(self._of_user)
            return _new_file(self._path, self._descriptor)

    def remove(self) -> None:
        """Removes it with what is in it, at the end."""
        with suppress(OSError):  # whoever starts next removes it
            shutil.rmtree(self.path)
        os.close(self._descriptor)


def _made(of_user: Path) -> tuple[Path, int]:
    """A new folder, and its descriptor, which holds its lock.

    Raises:
        OSError: where it cannot be made, or is not safe.
    """
    shared = _opened_private(of_user)
    try:
        fcntl.flock(shared, fcntl.LOCK_EX)  # nobody takes a folder that is made, and not yet held, for a dead one's
        for left in os.listdir(shared):  # noqa: PTH208 - by the descriptor, whatever stands at the path by now
            _remove_if_left(shared, left)
        name = secrets.token_hex(_NAME_BYTES)
        os.mkdir(name, _PRIVATE, dir_fd=shared)
        descriptor = os.open(name, _FOLDER_FLAGS, dir_fd=shared)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(shared)
    return of_user / name, descriptor


def _new_file(folder: Path, descriptor: int) -> tuple[Path, int]:
    name = secrets.token_hex(_NAME_BYTES)
    return folder / name, os.open(name, _FILE_FLAGS, 0o600, dir_fd=descriptor)


def _opened_private(path: Path) -> int:
    """The descriptor of a folder that only this user can enter; it is made where it is not there.

    Raises:
        OSError: where it is somebody else's, or no folder.
    """
    with suppress(FileExistsError):
        path.mkdir(_PRIVATE)
    descriptor = os.open(path, _FOLDER_FLAGS)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "belongs to somebody else; choose another --temporary-folder", str(path))
    if stat.S_IMODE(status.st_mode) != _PRIVATE:
        os.fchmod(descriptor, _PRIVATE)
    return descriptor


def _remove_if_left(shared: int, name: str) -> None:
    """Removes what a dead process left; what a living one holds stays."""
    try:
        descriptor = os.open(name, _FOLDER_FLAGS, dir_fd=shared)
    except OSError:  # not a folder: nothing of ours
        with suppress(OSError):
            os.unlink(name, dir_fd=shared)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(name, ignore_errors=True, dir_fd=shared)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
