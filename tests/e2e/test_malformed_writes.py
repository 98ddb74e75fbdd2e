"""Writes of a wrong shape: refused as fast as reads are, and never before it is known who calls.

Nothing of them is decided in a transaction that would look at the caller again, so the store is asked for that alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import grpc.aio
import pytest
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_action_pb2, inventory_service_pb2
from lotkeeper_server.access.looks import PAUSE_SECONDS, WAITING_MAX

from tests import stores
from tests.abuse.tokens import metadata_of, revoke, token_of
from tests.auditor import Auditor
from tests.http_calls import http_port, http_server
from tests.logged import lines_about
from tests.server_process import ServerProcess

EXECUTE = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
ACTIONS = "/lotkeeper.inventory.v1.InventoryService/ExecuteInventoryActions"
NO_TYPE = inventory_action_pb2.InventoryAction()
NOBODY = "lk_nobody"
CALLS = 20
CONNECTIONS = 20
"""So many have room for more calls at a time than may wait for a look."""
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
CALL_SECONDS_MAX = 30.0
MALFORMED: dict[str, tuple[str, bytes]] = {
    "an execution without anything": (EXECUTE, b""),
    "bytes that are no message": (EXECUTE, b"\xff\xff"),
    "actions of no type": (
        ACTIONS,
        inventory_service_pb2.ExecuteInventoryActionsRequest(actions=[NO_TYPE] * 3).SerializeToString(),
    ),
    "so many actions that they are read in their turn": (
        ACTIONS,
        inventory_service_pb2.ExecuteInventoryActionsRequest(actions=[NO_TYPE] * 40).SerializeToString(),
    ),
}


@pytest.fixture(scope="module", params=["core", "aio"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with http_server(tmp_path_factory.mktemp("server"), "--transport", request.param) as process:
        yield process


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def refusal(channel: grpc.Channel, method: str, body: bytes, token: str) -> str:
    """Why a call is refused."""
    call = channel.unary_unary(method)
    with pytest.raises(grpc.RpcError) as refused:
        call(body, metadata=metadata_of(token), timeout=CALL_SECONDS_MAX)
    return error_of(refused.value).reason


def fastest_seconds(refused: Callable[[], str]) -> float:
    """Of calls one after the other, but for the first: whatever each waits for is in it, a busy machine is not."""
    seconds = []
    for _ in range(CALLS):
        begun_seconds = time.monotonic()
        assert refused() == "INVALID_ARGUMENT"
        seconds.append(time.monotonic() - begun_seconds)
    return min(seconds[1:])


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_write_does_not_wait_for_the_pause_between_looks_for_unknown_callers(
    server: ServerProcess, channel: grpc.Channel, kind: str
) -> None:
    """It once took 50 ms, ten times what a good one takes."""
    method, body = MALFORMED[kind]
    assert fastest_seconds(lambda: refusal(channel, method, body, server.token)) < PAUSE_SECONDS / 2


def test_a_malformed_write_by_http_does_not_wait_either(server: ServerProcess) -> None:
    port = http_port(server)

    def refused() -> str:
        answer = port.post(EXECUTE, {"inventoryOperationId": "none"})
        return str(answer.detail("google.rpc.ErrorInfo")["reason"])

    assert fastest_seconds(refused) < PAUSE_SECONDS / 2


@pytest.mark.parametrize("kind", MALFORMED)
def test_who_was_let_in_and_is_not_any_more_is_told_so_whatever_the_shape(
    server: ServerProcess, channel: grpc.Channel, kind: str
) -> None:
    """The token is revoked in the store, of which no call has told this server yet."""
    method, body = MALFORMED[kind]
    principal = kind.replace(" ", "-")
    token = token_of(server, principal)
    assert refusal(channel, method, body, token) == "INVALID_ARGUMENT"
    revoke(server, principal)
    call = channel.unary_unary(method)
    many = [call.future(body, metadata=metadata_of(token), timeout=CALL_SECONDS_MAX) for _ in range(CALLS)]
    ended = [one.exception() for one in many]
    assert {error_of(one).reason for one in ended if isinstance(one, grpc.RpcError)} == {"UNAUTHENTICATED"}
    assert len(ended) == CALLS


async def answered_refusal(channel: grpc.aio.Channel, method: str, body: bytes, token: str) -> str:
    """Why a call is refused, on an event loop."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channel.unary_unary(method)(body, metadata=metadata_of(token), timeout=CALL_SECONDS_MAX)
    return error_of(refused.value).reason


async def test_a_call_of_many_items_is_answered_also_while_too_many_unknown_callers_wait(tmp_path: Path) -> None:
    """It is found to be malformed in its turn, where whatever else is raised ends the turn of all calls."""
    database_url = stores.migrated_postgresql_url()
    method, body = MALFORMED["so many actions that they are read in their turn"]
    with ServerProcess(tmp_path, database_url=database_url) as server:
        async with AsyncExitStack() as stack:
            known, *others = [
                await stack.enter_async_context(grpc.aio.insecure_channel(server.address, OWN_CONNECTION))
                for _ in range(1 + CONNECTIONS)
            ]
            assert await answered_refusal(known, method, body, server.token) == "INVALID_ARGUMENT"
            with Auditor(database_url).connect() as session, session.transaction():
                session.execute("LOCK TABLE store_state IN ACCESS EXCLUSIVE MODE")
                calls = [
                    asyncio.ensure_future(answered_refusal(others[number % CONNECTIONS], EXECUTE, b"", NOBODY))
                    for number in range(WAITING_MAX + CONNECTIONS)
                ]
                await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)  # the first one beyond the limit
                told = await answered_refusal(known, method, body, server.token)
                assert told in {"OVERLOADED", "STORE_UNAVAILABLE"}  # the latter on a machine that is slow with them
            assert set(await asyncio.gather(*calls)) <= {"UNAUTHENTICATED", "OVERLOADED", "STORE_UNAVAILABLE"}
        assert lines_about(server, "fault") == []
