"""Roles: a name and the permissions that it grants. `admin`, which grants everything, exists from the start."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from lotkeeper_server.access.allowance import NAMES, Allowance
from lotkeeper_server.domain.model.identifiers import LocationId, format_id
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


class RoleTaken(ValueError):
    """There is already a role of this name."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a role grants, and what it lets a principal take.

    Attributes:
        permissions: that it grants.
        limits: of a principal; None leaves one to the server's settings.
        locations: the ids of those that it is limited to, with all below them; empty: it holds everywhere.
    """

    permissions: tuple[str, ...]
    limits: Mapping[str, int | None]
    locations: frozenset[LocationId] = frozenset()

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
        )
        for row in all_roles(snapshot)
    }


def delete_role(connection: WriteConnection, name: str) -> bool:
    """Deletes a role; False where there is none.

    Raises:
        RoleInUse: for `admin`, and while a valid token has it.
    """
    if name == ADMIN:
        raise RoleInUse("the role admin stays")
    if holders := count_holders(connection, name):
        raise RoleInUse(f"these tokens have the role {name}: {holders}; revoke them first")
    deleted = delete_role_row(connection, name)
    note_access_change(connection)
    return deleted
