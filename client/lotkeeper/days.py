"""Days of a calendar as moments: the first and the last millisecond of a day in a time zone.

A day has 23, 24 or 25 hours, midnight may not exist or come twice, and a zone may have left a day out.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

MILLIS_MAX: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last moment of the contract."""

_DAY: Final = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")
_EPOCH: Final = datetime(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)


def day_of(text: str) -> date | None:
    """The day that is written as `2026-03-01` or `20260301`; None for a text in another form.

    Raises:
        ValueError: where it has that form and is not in the calendar.
    """
    match = _DAY.fullmatch(text)
    return None if match is None else date(int(match[1]), int(match[3]), int(match[4]))


def first_milli(day: date, zone: tzinfo) -> int:
    """The first millisecond of a day, in ms since the epoch.

    Args:
        day: in the zone.
        zone: a time zone. Of a day that it left out: the moment at which it was left out.
    """
    return min(_midnights(day, zone))


def last_milli(day: date, zone: tzinfo) -> int:
    """The last millisecond of a day, in ms since the epoch; of the last day of all, that of the contract at most.

    Args:
        day: in the zone.
        zone: a time zone. Of a day that it left out: the millisecond before it was left out.
    """
    if day == date.max:
        end = datetime.combine(day, time.max)
        return min(_millis(end, end.replace(tzinfo=zone).utcoffset()), MILLIS_MAX)
    return min(max(_midnights(day + timedelta(days=1), zone)) - 1, MILLIS_MAX)


def _midnights(day: date, zone: tzinfo) -> tuple[int, int]:
    """The moments at which a day begins: two that differ where midnight comes twice."""
    midnight = datetime.combine(day, time.min)
    early, late = (_millis(midnight, midnight.replace(tzinfo=zone, fold=fold).utcoffset()) for fold in (0, 1))
    if early <= late:
        return early, late
    # The clock jumps over midnight: `late` is still the day before, `early` is this day or a later one.
    before, after = late, early
    while after - before > 1:
        between = (before + after) // 2
        if _day_at(between, zone) < day:
            before = between
        else:
            after = between
    return after, after


def _millis(local: datetime, offset: timedelta | None) -> int:
    return (local - _EPOCH - (offset or timedelta())) // _MILLISECOND


def _day_at(millis: int, zone: tzinfo) -> date:
    return (_EPOCH + timedelta(milliseconds=millis)).replace(tzinfo=UTC).astimezone(zone).date()


def rfc3339_of(millis: int) -> str:
    """A moment in UTC, `2026-03-01T23:59:59.999Z`."""
    moment = (_EPOCH + timedelta(milliseconds=millis)).isoformat(timespec="milliseconds")
    return f"{moment}Z"
