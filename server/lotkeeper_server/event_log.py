"""Loggers of the server's modules: an event and its fields, written where this process has said.

They do not go by structlog's own configuration, which belongs to the program: a server on threads of somebody's tests
must neither change how that program logs nor write on its standard output. Until `write_events` says otherwise they go
to Python's logging, as `lotkeeper_server`: pytest shows them where a test fails, and nothing is written where nobody
has set up logging.
"""

import logging
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_PYTHONS_LOGGER: Final = logging.getLogger("lotkeeper_server")
_PYTHONS_LOGGER.addHandler(logging.NullHandler())  # else Python would write warnings on standard error
_LEVELS: Final = logging.getLevelNamesMapping() | {"EXCEPTION": logging.ERROR}
_WRAPPER: Final = structlog.make_filtering_bound_logger(logging.DEBUG)


def _hand_on(_: object, method: str, event: MutableMapping[str, Any]) -> NoReturn:
    """Gives an event to Python's logging."""
    level = _LEVELS[method.upper()]
    if _PYTHONS_LOGGER.isEnabledFor(level):
        event = structlog.processors.format_exc_info(_PYTHONS_LOGGER, method, event)  # a stack would keep what it had
        stack = event.pop("exception", None)
        fields = [f"{name}={value}" for name, value in event.items() if name != "event"]
        line = " ".join([str(event["event"]), *fields])
        _PYTHONS_LOGGER.log(level, "%s", line if stack is None else f"{line}\n{stack}")
    raise structlog.DropEvent


class _Output:
    """Takes the line that the last processor makes of an event."""

    def __init__(self) -> None:
        self.write: Callable[[str], object] = str
        self._lock = threading.Lock()

    def _take(self, line: str) -> None:
        with self._lock:
            self.write(line + "\n")

    debug = info = warning = error = critical = exception = _take


_output: Final = _Output()
_processors: Final[list[Processor]] = [_hand_on]
"""Of every logger, those made before a change among them."""


def get_logger() -> FilteringBoundLogger:
    """A logger: its methods are named by level and take an event and fields by name."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        _output, processors=_processors, wrapper_class=_WRAPPER, context_class=dict, cache_logger_on_first_use=False
    )
    return logger


def write_events(processors: Sequence[Processor], write: Callable[[str], object], level: str) -> None:
    """Has the events of all loggers written, from now on.

    Args:
        processors: the last one makes a line, without its end.
        write: takes lines.
        level: debug, info, warning or error; what is less is not written.
    """
    level_min = _LEVELS[level.upper()]

    def drop_lower(_: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if _LEVELS[method.upper()] < level_min:
            raise structlog.DropEvent
        return event

    _output.write = write
    _processors[:] = [drop_lower, *processors]


@contextmanager
def events_written_as_before() -> Iterator[None]:
    """Undoes at the end of the block what `write_events` has changed in it."""
    write, processors = _output.write, list(_processors)
    try:
        yield
    finally:
        _output.write, _processors[:] = write, processors


@contextmanager
def events_captured() -> Iterator[list[MutableMapping[str, Any]]]:
    """Keeps the events of the block instead of writing them: each as a mapping, its level as `log_level`."""
    before = list(_processors)
    captured = structlog.testing.LogCapture()
    _processors[:] = [captured]
    try:
        yield captured.entries
    finally:
        _processors[:] = before
