"""What one connection, one peer and all connections together may take."""

from dataclasses import dataclass
from typing import Final

SETTINGS_SECONDS: Final = 20.0
"""So long a connection may take for its handshakes, and for its word that it has taken the server's settings."""
METADATA_BYTES_MAX: Final = 16 * 1024
"""More bytes of metadata end a call; gRPC's core itself takes 16 MB until a caller has confirmed the settings."""
SPARE_SHARE: Final = 8
"""A connection more for each so many, at first: the guard needs a moment to make room for newcomers."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may take. A peer is an IP address; bytes are those that wait in this process's memory.

    Attributes:
        connections_max: beyond it those that were used the longest ago are ended.
        connections_per_peer_max: the same for those of one peer.
        idle_seconds: a connection without a call in progress is closed after so long, by GOAWAY.
        age_seconds: a connection takes no new calls after so long, by GOAWAY.
        age_grace_seconds: so long its calls may go on then.
        request_seconds: so long a call may take to send its message.
        answer_seconds: so long an answer may wait until it is taken; if it waits longer, answers must be taken at
            `answer_bytes_per_second`.
        answer_bytes_per_second: see there.
        held_bytes_per_connection_max: unfinished messages beyond this, or so much that is no call, end their
            connection; answers that are not taken have its further calls refused.
        held_bytes_max: beyond it the connections that hold the most are ended.
        cancelled_calls_per_second_max: so many calls a connection may begin and break off in a second.
    """

    connections_max: int = 4_096
    connections_per_peer_max: int = 1_024
    idle_seconds: float = 900.0
    age_seconds: float = 28_800.0
    age_grace_seconds: float = 3_600.0
    request_seconds: float = 60.0
    answer_seconds: float = 60.0
    answer_bytes_per_second: int = 32 * 1024
    held_bytes_per_connection_max: int = 32 << 20
    held_bytes_max: int = 128 << 20
    cancelled_calls_per_second_max: int = 1_000

    def channel_arguments(self) -> dict[str, int | str]:
        """What of it gRPC's core sees to itself."""
        return {
            "grpc.max_allowed_incoming_connections": self.connections_max + self.connections_max // SPARE_SHARE + 1,
            "grpc.max_connection_idle_ms": round(self.idle_seconds * 1000),
            "grpc.max_connection_age_ms": round(self.age_seconds * 1000),
            "grpc.max_connection_age_grace_ms": round(self.age_grace_seconds * 1000),
            "grpc.server_handshake_timeout_ms": round(SETTINGS_SECONDS * 1000),
            "grpc.http2.settings_timeout": round(SETTINGS_SECONDS * 1000),
            "grpc.absolute_max_metadata_size": METADATA_BYTES_MAX,
        }
