"""A call at the door: what it presents, before anybody knows who calls."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted

Metadata = Sequence[tuple[str, str | bytes]]
AuthContext = Mapping[str, Sequence[bytes]]
"""What TLS proved of a caller, by gRPC's names."""


class Knocking(Protocol):
    """A call whose caller is not known yet."""

    @property
    def metadata(self) -> Metadata:
        """What the caller sent along."""

    @property
    def peer(self) -> str:
        """The caller's address as gRPC writes it."""

    def auth_context(self) -> AuthContext:
        """What TLS proved of the caller, by gRPC's names."""


def authorization_of(metadata: Metadata) -> str | None:
    """The authorization in a call's metadata, or None.

    Raises:
        Refused: UNAUTHENTICATED where there is more than one, or one that is not a text.
    """
    found = None
    for key, value in metadata:
        if key == "authorization":
            if found is not None or not isinstance(value, str):
                raise NotAdmitted(Cause.NO_TOKEN)
            found = value
    return found


def bearer_token(authorization: str) -> str:
    """The token in an authorization.

    Raises:
        Refused: UNAUTHENTICATED where it is of another kind, or empty.
    """
    scheme, _, token_text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token_text:
        raise NotAdmitted(Cause.NO_TOKEN)
    return token_text.strip()
