"""What repeats in the log is counted, not written: a fault that a thousand calls meet is a line, and then a count.

Lines are alike that have the same event, and the same reason, method, caller and whatever else says what it is about.
The first is written at once. Those that follow within some seconds are counted; then the last of them is written, with
how many it stands for.
"""

import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog

WINDOW_SECONDS: Final = 10.0
"""For so long lines like one that was written are counted."""
KEPT_MAX: Final = 1_024
"""So many kinds of lines are told apart; beyond, only by their events."""
ERROR_IDS_MAX: Final = 50
"""So many error ids the line that stands for others names; whoever called has been told one."""
TOLD_APART_BY: Final = ("reason", "method", "caller", "limit", "task", "logger", "worker", "why")
ALWAYS_WRITTEN: Final = frozenset(
    {
        "callers_refused",
        "certificate_not_reloaded",
        "certificate_reloaded",
        "settings_not_reloaded",
        "settings_reloaded",
        "store_not_usable",
        "store_usable",
    }
)
"""What counts by itself, answers what somebody has just asked for, or says what is so from now on."""
REPEATED: Final = "repeated"
Line = MutableMapping[str, Any]
_Key = tuple[Any, ...]


class _Window:
    """Lines of one kind since one of them was written."""

    __slots__ = ("count", "error_ids", "last", "until_seconds")

    def __init__(self, until_seconds: float) -> None:
        self.until_seconds = until_seconds
        self.count = 0
        self.last: Line = {}
        self.error_ids: list[str] = []


class Repeats:
    """A processor of structlog, behind the one that adds the level. For any thread."""

    def __init__(self, on_repeat: Callable[[], None], now_seconds: Callable[[], float] = time.monotonic) -> None:
        """Nothing was written yet.

        Args:
            on_repeat: called for each line that is not written.
            now_seconds: the time.
        """
        self._on_repeat = on_repeat
        self._now_seconds = now_seconds
        self._windows: dict[_Key, _Window] = {}
        self._lock = threading.Lock()

    def __call__(self, _logger: object, _name: str, line: Line) -> Line:
        """Lets a line through.

        Raises:
            DropEvent: for one that is counted instead.
        """
        if REPEATED in line or line.get("event") in ALWAYS_WRITTEN:
            return line
        error = _error_of(line)
        now_seconds = self._now_seconds()
        with self._lock:
            key = self._key(line, error, now_seconds)
            window = self._windows.get(key)
            if window is None:
                self._windows[key] = _Window(now_seconds + WINDOW_SECONDS)
                return line
            window.count += 1
            window.last = _kept(line, error)
            if (error_id := line.get("error_id")) and len(window.error_ids) < ERROR_IDS_MAX:
                window.error_ids.append(str(error_id))
        self._on_repeat()
        raise structlog.DropEvent

    def forget(self) -> None:
        """Begins anew: in a process that was forked."""
        self._windows.clear()

    def due(self, *, all_of_them: bool = False) -> list[Line]:
        """The lines that stand for those that were counted; to be written, and then forgotten.

        Args:
            all_of_them: whether also those whose time is not over: at the end of the process.
        """
        now_seconds = self._now_seconds()
        lines: list[Line] = []
        with self._lock:
            for key, window in list(self._windows.items()):
                if window.until_seconds > now_seconds and not all_of_them:
                    continue
                if not window.count:
                    del self._windows[key]
                    continue
                line = {**window.last, REPEATED: window.count, "within_seconds": WINDOW_SECONDS}
                if window.error_ids:
                    line["error_ids"] = window.error_ids
                lines.append(line)
                self._windows[key] = _Window(now_seconds + WINDOW_SECONDS)
        return lines

    def _key(self, line: Line, error: BaseException | None, now_seconds: float) -> _Key:
        key = (line.get("event"), line.get("level"), type(error), *(str(line.get(name, "")) for name in TOLD_APART_BY))
        if key in self._windows or len(self._windows) < KEPT_MAX:
            return key
        for old, window in list(self._windows.items()):
            if window.until_seconds <= now_seconds and not window.count:
                del self._windows[old]
        return key if len(self._windows) < KEPT_MAX else key[:2]


def _error_of(line: Line) -> BaseException | None:
    error = line.get("exc_info")
    if isinstance(error, BaseException):
        return error
    if isinstance(error, tuple):
        found: BaseException | None = error[1]
        return found
    return sys.exception() if error else None


def _kept(line: Line, error: BaseException | None) -> Line:
    """Without the stack, whose frames would stay in memory; with the kind of the error."""
    kept = {name: value for name, value in line.items() if name not in {"exc_info", "error_id"}}
    if error is not None:
        kept["error_class"] = type(error).__name__
    return kept
