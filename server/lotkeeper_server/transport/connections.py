"""What the server knows of its connections by their calls. gRPC's core shows none of it."""

import sys
import threading
from typing import Any, Final

from lotkeeper_server.transport.call import CONNECTION_ENDED, Call, Status
from lotkeeper_server.transport.connection_limits import METADATA_BYTES_MAX, ConnectionLimits

CANCELLED_CALLS: Final = "cancelled calls"
LARGE_METADATA: Final = "large metadata"
MANY_STREAMS: Final = "many streams"
STREAMS_FACTOR: Final = 4
"""So many times the streams that are allowed there may be: gRPC's core tells of a stream's end a little late."""


class Connection:
    """One connection, from its first call on. Changed on the server's thread, read by the guard.

    Attributes:
        peer: its other end, as gRPC writes it.
        address: the same without its port, `ipv4:10.0.0.1`.
        notes: whatever those above keep by connection, by a key of theirs; it goes with the connection.
        calls: those in progress, also those that are answered but not yet sent whole.
        taken_bytes: of all messages that came whole.
        steps: grows with each call that begins, message that came and message that was taken.
        cancelled: calls that were broken off before their answer, since the guard looked at it.
        served: whether a call was answered.
        overloaded: whether its further calls are refused.
        broken: why it is to be ended; empty if it is not.
    """

    __slots__ = (
        "address",
        "broken",
        "calls",
        "cancelled",
        "notes",
        "overloaded",
        "peer",
        "served",
        "steps",
        "taken_bytes",
    )

    def __init__(self, peer: bytes) -> None:
        self.peer = peer
        self.address = address_of(peer.decode(errors="replace"))
        self.calls: set[Call] = set()
        self.notes: dict[str, Any] = {}
        self.taken_bytes = 0
        self.steps = 0
        self.cancelled = 0
        self.served = False
        self.overloaded = False
        self.broken = ""

    def take(self, message_bytes: int) -> None:
        """Counts a message that came whole."""
        self.taken_bytes += message_bytes
        self.steps += 1


def address_of(peer: str) -> str:
    """`ipv4:10.0.0.1:50000` without its port: each connection has another."""
    address, colon, port = peer.rpartition(":")
    return address if colon and address and port.isdigit() else peer


class Connections:
    """The connections that have had a call.

    Attributes:
        limits: in force.
        by_peer: each by its other end.
        look: set where the guard has to look at once.
        are_guarded: whether somebody looks, and forgets connections that are gone.
    """

    def __init__(self, limits: ConnectionLimits, overloaded: Status, streams_max: int | None) -> None:
        """Begins with none.

        Args:
            limits: in force.
            overloaded: how a call ends whose connection holds too many answers.
            streams_max: of one connection, which gRPC's core enforces once a caller has confirmed the settings.
        """
        self._calls_max = sys.maxsize if streams_max is None else STREAMS_FACTOR * streams_max
        self._overloaded = overloaded
        self.limits = limits
        self.by_peer: dict[bytes, Connection] = {}
        self.look = threading.Event()
        self.are_guarded = False
        self._cancelled_max = limits.cancelled_calls_per_second_max

    def begin(self, call: Call, peer: bytes) -> Connection:
        """Counts a call."""
        connection = self.by_peer.get(peer)
        if connection is None:
            connection = self.by_peer.setdefault(peer, Connection(peer))
        connection.calls.add(call)
        connection.steps += 1
        return connection

    def end(self, call: Call, *, cancelled: bool) -> None:
        """Counts a call less.

        Args:
            call: that is over.
            cancelled: whether it was broken off before its answer.
        """
        connection = call.connection
        connection.calls.discard(call)
        connection.steps += 1
        if not self.are_guarded and not connection.calls:
            self.forget(connection)
        if cancelled:
            connection.cancelled += 1
            if connection.cancelled > self._cancelled_max:
                self.give_up(connection, CANCELLED_CALLS)

    def forget(self, connection: Connection) -> None:
        """Drops one that is gone."""
        self.by_peer.pop(connection.peer, None)

    def refusal(self, call: Call) -> Status | None:
        """How a call that has just begun is refused for its connection's sake; None if it is not."""
        connection = call.connection
        if connection.broken:
            return CONNECTION_ENDED
        if len(connection.calls) > self._calls_max:
            self.give_up(connection, MANY_STREAMS)
            return CONNECTION_ENDED
        size = 0
        for key, value in call.metadata:
            size += len(key) + len(value)
        if size > METADATA_BYTES_MAX:
            self.give_up(connection, LARGE_METADATA)
            return CONNECTION_ENDED
        return self._overloaded if connection.overloaded else None

    def give_up(self, connection: Connection, why: str) -> None:
        """Has a connection ended, soon."""
        if not connection.broken:
            connection.broken = why
            self.look.set()
