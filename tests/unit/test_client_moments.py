"""Moments as the client's arguments, and as they are sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper import InvalidArgument, actions, exactly, millis_of, timestamp_of
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MILLIS = 1_772_366_400_000
ZONES = st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns"), timezone(timedelta(hours=-11))])


def test_a_moment_is_sent_in_milliseconds_whatever_its_zone() -> None:
    """And cut, also before the epoch."""
    for moment in (NOON, NOON.astimezone(ZoneInfo("Asia/Kolkata"))):
        assert actions.receive("L", 1, destination="D", end_date=moment).end_date_millis == NOON_MILLIS
    assert millis_of(NOON + timedelta(microseconds=1_999)) == NOON_MILLIS + 1
    assert millis_of(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) == -1


def test_of_an_hour_that_comes_twice_the_fold_says_which_is_meant() -> None:
    """The end of summer time."""
    early = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert millis_of(early.replace(fold=1)) - millis_of(early) == 3_600_000


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=ZONES))
def test_what_is_sent_as_a_timestamp_comes_back_as_the_same_moment(moment: datetime) -> None:
    """To the millisecond, in UTC."""
    answered = exactly(InventoryLot(expiration_date=timestamp_of(moment))).expiration_date
    assert answered is not None
    assert answered.tzinfo is UTC
    assert timedelta() <= moment - answered < timedelta(milliseconds=1)
    assert millis_of(answered) == millis_of(moment)


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        ({"end_date": NOON.replace(tzinfo=None)}, "end_date", "has no time zone"),
        ({"end_date": date(2026, 3, 1)}, "end_date", "is not a datetime but a date"),
        ({"start_date": 5}, "start_date", "is not a datetime but a int"),
        ({"lot_expiration_date": "2026-03-01"}, "lot_expiration_date", "is not a datetime but a str"),
        ({"end_date": NOON, "end_date_millis": 0}, "end_date", "is given together with end_date_millis"),
        ({"end_date_millis": NOON}, "end_date_millis", "is a datetime: give it as end_date"),
    ],
)
def test_what_is_no_moment_is_refused_by_name_before_anything_is_sent(given: Any, field: str, why: str) -> None:
    """By the error that the server's refusal would be."""
    with pytest.raises(InvalidArgument, match=why) as refused:
        actions.receive("L", 1, destination="D", **given)
    [violation] = refused.value.field_violations
    assert violation.field == field
    for function in (millis_of, timestamp_of):
        with pytest.raises(InvalidArgument, match="has no time zone"):
            function(NOON.replace(tzinfo=None))
