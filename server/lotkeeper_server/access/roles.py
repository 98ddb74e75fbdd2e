"""Roles: a name and the permissions that it grants. `admin`, which grants everything, exists from the start."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from lotkeeper_server.access.allowance import NAMES, Allowance
from lotkeeper_server.store.access.roles import (
    all_roles,
    count_holders,
    delete_role_row,
    has_role,
    insert_role,
    update_role_row,
)
from lotkeeper_server.store.db.snapshot import Snapshot, WriteConnection
from lotkeeper_server.store.state.definition_changes import note_access_change

ADMIN: Final = "admin"
NO_LIMITS: Final[Mapping[str, int | None]] = MappingProxyType({})


class RoleInUse(ValueError):
    """A role that tokens have, or `admin`, cannot be deleted; the argument says which."""


class RoleTaken(ValueError):
    """There is already a role of this name."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a role grants, and what it lets a principal take; None for a limit leaves that to the server's settings."""

    permissions: tuple[str, ...]
    limits: Mapping[str, int | None]

    def allowance(self, default: Allowance) -> Allowance:
        """Its limits, each with what stands for it where the role leaves it open."""
        return replace(default, **{name: limit for name, limit in self.limits.items() if limit is not None})


def add_role(
    connection: WriteConnection,
    name: str,
    permissions: Collection[str],
    now_millis: int,
    limits: Mapping[str, int | None] = NO_LIMITS,
) -> None:
    """Makes a role.

    Args:
        connection: of a transaction.
        name: of the role.
        permissions: that it grants.
        now_millis: the time.
        limits: by the names of `Allowance`; what is missing or None is left to the server's settings.

    Raises:
        RoleTaken: where the name is taken.
    """
    if has_role(connection, name):
        raise RoleTaken(name)
    insert_role(connection, name, permissions, now_millis, limits)
    note_access_change(connection)


def change_role(
    connection: WriteConnection,
    name: str,
    permissions: Collection[str] | None = None,
    limits: Mapping[str, int | None] = NO_LIMITS,
) -> bool:
    """Changes a role, for all who have it; False where there is none.

    Args:
        connection: of a transaction.
        name: of the role.
        permissions: that it grants from now on; None leaves them.
        limits: those that change; None leaves one to the server's settings.

    Raises:
        RoleInUse: for the permissions of `admin`, which could lock everybody out.
    """
    if name == ADMIN and permissions is not None:
        raise RoleInUse("the role admin grants everything, and stays so")
    changed = update_role_row(connection, name, permissions, limits)
    note_access_change(connection)
    return changed


def list_roles(snapshot: Snapshot) -> dict[str, Role]:
    """Every role, by name."""
    return {
        row.name: Role(tuple(row.permissions.split("\n")), {name: getattr(row, name) for name in NAMES})
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
