"""Floods of calls that are broken off at once: their connection is ended, and nothing of it is the server's fault.

Not in the log, and not in the metrics either, whose alert wakes an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lotkeeper.inventory.v1 import inventory_operation_service_pb2

from bench.http2_load import END_HEADERS, END_STREAM, HEADERS, SETTINGS, frame
from tests.abuse.attacking import EXECUTE, LIST_LOCATIONS, Attacker, with_large_metadata
from tests.integration.transport.raw_http2 import message, opening, reset
from tests.logged import lines_of
from tests.scraped import LISTENS, Scrape, awaited_scrape, metrics_address
from tests.server_process import ServerProcess

CALLS = 3_000
WATCH = "/lotkeeper.inventory.v1.InventoryService/WatchInventoryLotRecords"
OF_THE_CALLER = {"Canceled", "Unauthenticated", "InvalidArgument"}
"""A call may be refused before its caller's word that it is broken off is read."""
REQUEST = inventory_operation_service_pb2.ExecuteInventoryOperationRequest().SerializeToString()
Opening = Callable[[int, tuple[tuple[str, str], ...]], bytes]


def _headers(path: str) -> Opening:
    return lambda stream, more: opening(stream, path, *more)


def _headers_alone(path: str) -> Opening:
    """Headers that say that there is nothing more to come."""

    def opened(stream: int, more: tuple[tuple[str, str], ...]) -> bytes:
        sent = opening(stream, path, *more)
        return frame(HEADERS, END_HEADERS | END_STREAM, stream, sent[9:])

    return opened


def _whole(path: str) -> Opening:
    return lambda stream, more: opening(stream, path, *more) + message(stream, REQUEST)


CALLS_OF: dict[str, Opening] = {
    "headers": _headers(LIST_LOCATIONS),
    "headers that end the stream": _headers_alone(LIST_LOCATIONS),
    "a whole call": _whole(EXECUTE),
    "a stream": _headers(WATCH),
}


@pytest.fixture(scope="module", params=["core", "aio"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    flags = (*LISTENS, "--transport", request.param)
    with ServerProcess(tmp_path_factory.mktemp("server"), flags) as process:
        yield process


def _ended(scrape: Scrape) -> bool:
    return scrape.sum("grpc_server_started_total") == scrape.sum("grpc_server_handled_total")


def _faults(server: ServerProcess) -> list[object]:
    """What an operator would have to read of the calls: all but why connections were ended, and who had no token."""
    others = {"connections_ended", "callers_refused"}
    return [one for one in lines_of(server) if one["level"] not in {"debug", "info"} and one["event"] not in others]


@pytest.mark.parametrize("with_token", [False, True], ids=["without a token", "with a token"])
@pytest.mark.parametrize("kind", CALLS_OF)
def test_a_flood_of_calls_that_are_broken_off_is_nobodys_fault(
    server: ServerProcess, kind: str, *, with_token: bool
) -> None:
    """3,000 on one connection are beyond its limit of calls in progress, or of calls that are broken off."""
    more = (("authorization", f"Bearer {server.token}"),) if with_token else ()
    opened, address = CALLS_OF[kind], metrics_address(server)
    with Attacker(server) as attacker:
        next(sent for sent in attacker.frames() if sent.kind == SETTINGS)
        streams = range(1, 2 * CALLS, 2)
        assert attacker.writes_until_ended(lambda _: b"".join(opened(one, more) + reset(one) for one in streams), 1)
    _assert_is_nobodys_fault(server, address)


def test_calls_whose_metadata_is_too_large_are_nobodys_fault(server: ServerProcess) -> None:
    """Those who have not confirmed the settings can send it; the others are refused by gRPC's core."""
    address = metrics_address(server)
    with Attacker(server) as attacker:
        assert attacker.writes_until_ended(lambda number: with_large_metadata(2 * number + 1), 500)
    _assert_is_nobodys_fault(server, address)


def _assert_is_nobodys_fault(server: ServerProcess, address: str) -> None:
    scrape = awaited_scrape(address, _ended)
    codes = {one.labels["grpc_code"] for one in scrape.all("grpc_server_handled_total") if one.value}
    assert codes <= OF_THE_CALLER
    assert "Canceled" in codes
    assert _faults(server) == []
