"""The gRPC server: what it serves, how it listens, how it ends."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha._async import ReflectionServicer
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from lotkeeper.inventory.v1 import (
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)

from lotkeeper_server.rpc.gate.gate import Gate, service_handler
from lotkeeper_server.rpc.health import Health
from lotkeeper_server.rpc.methods.bench_echo import echo_handler
from lotkeeper_server.transport.listening import CannotListen

SERVICES: Final[tuple[ServiceDescriptor, ...]] = (
    inventory_operation_service_pb2.DESCRIPTOR.services_by_name["InventoryOperationService"],
    inventory_service_pb2.DESCRIPTOR.services_by_name["InventoryService"],
    master_data_service_pb2.DESCRIPTOR.services_by_name["MasterDataService"],
    trace_service_pb2.DESCRIPTOR.services_by_name["TraceService"],
)
REFLECTION_V1: Final = "grpc.reflection.v1.ServerReflection"
QUIET_SECONDS: Final = 0.3
"""At shutdown, refusals go on until no call has come for so long, so that no caller meets a bare CANCELLED."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server listens.

    Attributes:
        listen: HOST:PORT; port 0 takes a free one.
        max_concurrent_streams: calls in progress per connection; HTTP/2 holds back those beyond.
        reflection: whether tools may ask for the contract.
        bench_echo: whether to serve the method that benchmarks compare with.
        tls_certificate_file: PEM; None serves without TLS.
        tls_key_file: PEM.
        shares_address: whether other processes of this server listen there, too.
        shutdown_seconds: after so long what is still in progress is given up.
    """

    listen: str
    max_concurrent_streams: int
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

    def __init__(self, settings: ServerSettings, gate: Gate, servicers: list[object]) -> None:
        self._settings = settings
        self._gate = gate
        self.health = Health(service.full_name for service in SERVICES)
        self._server = grpc.aio.server(
            options=[
                # Else a second server on the address would get half of the calls.
                ("grpc.so_reuseport", int(settings.shares_address)),
                ("grpc.max_concurrent_streams", settings.max_concurrent_streams),
                # Else gRPC's core breaks off streams of callers who keep to that limit, with REFUSED_STREAM: it counts
                # answered calls, too, until Python has let go of them. The limit itself stays.
                ("grpc.http.overload_protection", 0),
                # Else gRPC's core answers a bare CANCELLED from some thousand waiting calls on.
                ("grpc.server.max_pending_requests", 1_000_000),
                ("grpc.server.max_pending_requests_hard_limit", 1_000_000),
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ]
        )
        handlers = [service_handler(service, servicers, gate) for service in SERVICES]
        if settings.bench_echo:
            handlers.append(echo_handler(gate))
        self._server.add_generic_rpc_handlers(tuple(handlers))
        add_HealthServicer_to_server(self.health, self._server)
        if settings.reflection:
            self._serve_reflection()

    def _serve_reflection(self) -> None:
        names = [
            *(service.full_name for service in SERVICES),
            "grpc.health.v1.Health",
            reflection.SERVICE_NAME,
            REFLECTION_V1,
        ]
        servicer = ReflectionServicer(names)
        # The messages of v1 are those of v1alpha under another name.
        handler = grpc.stream_stream_rpc_method_handler(
            servicer.ServerReflectionInfo,
            request_deserializer=ServerReflectionRequest.FromString,
            response_serializer=ServerReflectionResponse.SerializeToString,
        )
        methods = {"ServerReflectionInfo": handler}
        self._server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(name, methods) for name in (REFLECTION_V1, reflection.SERVICE_NAME)
            )
        )

    async def start(self) -> str:
        """Listens; returns the address, with the port that was taken.

        Raises:
            CannotListen: where nothing can listen there.
        """
        settings = self._settings
        try:
            if settings.tls_certificate_file and settings.tls_key_file:
                port = self._server.add_secure_port(settings.listen, _credentials(settings))
            else:
                port = self._server.add_insecure_port(settings.listen)
        except RuntimeError as error:
            raise CannotListen(
                f"{settings.listen} cannot be listened on: it is in use"
                + (", or the certificate and key are no usable pair" if settings.tls_key_file else "")
            ) from error
        await self._server.start()
        return f"{settings.listen.rpartition(':')[0]}:{port}"

    async def shut_down(self) -> None:
        """Refuses what comes with SHUTTING_DOWN, waits for what was taken in, until no call comes any more.

        The listening socket stays open and `stop` of gRPC is not called: with callers present it answers a bare
        CANCELLED. The process ends instead.
        """
        calls = self._gate.calls
        calls.shut()
        self.health.end()
        try:
            async with asyncio.timeout(self._settings.shutdown_seconds):
                await calls.drained()
                await self._quiet()
        except TimeoutError:
            return

    async def _quiet(self) -> None:
        calls = self._gate.calls
        while True:
            calls.changed.clear()
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    await calls.changed.wait()
            except TimeoutError:
                return


def _credentials(settings: ServerSettings) -> grpc.ServerCredentials:
    assert settings.tls_key_file is not None
    assert settings.tls_certificate_file is not None
    pair = (settings.tls_key_file.read_bytes(), settings.tls_certificate_file.read_bytes())
    return grpc.ssl_server_credentials([pair])
