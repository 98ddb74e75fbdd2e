"""Streams that need no token: nobody can fill a server with them, nor keep others out."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from lotkeeper_server.transport.health import WATCHES_MAX
from lotkeeper_server.transport.reflection import STREAMS_MAX

from tests.exchange_at_size import resident_kibibytes
from tests.server_process import ServerProcess

STREAMS_OF_CONNECTION = 64
GROWTH_KIBIBYTES_MAX = 64 * 1024


async def _of_many(stack: AsyncExitStack, address: str, count: int, begin: Any) -> tuple[list[Any], list[Any]]:
    """Opens so many streams, each read once, over several connections: those of the first, and the others."""
    opened: list[Any] = []
    while len(opened) < count:
        options = (("grpc.use_local_subchannel_pool", 1),)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(address, options=options))
        more = [begin(channel) for _ in range(min(STREAMS_OF_CONNECTION, count - len(opened)))]
        await asyncio.gather(*(stream.read() for stream in more))
        opened += more
    return opened[:STREAMS_OF_CONNECTION], opened[STREAMS_OF_CONNECTION:]


async def _only_one_ends(first: list[Any], others: list[Any]) -> grpc.StatusCode:
    """The status of the one of the first that ends; of those it may be any, as they came together."""
    reads = {asyncio.ensure_future(stream.read()): stream for stream in first}
    over, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
    (ended,) = over
    assert isinstance(ended.exception(), grpc.aio.AioRpcError)
    assert not any(stream.done() for stream in [*first, *others] if stream is not reads[ended])
    code: grpc.StatusCode = await reads[ended].code()
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)
    return code


async def test_too_many_watches_of_health_end_the_oldest(own_server: ServerProcess) -> None:
    def watch(channel: grpc.aio.Channel) -> Any:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        return stub.Watch(health_pb2.HealthCheckRequest())

    assert own_server.process is not None
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        before_kibibytes = resident_kibibytes(own_server.process.pid)
        first, others = await _of_many(stack, own_server.address, WATCHES_MAX + 1, watch)
        assert await _only_one_ends(first, others) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert resident_kibibytes(own_server.process.pid) - before_kibibytes < GROWTH_KIBIBYTES_MAX


async def test_too_many_streams_of_reflection_end_the_oldest(own_server: ServerProcess) -> None:
    """Those that are open, and ask for nothing more."""

    def reflect(channel: grpc.aio.Channel) -> Any:
        async def once() -> Any:
            yield reflection_pb2.ServerReflectionRequest(list_services="")
            await asyncio.Event().wait()

        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        return stub.ServerReflectionInfo(once())

    async with asyncio.timeout(60), AsyncExitStack() as stack:
        first, others = await _of_many(stack, own_server.address, STREAMS_MAX + 1, reflect)
        assert await _only_one_ends(first, others) is grpc.StatusCode.RESOURCE_EXHAUSTED
