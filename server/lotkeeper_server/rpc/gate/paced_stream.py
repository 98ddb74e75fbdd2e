"""A stream whose caller sends or takes a file, and must go on with it."""

import time

from lotkeeper_server import transport
from lotkeeper_server.rpc.gate.ending import Ending
from lotkeeper_server.rpc.gate.pace import Pace, PaceLimits


class PacedStream:
    """Waits for its caller only as long as the pace allows, and not once the call is ended."""

    def __init__(self, stream: transport.Stream, ending: Ending, limits: PaceLimits) -> None:
        """Waits for nobody yet.

        Args:
            stream: the call.
            ending: ends it before its time.
            limits: of its pace.
        """
        self._stream = stream
        self._ending = ending
        self._pace = Pace(limits)

    async def receive(self) -> bytes | None:
        """The next message; None once the caller has sent all. What it brought is noted by `note_received`.

        Raises:
            Refused: DEADLINE_EXCEEDED for a caller who is too slow; what ended the call.
            CallerGone: where the caller broke off.
        """
        begun_seconds = time.monotonic()
        async with self._ending.possible(self._pace.patience_seconds):
            message = await self._stream.receive()
        self._pace.note(time.monotonic() - begun_seconds, 0)
        return message

    def note_received(self, file_bytes: int) -> None:
        """Notes how much of the file the last message brought; an empty piece is no progress."""
        self._pace.note(0.0, file_bytes)

    async def send(self, message: bytes) -> None:
        """Returns once the transport has taken the message.

        Raises:
            Refused: DEADLINE_EXCEEDED for a caller who is too slow; what ended the call.
            CallerGone: where nobody takes it.
        """
        begun_seconds = time.monotonic()
        async with self._ending.possible(self._pace.patience_seconds):
            await self._stream.send(message)
        self._pace.note(time.monotonic() - begun_seconds, len(message))
