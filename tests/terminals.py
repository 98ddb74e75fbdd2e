"""Commands on a terminal of a given width."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

ESCAPE = "\x1b"


class Terminal:
    """A command whose input, output and errors are a terminal."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], columns: int) -> None:
        """Starts it.

        Args:
            command: the program and its arguments.
            environment: its variables, all of them.
            columns: the width of the terminal.
        """
        self._end, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self._begun = b""

    def line(self) -> str:
        """The next line that it shows."""
        while b"\n" not in self._begun:
            self._begun += os.read(self._end, 65_536)
        line, _, self._begun = self._begun.partition(b"\n")
        return line.decode().rstrip("\r")

    def text(self) -> str:
        """All that it shows until it ends, with line feeds alone."""
        shown = [self._begun]
        while True:
            try:
                piece = os.read(self._end, 65_536)
            except OSError:  # Linux says so where nobody holds the other end
                break
            if not piece:
                break
            shown.append(piece)
        os.close(self._end)
        self.process.wait(20)
        return b"".join(shown).decode().replace("\r\n", "\n")
