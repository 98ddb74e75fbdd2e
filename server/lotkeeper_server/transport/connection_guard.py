"""Ends the connections that pass a limit: gRPC's core knows no peers, and no bytes that wait.

A thread looks some times a second at the sockets of the server, at what the kernel counts of them and at their calls.
It ends a connection by shutting its socket down, which is to gRPC's core as if the other end had gone.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.transport.call import NO_REQUEST
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.connection_load import NO_LOAD, NOISE_BYTES_MAX, ConnectionLoad, ConnectionProgress
from lotkeeper_server.transport.connections import Connection, Connections
from lotkeeper_server.transport.server_sockets import DESCRIPTORS, ServerSocket, ServerSockets

LOOK_SECONDS: Final = 0.1
LOOK_SECONDS_MIN: Final = 0.02
"""Also where calls ask for a look: one look tells of all that have happened until then."""
MUCH_HELD_SHARE: Final = 4
"""Looks are more frequent where such a part of the bytes is held, or no more of the connections are free."""
LOOK_SHARE: Final = 0.05
"""No more of the time than this goes into looks."""
SECOND: Final = 1.0
_log = get_logger()


@dataclass(slots=True, eq=False)
class _Watched:
    """A connection that is there.

    Attributes:
        socket: its own.
        progress: what came on it, and when.
        connection: what its calls say; None before the first.
        load: what it holds now.
    """

    socket: ServerSocket
    progress: ConnectionProgress
    connection: Connection | None = None
    load: ConnectionLoad = NO_LOAD

    @property
    def worth(self) -> tuple[bool, bool, float]:
        """Grows with what would be lost: calls in progress, a caller who was served, the moment of its last use."""
        connection = self.connection
        return (
            connection is not None and bool(connection.calls),
            connection is not None and connection.served,
            self.progress.used_seconds,
        )


class ConnectionGuard:
    """Watches the connections of one server until it is stopped."""

    def __init__(
        self,
        connections: Connections,
        ports: Iterable[int],
        message_bytes_max: int,
        on_ended: Callable[[Mapping[str, int]], None] = lambda _causes: None,
    ) -> None:
        """Watches nothing yet.

        Args:
            connections: what the server's calls say of them.
            ports: where it listens.
            message_bytes_max: of one message that it takes.
            on_ended: told how many connections were ended, by cause.
        """
        self._on_ended = on_ended
        self._connections = connections
        self._limits: ConnectionLimits = connections.limits
        self._sockets = ServerSockets(frozenset(ports))
        self._message_bytes_max = message_bytes_max
        self._watched: dict[ServerSocket, _Watched] = {}
        self._held_bytes = 0  # at the last look
        self._stopped = False
        self._second_ends = 0.0
        self._thread = threading.Thread(target=self._run, name="connection-guard", daemon=True)

    def start(self) -> None:
        """Begins, where this system shows a process its descriptors."""
        if not DESCRIPTORS.is_dir():
            _log.warning("connections_not_guarded", why=f"there is no {DESCRIPTORS}")
            return
        self._connections.are_guarded = True
        self._thread.start()

    def stop(self) -> None:
        """Ends; returns once the thread has ended."""
        self._stopped = True
        self._connections.look.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        look = self._connections.look
        pause_seconds = LOOK_SECONDS
        while not self._stopped:
            look.wait(pause_seconds)
            look.clear()
            begun = time.monotonic()
            try:
                self._look(begun)
            except Exception:  # a border: the guard goes on
                _log.exception("fault", method="connection_guard")
            took = time.monotonic() - begun
            time.sleep(LOOK_SECONDS_MIN)  # those who ask for a look shall not make it a loop
            pause_seconds = max(LOOK_SECONDS_MIN if self._is_urgent else LOOK_SECONDS, took / LOOK_SHARE)

    @property
    def _is_urgent(self) -> bool:
        limits = self._limits
        return (
            self._held_bytes > limits.held_bytes_max // MUCH_HELD_SHARE
            or len(self._watched) > limits.connections_max - limits.connections_max // MUCH_HELD_SHARE
        )

    def _look(self, now: float) -> None:
        watched = self._watch(now)
        ended: dict[_Watched, str] = {}
        for one in watched:
            if why := self._fault(one, now):
                ended[one] = why
        self._make_room(watched, ended)
        self._free_bytes(watched, ended)
        self._forget(watched, now)
        done: Counter[str] = Counter()
        for one, why in ended.items():
            if self._sockets.end(one.socket):
                done[why] += 1
        if done:
            told = {why.replace(" ", "_"): count for why, count in done.items()}
            self._on_ended(told)
            _log.warning("connections_ended", **told)

    def _watch(self, now: float) -> list[_Watched]:
        before, watched = self._watched, {}
        by_peer = self._connections.by_peer
        for socket in self._sockets.look():
            one = before.get(socket)
            if one is None:
                one = _Watched(socket, ConnectionProgress(now))
            one.connection = by_peer.get(socket.peer)
            one.load = one.progress.measured(socket, one.connection, self._message_bytes_max, now)
            watched[socket] = one
        self._watched = watched
        return list(watched.values())

    def _fault(self, one: _Watched, now: float) -> str:
        """Why a connection is to be ended for what it does itself; empty if it is not."""
        connection, load, limits = one.connection, one.load, self._limits
        if connection is not None:
            if connection.broken:
                return connection.broken
            connection.overloaded = load.untaken_bytes > limits.held_bytes_per_connection_max
            self._refuse_late(connection, now)
        if load.unfinished_bytes > limits.held_bytes_per_connection_max:
            return "unfinished messages"
        # What comes is counted before gRPC's core tells of its calls, so it may be no noise until it fills all windows.
        if load.noise_bytes > limits.held_bytes_per_connection_max:
            return "no calls"
        if load.unfinished_bytes > NOISE_BYTES_MAX and load.unfinished_seconds > limits.request_seconds:
            return "late messages"
        late_seconds = load.untaken_seconds - limits.answer_seconds
        if late_seconds > 0:
            # By drops they are not taken either; and what else goes out must not hide those that never go.
            slow = load.taken_bytes < late_seconds * limits.answer_bytes_per_second
            if slow or load.untaken_bytes < late_seconds * limits.answer_bytes_per_second:
                return "untaken answers"
        return ""

    def _refuse_late(self, connection: Connection, now: float) -> None:
        for call in tuple(connection.calls):
            if call.is_unary and call.waits_since and now - call.waits_since > self._limits.request_seconds:
                call.refuse(NO_REQUEST)

    def _make_room(self, watched: list[_Watched], ended: dict[_Watched, str]) -> None:
        """Ends what is worth the least where there are too many, of a peer or in all."""
        limits = self._limits
        hosts = Counter(one.socket.host for one in watched if one not in ended)
        too_many = {host for host, count in hosts.items() if count > limits.connections_per_peer_max}
        beyond = hosts.total() - limits.connections_max
        if not too_many and beyond <= 0:
            return
        for one in sorted((one for one in watched if one not in ended), key=lambda one: one.worth):
            host = one.socket.host
            if hosts[host] > limits.connections_per_peer_max:
                ended[one] = "connections of a peer"
                hosts[host] -= 1
        beyond = hosts.total() - limits.connections_max
        if beyond <= 0:
            return
        left = [one for one in watched if one not in ended]
        # A peer that has many gives first.
        left.sort(key=lambda one: (*one.worth[:2], -hosts[one.socket.host], one.worth[2]))
        ended.update((one, "connections in all") for one in left[:beyond])

    def _free_bytes(self, watched: list[_Watched], ended: dict[_Watched, str]) -> None:
        """Ends the connections that hold the most, until the rest is within the limit."""
        left = [one for one in watched if one.load.held_bytes and one not in ended]
        held = self._held_bytes = sum(one.load.held_bytes for one in left)
        if held <= self._limits.held_bytes_max:
            return
        left.sort(key=lambda one: one.load.held_bytes)
        while held > self._limits.held_bytes_max:
            one = left.pop()
            held -= one.load.held_bytes
            ended[one] = "bytes in all"

    def _forget(self, watched: list[_Watched], now: float) -> None:
        """Begins the next second of what is counted by the second, and drops the connections that are gone."""
        if now < self._second_ends:
            return
        self._second_ends = now + SECOND
        by_peer = self._connections.by_peer
        present = {one.socket.peer for one in watched}
        for peer, connection in tuple(by_peer.items()):
            connection.cancelled = 0
            if peer not in present and not connection.calls:
                self._connections.forget(connection)
