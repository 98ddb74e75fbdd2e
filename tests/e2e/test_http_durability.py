"""What may never happen by HTTP either: an acknowledged call lost, one counted twice."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest
from lotkeeper import Client

from tests import stores
from tests.http_calls import SERVICE, HttpPort, http_port, http_server
from tests.plants import ServedPlant
from tests.server_process import ServerProcess, server_of

EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
CALLERS = 4
WATCH = "/lotkeeper.inventory.v1.InventoryService/WatchInventoryLotRecords"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """One that a test may kill."""
    with http_server(tmp_path) as process:
        yield process
    stores.give_back(process.database_url)


@dataclass
class Load:
    """Callers that produce 1 kg again and again, and keep count of what was answered."""

    port: HttpPort
    operation_id: str
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def request(self, lot: str, request_id: str) -> dict[str, object]:
        """In JSON."""
        return {
            "inventoryOperationId": self.operation_id,
            "primaryLotIdOrName": lot,
            "quantity": 1,
            "requestId": request_id,
        }

    def run(self, lot: str) -> None:
        """One caller."""
        while not self.stopping.is_set():
            request_id = uuid.uuid4().hex
            try:
                answer = self.port.post(EXECUTE, self.request(lot, request_id))
            except (OSError, HTTPException):
                self.unknown.append((lot, request_id))
                return
            if answer.status == 200:
                self.acknowledged.append((lot, request_id))
            else:
                self.refused.append(answer.status)
                if answer.status != 503:
                    return

    def begin(self) -> list[threading.Thread]:
        """All callers."""
        threads = [threading.Thread(target=self.run, args=(f"L{number}",)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        return threads


def test_kill_9_under_load_by_http_loses_and_doubles_nothing(server: ServerProcess) -> None:
    """Retries with the same request ids settle what was unknown, half of them by gRPC."""
    with Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
    counted = 0
    for _ in range(2):
        load = Load(http_port(server), operation.id)
        threads = load.begin()
        time.sleep(random.uniform(0.3, 0.6))
        server.kill()
        load.stopping.set()
        for thread in threads:
            thread.join()
        (server.folder / "server.log").write_text("")
        server.start()
        port = http_port(server)
        with Client(server.address, token=server.token) as client:
            for number, (lot, request_id) in enumerate([*load.acknowledged, *load.unknown]):
                if number % 2:
                    client.execute_inventory_operation(operation.id, lot, 1.0, request_id=request_id)
                else:
                    assert port.post(EXECUTE, load.request(lot, request_id)).status == 200
            counted += len(load.acknowledged) + len(load.unknown)
            stock = sum(row.quantity for row in client.list_inventory(include_empty=True))
        assert stock == counted
        server.verify()


def test_a_server_that_is_told_to_end_answers_all_that_it_took_in(server: ServerProcess) -> None:
    """Others are refused with SHUTTING_DOWN; streams are told so; nobody loses an answer."""
    with Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
    port = http_port(server)
    ends: list[object] = []
    watching = threading.Thread(target=lambda: ends.append(port.stream(WATCH, {})[-1]))
    watching.start()
    load = Load(port, operation.id)
    threads = load.begin()
    time.sleep(1.0)
    assert server.terminate() == 0
    load.stopping.set()
    for thread in [*threads, watching]:
        thread.join()

    assert load.acknowledged
    assert set(load.refused) <= {503}
    assert ends[0]["error"]["details"][0]["debug"]["reason"] == "SHUTTING_DOWN"  # type: ignore[index]
    server.start()
    with Client(server.address, token=server.token) as client:
        stock = sum(row.quantity for row in client.list_inventory(include_empty=True))
    assert len(load.acknowledged) <= stock <= len(load.acknowledged) + len(load.unknown)


def test_several_processes_serve_by_http(tmp_path: Path) -> None:
    """On one address; what is told to end drains, and another takes its place."""
    server = server_of(tmp_path, 2)
    server.flags = (*server.flags, "--http-listen", "127.0.0.1:0")
    with server:
        pids: set[int] = set()
        until = time.monotonic() + 30
        port = http_port(server)
        while len(pids) < 2 and time.monotonic() < until:
            told = [json.loads(line) for line in server.log().splitlines() if '"http_served"' in line]
            pids = {line["pid"] for line in told}
            assert len({line["address"] for line in told}) == 1
            time.sleep(0.1)
        assert len(pids) == 2
        with Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
            load = Load(port, operation.id)
            for number in range(40):
                assert port.post(EXECUTE, load.request("L", str(number))).status == 200
            assert sum(row.quantity for row in client.list_inventory(include_empty=True)) == 40
        assert server.terminate() == 0
    stores.give_back(server.database_url)
