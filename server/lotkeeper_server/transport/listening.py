"""An address that several processes of one server share, and nobody else does."""

import errno
import os
import socket
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.transport.options import CannotListen

_NOT_ON_THIS_MACHINE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What IPv6 says where there is none: a name such as localhost may stand for it as well."""


@dataclass(frozen=True, slots=True)
class HeldAddress:
    """An address that is held for as long as its sockets are open; they do not listen themselves.

    Attributes:
        address: HOST:PORT, with the port that was taken.
        sockets: one for each address that the host's name stands for.
    """

    address: str
    sockets: tuple[socket.socket, ...]


def hold_address(listen: str) -> HeldAddress:
    """Takes an address for this process and those that it starts.

    Args:
        listen: HOST:PORT; port 0 takes a free one.

    Raises:
        CannotListen: where another program has it, or nothing can listen there.
    """
    host, _, port_text = listen.rpartition(":")
    port = int(port_text)
    held: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        faults: list[OSError] = []
        for family, _kind, _protocol, _name, socket_address in found:
            try:
                held.append(_held(family, (socket_address[0], port, *socket_address[2:])))
            except OSError as error:
                if error.errno not in _NOT_ON_THIS_MACHINE:
                    raise
                faults.append(error)
            else:
                port = held[0].getsockname()[1]
        if not held:
            raise faults[0]
    except OSError as error:
        for one in held:
            one.close()
        why = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
        raise CannotListen.at(listen, why or str(error)) from error
    return HeldAddress(f"{host}:{port}", tuple(held))


def _held(family: int, address: tuple[str | int, ...]) -> socket.socket:
    """Bound, not listening. Connections of an earlier server that are only dying do not count as somebody else."""
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)  # alone: it fails where anybody listens, or holds the address like this
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # from here on, whoever says the same may join
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # and nobody else may
    except OSError:
        one.close()
        raise
    return one


def can_share() -> bool:
    """Whether this system spreads the connections to one address over several processes, and ends them together."""
    return os.uname().sysname == "Linux"
