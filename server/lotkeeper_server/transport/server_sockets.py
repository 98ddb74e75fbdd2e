"""The sockets of a server's connections: descriptors of this process, which gRPC's core keeps to itself."""

import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DESCRIPTORS: Final = Path("/proc/self/fd")
TCP_INFO_BYTES: Final = 136
COUNTS: Final = struct.Struct("=120xQQ")
"""Where the kernel's `struct tcp_info` counts the bytes that were taken and that came; it grows at its end only."""
_C: Final = ctypes.CDLL(None, use_errno=True)
_TO_NOTHING: Final = struct.pack("=H14x", socket.AF_UNSPEC)
"""The kernel's `struct sockaddr`; connected to this, a socket is connected to nothing any more."""


@dataclass(slots=True, eq=False)
class ServerSocket:
    """The socket of one connection.

    Attributes:
        descriptor: its number.
        inode: its own, also where another socket gets the same number later.
        host: the other end's IP address.
        peer: the other end as gRPC writes it.
        received_bytes: how many came so far.
        acknowledged_bytes: how many that were sent have reached the other end.
    """

    descriptor: int
    inode: int
    host: str
    peer: bytes
    received_bytes: int = 0
    acknowledged_bytes: int = 0


class ServerSockets:
    """Finds those whose own end is one of the server's ports: nothing else of this process has such an end."""

    def __init__(self, ports: frozenset[int]) -> None:
        """Looks at nothing yet.

        Args:
            ports: where the server listens.
        """
        self._ports = ports
        self._known: dict[tuple[int, int], ServerSocket | None] = {}  # None: it is another socket of this process

    def look(self) -> list[ServerSocket]:
        """Those that are there now."""
        known: dict[tuple[int, int], ServerSocket | None] = {}
        found = []
        for descriptor in map(int, os.listdir(DESCRIPTORS)):  # noqa: PTH208 - paths would cost more than all the rest
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISSOCK(status.st_mode):
                    continue
                identity = (descriptor, status.st_ino)
                one = self._known[identity] if identity in self._known else self._identified(*identity)
                if one is not None:
                    one.acknowledged_bytes, one.received_bytes = _counts(descriptor)
                    found.append(one)
            except OSError:  # it was closed meanwhile, or is no connection yet
                continue
            known[identity] = one
        self._known = known
        return found

    def end(self, one: ServerSocket) -> bool:
        """Breaks a connection off, with all that waits in it; gRPC's core then finds it dead and closes it.

        Returns:
            Whether it was still there. Never touches another: it holds a descriptor of its own while it looks.
        """
        try:
            with _held(one.descriptor) as held:
                if os.fstat(held.fileno()).st_ino != one.inode:
                    return False
                _disconnect(held.fileno())
        except OSError:
            return False
        return True

    def _identified(self, descriptor: int, inode: int) -> ServerSocket | None:
        with _held(descriptor) as held:
            if held.family not in {socket.AF_INET, socket.AF_INET6} or held.type != socket.SOCK_STREAM:
                return None
            if held.getsockname()[1] not in self._ports:
                return None
            host, port = held.getpeername()[:2]
        host = host.removeprefix("::ffff:")
        return ServerSocket(descriptor, inode, host, written(host, port))


def written(host: str, port: int) -> bytes:
    """An address as gRPC writes it."""
    if ":" in host:
        return f"ipv6:%5B{host.replace('%', '%25')}%5D:{port}".encode()
    return f"ipv4:{host}:{port}".encode()


@contextmanager
def _held(descriptor: int) -> Iterator[socket.socket]:
    """The socket by a descriptor of our own, so that it stays the same one.

    Raises:
        OSError: where there is none.
    """
    own = os.dup(descriptor)
    try:
        held = socket.socket(fileno=own)
    except OSError:
        os.close(own)
        raise
    with held:
        yield held


def _disconnect(descriptor: int) -> None:
    """Unlike a shutdown it drops also what has come and was not read yet: megabytes, maybe.

    Raises:
        OSError: where it is no connection any more.
    """
    if _C.connect(descriptor, _TO_NOTHING, len(_TO_NOTHING)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _counts(descriptor: int) -> tuple[int, int]:
    """By the number alone, which costs less: at worst they are another socket's counts, once."""
    borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    try:
        info = borrowed.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    finally:
        borrowed.detach()
    acknowledged, received = COUNTS.unpack(info)
    return acknowledged, received
