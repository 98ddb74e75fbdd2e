"""Looks up callers that memory does not know, together: one read answers all that wait.

A token that memory does not know may have been made a moment ago, so each such call needs a look at the store that
begins after it. A read for each would make unknown tokens cost more than executions. Tokens of an issuer are proven
first: what is not the issuer's never asks the store.

A caller that memory does know is looked at again where a call ends before any transaction has confirmed it. That one is
within its principal's limits, and does not wait for a pause: such a look costs what a read costs.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from lotkeeper_server.access.directory import AccessSnapshot, Admission, Directory
from lotkeeper_server.access.knocking import Knocking
from lotkeeper_server.domain.refusals import Limit, Overloaded, Refused
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.snapshot import Snapshot

PAUSE_SECONDS: Final = 0.05
"""The pause between two looks for unknown callers alone, so at most some twenty a second."""
CROWD: Final = 64
"""With so many waiting, the pause is cut short: the cost for each is small enough."""
WAITING_MAX: Final = 1_024
"""How many may wait; more are refused with OVERLOADED."""
_log = get_logger()
Value = TypeVar("Value")
Said = AccessSnapshot | Refused
OnLooked = Callable[[Said], None]


class ReadSoon(Protocol):
    """Runs work on a snapshot, on another thread; calls `done` there with its result, or with why it failed."""

    def __call__(self, work: Callable[[Snapshot], Value], done: Callable[[Value | Refused], None], /) -> None:
        """Returns at once."""


class ProvesSoon(Protocol):
    """An issuer whose tokens are taken."""

    def prove_soon(self, token_text: str, done: Callable[[Refused | None], None], /) -> None:
        """Has a token proven on another thread; tells there why it is refused, or None.

        Raises:
            Refused: OVERLOADED.
        """


class Looks:
    """Looks at the tokens and roles of one store; `ask` may be called on any thread."""

    def __init__(
        self,
        directory: Directory,
        read_soon: ReadSoon,
        event_loop: asyncio.AbstractEventLoop,
        issuer: ProvesSoon | None = None,
    ) -> None:
        """Looks at nothing yet.

        Args:
            directory: keeps what is seen.
            read_soon: the engine's.
            event_loop: for waiting for pauses.
            issuer: whose tokens are taken, too; None for none.
        """
        self._issuer = issuer
        self._directory = directory
        self._read_soon = read_soon
        self._event_loop = event_loop
        self._lock = threading.Lock()
        self._waiting: list[OnLooked] = []
        self._looked_for: list[OnLooked] = []
        self._is_looking = False
        self._is_urgent = False  # whether one of those that wait shall not wait for a pause
        self._next_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def let_in(self, call: Knocking, permission: str) -> Admission:
        """Lets a caller in, after a look where memory does not know it. On any event loop, not on a thread without one.

        Args:
            call: whose caller is to be let in.
            permission: that it needs.

        Raises:
            Refused: UNAUTHENTICATED, PERMISSION_DENIED, OVERLOADED or STORE_UNAVAILABLE.
        """
        admission = self._directory.admit_known(call, permission)
        if admission is not None:
            return admission
        event_loop = asyncio.get_running_loop()
        looked: asyncio.Future[AccessSnapshot] = event_loop.create_future()
        self.ask_for(call, lambda said: _soon(event_loop, looked, said))
        return self._directory.admit_by(await looked, call, permission)

    def ask_for(self, call: Knocking, on_looked: OnLooked) -> None:
        """As `ask`, for a call whose caller memory does not know: where it brings a token of the issuer, it is proven.

        Args:
            call: whose caller is to be let in.
            on_looked: as in `ask`; also with Refused where the token is not good.

        Raises:
            Refused: UNAUTHENTICATED; OVERLOADED, where too many wait.
        """
        token_text = None if self._issuer is None else self._directory.unproven(call)
        if self._issuer is None or token_text is None:
            self.ask(on_looked)
            return

        def proven(refused: Refused | None) -> None:
            if refused is not None:
                on_looked(refused)
                return
            try:
                self.ask(on_looked)
            except Refused as overloaded:
                on_looked(overloaded)

        self._issuer.prove_soon(token_text, proven)

    def ask(self, on_looked: OnLooked) -> None:
        """Asks for a look at the store that begins after now.

        Args:
            on_looked: called on another thread with what the store says; or with Refused if it cannot be read.

        Raises:
            Refused: OVERLOADED, where too many wait.
        """
        with self._lock:
            count = self._add(on_looked)
        if count == 1:
            self._event_loop.call_soon_threadsafe(self._schedule)
        elif count == CROWD:
            self._event_loop.call_soon_threadsafe(self._look)

    def ask_at_once(self, on_looked: OnLooked) -> None:
        """As `ask`, for a caller that memory knows: the look begins at once, or as soon as the one under way has ended.

        Args:
            on_looked: as in `ask`.

        Raises:
            Refused: OVERLOADED, where too many wait.
        """
        with self._lock:
            self._add(on_looked)
            was_urgent, self._is_urgent = self._is_urgent, True
        if not was_urgent:
            self._event_loop.call_soon_threadsafe(self._look)

    def _add(self, on_looked: OnLooked) -> int:
        """One more waits, within the lock; how many there are.

        Raises:
            Refused: OVERLOADED.
        """
        if len(self._waiting) + len(self._looked_for) >= WAITING_MAX:
            raise Refused(Overloaded(limit_hit=Limit.UNKNOWN_CALLERS))
        self._waiting.append(on_looked)
        return len(self._waiting)

    def refuse_all(self, refused: Refused) -> None:
        """Refuses all that wait, also those that a look has begun for; on the event loop."""
        with self._lock:
            waiting = self._looked_for + self._waiting
            self._looked_for, self._waiting, self._is_urgent = [], [], False
        _tell(waiting, refused)

    def _schedule(self) -> None:
        now_seconds = self._event_loop.time()
        if now_seconds >= self._next_seconds:
            self._look()
        elif self._timer is None:
            self._timer = self._event_loop.call_at(self._next_seconds, self._look)

    def _look(self) -> None:
        """Begins a look, unless one is under way: then the next follows it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_looking:
            return
        with self._lock:
            self._looked_for, self._waiting, self._is_urgent = self._waiting, [], False
            if not self._looked_for:
                return
        self._is_looking = True
        self._next_seconds = self._event_loop.time() + PAUSE_SECONDS
        self._read_soon(self._directory.refreshed, self._answer)

    def _answer(self, said: AccessSnapshot | Refused) -> None:
        """Tells all that the look was for; on a reader's thread."""
        with self._lock:
            looked_for, self._looked_for = self._looked_for, []
        self._event_loop.call_soon_threadsafe(self._note_looked)
        _tell(looked_for, said)

    def _note_looked(self) -> None:
        self._is_looking = False
        if self._is_urgent or len(self._waiting) >= CROWD:
            self._look()
        elif self._waiting:
            self._schedule()


def _tell(waiting: list[OnLooked], said: AccessSnapshot | Refused) -> None:
    for on_looked in waiting:
        try:
            on_looked(said)
        except Exception:  # a border: the others wait, too
            _log.exception("fault", task="looks")


def _soon(event_loop: asyncio.AbstractEventLoop, looked: "asyncio.Future[AccessSnapshot]", said: Said) -> None:
    event_loop.call_soon_threadsafe(_set, looked, said)


def _set(looked: "asyncio.Future[AccessSnapshot]", said: Said) -> None:
    if looked.done():  # whoever waited has gone
        return
    if isinstance(said, Refused):
        looked.set_exception(said)
    else:
        looked.set_result(said)
