# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""RotateTokenResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._access_token import AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateTokenResponse:
    """What RotateToken answers."""

    token: AccessToken | None
    """The new token."""
    secret: str
    """What its holder sends as bearer token. Shown this once."""
