"""What each part of a service is told of the settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access_settings import is_url
from lotkeeper_server.domain import limits
from lotkeeper_server.engine.settings import EngineSettings
from lotkeeper_server.rpc.gate.pace import PaceLimits
from lotkeeper_server.rpc.server import ServerSettings
from lotkeeper_server.rpc.tls_files import TlsFiles
from lotkeeper_server.settings import Settings
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.descriptors import connections_within, raise_descriptor_limit
from lotkeeper_server.transport.server import server_class

if TYPE_CHECKING:
    from lotkeeper_server.access.certificates import Certificates
    from lotkeeper_server.access.jwt.issuer import Issuer

MILLIS_PER_HOUR: Final = 3_600_000


def engine_settings(settings: Settings) -> EngineSettings:
    """What the pipeline is told."""
    return EngineSettings(
        end_date_future_millis=int(settings.end_date_future_hours * MILLIS_PER_HOUR),
        end_date_past_millis=int(settings.end_date_past_days * limits.MILLIS_PER_DAY),
        request_id_kept_millis=int(settings.request_id_days * limits.MILLIS_PER_DAY),
        backdating_tolerance_millis=int(settings.backdating_tolerance_seconds * 1_000),
        queue_commands_max=settings.queue_max,
        queue_bytes_max=settings.queue_bytes_max,
    )


def allowance(settings: Settings) -> Allowance:
    """What a principal may whose roles say nothing else."""
    return Allowance(
        settings.principal_calls_max,
        settings.principal_streams_max,
        settings.principal_commands_per_second_max,
        settings.principal_bytes_per_second_max,
    )


def pace_limits(settings: Settings) -> PaceLimits:
    """How long a caller of a stream is waited for."""
    return PaceLimits(
        rest_seconds=settings.stream_rest_seconds,
        bytes_per_second_min=settings.stream_bytes_per_second_min,
        seconds_max=settings.stream_seconds_max,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        connections_max=min(settings.connections_max, connections_within(raise_descriptor_limit())),
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


def certificates(settings: Settings) -> "Certificates | None":
    """How client certificates become principals; None where none are taken."""
    if settings.tls_client_ca_file is None:
        return None
    from lotkeeper_server.access.certificates import Certificates  # noqa: PLC0415 - as in `issuer`

    return Certificates(settings.tls_client_principal)


def issuer(settings: Settings) -> "Issuer | None":
    """The issuer of the tokens that are no stored ones; None for none."""
    rules = settings.jwt_rules()
    if rules is None or settings.jwt_jwks is None:
        return None
    # Not imported where it is not asked for: it needs an extra, and takes a while.
    from lotkeeper_server.access.jwt.issuer import Issuer  # noqa: PLC0415
    from lotkeeper_server.access.jwt.key_source import KeyFile, KeyUrl  # noqa: PLC0415

    source = KeyUrl(settings.jwt_jwks) if is_url(settings.jwt_jwks) else KeyFile(Path(settings.jwt_jwks))
    return Issuer(rules, source, settings.jwt_jwks_refresh_seconds)


def server_settings(settings: Settings, *, bench_echo: bool, shares_address: bool) -> ServerSettings:
    """What the listener is told.

    Args:
        settings: in force.
        bench_echo: as in `Listens`.
        shares_address: as in `Listens`.
    """
    return ServerSettings(
        listen=settings.listen,
        server_class=server_class(settings.transport),
        max_concurrent_streams=settings.max_concurrent_streams,
        connections=_connection_limits(settings),
        reflection=settings.reflection,
        bench_echo=bench_echo,
        tls=_tls_files(settings),
        shares_address=shares_address,
        shutdown_seconds=settings.shutdown_seconds,
        slow_call_seconds=settings.slow_call_seconds,
    )
