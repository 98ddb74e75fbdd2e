"""What comes by HTTP from whoever means harm, or is broken: cut off, or refused in clear words; nobody else waits."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest
from lotkeeper import Client

from tests.http_calls import INVENTORY, JSON, SERVICE, HttpPort, http_port, in_envelope, received
from tests.plants import ServedPlant
from tests.watched import Watched, watched_server

LIST = f"{INVENTORY}ListInventory"
EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
SLOW_SECONDS = 2.0
GROWTH_BYTES_MAX = 60_000_000
CONNECTIONS_MAX = 300


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One server for all attacks; what is slow is cut off after two seconds, not thirty."""
    flags = (
        *("--http-listen", "127.0.0.1:0"),
        *("--request-seconds-max", str(SLOW_SECONDS), "--answer-seconds-max", str(SLOW_SECONDS)),
        *("--connections-max", str(CONNECTIONS_MAX), "--cancelled-calls-per-second-max", "50"),
    )
    with watched_server(tmp_path_factory.mktemp("server"), flags) as server:
        with Client(server.server.address, token=server.server.token) as client:
            ServedPlant(client).operation("PRODUCE")
        yield server


@pytest.fixture
def port(watched: Watched) -> Iterator[HttpPort]:
    """Where it serves; nothing has held anybody up when the test has ended, and it still answers."""
    port = http_port(watched.server)
    yield port
    assert port.post(LIST, {}).status == 200
    held = watched.held()
    watched.forget_held()
    assert held == []


def status_of(came: bytes) -> int:
    """Of an answer by hand."""
    return int(came.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60) + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: here\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: here\r\nHost: there\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: here\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: here\r\nx : y\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: here\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 431),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_is_refused_and_its_connection_closed(port: HttpPort, data: bytes, status: int) -> None:
    """Whatever follows on the connection is not looked at: no request can be smuggled in."""
    smuggled = b"POST /smuggled HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
    came = port.bytes(data + smuggled)

    assert status_of(came) == status
    assert came.count(b"HTTP/1.1 ") - came.count(b"are HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "body", [b"zz\r\n{}\r\n0\r\n\r\n", b"2;" + b"x" * 40_000, b"2\r\n{}X\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n"]
)
def test_wrong_chunks_are_refused(port: HttpPort, body: bytes) -> None:
    """With a clean answer, or at least an end."""
    came = port.bytes(port.head(LIST, "Transfer-Encoding: chunked") + body)

    assert not came or status_of(came) in {400, 431}


def test_a_message_that_is_too_long_is_refused_before_it_has_come(port: HttpPort) -> None:
    """As by gRPC."""
    came = port.bytes(port.head(EXECUTE, "Content-Length: 5000000") + b"x" * 4_300_000)
    assert status_of(came) == 429
    assert b'"resource_exhausted"' in came

    chunks = b"".join(b"%x\r\n%b\r\n" % (65_536, b"x" * 65_536) for _ in range(70))
    with port.socket() as one:
        with suppress(ConnectionError):
            one.sendall(port.head(EXECUTE, "Transfer-Encoding: chunked") + chunks)
        assert status_of(received(one) or b"x 429 x") == 429


def test_ten_thousand_tiny_pieces_are_refused(port: HttpPort) -> None:
    """Each costs as much as a large one."""
    body = b"1\r\nx\r\n" * 40_000
    with port.socket() as one:
        with suppress(ConnectionError):
            one.sendall(port.head(EXECUTE, "Transfer-Encoding: chunked") + body)
        came = received(one)
    assert not came or status_of(came) == 400


