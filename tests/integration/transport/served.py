"""A server of the transport with methods of a test, and what is left of its calls."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
from lotkeeper_server.transport.aio_server import AioServer
from lotkeeper_server.transport.call import Call, OnFault, Stream, Streaming, Unary, WhenQuiet, logged_fault
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.options import ServerOptions, TlsPair

Server = CoreServer | AioServer
SERVERS: Final = (CoreServer, AioServer)
WAIT_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.002


def path(name: str) -> str:
    """The path of a test's method."""
    return f"/test.Test/{name}"


def echo(message: bytes, call: Call) -> None:
    """A unary method."""
    call.answer(message)


async def echo_stream(stream: Stream) -> None:
    """Each message back at once."""
    while (message := await stream.receive()) is not None:
        await stream.send(message)


async def until(condition: Callable[[], object], wait_seconds: float = WAIT_SECONDS) -> None:
    """Waits for what nobody tells."""
    end = time.monotonic() + wait_seconds
    while not condition():
        assert time.monotonic() < end, "in vain"
        await asyncio.sleep(LOOK_SECONDS)


def calls_left() -> list[Call]:
    """The call objects that this process still has."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, Call)]


@dataclass(frozen=True, slots=True)
class Served:
    """A running server.

    Attributes:
        server: the server.
        port: where it listens on 127.0.0.1.
        channel: a client of it.
    """

    server: Server
    port: int
    channel: Any

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    async def unary(self, name: str, message: bytes = b"", timeout_seconds: float | None = None) -> bytes:
        """Calls a unary method."""
        answer = await self.channel.unary_unary(path(name))(message, timeout=timeout_seconds)
        assert isinstance(answer, bytes)
        return answer

    async def refusal(self, name: str, message: bytes = b"", timeout_seconds: float | None = None) -> grpc.RpcError:
        """How a unary method refuses.

        Raises:
            AssertionError: where it does not.
        """
        try:
            await self.unary(name, message, timeout_seconds)
        except grpc.aio.AioRpcError as error:
            return error
        raise AssertionError("it answered")

    async def is_left_clean(self) -> None:
        """Waits until no call is in progress, and then none may be in memory."""
        await until(lambda: not self.server.in_progress)
        await until(lambda: not calls_left())


@asynccontextmanager
async def serving(
    kind: type[Server],
    methods: Mapping[str, Unary | Streaming],
    options: ServerOptions | None = None,
    when_quiet: WhenQuiet | None = None,
    on_fault: OnFault = logged_fault,
    tls: TlsPair | None = None,
) -> AsyncIterator[Served]:
    """A server on a free port; methods by their names."""
    by_path = {path(name): method for name, method in methods.items()}
    server = kind(by_path, options or ServerOptions(), asyncio.get_running_loop(), when_quiet, on_fault)
    port = server.listen("127.0.0.1:0", tls)
    server.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield Served(server, port, channel)
    finally:
        await channel.close()
        await server.close()
