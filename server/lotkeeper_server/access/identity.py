"""Somebody who is known without a stored token: by an issuer's token, or by a client certificate."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as others vouch for it. What they may is said by the roles that the store gives the principal.

    Attributes:
        principal: a name in its one form.
        roles: names of roles that whoever vouches gives, too; those that do not exist grant nothing.
        expires_millis: until when, milliseconds since the epoch, UTC; None is for ever.
        key: the thumbprint of the key that vouches; None for a certificate.
    """

    principal: str
    roles: tuple[str, ...] = ()
    expires_millis: int | None = None
    key: bytes | None = None
