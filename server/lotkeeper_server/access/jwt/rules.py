"""What tokens of the issuer must be like."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Those with a public key. With a shared secret (HS256), or none, whoever knows the public key could sign."""
CHARACTERS_MAX: Final = 8_192
"""A longer token is refused before it is looked at; all metadata of a call may have 16 KB."""


@dataclass(frozen=True, slots=True)
class JwtRules:
    """What is accepted, and what is read.

    Attributes:
        issuer: `iss`, exactly.
        audience: `aud` is it, or has it among others.
        algorithms: of ALGORITHMS.
        principal_claim: whose text becomes the principal.
        roles_claim: whose texts name roles: a list, or words with spaces between; dots lead into objects. Empty: none.
        leeway_seconds: how much the clocks of issuer and server may differ.
    """

    issuer: str
    audience: str
    algorithms: Collection[str]
    principal_claim: str
    roles_claim: str
    leeway_seconds: float


def looks_like_jwt(token_text: str) -> bool:
    """Whether a bearer token has the form of one: `header.payload.signature`. Stored tokens have no dots."""
    return token_text.count(".") == 2
