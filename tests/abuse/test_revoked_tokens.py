"""A token that is revoked, has expired, or has lost its permission ends what is under way, though nothing is written.

Each stream must end with the status that a new call would get, within a heartbeat of a watch.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from lotkeeper import Client
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as operations_grpc
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as inventory_grpc
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_pb
from lotkeeper.inventory.v1 import master_data_service_pb2_grpc as master_grpc

from tests import stores
from tests.abuse.tokens import metadata_of, revoke, take_permissions_of, token_of
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

EXPIRES_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
"""As the contract promises one."""
LINES = 6_000
_SMALL_WINDOW = (("grpc.http2.bdp_probe", 0),)
_numbers = itertools.count()

Lost = Callable[[ServerProcess, str], None]


def _revoked(server: ServerProcess, principal: str) -> None:
    revoke(server, principal)


def _revoked_by_command(server: ServerProcess, principal: str) -> None:
    assert server.run("token", "revoke", "--name", principal).returncode == 0


def _denied(server: ServerProcess, principal: str) -> None:
    take_permissions_of(server, principal)


def _expired(_server: ServerProcess, _principal: str) -> None:
    """It expires by itself."""


LOSSES: list[tuple[Lost, str]] = [
    (_revoked, "UNAUTHENTICATED"),
    (_revoked_by_command, "UNAUTHENTICATED"),
    (_expired, "UNAUTHENTICATED"),
    (_denied, "PERMISSION_DENIED"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """With as many records as fill what a connection holds for a reader who does not read."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        with Client(process.address, token=process.token) as client:
            operation_id = ServedPlant(client).operation("PRODUCE").id
            request_class = operations_pb.ExecuteInventoryOperationRequest
            for batch in range(6):
                lots = [f"L{batch} {number}" for number in range(1_000)]
                client.batch_execute_inventory_operations(
                    request_class(inventory_operation_id=operation_id, primary_lot_id_or_name=lot, quantity=1.0)
                    for lot in lots
                )
        yield process
    stores.give_back(process.database_url)


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


class Caller:
    """One who is going to lose what they have."""

    def __init__(self, server: ServerProcess, lost: Lost = _revoked) -> None:
        self.principal = f"caller {next(_numbers)}"
        self._server = server
        self._lost = lost
        expires_in_seconds = EXPIRES_SECONDS if lost is _expired else None
        self._expires_seconds = time.monotonic() + EXPIRES_SECONDS
        self.metadata = metadata_of(token_of(server, self.principal, expires_in_seconds=expires_in_seconds))

    def loses(self) -> float:
        """Takes it away; when it is gone."""
        self._lost(self._server, self.principal)
        return max(time.monotonic(), self._expires_seconds if self._lost is _expired else 0.0)


def _ended(call: Any) -> str:
    """The reason with which a stream ends: nobody hears it who has not read what came before, such as a heartbeat."""
    reasons = []

    def read() -> None:
        with pytest.raises(grpc.RpcError) as refused:
            for _ in call:
                pass
        reasons.append(error_of(refused.value).reason)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(HEARTBEAT_SECONDS + 5)
    assert reasons, "it goes on"
    return reasons[0]


def _counted_in_log(server: ServerProcess, cause: str) -> int:
    lines = [json.loads(line) for line in server.log().splitlines() if '"callers_refused"' in line]
    return sum(line["causes"].get(cause, 0) for line in lines)


@pytest.mark.parametrize(("lost", "reason"), LOSSES)
def test_an_idle_watch_ends(server: ServerProcess, channel: grpc.Channel, lost: Lost, reason: str) -> None:
    """Nothing is written to the store meanwhile but what takes the right away."""
    caller = Caller(server, lost)
    stub = inventory_grpc.InventoryServiceStub(channel)
    watch = stub.WatchInventoryLotRecords(inventory_pb.WatchInventoryLotRecordsRequest(), metadata=caller.metadata)
    next(watch)
    begun_seconds = caller.loses()
    assert _ended(watch) == reason
    assert time.monotonic() - begun_seconds < HEARTBEAT_SECONDS
    with pytest.raises(grpc.RpcError) as again:
        next(stub.WatchInventoryLotRecords(inventory_pb.WatchInventoryLotRecordsRequest(), metadata=caller.metadata))
    assert error_of(again.value).reason == reason


