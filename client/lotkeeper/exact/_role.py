# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""Role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lotkeeper.inventory.v1.access_service_pb2 import RoleLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A name for a set of permissions, where they hold, and what a principal may take."""

    name: str
    """Its name."""
    permissions: tuple[str, ...]
    """What it grants. Each grants all that stands below it: INVENTORY grants INVENTORY.READ."""
    location_ids: tuple[str, ...]
    """ULIDs of the locations where it holds, and below. Empty: everywhere."""
    location_paths: tuple[str, ...]
    """The paths of the same, in the same order; empty for one that was deleted, of which nothing is left."""
    limits: RoleLimits | None
    """What it lets a principal take; what is absent is as the server's settings say."""
    created_date: datetime | None
    """When it was made; unset: it was there from the start."""
    version: int
    """Tells what a role allows from what it allowed before: to be compared, and given back in a change. Not in
    order.
    """
