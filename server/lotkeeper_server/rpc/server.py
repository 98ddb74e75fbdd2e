"""The gRPC server: what it serves, how it listens, how it ends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor
from lotkeeper.inventory.v1 import (
    access_service_pb2,
    audit_service_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)

from lotkeeper_server.domain.refusals import Limit, Overloaded
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.call_log import CallLog
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.observability.traces.recording import Recorder
from lotkeeper_server.rpc.gate.doorway import Doorway, fault
from lotkeeper_server.rpc.gate.gate import Methods, methods_of
from lotkeeper_server.rpc.gate.refusal_status import transport_status
from lotkeeper_server.rpc.methods.bench_echo import echo_methods
from lotkeeper_server.rpc.tls_files import TlsFiles, UnusableTls
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
    access_service_pb2.DESCRIPTOR.services_by_name["AccessService"],
)
_log = get_logger()
QUIET_SECONDS: Final = 0.3
"""At shutdown, refusals go on until no call has come for so long, so that no caller gets a bare CANCELLED."""
QUIET_SECONDS_MAX: Final = 2.0
"""Callers who repeat refused calls without a pause are not waited for any longer."""


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
        tls: what it proves itself with; None serves without TLS.
        shares_address: whether other processes of this server listen there, too.
        shutdown_seconds: after so long what is still in progress is given up.
        slow_call_seconds: a unary call that takes longer is told of in the log.
    """

    listen: str
    server_class: ServerClass
    max_concurrent_streams: int
    connections: ConnectionLimits
    reflection: bool
    bench_echo: bool
    tls: TlsFiles | None
    shares_address: bool
    shutdown_seconds: float
    slow_call_seconds: float


class RpcServer:
    """A server on one address. Made on a running event loop.

    Attributes:
        health: what it says of itself: NOT_SERVING until it is told otherwise, and from `shut_down` on.
        methods: that it serves, by their paths.
        observe: gives what is told of each method's calls.
        on_tls: told what it proves itself with from now on; on any thread.
    """

    def __init__(
        self,
        settings: ServerSettings,
        doorway: Doorway,
        servicers: list[object],
        when_quiet: Callable[[], float | None],
        more_methods: Methods | None = None,
        metrics: ServerMetrics | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """Listens nowhere yet.

        Args:
            settings: how it listens.
            doorway: what stands before every method.
            servicers: have the methods of the contract.
            when_quiet: called by the thread that brings calls whenever it has brought all there were.
            more_methods: by their paths; not of the contract.
            metrics: what its calls count in; None where nobody wants to know.
            recorder: notes calls for their spans; None where there are no traces.
        """
        metrics = metrics or ServerMetrics()
        self._settings = settings
        self._tls: TlsPair | None = None
        self._tls_fault = ""
        self._tls_fault_told = False
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
            observe=CallLog(metrics, settings.slow_call_seconds, recorder).observe,
            on_connections_ended=metrics.note_connections_ended,
            overloaded=transport_status(Overloaded(limit_hit=Limit.UNTAKEN_ANSWERS)),
        )
        self.methods = methods
        self.observe = options.observe
        self.on_tls: Callable[[TlsPair], None] = lambda _pair: None
        self._server = settings.server_class(methods, options, event_loop, when_quiet, fault_of)

    def start(self) -> str:
        """Listens; returns the address, with the port that was taken.

        Raises:
            CannotListen: where nothing can listen there.
            UnusableTls: where what is in the files of TLS cannot be used.
        """
        settings = self._settings
        if settings.tls is not None:
            self._tls = settings.tls.read()
        port = self._server.listen(settings.listen, self._tls)
        self._server.start()
        return f"{settings.listen.rpartition(':')[0]}:{port}"

    @property
    def tls(self) -> TlsPair | None:
        """What it proves itself with now; None without TLS."""
        return self._tls

    @property
    def connections(self) -> int:
        """How many connections there are that have had a call."""
        return self._server.connections

    def renew_certificate(self) -> None:
        """Reads the certificate, its key and the authorities again, for connections from now on; logs how that went."""
        if self._settings.tls is None:
            return
        try:
            pair = self._settings.tls.read()
        except UnusableTls as fault:
            _log.error("certificate_not_reloaded", why=str(fault))
        else:
            self._take(pair)

    def look_at_certificate(self) -> None:
        """As `renew_certificate`, if the files have changed. On any thread, one at a time.

        A pair that does not fit is told of if it stays so until the next look: files are not changed at one moment.
        """
        files = self._settings.tls
        if files is None:
            return
        try:
            pair = files.read()
        except UnusableTls as fault:
            if str(fault) == self._tls_fault and not self._tls_fault_told:
                _log.error("certificate_not_reloaded", why=str(fault))
                self._tls_fault_told = True
            elif str(fault) != self._tls_fault:
                self._tls_fault, self._tls_fault_told = str(fault), False
            return
        self._tls_fault = ""
        if pair != self._tls:
            self._take(pair)

    def _take(self, pair: TlsPair) -> None:
        assert self._settings.tls is not None
        self._tls = pair
        self._server.replace_tls(pair)
        self.on_tls(pair)
        _log.info("certificate_reloaded", file=str(self._settings.tls.certificate))

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
                async with asyncio.timeout(QUIET_SECONDS_MAX):
                    await self._calls.quiet(QUIET_SECONDS)
        except TimeoutError:
            return

    async def close(self) -> None:
        """Ends the server at once; what is in progress is cancelled."""
        await self._server.close()


def fault_of(method: str, _error: Exception) -> Status:
    """What a caller gets for an exception that is being handled, which is logged."""
    return transport_status(fault(method))