def test_a_watch_and_an_export_that_nobody_reads_end(server: ServerProcess) -> None:
    """They stand behind their reader: their places are free again, which a log line of the refusal tells."""
    caller = Caller(server)
    with grpc.insecure_channel(server.address, options=_SMALL_WINDOW) as channel:
        request = inventory_pb.WatchInventoryLotRecordsRequest(from_beginning=True)
        watch = inventory_grpc.InventoryServiceStub(channel).WatchInventoryLotRecords(request, metadata=caller.metadata)
        next(watch)
        export = master_grpc.MasterDataServiceStub(channel).ExportMasterData(
            master_pb.ExportMasterDataRequest(format=enums_pb2.EXPORT_FORMAT_JSON, include_lots=True),
            metadata=caller.metadata,
        )
        next(export)
        before = _counted_in_log(server, "revoked")
        end_seconds = caller.loses() + HEARTBEAT_SECONDS
        while _counted_in_log(server, "revoked") < before + 2:
            assert time.monotonic() < end_seconds
            time.sleep(0.05)
        for call in (watch, export):
            call.cancel()


@pytest.mark.parametrize(("lost", "reason"), LOSSES)
@pytest.mark.parametrize("document", [True, False])
def test_an_upload_ends_and_nothing_of_it_is_done(
    server: ServerProcess, channel: grpc.Channel, lost: Lost, reason: str, document: bool
) -> None:
    """While it is sent, without an end."""
    caller = Caller(server, lost)
    sent, over = threading.Event(), threading.Event()

    def pieces() -> Iterator[Any]:
        if document:
            yield master_pb.ImportMasterDataRequest(format=enums_pb2.EXPORT_FORMAT_JSON, data=b'{"units": []')
        else:
            yield operations_pb.ImportInventoryOperationsRequest(format=enums_pb2.EXPORT_FORMAT_CSV, data=b"name\r\n")
        sent.set()
        over.wait(HEARTBEAT_SECONDS + 10)

    if document:
        call = master_grpc.MasterDataServiceStub(channel).ImportMasterData.future(pieces(), metadata=caller.metadata)
    else:
        stub = operations_grpc.InventoryOperationServiceStub(channel)
        call = stub.ImportInventoryOperations.future(pieces(), metadata=caller.metadata)
    assert sent.wait(5)
    time.sleep(0.2)  # the server has let the caller in by then
    begun_seconds = caller.loses()
    with pytest.raises(grpc.RpcError) as refused:
        call.result(HEARTBEAT_SECONDS + 5)
    over.set()
    assert error_of(refused.value).reason == reason
    assert time.monotonic() - begun_seconds < HEARTBEAT_SECONDS


@pytest.mark.parametrize(("lost", "reason"), [(_revoked, "UNAUTHENTICATED"), (_denied, "PERMISSION_DENIED")])
def test_an_import_that_is_being_checked_is_not_written(
    server: ServerProcess, channel: grpc.Channel, client: Client, lost: Lost, reason: str
) -> None:
    """It was sent whole; its caller may no longer when it would be written."""
    plant = ServedPlant(client, prefix=f"Checked{next(_numbers)}")
    caller = Caller(server, lost)
    rows = b"".join(b"%s %d,%s\r\n" % (plant.prefix.encode(), n, plant.silo.path.encode()) for n in range(LINES))
    sent = threading.Event()

    def pieces() -> Iterator[Any]:
        yield operations_pb.ImportInventoryOperationsRequest(format=enums_pb2.EXPORT_FORMAT_CSV)
        data = b"name,sourceLocationPath\r\n" + rows
        for begin in range(0, len(data), 1 << 20):
            yield operations_pb.ImportInventoryOperationsRequest(data=data[begin : begin + (1 << 20)])
        sent.set()

    stub = operations_grpc.InventoryOperationServiceStub(channel)
    call = stub.ImportInventoryOperations.future(pieces(), metadata=caller.metadata)
    assert sent.wait(20)
    caller.loses()
    with pytest.raises(grpc.RpcError) as refused:
        call.result(60)
    assert error_of(refused.value).reason == reason
    found = client.list_inventory_operations(name_prefix=f"{plant.prefix} 1")
    assert not list(found)


def test_calls_of_others_go_on(server: ServerProcess, channel: grpc.Channel) -> None:
    """Their tokens are looked at again, too, and are as good as before."""
    stays, leaves = (Caller(server) for _ in range(2))
    stub = inventory_grpc.InventoryServiceStub(channel)
    kept, ended = (
        stub.WatchInventoryLotRecords(inventory_pb.WatchInventoryLotRecordsRequest(), metadata=one.metadata)
        for one in (stays, leaves)
    )
    next(kept), next(ended)
    leaves.loses()
    assert _ended(ended) == "UNAUTHENTICATED"
    assert kept.is_active()
    kept.cancel()
