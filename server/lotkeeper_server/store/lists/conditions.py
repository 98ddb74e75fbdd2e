"""Filters of lists, as SQL on the listed table `t`, each with the walks along indexes that carry it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.entities.paths import path_of
from lotkeeper_server.store.schema.tables import location

PLACES_WALKED_MAX: Final = 16
"""So many locations are walked side by side from the first page on; more only if that pays."""
_LAST_CODE_POINT: Final = "\U0010ffff"

IndexValues = tuple[Any, ...]
"""The place of a row in the order of its list: the values of the order's columns."""


@dataclass(frozen=True, slots=True)
class PartialIndex:
    """An index of some rows only; a planner without statistics would prefer a larger one.

    Attributes:
        name: of the index.
        condition: of its rows, as in the schema.
    """

    name: str
    condition: str


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows with equal first columns of an index, which has them in the order of the list.

    Attributes:
        where: what they are equal in, and the condition of a partial index; empty for every row of the table.
        parameters: its values.
        constant: the values of the order's first columns, where `where` fixes them.
        table: where the index is, if not the listed table.
        columns: the order's columns there.
        index: a partial index, by its name.
        column: which they are equal in, where that is one.
    """

    where: str = ""
    parameters: tuple[Any, ...] = ()
    constant: IndexValues = ()
    table: str = ""
    columns: tuple[str, ...] = ()
    index: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of another index than the order's: its rows come in no useful order, but few of them can be sorted."""

    where: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """A location and all below it, in each of some columns of the listed table.

    Attributes:
        columns: that refer to locations.
        location_id: of the location itself.
        path: its path.
        leads: whether the location is the order's first column.
        within: the partial index that has the rows.
    """

    columns: tuple[str, ...]
    location_id: Id
    path: str
    leads: bool = False
    within: PartialIndex | None = None

    @property
    def inside(self) -> Range:
        """The location's own row and those below it; `/` comes right before `0`."""
        parameters = (self.location_id, f"{self.path}/", f"{self.path}0")
        return Range("(p.id = ? OR p.path >= ? AND p.path < ?)", parameters)

    def walk(self, column: str, location_id: Id) -> Walk:
        """Along the index of a column."""
        return _walk(column, location_id, self.within, (location_id,) if self.leads else ())


@dataclass(frozen=True, slots=True)
class LocationFilter:
    """A list's filter by location.

    Attributes:
        location_id: of an existing one.
        include_children: whether all that lies below it counts, too.
    """

    location_id: Id
    include_children: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that every row of a list meets.

    Attributes:
        holds: SQL on `t`, the listed table.
        parameters: its values.
        walks: together they pass every row that meets it; empty if no index has the list's order.
        exact: whether they pass no other row.
        range: another way to its rows.
        places: another one.
    """

    holds: str
    parameters: tuple[Any, ...] = ()
    walks: tuple[Walk, ...] = ()
    exact: bool = True
    range: Range | None = None
    places: Places | None = None


NEVER: Final = Condition("1 = 0")
"""A condition that no row meets."""


def _walk(column: str, value: Any, within: PartialIndex | None = None, constant: IndexValues = ()) -> Walk:
    if within is None:
        return Walk(f"{column} = ?", (value,), constant, column=column)
    return Walk(f"{column} = ? AND {within.condition}", (value,), constant, index=within.name, column=column)


def equal(column: str, value: Any, within: PartialIndex | None = None) -> Condition:
    """Rows with a value in a column whose index goes on with the list's order.

    Args:
        column: of the listed table.
        value: not None.
        within: the partial index that has all these rows.
    """
    return Condition(f"t.{column} = ?", (value,), (_walk(column, value, within),))


def in_either(columns: Sequence[str], value: Any) -> Condition:
    """Rows with a value in one of some columns, each with an index as for `equal`."""
    holds = " OR ".join(f"t.{column} = ?" for column in columns)
    walks = tuple(_walk(column, value) for column in columns)
    return Condition(f"({holds})", (value,) * len(columns), walks)


def among(
    column: str, values: Collection[Any], *, indexed: bool = True, within: PartialIndex | None = None
) -> Condition:
    """Rows with one of some values in a column.

    Args:
        column: of the listed table.
        values: few; of none no row has one.
        indexed: whether the column's index goes on with the list's order and has all these values.
        within: as for `equal`.
    """
    if not values:
        return NEVER
    ordered = tuple(sorted(values))
    places = ", ".join("?" for _ in ordered)
    walks = tuple(_walk(column, value, within) for value in ordered) if indexed else ()
    return Condition(f"t.{column} IN ({places})", ordered, walks)


def begins_with(column: str, prefix: str) -> Condition:
    """Rows whose text begins with a prefix, by code point, like the column's index."""
    stem = prefix.rstrip(_LAST_CODE_POINT)
    if not stem:
        return Condition(f"t.{column} >= ?", (prefix,), range=Range(f"{column} >= ?", (prefix,)))
    following = stem[:-1] + chr(_following(ord(stem[-1])))
    parameters = (prefix, following)
    return Condition(
        f"t.{column} >= ? AND t.{column} < ?", parameters, range=Range(f"{column} >= ? AND {column} < ?", parameters)
    )


