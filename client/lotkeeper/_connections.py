"""The connections of one client, taken in turn: those behind which a server answers."""

from __future__ import annotations

import itertools
import threading
from typing import Final

from lotkeeper._admission import KNOCK_AMONG_OTHERS_SECONDS, KNOCK_SECONDS, Admission
from lotkeeper._connection import Connection
from lotkeeper._endpoints import Connecting, nobody_answers
from lotkeeper._errors import ClientClosed, Unavailable
from lotkeeper._forking import begins_anew_after_fork
from lotkeeper._retrying import Attempts

_OF_PARENTS: Final[list[list[Connection]]] = []
"""Connections that a forked process has inherited: it must neither use nor close them."""


class Connections:
    """May be used from several threads, and goes on in a forked process with connections of its own."""

    def __init__(self, connecting: Connecting) -> None:
        self._endpoints = connecting.endpoints()
        self._turns = itertools.count()
        self._details = ""
        self._begin()
        begins_anew_after_fork(self)

    def _begin(self) -> None:
        self._connections: list[Connection] = []
        self._connecting = threading.Lock()
        self._closing = threading.Event()

    def taken(self, attempts: Attempts) -> tuple[Connection, Admission]:
        """The next connection behind which a server answers, so that a call is sent only where somebody takes it.

        Raises:
            Unavailable: where none answers in time, or what will not pass keeps the client from all.
            Unauthenticated: where one does that the development token must not be shown to.
            ClientClosed: after `close`.
        """
        self.check_open()
        turn = next(self._turns)
        connections = self._connections
        for place in range(len(connections)):
            connection = connections[(turn + place) % len(connections)]
            admission = connection.admission
            if admission is None and connection.absence.is_over and any(one.admission for one in connections):
                self._ask_again(connection, attempts)
                admission = connection.admission
            if admission is not None:
                return connection, admission
        return self._found(turn, attempts)

    def check_open(self) -> None:
        """Proves that the client is not closed.

        Raises:
            ClientClosed: after `close`.
        """
        if self._closing.is_set():
            raise ClientClosed

    def wait(self, seconds: float) -> None:
        """Waits.

        Raises:
            ClientClosed: after `close`, also meanwhile.
        """
        if self._closing.wait(seconds):
            raise ClientClosed

    def close(self) -> None:
        """Ends every call, and refuses those that come."""
        self._closing.set()
        connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()

    def _ask_again(self, connection: Connection, attempts: Attempts) -> None:
        """One thread asks whether a server is back; the others go on with those that are there."""
        if not connection.knocking.acquire(blocking=False):
            return
        try:
            if connection.admission is None and connection.absence.is_over:
                connection.knock(min(attempts.left_seconds(), KNOCK_AMONG_OTHERS_SECONDS))
        finally:
            connection.knocking.release()

    def _found(self, turn: int, attempts: Attempts) -> tuple[Connection, Admission]:
        """Knocks at all in turn until one answers; one thread does, the others wait for it."""
        waiting = attempts.connecting()
        if not self._connecting.acquire(timeout=waiting.left_seconds()):
            raise nobody_answers(self._endpoints, self._details)
        try:
            if not self._connections:
                self.check_open()
                self._connections = [Connection(endpoint) for endpoint in self._endpoints]
            connections, looks = self._connections, True
            while True:
                faults: list[Unavailable] = []
                for place in range(len(connections)):
                    self.check_open()
                    connection = connections[(turn + place) % len(connections)]
                    if (admission := connection.admission) is not None:
                        return connection, admission
                    details = connection.knock(min(waiting.left_seconds(), KNOCK_SECONDS))
                    self.check_open()
                    if details is None and (admission := connection.admission) is not None:
                        return connection, admission
                    self._details = details or ""
                    if fault := connection.lasting_fault(self._details, looks=looks):
                        faults.append(fault)
                if len(faults) == len(connections):
                    raise faults[0]
                looks = False
                pause = waiting.pause_seconds()
                if pause is None:
                    raise nobody_answers(self._endpoints, self._details)
                self.wait(pause)
        finally:
            self._connecting.release()

    def leave_to_parent(self) -> None:
        """In a forked process: begins anew. What another thread held at the time of the fork is held for ever."""
        closed = self._closing.is_set()
        _OF_PARENTS.append(self._connections)
        self._begin()
        if closed:
            self._closing.set()
