# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""AccessToken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A stored token, without its secret, which the server does not know."""

    id: str
    """Its ULID."""
    principal: str
    """Who its holder is."""
    roles: tuple[str, ...]
    """The names of its roles."""
    created_date: datetime | None
    """When it was made."""
    expires_date: datetime | None
    """When it expires; unset: never."""
    revoked_date: datetime | None
    """When it was revoked; unset: it was not."""
    last_used_date: datetime | None
    """When it was used last, to the hour; unset: it is not known to have been."""
    live: bool
    """Whether it lets its holder in now: it was not revoked, and has not expired."""
