"""The server that the installed grpcio allows."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.transport.aio_server import AioServer
from lotkeeper_server.transport.call import OnFault, Streaming, Unary, WhenQuiet, logged_fault
from lotkeeper_server.transport.core_names import faults
from lotkeeper_server.transport.options import ServerOptions, TlsPair

Transport = Literal["core", "aio"]
"""`core` is gRPC's completion queue; `aio` is grpc.aio, which is slower."""
_log = get_logger()


class Server(Protocol):
    """What CoreServer and AioServer have in common.

    Attributes:
        has_a_thread: whether it serves on a thread of its own; else on the event loop.
    """

    has_a_thread: ClassVar[bool]

    @property
    def in_progress(self) -> int:
        """How many calls there are, also those that are answered but not yet sent whole."""

    @property
    def connections(self) -> int:
        """How many connections there are that have had a call."""

    def listen(self, address: str, tls: TlsPair | None = None) -> int:
        """Takes an address, before `start`; gives its port.

        Raises:
            CannotListen: where nothing can listen there.
        """

    def replace_tls(self, tls: TlsPair) -> None:
        """What it proves itself with to connections from now on; it must listen with TLS."""

    def start(self) -> None:
        """Serves from now on."""

    async def close(self) -> None:
        """Cancels what is in progress and ends the server."""


class ServerClass(Protocol):
    """Makes a server that does not listen yet."""

    @property
    def has_a_thread(self) -> bool:
        """Whether such a server has a thread of its own."""

    def __call__(
        self,
        methods: Mapping[str, Unary | Streaming],
        options: ServerOptions,
        loop: asyncio.AbstractEventLoop,
        when_quiet: WhenQuiet | None = None,
        on_fault: OnFault = logged_fault,
    ) -> Server:
        """Makes one.

        Args:
            methods: by their paths, `/package.Service/Method`.
            options: what it allows.
            loop: where streams are served; this is called on it.
            when_quiet: work to be done on the server's thread.
            on_fault: what the caller gets for an exception of a handler.
        """


def server_class(transport: Transport) -> ServerClass:
    """Which server to make: CoreServer only where gRPC's core is as we know it, as it stands on names not promised.

    Args:
        transport: what was asked for.
    """
    if transport == "aio":
        return AioServer
    if unknown := faults():
        _log.warning("transport_falls_back", transport="aio", faults=unknown)
        return AioServer
    # Not imported before it is known that it can be.
    from lotkeeper_server.transport.core_server import CoreServer  # noqa: PLC0415

    return CoreServer
