"""What a migration found and left as it is, for whoever runs it.

Whoever runs migrations chooses by `noticing` where that goes; by default to the log.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

Notice: TypeAlias = Callable[[str], None]
"""Takes one line."""


def _to_the_log(text: str) -> None:
    logging.getLogger(__name__).warning(text)


_notice: Final[ContextVar[Notice]] = ContextVar("notice", default=_to_the_log)


def notice(text: str) -> None:
    """Tells what the present migration left as it is, in one line."""
    _notice.get()(text)


@contextmanager
def noticing(to: Notice) -> Iterator[None]:
    """What migrations in this block notice goes to this function."""
    token = _notice.set(to)
    try:
        yield
    finally:
        _notice.reset(token)
