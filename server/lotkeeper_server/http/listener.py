"""Where connections of HTTP come in: how many there may be, and who is ended for taking too much."""

import asyncio
import os
import socket
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.connection import HttpConnection
from lotkeeper_server.http.exchange import Exchange
from lotkeeper_server.http.http2 import Http2Limits
from lotkeeper_server.transport import TlsPair
from lotkeeper_server.transport.connection_limits import ConnectionLimits

BACKLOG: Final = 512
_ACCEPTING_TURNS: Final = 2
"""Of the event loop: in the first it is told who waits, in the second it takes them in."""
PROTOCOLS: Final = ("h2", "http/1.1")


class Listener:
    """The connections of one address, on one event loop.

    Attributes:
        limits: what connections may take; as those of gRPC.
        tls_context: for connections from now on; None serves without TLS.
        http2_limits: what one connection of HTTP/2 may take.
        head_seconds: how long the head of a request may take.
        answer_seconds: how long an answer may wait until it is taken.
        is_shut: whether it ends: connections that still come in end with their first answer.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        streams_max: int,
        serve: Callable[[HttpConnection, Exchange], None],
    ) -> None:
        """Listens nowhere yet.

        Args:
            limits: what connections may take.
            streams_max: requests in progress on one of them.
            serve: takes requests.
        """
        self.limits = limits
        self.answer_seconds = min(limits.answer_seconds, http_limits.SLOW_SECONDS)
        self.head_seconds = min(limits.request_seconds, http_limits.HEAD_SECONDS)
        self.http2_limits = Http2Limits(
            streams_max,
            limits.held_bytes_per_connection_max,
            self.answer_seconds,
            limits.cancelled_calls_per_second_max,
        )
        self.tls_context: ssl.SSLContext | None = None
        self._serve = serve
        self._connections: set[HttpConnection] = set()
        self._idle: dict[HttpConnection, None] = {}
        self._by_host: Counter[str] = Counter()
        self._held_bytes = 0  # of all; at least, as some may have let go of theirs since they were looked at
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self.is_shut = False

    @property
    def count(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    @property
    def in_progress(self) -> int:
        """How many requests are being answered, or their answers not sent yet."""
        return sum(one.in_progress + bool(one.unsent_bytes) for one in self._connections)

    async def begin(self, address: str, tls: TlsPair | None, *, shares_address: bool) -> str:
        """Listens; returns the address, with the port that was taken.

        Args:
            address: HOST:PORT; port 0 takes a free one.
            tls: what it proves itself with.
            shares_address: whether other processes of this server listen there, too.

        Raises:
            OSError: where nothing can listen there.
        """
        if tls is not None:
            self.replace_tls(tls)
        host, _, port = address.rpartition(":")
        server = self._server = await asyncio.get_running_loop().create_server(
            lambda: HttpConnection(self, self._serve),
            host.strip("[]"),
            int(port),
            family=socket.AF_UNSPEC,
            backlog=BACKLOG,
            reuse_port=shares_address or None,
        )
        self._sweeping = asyncio.create_task(self._sweep(), name="lotkeeper-http-sweep")
        return f"{host}:{server.sockets[0].getsockname()[1]}"

    def replace_tls(self, pair: TlsPair) -> None:
        """What it proves itself with to connections from now on; a usable pair."""
        self.tls_context = context_of(pair)

    def let_in(self, connection: HttpConnection) -> bool:
        """Counts a connection; makes room for it where there are too many, by ending one that is idle."""
        limits = self.limits
        self._connections.add(connection)
        self._by_host[connection.host] += 1
        self._idle[connection] = None
        if len(self._connections) > limits.connections_max:
            return self._make_room(connection, lambda _one: True)
        if self._by_host[connection.host] > limits.connections_per_peer_max:
            return self._make_room(connection, lambda one: one.host == connection.host)
        return True

    def forget(self, connection: HttpConnection) -> None:
        """One is gone."""
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self._held_bytes -= connection.noted_bytes
        self._idle.pop(connection, None)
        self._by_host[connection.host] -= 1
        if not self._by_host[connection.host]:
            del self._by_host[connection.host]

    def note_busy(self, connection: HttpConnection) -> None:
        """It has a request in progress."""
        self._idle.pop(connection, None)

    def note_idle(self, connection: HttpConnection) -> None:
        """It may have none any more."""
        if connection in self._connections and not connection.in_progress:
            self._idle.pop(connection, None)
            self._idle[connection] = None

    def note_held(self, connection: HttpConnection) -> None:
        """Ends a connection that holds too much, and those that hold the most where all together do."""
        if connection.in_progress > 1 and connection.held_bytes > self.limits.held_bytes_per_connection_max:
            connection.abort()
        self._note_bytes(connection)
        self._end_greediest()

    def _note_bytes(self, connection: HttpConnection) -> None:
        if connection in self._connections:
            held_bytes = connection.held_bytes
            self._held_bytes += held_bytes - connection.noted_bytes
            connection.noted_bytes = held_bytes

    def _end_greediest(self) -> None:
        """Makes room in memory, where there is too little."""
        if self._held_bytes <= self.limits.held_bytes_max:
            return
        for one in self._connections:
            self._note_bytes(one)
        for one in sorted(self._connections, key=lambda one: -one.noted_bytes):
            if self._held_bytes <= self.limits.held_bytes_max:
                return
            one.abort()
            self.forget(one)

    async def shut(self) -> None:
        """Listens no more; each connection ends with its next answer, or soon."""
        self.is_shut = True
        for _ in range(_ACCEPTING_TURNS):  # those who are connected and wait to be taken in would be broken off
            await asyncio.sleep(0)
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.drain()

    def close(self) -> None:
        """Listens no more, and ends what is open."""
        if self._server is not None:
            self._server.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in list(self._connections):
            connection.abort()

    def _make_room(self, newcomer: HttpConnection, of_those: Callable[[HttpConnection], bool]) -> bool:
        for one in self._idle:
            if one is not newcomer and of_those(one):
                self._idle.pop(one)
                one.abort()
                return True
        self.forget(newcomer)
        return False

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(http_limits.SWEEP_SECONDS)
            now_seconds = time.monotonic()
            for number, connection in enumerate(list(self._connections)):
                connection.look(now_seconds)
                self._note_bytes(connection)
                if number % 512 == 511:
                    await asyncio.sleep(0)  # there may be thousands
            self._end_greediest()


def context_of(pair: TlsPair) -> ssl.SSLContext:
    """What TLS begins with.

    Raises:
        OSError: where the pair cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(PROTOCOLS))
    with _file_of(pair.certificate_chain + b"\n" + pair.private_key) as name:
        context.load_cert_chain(name, password="")
    if pair.client_authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=pair.client_authorities.decode("ascii"))
    return context


@contextmanager
def _file_of(secret: bytes) -> Iterator[str]:
    """The library takes files only: one in memory, where the system has such; else one of its owner, that goes."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("tls"), "wb") as memory:
            memory.write(secret)
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(secret)
        file.flush()
        yield file.name
