"""How far a principal's permissions reach: the union of its roles, each everywhere or at some locations and below."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from lotkeeper_server.access.permissions import ANY_CALLER, grants
from lotkeeper_server.access.roles import Role
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.model.scope import Scope


@dataclass(frozen=True, slots=True)
class Reach:
    """Of a principal with a limited role; one without any has none, and is asked nothing.

    Attributes:
        everywhere: permissions that a role without a limit grants.
        limited: for each limited role its permissions and its locations.
    """

    everywhere: frozenset[str]
    limited: tuple[tuple[frozenset[str], frozenset[LocationId]], ...]

    @classmethod
    def of(cls, roles: Iterable[Role]) -> Self | None:
        """That of a principal with these roles; None where none of them is limited."""
        given = list(roles)
        if not any(role.locations for role in given):
            return None
        return cls(
            frozenset(permission for role in given if not role.locations for permission in role.permissions),
            tuple((frozenset(role.permissions), role.locations) for role in given if role.locations),
        )

    def scope_of(self, permission: str) -> Scope | None:
        """Where a permission holds that the roles grant; None for everywhere."""
        if permission == ANY_CALLER or grants(self.everywhere, permission):
            return None
        granting = (locations for permissions, locations in self.limited if grants(permissions, permission))
        return Scope(permission, frozenset[LocationId]().union(*granting))
