# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""CreateTokenResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._access_token import AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTokenResponse:
    """What CreateToken answers."""

    token: AccessToken | None
    """The token."""
    secret: str
    """What its holder sends as bearer token. Shown this once."""
