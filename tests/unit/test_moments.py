"""Times and numbers on the command line: read as one thing, or wrong usage that says why."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import click
import pytest
from lotkeeper.cli.moments import Moment, Number, OfDay

DAY = 1_772_323_200_000
"""2026-03-01T00:00:00Z."""
DAY_MILLIS = 86_400_000


def read(text: str, of_day: OfDay = OfDay.LAST) -> int:
    return Moment(of_day).convert(text, None, None)


def refused(text: str) -> str:
    with pytest.raises(click.BadParameter) as wrong:
        read(text)
    return str(wrong.value)


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-03-01T00:00:00Z", DAY),
        ("2026-03-01t00:00:00.1239z", DAY + 123),
        ("2026-03-01 02:00+02:00", DAY),
        ("2026-02-28T19:00:00-05:00", DAY),
    ],
)
def test_a_time_is_rfc_3339(text: str, millis: int) -> None:
    """To the millisecond."""
    assert read(text) == millis


def test_a_time_without_a_zone_is_local() -> None:
    """As times are shown."""
    assert read("2026-03-01T08:30") == round(datetime(2026, 3, 1, 8, 30).astimezone().timestamp() * 1000)


@pytest.mark.parametrize("text", ["2026-03-01", "20260301"])
def test_a_day_is_the_moment_of_it_that_is_meant(text: str) -> None:
    """A lower bound its first millisecond, an upper one or an expiry its last, one that is not reached the next."""
    assert read(text, OfDay.FIRST) == DAY
    assert read(text) == DAY + DAY_MILLIS - 1
    assert read(text, OfDay.AFTER) == DAY + DAY_MILLIS
    assert read(text, OfDay.LAST_UNTIL_NOW) == DAY + DAY_MILLIS - 1


def test_the_end_of_today_is_now() -> None:
    """What ended today has ended."""
    today = datetime.now(UTC).date()
    before = time.time_ns() // 1_000_000
    assert before <= read(today.isoformat(), OfDay.LAST_UNTIL_NOW) <= time.time_ns() // 1_000_000 + DAY_MILLIS
    tomorrow = (today + timedelta(days=1)).isoformat()
    assert read(tomorrow, OfDay.LAST_UNTIL_NOW) == read(tomorrow)


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("-3h", -10_800_000),
        ("-2d", -172_800_000),
        ("-1d12h", -129_600_000),
        ("+30d", 2_592_000_000),
        ("-1w", -604_800_000),
        ("-90m", -5_400_000),
        ("-90min", -5_400_000),
        ("-5s", -5_000),
        ("-20ms", -20),
    ],
)
def test_a_span_is_from_now(text: str, millis: int) -> None:
    """Back or ahead."""
    before = time.time_ns() // 1_000_000
    assert before + millis <= read(text) <= time.time_ns() // 1_000_000 + millis


@pytest.mark.parametrize(
    "text", ["0", "5", "1767225600000", "1767225600", "-5", "+3", "2026", "202603", "1.5", "1_000"]
)
def test_a_bare_number_is_wrong_usage(text: str) -> None:
    """It was taken for milliseconds; it could be a year, seconds, or a count of days."""
    assert f"{text} is a bare number, which could mean anything" in refused(text)


@pytest.mark.parametrize("text", ["20391345", "2026-02-30", "2026-03-01T25:00:00Z", "2026-03-01T08:60", "0000-01-01"])
def test_what_is_not_in_the_calendar_is_wrong_usage(text: str) -> None:
    """In the form of a day or a time as it is."""
    assert f"{text} is not in the calendar" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "3h",
        "-3",
        "-3x",
        "-h",
        "01/03/2026",
        "2026-W09-1",
        "2026-3-1",
        "2026-0301",
        "T08:00",
        "\u0661h",
    ],
)
def test_everything_else_is_wrong_usage(text: str) -> None:
    """And says what a time looks like."""
    assert "such as -3h or -2d" in refused(text)


def test_a_quantity_is_a_number_as_the_server_reads_it() -> None:
    """Nothing that Python alone takes for one."""
    assert [Number().convert(text, None, None) for text in ("1", "0.5", "1e3", "-2")] == ["1", "0.5", "1e3", "-2"]
    for text in ("1_000", " 1", "+1", ".5", "5.", "inf", "nan", "1e13", "0x10", "", "1,5"):
        with pytest.raises(click.BadParameter):
            Number().convert(text, None, None)