def test_a_packed_gigabyte_is_refused_without_being_unpacked(watched: Watched, port: HttpPort) -> None:
    """For those who are let in, memory stays; for others nothing is unpacked at all."""
    before = watched.forget_peak()
    packing = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packing.compress(bytes(1 << 20)) for _ in range(1_000)) + packing.flush()
    answer = port.post(EXECUTE, bomb, content_encoding="gzip")
    assert (answer.status, answer.json["code"]) == (429, "resource_exhausted")
    nobody = HttpPort(port.host, port.port)
    assert nobody.post(EXECUTE, bomb, content_encoding="gzip").status == 401

    enveloped = in_envelope(bomb, flags=1)
    refused = port.post(
        f"{SERVICE}ImportInventoryOperations",
        enveloped,
        "application/connect+json",
        connect_content_encoding="gzip",
    )
    assert b"resource_exhausted" in refused.body

    by_web = {"content_type": "application/grpc-web+proto", "grpc_encoding": "gzip"}
    assert b"grpc-status: 8" in port.post(EXECUTE, enveloped, **by_web).body
    assert b"grpc-status: 16" in nobody.post(EXECUTE, enveloped, **by_web).body
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


def test_large_json_of_nobody_is_not_read(port: HttpPort) -> None:
    """Four megabytes that would take a second."""
    body = json.dumps({"requests": [{"quantity": 1, "comments": "x" * 20}] * 60_000}).encode()
    nobody = HttpPort(port.host, port.port, "lk_unknown")
    answers = [nobody.post(f"{SERVICE}BatchExecuteInventoryOperations", body) for _ in range(3)]

    assert {answer.status for answer in answers} == {401}


def test_large_json_keeps_nobody_waiting(watched: Watched, port: HttpPort) -> None:
    """It is read on a thread."""
    body = json.dumps({"requests": [{"quantity": 1, "notes": "x"}] * 60_000}).encode()
    with watched.others():
        answer = port.post(f"{SERVICE}BatchExecuteInventoryOperations", body)

    assert answer.status == 400


def test_who_is_slow_with_the_head_is_cut_off(port: HttpPort) -> None:
    """Byte by byte; and who sends nothing at all."""
    with port.socket() as slow, port.socket() as silent:
        begun = time.monotonic()
        with suppress(ConnectionError):
            for byte in b"POST / HTTP/1.1\r\nx: " + b"y" * 1_000:
                slow.sendall(bytes([byte]))
                time.sleep(0.05)
        assert received(slow) == b""
        assert received(silent) == b""
        assert time.monotonic() - begun < SLOW_SECONDS * 10


def test_a_head_may_take_its_time_also_on_a_connection_that_was_idle(port: HttpPort) -> None:
    """It is counted from its first byte."""
    whole = port.head(LIST, "Content-Length: 2") + b"{}"
    with port.socket() as one:
        one.sendall(whole)
        came = b""
        while b"\r\n\r\n{" not in came:
            came += one.recv(65_536)
        time.sleep(SLOW_SECONDS * 1.5)
        one.sendall(whole[:30])
        time.sleep(SLOW_SECONDS / 4)
        one.sendall(whole[30:-2].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"{}")
        assert status_of(_last_answer(received(one))) == 200


def test_who_is_slow_with_the_body_is_refused(port: HttpPort) -> None:
    """With a deadline's code, and an end of the connection."""
    with port.socket() as one:
        one.sendall(port.head(EXECUTE, "Content-Length: 1000"))
        with suppress(ConnectionError):
            for _ in range(200):
                one.sendall(b"x")
                time.sleep(0.05)
        came = received(one)
    assert not came or status_of(came) == 504


def test_who_does_not_take_answers_is_cut_off(port: HttpPort) -> None:
    """Thousands of requests, no answer read."""
    page = b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n"
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.connect((port.host, port.port))
        one.settimeout(60)
        with pytest.raises(ConnectionError):
            _send_on(one, page * 50)


def test_requests_that_are_sent_ahead_wait_within_limits(port: HttpPort) -> None:
    """Each is answered in its turn; more than is taken ends the connection."""
    one = port.head(LIST, "Content-Length: 2") + b"{}"
    came = port.bytes(one * 20 + port.head(LIST, "Content-Length: 2", "Connection: close") + b"{}")
    assert came.count(b"HTTP/1.1 200") == 21

    with port.socket() as flood, suppress(ConnectionError):
        flood.sendall(one * 20_000)
        received(flood)


def test_thousands_of_connections_are_bounded_and_a_newcomer_is_served(watched: Watched, port: HttpPort) -> None:
    """Idle ones make room."""
    before = watched.bytes_now()
    with ExitStack() as stack:
        for _ in range(3_000):
            with suppress(OSError):
                one = stack.enter_context(socket.socket())
                one.settimeout(5)
                one.connect((port.host, port.port))
        assert port.post(LIST, {}).status == 200
        assert watched.bytes_now() - before < GROWTH_BYTES_MAX


