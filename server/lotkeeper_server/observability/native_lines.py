"""What code in C writes to standard error, gRPC's core above all, as lines of the log.

Such code knows only descriptor 2. That becomes a pipe, whose other end a thread reads; the log itself goes on to where
standard error was. Nobody waits for the thread: what does not fit into the pipe is lost, as are the last words of code
that ends the process.
"""

import faulthandler
import os
import re
import sys
import threading
from collections.abc import Callable
from typing import Final

LINE_BYTES_MAX: Final = 4_096
"""A longer line is told in pieces."""
_STANDARD_ERROR: Final = 2
_OF_GRPC: Final = re.compile(
    r"(?P<level>[IWEF])\d{4} [\d:.]+\s+\d+ (?P<place>[\w./-]+:\d+)\] ?(?P<message>.*)", re.DOTALL
)
"""`E0000 00:00:1764480000.123456 4711 ssl_transport_security.cc:1665] Handshake failed ...`"""
_LEVELS: Final = {"I": "info", "W": "warning", "E": "error", "F": "critical"}
Tell = Callable[[str, str, str], None]
"""Takes a level, where the line is from, and what it says."""


def begin_telling(tell: Tell) -> None:
    """Takes over descriptor 2 of this process, once and for good; after it was forked, before gRPC begins.

    Args:
        tell: is told of each line, on a thread for that.
    """
    sys.stderr.flush()
    before = os.dup(_STANDARD_ERROR)
    sys.stderr = os.fdopen(before, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    faulthandler.enable(before)
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)  # else whoever holds Python's lock and writes would wait for the thread for ever
    os.dup2(write_end, _STANDARD_ERROR)
    os.close(write_end)
    threading.Thread(target=_read, args=(read_end, tell), name="native-lines", daemon=True).start()


def _read(read_end: int, tell: Tell) -> None:
    rest = b""
    while piece := os.read(read_end, LINE_BYTES_MAX):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) >= LINE_BYTES_MAX:
            lines.append(rest)
            rest = b""
        for line in lines:
            if line.strip():
                tell(*told_of(line.decode(errors="replace")))


def told_of(line: str) -> tuple[str, str, str]:
    """The level, the place and the message of a line; one of unknown form is a warning from `native`."""
    if found := _OF_GRPC.fullmatch(line):
        return _LEVELS[found["level"]], f"grpc.{found['place'].rpartition('/')[2]}", found["message"]
    return "warning", "native", line
