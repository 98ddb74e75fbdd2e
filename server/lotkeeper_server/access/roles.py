"""Roles: a name and the permissions that it grants. `admin`, which grants everything, exists from the start."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from lotkeeper_server.access.allowance import NAMES, Allowance
from lotkeeper_server.domain.model.identifiers import LocationId, format_id
from lotkeeper_server.store.access.given_roles import (
    count_given,
    delete_given_role,
    given_since,
    insert_given_role,
    roles_by_principal,
)
from lotkeeper_server.store.access.places import locations_at, paths_of
from lotkeeper_server.store.access.roles import (
    all_roles,
    count_holders,
    delete_role_row,
    has_role,
    insert_role,
    locations_by_role,
    put_locations,
    update_role_row,
)
from lotkeeper_server.store.db.snapshot import Snapshot, WriteConnection
from lotkeeper_server.store.state.definition_changes import note_access_change

ADMIN: Final = "admin"
NO_LIMITS: Final[Mapping[str, int | None]] = MappingProxyType({})


class RoleInUse(ValueError):
    """A role that tokens have, or `admin`, cannot be deleted; the argument says which."""


class NoSuchLocation(LookupError):
    """A role is to be limited to a location that does not exist; its path is the argument."""


class UnknownRole(LookupError):
    """A role does not exist; its name is the argument."""


class RoleTaken(ValueError):
    """There is already a role of this name."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a role grants, and what it lets a principal take.

    Attributes:
        permissions: that it grants.
        limits: of a principal; None leaves one to the server's settings.
        locations: the ids of those that it is limited to, with all below them; empty: it holds everywhere.
        created_millis: when it was made, milliseconds since the epoch, UTC.
    """

    permissions: tuple[str, ...]
    limits: Mapping[str, int | None]
    locations: frozenset[LocationId] = frozenset()
    created_millis: int = 0

    @property
    def version(self) -> int:
        """Tells what it allows from what it allowed before; above 0."""
        allows = (self.permissions, sorted(self.limits.items()), sorted(self.locations))
        return int.from_bytes(hashlib.sha256(repr(allows).encode()).digest()[:6]) + 1

    def allowance(self, default: Allowance) -> Allowance:
        """Its limits, each with what stands for it where the role leaves it open."""
        return replace(default, **{name: limit for name, limit in self.limits.items() if limit is not None})


def add_role(
    connection: WriteConnection,
    name: str,
    permissions: Collection[str],
    now_millis: int,
    limits: Mapping[str, int | None] = NO_LIMITS,
    locations: Collection[LocationId] = (),
) -> None:
    """Makes a role.

    Args:
        connection: of a transaction.
        name: of the role.
        permissions: that it grants.
        now_millis: the time.
        limits: by the names of `Allowance`; what is missing or None is left to the server's settings.
        locations: that it is limited to, with all below them; none: it holds everywhere.

    Raises:
        RoleTaken: where the name is taken.
    """
    if has_role(connection, name):
        raise RoleTaken(name)
    insert_role(connection, name, permissions, now_millis, limits)
    put_locations(connection, name, locations)
    note_access_change(connection)


def change_role(
    connection: WriteConnection,
    name: str,
    permissions: Collection[str] | None = None,
    limits: Mapping[str, int | None] = NO_LIMITS,
    locations: Collection[LocationId] | None = None,
) -> bool:
    """Changes a role, for all who have it; False where there is none.

    Args:
        connection: of a transaction.
        name: of the role.
        permissions: that it grants from now on; None leaves them.
        limits: those that change; None leaves one to the server's settings.
        locations: that it is limited to from now on; none: it holds everywhere; None leaves them.

    Raises:
        RoleInUse: for the permissions and places of `admin`, which could lock everybody out.
    """
    if name == ADMIN and (permissions is not None or locations):
        raise RoleInUse("the role admin grants everything, and stays so")
    changed = update_role_row(connection, name, permissions, limits)
    if changed and locations is not None:
        put_locations(connection, name, locations)
    note_access_change(connection)
    return changed


def find_locations(snapshot: Snapshot, paths: Collection[str]) -> frozenset[LocationId]:
    """The locations at these paths.

    Raises:
        NoSuchLocation: where there is none at one of them.
    """
    found = locations_at(snapshot, paths)
    for path in paths:
        if path not in found:
            raise NoSuchLocation(path)
    return frozenset(found.values())


def show_locations(snapshot: Snapshot, role: Role) -> list[str]:
    """The paths that a role is limited to now; the id of a location that was deleted meanwhile."""
    paths = paths_of(snapshot, role.locations)
    return sorted(paths.get(one) or f"{format_id(one)} (deleted)" for one in role.locations)


def list_roles(snapshot: Snapshot) -> dict[str, Role]:
    """Every role, by name."""
    locations = locations_by_role(snapshot)
    return {
        row.name: Role(
            tuple(row.permissions.split("\n")),
            {name: getattr(row, name) for name in NAMES},
            locations.get(row.name, frozenset()),
            row.created_millis,
        )
        for row in all_roles(snapshot)
    }


def delete_role(connection: WriteConnection, name: str) -> bool:
    """Deletes a role; False where there is none.

    Raises:
        RoleInUse: for `admin`, and while a valid token or a principal has it.
    """
    if name == ADMIN:
        raise RoleInUse("the role admin stays")
    if holders := count_holders(connection, name):
        raise RoleInUse(f"these tokens have the role {name}: {holders}; revoke them first")
    if given := count_given(connection, name):
        raise RoleInUse(f"so many principals have the role {name} by name: {given}; `revoke` it from them first")
    deleted = delete_role_row(connection, name)
    note_access_change(connection)
    return deleted


def give_role(connection: WriteConnection, principal: str, name: str, now_millis: int) -> bool:
    """Gives a principal a role by name, for calls without a stored token; False where it has it already.

    Args:
        connection: of a transaction.
        principal: in its one form.
        name: of the role.
        now_millis: the time.

    Raises:
        UnknownRole: where there is no such role.
    """
    if not has_role(connection, name):
        raise UnknownRole(name)
    if name in roles_by_principal(connection).get(principal, ()):
        return False
    insert_given_role(connection, principal, name, now_millis)
    note_access_change(connection)
    return True


def take_role(connection: WriteConnection, principal: str, name: str) -> bool:
    """Takes a role from a principal again, for calls that begin after the commit; False where it did not have it."""
    taken = delete_given_role(connection, principal, name)
    if taken:
        note_access_change(connection)
    return taken


@dataclass(frozen=True, slots=True)
class GivenRole:
    """A role that a principal has by name, since when, milliseconds since the epoch, UTC."""

    principal: str
    role: str
    created_millis: int


def list_given_roles(snapshot: Snapshot) -> list[GivenRole]:
    """All of them, by principal, then role."""
    return [GivenRole(*one) for one in given_since(snapshot)]
