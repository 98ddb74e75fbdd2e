"""Rows of the roles that principals have by name."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from lotkeeper_server.store.schema.access_tables import principal_role


def roles_by_principal(connection: Connection) -> dict[str, list[str]]:
    """The names of the roles that are given to principals, sorted; a principal without any is left out."""
    roles: dict[str, list[str]] = {}
    for principal, name in connection.execute(
        select(principal_role.c.principal, principal_role.c.role_name).order_by(
            principal_role.c.principal, principal_role.c.role_name
        )
    ):
        roles.setdefault(principal, []).append(name)
    return roles


def given_since(connection: Connection) -> Sequence[tuple[str, str, int]]:
    """Each principal and role, and when it was given, milliseconds since the epoch, UTC; by principal, then role."""
    statement = select(principal_role).order_by(principal_role.c.principal, principal_role.c.role_name)
    return [(row.principal, row.role_name, row.created_millis) for row in connection.execute(statement)]


def insert_given_role(connection: Connection, principal: str, role_name: str, now_millis: int) -> None:
    """Gives a principal a role that it does not have."""
    row = {"principal": principal, "role_name": role_name, "created_millis": now_millis}
    connection.execute(insert(principal_role).values(row))


def delete_given_role(connection: Connection, principal: str, role_name: str) -> bool:
    """Takes a role from a principal; returns whether it had it."""
    given = principal_role.c.principal == principal, principal_role.c.role_name == role_name
    return connection.execute(delete(principal_role).where(*given)).rowcount > 0


def count_given(connection: Connection, role_name: str | None = None) -> int:
    """How many principals have a role by name; without a role, how many have been given one, each as often as that."""
    having = select(func.count()).select_from(principal_role)
    if role_name is not None:
        having = having.where(principal_role.c.role_name == role_name)
    count: int = connection.execute(having).scalar_one()
    return count
