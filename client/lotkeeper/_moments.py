"""Moments as callers give them: datetimes, or milliseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from lotkeeper._errors import FieldViolation, InvalidArgument
from lotkeeper._reasons import FieldReason

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def millis_of(moment: datetime) -> int:
    """A moment in ms since the epoch, UTC, as requests have it; what is finer is cut off.

    Args:
        moment: with a time zone.

    Raises:
        InvalidArgument: for a datetime without a time zone, or what is no datetime.
    """
    return _millis("moment", moment)


def timestamp_of(moment: datetime) -> Timestamp:
    """A moment as entities have it: `InventoryLot(expiration_date=timestamp_of(moment))`; cut to milliseconds.

    Args:
        moment: with a time zone.

    Raises:
        InvalidArgument: for a datetime without a time zone, or what is no datetime.
    """
    seconds, millis = divmod(_millis("moment", moment), 1_000)
    return Timestamp(seconds=seconds, nanos=millis * 1_000_000)


def millis_given(name: str, moment: datetime | None, millis: int | None) -> int | None:
    """What a caller gave of a moment that may be given in two ways.

    Args:
        name: of the argument that takes the datetime; the other's ends with `_millis`.
        moment: given as a datetime.
        millis: given in ms since the epoch.

    Raises:
        InvalidArgument: for both, a datetime without a time zone, or one in the other's place.
    """
    if isinstance(millis, datetime):
        raise _refused(f"{name}_millis", f"is a datetime: give it as {name}")
    if moment is None:
        return millis
    if millis is not None:
        raise _refused(name, f"is given together with {name}_millis: give one of them")
    return _millis(name, moment)


def _millis(name: str, moment: datetime) -> int:
    if not isinstance(moment, datetime):
        raise _refused(name, f"is not a datetime but a {type(moment).__name__}")
    if moment.utcoffset() is None:
        raise _refused(name, "has no time zone: give it one, such as datetime.now(UTC) or moment.astimezone()")
    return (moment - _EPOCH) // _MILLISECOND


def _refused(name: str, description: str) -> InvalidArgument:
    violations = (FieldViolation(name, description, FieldReason.MALFORMED),)
    return InvalidArgument(grpc.StatusCode.INVALID_ARGUMENT, f"{name} {description}", field_violations=violations)
