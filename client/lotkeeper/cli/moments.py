"""Times and numbers on the command line: what is written is one thing only, or it is wrong usage."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final

import click

from lotkeeper.cli.parameter_type import ParamType
from lotkeeper.cli.session import Session
from lotkeeper.days import day_of, first_milli, last_milli
from lotkeeper.numbers import number_fault

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_RELATIVE: Final = re.compile(r"([+-])((?:[0-9]{1,9}(?:ms|s|min|m|h|d|w))+)")
_PART: Final = re.compile(r"([0-9]+)(ms|s|min|m|h|d|w)")
_NUMBER: Final = re.compile(r"[-+]?[0-9.,_]+")
_MILLIS: Final = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_EXAMPLES: Final = (
    "a time such as 2026-03-01T08:30:00Z, a day such as 2026-03-01 or 20260301, or a span from now such as -3h or -2d"
)


class OfDay(Enum):
    """Which moment of a day is meant where a day is written in the place of a time."""

    FIRST = "its first millisecond"
    LAST = "its last millisecond"
    AFTER = "the first millisecond of the next day"
    LAST_UNTIL_NOW = "its last millisecond, of today now"


class Moment(ParamType[int]):
    """A time: RFC 3339, a day of the plant, or a span from now; a time without a zone is local.

    A day alone is written `2026-03-01` or `20260301`. A span has a sign, and parts in w, d, h, min or m, s, ms.
    """

    name = "time"

    def __init__(self, of_day: OfDay = OfDay.LAST) -> None:
        """Reads an option.

        Args:
            of_day: what a day alone means there.
        """
        self._of_day = of_day

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since the epoch."""
        if isinstance(value, int):
            return value
        try:
            if (day := day_of(value)) is not None:
                return self._within(day, ctx)
            if _TIME.fullmatch(value):
                moment = datetime.fromisoformat(value.upper())
                return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
        except (ValueError, OverflowError):
            self.fail(f"{value} is not in the calendar; give {_EXAMPLES}", param, ctx)
        if (span := _RELATIVE.fullmatch(value)) is None:
            is_number = _NUMBER.fullmatch(value)
            why = "is a bare number, which could mean anything" if is_number else "is not a time"
            self.fail(f"{value} {why}; give {_EXAMPLES}", param, ctx)
        millis = sum(int(count) * _MILLIS[unit] for count, unit in _PART.findall(span[2]))
        return _now_millis() + (millis if span[1] == "+" else -millis)

    def _within(self, day: date, ctx: click.Context | None) -> int:
        session = None if ctx is None else ctx.find_object(Session)
        zone = UTC if session is None else session.time_zone()
        if self._of_day is OfDay.FIRST:
            return first_milli(day, zone)
        last = last_milli(day, zone)
        if self._of_day is OfDay.AFTER:
            return last + 1
        if self._of_day is OfDay.LAST_UNTIL_NOW and first_milli(day, zone) <= _now_millis() <= last:
            return _now_millis()
        return last


def _now_millis() -> int:
    return time.time_ns() // 1_000_000


class Number(ParamType[str]):
    """A number as the server reads it, too: a digit first and last, no underscores, spaces or `+`. It stays a text."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Its text, as it was typed."""
        if fault := number_fault(value, may_be_negative=True):
            self.fail(f"{value} {fault}", param, ctx)
        return str(value)
