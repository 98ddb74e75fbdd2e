"""The server that the installed grpcio allows."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog

from lotkeeper_server.transport.aio_server import AioServer
from lotkeeper_server.transport.call import OnFault, Streaming, Unary, WhenQuiet, logged_fault
from lotkeeper_server.transport.core_names import faults
from lotkeeper_server.transport.options import ServerOptions, TlsPair

_log = structlog.get_logger(__name__)


class Server(Protocol):
    """What CoreServer and AioServer have in common."""

    @property
    def in_progress(self) -> int:
        """How many calls there are, also those that are answered but not yet sent whole."""

    def listen(self, address: str, tls: TlsPair | None = None) -> int:
        """Takes an address, before `start`; gives its port.

        Raises:
            CannotListen: where nothing can listen there.
        """

    def start(self) -> None:
        """Serves from now on."""

    async def close(self) -> None:
        """Cancels what is in progress and ends the server."""


def new_server(
    methods: Mapping[str, Unary | Streaming],
    options: ServerOptions,
    loop: asyncio.AbstractEventLoop,
    when_quiet: WhenQuiet | None = None,
    on_fault: OnFault = logged_fault,
) -> Server:
    """A server on gRPC's core; on grpc.aio where grpcio's inner names are not those that we know.

    Args:
        methods: by their paths, `/package.Service/Method`.
        options: what it allows.
        loop: where streams are served; this is called on it.
        when_quiet: work to be done on the server's thread.
        on_fault: what the caller gets for an exception of a handler.
    """
    if missing := faults():
        _log.warning("the server runs on grpc.aio, which is slower: this grpcio has other inner names", faults=missing)
        return AioServer(methods, options, loop, when_quiet, on_fault)
    # Not imported before it is known that it can be.
    from lotkeeper_server.transport.core_server import CoreServer  # noqa: PLC0415

    return CoreServer(methods, options, loop, when_quiet, on_fault)
