"""Streams that are there to hold places, memory and disk, against a server with short patience.

The attacker has good tokens. Whoever else works there must find a place meanwhile, and the attacker's places must come
back by themselves.
"""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from lotkeeper import Client, LotkeeperError, Retries
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as operations_grpc
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as inventory_grpc
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_pb
from lotkeeper.inventory.v1 import master_data_service_pb2_grpc as master_grpc

from tests.abuse.tokens import metadata_of, token_of
from tests.exchange_at_size import resident_kibibytes
from tests.server_process import ServerProcess

REST_SECONDS = 1.0
BYTES_PER_SECOND_MIN = 200_000
SECONDS_MAX = 4.0
SOON_SECONDS = 8.0
"""Until a place must be free again, on a machine that has other things to do, too."""
MEGABYTE = 1 << 20
BLANK = b" " * (MEGABYTE - 1) + b"\n"
"""A line of an import that means nothing."""
TEMPORARY_BYTES = 24 * MEGABYTE
JSON, CSV = enums_pb2.EXPORT_FORMAT_JSON, enums_pb2.EXPORT_FORMAT_CSV
SMALL_WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1))
FLAGS = {
    "stream-rest-seconds": REST_SECONDS,
    "stream-bytes-per-second-min": BYTES_PER_SECOND_MIN,
    "stream-seconds-max": SECONDS_MAX,
    "watches-max": 12,
    "watches-of-principal-max": 8,
    "temporary-bytes-max": TEMPORARY_BYTES,
    "temporary-bytes-of-principal-max": 2 * TEMPORARY_BYTES // 3,
}

