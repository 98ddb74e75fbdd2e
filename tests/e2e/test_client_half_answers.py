"""A client behind a link that passes a part of an answer, and then breaks or stalls; and one that is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
from lotkeeper import AsyncClient, Client, DeadlineExceeded, Unavailable
from lotkeeper.testing import LotkeeperServer

PLANT = {
    "units_of_measure": [{"name": "kilogram", "symbol": "kg"}],
    "materials": [{"name": "Flour", "unit_of_measure": "kilogram"}],
    "locations": [{"name": "Silo"}],
    "lots": [{"name": "F-1", "material": "Flour"}],
    "inventory": [{"location": "Silo", "lot": "F-1", "material": "Flour", "quantity": 100}],
}
PASSED_BYTES = [0, 9, 40, 100, 200, 300, 400]
"""Within the greeting of HTTP/2, the answer to the client's knock, and that of its call."""


@pytest.fixture(scope="module")
def server() -> Iterator[LotkeeperServer]:
    """A server in a process of its own."""
    with LotkeeperServer(PLANT, in_child=True) as server:
        yield server


class Link:
    """Connections to a server, of which the first ones bring so many bytes back and no more.

    Attributes:
        address: HOST:PORT of this end.
    """

    def __init__(self, server: str, passed_bytes: int, *, stalls: bool) -> None:
        """Listens. A link that stalls does so on every connection; one that breaks, on the first."""
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._passed_bytes, self._stalls = passed_bytes, stalls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._sockets = [self._listening]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends every connection."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(10)

    def _accept(self) -> None:
        limit: int | None = self._passed_bytes
        with suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                called = socket.create_connection(self._server)
                self._sockets += [caller, called]
                for pair, most in (((caller, called), None), ((called, caller), limit)):
                    threading.Thread(target=self._pass, args=(*pair, most), daemon=True).start()
                if not self._stalls:
                    limit = None

    def _pass(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                piece = piece[:left]
                target.sendall(piece)
                if left is not None:
                    left -= len(piece)
                    if not left and self._stalls:
                        return
                    if not left:
                        break
            source.shutdown(socket.SHUT_RDWR)
            target.shutdown(socket.SHUT_RDWR)


def left(server: LotkeeperServer) -> float:
    """What is in the silo."""
    with server.client() as client:
        return sum(row.quantity for row in client.list_inventory())


@pytest.mark.parametrize("passed_bytes", PASSED_BYTES)
def test_a_call_whose_answer_breaks_off_is_made_again_and_counts_once(
    server: LotkeeperServer, passed_bytes: int
) -> None:
    before = left(server)
    with (
        closing(Link(server.address, passed_bytes, stalls=False)) as link,
        Client(link.address, token=server.token) as client,
    ):
        client.consume("F-1", 1.0, material="Flour", source="Silo")
    assert left(server) == before - 1


@pytest.mark.parametrize("passed_bytes", PASSED_BYTES)
def test_a_call_whose_answer_stalls_ends_by_its_deadline(server: LotkeeperServer, passed_bytes: int) -> None:
    """Unavailable, as long as nobody has answered at all."""

    async def on_asyncio(address: str) -> None:
        async with AsyncClient(address, token=server.token, timeout_seconds=0.5) as client:
            await anext(client.list_lots())

    with closing(Link(server.address, passed_bytes, stalls=True)) as link:
        with (
            Client(link.address, token=server.token, timeout_seconds=0.5) as client,
            pytest.raises((DeadlineExceeded, Unavailable)),
        ):
            list(client.list_lots())
        with pytest.raises((DeadlineExceeded, Unavailable)):
            asyncio.run(asyncio.wait_for(on_asyncio(link.address), 30))


@contextmanager
def stopped(server: Any) -> Iterator[None]:
    """Its process does nothing while the block runs."""
    pid = server._backend._process._pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_call_that_is_interrupted_leaves_a_client_that_goes_on(server: LotkeeperServer) -> None:
    with server.client(timeout_seconds=60) as client:
        assert list(client.list_lots())
        with stopped(server):
            interrupting = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
            interrupting.start()
            with pytest.raises(KeyboardInterrupt):
                list(client.list_lots())
            interrupting.join()
        assert list(client.list_lots())
