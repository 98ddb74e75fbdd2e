"""Where servers are: what a caller may write, and what gRPC is given."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper._faults import AddressFault
from lotkeeper.redaction import without_secrets

DEFAULT_PORT: Final = 50051
ADDRESS_VARIABLE: Final = "LOTKEEPER_ADDRESS"
_DEFAULT_ADDRESS: Final = f"127.0.0.1:{DEFAULT_PORT}"
_PORT_MAX: Final = 65_535
_OF_GRPC: Final = re.compile(r"(dns:///|dns:|ipv4:|ipv6:)(?=.)")
_SOCKET_FILE: Final = ("unix:", "unix-abstract:")
_HOST: Final = re.compile(r"[^\s/@?#\[\]%]+")


@dataclass(frozen=True, slots=True)
class Address:
    """One address.

    Attributes:
        text: HOST:PORT, an IPv6 host in brackets; of a socket file what was given.
        host: without brackets; empty for a socket file.
        port: 0 for a socket file.
    """

    text: str
    host: str
    port: int

    @property
    def is_literal(self) -> bool:
        """Whether the host is an IP address; otherwise it is a name, or a socket file."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it is loopback, by number or by name, or a socket file."""
        name = self.host.lower().rstrip(".")
        if not self.host or name == "localhost" or name.endswith(".localhost"):
            return True
        if not self.is_literal:
            return False
        number = ipaddress.ip_address(self.host)
        inner = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
        return (inner or number).is_loopback

    @property
    def target(self) -> str:
        """What gRPC is given."""
        return f"dns:///{self.text}" if self.host and not self.is_literal else self.text


def addresses_of(given: str | Sequence[str] | None) -> tuple[Address, ...]:
    """The addresses in a text, separated by commas, or in several texts; each once, in order.

    Args:
        given: the texts; None for those of LOTKEEPER_ADDRESS, or without it for a server on this machine.

    Raises:
        AddressFault: where one of them is none.
    """
    if given is None:
        given = os.environ.get(ADDRESS_VARIABLE, "").strip() or _DEFAULT_ADDRESS
    texts = [given] if isinstance(given, str) else list(given)
    words = [word.strip() for text in texts for word in text.split(",")]
    if not any(words):
        raise AddressFault("the address is empty: give HOST:PORT")
    return tuple(dict.fromkeys(_address_of(word) for word in words if word))


def _address_of(word: str) -> Address:
    if word.startswith(_SOCKET_FILE):
        return Address(word, "", 0)
    text = _OF_GRPC.sub("", word, count=1) if _OF_GRPC.match(word) else word
    shown = without_secrets(word)
    if found := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text):
        raise AddressFault(
            f"{shown} begins with {found[1]}://, which no address has: give HOST:PORT; TLS is asked for beside it "
            "(tls=True, ca_file=; --tls, --ca-file)"
        )
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or not _is_version_6(host) or (rest and not rest.startswith(":")):
            raise AddressFault(f"{shown} is not an address: an IPv6 address is written [::1]:{DEFAULT_PORT}")
        return Address(f"[{host}]:{_port(rest, shown)}", host, _port(rest, shown))
    host, colon, rest = text.partition(":")
    if ":" in rest:
        raise AddressFault(f"{shown} is not an address: an IPv6 address stands in brackets, [::1]:{DEFAULT_PORT}")
    if not _HOST.fullmatch(host):
        raise AddressFault(f"{shown} is not an address: give HOST:PORT")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise AddressFault(f"{shown} is not an address: its name is none that the DNS can have") from None
    port = _port(colon + rest, shown)
    return Address(f"{host}:{port}", host, port)


def _is_version_6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _port(rest: str, shown: str) -> int:
    """Of `:50051`, or of nothing."""
    if not rest:
        return DEFAULT_PORT
    digits = rest[1:]
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits) <= _PORT_MAX):
        raise AddressFault(f"{shown} is not an address: its port is not a number from 1 to {_PORT_MAX}")
    return int(digits)
