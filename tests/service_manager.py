"""A service manager as systemd is one to a server: a unix datagram socket, and what comes there."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT_SECONDS = 30.0


@dataclass
class Listening:
    """What comes at a socket, message by message."""

    address: str
    _socket: socket.socket

    def next(self, wait_seconds: float = WAIT_SECONDS) -> dict[str, str]:
        """The next message; TimeoutError where none comes."""
        self._socket.settimeout(wait_seconds)
        lines = self._socket.recv(4_096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def next_with(self, name: str, wait_seconds: float = WAIT_SECONDS) -> dict[str, str]:
        """The next message that has such a name; others are left out."""
        until = time.monotonic() + wait_seconds
        while (left := until - time.monotonic()) > 0:
            message = self.next(left)
            if name in message:
                return message
        raise TimeoutError(name)

    def nothing_waits(self) -> bool:
        """Whether all that has come was taken."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(4_096)
        except BlockingIOError:
            return True
        return False


@contextmanager
def listening(address: Path | str) -> Iterator[Listening]:
    """Listens at a path, or at an abstract address with `@`, until the end."""
    text = str(address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
        receiving.bind(f"\0{text[1:]}" if text.startswith("@") else text)
        yield Listening(text, receiving)
