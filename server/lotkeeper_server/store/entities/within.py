"""Leaves out what lies elsewhere, for a caller whose permission is limited to locations and all below them.

It is noted in the transaction, once, and asked for by whatever lists, finds or exports. A thing lies within if every
location that its row names does; a row that names none has no place, and lies everywhere. Where nobody is limited, all
of it costs a look into a dictionary.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.scope import Scope, lies_within
from lotkeeper_server.domain.refusals import PermissionDenied, Refused
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.entities.row import EntityRow

PLACES: Final[Mapping[str, Sequence[str]]] = {
    "location": ("id",),
    "operation": ("location_id",),
    "inventory_operation": ("source_location_id", "destination_location_id"),
    "inventory_lot_record": ("source_location_id", "destination_location_id"),
    "inventory": ("location_id",),
}
"""The columns by which rows name locations; rows of all other tables have no place."""
_NOTED: Final = "lotkeeper within"


@dataclass(frozen=True, slots=True)
class Within:
    """Where a caller may look, in one transaction.

    Attributes:
        scope: of the caller.
        trees: the locations that are there, by id, with their paths; none lies below another.
    """

    scope: Scope
    trees: Mapping[Id, str]

    @property
    def refusal(self) -> PermissionDenied:
        """Of what lies elsewhere, or does not exist."""
        return self.scope.refusal(self.trees.values())

    def has_path(self, path: str) -> bool:
        """Whether a location with this path lies within, or would if there were one."""
        return lies_within(path, self.trees.values())

    def condition(self, table: str, alias: str) -> tuple[str, tuple[Any, ...]]:
        """SQL that a row lies within, and its parameters; for a table whose rows have a place.

        Args:
            table: that has the rows.
            alias: its name in the statement.
        """
        if table == "location":
            return self._inside(alias)
        inside, parameters = self._inside("wl")
        holds = " AND ".join(
            f"({alias}.{column} IS NULL OR EXISTS ("  # noqa: S608 - the schema's own
            f"SELECT 1 FROM location AS wl WHERE wl.id = {alias}.{column} AND {inside}))"
            for column in PLACES[table]
        )
        return f"({holds})", parameters * len(PLACES[table])

    def _inside(self, alias: str) -> tuple[str, tuple[Any, ...]]:
        """A location's own row, or one below it; `/` comes right before `0`."""
        if not self.trees:
            return "1 = 0", ()
        each = f"{alias}.id = ? OR {alias}.path >= ? AND {alias}.path < ?"
        parameters = [value for one, path in self.trees.items() for value in (one, f"{path}/", f"{path}0")]
        return f"({' OR '.join([each] * len(self.trees))})", tuple(parameters)

    def among(self, connection: Connection, location_ids: Collection[Id]) -> frozenset[Id]:
        """Those of some locations that lie within."""
        found = rows_by_key(connection, "SELECT id, path FROM location", "id", sorted(set(location_ids)))
        return frozenset(row[0] for row in found if self.has_path(row[1]))

    def rows(self, connection: Connection, table: str, rows: list[EntityRow]) -> list[EntityRow]:
        """Those of some rows of a table that lie within."""
        columns = PLACES.get(table)
        if columns is None:
            return rows
        there = self.among(connection, {row[column] for row in rows for column in columns} - {None})
        return [row for row in rows if all(row[column] is None or row[column] in there for column in columns)]

    def check_row(self, connection: Connection, table: str, row: EntityRow | None, field: str) -> None:
        """Returns where a row is there and lies within, or has no place.

        Args:
            connection: of the transaction.
            table: that has the row.
            row: None where there is none of the id that was given.
            field: of the request, that names it.

        Raises:
            Refused: PERMISSION_DENIED.
        """
        if table in PLACES and (row is None or not self.rows(connection, table, [row])):
            raise Refused(self.refusal.at(field))


def limited_by(connection: Connection, scope: Scope) -> Within:
    """Where a scope is now."""
    found = rows_by_key(connection, "SELECT id, path FROM location", "id", sorted(scope.locations))
    trees: dict[Id, str] = {}
    for location_id, path in sorted(found, key=lambda row: (len(row[1]), row[1])):
        if not lies_within(path, trees.values()):
            trees[location_id] = path
    return Within(scope, trees)


@contextmanager
def limited(connection: Connection, scope: Scope) -> Iterator[None]:
    """Has everything that is read in this transaction, while the block runs, leave out what lies elsewhere."""
    info = connection.info
    info[_NOTED] = limited_by(connection, scope)
    try:
        yield
    finally:
        info.pop(_NOTED, None)


def scope_in(connection: Connection) -> Scope | None:
    """Of the caller of this transaction; None for everywhere."""
    found = within(connection)
    return None if found is None else found.scope


def within(connection: Connection) -> Within | None:
    """Where the caller of this transaction may look; None for everywhere."""
    found: Within | None = connection.info.get(_NOTED)
    return found
