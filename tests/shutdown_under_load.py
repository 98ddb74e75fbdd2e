"""Shuts a server down under load, and proves that nothing answered is missing.

python -m tests.shutdown_under_load --count 200 [--processes 2 --connections 8]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

import grpc
import grpc.aio
from lotkeeper import Client
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

from tests.plants import ServedPlant
from tests.server_process import ServerProcess, server_of

CALLERS = 32
EXIT_SECONDS = 10


async def _load(address: str, token: str, operation_id: str, outcomes: Counter[str], callers: range) -> None:
    """Callers without retries on one connection, until the server is gone."""
    metadata = (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub = pb_grpc.InventoryOperationServiceStub(channel)

        async def call(lot: str) -> None:
            request = pb.ExecuteInventoryOperationRequest(
                inventory_operation_id=operation_id, primary_lot_id_or_name=lot, quantity=1.0
            )
            refused = 0
            while refused < 50:
                try:
                    await stub.ExecuteInventoryOperation(request, metadata=metadata, timeout=10)
                    outcomes["answered"] += 1
                except grpc.aio.AioRpcError as rpc_error:
                    error = error_of(rpc_error)
                    outcomes[error.reason or error.code.name] += 1
                    if not error.reason:
                        return
                    refused += 1
                    await asyncio.sleep(0.005)

        await asyncio.gather(*(call(f"L{number}") for number in callers))


def shut_down_under_load(server: ServerProcess, connections: int = 1) -> Counter[str]:
    """One round; fails where an answer is missing, doubled, or a bare CANCELLED."""
    outcomes: Counter[str] = Counter()
    with server:
        with Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")

        async def load_and_end() -> tuple[int, float]:
            loading = asyncio.gather(
                *(
                    _load(server.address, server.token, operation.id, outcomes, range(first, CALLERS, connections))
                    for first in range(connections)
                )
            )
            await asyncio.sleep(0.4)
            begun = time.monotonic()
            status = await asyncio.to_thread(server.terminate)
            took = time.monotonic() - begun
            await loading
            return status, took

        status, took = asyncio.run(load_and_end())
        assert status == 0, server.log()
        assert took < EXIT_SECONDS
        assert set(outcomes) <= {"answered", "SHUTTING_DOWN", "UNAVAILABLE"}, outcomes
        assert outcomes["answered"] > 0
        server.start()
        server.verify()
        with Client(server.address, token=server.token) as client:
            records = sum(1 for _ in client.list_inventory_lot_records(page_size=1000))
        # What a connection lost may have been done; what was answered must have been.
        assert outcomes["answered"] <= records <= outcomes["answered"] + outcomes["UNAVAILABLE"], outcomes
    return outcomes


def main() -> None:
    """Runs as many rounds as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--connections", type=int, default=1)
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    for number in range(arguments.count):
        with tempfile.TemporaryDirectory() as folder:
            outcomes = shut_down_under_load(server_of(Path(folder), arguments.processes), arguments.connections)
        total += outcomes
        print(f"{number + 1}: {dict(outcomes)}", flush=True)
    print(f"{arguments.count} shutdowns: {dict(total)}")


if __name__ == "__main__":
    main()
