"""Where a process tells what it does: a Unix socket that only its own user, and root, can reach.

Whoever connects gets one JSON object, and the end; nothing is read. It tells names of callers, which is why it does not
stand beside the metrics, that anybody may read who reaches their port.
"""

import asyncio
import hashlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

from lotkeeper_server.event_log import get_logger

CONNECTIONS_MAX: Final = 8
"""So many may be open; one more is closed at once."""
SECONDS_MAX: Final = 5.0
_log = get_logger()


def socket_name(store: str) -> str:
    """The name of the socket in the private folder of a process's temporary files.

    Args:
        store: what the process serves, so that nobody else's has to be asked.
    """
    return f"status-{hashlib.sha256(store.encode()).hexdigest()[:16]}.sock"


class StatusSocket:
    """Serves on one event loop."""

    def __init__(self, status: Callable[[], Mapping[str, Any]]) -> None:
        """Listens nowhere yet.

        Args:
            status: makes what is told, of JSON's types; called on the event loop.
        """
        self._status = status
        self._open: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def begin(self, folder: int, store: str) -> None:
        """Listens; where it cannot, the log says so, and the process goes on without.

        Args:
            folder: the descriptor of the private folder: a path may be too long for a socket.
            store: what is served.
        """
        name = socket_name(store)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(f"/proc/self/fd/{folder}/{name}")
            os.chmod(name, 0o600, dir_fd=folder)
            self._server = await asyncio.get_running_loop().create_unix_server(
                lambda: _Telling(self._status, self._open), sock=listening
            )
        except (OSError, NotImplementedError) as error:
            listening.close()
            _log.warning("status_not_served", error=str(error))

    def close(self) -> None:
        """Listens no more, and ends what is open."""
        if self._server is not None:
            self._server.close()
        for transport in list(self._open):
            transport.abort()


class _Telling(asyncio.Protocol):
    """One connection."""

    def __init__(self, status: Callable[[], Mapping[str, Any]], connections: set[asyncio.Transport]) -> None:
        self._status = status
        self._connections = connections
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._connections) >= CONNECTIONS_MAX:
            transport.abort()
            return
        self._connections.add(transport)
        asyncio.get_running_loop().call_later(SECONDS_MAX, transport.abort)
        transport.write(json.dumps(self._status()).encode())
        transport.close()  # once it is taken

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._connections.discard(self._transport)
