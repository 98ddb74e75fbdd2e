"""A server that is told to end, while there are callers by HTTP: it ends soon, and cuts nobody off."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import h2.errors
import pytest
from lotkeeper import Client

from tests import stores
from tests.http2_connection import LAST_OF_ALL, http2_connection
from tests.http_calls import (
    CONNECT_JSON,
    INVENTORY,
    JSON,
    HttpPort,
    envelopes,
    http_port,
    http_server,
    in_envelope,
    received,
)
from tests.http_repeating import (
    EXECUTE,
    SHUTDOWN_SECONDS,
    SOON_SECONDS,
    STREAMS,
    Books,
    awaited,
    ended_soon,
    repeat_by_http1,
    repeat_by_http2,
    running,
)
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

WATCH = f"{INVENTORY}WatchInventoryLotRecords"
CALLERS = 3


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


def test_who_says_goaway_in_good_order_still_gets_the_answers_that_it_waits_for(tmp_path: Path) -> None:
    """As clients do that are told GOAWAY themselves; the server ends or not."""
    server = http_server(tmp_path)
    server.database_url = stores.embedded_store_url(tmp_path)
    with ExitStack() as stack:
        stack.enter_context(server)
        with Client(server.address, token=server.token) as client:
            books = Books(ServedPlant(client).operation("PRODUCE").id)
        one = stack.enter_context(http2_connection(http_port(server)))
        locker = stack.enter_context(closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)))
        locker.execute("BEGIN IMMEDIATE")
        stream_id = one.begin(EXECUTE, books.request())
        awaited(lambda: in_progress(server) == 1)
        one.say_goaway()
        locker.execute("ROLLBACK")
        while not one.is_answered(stream_id):
            one.take()
            assert not one.is_over
    assert one.statuses[stream_id] == 200
