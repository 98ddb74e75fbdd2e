"""A call that meets its caller on one event loop, and may be ended from any thread."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from lotkeeper_server.transport.call import ENDED_WELL, Call, Status

Metadata = tuple[tuple[str, str | bytes], ...]


class LoopCall(Call):
    """What such calls have in common.

    Attributes:
        outcome: the message, if there is one, and the status that end the call.
    """

    __slots__ = (
        "_after_callback",
        "_auth_context",
        "_end",
        "_going",
        "_gone",
        "_loop",
        "_peer",
        "_when_gone",
        "outcome",
    )

    def __init__(
        self,
        method: str,
        metadata: Metadata,
        deadline_seconds: float | None,
        loop: asyncio.AbstractEventLoop,
        peer: str,
        auth_context: Mapping[str, Sequence[bytes]],
    ) -> None:
        """Not observed yet; on the event loop.

        Args:
            method: its path.
            metadata: what the caller sent along.
            deadline_seconds: when the caller stops waiting, by `time.monotonic()`.
            loop: on which it meets its caller.
            peer: the caller's address as gRPC writes it.
            auth_context: what TLS proved of the caller.
        """
        self.method = method
        self.metadata = metadata
        self.deadline_seconds = deadline_seconds
        self.waits_since = self.answered_since = 0.0
        self.untaken_bytes = 0
        self.outcome: asyncio.Future[tuple[bytes | None, Status]] = loop.create_future()
        self._loop = loop
        self._peer = peer
        self._auth_context = auth_context
        self._gone = False
        self._end = threading.Lock()  # whoever takes it ends the call; it is never released
        self._going = threading.Lock()
        self._when_gone: Callable[[], None] | None = None
        self._after_callback: Callable[[], None] = _nothing

    def then(self, after_callback: Callable[[], None]) -> None:
        """Has this called after each callback on the event loop, which may have brought work."""
        self._after_callback = after_callback

    @property
    def peer(self) -> str:
        return self._peer

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        return self._auth_context

    @property
    def is_gone(self) -> bool:
        return self._gone or (self.deadline_seconds is not None and time.monotonic() > self.deadline_seconds)

    def when_gone(self, callback: Callable[[], None]) -> None:
        with self._going:
            if not self._gone:
                self._when_gone = callback
                return
        callback()

    def on_server_thread(self, callback: Callable[[], None]) -> None:
        def called() -> None:
            callback()
            self._after_callback()

        self._loop.call_soon_threadsafe(called)

    def answer(self, message: bytes) -> None:
        assert isinstance(message, bytes)  # anything else would fail later, where nobody hears of it
        self._conclude(message, ENDED_WELL)

    def refuse(self, status: Status) -> None:
        self._conclude(None, status)

    def leave(self) -> None:
        """The caller has gone, answered or not; on the event loop."""
        with self._going:
            self._gone = True
            callback = self._take_when_gone()
        if self._end.acquire(False):
            self.tell_ended(self.left())
            if callback is not None:
                callback()

    def _take_when_gone(self) -> Callable[[], None] | None:
        callback, self._when_gone = self._when_gone, None
        return callback

    def _conclude(self, message: bytes | None, status: Status) -> None:
        if not self._gone and self._end.acquire(False):
            self.answered_since = time.monotonic()
            self._note_answer(message)
            self._loop.call_soon_threadsafe(self._set_outcome, (message, status))
            self.tell_ended(status)

    def _note_answer(self, message: bytes | None) -> None:
        """It ends now, with this message or none; on any thread."""

    def _set_outcome(self, outcome: tuple[bytes | None, Status]) -> None:
        if not self.outcome.done():  # it is cancelled where the caller went
            self.outcome.set_result(outcome)


def _nothing() -> None:
    return
