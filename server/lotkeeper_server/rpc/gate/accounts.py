"""What each principal has in progress and has had lately, and whether its allowance lets it have more."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.directory import Admission
from lotkeeper_server.domain.refusals import Limit, Overloaded, Refused

BURST_SECONDS: Final = 1.0
"""After a rest a principal may take as much at once as its rate allows in so long."""
ACCOUNTS_MAX: Final = 1_024
"""So many are kept before those of principals without a call in progress are dropped."""
IN_FLIGHT_WAIT_SECONDS: Final = 0.1
"""What a principal is told that has too many calls in progress: as soon as one of them ends it may have another."""
TOO_MANY_CALLS: Final = "You have as many calls in progress as your roles allow; nothing was done. Retry later."
TOO_MANY_STREAMS: Final = "You have as many streams in progress as your roles allow; nothing was done. Retry later."
TOO_FAST: Final = "You send more in a second than your roles allow; nothing was done. Retry later."


class Spending:
    """What is taken by the second, as the time at which all of it would be paid for at the allowed rate."""

    __slots__ = ("paid_at_seconds",)

    def __init__(self) -> None:
        self.paid_at_seconds = 0.0

    def take(self, amount: int, per_second_max: int, now_seconds: float) -> None:
        """So much is taken, whether there was room or not."""
        if per_second_max:
            self.paid_at_seconds = max(self.paid_at_seconds, now_seconds) + amount / per_second_max

    def wait_seconds(self, now_seconds: float) -> float:
        """Until more may be taken; 0 or less where that is now."""
        return self.paid_at_seconds - now_seconds - BURST_SECONDS


class Account:
    """One principal's."""

    __slots__ = ("_bytes", "_commands", "_lock", "_now_seconds", "allowance", "begun", "calls", "streams")

    def __init__(self, allowance: Allowance, lock: threading.Lock, now_seconds: Callable[[], float]) -> None:
        """Nothing is in progress."""
        self.allowance = allowance
        self.begun = 0
        self.calls = 0
        self.streams = 0
        self._commands = Spending()
        self._bytes = Spending()
        self._lock = lock
        self._now_seconds = now_seconds

    def begin(self, *, is_stream: bool) -> None:
        """One more call.

        Raises:
            Refused: OVERLOADED.
        """
        allowance = self.allowance
        if allowance.has_rates and (wait_seconds := self.wait_seconds()) > 0:
            raise Refused(Overloaded.for_seconds(wait_seconds, TOO_FAST, Limit.PRINCIPAL_RATE))
        with self._lock:
            if allowance.calls_in_flight_max and self.calls >= allowance.calls_in_flight_max:
                raise Refused(Overloaded.for_seconds(IN_FLIGHT_WAIT_SECONDS, TOO_MANY_CALLS, Limit.PRINCIPAL_CALLS))
            if is_stream:
                if allowance.streams_max and self.streams >= allowance.streams_max:
                    raise Refused(Overloaded.for_seconds(BURST_SECONDS, TOO_MANY_STREAMS, Limit.PRINCIPAL_STREAMS))
                self.streams += 1
            self.calls += 1
            self.begun += 1

    def end_before_its_begin(self) -> None:
        """A call is over so far that will begin as such only now: it counts as one."""
        with self._lock:
            self.calls -= 1
            self.begun -= 1

    def end_call(self) -> None:
        """A call that had begun is over, which is no stream."""
        with self._lock:
            self.calls -= 1

    def end_stream(self) -> None:
        """A stream that had begun is over."""
        with self._lock:
            self.calls -= 1
            self.streams -= 1

    def spend(self, commands: int, byte_count: int) -> None:
        """So much was taken; what is too much is waited for by the calls that come later."""
        allowance = self.allowance
        if allowance.has_rates:
            with self._lock:
                now_seconds = self._now_seconds()
                self._commands.take(commands, allowance.commands_per_second_max, now_seconds)
                self._bytes.take(byte_count, allowance.bytes_per_second_max, now_seconds)

    def wait_seconds(self) -> float:
        """Until it may take more; 0 or less where that is now."""
        now_seconds = self._now_seconds()
        return max(self._commands.wait_seconds(now_seconds), self._bytes.wait_seconds(now_seconds))

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing would be forgotten with it."""
        return not self.calls and self.wait_seconds() <= -BURST_SECONDS


class Accounts:
    """Those of all principals. For any thread."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        """Nobody has anything in progress."""
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._now_seconds = now_seconds

    def begin(self, admission: Admission, *, is_stream: bool = False) -> Account:
        """One more call of a principal, within what the roles of its token allow.

        Raises:
            Refused: OVERLOADED, with the time to wait.
        """
        account = self._accounts.get(admission.principal) or self._opened(admission)
        account.allowance = admission.allowance
        account.begin(is_stream=is_stream)
        return account

    @contextmanager
    def before_its_begin(self, admission: Admission) -> Iterator[None]:
        """A call whose message takes long to read: it is in progress while this is done in the block, too.

        Raises:
            Refused: OVERLOADED, with the time to wait, before the block.
        """
        account = self.begin(admission)
        try:
            yield
        finally:
            account.end_before_its_begin()

    def begun(self) -> dict[str, int]:
        """How many calls each principal has begun here; one that was at rest for long may be counted anew."""
        return {name: account.begun for name, account in list(self._accounts.items())}

    def calls(self, principal: str) -> int:
        """How many calls of a principal are in progress."""
        account = self._accounts.get(principal)
        return 0 if account is None else account.calls

    def busiest(self, count: int) -> dict[str, int]:
        """How many calls each of so many principals has in progress that have the most."""
        calls = {name: account.calls for name, account in list(self._accounts.items()) if account.calls}
        return {name: calls[name] for name in sorted(calls, key=lambda one: -calls[one])[:count]}

    def _opened(self, admission: Admission) -> Account:
        with self._lock:
            if len(self._accounts) >= ACCOUNTS_MAX:
                self._accounts = {name: one for name, one in self._accounts.items() if not one.is_at_rest}
            opened = Account(admission.allowance, self._lock, self._now_seconds)
            return self._accounts.setdefault(admission.principal, opened)
