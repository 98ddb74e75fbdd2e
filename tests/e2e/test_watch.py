"""Whoever watches sees every completed record exactly once, in the one order, whatever happens in between."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from lotkeeper import Client, LotkeeperError, Unavailable
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as pb_grpc

from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.watchers import SteadyWatcher, replayed, watch_in_pieces

WRITERS = 6
CALLS = 60
MEGABYTE = 1024 * 1024


class Writing:
    """Callers that produce, consume, start, stop and cancel, each on a server of its own choice."""

    def __init__(self, servers: list[ServerProcess], plant: ServedPlant) -> None:
        self._servers = servers
        self._produce, self._consume = plant.operation("PRODUCE").id, plant.operation("CONSUME").id
        self._running = [plant.operation("PRODUCE").id for _ in range(WRITERS)]
        self.written: list[str] = []
        self.cancelled: list[str] = []

    def run(self) -> None:
        """All callers, to their end."""
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self._write, range(WRITERS)))

    def _write(self, number: int) -> None:
        dice = random.Random(number)
        server = self._servers[number % len(self._servers)]
        with Client(server.address, token=server.token) as client:
            for _ in range(CALLS):
                lot = f"L{dice.randrange(4)}"
                try:
                    self._call(client, dice, self._running[number], lot)
                except LotkeeperError as refused:
                    if refused.reason not in {"INSUFFICIENT_INVENTORY", "LOT_NOT_FOUND"}:
                        raise

    def _call(self, client: Client, dice: random.Random, running_id: str, lot: str) -> None:
        choice = dice.random()
        if choice < 0.4:
            self.written.append(client.execute_inventory_operation(self._produce, lot, 1.5).id)
        elif choice < 0.8:
            self.written.append(client.execute_inventory_operation(self._consume, lot, 1.0).id)
        else:
            client.start_inventory_operation(running_id, primary_lot_id_or_name=lot)
            self.written.append(client.execute_inventory_operation(self._produce, lot, 0.5).id)
            if choice < 0.9:
                self.written.append(client.stop_inventory_operation(running_id, 2.0).inventory_lot_record.id)
            else:
                self.cancelled.append(client.cancel_inventory_operation(running_id).id)


def test_two_processes_write_and_every_watcher_sees_one_order(two_servers: list[ServerProcess]) -> None:
    """Watchers of either process, and one that comes back again and again to the one or the other."""
    first, second = two_servers
    token = first.token
    with Client(first.address, token=token) as client:
        writing = Writing(two_servers, ServedPlant(client))
        with (
            SteadyWatcher(first.address, token) as here,
            SteadyWatcher(second.address, token) as there,
            closing(client.watch_inventory_lot_records()) as stream,
        ):
            begin = next(stream).resume_token
            writing.run()
            count = len(writing.written)
            seen = here.seen(count)
            ids = [record.id for record in seen]
            assert sorted(ids) == sorted(writing.written)
            assert not set(ids) & set(writing.cancelled)
            assert [record.id for record in there.seen(count)] == ids
            assert watch_in_pieces([first.address, second.address], token, ids[-1], begin) == ids
        stock = {
            (row.location_id, row.inventory_lot_name): row.quantity for row in client.list_inventory(page_size=1_000)
        }
        assert replayed(seen) == stock
        with closing(client.watch_inventory_lot_records(from_beginning=True)) as stream:
            assert not next(stream).HasField("inventory_lot_record")
            assert [next(stream).inventory_lot_record for _ in range(count)] == seen


def test_kill_9_and_restart_skip_and_repeat_nothing(own_server: ServerProcess) -> None:
    """The client comes back behind the last message; records of calls that were never answered come, too."""
    with Client(own_server.address, token=own_server.token, timeout_seconds=60) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
        stopping = threading.Event()

        def write(lot: str) -> None:
            with Client(own_server.address, token=own_server.token, timeout_seconds=60) as writer:
                while not stopping.is_set():
                    with suppress(Unavailable):  # the server is away; what became of the call, the list will say
                        writer.execute_inventory_operation(operation.id, lot, 1.0)

        with SteadyWatcher(own_server.address, own_server.token) as watcher:
            with ThreadPoolExecutor(4) as pool:
                writers = [pool.submit(write, f"L{number}") for number in range(4)]
                try:
                    for round_number in range(1, 4):
                        watcher.seen(40 * round_number)
                        own_server.kill()
                        own_server.start()
                finally:
                    stopping.set()
                for writer in writers:
                    writer.result()
            stored = {
                record.id
                for record in client.list_inventory_lot_records(inventory_operation_id=operation.id, page_size=1_000)
            }
            ids = [record.id for record in watcher.seen(len(stored))]
        assert len(ids) == len(set(ids))
        assert set(ids) == stored


@pytest.fixture
def stub(own_server: ServerProcess) -> Iterator[Any]:
    """The service without a client around it."""
    with grpc.insecure_channel(own_server.address) as channel:
        yield pb_grpc.InventoryServiceStub(channel)


def _memory_bytes(server: ServerProcess) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def _produce(client: Client, operation_id: str, count: int) -> None:
    request = operations_pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=operation_id, primary_lot_id_or_name="L", quantity=1.0
    )
    for _ in range(0, count, 500):
        client.batch_execute_inventory_operations([request] * 500)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_reader_who_does_not_read_costs_the_server_no_memory(own_server: ServerProcess, stub: Any) -> None:
    """50,000 records pass, other calls and watchers go on, and it gets them all once it reads on."""
    metadata = [("authorization", f"Bearer {own_server.token}")]
    with Client(own_server.address, token=own_server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        stuck = [
            stub.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(), metadata=metadata) for _ in range(10)
        ]
        for stream in stuck:
            next(stream)
        _produce(client, operation.id, 10_000)
        before = _memory_bytes(own_server)
        with SteadyWatcher(own_server.address, own_server.token) as reading:
            _produce(client, operation.id, 50_000)
            reading.seen(50_000)
            assert _memory_bytes(own_server) - before < 48 * MEGABYTE
        for stream in stuck[1:]:
            stream.cancel()
        ids = [next(stuck[0]).inventory_lot_record.id for _ in range(60_000)]
        assert len(set(ids)) == 60_000
        stuck[0].cancel()


def test_sigterm_ends_watches_with_shutting_down(own_server: ServerProcess, stub: Any) -> None:
    """Idle ones at once, with RetryInfo; one whose reader does not read holds nothing up."""
    metadata = [("authorization", f"Bearer {own_server.token}")]
    with Client(own_server.address, token=own_server.token) as client:
        _produce(client, ServedPlant(client).operation("PRODUCE").id, 2_000)
    stuck = stub.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(from_beginning=True), metadata=metadata)
    next(stuck)
    idle = [stub.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(), metadata=metadata) for _ in range(5)]
    for stream in idle:
        next(stream)
    begun = time.monotonic()
    assert own_server.terminate() == 0
    assert time.monotonic() - begun < 5
    for stream in idle:
        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        error = error_of(ended.value)
        assert (error.reason, error.retry_after_seconds) == ("SHUTTING_DOWN", 1.0)
    assert "fault" not in own_server.log()


def test_a_watcher_that_is_gone_leaves_no_fault_behind(own_server: ServerProcess) -> None:
    """Killed while it reads, while it waits, and while it does not read."""
    with Client(own_server.address, token=own_server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        _produce(client, operation.id, 3_000)
        program = (
            "import sys, time\nfrom lotkeeper import Client\n"
            "stream = Client(sys.argv[1], token=sys.argv[2]).watch_inventory_lot_records("
            "from_beginning=sys.argv[3] != 'wait')\n"
            "next(stream)\nprint('begun', flush=True)\n"
            "if sys.argv[3] == 'stuck': time.sleep(60)\n"
            "for _ in stream: pass\n"
        )
        for how in ("read", "wait", "stuck") * 2:
            process = subprocess.Popen(
                [sys.executable, "-c", program, own_server.address, own_server.token, how],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.kill()
            process.wait()
            process.stdout.close()
            assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
    assert own_server.terminate() == 0
    assert own_server.log().count("fault") == 0, own_server.log()
