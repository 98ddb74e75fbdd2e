"""What a decision gets from outside: the time, new ids, the order of effects, the plant's settings."""

from collections.abc import Callable
from dataclasses import dataclass

from lotkeeper_server.domain.model.identifiers import Id


@dataclass(frozen=True, slots=True)
class Context:
    """One moment of deciding.

    Attributes:
        now_millis: milliseconds since the epoch, UTC.
        new_id: gives new ids, never decreasing.
        new_uuid: gives the text of a new UUID, for things that get a generated name.
        next_effect_order: gives the order number of the next completion: later than every earlier one of this
            process, than the clock's microseconds, and than the order given to it.
        end_date_future_millis: how far after now an end may lie.
        end_date_past_millis: how far before now an end may lie.
        request_id_kept_millis: how long a request id is kept; after that it counts as new.
        backdating_tolerance_millis: a fall or a count whose end is less than this before the row's latest end is looked
            at as if it came after; at least 1, since an end that is the latest one comes after it in any case.
    """

    now_millis: int
    new_id: Callable[[], Id]
    new_uuid: Callable[[], str]
    next_effect_order: Callable[[int], int]
    end_date_future_millis: int
    end_date_past_millis: int
    request_id_kept_millis: int
    backdating_tolerance_millis: int
