"""Rows of roles."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.store.schema.access_tables import role, role_location, token, token_role


def has_role(connection: Connection, name: str) -> bool:
    """Whether there is a role of this name."""
    return connection.execute(select(role.c.name).where(role.c.name == name)).first() is not None


def all_roles(connection: Connection) -> Sequence[Row[Any]]:
    """The rows of all roles, in the order of their names."""
    return connection.execute(select(role).order_by(role.c.name)).all()


def insert_role(
    connection: Connection,
    name: str,
    permissions: Collection[str],
    now_millis: int,
    limits: Mapping[str, int | None],
) -> None:
    """Stores a role; its permissions are stored sorted, each once; its limits by the names of their columns."""
    text = "\n".join(sorted(set(permissions)))
    connection.execute(insert(role).values(name=name, permissions=text, created_millis=now_millis, **limits))


def update_role_row(
    connection: Connection, name: str, permissions: Collection[str] | None, limits: Mapping[str, int | None]
) -> bool:
    """Changes what is given of a role; returns whether it exists."""
    values: dict[str, Any] = dict(limits)
    if permissions is not None:
        values["permissions"] = "\n".join(sorted(set(permissions)))
    if values:
        connection.execute(update(role).where(role.c.name == name).values(**values))
    return has_role(connection, name)


def locations_by_role(connection: Connection) -> dict[str, frozenset[LocationId]]:
    """The ids of the locations that roles are limited to; a role without a limit is left out."""
    found: dict[str, set[LocationId]] = {}
    for name, location_id in connection.execute(select(role_location.c.role_name, role_location.c.location_id)):
        found.setdefault(name, set()).add(LocationId(location_id))
    return {name: frozenset(locations) for name, locations in found.items()}


def put_locations(connection: Connection, name: str, locations: Collection[LocationId]) -> None:
    """Limits a role to these locations, in the place of those before; to none: it holds everywhere."""
    connection.execute(delete(role_location).where(role_location.c.role_name == name))
    if locations:
        rows = [{"role_name": name, "location_id": location_id} for location_id in sorted(set(locations))]
        connection.execute(insert(role_location), rows)


def count_holders(connection: Connection, name: str) -> int:
    """How many tokens that are not revoked have a role."""
    holders: int = connection.execute(
        select(func.count())
        .select_from(token_role.join(token, token.c.id == token_role.c.token_id))
        .where(token_role.c.role_name == name, token.c.revoked_millis.is_(None))
    ).scalar_one()
    return holders


def count_roles(connection: Connection) -> int:
    """How many roles there are."""
    count: int = connection.execute(select(func.count()).select_from(role)).scalar_one()
    return count


def delete_role_row(connection: Connection, name: str) -> bool:
    """Deletes a role and takes it from all tokens; returns whether it existed. No principal may have it by name."""
    put_locations(connection, name, ())
    connection.execute(delete(token_role).where(token_role.c.role_name == name))
    return connection.execute(delete(role).where(role.c.name == name)).rowcount > 0
