"""Connections that are held, half said, never read or broken off: others are served and memory stays bounded.

Each server has small limits, so that the attacks are small, too.
"""

from __future__ import annotations

import resource
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_service_pb2, master_data_service_pb2

from bench.http2_load import (
    DATA,
    END_STREAM,
    HEADERS,
    PING,
    RESOURCE_EXHAUSTED,
    RST_STREAM,
    SETTINGS,
    frame,
    status_in,
)
from tests.abuse.attacking import (
    CONTINUATION,
    ENDLESS_HEADERS,
    EXECUTE,
    LIST_LOCATIONS,
    WAIT_SECONDS,
    Attacker,
    Frame,
    certificate,
    client_of,
    descriptors,
    honest_meanwhile,
    memory_megabytes,
    with_large_metadata,
)
from tests.integration.transport.raw_http2 import message, opening, reset
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

DEADLINE_EXCEEDED = 4
STREAMS = 64
MEGABYTE = 1 << 20
PEERS_MAX = 24
TOTAL_MAX = 48
WATCH = "/lotkeeper.inventory.v1.InventoryService/WatchInventoryLotRecords"
LIMITS = (
    *("--connections-max", str(TOTAL_MAX), "--connections-per-peer-max", str(PEERS_MAX)),
    *("--request-seconds-max", "1", "--answer-seconds-max", "1"),
    *("--held-bytes-per-connection-max", str(4 * MEGABYTE), "--held-bytes-max", str(16 * MEGABYTE)),
)


