"""What one connection holds in this process's memory, as far as it can be known from outside of gRPC's core."""

from dataclasses import dataclass
from typing import Final

from lotkeeper_server.transport.connection_limits import SETTINGS_SECONDS
from lotkeeper_server.transport.connections import Connection
from lotkeeper_server.transport.server_sockets import ServerSocket

NOISE_BYTES_MAX: Final = 256 * 1024
"""So much may come that is no call: pings, windows, settings, what was on its way to a call that is over. More may be
headers that do not end, or noise; but also messages of calls that gRPC's core has not told of yet."""
NOISE_HELD_SECONDS: Final = 2 * SETTINGS_SECONDS
"""So old a connection has had its handshakes and has confirmed the settings. From then on gRPC's core keeps no more of
headers than METADATA_BYTES_MAX."""
CALL_BYTES: Final = 24 * 1024
"""What a call that waits takes by itself."""
STEP_BYTES: Final = 256
"""What comes with a call beside its message: its headers, the heads of its frames."""


@dataclass(frozen=True, slots=True)
class ConnectionLoad:
    """What a connection holds.

    Attributes:
        unfinished_bytes: of messages that have not come whole; at most, since other frames are counted, too.
        unfinished_seconds: how long the oldest of them has been waited for.
        untaken_bytes: of answers that the caller has not taken.
        untaken_seconds: how long the oldest of them waits; a message in the middle of a stream has no age.
        taken_bytes: that have reached the other end meanwhile.
        waiting_calls: how many wait for their message, or until their answer is taken.
        noise_bytes: that came since the last sign of a call, beyond what its calls and NOISE_BYTES_MAX explain.
        noise_is_held: whether they may still be in memory: headers that do not end, of a young connection.
    """

    unfinished_bytes: int
    unfinished_seconds: float
    untaken_bytes: int
    untaken_seconds: float
    taken_bytes: int
    waiting_calls: int
    noise_bytes: int
    noise_is_held: bool

    @property
    def held_bytes(self) -> int:
        """All together."""
        noise_bytes = self.noise_bytes if self.noise_is_held else 0
        return self.unfinished_bytes + self.untaken_bytes + self.waiting_calls * CALL_BYTES + noise_bytes


NO_LOAD: Final = ConnectionLoad(0, 0.0, 0, 0.0, 0, 0, 0, noise_is_held=False)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What had come at one moment: all bytes, those of whole messages, and the connection's steps."""

    received_bytes: int = 0
    taken_bytes: int = 0
    steps: int = 0


class ConnectionProgress:
    """What came on a connection from look to look.

    Attributes:
        used_seconds: `time.monotonic()` of the last look that found that something of a call had come; on a connection
            without a call so far, anything.
    """

    __slots__ = (
        "_acknowledged_bytes",
        "_base",
        "_base_acknowledged_bytes",
        "_first_seconds",
        "_looked",
        "_looked_seconds",
        "_quiet_from_bytes",
        "used_seconds",
    )

    def __init__(self, now: float) -> None:
        """Begins with nothing.

        Args:
            now: `time.monotonic()`.
        """
        self.used_seconds = self._first_seconds = now
        self._looked = self._base = _Counts()
        self._looked_seconds = now
        self._acknowledged_bytes = self._base_acknowledged_bytes = 0
        self._quiet_from_bytes = 0  # what had come at the last step

    def measured(
        self, socket: ServerSocket, connection: Connection | None, message_bytes_max: int, now: float
    ) -> ConnectionLoad:
        """What the connection holds now.

        Args:
            socket: its own.
            connection: what its calls say; None before the first.
            message_bytes_max: of one message.
            now: `time.monotonic()`.
        """
        before, received_bytes = self._looked, socket.received_bytes
        is_young = now - self._first_seconds < NOISE_HELD_SECONDS
        if received_bytes == before.received_bytes and (connection is None or not connection.calls):
            self._looked_seconds = now
            noise_bytes = self._noise(received_bytes)
            return ConnectionLoad(0, 0.0, 0, 0.0, 0, 0, noise_bytes, is_young) if noise_bytes else NO_LOAD
        # Bytes alone are no use of a connection that had a call: the server pings it, and it answers.
        if received_bytes != before.received_bytes and (
            connection is None or connection.calls or connection.steps != before.steps
        ):
            self.used_seconds = now
        if connection is None:
            self._looked = _Counts(received_bytes)
            self._looked_seconds = now
            return ConnectionLoad(0, 0.0, 0, 0.0, 0, 0, self._noise(received_bytes), is_young)
        calls = tuple(connection.calls)
        waits = [call.waits_since for call in calls if call.waits_since]
        counts = _Counts(received_bytes, connection.taken_bytes, connection.steps)
        if not waits:
            self._base = counts
        elif min(waits) > self._looked_seconds:  # all of their bytes came since then
            self._base = before
        if counts.steps != before.steps:
            self._quiet_from_bytes = received_bytes
        answers = [call.answered_since for call in calls if call.answered_since]
        if not answers:
            self._base_acknowledged_bytes = socket.acknowledged_bytes
        elif min(answers) > self._looked_seconds:
            self._base_acknowledged_bytes = self._acknowledged_bytes
        self._acknowledged_bytes = socket.acknowledged_bytes
        self._looked, self._looked_seconds = counts, now
        most = len(waits) * message_bytes_max
        return ConnectionLoad(
            unfinished_bytes=max(0, min(self._unfinished(counts), most)),
            unfinished_seconds=now - min(waits, default=now),
            untaken_bytes=sum(call.untaken_bytes for call in calls),
            untaken_seconds=now - min(answers, default=now),
            taken_bytes=socket.acknowledged_bytes - self._base_acknowledged_bytes,
            waiting_calls=len(waits) + len(answers),
            noise_bytes=self._noise(received_bytes - most),
            noise_is_held=is_young,
        )

    def _noise(self, received_bytes: int) -> int:
        return max(0, received_bytes - self._quiet_from_bytes - NOISE_BYTES_MAX)

    def _unfinished(self, counts: _Counts) -> int:
        base = self._base
        whole = counts.taken_bytes - base.taken_bytes + (counts.steps - base.steps) * STEP_BYTES
        return counts.received_bytes - base.received_bytes - whole
