"""How far a long migration has come, for whoever waits for it.

A migration tells it by `report` as often as it likes. Whoever runs migrations chooses by `reporting` where that goes;
by default nowhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

Report: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done ("records are read"), how much of it is done, and how much there is."""


def _nobody(_what: str, _done: int, _total: int) -> None:
    """Says nothing."""


_report: Final[ContextVar[Report]] = ContextVar("report", default=_nobody)


def report(what: str, done: int, total: int) -> None:
    """Tells how far the present migration has come.

    Args:
        what: is being done, in a few words.
        done: how many things of it.
        total: how many there are.
    """
    _report.get()(what, done, total)


@contextmanager
def reporting(to: Report) -> Iterator[None]:
    """Migrations in this block report to this function."""
    token = _report.set(to)
    try:
        yield
    finally:
        _report.reset(token)
