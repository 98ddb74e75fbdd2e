"""Calls whose token the server has not seen: refused cheaply, or let in if it was made a moment ago."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import grpc
import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CALLS = 400


async def _reasons(address: str, count: int) -> set[str]:
    """How so many calls at once are refused, each with a token of its own that nobody made."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.InventoryOperationServiceStub(channel)

        async def call(number: int) -> str:
            metadata = (("authorization", f"Bearer lk_nobody_{number}"),)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.ExecuteInventoryOperation(
                    pb.ExecuteInventoryOperationRequest(), metadata=metadata, timeout=30
                )
            return error_of(refused.value).reason

        return set(await asyncio.gather(*(call(number) for number in range(count))))


async def test_many_unknown_tokens_are_refused_as_such(server: ServerProcess) -> None:
    assert await _reasons(server.address, CALLS) == {"UNAUTHENTICATED"}


_FLOOD = """
import asyncio, sys, time
import grpc

async def main(address):
    async with grpc.aio.insecure_channel(address) as channel:
        execute = channel.unary_unary("/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation")
        end = time.monotonic() + 4

        async def calls():
            while time.monotonic() < end:
                try:
                    await execute(b"")
                except grpc.aio.AioRpcError:
                    pass

        await asyncio.gather(*(calls() for _ in range(512)))

print("flooding", flush=True)
asyncio.run(main(sys.argv[1]))
"""


def test_a_flood_of_refused_calls_keeps_nobody_from_being_decided(server: ServerProcess) -> None:
    """The queue of calls is never empty then, and whoever decides must have a turn all the same."""
    with Client(server.address, token=server.token) as client:
        operation = ServedPlant(client, prefix="Flooded").operation("PRODUCE")
        client.execute_inventory_operation(operation.id, "L", 1.0)
        flood = subprocess.Popen([sys.executable, "-c", _FLOOD, server.address], stdout=subprocess.PIPE)
        assert flood.stdout is not None
        flood.stdout.readline()
        took_seconds = []
        while flood.poll() is None:
            begun = time.monotonic()
            client.execute_inventory_operation(operation.id, "L", 1.0, timeout_seconds=10)
            took_seconds.append(time.monotonic() - begun)
        flood.stdout.close()
    assert max(took_seconds) < 1.5


def test_the_first_call_of_all_is_decided(own_server: ServerProcess) -> None:
    """Its token is not known yet, so it is let in later, from another thread."""
    with Client(own_server.address, token=own_server.token) as client:
        with pytest.raises(LotkeeperError) as refused:
            client.execute_inventory_operation("01JPAND53PBZ61RZHZV7C6EEHG", "L", 1.0, timeout_seconds=5)
        assert refused.value.reason == "INVENTORY_OPERATION_NOT_FOUND"


def test_a_token_works_for_the_first_call_after_it_was_made(server: ServerProcess) -> None:
    """Whatever kind of method that call is for; the server knows nothing of it but by looking."""
    with Client(server.address, token=server.token) as client:
        operation = ServedPlant(client, prefix="Fresh").operation("PRODUCE")
    for number in range(5):
        made = server.run("token", "create", "--name", f"fresh {number}", "--role", "admin")
        token = made.stdout.strip()
        assert token.startswith("lk_"), made.stderr
        with Client(server.address, token=token) as client:
            if number % 2:
                assert client.list_permissions().granted_permissions == ["*"]
            else:
                assert client.execute_inventory_operation(operation.id, f"L{number}", 1.0).quantity == 1.0


def test_a_revoked_token_is_refused_for_the_first_call_after_that(server: ServerProcess) -> None:
    token = server.run("token", "create", "--name", "gone", "--role", "admin").stdout.strip()
    with Client(server.address, token=token) as client:
        operation = ServedPlant(client, prefix="Gone").operation("PRODUCE")
        client.execute_inventory_operation(operation.id, "L", 1.0)
        assert server.run("token", "revoke", "--name", "gone").returncode == 0
        for refused in (
            lambda: client.execute_inventory_operation(operation.id, "L", 1.0),
            lambda: client.execute_inventory_operation("", "L", 1.0),
            client.list_permissions,
        ):
            with pytest.raises(LotkeeperError) as error:
                refused()
            assert error.value.reason == "UNAUTHENTICATED"
