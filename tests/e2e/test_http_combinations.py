"""HTTP beside what else a server can be: on grpc.aio, in several processes, on a server database."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest
from lotkeeper import Client

from tests import stores
from tests.http_calls import INVENTORY, http_port, http_server
from tests.http_repeating import (
    EXECUTE,
    SHUTDOWN_SECONDS,
    Books,
    awaited,
    ended_soon,
    repeat_by_http1,
    repeat_by_http2,
    running,
)
from tests.logged import lines_about
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

LONG_END = ("--shutdown-seconds", str(SHUTDOWN_SECONDS))


def test_http_beside_grpc_aio_answers_counts_once_streams_and_ends(tmp_path: Path) -> None:
    """There one event loop does all of it."""
    with http_server(tmp_path, "--transport", "aio", *LONG_END) as server:
        port = http_port(server)
        with Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
            books = Books(operation.id)
            request = books.request()
            assert port.post(EXECUTE, request).status == 200
            lot, request_id = request["primaryLotIdOrName"], request["requestId"]
            client.execute_inventory_operation(operation.id, lot, 1.0, request_id=request_id)
            assert sum(row.quantity for row in client.list_inventory(include_empty=True)) == 1
        watched: list[object] = []
        path = f"{INVENTORY}WatchInventoryLotRecords"
        watching = threading.Thread(target=lambda: watched.extend(port.stream(path, {})))
        watching.start()
        books.answered = 1
        with running(*[lambda: repeat_by_http1(port, books)] * 2, lambda: repeat_by_http2(port, books)):
            awaited(lambda: books.answered > 30)
            ended_soon(server)
        watching.join()
        assert "SHUTTING_DOWN" in json.dumps(watched[-1])
        books.are_true(server)
    stores.give_back(server.database_url)


@pytest.mark.parametrize(
    ("transport", "store"),
    [("core", "shared"), ("aio", "shared"), pytest.param("core", "galera", marks=pytest.mark.galera)],
)
def test_a_process_that_is_told_to_end_is_replaced_while_callers_by_http_go_on(
    tmp_path: Path, transport: str, store: str
) -> None:
    """On a server database; its callers come to another process, and lose nothing; then all of them end."""
    url = stores.galera_databases().take() if store == "galera" else stores.shared_store_url(tmp_path)
    flags = ("--http-listen", "127.0.0.1:0", "--processes", "2", "--transport", transport, *LONG_END)
    with ServerProcess(tmp_path, flags, database_url=url) as server:
        awaited(lambda: len(processes(server)) == 2)
        port = http_port(server)
        with Client(server.address, token=server.token) as client:
            books = Books(ServedPlant(client).operation("PRODUCE").id)
        callers = [lambda: repeat_by_http1(port, books)] * 3 + [lambda: repeat_by_http2(port, books)]
        with running(*callers):
            awaited(lambda: books.answered > 20)
            os.kill(min(processes(server)), signal.SIGTERM)
            awaited(lambda: len(processes(server)) == 3)
            answered = books.answered
            awaited(lambda: books.answered > answered + 20)
            ended_soon(server)
        books.are_true(server)
    if store == "galera":
        stores.galera_databases().give_back(url)
    else:
        stores.give_back(url)


def processes(server: ServerProcess) -> set[int]:
    """Those that have begun to serve by HTTP, on one address all of them."""
    lines = lines_about(server, "http_served")
    assert len({line["address"] for line in lines}) <= 1
    return {int(line["pid"]) for line in lines}


def test_several_processes_on_an_embedded_store_are_refused_in_one_line(tmp_path: Path) -> None:
    """With HTTP as without it."""
    server = ServerProcess(tmp_path, database_url=stores.embedded_store_url(tmp_path))
    refused = server.run("serve", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--processes", "2")
    assert refused.returncode != 0
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "processes: more than one needs a server database" in refused.stderr
