"""Callers by HTTP who repeat their calls without a pause, what became of those, and the end of their server."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from lotkeeper import Client

from tests.http2_connection import LAST_OF_ALL, Http2Connection, http2_connection
from tests.http_calls import JSON, SERVICE, WAIT_SECONDS, HttpPort
from tests.server_process import ServerProcess

EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
SHUTDOWN_SECONDS = 60
SOON_SECONDS = 20
"""Far less than that, and far more than it takes, for a busy machine."""
STREAMS = 5


@dataclass
class Books:
    """What became of calls, each of which produces 1 kg.

    Attributes:
        operation_id: of all.
        answered: how many were.
        refused: the reasons of the others.
        unknown: of so many nobody knows.
    """

    operation_id: str
    answered: int = 0
    refused: list[str] = field(default_factory=list)
    unknown: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self) -> dict[str, Any]:
        """The next one; each caller produces a lot of its own."""
        return {
            "inventoryOperationId": self.operation_id,
            "primaryLotIdOrName": f"L{threading.get_ident()}",
            "quantity": 1,
            "requestId": uuid.uuid4().hex,
        }

    def note(self, status: int, body: bytes) -> None:
        """An answer."""
        with self._lock:
            if status == 200:
                self.answered += 1
            else:
                assert status == 503
                self.refused.append(json.loads(body)["details"][0]["debug"]["reason"])

    def note_unknown(self, calls: int = 1) -> None:
        """No answer."""
        with self._lock:
            self.unknown += calls

    def are_true(self, server: ServerProcess) -> None:
        """Fails where the store knows otherwise."""
        assert set(self.refused) <= {"SHUTTING_DOWN"}
        server.verify()
        server.start()
        with Client(server.address, token=server.token) as client:
            stock = sum(row.quantity for row in client.list_inventory(include_empty=True))
        assert self.answered <= stock <= self.answered + self.unknown


def ended_soon(server: ServerProcess) -> None:
    """Tells the server to end, and fails where that takes long."""
    begun_seconds = time.monotonic()
    assert server.terminate() == 0, server.log()
    assert time.monotonic() - begun_seconds < SOON_SECONDS


@contextmanager
def running(*callers: Callable[[], None]) -> Iterator[None]:
    """Each on a thread; all of them end by themselves."""
    faults: list[BaseException] = []

    def run(caller: Callable[[], None]) -> None:
        try:
            caller()
        except BaseException as fault:  # raised below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
    if faults:
        raise faults[0]


def awaited(happens: Callable[[], bool]) -> None:
    """Waits for it."""
    until_seconds = time.monotonic() + WAIT_SECONDS
    while not happens():
        assert time.monotonic() < until_seconds
        time.sleep(0.01)


def repeat_by_http1(port: HttpPort, books: Books) -> None:
    """Calls without a pause, on one connection after the other, until none is taken in any more."""
    headers = {"content-type": JSON, "authorization": f"Bearer {port.token}"}
    while True:
        with closing(http.client.HTTPConnection(port.host, port.port, timeout=WAIT_SECONDS)) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            is_first = True
            while True:
                try:
                    connection.request("POST", EXECUTE, json.dumps(books.request()), headers)
                    answer = connection.getresponse()
                    body = answer.read()
                except (ConnectionError, http.client.HTTPException):
                    assert is_first  # not on a connection that was used: that ends with an answer that says so
                    books.note_unknown()
                    break
                books.note(answer.status, body)
                is_first = False
                if answer.will_close:
                    assert answer.getheader("connection") == "close"
                    break
                assert answer.status == 200


def repeat_by_http2(port: HttpPort, books: Books) -> None:
    """Calls again and again on one connection after the other, until none is taken in any more."""
    while True:
        try:
            with http2_connection(port) as one:
                keep_streams_going(one, books)
        except ConnectionRefusedError:
            return


def keep_streams_going(one: Http2Connection, books: Books) -> None:
    """Keeps some calls in progress, and begins no further one once it is told not to."""
    going: set[int] = set()
    while not one.is_over:
        while len(going) < STREAMS and not one.goaways and not one.is_over:
            going.add(one.begin(EXECUTE, books.request()))
        one.take()
        for stream_id in [each for each in going if one.is_answered(each)]:
            going.discard(stream_id)
            books.note(one.statuses[stream_id], one.bodies[stream_id])
    assert not one.resets
    if not one.bodies and not one.goaways:  # it was never taken in
        books.note_unknown(len(going))
        return
    assert one.goaways == [LAST_OF_ALL, max(one.bodies)]
    assert not going
