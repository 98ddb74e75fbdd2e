"""Days as moments, in zones where they have 23, 24 or 25 hours, or where midnight is missing or comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper.days import MILLIS_MAX, first_milli, last_milli

ZONES = (
    *("UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe"),
    *("America/Sao_Paulo", "America/St_Johns", "Africa/Cairo", "Asia/Beirut", "Asia/Tehran", "Antarctica/Troll"),
)
HOUR = 3_600_000


def local(millis: int, zone: str) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)).astimezone(ZoneInfo(zone))


@given(st.dates(date(1970, 1, 3), date(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_day_begins_and_ends_where_the_calendar_turns(day: date, zone: str) -> None:
    """Its first millisecond is of that day and the one before is not; the same at its end."""
    first, last = first_milli(day, ZoneInfo(zone)), last_milli(day, ZoneInfo(zone))
    assert local(first, zone).date() == local(last, zone).date() == day
    assert local(first - 1, zone).date() < day < local(last + 1, zone).date()
    assert 22 * HOUR <= last + 1 - first <= 26 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 3, 29), 24),
        ("Europe/Vienna", date(2026, 3, 29), 23),
        ("Europe/Vienna", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # there was no midnight
        ("America/St_Johns", date(2006, 10, 29), 25),  # a minute past midnight the clock went back to the day before
        ("America/Toronto", date(1919, 3, 31), 23.5),  # the clock went from 23:30 to 00:30
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the day was left out
    ],
)
def test_a_day_has_the_hours_that_it_had(zone: str, day: date, hours: float) -> None:
    """Whatever the clocks did."""
    assert last_milli(day, ZoneInfo(zone)) + 1 - first_milli(day, ZoneInfo(zone)) == hours * HOUR


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_last_day_of_all_ends_where_the_contract_does(zone: str) -> None:
    """People write 9999-12-31 for never."""
    assert first_milli(date.max, ZoneInfo(zone)) < last_milli(date.max, ZoneInfo(zone)) <= MILLIS_MAX