@pytest.fixture(scope="module", params=["plain", "tls"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server")
    tls = certificate(folder) if request.param == "tls" else ()
    with ServerProcess(folder, (*LIMITS, *tls)) as process:
        yield process


def attacker(server: ServerProcess, *, source: str = "", window: int | None = None) -> Attacker:
    return Attacker(server, source=source, tls="--tls-certificate-file" in server.flags, window=window)


def idle(server: ServerProcess, source: str) -> socket.socket:
    """A connection that says nothing."""
    host, _, port = server.address.rpartition(":")
    return socket.create_connection((host, int(port)), WAIT_SECONDS, (source, 0))


def test_a_peer_that_holds_all_its_connections_keeps_nobody_out(server: ServerProcess) -> None:
    """Not even callers from its own address: what was used the longest ago, and never for a call, goes first."""
    with honest_meanwhile(server), ExitStack() as held:
        for number in range(5 * PEERS_MAX):
            one = held.enter_context(idle(server, "127.0.0.1"))
            if number % PEERS_MAX == 0:
                wait_until_descriptors(server, PEERS_MAX + 40)
        del one
        wait_until_descriptors(server, PEERS_MAX + 40)


def test_many_peers_that_hold_connections_keep_nobody_out(server: ServerProcess) -> None:
    with honest_meanwhile(server), ExitStack() as held:
        for number in range(4 * TOTAL_MAX):
            held.enter_context(idle(server, f"127.0.1.{1 + number % 20}"))
        wait_until_descriptors(server, TOTAL_MAX + 40)


def wait_until_descriptors(server: ServerProcess, most: int) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while descriptors(server) > most:
        assert time.monotonic() < end, descriptors(server)
        time.sleep(0.05)


def test_messages_that_are_never_finished_end_their_connection(server: ServerProcess) -> None:
    """64 of 4 MB each, on some connections: a quarter of a gigabyte on each, if nobody stopped them."""
    before = memory_megabytes(server)
    openings = {stream: opening(stream, EXECUTE) for stream in range(1, 2 * STREAMS, 2)}
    with honest_meanwhile(server):
        for _ in range(4):
            with attacker(server) as one:
                assert one.fills(openings, 4_000_000)
    assert memory_megabytes(server) - before < 150


def test_a_call_whose_message_never_comes_is_refused(server: ServerProcess) -> None:
    """The connection stays: it holds next to nothing."""
    with honest_meanwhile(server), attacker(server) as one:
        one.write(opening(1, EXECUTE), opening(3, EXECUTE), frame(DATA, 0, 3, b"\0\0\0\1\0half"))
        statuses = {}
        for sent in one.frames():
            if sent.kind == HEADERS:
                statuses[sent.stream] = status_in(sent.payload)
            if len(statuses) == 2:
                break
        assert statuses == {1: DEADLINE_EXCEEDED, 3: DEADLINE_EXCEEDED}


def test_answers_that_nobody_reads_end_their_connection(server: ServerProcess) -> None:
    """Each connection has a window of zero and asks for more than it may hold."""
    with client_of(server) as client:
        plant = ServedPlant(client)
        for number in range(60):
            plant.location(f"Large {number}", notes="n" * 4_000)
    before = memory_megabytes(server)
    body = master_data_service_pb2.ListLocationsRequest(page_size=1_000).SerializeToString()
    token = ("authorization", f"Bearer {server.token}")
    with honest_meanwhile(server):
        for _ in range(3):
            with attacker(server, window=0) as one:
                for stream in range(1, 2 * STREAMS, 2):
                    one.write(opening(stream, LIST_LOCATIONS, token), message(stream, body))
                assert one.is_ended()
    assert memory_megabytes(server) - before < 100


def test_a_connection_that_holds_many_answers_is_refused_more(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, ("--held-bytes-per-connection-max", str(4 * MEGABYTE)))
    body = master_data_service_pb2.ListLocationsRequest(page_size=1_000).SerializeToString()
    statuses: set[int] = set()
    with server, client_of(server) as client:
        plant = ServedPlant(client)
        for number in range(60):
            plant.location(f"Large {number}", notes="n" * 4_000)
        token = ("authorization", f"Bearer {server.token}")
        with honest_meanwhile(server), attacker(server, window=0) as one:
            for stream in range(1, 2 * STREAMS, 2):
                one.write(opening(stream, LIST_LOCATIONS, token), message(stream, body))
                if stream > STREAMS:
                    time.sleep(0.1)  # a client of a few calls a second
            for sent in one.frames():
                if sent.kind == HEADERS and sent.flags & END_STREAM:
                    statuses.add(status_in(sent.payload))
                    break
    assert statuses == {RESOURCE_EXHAUSTED}


def test_headers_that_never_end_end_their_connection(server: ServerProcess) -> None:
    before = memory_megabytes(server)

    def part(number: int) -> bytes:
        return frame(CONTINUATION if number else HEADERS, 0, 1, ENDLESS_HEADERS)

    with honest_meanwhile(server):
        for _ in range(3):
            with attacker(server) as one:
                assert one.writes_until_ended(part, 4_000)
    assert memory_megabytes(server) - before < 150


def test_large_metadata_before_the_settings_are_confirmed_ends_the_connection(server: ServerProcess) -> None:
    with honest_meanwhile(server), attacker(server) as one:
        assert one.writes_until_ended(lambda number: with_large_metadata(2 * number + 1), 500)


def test_a_flood_of_resets_ends_its_connection(server: ServerProcess) -> None:
    before = memory_megabytes(server)

    def part(number: int) -> bytes:
        streams = range(1 + 1_000 * number, 1_001 + 1_000 * number, 2)
        return b"".join(opening(stream, EXECUTE) + reset(stream) for stream in streams)

    with honest_meanwhile(server), attacker(server) as one:
        assert one.writes_until_ended(part, 100)
    assert memory_megabytes(server) - before < 150


def test_streams_that_are_only_opened_end_their_connections(server: ServerProcess) -> None:
    """Each connection keeps to the limit of streams; all together do not."""
    with honest_meanwhile(server), ExitStack() as held:
        flood = [held.enter_context(attacker(server, source=f"127.0.1.{number}")) for number in range(1, 25)]
        for one in flood:
            next(sent for sent in one.frames() if sent.kind == SETTINGS)
            one.write(*(opening(stream, EXECUTE) for stream in range(1, 2 * STREAMS, 2)))
        end = time.monotonic() + WAIT_SECONDS
        while "bytes_in_all" not in server.log():
            assert time.monotonic() < end, server.log()
            time.sleep(0.05)


def test_a_flood_of_streams_before_the_settings_are_confirmed_takes_no_memory(server: ServerProcess) -> None:
    """Most are refused by gRPC's core; what it lets in beyond the limit ends the connection."""
    before = memory_megabytes(server)
    with honest_meanwhile(server), attacker(server) as one, suppress(ConnectionError, ssl.SSLError):
        for stream in range(1, 20_001, 2):
            one.write(opening(stream, EXECUTE))
    assert memory_megabytes(server) - before < 100


def test_a_flood_of_pings_ends_its_connection(server: ServerProcess) -> None:
    with honest_meanwhile(server), attacker(server) as one:
        assert one.writes_until_ended(lambda _: frame(PING, 0, 0, b"whatever") * 1_000, 1_000)


def test_a_connection_without_calls_is_closed_and_a_watch_is_none(tmp_path: Path) -> None:
    """Clients open another by themselves, also where theirs has grown old."""
    flags = ("--connection-idle-seconds", "1", "--connection-age-seconds", "3", "--connection-age-grace-seconds", "60")
    with ServerProcess(tmp_path, flags) as server, Attacker(server) as silent, Attacker(server) as watching:
        body = inventory_service_pb2.WatchInventoryLotRecordsRequest().SerializeToString()
        token = ("authorization", f"Bearer {server.token}")
        watching.write(opening(1, WATCH, token), message(1, body))
        assert silent.is_ended()
        with Client(server.address, token=server.token) as client:
            end = time.monotonic() + 5
            while time.monotonic() < end:
                next(iter(client.list_locations(page_size=1)), None)
        watching.write(frame(PING, 0, 0, b"are you?"))
        answers = {(sent.kind, sent.flags) for sent in _until_pong(watching)}
        assert (DATA, 0) in answers  # the first heartbeat
        assert (RST_STREAM, 0) not in answers


def _until_pong(one: Attacker) -> Iterator[Frame]:
    for sent in one.frames():
        yield sent
        if sent.kind == PING and sent.payload == b"are you?":
            return
    raise AssertionError("the server ended the connection")


def test_descriptors_are_raised_to_their_hard_limit_and_never_end(tmp_path: Path) -> None:
    """A server that may have few serves newcomers all the same, and can still open its store."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))

    server = ServerProcess(tmp_path)
    server.start(few)
    try:
        assert '"limit": 200, "connections": 132' in server.log()
        with honest_meanwhile(server), ExitStack() as held:
            for number in range(400):
                held.enter_context(idle(server, f"127.0.1.{1 + number % 200}"))
            wait_until_descriptors(server, 190)
        server.verify()
    finally:
        server.__exit__(None, None, None)
