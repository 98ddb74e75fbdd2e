"""Where calls wait to be collected, and when it is worth a moment to wait for more of them.

Callers who were just answered are likely to be back at once: a short wait for them makes one transaction of what would
be two. Databases know that as a commit delay, for which there must be siblings. A call alone is never kept waiting.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from lotkeeper_server.domain import limits
from lotkeeper_server.engine.calls import PendingCommand
from lotkeeper_server.engine.lines import Lines
from lotkeeper_server.engine.shares import Shares

A_MOMENT: Final = 0.0
"""For `Gathering.pause_seconds`: the shortest wait there is."""
FIRST_PER_SECOND: Final = 2_000.0
"""The pace that is expected before any was seen."""
PACE_OF_TURNS: Final = 16
"""The pace is that of about so many turns."""


class Gathering:
    """Whether to wait for callers who are on their way, by what is known: how many were answered a moment ago."""

    def __init__(self) -> None:
        self._expected = 0
        self._seen = 0

    def note_answered(self, count: int) -> None:
        """So many callers have just been answered."""
        self._expected = count
        self._seen = 0

    def pays(self, waiting: int) -> bool:
        """Whether to wait a moment more: fewer are back than were answered, and some have come since the last look."""
        if waiting >= self._expected or waiting == self._seen:
            return False
        self._seen = waiting
        return True


class Arrivals:
    """Calls from their arrival to their end; any thread may add to them, and release them.

    Those that are not collected yet stand in a line for each principal, and principals take turns by the commands that
    they were given. What is counted, until they end, is their commands and their bytes.
    """

    def __init__(
        self,
        commands_max: int = limits.ENGINE_QUEUE_COMMANDS_MAX,
        bytes_max: int = limits.ENGINE_QUEUE_BYTES_MAX,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing has arrived.

        Args:
            commands_max: beyond so many a principal is held to an equal share.
            bytes_max: the same of the bytes of their requests.
            now_seconds: the time.
        """
        self._lines: Lines[PendingCommand] = Lines()
        self._commands = Shares(commands_max)
        self._bytes = Shares(bytes_max)
        self._pace = Pace(now_seconds)
        self._now_seconds = now_seconds
        self._lock = threading.Lock()
        self._handed_over = threading.Event()

    def __len__(self) -> int:
        """How many calls wait to be collected."""
        return len(self._lines)

    @property
    def is_full(self) -> bool:
        """Whether principals are held to equal shares."""
        return self._commands.is_full or self._bytes.is_full

    def refuses(self, whose: str) -> bool:
        """Whether a principal may not add a call now."""
        return self._commands.refuses(whose) or self._bytes.refuses(whose)

    def room_seconds(self, whose: str) -> float:
        """In how many seconds half of what a principal has here will likely have ended."""
        with self._lock:
            return self._pace.seconds_for(self._commands.of(whose) * self._commands.principals // 2)

    def add(self, call: PendingCommand) -> None:
        """At the end of its principal's line."""
        whose = call.caller.principal
        with self._lock:
            self._commands.hold(whose, call.size)
            self._bytes.hold(whose, call.request_bytes)
            self._lines.add(whose, call)
            call.added_seconds = self._now_seconds()

    def release(self, call: PendingCommand) -> None:
        """A call that was added has ended."""
        whose = call.caller.principal
        with self._lock:
            self._commands.release(whose, call.size)
            self._bytes.release(whose, call.request_bytes)

    def hand_over(self) -> None:
        """Wakes the thread that waits, once for all that have been added: a wake-up costs some 50 µs."""
        if self._lines:
            self._handed_over.set()

    def wake(self) -> None:
        """Wakes the thread that waits, whether anything has arrived or not."""
        self._handed_over.set()

    def wait(self, seconds: float | None) -> None:
        """Returns once something is handed over, or after so long."""
        self._handed_over.wait(seconds)
        self._handed_over.clear()

    def take(self, size_max: int) -> list[PendingCommand]:
        """The next calls, as long as they hold fewer commands than this together.

        Each is read as far as that was put off; those that are wrong, or given up, end there. A call that would make
        them larger than twice `size_max` waits for the next turn, so that small calls do not wait for a large one.
        """
        taken: list[PendingCommand] = []
        size = 0
        with self._lock:
            lines = self._lines
            while size < size_max and (call := lines.first()) is not None:
                if taken and size + call.size > 2 * size_max:
                    break
                taken.append(lines.take(call.size))
                size += call.size
            self._pace.note(size, busy=bool(lines))
        return [call for call in taken if self._is_read(call)]

    def take_all(self) -> list[PendingCommand]:
        """Everything that has arrived and is not collected."""
        with self._lock:
            return self._lines.take_all()

    def _is_read(self, call: PendingCommand) -> bool:
        if call.read():
            return True
        self.release(call)
        return False


class Pace:
    """How fast commands are taken while there are more of them than are taken at once."""

    def __init__(self, now_seconds: Callable[[], float]) -> None:
        self._now_seconds = now_seconds
        self._per_second = FIRST_PER_SECOND
        self._since_seconds = 0.0
        self._commands = 0
        self._was_busy = False

    def note(self, commands: int, *, busy: bool) -> None:
        """So many are taken now.

        Args:
            commands: how many.
            busy: whether others wait.
        """
        now_seconds = self._now_seconds()
        if self._was_busy and (taken_seconds := now_seconds - self._since_seconds) > 0:
            self._per_second += (self._commands / taken_seconds - self._per_second) / PACE_OF_TURNS
        self._since_seconds, self._commands, self._was_busy = now_seconds, commands, busy

    def seconds_for(self, commands: int) -> float:
        """How long so many will likely take."""
        return commands / max(self._per_second, 1.0)
