"""One principal floods the server by every kind of call: another one is served as if it were hardly there.

Bounds are generous, since machines that run tests are busy: without turns the calls beside a flood take many times as
long.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from bench.fairness import LIST, WATCH
from bench.flooding import Flood, flooding
from bench.served import BATCH, EXECUTE, falling
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CALLS = 5
MEDIAN_SECONDS_MAX = 2.0
DEADLINE_SECONDS = 15.0
BEGUN_SECONDS = 1.0
"""After so long a flood has filled what it fills."""


def role_of(server: ServerProcess, name: str, *limits: str) -> str:
    """A token of a principal of that name, whose role may everything, within limits."""
    made = server.run("role", "create", name, "--permission", "*", *limits)
    assert made.returncode == 0, made.stderr
    token = server.run("token", "create", "--name", name, "--role", name)
    assert token.returncode == 0, token.stderr
    return token.stdout.strip()


class Flooded:
    """A server, and what a flood needs."""

    def __init__(self, server: ServerProcess, client: Client) -> None:
        plant = ServedPlant(client)
        produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
        client.execute_inventory_operation(produce.id, "MILK", 1e9)
        self.server, self.client, self.operation = server, client, consume.id
        self.token = role_of(server, "flood")
        self.body = falling(consume.id, "MILK")

    def batch(self, size: int) -> bytes:
        """That many Executes."""
        request = pb.ExecuteInventoryOperationRequest.FromString(self.body)
        return pb.BatchExecuteInventoryOperationsRequest(requests=[request] * size).SerializeToString()

    def execute(self) -> None:
        """One call of another principal."""
        self.client.execute_inventory_operation(self.operation, "MILK", 0.1, timeout_seconds=DEADLINE_SECONDS)

    def read(self) -> None:
        """One short list of another principal."""
        list(islice(self.client.list_inventory_lot_records(page_size=10, timeout_seconds=DEADLINE_SECONDS), 10))

    def median_seconds(self, call: Callable[[], None]) -> float:
        """Of a few calls, one after the other."""
        taken = []
        for _ in range(CALLS):
            begun = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begun)
        return statistics.median(taken)


@pytest.fixture
def flooded(own_server: ServerProcess) -> Iterator[Flooded]:
    with Client(own_server.address, token=own_server.token) as client:
        yield Flooded(own_server, client)
        own_server.verify()


def flood_of(flooded: Flooded, kind: str) -> Flood:
    """As much as one principal can send."""
    page = b"\x08\xe8\x07"  # page_size: 1000
    return {
        "batches": Flood(kind, BATCH, "unary", [flooded.batch(1_000)], 2, 64),
        "single calls": Flood(kind, EXECUTE, "unary", [flooded.body], 4, 64),
        "lists": Flood(kind, LIST, "unary", [page], 2, 64),
        "watches": Flood(kind, WATCH, "watch", [b"\x60\x01"], 2, 16),
    }[kind]


@pytest.mark.parametrize("kind", ["batches", "single calls", "lists", "watches"])
def test_a_flood_of_one_principal_does_not_keep_another_one_waiting(flooded: Flooded, kind: str) -> None:
    """Neither its Executes nor its lists; 128 batches once kept them waiting until their deadlines."""
    for _ in range(3):
        flooded.client.batch_execute_inventory_operations(
            list(pb.BatchExecuteInventoryOperationsRequest.FromString(flooded.batch(1_000)).requests)
        )
    with flooding(flooded.server.address, flooded.token, flood_of(flooded, kind)):
        time.sleep(BEGUN_SECONDS)
        executes, reads = flooded.median_seconds(flooded.execute), flooded.median_seconds(flooded.read)
    assert max(executes, reads) < MEDIAN_SECONDS_MAX, (executes, reads)


def refusal_of(error: grpc.RpcError) -> tuple[str, float]:
    """Its reason, and how long to wait."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, error
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    assert any(detail.Unpack(retry) for detail in status.details), "no RetryInfo"
    return info.reason, retry.retry_delay.ToTimedelta().total_seconds()


@pytest.mark.parametrize("bytes_of_a_note", [0, 3_000])
def test_a_full_queue_refuses_who_filled_it_and_loses_nothing(tmp_path: Path, bytes_of_a_note: int) -> None:
    """Also a call whose message of megabytes has not been taken in: it is told why, and when to come back."""
    with (
        ServerProcess(tmp_path, ("--queue-max", "3000")) as server,
        Client(server.address, token=server.token) as client,
        ThreadPoolExecutor(24) as pool,
        grpc.insecure_channel(server.address) as channel,
    ):
        flooded = Flooded(server, client)
        request = pb.ExecuteInventoryOperationRequest.FromString(flooded.body)
        request.inventory_name = "x" * bytes_of_a_note
        body = pb.BatchExecuteInventoryOperationsRequest(requests=[request] * 1_000).SerializeToString()
        method = channel.unary_unary(BATCH)

        def outcome() -> str:
            try:
                method(body, metadata=(("authorization", f"Bearer {flooded.token}"),), timeout=60)
            except grpc.RpcError as error:
                reason, wait_seconds = refusal_of(error)
                assert 0.05 <= wait_seconds <= 6.4
                return reason
            return "OK"

        sent = [pool.submit(outcome) for _ in range(24)]
        flooded.execute()
        outcomes = [one.result() for one in sent]
        assert set(outcomes) == {"OK", "OVERLOADED"}
        assert outcomes.count("OK") >= 3
        server.verify()


def reason(call: Callable[[], object]) -> str:
    """Of the refusal; empty where the call was done."""
    try:
        call()
    except LotkeeperError as error:
        return f"{error.reason} after {error.retry_after_seconds:g} s"
    return ""


def test_a_role_limits_the_commands_of_a_second(flooded: Flooded) -> None:
    """A batch counts as many as it holds; the delay is real; others go on."""
    token = role_of(flooded.server, "slow", "--commands-per-second-max", "20")
    requests = [pb.ExecuteInventoryOperationRequest.FromString(flooded.body)] * 60
    with Client(flooded.server.address, token=token) as slow:
        slow.batch_execute_inventory_operations(requests)

        def execute() -> None:
            slow.execute_inventory_operation(flooded.operation, "MILK", 0.1, timeout_seconds=0.5)

        assert reason(execute).startswith("OVERLOADED after ")
        assert reason(flooded.execute) == ""
        begun = time.monotonic()
        slow.execute_inventory_operation(flooded.operation, "MILK", 0.1, timeout_seconds=DEADLINE_SECONDS)
        assert 0.5 < time.monotonic() - begun < DEADLINE_SECONDS
    listed = flooded.server.run("role", "list").stdout
    assert "slow\t*\tcommands_per_second_max 20\n" in listed


def test_a_role_limits_streams_and_the_default_does_not_hurt_others(flooded: Flooded) -> None:
    token = role_of(flooded.server, "watchers", "--streams-max", "2")
    metadata = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(flooded.server.address) as channel:
        watch = channel.unary_stream(WATCH)
        streams = [watch(b"", metadata=metadata) for _ in range(2)]
        for stream in streams:
            next(stream)
        with pytest.raises(grpc.RpcError) as refused:
            next(watch(b"", metadata=metadata))
        assert refusal_of(refused.value)[0] == "OVERLOADED"
        assert reason(flooded.read) == ""
        for stream in streams:
            stream.cancel()
    listed = flooded.server.run("role", "list").stdout
    assert "watchers\t*\tstreams_max 2\n" in listed