def _last_answer(came: bytes) -> bytes:
    """Without what was left of an earlier one."""
    return came[came.rindex(b"HTTP/1.1 ") :]


def _send_on(one: socket.socket, data: bytes) -> None:
    """Sends the same for as long as it is taken, a minute at the most."""
    until = time.monotonic() + 60
    one.settimeout(60)
    while time.monotonic() < until:
        one.sendall(data)
        time.sleep(0.02)


def _http2() -> h2.connection.H2Connection:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    return connection


def _head(port: HttpPort, path: str = LIST) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "here"),
        (":path", path),
        ("content-type", JSON),
        ("authorization", f"Bearer {port.token}"),
    ]


def test_requests_that_are_broken_off_at_once_end_their_connection(port: HttpPort) -> None:
    """HTTP/2's rapid reset."""
    connection = _http2()
    for _ in range(10_000):
        stream_id = connection.get_next_available_stream_id()
        connection.send_headers(stream_id, _head(port))
        connection.reset_stream(stream_id)
    with port.socket() as one:
        with suppress(ConnectionError):
            one.sendall(connection.data_to_send())
        received(one)  # until it is ended; nothing else would end it


def test_a_flood_of_frames_that_bring_nothing_ends_its_connection(port: HttpPort) -> None:
    """Pings, whose answers nobody reads."""
    connection = _http2()
    ping = struct.pack(">I", 8)[1:] + b"\x06\x00\x00\x00\x00\x00" + bytes(8)
    with port.socket() as one:
        one.sendall(connection.data_to_send())
        with pytest.raises(ConnectionError):
            _send_on(one, ping * 1_000)


def test_headers_without_an_end_are_given_up(port: HttpPort) -> None:
    """CONTINUATION after CONTINUATION."""
    connection = _http2()
    begin = struct.pack(">I", 0)[1:] + b"\x01\x00" + struct.pack(">I", 1)
    more = struct.pack(">I", 1_000)[1:] + b"\x09\x00" + struct.pack(">I", 1) + bytes(1_000)
    with port.socket() as one:
        one.sendall(connection.data_to_send() + begin)
        with suppress(ConnectionError):
            for _ in range(10_000):
                one.sendall(more)
        received(one)


def test_answers_that_wait_in_a_window_are_given_up(watched: Watched, port: HttpPort) -> None:
    """A window of nothing: each request is reset, and takes no memory for ever."""
    before = watched.forget_peak()
    connection = _http2()
    connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
    with port.socket() as one:
        for _ in range(60):
            stream_id = connection.get_next_available_stream_id()
            connection.send_headers(
                stream_id, [*_head(port, "/openapi.json")[1:4], (":method", "GET")], end_stream=True
            )
        one.sendall(connection.data_to_send())
        resets = 0
        one.settimeout(SLOW_SECONDS * 10)
        while resets < 60:
            came = one.recv(65_536)
            assert came
            resets += sum(isinstance(event, h2.events.StreamReset) for event in connection.receive_data(came))
            one.sendall(connection.data_to_send())
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


def test_many_at_once_who_are_not_let_in_keep_nobody_waiting(watched: Watched, port: HttpPort) -> None:
    """A flood without tokens."""
    nobody = HttpPort(port.host, port.port)

    def knock() -> None:
        for _ in range(50):
            assert nobody.post(LIST, {}).status == 401

    with watched.others():
        threads = [threading.Thread(target=knock) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_bytes_at_random_are_never_a_fault(watched: Watched, port: HttpPort) -> None:
    """Also after the preface of HTTP/2."""
    rubbish = gzip.compress(bytes(range(256)) * 50)
    for begin in (b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", port.head(LIST, "Content-Length: 500")):
        with port.socket() as one:
            one.sendall(begin + rubbish)
            one.shutdown(socket.SHUT_WR)
            received(one)
    assert '"fault"' not in watched.server.log()
    assert "never retrieved" not in watched.server.log()
