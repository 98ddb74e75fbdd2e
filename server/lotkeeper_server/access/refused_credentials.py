"""Why somebody is not let in: all of it for the log, of it for the caller what cannot help an attacker."""

from enum import Enum
from typing import Final

from lotkeeper_server.domain.refusals import Refusal, Refused, Unauthenticated


class Cause(Enum):
    """Why somebody is not let in; the log says it."""

    NO_TOKEN = "no_token"  # noqa: S105 - a word of the log
    UNKNOWN = "unknown"
    """Never made, or revoked before this process saw it."""
    REVOKED = "revoked"
    """Revoked while the call was under way; also: the issuer's key was withdrawn."""
    EXPIRED = "expired"
    DENIED = "denied"
    """The token is good; its roles do not grant the permission."""
    CERTIFICATE_NAMES = "certificate_names"
    """The client certificate does not have exactly one name of the kind that is looked for, or not one that can be."""

    # Of tokens of the issuer, before their signature is known to be good:
    JWT_SHAPE = "jwt_shape"
    JWT_ALGORITHM = "jwt_algorithm"
    JWT_KEY = "jwt_key"
    """The issuer has no such key, or its keys are not known."""
    JWT_SIGNATURE = "jwt_signature"

    # And afterwards; the caller is told:
    JWT_CLAIMS = "jwt_claims"
    JWT_ISSUER = "jwt_issuer"
    JWT_AUDIENCE = "jwt_audience"
    JWT_NO_EXPIRY = "jwt_no_expiry"
    JWT_EXPIRED = "jwt_expired"
    JWT_NOT_YET = "jwt_not_yet"
    JWT_PRINCIPAL = "jwt_principal"


_TOLD: Final = {
    Cause.JWT_CLAIMS: ("CLAIMS", "its claims are not a JSON object in which each has one value of its type"),
    Cause.JWT_ISSUER: ("ISSUER", "it is of another issuer"),
    Cause.JWT_AUDIENCE: ("AUDIENCE", "it is meant for another audience"),
    Cause.JWT_NO_EXPIRY: ("NO_EXPIRY", "it never expires"),
    Cause.JWT_EXPIRED: ("EXPIRED", "it has expired"),
    Cause.JWT_NOT_YET: ("NOT_YET_VALID", "it is not valid yet: compare the clocks"),
    Cause.JWT_PRINCIPAL: ("PRINCIPAL", "its claim of the principal is missing, or cannot be a name"),
}
"""What may be told: whoever holds a token with a good signature can read it anyway."""


class NotAdmitted(Refused):
    """Somebody is not let in, or no longer."""

    def __init__(self, cause: Cause, refusal: Refusal | None = None, principal: str = "") -> None:
        """It is to be answered with this.

        Args:
            cause: why; the answer says little of it.
            refusal: the answer; None for UNAUTHENTICATED.
            principal: whose token it is, or was; empty where that is not known.
        """
        super().__init__(refusal or _unauthenticated(cause))
        self.cause = cause
        self.principal = principal


def _unauthenticated(cause: Cause) -> Unauthenticated:
    told, text = _TOLD.get(cause, ("", ""))
    return Unauthenticated(cause=told, text=text)
