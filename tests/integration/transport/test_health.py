"""The standard health service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.health import SERVICE, Health
from lotkeeper_server.transport.options import ServerOptions

from tests.integration.transport.served import SERVERS, Server, until

pytestmark = pytest.mark.parametrize("kind", SERVERS)
NOT_SERVING, SERVING = HealthCheckResponse.NOT_SERVING, HealthCheckResponse.SERVING


@asynccontextmanager
async def healthy(kind: type[Server]) -> AsyncIterator[tuple[Health, Any, Server]]:
    health = Health(["a.Service"])
    server = kind(health.methods(), ServerOptions(), asyncio.get_running_loop())
    port = server.listen("127.0.0.1:0")
    server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield health, channel, server
    await server.close()


async def test_check_says_what_was_told(kind: type[Server]) -> None:
    async with healthy(kind) as (health, channel, _server):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", "a.Service"):
            assert (await stub.Check(HealthCheckRequest(service=name))).status == NOT_SERVING
            health.tell(serving=True)
            assert (await stub.Check(HealthCheckRequest(service=name))).status == SERVING
            health.tell(serving=False)
        health.end()
        health.tell(serving=True)
        assert (await stub.Check(HealthCheckRequest())).status == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Check(HealthCheckRequest(service="other"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_all_who_watch_are_told_of_each_change(kind: type[Server]) -> None:
    async with healthy(kind) as (health, channel, server):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watches = [stub.Watch(HealthCheckRequest(service=name)) for name in ("", "", "a.Service", "other")]
        first = [(await watch.read()).status for watch in watches]
        assert first == [NOT_SERVING] * 3 + [HealthCheckResponse.SERVICE_UNKNOWN]
        watches.pop(0).cancel()
        for serving in (True, False, True):
            health.tell(serving=serving)
            for watch in watches[:2]:
                assert (await watch.read()).status == (SERVING if serving else NOT_SERVING)
        health.end()
        assert (await watches[0].read()).status == NOT_SERVING
        for watch in watches:
            watch.cancel()
        await until(lambda: not server.in_progress)


async def test_bytes_that_are_not_a_request_are_invalid(kind: type[Server]) -> None:
    async with healthy(kind) as (_health, channel, _server):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(f"/{SERVICE}/Check")(b"\xff")
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_stream(f"/{SERVICE}/Watch")(b"\xff").read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.skipif(
    "List" not in health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name, reason="its contract has no List"
)
async def test_list_names_all(kind: type[Server]) -> None:
    async with healthy(kind) as (health, channel, _server):
        health.tell(serving=True)
        stub: Any = health_pb2_grpc.HealthStub(channel)
        response = await stub.List(getattr(health_pb2, "HealthListRequest")())  # noqa: B009 - not in older ones
        assert {name: one.status for name, one in response.statuses.items()} == {"": SERVING, "a.Service": SERVING}


async def test_a_watch_ends_with_its_caller(kind: type[Server]) -> None:
    if kind is not CoreServer:
        pytest.skip("the core's alone says when its calls have ended")
    async with healthy(kind) as (_health, channel, server):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watches = [stub.Watch(HealthCheckRequest()) for _ in range(50)]
        for watch in watches:
            await watch.read()
        assert server.in_progress == 50
        for watch in watches:
            watch.cancel()
        await until(lambda: not server.in_progress)
