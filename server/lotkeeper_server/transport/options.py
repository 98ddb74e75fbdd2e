"""How a server listens and what it allows its callers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lotkeeper_server.transport.call import Status
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.observing import Observe, not_observed

NO_COMPRESSION: Final = 1
"""gRPC's set of algorithms as bits: only identity."""
STREAM_WINDOW_BYTES: Final = 256 * 1024
"""So much a caller may send on a stream before the server asks for more; 5 MB a second at 50 ms from end to end."""
READ_BYTES_MAX: Final = 64 * 1024
"""So much is read from one connection before others have their turn; it would be 4 MB."""
OVERLOADED: Final = Status(8, "Too many answers wait on this connection until they are taken.")


class CannotListen(Exception):
    """Nothing can listen there; its text says where and why.

    Attributes:
        flag: which names the address, without its dashes.
    """

    def __init__(self, text: str, flag: str = "listen") -> None:
        super().__init__(text)
        self.flag = flag

    @classmethod
    def at(
        cls, address: str, why: str = "it is in use", *, with_tls: bool = False, flag: str = "listen"
    ) -> "CannotListen":
        """Of an address.

        Args:
            address: HOST:PORT.
            why: in words.
            with_tls: whether the certificate may be the reason, too.
            flag: which names the address, without its dashes.
        """
        also = ", or the certificate and key are not a usable pair" if with_tls else ""
        return cls(f"{address} cannot be listened on: {why}{also}", flag)


@dataclass(frozen=True, slots=True)
class TlsPair:
    """What a server proves itself with, and whom it asks to: PEM.

    Attributes:
        certificate_chain: its own certificate first.
        private_key: of that certificate.
        client_authorities: callers need a certificate that one of these has made; None: none is asked for.
    """

    certificate_chain: bytes
    private_key: bytes = field(repr=False)
    client_authorities: bytes | None = None


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server allows.

    Attributes:
        max_concurrent_streams: calls in progress per connection; HTTP/2 holds back those beyond. None: no limit.
        shares_address: whether other processes may listen there, too (SO_REUSEPORT).
        request_bytes_max: a longer message is refused with RESOURCE_EXHAUSTED.
        keepalive_seconds: a connection that is silent for so long is pinged, also while no call is in progress.
        ping_seconds_min: callers may ping so often, also while no call is in progress.
        waiting_calls_max: so many calls may wait for the server's thread; those beyond get a bare CANCELLED.
        connections: what one of them, one peer and all together may take.
        overloaded: how a call ends whose connection holds too many answers that were not taken.
        observe: what is told of each method's calls.
        on_connections_ended: told how many connections were ended for passing a limit, by cause.
        more: further channel arguments of gRPC's core; they win over those above.
    """

    max_concurrent_streams: int | None = None
    shares_address: bool = False
    request_bytes_max: int = 4 << 20
    keepalive_seconds: float = 60.0
    ping_seconds_min: float = 10.0
    waiting_calls_max: int = 65_536
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    overloaded: Status = OVERLOADED
    observe: Observe = not_observed
    on_connections_ended: Callable[[Mapping[str, int]], None] = lambda _causes: None
    more: tuple[tuple[str, int | str], ...] = ()

    def channel_arguments(self) -> tuple[tuple[str, int | str], ...]:
        """The same in the words of gRPC's core."""
        arguments: dict[str, int | str] = {
            # Else a second server on the address would get half of the calls.
            "grpc.so_reuseport": int(self.shares_address),
            # Else gRPC's core breaks off streams of callers who keep to the limit, with REFUSED_STREAM: it counts
            # answered calls, too, until Python has let go of them. The limit itself stays.
            "grpc.http.overload_protection": 0,
            "grpc.server.max_pending_requests": self.waiting_calls_max,
            "grpc.server.max_pending_requests_hard_limit": self.waiting_calls_max,
            "grpc.max_receive_message_length": self.request_bytes_max,
            "grpc.keepalive_time_ms": round(self.keepalive_seconds * 1000),
            "grpc.http2.min_ping_interval_without_data_ms": round(self.ping_seconds_min * 1000),
            # Else two pings within two hours are too many on a connection without calls, whatever the line above says.
            "grpc.keepalive_permit_without_calls": 1,
            # Else windows grow up to megabytes, which each stream of a connection may fill before anybody reads.
            "grpc.http2.bdp_probe": 0,
            "grpc.http2.lookahead_bytes": STREAM_WINDOW_BYTES,
            "grpc.experimental.tcp_max_read_chunk_size": READ_BYTES_MAX,
            "grpc.compression_enabled_algorithms_bitset": NO_COMPRESSION,
        }
        if self.max_concurrent_streams is not None:
            arguments["grpc.max_concurrent_streams"] = self.max_concurrent_streams
        return tuple((arguments | self.connections.channel_arguments() | dict(self.more)).items())
