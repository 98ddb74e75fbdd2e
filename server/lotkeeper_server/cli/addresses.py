"""Whether a server can listen on an address, found out before it does."""

import errno
import socket
from typing import Final

_HERE: Final = "give --{flag} an address of this machine, such as {example}, or {all} for all"
_EXAMPLE_PORTS: Final = {"listen": 50_051, "metrics-listen": 9_464, "http-listen": 50_080}


def address_fault(listen: str, flag: str = "listen") -> str | None:
    """Why nothing can listen there, whichever port it is; None where something can. gRPC would say that it is in use.

    Args:
        listen: HOST:PORT.
        flag: which names it, without its dashes.
    """
    port = _EXAMPLE_PORTS[flag]
    here = _HERE.format(flag=flag, example=f"127.0.0.1:{port}", all=f"0.0.0.0:{port}")
    host = listen.rpartition(":")[0].strip("[]")
    try:
        addresses = _addresses(host)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no name"
        return f"the address {listen} cannot be listened on: {host} does not resolve ({why}); {here}"
    if all(_bind(address, 0) == errno.EADDRNOTAVAIL for address in addresses):
        return f"the address {listen} cannot be listened on: {host} is not an address of this machine; {here}"
    return None


def is_taken(listen: str) -> bool:
    """Whether something listens there now; the address must be one of this machine."""
    host, _, port = listen.rpartition(":")
    return any(_bind(address, int(port)) == errno.EADDRINUSE for address in _addresses(host.strip("[]")))


def port_fault(listen: str) -> str | None:
    """Why this user may not take the port; None where it may."""
    host, _, port = listen.rpartition(":")
    if any(_bind(address, int(port)) == errno.EACCES for address in _addresses(host.strip("[]"))):
        return f"this user may not listen on port {port}"
    return None


def _addresses(host: str) -> set[str]:
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return {str(one[4][0]) for one in found}


def _bind(address: str, port: int) -> int:
    """The number of the error; 0 for none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else what was ended a moment ago counts, too
            tried.bind((address.partition("%")[0], port))
    except OSError as error:
        return error.errno or 0
    return 0
