"""A proxy between a server process and its database, which cuts, swallows, delays, and loses the answers of commits."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Literal, TypeVar

_PIECE_BYTES = 64 * 1024
POSTGRESQL_COMMIT = b"COMMIT\0"
MARIADB_COMMIT = b"\x07\0\0\0\x03COMMIT"
_RESET = struct.pack("ii", 1, 0)
_Result = TypeVar("_Result")
Loss = Literal["none", "request", "answer"]


class TcpProxy:
    """Listens on a port of its own, on 127.0.0.1, from `with` to its end. What it is told counts at once.

    Attributes:
        port: where it listens.
        delay_seconds: by which each piece is late, in both directions.
        lost: how many commits have been lost.
        round_trips: how often a client has sent something after it was answered.
        commit: what is in the piece that asks for one.
    """

    def __init__(self, target_port: int, commit: bytes = POSTGRESQL_COMMIT) -> None:
        """Opens nothing yet.

        Args:
            target_port: of the database, on 127.0.0.1.
            commit: what is in the piece that asks for a commit.
        """
        self.commit = commit
        self.port = 0
        self.delay_seconds = 0.0
        self.lost = 0
        self.round_trips = 0
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[_Link] = set()
        self._refuses = False
        self._swallows_new = False
        self._loss: Loss = "none"
        self._loss_every = 1
        self._commits = 0

    def url(self, database: str) -> str:
        """Of a database behind it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def cut(self) -> None:
        """Resets every connection, and every new one at once, until `mend`."""
        self._refuses = True
        self._call(self._reset_all())

    def reset(self) -> None:
        """Resets every connection; new ones go through."""
        self._call(self._reset_all())

    def swallow(self, *, new_ones: bool) -> None:
        """From now on nothing goes through what is connected, and nobody is told; new ones as said, until `mend`."""
        self._swallows_new = new_ones
        self._call(self._swallow_all())

    def lose_commits(self, loss: Loss, every: int = 1) -> None:
        """Cuts a connection at each such commit: before it reaches the database, or before its answer is passed on."""
        self._commits, self._loss_every, self._loss = 0, every, loss

    def mend(self) -> None:
        """New connections go through again; what was swallowed stays so."""
        self._refuses = self._swallows_new = False
        self._loss = "none"
        self.delay_seconds = 0.0

    def __enter__(self) -> TcpProxy:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await self._reset_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _reset_all(self) -> None:
        for link in list(self._links):
            link.reset()

    async def _swallow_all(self) -> None:
        for link in self._links:
            link.swallows = True

    def is_lost(self, loss: Loss) -> bool:
        """Whether the commit that passes now is to be lost in this way; asked by a connection."""
        if self._loss != loss:
            return False
        self._commits += 1
        if self._commits % self._loss_every:
            return False
        self.lost += 1
        return True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, writer)
        if self._refuses:
            link.reset()
            return
        link.swallows = self._swallows_new
        self._links.add(link)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
            link.writers.append(back)
            await asyncio.gather(link.pass_requests(reader, back), link.pass_answers(there, writer))
        except (OSError, asyncio.CancelledError):
            pass  # an end is gone, or the proxy is
        finally:
            link.reset()
            self._links.discard(link)


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: TcpProxy, writer: asyncio.StreamWriter) -> None:
        self.swallows = False
        self.writers = [writer]
        self._proxy = proxy
        self._loses_answer = False
        self._is_answered = True

    async def pass_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            self._proxy.round_trips += self._is_answered
            self._is_answered = False
            if self._proxy.commit in piece:
                if self._proxy.is_lost("request"):
                    break
                self._loses_answer = self._proxy.is_lost("answer")
            await self._pass(piece, writer)
        self.reset()

    async def pass_answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            if self._loses_answer:
                break
            self._is_answered = True
            await self._pass(piece, writer)
        self.reset()

    async def _pass(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        if self._proxy.delay_seconds:
            await asyncio.sleep(self._proxy.delay_seconds)
        if not self.swallows:
            writer.write(piece)
            await writer.drain()

    def reset(self) -> None:
        """Both ends get a reset, as when a machine has gone and come back."""
        for writer in self.writers:
            same = writer.get_extra_info("socket")
            if same is not None and same.fileno() >= 0:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
