"""Whoever vouches for callers without a stored token, as `Directory` needs them."""

from typing import Protocol

from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.knocking import AuthContext


class ProvesTokens(Protocol):
    """An issuer whose tokens are taken."""

    def known(self, token_text: str) -> Identity | None:
        """Whom a token names that was proven before; None where it has to be proven."""

    def vouches_for(self, identity: Identity) -> bool:
        """Whether the key that somebody was proven with is still the issuer's."""


class ReadsCertificates(Protocol):
    """What reads principals from client certificates."""

    def identity(self, context: AuthContext) -> Identity:
        """Whom the certificate of a connection names.

        Raises:
            NotAdmitted: UNAUTHENTICATED.
        """
