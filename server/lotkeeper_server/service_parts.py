"""The parts of a service as the settings want them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.development import DevelopmentToken
from lotkeeper_server.access_settings import is_url
from lotkeeper_server.domain import limits
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.rpc.gate.doorway import Doorway
from lotkeeper_server.rpc.gate.pace import PaceLimits
from lotkeeper_server.rpc.server import SERVICES, RpcServer, ServerSettings, fault_of
from lotkeeper_server.rpc.tls_files import TlsFiles
from lotkeeper_server.settings import Settings
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.descriptors import connections_within, raise_descriptor_limit
from lotkeeper_server.transport.server import server_class

if TYPE_CHECKING:
    from lotkeeper_server.access.certificates import Certificates
    from lotkeeper_server.access.jwt.issuer import Issuer
    from lotkeeper_server.http.http_server import HttpServer

MILLIS_PER_HOUR: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Listens:
    """What a service does beside its settings.

    Attributes:
        bench_echo: whether to serve the method that benchmarks use as a reference.
        shares_address: whether other processes of this server listen there, too.
        development: a token for connections from loopback, which this server proves that it made; None for none.
        metrics: what this process counts in; None makes what nobody else reads.
    """

    bench_echo: bool = False
    shares_address: bool = False
    development: DevelopmentToken | None = None
    metrics: ServerMetrics | None = None


def engine_settings_of(settings: Settings) -> EngineSettings:
    """What the engine goes by."""
    return EngineSettings(
        end_date_future_millis=int(settings.end_date_future_hours * MILLIS_PER_HOUR),
        end_date_past_millis=int(settings.end_date_past_days * limits.MILLIS_PER_DAY),
        request_id_kept_millis=int(settings.request_id_days * limits.MILLIS_PER_DAY),
        backdating_tolerance_millis=int(settings.backdating_tolerance_seconds * 1_000),
        queue_commands_max=settings.queue_max,
        queue_bytes_max=settings.queue_bytes_max,
    )


def allowance_of(settings: Settings) -> Allowance:
    """What a principal may take whose roles do not say."""
    return Allowance(
        settings.principal_calls_max,
        settings.principal_streams_max,
        settings.principal_commands_per_second_max,
        settings.principal_bytes_per_second_max,
    )


def pace_limits_of(settings: Settings) -> PaceLimits:
    """What is asked of callers of files."""
    return PaceLimits(
        rest_seconds=settings.stream_rest_seconds,
        bytes_per_second_min=settings.stream_bytes_per_second_min,
        seconds_max=settings.stream_seconds_max,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    descriptors = raise_descriptor_limit()
    if settings.http_listen is not None:  # there may be as many by HTTP
        descriptors //= 2
    return ConnectionLimits(
        connections_max=min(settings.connections_max, connections_within(descriptors)),
        connections_per_peer_max=settings.connections_per_peer_max,
        idle_seconds=settings.connection_idle_seconds,
        age_seconds=settings.connection_age_seconds,
        age_grace_seconds=settings.connection_age_grace_seconds,
        request_seconds=settings.request_seconds_max,
        answer_seconds=settings.answer_seconds_max,
        held_bytes_per_connection_max=settings.held_bytes_per_connection_max,
        held_bytes_max=settings.held_bytes_max,
        cancelled_calls_per_second_max=settings.cancelled_calls_per_second_max,
    )


def _tls_files(settings: Settings) -> TlsFiles | None:
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    return TlsFiles(settings.tls_certificate_file, settings.tls_key_file, settings.tls_client_ca_file)


def certificates_of(settings: Settings) -> "Certificates":
    """Reads client certificates."""
    from lotkeeper_server.access.certificates import Certificates  # noqa: PLC0415 - as in `issuer_of`

    return Certificates(settings.tls_client_principal)


def issuer_of(settings: Settings) -> "Issuer | None":
    """The issuer whose tokens are taken; None for none."""
    rules = settings.jwt_rules()
    if rules is None or settings.jwt_jwks is None:
        return None
    # Not imported where it is not asked for: it needs an extra, and takes a while.
    from lotkeeper_server.access.jwt.issuer import Issuer  # noqa: PLC0415
    from lotkeeper_server.access.jwt.key_source import KeyFile, KeyUrl  # noqa: PLC0415

    source = KeyUrl(settings.jwt_jwks) if is_url(settings.jwt_jwks) else KeyFile(Path(settings.jwt_jwks))
    return Issuer(rules, source, settings.jwt_jwks_refresh_seconds)


def http_server_of(
    settings: Settings, listens: Listens, server_settings: ServerSettings, doorway: Doorway, server: RpcServer
) -> "HttpServer | None":
    """The server by HTTP; None where none is asked for."""
    if settings.http_listen is None:
        return None
    # Not imported where it is not asked for: it needs an extra.
    from lotkeeper_server.http.http_server import HttpServer, HttpSettings  # noqa: PLC0415

    http_settings = HttpSettings(
        listen=settings.http_listen,
        allowed_origins=settings.http_origins,
        streams_max=settings.max_concurrent_streams,
        connections=server_settings.connections,
        shares_address=listens.shares_address,
    )
    hand_over = doorway.engine.hand_over
    return HttpServer(http_settings, doorway, SERVICES, server.methods, server.observe, hand_over, fault_of)


def server_settings_of(settings: Settings, listens: Listens) -> ServerSettings:
    """How gRPC listens."""
    return ServerSettings(
        listen=settings.listen,
        server_class=server_class(settings.transport),
        max_concurrent_streams=settings.max_concurrent_streams,
        connections=_connection_limits(settings),
        reflection=settings.reflection,
        bench_echo=listens.bench_echo,
        tls=_tls_files(settings),
        shares_address=listens.shares_address,
        shutdown_seconds=settings.shutdown_seconds,
        slow_call_seconds=settings.slow_call_seconds,
    )
