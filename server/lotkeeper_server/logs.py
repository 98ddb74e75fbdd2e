"""Logs: one JSON object for each line on standard error, or plain lines for people.

Whatever the server writes there goes through here, also what libraries log and what nobody caught: without secrets, and
nothing in it can pass for another line or field, or be obeyed by a terminal.
"""

import logging
import sys
import threading
from collections.abc import MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

import structlog
from lotkeeper.redaction import without_secrets
from lotkeeper.visible_text import visible, visible_lines

from lotkeeper_server.event_log import get_logger, write_events

_log = get_logger()
_STACK: Final = "exception"
_STACK_MARGIN: Final = "    | "
"""Before each line of a stack, in plain lines: an error's text may hold line breaks, and look like lines of the log."""


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
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _clean if is_json else _clean_and_visible,
            renderer,
        ],
        _write,
        level,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


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
