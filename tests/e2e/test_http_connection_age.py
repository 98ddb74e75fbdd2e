"""A connection of HTTP that is too old is asked to end, and ended where it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stores
from tests.http2_connection import LAST_OF_ALL, http2_connection
from tests.http_calls import CONNECT_JSON, INVENTORY, JSON, HttpPort, http_port, http_server, in_envelope, received

LIST = f"{INVENTORY}ListInventory"
WATCH = f"{INVENTORY}WatchInventoryLotRecords"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[HttpPort]:
    """Of a server whose connections are old after a second, and too old for a watch after three."""
    flags = ("--connection-age-seconds", "1", "--connection-age-grace-seconds", "2")
    with http_server(tmp_path, *flags) as process:
        yield http_port(process)
    stores.give_back(process.database_url)


def test_an_old_connection_of_http_2_is_told_its_last_request_and_its_watch_may_go_on_for_a_while(
    port: HttpPort,
) -> None:
    """What was asked before is answered; a new connection serves."""
    with http2_connection(port) as one:
        watch = one.begin(WATCH, in_envelope(b"{}"), CONNECT_JSON)
        asked = one.begin(LIST, {})
        while not one.is_over and len(one.goaways) < 2:
            one.take()
        assert one.goaways == [LAST_OF_ALL, asked]
        assert one.statuses == {watch: 200, asked: 200}
        assert one.is_answered(asked)
        late = one.begin(LIST, {})
        while late not in one.resets:
            one.take()
        assert not one.is_over
        assert not one.is_answered(watch)
        while not one.is_over:
            one.take()
    assert port.post(LIST, {}).status == 200


def test_an_old_connection_of_http_1_is_closed_where_it_waits_and_its_watch_is_ended_later(port: HttpPort) -> None:
    """Without its last envelope, by which its caller knows that it did not end well."""
    body = in_envelope(b"{}")
    head = port.head(WATCH, f"Content-Length: {len(body)}").replace(JSON.encode(), CONNECT_JSON.encode())
    with port.socket() as waiting, port.socket() as watching:
        waiting.sendall(port.head(LIST, "Content-Length: 2") + b"{}")
        watching.sendall(head + body)
        came = received(waiting)
        assert came.startswith(b"HTTP/1.1 200")
        assert json.loads(came.partition(b"\r\n\r\n")[2]) == {}
        watched = received(watching)
    assert watched.startswith(b"HTTP/1.1 200")
    assert b"error" not in watched
    assert not watched.endswith(b"0\r\n\r\n")
