"""A server that is told to end, while there are callers by HTTP: it ends soon, and cuts nobody off."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h2.errors
import pytest
from lotkeeper import Client

from tests import stores
from tests.http2_connection import LAST_OF_ALL, Http2Connection, http2_connection
from tests.http_calls import (
    CONNECT_JSON,
    INVENTORY,
    JSON,
    SERVICE,
    WAIT_SECONDS,
    HttpPort,
    envelopes,
    http_port,
    http_server,
    in_envelope,
    received,
)
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
WATCH = f"{INVENTORY}WatchInventoryLotRecords"
SHUTDOWN_SECONDS = 60
SOON_SECONDS = 20
"""Far less than that, and far more than it takes, for a busy machine."""
CALLERS = 3
STREAMS = 5


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """One that waits long at its end for what has to be waited for."""
    with http_server(tmp_path, "--shutdown-seconds", str(SHUTDOWN_SECONDS)) as process:
        yield process
    stores.give_back(process.database_url)


@pytest.fixture
def port(server: ServerProcess) -> HttpPort:
    """Where it serves by HTTP."""
    return http_port(server)


@pytest.fixture
def operation_id(server: ServerProcess) -> str:
    """One that produces."""
    with Client(server.address, token=server.token) as client:
        return str(ServedPlant(client).operation("PRODUCE").id)


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

    def request(self, lot: str = "L") -> dict[str, Any]:
        """The next one."""
        return {
            "inventoryOperationId": self.operation_id,
            "primaryLotIdOrName": lot,
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


@pytest.mark.parametrize("callers", [1, CALLERS])
def test_callers_by_http_1_who_repeat_without_a_pause_do_not_put_the_end_off(
    server: ServerProcess, port: HttpPort, operation_id: str, callers: int
) -> None:
    """Each connection ends with an answer that says so, and no further one is taken."""
    books = Books(operation_id)
    with running(*[lambda: repeat_by_http1(port, books)] * callers):
        awaited(lambda: books.answered > 20)
        ended_soon(server)
    books.are_true(server)


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


@pytest.mark.parametrize("callers", [1, CALLERS])
def test_callers_by_http_2_who_repeat_without_a_pause_do_not_put_the_end_off(
    server: ServerProcess, port: HttpPort, operation_id: str, callers: int
) -> None:
    """GOAWAY twice: first that no further request is wanted, then which was the last; all up to it are answered."""
    books = Books(operation_id)
    with running(*[lambda: repeat_by_http2(port, books)] * callers):
        awaited(lambda: books.answered > 20)
        ended_soon(server)
    books.are_true(server)


def test_who_begins_requests_after_goaway_is_told_that_they_were_not_looked_at(
    server: ServerProcess, port: HttpPort, operation_id: str
) -> None:
    """REFUSED_STREAM, which is safe to repeat; it does not put the end off either."""
    books = Books(operation_id)
    with http2_connection(port) as one:
        going: list[int] = []

        def heeds_nothing() -> None:
            while not one.is_over:
                while len(going) - len(one.bodies) - len(one.resets) < STREAMS and not one.is_over:
                    going.append(one.begin(EXECUTE, books.request()))
                one.take()

        with running(heeds_nothing):
            awaited(lambda: len(one.bodies) > 20)
            ended_soon(server)
        last = one.goaways[-1]
        for stream_id, body in one.bodies.items():
            books.note(one.statuses[stream_id], body)

    assert {each for each in going if each <= last} == set(one.bodies)
    assert set(one.resets.values()) <= {h2.errors.ErrorCodes.REFUSED_STREAM}
    books.are_true(server)


def test_connections_that_wait_for_a_request_are_closed(server: ServerProcess, port: HttpPort) -> None:
    """By HTTP/1.1 without a word, which is its way; by HTTP/2 with GOAWAY; also those on which nothing ever came."""
    with ExitStack() as stack:
        silent = stack.enter_context(port.socket())
        used = stack.enter_context(port.socket())
        used.sendall(port.head("/docs/page.css").replace(b"POST", b"GET"))
        assert used.recv(65_536).startswith(b"HTTP/1.1 200")
        of_http2 = stack.enter_context(http2_connection(port))
        of_http2.take()
        ended_soon(server)
        assert b"HTTP/1.1" not in received(used)
        assert received(silent) == b""
        while not of_http2.is_over:
            of_http2.take()

    assert of_http2.goaways == [LAST_OF_ALL, 0]


def test_streams_end_with_their_reason_and_messages_that_do_not_come_are_not_waited_for(
    server: ServerProcess, port: HttpPort
) -> None:
    """A watch, by both versions; a stream that has asked for nothing yet; half a request."""
    asked = in_envelope(b"{}")
    head = port.head(WATCH, "Content-Length: 7").replace(JSON.encode(), CONNECT_JSON.encode())
    with ExitStack() as stack:
        watch, unasked, half = (stack.enter_context(port.socket()) for _ in range(3))
        of_http2 = stack.enter_context(http2_connection(port))
        watch.sendall(head + asked)
        watch_2 = of_http2.begin(WATCH, asked, CONNECT_JSON)
        unasked_2 = of_http2.begin(WATCH, b"", CONNECT_JSON, ends=False)
        half_2 = of_http2.begin(EXECUTE, b"{", ends=False)
        unasked.sendall(head)
        half.sendall(port.head(EXECUTE, "Content-Length: 100") + b"{")
        begun = watch.recv(65_536)
        while watch_2 not in of_http2.statuses:
            of_http2.take()
        ended_soon(server)
        came = [begun + received(watch), received(unasked), received(half)]
        while not of_http2.is_over:
            of_http2.take()

    assert all(b"SHUTTING_DOWN" in one for one in came)
    assert [one.split(b" ")[1] for one in came] == [b"200", b"200", b"503"]
    for stream_id in (watch_2, unasked_2):
        assert b"SHUTTING_DOWN" in envelopes(of_http2.bodies[stream_id])[-1][1]
    assert of_http2.statuses[half_2] == 503
    assert b"SHUTTING_DOWN" in of_http2.bodies[half_2]


def in_progress(server: ServerProcess) -> int:
    """How many calls the server says it has."""
    told = json.loads(server.run("status", "--json").stdout)
    return sum(int(process["calls_in_progress"]) for process in told["processes"])


def test_calls_that_were_taken_in_are_waited_for_and_answered(tmp_path: Path) -> None:
    """For longer than any pause of the end: another program holds the store meanwhile."""
    flags = ("--http-listen", "127.0.0.1:0", "--shutdown-seconds", str(SHUTDOWN_SECONDS))
    server = ServerProcess(tmp_path, flags, database_url=stores.embedded_store_url(tmp_path))
    with ExitStack() as stack:
        stack.enter_context(server)
        with Client(server.address, token=server.token) as client:
            books = Books(ServedPlant(client).operation("PRODUCE").id)
        port = http_port(server)
        one = stack.enter_context(port.socket())
        two = stack.enter_context(http2_connection(port))
        locker = stack.enter_context(closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)))
        locker.execute("BEGIN IMMEDIATE")
        body = json.dumps(books.request()).encode()
        one.sendall(port.head(EXECUTE, f"Content-Length: {len(body)}") + body)
        stream_id = two.begin(EXECUTE, books.request())
        awaited(lambda: in_progress(server) == 2)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        while len(two.goaways) < 2:
            two.take()
        assert not two.bodies
        locker.execute("ROLLBACK")
        came = received(one)
        while not two.is_over:
            two.take()
        assert server.process.wait(SOON_SECONDS) == 0

        assert came.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in came.lower()
        assert two.statuses[stream_id] == 200
        books.answered = 2
        books.are_true(server)
