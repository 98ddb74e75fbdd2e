"""Where time, new ids and the order of effects come from. Made here, passed down."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Protocol

from ulid import ULID

from lotkeeper_server.domain.model.identifiers import Id, has_letter

_RANDOM_BITS = 80
_THIRD_CHARACTER, _FIRST_LETTER = 115, 10
"""Where a ULID's third character begins, and the first value of it that is a letter: as it is until 2039."""


class Clock(Protocol):
    """The time, as the engine sees it; a simulation has one of its own."""

    def now_seconds(self) -> float:
        """On a clock that never goes back."""

    def now_millis(self) -> int:
        """Milliseconds since the epoch, UTC."""

    def now_micros(self) -> int:
        """Microseconds since the epoch, UTC."""

    def sleep(self, seconds: float) -> None:
        """Returns after so long."""


class SystemClock:
    """This machine's time."""

    def now_seconds(self) -> float:
        """`time.monotonic()`."""
        return time.monotonic()

    def now_millis(self) -> int:
        """As `now_millis`."""
        return now_millis()

    def now_micros(self) -> int:
        """As the system has it."""
        return time.time_ns() // 1_000

    def sleep(self, seconds: float) -> None:
        """`time.sleep`."""
        time.sleep(seconds)


class IdSource:
    """New ULIDs that never decrease, whichever thread asks.

    A process that serves has one: python-ulid counts on within a millisecond as this does, so two would give the
    same ids.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> Id:
        """The next id."""
        with self._lock:
            return self._next()

    def some(self, count: int) -> list[Id]:
        """The next so many, which cost less together."""
        with self._lock:
            first = int.from_bytes(self._next(), "big")
            if first >> _THIRD_CHARACTER & 31 < _FIRST_LETTER:
                return [first.to_bytes(16, "big"), *(self._next() for _ in range(count - 1))]
            self._last += count - 1
        return [number.to_bytes(16, "big") for number in range(first, first + count)]

    def _next(self) -> Id:
        if time.time_ns() // 1_000_000 > self._last >> _RANDOM_BITS:
            # python-ulid counts on within a millisecond; whichever is later keeps ids distinct and in order.
            self._last = max(self._last + 1, int(ULID()))
        else:
            self._last += 1
        while self._last >> _THIRD_CHARACTER & 31 < _FIRST_LETTER and not has_letter(self._last):
            self._last += 1
        return self._last.to_bytes(16, "big")


def some_ids(new_id: Callable[[], Id], count: int) -> list[Id]:
    """So many new ids, by whatever gives one."""
    return new_id.some(count) if isinstance(new_id, IdSource) else [new_id() for _ in range(count)]


def now_micros() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1_000


def now_millis() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def new_uuid() -> str:
    """A new UUID's text, for a lot or an inventory that names itself."""
    return str(uuid.uuid4())


class EffectOrder:
    """Order numbers of completions: later than every earlier one, and near the clock's microseconds."""

    def __init__(self, now_micros: Callable[[], int] = lambda: time.time_ns() // 1_000) -> None:
        """Begins with the clock.

        Args:
            now_micros: microseconds since the epoch, UTC.
        """
        self._now_micros = now_micros
        self._last = 0

    def follow(self, effect_order: int) -> None:
        """What comes from here on comes after this one: the store's latest, which another process may have written."""
        self._last = max(self._last, effect_order)

    def __call__(self, floor: int) -> int:
        """The next number, above `floor`: what it comes after may have been numbered by another process's clock."""
        self._last = max(self._last + 1, floor + 1, self._now_micros())
        return self._last
