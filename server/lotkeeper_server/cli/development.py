"""The development token of `run`, and the file that hands it to clients of the same user on this machine."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from lotkeeper.development import UnsafeToken, development_token_path, open_folder, read_token_file

from lotkeeper_server.access.development import DevelopmentToken


class HandedToken:
    """A token that is in a file while its server serves.

    Attributes:
        token: the token.
    """

    def __init__(self) -> None:
        """Makes the token; it is handed to nobody yet."""
        self.token = DevelopmentToken()
        self._path: Path | None = None

    def begin(self, address: str) -> None:
        """Writes the file, then has the token taken.

        Args:
            address: HOST:PORT, where the server serves.

        Raises:
            UnsafeToken: where somebody else may change what lies in the folder.
            OSError: where the file cannot be written.
        """
        self._path = development_token_path(address)
        write_token_file(self._path, self.token.text)
        self.token.serve_at(address)

    def end(self) -> None:
        """Removes the file if it still holds this token, and not that of a server that came later."""
        if self._path is None:
            return
        with suppress(OSError, UnsafeToken):  # the token ends with its server, whatever becomes of the file
            if read_token_file(self._path) == self.token.text:
                self._path.unlink()


def write_token_file(path: Path, token: str) -> None:
    """Puts a token into a file that only this user can read, in the place of an earlier one.

    Raises:
        UnsafeToken: where somebody else may change what lies in the folder.
        OSError: where the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = open_folder(path.parent)
    fresh = f".{path.name}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(fresh, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(token + "\n")
            os.rename(fresh, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            os.unlink(fresh, dir_fd=folder)
            raise
    finally:
        os.close(folder)
