"""Health of a server of two processes while its PostgreSQL is killed, frozen and back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper import Client
from lotkeeper_server.rpc.server import SERVICES

from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess
from tests.two_processes import migrated
from tests.workers import connections, workers_of

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
NAMES = ("", *(service.full_name for service in SERVICES))


@dataclass
class Served:
    """A server of two processes on a PostgreSQL, and a connection to each of them."""

    database: PostgresServer
    server: ServerProcess
    channels: list[grpc.Channel] = field(default_factory=list)

    def workers(self) -> set[int]:
        """Its processes."""
        assert self.server.process is not None
        return workers_of(self.server.process.pid)

    def connect_to_each(self) -> None:
        """Until each process has a connection."""
        while len(+connections(self.server.address, self.workers())) < 2:
            channel = grpc.insecure_channel(self.server.address, options=[("grpc.use_local_subchannel_pool", 1)])
            grpc.channel_ready_future(channel).result(5)
            self.channels.append(channel)

    def statuses(self) -> set[int]:
        """What they all say of all services."""
        return {
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status
            for channel in self.channels
            for name in NAMES
        }

    def seconds_until(self, status: int, limit_seconds: float) -> float:
        """How long it takes until all say so."""
        begun = time.monotonic()
        while self.statuses() != {status}:
            assert time.monotonic() - begun < limit_seconds, f"{self.statuses()} after {limit_seconds} s"
            time.sleep(0.02)
        return time.monotonic() - begun


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for the module."""
    folder = tmp_path_factory.mktemp("server")
    with (
        PostgresServer() as database,
        ServerProcess(folder, flags=("--processes", "2"), database_url=migrated(database)) as server,
    ):
        one = Served(database, server)
        one.connect_to_each()
        yield one
        for channel in one.channels:
            channel.close()


def test_a_killed_database_is_not_serving_and_its_return_is_seen_within_a_second(served: Served) -> None:
    """Twice, by every process, without a restart of any; then calls are served again."""
    workers = served.workers()
    with Client(served.server.address, token=served.server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        assert served.statuses() == {SERVING}
        for _ in range(2):
            served.database.kill()
            gone = served.seconds_until(NOT_SERVING, 2)
            served.database.start()
            back = served.seconds_until(SERVING, 2)
            assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
            print(f"not serving after {gone:.2f} s, serving {back:.2f} s after the return")
    assert served.workers() == workers


def test_a_frozen_database_is_not_serving_after_three_seconds(served: Served) -> None:
    """And serving within a second of its thaw."""
    served.seconds_until(SERVING, 2)
    workers = served.workers()
    served.database.pause()
    try:
        gone = served.seconds_until(NOT_SERVING, 5)
    finally:
        served.database.resume()
    back = served.seconds_until(SERVING, 2)
    print(f"not serving after {gone:.2f} s, serving {back:.2f} s after the return")
    assert served.workers() == workers


def test_a_worker_started_while_the_database_is_gone_serves_when_it_is_back(served: Served) -> None:
    """The server does not give up for that."""
    served.seconds_until(SERVING, 2)
    served.database.kill()
    victim = min(served.workers())
    os.kill(victim, signal.SIGKILL)
    time.sleep(1)
    assert len(served.workers() - {victim}) == 2
    for channel in served.channels:
        channel.close()
    served.channels.clear()
    served.connect_to_each()
    assert served.statuses() == {NOT_SERVING}
    served.database.start()
    served.seconds_until(SERVING, 2)
