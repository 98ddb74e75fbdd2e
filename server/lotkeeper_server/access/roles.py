"""Roles: a name and the permissions that it grants. `admin`, which grants everything, is there from the start."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from lotkeeper_server.store.schema.access_tables import role, token, token_role
from lotkeeper_server.store.state.definition_changes import note_access_change

ADMIN: Final = "admin"


class RoleInUse(ValueError):
    """A role that tokens have, or `admin`, cannot be deleted; the argument says which."""


class RoleTaken(ValueError):
    """There is a role of that name already."""


def add_role(connection: Connection, name: str, permissions: Collection[str], now_millis: int) -> None:
    """Makes a role.

    Raises:
        RoleTaken: where the name is taken.
    """
    if connection.execute(select(role.c.name).where(role.c.name == name)).first() is not None:
        raise RoleTaken(name)
    text = "\n".join(sorted(set(permissions)))
    connection.execute(insert(role).values(name=name, permissions=text, created_millis=now_millis))
    note_access_change(connection)


def list_roles(connection: Connection) -> dict[str, list[str]]:
    """Every role's permissions, by name."""
    return {row.name: row.permissions.split("\n") for row in connection.execute(select(role).order_by(role.c.name))}


def delete_role(connection: Connection, name: str) -> bool:
    """Deletes a role; False where there is none.

    Raises:
        RoleInUse: for `admin`, and while a token that is not revoked has it.
    """
    if name == ADMIN:
        raise RoleInUse("the role admin stays")
    holders = connection.execute(
        select(func.count())
        .select_from(token_role.join(token, token.c.id == token_role.c.token_id))
        .where(token_role.c.role_name == name, token.c.revoked_millis.is_(None))
    ).scalar_one()
    if holders:
        raise RoleInUse(f"tokens have the role {name}: {holders}; revoke them first")
    connection.execute(delete(token_role).where(token_role.c.role_name == name))
    deleted = connection.execute(delete(role).where(role.c.name == name)).rowcount > 0
    note_access_change(connection)
    return deleted