Pieces = Callable[[], Iterator[bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[ServerProcess]:
    """With a plant of some ten megabytes as a document."""
    flags = [f"--{name}={value}" for name, value in FLAGS.items()]
    with ServerProcess(tmp_path_factory.mktemp("server"), (*flags, f"--temporary-folder={folder}")) as process:
        with Client(process.address, token=process.token) as client:
            units = [{"name": f"U{number}", "symbol": f"u{number}", "notes": "x" * 4_000} for number in range(1_500)]
            client.import_master_data(json.dumps({"units_of_measure": units}).encode(), export_format=JSON)
        yield process


class Attacker:
    """One principal with a connection of its own, and the calls that it has under way."""

    def __init__(self, server: ServerProcess, principal: str) -> None:
        self.channel = grpc.insecure_channel(server.address, options=SMALL_WINDOW)
        self.metadata = metadata_of(token_of(server, principal))
        self._over = threading.Event()
        self.master_data: Any = master_grpc.MasterDataServiceStub(self.channel)
        self.operations: Any = operations_grpc.InventoryOperationServiceStub(self.channel)
        self.inventory: Any = inventory_grpc.InventoryServiceStub(self.channel)

    def __enter__(self) -> Attacker:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.channel.close()

    def sends(self, kind: str, piece: bytes, pause_seconds: float) -> Any:
        """An upload that begins as a good one does, then sends the same piece for ever."""

        def pieces() -> Iterator[Any]:
            request_class: Any = (
                master_pb.ImportMasterDataRequest if kind == "plant" else operations_pb.ImportInventoryOperationsRequest
            )
            yield request_class(format=JSON, data=b" ")
            while not self._over.wait(pause_seconds):
                yield request_class(data=piece)

        method = self.master_data.ImportMasterData if kind == "plant" else self.operations.ImportInventoryOperations
        return method.future(pieces(), metadata=self.metadata)

    def exports(self, kind: str) -> Any:
        """A download, of which the first message is taken."""
        if kind == "plant":
            call = self.master_data.ExportMasterData(
                master_pb.ExportMasterDataRequest(format=JSON), metadata=self.metadata
            )
        else:
            call = self.operations.ExportInventoryOperations(
                operations_pb.ExportInventoryOperationsRequest(format=CSV), metadata=self.metadata
            )
        _first(call)
        return call

    def watches(self) -> Any:
        """A watch, after its first message."""
        call = self.inventory.WatchInventoryLotRecords(
            inventory_pb.WatchInventoryLotRecordsRequest(), metadata=self.metadata
        )
        _first(call)
        return call


def _first(call: Any) -> None:
    """Takes the first message.

    Raises:
        LotkeeperError: where the call is refused.
    """
    try:
        next(call)
    except grpc.RpcError as error:
        raise error_of(error) from error


def reason_of(call: Any) -> str:
    """How an upload ends that must not succeed."""
    with pytest.raises(grpc.RpcError) as refused:
        call.result(30)
    return error_of(refused.value).reason


def tries(kind: str, client: Client) -> None:
    """A small upload of somebody else."""
    if kind == "plant":
        client.import_master_data(b"{}", export_format=JSON, validate_only=True)
    else:
        client.import_inventory_operations(b"", export_format=JSON)


def _succeeds_soon(call: Callable[[], object]) -> None:
    """Calls again for as long as there is no place, but only so long."""
    end_seconds = time.monotonic() + SOON_SECONDS
    while True:
        try:
            call()
            return
        except LotkeeperError as error:
            if error.reason != "OVERLOADED" or time.monotonic() > end_seconds:
                raise
            time.sleep(0.05)


DRIPS = {
    "empty pieces without a pause": (b"", 0.002),
    "empty pieces": (b"", 0.1),
    "a byte shortly before the time is up": (b" ", 0.9 * REST_SECONDS),
    "half of the pace": (b" " * (BYTES_PER_SECOND_MIN // 20), 0.1),
}


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize("kind", ["plant", "definitions"])
def test_who_sends_nearly_nothing_keeps_no_place(server: ServerProcess, kind: str, drip: str) -> None:
    """Nobody has all places; two who have them together lose them."""
    piece, pause_seconds = DRIPS[drip]
    with Attacker(server, "A") as first, Attacker(server, "B") as second, ExitStack() as stack:
        client = stack.enter_context(Client(server.address, token=token_of(server, "C")))
        calls = [one.sends(kind, piece, pause_seconds) for one in (first, first, second, second)]
        _succeeds_soon(lambda: tries(kind, client))
        reasons = {reason_of(call) for call in calls}
    assert reasons <= {"DEADLINE_EXCEEDED", "OVERLOADED"}
    assert "DEADLINE_EXCEEDED" in reasons


@pytest.mark.parametrize("kind", ["plant", "definitions"])
def test_one_caller_never_has_all_places(server: ServerProcess, client: Client, kind: str) -> None:
    """Not even for a moment: somebody else's call succeeds at the first try."""
    with Attacker(server, "A") as attacker:
        calls = [attacker.sends(kind, b" " * 50_000, 0.1) for _ in range(12)]
        ended = [call for call in calls if _ends_within(call, 1.0)]
        assert len(calls) - len(ended) == {"plant": 1, "definitions": 2}[kind]
        tries(kind, client)
        assert {reason_of(call) for call in ended} == {"OVERLOADED"}


def _ends_within(call: Any, seconds: float) -> bool:
    try:
        return call.exception(seconds) is not None
    except grpc.FutureTimeoutError:
        return False


def test_an_upload_at_a_good_pace_ends_in_time(server: ServerProcess) -> None:
    """The total deadline: a gigabyte at the slowest pace would take more than a day of somebody's patience."""
    with Attacker(server, "A") as attacker:
        begun_seconds = time.monotonic()
        assert reason_of(attacker.sends("plant", b" " * (BYTES_PER_SECOND_MIN // 8), 0.1)) == "DEADLINE_EXCEEDED"
        assert 0.8 * SECONDS_MAX < time.monotonic() - begun_seconds < SECONDS_MAX + SOON_SECONDS


def test_exports_that_nobody_reads_keep_neither_memory_nor_places(server: ServerProcess, client: Client) -> None:
    """A document of five megabytes each; who reads it has it meanwhile, or a clear refusal."""
    b"".join(client.export_master_data(export_format=JSON))
    assert server.process is not None
    before_kibibytes = resident_kibibytes(server.process.pid)
    calls: list[Any] = []
    with ExitStack() as stack:
        asks_once = Client(server.address, token=server.token, retries=Retries(attempts_max=1))
        impatient = stack.enter_context(asks_once)
        for round_number in range(4):
            attackers = [stack.enter_context(Attacker(server, f"{name}{round_number}")) for name in "AB"]
            for attacker in attackers:
                _succeeds_soon(lambda attacker=attacker: calls.append(attacker.exports("plant")))  # type: ignore[misc]
            with pytest.raises(LotkeeperError) as refused:
                b"".join(impatient.export_master_data(export_format=JSON))
            assert refused.value.reason == "OVERLOADED"
            _succeeds_soon(lambda: b"".join(client.export_master_data(export_format=JSON)))
            assert all(call.is_active() for call in calls)  # their status stands behind what they do not read
        assert resident_kibibytes(server.process.pid) - before_kibibytes < 24 * 1024


def test_who_comes_and_goes_has_no_more_threads_at_work_than_places(server: ServerProcess, client: Client) -> None:
    """An export is written on a thread that nobody can stop; the next one of the same caller waits for its end."""
    with Attacker(server, "A") as attacker:
        request = master_pb.ExportMasterDataRequest(format=JSON)
        for _ in range(60):
            call = attacker.master_data.ExportMasterData(request, metadata=attacker.metadata)
            time.sleep(0.01)
            call.cancel()
        begun_seconds = time.monotonic()
        tries("plant", client)
        b"".join(client.export_inventory_operations(export_format=CSV))
        assert time.monotonic() - begun_seconds < SOON_SECONDS


def test_watches_are_so_many_of_a_principal_and_so_many_in_all(server: ServerProcess) -> None:
    """Those who are there stay; one that ends makes room."""
    with Attacker(server, "A") as first, Attacker(server, "B") as second, Attacker(server, "C") as third:
        watches = [first.watches() for _ in range(8)]
        for one, count in ((first, 0), (second, 4), (third, 0)):
            watches += [one.watches() for _ in range(count)]
            with pytest.raises(LotkeeperError) as refused:
                one.watches()
            assert refused.value.reason == "OVERLOADED"
        assert all(watch.is_active() for watch in watches)
        watches[0].cancel()
        _succeeds_soon(third.watches)


def test_a_caller_who_fills_the_disk_meets_a_quota_and_others_have_theirs(
    server: ServerProcess, folder: Path, client: Client
) -> None:
    """Nothing of it stays on the disk; the socket of `status` is no file of his."""
    with Attacker(server, "A") as attacker:
        calls = [attacker.sends("definitions", b" " * MEGABYTE, 0.01) for _ in range(2)]
        assert "NO_TEMPORARY_SPACE" in {reason_of(call) for call in calls}
        assert client.import_inventory_operations(BLANK * 4, export_format=JSON).failed == 0
    (own,) = folder.glob("lotkeeper-*/*")
    assert [file.name for file in own.iterdir() if not file.is_socket()] == []
    with Attacker(server, "A") as attacker:
        tries("definitions", client)


def test_a_stream_whose_request_never_comes_is_given_up(server: ServerProcess) -> None:
    """It would be there for ever, in no place that is counted."""
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(30)
        yield from ()

    with Attacker(server, "A") as attacker:
        for path in ("MasterDataService/ExportMasterData", "InventoryService/WatchInventoryLotRecords"):
            method = attacker.channel.stream_stream(f"/lotkeeper.inventory.v1.{path}")
            with pytest.raises(grpc.RpcError) as refused:
                next(method(nothing(), metadata=attacker.metadata, timeout=SOON_SECONDS))
            assert error_of(refused.value).reason == "DEADLINE_EXCEEDED"
        over.set()


def test_a_full_disk_is_a_clear_refusal(tmp_path: Path) -> None:
    """No file may grow beyond some megabytes, as on a disk with a quota of the system."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MEGABYTE, 8 * MEGABYTE))

    server = ServerProcess(tmp_path)
    try:
        server.start(limited)
        with Client(server.address, token=server.token) as client:
            with pytest.raises(LotkeeperError) as refused:
                client.import_inventory_operations(BLANK * 12, export_format=JSON)
            assert (refused.value.reason, refused.value.code.name) == ("NO_TEMPORARY_SPACE", "RESOURCE_EXHAUSTED")
            assert client.import_inventory_operations(BLANK, export_format=JSON).failed == 0
        assert '"fault"' not in server.log()
        assert '"temporary_files_find_no_room"' in server.log()
    finally:
        server.kill()
        assert server.process is not None
        assert server.process.stdout is not None
        server.process.stdout.close()
