"""The gRPC server: what it serves, how it listens, how it ends."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor
from lotkeeper.inventory.v1 import (
    audit_service_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)

from lotkeeper_server.domain.refusals import Overloaded
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.rpc.gate.doorway import Doorway, fault
from lotkeeper_server.rpc.gate.gate import Methods, methods_of
from lotkeeper_server.rpc.gate.refusal_status import transport_status
from lotkeeper_server.rpc.methods.bench_echo import echo_methods
from lotkeeper_server.transport import ServerOptions, Status, TlsPair
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.health import SERVICE as HEALTH
from lotkeeper_server.transport.health import Health
from lotkeeper_server.transport.reflection import Reflection
from lotkeeper_server.transport.server import ServerClass

SERVICES: Final[tuple[ServiceDescriptor, ...]] = (
    inventory_operation_service_pb2.DESCRIPTOR.services_by_name["InventoryOperationService"],
    inventory_service_pb2.DESCRIPTOR.services_by_name["InventoryService"],
    master_data_service_pb2.DESCRIPTOR.services_by_name["MasterDataService"],
    trace_service_pb2.DESCRIPTOR.services_by_name["TraceService"],
    audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"],
)
_log = get_logger()
QUIET_SECONDS: Final = 0.3
"""At shutdown, refusals go on until no call has come for so long, so that no caller gets a bare CANCELLED."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server listens.

    Attributes:
        listen: HOST:PORT; port 0 takes a free one.
        server_class: which of the transport's servers.
        max_concurrent_streams: calls in progress on one connection; HTTP/2 holds back more.
        connections: what one of them, one peer and all together may take.
        reflection: whether tools may ask for the contract.
        bench_echo: whether to serve the method that benchmarks use as a reference.
        tls_certificate_file: PEM; None serves without TLS.
        tls_key_file: PEM.
        shares_address: whether other processes of this server listen there, too.
        shutdown_seconds: after so long what is still in progress is given up.
    """

    listen: str
    server_class: ServerClass
    max_concurrent_streams: int
    connections: ConnectionLimits
    reflection: bool
    bench_echo: bool
    tls_certificate_file: Path | None
    tls_key_file: Path | None
    shares_address: bool
    shutdown_seconds: float


class RpcServer:
    """A server on one address. Made on a running event loop.

    Attributes:
        health: what it says of itself: NOT_SERVING until it is told otherwise, and from `shut_down` on.
    """

    def __init__(
        self,
        settings: ServerSettings,
        doorway: Doorway,
        servicers: list[object],
        when_quiet: Callable[[], float | None],
        more_methods: Methods | None = None,
    ) -> None:
        """Listens nowhere yet.

        Args:
            settings: how it listens.
            doorway: what stands before every method.
            servicers: have the methods of the contract.
            when_quiet: called by the thread that brings calls whenever it has brought all there were.
            more_methods: by their paths; not of the contract.
        """
        self._settings = settings
        self._calls = doorway.calls
        event_loop = asyncio.get_running_loop()
        names = [service.full_name for service in SERVICES]
        self.health = Health(names)
        methods: Methods = {**self.health.methods(), **(more_methods or {})}
        for service in SERVICES:
            methods |= methods_of(service, servicers, doorway)
        if settings.bench_echo:
            methods |= echo_methods(doorway)
        if settings.reflection:
            methods |= Reflection([*names, HEALTH]).methods()
        options = ServerOptions(
            max_concurrent_streams=settings.max_concurrent_streams,
            shares_address=settings.shares_address,
            connections=settings.connections,
            overloaded=transport_status(Overloaded()),
        )
        self._server = settings.server_class(methods, options, event_loop, when_quiet, _fault_status)

    def start(self) -> str:
        """Listens; returns the address, with the port that was taken.

        Raises:
            CannotListen: where nothing can listen there.
        """
        settings = self._settings
        tls = None
        if settings.tls_certificate_file and settings.tls_key_file:
            tls = TlsPair(settings.tls_certificate_file.read_bytes(), settings.tls_key_file.read_bytes())
        port = self._server.listen(settings.listen, tls)
        self._server.start()
        return f"{settings.listen.rpartition(':')[0]}:{port}"

    def renew_certificate(self) -> None:
        """Reads the certificate and its key again, for connections from now on; says in the log how that went."""
        certificate, key = self._settings.tls_certificate_file, self._settings.tls_key_file
        if certificate is None or key is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
            pair = TlsPair(certificate.read_bytes(), key.read_bytes())
        except (OSError, ValueError) as error:  # ssl's own error is an OSError
            _log.error("certificate_not_reloaded", why=error.strerror if isinstance(error, OSError) else str(error))
            return
        self._server.replace_tls(pair)
        _log.info("certificate_reloaded", file=str(certificate))

    async def shut_down(self) -> None:
        """Refuses what comes with SHUTTING_DOWN, waits for what was taken in, until no call comes any more.

        The listening socket stays open and gRPC is not shut down: with callers present it answers a bare CANCELLED.
        The process ends instead.
        """
        self._calls.shut()
        self.health.end()
        try:
            async with asyncio.timeout(self._settings.shutdown_seconds):
                await self._calls.drained()
                await self._calls.quiet(QUIET_SECONDS)
        except TimeoutError:
            return

    async def close(self) -> None:
        """Ends the server at once; what is in progress is cancelled."""
        await self._server.close()


def _fault_status(method: str, _error: Exception) -> Status:
    return transport_status(fault(method))