def _following(code_point: int) -> int:
    """The next code point that may be in a text; surrogates may not."""
    return 0xE000 if code_point == 0xD7FF else code_point + 1


def below_value(column: str, value: int) -> Condition:
    """Rows with less than a value in an indexed column, without those that have none."""
    return Condition(f"t.{column} < ?", (value,), range=Range(f"{column} < ?", (value,)))


def at_places(connection: Connection, places: Places) -> Condition:
    """Rows at a location or below it, in one of the columns: by walks for few locations, else row by row."""
    text = f"SELECT p.id FROM location AS p WHERE {places.inside.where} LIMIT {PLACES_WALKED_MAX + 1}"  # noqa: S608
    ids = sorted(row[0] for row in fetch(connection, text, places.inside.parameters))
    if not ids:
        return NEVER
    if len(ids) <= PLACES_WALKED_MAX:
        marks = ", ".join("?" for _ in ids)
        holds = " OR ".join(f"t.{column} IN ({marks})" for column in places.columns)
        walks = tuple(places.walk(column, one) for column in places.columns for one in ids)
        return Condition(f"({holds})", tuple(ids) * len(places.columns), walks)
    holds = " OR ".join(
        f"EXISTS (SELECT 1 FROM location AS p WHERE p.id = t.{column} AND {places.inside.where})"  # noqa: S608
        for column in places.columns
    )
    return Condition(f"({holds})", places.inside.parameters * len(places.columns), places=places)


def at_place(
    columns: Sequence[str], location_id: Id, *, leads: bool = False, within: PartialIndex | None = None
) -> Condition:
    """Rows at one location, in one of the columns."""
    places = Places(tuple(columns), location_id, "", leads, within)
    holds = " OR ".join(f"t.{column} = ?" for column in columns)
    walks = tuple(places.walk(column, location_id) for column in columns)
    return Condition(f"({holds})", (location_id,) * len(columns), walks)


def at_location(
    connection: Connection,
    columns: Sequence[str],
    wanted: LocationFilter,
    *,
    leads: bool = False,
    within: PartialIndex | None = None,
) -> Condition:
    """Rows at a location and, if asked for, at all below it.

    Args:
        connection: a snapshot.
        columns: that refer to locations; any of them.
        wanted: where.
        leads: whether the list's order begins with the location.
        within: the partial index that has the rows.
    """
    if not wanted.include_children:
        return at_place(columns, wanted.location_id, leads=leads, within=within)
    path = path_of(connection, location, wanted.location_id)
    return at_places(connection, Places(tuple(columns), wanted.location_id, path, leads, within))
