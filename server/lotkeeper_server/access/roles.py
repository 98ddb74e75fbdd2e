"""Roles: a name and the permissions that it grants. `admin`, which grants everything, exists from the start."""

from collections.abc import Collection
from typing import Final

from lotkeeper_server.store.access.roles import (
    count_holders,
    delete_role_row,
    has_role,
    insert_role,
    permissions_by_role,
)
from lotkeeper_server.store.db.snapshot import Snapshot, WriteConnection
from lotkeeper_server.store.state.definition_changes import note_access_change

ADMIN: Final = "admin"


class RoleInUse(ValueError):
    """A role that tokens have, or `admin`, cannot be deleted; the argument says which."""


class RoleTaken(ValueError):
    """There is already a role of this name."""


def add_role(connection: WriteConnection, name: str, permissions: Collection[str], now_millis: int) -> None:
    """Makes a role.

    Raises:
        RoleTaken: where the name is taken.
    """
    if has_role(connection, name):
        raise RoleTaken(name)
    insert_role(connection, name, permissions, now_millis)
    note_access_change(connection)


def list_roles(snapshot: Snapshot) -> dict[str, list[str]]:
    """Every role's permissions, by name."""
    return permissions_by_role(snapshot)


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
