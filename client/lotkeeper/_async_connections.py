"""The connections of one client, on asyncio, taken in turn: those behind which a server answers."""

from __future__ import annotations

import asyncio
import itertools
from typing import Final

from lotkeeper._admission import KNOCK_AMONG_OTHERS_SECONDS, KNOCK_SECONDS, Admission
from lotkeeper._async_connection import AsyncConnection
from lotkeeper._endpoints import Connecting, nobody_answers
from lotkeeper._errors import ClientClosed, Unavailable, WrongEventLoop
from lotkeeper._forking import begins_anew_after_fork
from lotkeeper._retrying import Attempts

_OF_PARENTS: Final[list[list[AsyncConnection]]] = []
"""Connections that a forked process has inherited: it must neither use nor close them."""


class AsyncConnections:
    """Belong to the event loop on which they are first used; in a forked process to another one."""

    def __init__(self, connecting: Connecting) -> None:
        self._endpoints = connecting.endpoints()
        self._turns = itertools.count()
        self._is_closed = False
        self._begin()
        begins_anew_after_fork(self)

    def _begin(self) -> None:
        self._details = ""
        self._connections: list[AsyncConnection] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._connecting: asyncio.Lock | None = None

    def check_loop(self) -> None:
        """Takes the first event loop, and proves that the client is used on no other, and is not closed.

        Raises:
            WrongEventLoop: on another.
            ClientClosed: after `close`.
        """
        self.check_open()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop, self._closing, self._connecting = loop, asyncio.Event(), asyncio.Lock()
        elif self._loop is not loop:
            raise WrongEventLoop

    async def taken(self, attempts: Attempts) -> tuple[AsyncConnection, Admission]:
        """The next connection behind which a server answers, so that a call is sent only where somebody takes it.

        Raises:
            Unavailable: where none answers in time, or what will not pass keeps the client from all.
            Unauthenticated: where one does that the development token must not be shown to.
            ClientClosed: after `close`.
            WrongEventLoop: where the client belongs to another event loop.
        """
        self.check_loop()
        turn = next(self._turns)
        connections = self._connections
        for place in range(len(connections)):
            connection = connections[(turn + place) % len(connections)]
            admission = connection.admission
            if admission is None and connection.absence.is_over and any(one.admission for one in connections):
                await self._ask_again(connection, attempts)
                admission = connection.admission
            if admission is not None:
                return connection, admission
        return await self._found(turn, attempts)

    def check_open(self) -> None:
        """Proves that the client is not closed.

        Raises:
            ClientClosed: after `close`.
        """
        if self._is_closed:
            raise ClientClosed

    async def wait(self, seconds: float) -> None:
        """Waits.

        Raises:
            ClientClosed: after `close`, also meanwhile.
        """
        self.check_loop()
        assert self._closing is not None
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        raise ClientClosed

    async def close(self) -> None:
        """Ends every call, and refuses those that come."""
        self._is_closed = True
        connections, self._connections = self._connections, []
        if connections and self._loop is not asyncio.get_running_loop():
            raise WrongEventLoop
        if self._closing is not None:
            self._closing.set()
        for connection in connections:
            await connection.close()

    async def _ask_again(self, connection: AsyncConnection, attempts: Attempts) -> None:
        """One task asks whether a server is back; the others go on with those that are there."""
        if connection.is_asked_again:
            return
        connection.is_asked_again = True
        try:
            await connection.knock(min(attempts.left_seconds(), KNOCK_AMONG_OTHERS_SECONDS))
        finally:
            connection.is_asked_again = False

    async def _found(self, turn: int, attempts: Attempts) -> tuple[AsyncConnection, Admission]:
        """Knocks at all in turn until one answers; one task does, the others wait for it."""
        waiting = attempts.connecting()
        assert self._connecting is not None
        try:
            async with asyncio.timeout(waiting.left_seconds()):
                await self._connecting.acquire()
        except TimeoutError:
            raise nobody_answers(self._endpoints, self._details) from None
        try:
            if not self._connections:
                self.check_open()
                self._connections = [AsyncConnection(endpoint) for endpoint in self._endpoints]
            connections, looks = self._connections, True
            while True:
                faults: list[Unavailable] = []
                for place in range(len(connections)):
                    self.check_open()
                    connection = connections[(turn + place) % len(connections)]
                    if (admission := connection.admission) is not None:
                        return connection, admission
                    details = await connection.knock(min(waiting.left_seconds(), KNOCK_SECONDS))
                    self.check_open()
                    if details is None and (admission := connection.admission) is not None:
                        return connection, admission
                    self._details = details or ""
                    if fault := await connection.lasting_fault(self._details, looks=looks):
                        faults.append(fault)
                if len(faults) == len(connections):
                    raise faults[0]
                looks = False
                pause = waiting.pause_seconds()
                if pause is None:
                    raise nobody_answers(self._endpoints, self._details)
                await self.wait(pause)
        finally:
            self._connecting.release()

    def leave_to_parent(self) -> None:
        """In a forked process: begins anew, on an event loop of its own."""
        _OF_PARENTS.append(self._connections)
        self._begin()
