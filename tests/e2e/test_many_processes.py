"""Many processes on one address: they share it, they are started again, they end together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess, server_of
from tests.shutdown_under_load import shut_down_under_load
from tests.workers import connections, listeners, seconds_until_listening, workers_of

PROCESSES = 2
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100))


@pytest.fixture
def many(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of two processes for one test alone."""
    with server_of(tmp_path, PROCESSES) as process:
        yield process


def supervisor_of(server: ServerProcess) -> int:
    assert server.process is not None
    return server.process.pid


@dataclass
class Connection:
    """Callers on one connection, each call with a request id of its own, none sent again."""

    channel: grpc.aio.Channel
    token: str
    operation_id: str
    acknowledged: list[tuple[float, str]] = field(default_factory=list)
    failed: list[tuple[float, str]] = field(default_factory=list)

    async def call(self, lot: str) -> None:
        """One call, noted with its moment."""
        request = pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=self.operation_id,
            primary_lot_id_or_name=lot,
            quantity=1.0,
            request_id=uuid.uuid4().hex,
        )
        stub = pb_grpc.InventoryOperationServiceStub(self.channel)
        try:
            await stub.ExecuteInventoryOperation(
                request, metadata=(("authorization", f"Bearer {self.token}"),), timeout=5
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            self.failed.append((time.monotonic(), request.request_id))
            await asyncio.sleep(0.02)
        else:
            self.acknowledged.append((time.monotonic(), request.request_id))


async def test_a_worker_killed_with_9_is_back_within_two_seconds_and_the_others_go_on(many: ServerProcess) -> None:
    """Five times, under load: calls of its connections fail, of no other; nothing acknowledged is lost or doubled."""
    with Client(many.address, token=many.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
    supervisor = supervisor_of(many)
    opened: list[Connection] = []
    stopping = asyncio.Event()
    callers: list[asyncio.Task[None]] = []

    async def keep_calling(connection: Connection, lot: str) -> None:
        while not stopping.is_set():
            await connection.call(lot)

    async def open_until_each_worker_has_one() -> None:
        while len(+connections(many.address, workers_of(supervisor))) < PROCESSES:
            channel = grpc.aio.insecure_channel(many.address, options=OWN_CONNECTION)
            connection = Connection(channel, many.token, operation.id)
            await asyncio.wait_for(channel.channel_ready(), 5)
            opened.append(connection)
            callers.extend(asyncio.create_task(keep_calling(connection, f"L{len(opened)}-{n}")) for n in range(3))

    took_seconds = []
    for _ in range(5):
        await open_until_each_worker_has_one()
        await asyncio.sleep(0.4)
        has = connections(many.address, workers_of(supervisor))
        victim = min(has, key=lambda pid: has[pid])
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        took_seconds.append(
            await asyncio.to_thread(seconds_until_listening, supervisor, many.address, PROCESSES, victim)
        )
        await asyncio.sleep(0.2)
        hit = [one for one in opened if any(moment >= killed for moment, _ in one.failed)]
        assert len(hit) <= has[victim] < len(opened)
        for one in opened:
            assert any(moment > killed + 0.05 for moment, _ in one.acknowledged), "a connection did not go on"
    stopping.set()
    await asyncio.gather(*callers)
    for one in opened:
        await one.channel.close()
    print(f"back after {[round(one, 3) for one in took_seconds]} s, {len(opened)} connections")
    assert max(took_seconds) < 2
    acknowledged = {request_id for one in opened for _, request_id in one.acknowledged}
    failed = {request_id for one in opened for _, request_id in one.failed}
    with Client(many.address, token=many.token) as client:
        stored = [record.request_id for record in client.list_inventory_lot_records(page_size=1000)]
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored) <= acknowledged | failed
    many.verify()


def test_sigterm_drains_all_of_them(tmp_path: Path) -> None:
    """Every call ends OK or UNAVAILABLE, never in a bare CANCELLED; exit 0; what was answered is there."""
    shut_down_under_load(server_of(tmp_path, PROCESSES), connections=8)


def test_a_worker_told_to_end_is_replaced(many: ServerProcess) -> None:
    """It drains; the server is not at its end for that."""
    supervisor = supervisor_of(many)
    worker = min(workers_of(supervisor))
    os.kill(worker, signal.SIGTERM)
    assert seconds_until_listening(supervisor, many.address, PROCESSES, worker) < 2
    assert many.terminate() == 0


def test_killed_with_9_it_leaves_nobody_behind_who_serves(many: ServerProcess) -> None:
    """And can be started again at once, on the same address."""
    workers = workers_of(supervisor_of(many))
    assert listeners(many.address, workers) == workers
    many.kill()
    end_seconds = time.monotonic() + 2
    while listeners(many.address, workers):
        assert time.monotonic() < end_seconds, "a worker serves on"
        time.sleep(0.01)
    many.start()
    with Client(many.address, token=many.token) as client:
        assert client.list_permissions().granted_permissions


@pytest.mark.parametrize("processes", [1, PROCESSES])
def test_a_second_server_on_their_address_is_refused(many: ServerProcess, tmp_path: Path, processes: int) -> None:
    """Of one process or many; the first does not notice."""
    (tmp_path / "second").mkdir()
    second = server_of(tmp_path / "second", processes)
    done = subprocess.run(
        [*second.program, *second.flags, "--database-url", second.database_url, "--listen", many.address],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert f"the address {many.address} cannot be listened on: it is in use; " in done.stderr
    assert many.terminate() == 0


def test_many_are_refused_where_one_process_listens(own_server: ServerProcess, tmp_path: Path) -> None:
    """With the same words."""
    (tmp_path / "second").mkdir()
    second = server_of(tmp_path / "second", PROCESSES)
    command = [*second.program, "--database-url", second.database_url, "--listen", own_server.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"the address {own_server.address} cannot be listened on: it is in use; " in done.stderr


def test_the_supervisor_holds_no_connection_to_the_store_and_has_no_thread(many: ServerProcess) -> None:
    """Either would be broken in the workers; and every worker answers for itself that it serves."""
    supervisor = Path(f"/proc/{supervisor_of(many)}")
    assert len(list((supervisor / "task").iterdir())) == 1
    links = [str(one.readlink()) for one in (supervisor / "fd").iterdir()]
    assert not [link for link in links if "/store.db" in link], "but the file by which others know that it is served"
    assert sum(link.startswith("socket:") for link in links) == 1, "more than what holds the address"
    workers = workers_of(supervisor_of(many))
    reached: set[int] = set()
    while reached != workers:
        with grpc.insecure_channel(many.address, options=OWN_CONNECTION) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            reached |= set(+connections(many.address, workers))


def test_what_no_process_can_do_is_said_once(tmp_path: Path) -> None:
    """A certificate that is none: exit 1 and one line, however many were to be started."""
    (tmp_path / "c.pem").write_text("none")
    (tmp_path / "c.pem").chmod(0o600)
    server = server_of(tmp_path, 4)
    tls = ["--tls-certificate-file", tmp_path / "c.pem", "--tls-key-file", tmp_path / "c.pem"]
    command = [*server.program, *server.flags, "--database-url", server.database_url, "--listen", "127.0.0.1:0", *tls]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "the certificate and key are not a usable pair" in done.stderr


def test_many_on_the_embedded_store_are_refused(tmp_path: Path) -> None:
    """Exit 2, and what is needed."""
    command = [
        BINARIES / "lotkeeper-server",
        "serve",
        "--processes",
        "2",
        "--database-url",
        f"sqlite:///{tmp_path}/s.db",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "more than one needs a server database" in done.stderr) == (2, True), done.stderr


def supervised(kind: str, file: Path) -> subprocess.Popen[str]:
    """Workers of that kind under a supervisor."""
    command = [sys.executable, "-m", "tests.supervised", kind, file]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_gives_up_where_none_starts(tmp_path: Path) -> None:
    """At once where the first one does not, and after ten failures each where they did start before."""
    with supervised("never_starts", tmp_path / "never") as process:
        assert process.communicate(timeout=20)[1] == "its first process ended by SIGSEGV\n"
        assert process.returncode == 1
    assert (tmp_path / "never").read_text().count("started") == 1
    with supervised("starts_once", tmp_path / "once") as process:
        out, err = process.communicate(timeout=30)
        assert err == "its processes do not start any more; the last one ended with status 5\n"
        assert (process.returncode, out) == (1, "ready\n")
    assert (tmp_path / "once").read_text().count("started") == 2 + 2 * 10


def test_a_worker_that_dies_again_and_again_is_started_after_a_pause(tmp_path: Path) -> None:
    """Pauses double, up to half a second."""
    starts = tmp_path / "starts"
    with supervised("dies_young", starts) as process:
        while not starts.exists():
            time.sleep(0.02)
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert 4 <= starts.read_text().count("started") <= 2 * 8


def test_a_worker_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """After the limit; the status says so."""
    with supervised("does_not_end", tmp_path / "starts") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 3
