"""Paths of trees: what lies below what, and how paths are rewritten."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, Table, func, or_, select, update

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.schema import tables

_BELOW: Final[dict[str, Sequence[Table]]] = {
    "location": (tables.location,),
    "material_class": (tables.material_class, tables.material),
    "material": (),
}
"""The tables whose paths begin with those of a table."""


def path_of(connection: Connection, table: Table, identifier: Id) -> str:
    """The path of a row that is known to exist."""
    path: str = connection.execute(select(table.c.path).where(table.c.id == identifier)).scalar_one()
    return path


def paths_of_locations(connection: Connection) -> dict[Id, str]:
    """Of all of them."""
    return {Id(row.id): row.path for row in connection.execute(select(tables.location.c.id, tables.location.c.path))}


def locations_at_or_below(connection: Connection, location_id: Id) -> frozenset[Id]:
    """A location that is known to exist, and all below it."""
    table = tables.location
    path = path_of(connection, table, location_id)
    inside = select(table.c.id).where(or_(table.c.id == location_id, _lies_below(table.c.path, path)))
    return frozenset(connection.execute(inside).scalars())


def longest_path_below(connection: Connection, table: Table, path: str) -> int:
    """The code points of the longest path below one of a table's; 0 where nothing lies below it."""
    longest = 0
    for below in _BELOW[table.name]:
        length = connection.execute(
            select(func.max(func.length(below.c.path))).where(_lies_below(below.c.path, path))
        ).scalar()
        longest = max(longest, length or 0)
    return longest


def rewrite_paths_below(connection: Connection, table: Table, old: str, new: str) -> dict[str, Sequence[Id]]:
    """Replaces the beginning of all paths below a path; returns the changed rows by table."""
    rewritten_ids: dict[str, Sequence[Id]] = {}
    for below in _BELOW[table.name]:
        lies_below = _lies_below(below.c.path, old)
        rewritten_ids[below.name] = connection.execute(select(below.c.id).where(lies_below)).scalars().all()
        rewritten = new + func.substr(below.c.path, len(old) + 1)
        connection.execute(update(below).where(lies_below).values(path=rewritten))
    return rewritten_ids


def _lies_below(column: "Column[str]", path: str) -> ColumnElement[bool]:
    """Whether a path lies below another one, by code point: `/` comes right before `0`."""
    return (column >= f"{path}/") & (column < f"{path}0")
