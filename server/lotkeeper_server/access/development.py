"""The development token of one server: only in its memory, for connections from loopback, gone with the process."""

import ipaddress
import secrets
from typing import Final
from urllib.parse import unquote

from lotkeeper.development import NONCE_BYTES, server_proof, session_token

from lotkeeper_server.access.tokens import digest_of, new_token

PRINCIPAL: Final = "development"


class DevelopmentToken:
    """A new token, and the bearer tokens that are taken in its name.

    Attributes:
        text: of the token, for a file that only the owner of the server can read.
    """

    def __init__(self) -> None:
        """Makes it; nothing is proven before `serve_at`."""
        self.text = new_token()
        self._server_nonce = secrets.token_bytes(NONCE_BYTES)
        self._address: str | None = None
        self._digests = frozenset({digest_of(self.text)})

    def serve_at(self, address: str) -> None:
        """Takes sessions of an address from now on, and proves itself there: once the file has the token.

        Args:
            address: HOST:PORT.
        """
        self._digests |= {digest_of(session_token(self.text, address, self._server_nonce))}
        self._address = address

    def is_meant(self, token_digest: bytes) -> bool:
        """Whether a bearer token is this one, or that of a session of this process."""
        return token_digest in self._digests

    def answer(self, client_nonce: bytes) -> bytes | None:
        """This process' nonce, and the proof that it knows the token; None while it does not serve yet.

        Args:
            client_nonce: 32 bytes.
        """
        if self._address is None:
            return None
        return self._server_nonce + server_proof(self.text, self._address, client_nonce, self._server_nonce)


def is_loopback_peer(peer: str) -> bool:
    """Whether a caller's address, as gRPC writes it (`ipv4:127.0.0.1:50000`, `ipv6:%5B::1%5D:50000`), is loopback."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return False
    host = unquote(rest).rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
