"""How far a command is, on standard error, if that is a terminal and the command takes more than a second."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

PATIENCE_SECONDS: Final = 1.0
_EVERY_SECONDS: Final = 0.2
_BAR_CHARACTERS: Final = 24
_ERASE: Final = "\r\x1b[K"
_LINE: Final = Lock()
"""There is one line."""


class Progress:
    """What has been done so far; whoever does it adds to `done`.

    Attributes:
        doing: in a word or two.
        done: how many of `unit`.
        total: how many there will be; None: nobody knows.
        unit: what is counted.
    """

    def __init__(self, doing: str, total: int | None = None, unit: str = "") -> None:
        self.doing = doing
        self.done = 0
        self.total = total
        self.unit = unit

    def say(self, doing: str) -> None:
        """From now on it does this, and nothing is counted."""
        self.doing, self.done, self.total = doing, 0, None

    def count(self, doing: str, total: int, unit: str) -> None:
        """From now on it does this, so many times."""
        self.doing, self.done, self.total, self.unit = doing, 0, total, unit

    def line(self, seconds: float) -> str:
        """It as one line.

        Args:
            seconds: since the beginning.
        """
        words = [self.doing]
        if self.total:
            share = min(self.done / self.total, 1.0)
            filled = round(share * _BAR_CHARACTERS)
            words += [f"[{'#' * filled}{'-' * (_BAR_CHARACTERS - filled)}]", f"{share:4.0%}"]
        if self.done:
            words.append(f"{self.done:,}{f' of {self.total:,}' if self.total else ''} {self.unit}".rstrip())
        words.append(f"{seconds:.0f} s")
        return "  ".join(words)


@contextmanager
def progress(doing: str, total: int | None = None, unit: str = "") -> Iterator[Progress]:
    """Shows how far it is while the block lasts longer than a second; nothing is left of it afterwards.

    A block inside of another one shows nothing of its own.
    """
    shown = Progress(doing, total, unit)
    if not can_show() or not _LINE.acquire(blocking=False):
        yield shown
        return
    ended = Event()
    thread = Thread(target=_show, args=(shown, ended), name="progress", daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        ended.set()
        thread.join()
        _LINE.release()


def clear() -> None:
    """Makes room for a line on standard error, where something may be shown just now."""
    if can_show() and _LINE.locked():
        sys.stderr.write(_ERASE)
        sys.stderr.flush()


def can_show() -> bool:
    """Whether standard error is a terminal that can write over a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _show(shown: Progress, ended: Event) -> None:
    begun, wait, drawn = monotonic(), PATIENCE_SECONDS, False
    while not ended.wait(wait):
        line = shown.line(monotonic() - begun)
        sys.stderr.write(_ERASE + line[: _screen_characters() - 1])
        sys.stderr.flush()
        wait, drawn = _EVERY_SECONDS, True
    if drawn:
        sys.stderr.write(_ERASE)
        sys.stderr.flush()


def _screen_characters() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):  # it says it is a terminal, and is none
        return 80
