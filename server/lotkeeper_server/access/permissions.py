"""Permissions are hierarchical by dots: INVENTORY.WRITE grants INVENTORY.WRITE.MOVE; `*` grants all."""

from collections.abc import Set as AbstractSet
from functools import lru_cache

EVERYTHING = "*"
ANY_CALLER = "any"


def grants(granted: AbstractSet[str], needed: str) -> bool:
    """Whether one of the granted permissions is the needed one, a parent of it, or everything."""
    return EVERYTHING in granted or not granted.isdisjoint(_itself_and_parents(needed))


@lru_cache(maxsize=256)
def _itself_and_parents(permission: str) -> frozenset[str]:
    parts = permission.split(".")
    return frozenset(".".join(parts[:count]) for count in range(1, len(parts) + 1))
