"""Logs: one JSON object for each line on standard error, or plain lines for people.

Whatever the server writes there goes through here, also what libraries log and what nobody caught: without secrets, and
nothing in it can pass for another line or field, or be obeyed by a terminal. What repeats is counted
(`observability/repeats.py`). docs/logs.md has every event.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

import structlog
from lotkeeper.redaction import without_secrets
from lotkeeper.visible_text import visible, visible_lines

from lotkeeper_server.event_log import get_logger, write_events
from lotkeeper_server.observability.native_lines import begin_telling
from lotkeeper_server.observability.repeats import Repeats

_log = get_logger()
_STACK: Final = "exception"
_STACK_MARGIN: Final = "    | "
"""Before each line of a stack, in plain lines: an error's text may hold line breaks, and look like lines of the log."""


class _Counting:
    """Who counts the lines of this process; replaced once there are metrics."""

    def __init__(self) -> None:
        self.on_line: Callable[[str], None] = lambda _level: None
        self.on_repeat: Callable[[], None] = lambda: None

    def repeat(self) -> None:
        """A line was counted instead of written."""
        self.on_repeat()


_counting: Final = _Counting()
_repeats: Final = Repeats(_counting.repeat)


def _write(text: str) -> None:
    """On standard error as it is now; a log that cannot be written must not stop the work that it reports."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


class _FromLibraries(logging.Handler):
    """Writes what libraries log by Python's own logging as a line of this log."""

    def emit(self, record: logging.LogRecord) -> None:
        _log.log(record.levelno, "library", logger=record.name, message=record.getMessage(), exc_info=record.exc_info)


def configure_logs(level: str, style: str) -> None:
    """Sets up logging for the process; may be called again to change it.

    Args:
        level: debug, info, warning or error.
        style: json or console.
    """
    is_json = style == "json"
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()  # it writes ASCII
        if is_json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    write_events(
        [
            structlog.processors.add_log_level,
            _repeats,
            _noted,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _clean if is_json else _clean_and_visible,
            renderer,
        ],
        _write,
        level,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread


def begin_process() -> None:
    """Begins the log of a process that serves: what its parent wrote does not count as written here.

    From here on what code in C writes to standard error is told as lines of this log, too.
    """
    _repeats.forget()
    begin_telling(_tell_native)


def count_lines(on_line: Callable[[str], None], on_repeat: Callable[[], None]) -> None:
    """Has the lines of this process counted.

    Args:
        on_line: called with the level of each line that is written.
        on_repeat: called for each that is counted instead.
    """
    _counting.on_line, _counting.on_repeat = on_line, on_repeat


def write_repeats(*, all_of_them: bool = False) -> None:
    """Writes the lines that stand for those that were counted; to be called once a second.

    Args:
        all_of_them: whether at once: at the end of the process.
    """
    for line in _repeats.due(all_of_them=all_of_them):
        level, event = str(line.pop("level")), str(line.pop("event"))
        _log.log(logging.getLevelName(level.upper()), event, **line)


def _noted(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["pid"] = os.getpid()
    _counting.on_line(event["level"])
    return event


def _tell_native(level: str, place: str, message: str) -> None:
    _log.log(logging.getLevelName(level.upper()), "library", logger=place, message=message)


def _clean(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _cleaned(value) for name, value in event.items()}


def _clean_and_visible(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    shown = {
        name: _visible(value) if name != _STACK else value for name, value in _clean(_logger, _name, event).items()
    }
    if _STACK in shown:
        shown[_STACK] = "\n".join(_STACK_MARGIN + line for line in visible_lines(str(shown[_STACK])).split("\n"))
    return shown


def _cleaned(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return [_cleaned(one) for one in value]
    if isinstance(value, dict):
        return {without_secrets(str(name)): _cleaned(one) for name, one in value.items()}
    return without_secrets(str(value))


def _visible(value: Any) -> Any:
    if isinstance(value, list):
        return [_visible(one) for one in value]
    if isinstance(value, dict):
        return {visible(name): _visible(one) for name, one in value.items()}
    return visible(value) if isinstance(value, str) else value


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    _log.critical("fault", exc_info=(kind, error, traceback))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        _log.critical("fault", thread=arguments.thread and arguments.thread.name, exc_info=arguments.exc_value)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """What Python cannot raise anywhere, as in the end of an object."""
    _log.error("unraisable", message=unraisable.err_msg or "", exc_info=unraisable.exc_value)
