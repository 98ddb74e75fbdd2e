# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""RoleGrant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """A role that a principal has by name."""

    principal: str
    """The principal."""
    role: str
    """The role's name."""
    created_date: datetime | None
    """When it was given."""
