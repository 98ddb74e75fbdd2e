"""When a connection was used last, which says whom the guard ends where there are too many."""

from __future__ import annotations

from lotkeeper_server.transport.connection_load import ConnectionProgress
from lotkeeper_server.transport.connections import Connection
from lotkeeper_server.transport.server_sockets import ServerSocket


def test_what_the_server_asks_for_is_no_use() -> None:
    """An answer to its ping is bytes, but no call."""
    socket, connection = ServerSocket(3, 4, "10.0.0.1", b"ipv4:10.0.0.1:5"), Connection(b"ipv4:10.0.0.1:5")
    progress = ConnectionProgress(0.0)
    socket.received_bytes, connection.steps = 100, 2
    progress.measured(socket, connection, 1_000, 10.0)
    assert progress.used_seconds == 10.0
    socket.received_bytes += 17
    progress.measured(socket, connection, 1_000, 70.0)
    assert progress.used_seconds == 10.0
    socket.received_bytes, connection.steps = socket.received_bytes + 60, 4
    progress.measured(socket, connection, 1_000, 80.0)
    assert progress.used_seconds == 80.0


def test_on_a_connection_without_a_call_so_far_whatever_comes_is_use() -> None:
    """Its first call may be on its way."""
    socket = ServerSocket(3, 4, "10.0.0.1", b"ipv4:10.0.0.1:5")
    progress = ConnectionProgress(0.0)
    socket.received_bytes = 24
    progress.measured(socket, None, 1_000, 5.0)
    assert progress.used_seconds == 5.0
