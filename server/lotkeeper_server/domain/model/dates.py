"""Step 10: when it began and when it ended; and how a refusal writes times."""

from datetime import UTC, datetime, timedelta

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLIS_PER_HOUR = 3_600_000


def rfc3339(millis: int) -> str:
    """A moment in UTC, `2026-03-01T08:30:00Z`, with milliseconds if it has some."""
    moment = _EPOCH + timedelta(milliseconds=millis)
    fraction = f".{millis % 1000:03d}" if millis % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def start_and_end(start_millis: int | None, end_millis: int | None, context: Context) -> tuple[int, int]:
    """The end defaults to now; the start to now, or to the end if that is earlier."""
    end = context.now_millis if end_millis is None else end_millis
    start = min(context.now_millis, end) if start_millis is None else start_millis
    if end < start:
        refuse_end_before_start(start, end, start_millis is not None, end_millis is not None)
    check_end(end, context)
    return start, end


def end_of_running(start_millis: int, end_millis: int | None, context: Context) -> int:
    """For a Stop: the end defaults to now, or to the start if that is later."""
    if end_millis is None:
        return max(context.now_millis, start_millis)
    if end_millis < start_millis:
        text = f"{rfc3339(end_millis)} is before the start, {rfc3339(start_millis)}"
        raise Refused(InvalidArgument.on("end_date_millis", Fault.conflicting(text)))
    check_end(end_millis, context)
    return end_millis


def check_end(end_millis: int, context: Context) -> None:
    """Refuses an end that is too far from now; both limits are settings."""
    if end_millis > context.now_millis + context.end_date_future_millis:
        hours = context.end_date_future_millis / _MILLIS_PER_HOUR
        text = f"{rfc3339(end_millis)} is more than {hours:g} h after now"
        raise Refused(InvalidArgument.on("end_date_millis", Fault.out_of_range(text)))
    if end_millis < context.now_millis - context.end_date_past_millis:
        days = context.end_date_past_millis / limits.MILLIS_PER_DAY
        text = f"{rfc3339(end_millis)} is more than {days:g} days before now"
        raise Refused(InvalidArgument.on("end_date_millis", Fault.out_of_range(text)))


def refuse_end_before_start(start_millis: int, end_millis: int, start_given: bool, end_given: bool) -> None:
    """Names the dates that were given."""
    text = f"the end, {rfc3339(end_millis)}, is before the start, {rfc3339(start_millis)}"
    fields = [("start_date_millis", start_given), ("end_date_millis", end_given)]
    raise Refused(
        InvalidArgument.of(tuple(FieldViolation.of(field, Fault.conflicting(text)) for field, given in fields if given))
    )
