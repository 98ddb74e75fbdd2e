"""How rows of stock are walked group by group, so that a page of sums reads its own groups and not all stock.

Groups come in the order of a few columns, `Grouping.columns`, along an index that begins with them. A walk is cut into
pieces that begin and end between two groups. Where a filter has few rows they are one piece, found by its own index.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.enumerations import InventoryGroupBy
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import beyond, fetch, indexed_by, walked_by
from lotkeeper_server.store.entities.paths import path_of
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.lists.conditions import Places
from lotkeeper_server.store.lists.inventory import NAMED, NOT_ZERO, InventoryFilter
from lotkeeper_server.store.schema.tables import inventory, location
from lotkeeper_server.store.staged.visible import and_visible

GroupKey = tuple[Id, ...]
"""The values of `Grouping.columns`."""

ROWS_FEW_MAX: Final = 20_000
"""So many rows of a filter are summed together, whatever the groups are."""
SECONDS_PER_PAGE_MAX: Final = 0.4
"""After so long a page ends, at the end of a group, and holds what it has; a large group may take longer by itself."""
ROWS_PER_PIECE_FIRST: Final = 1_000
ROWS_PER_PIECE_MAX: Final = 8_000
"""Pieces grow: a page of small groups needs few rows, one of large ones many."""
_MATERIAL, _LOT, _LOCATION = "material_id", "lot_id", "location_id"
# By the columns that are equal and the first one of the order; the primary key has locations, then lots.
_INDEXES: Final = {
    ((), _MATERIAL): "ix_inventory_material_id",
    ((_MATERIAL,), _LOCATION): "ix_inventory_material_id",
    ((_LOCATION,), _MATERIAL): "ix_inventory_material_arrival",
    ((), _LOT): "ix_inventory_lot_id",
}


@dataclass(frozen=True)
class Grouping:
    """By what stock is summed.

    Attributes:
        by: at least one.
    """

    by: frozenset[InventoryGroupBy]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that have the order of groups. A lot has one material, which needs no column beside it."""
        columns = [_LOT] if self.by_lot else [_MATERIAL] if InventoryGroupBy.MATERIAL in self.by else []
        return (*columns, *([_LOCATION] if InventoryGroupBy.LOCATION in self.by else []))

    @property
    def by_lot(self) -> bool:
        """Whether each lot has a group."""
        return InventoryGroupBy.LOT in self.by

    @property
    def of_one_material(self) -> bool:
        """Whether all stock of a group is of one material."""
        return self.by_lot or InventoryGroupBy.MATERIAL in self.by

    @property
    def by_status(self) -> bool:
        """Whether each status has a group."""
        return InventoryGroupBy.LOT_STATUS in self.by


@dataclass(frozen=True, slots=True)
class GroupBound:
    """Where a page begins: after a group, or with it."""

    key: GroupKey
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """SQL of some rows of `inventory AS t`, whole groups: what comes after the table's name, and its parameters.

    Attributes:
        hint: names the index to walk.
        where: the condition of a row.
        parameters: its values.
        last: the last group it may have; None at the end of the walk.
        is_everything: whether no index leads to its rows, since all stock is meant.
    """

    hint: str
    where: str
    parameters: tuple[Any, ...]
    last: GroupKey | None
    is_everything: bool = False


@dataclass(frozen=True, slots=True)
class GroupWalk:
    """Walks the rows that pass a filter.

    Attributes:
        connection: a snapshot.
        wanted: which rows.
        grouping: what they are summed by.
        skips_empty: whether rows of zero are left out.
    """

    connection: Connection
    wanted: InventoryFilter
    grouping: Grouping
    skips_empty: bool

    def pieces(self, begin: GroupBound | None) -> Iterator[Piece]:
        """All of it, from a group on; a piece may have no row that passes."""
        where, parameters = self._filter()
        few = self._few()
        free = self._free()
        if few is not None or not free:
            bound, bounding = self._from("t.", free, begin)
            hint = few if few is not None else self._hint((), free)
            everything = not self.grouping.columns and self.wanted.has_no_filter and within(self.connection) is None
            yield Piece(hint, f"{where}{bound}", (*parameters, *bounding), None, everything)
            return
        equal, equals = self._equal(free)
        hint = self._hint(tuple(equal), free)
        fixed = " AND ".join(f"t.{column} = ?" for column in equal) or "1 = 1"
        if self._index(tuple(equal), free) == NOT_ZERO.name:
            fixed += f" AND t.{NOT_ZERO.condition}"
        names = ", ".join(f"t.{column}" for column in free)
        rows = ROWS_PER_PIECE_FIRST
        while True:
            bound, bounding = self._from("t.", free, begin)
            text = (
                f"SELECT {names} FROM inventory AS t{hint} WHERE {fixed}{bound} "  # noqa: S608 - the schema's own
                f"ORDER BY {names} LIMIT 1 OFFSET {rows}"
            )
            beyond_it = fetch(self.connection, text, (*equals, *bounding))
            if not beyond_it:
                yield Piece(hint, f"{where}{bound}", (*parameters, *bounding), None)
                return
            last = tuple(beyond_it[0])  # its group is the piece's last one: whole, however large it is
            end, ending = beyond(self.connection, [f"t.{column}" for column in free], "<=", last)
            key = self._whole_key(last)
            yield Piece(hint, f"{where}{bound} AND {end}", (*parameters, *bounding, *ending), key)
            begin = GroupBound(key, inclusive=False)
            rows = min(rows * 4, ROWS_PER_PIECE_MAX)

    def _filter(self) -> tuple[str, tuple[Any, ...]]:
        """The condition that a row is there and passes."""
        wanted = self.wanted
        conditions, parameters = ["1 = 1"], list[Any]()
        for column, value in self._equals().items():
            conditions.append(f"t.{column} = ?")
            parameters.append(value)
        if wanted.location is not None and wanted.location.include_children:
            inside = self._places().inside
            conditions.append(f"t.location_id IN (SELECT p.id FROM location AS p WHERE {inside.where})")  # noqa: S608
            parameters += inside.parameters
        if wanted.name is not None:
            conditions.append(f"t.name = ? AND t.{NAMED.condition}")
            parameters.append(wanted.name)
        if self.skips_empty:
            conditions.append(f"t.{NOT_ZERO.condition}")
        if (seen := within(self.connection)) is not None:
            holds, values = seen.condition(inventory.name, "t")
            conditions.append(holds)
            parameters += values
        return " AND ".join(conditions) + and_visible(self.connection, inventory.name, "t"), tuple(parameters)

    def _equals(self) -> dict[str, Any]:
        """What every row that passes has in columns that groups have an order by."""
        wanted = self.wanted
        equals: dict[str, Any] = {}
        if wanted.lot_id is not None:
            equals[_LOT] = wanted.lot_id
        if wanted.material_id is not None:
            equals[_MATERIAL] = wanted.material_id
        if wanted.location is not None and not wanted.location.include_children:
            equals[_LOCATION] = wanted.location.location_id
        return equals

    def _places(self) -> Places:
        assert self.wanted.location is not None
        location_id = self.wanted.location.location_id
        return Places((_LOCATION,), location_id, path_of(self.connection, location, location_id))

    def _free(self) -> tuple[str, ...]:
        """The columns of the order in which groups can differ."""
        return tuple(column for column in self.grouping.columns if column not in self._equals())

    def _equal(self, free: tuple[str, ...]) -> tuple[list[str], list[Any]]:
        """The columns that are equal before the free ones in an index; no index has lots of a material in order."""
        equals = self._equals()
        names = [name for name in (_LOCATION, _MATERIAL) if name in equals]
        if free[0] == _LOT:
            names = [name for name in names if name == _LOCATION]
        elif len(names) > 1:
            names = names[:1]
        return names, [equals[name] for name in names]

    def _whole_key(self, free_values: GroupKey) -> GroupKey:
        equals, values = self._equals(), iter(free_values)
        return tuple(equals[one] if one in equals else next(values) for one in self.grouping.columns)

    def _from(self, alias: str, free: tuple[str, ...], begin: GroupBound | None) -> tuple[str, tuple[Any, ...]]:
        """The condition that a row is not before the bound."""
        if begin is None:
            return "", ()
        if not free:
            return ("", ()) if begin.inclusive else (" AND 1 = 0", ())
        values = [value for one, value in zip(self.grouping.columns, begin.key, strict=True) if one in free]
        text, parameters = beyond(
            self.connection, [f"{alias}{one}" for one in free], ">=" if begin.inclusive else ">", values
        )
        return f" AND {text}", parameters

    def _hint(self, equal: tuple[str, ...], free: tuple[str, ...]) -> str:
        if not free:
            return ""
        named = indexed_by(self.connection, self._index(equal, free))
        return named or walked_by(self.connection, inventory.name, [*equal, *free])

    def _index(self, equal: tuple[str, ...], free: tuple[str, ...]) -> str:
        """The index that has this order; empty for the primary key."""
        return _INDEXES.get((equal, free[0]), NOT_ZERO.name if self.skips_empty else "")

    def _few(self) -> str | None:
        """The hint by which the rows of a filter are found, if there are few of them; None if there are many."""
        for where, parameters, hint in self._ways():
            counted = f"SELECT 1 FROM inventory AS t{hint} WHERE {where} LIMIT {ROWS_FEW_MAX + 1}"  # noqa: S608
            [(count,)] = fetch(self.connection, f"SELECT COUNT(*) FROM ({counted}) AS c", parameters)  # noqa: S608
            if count <= ROWS_FEW_MAX:
                return hint
        return None

    def _ways(self) -> Collection[tuple[str, tuple[Any, ...], str]]:
        """Each filter with an index of its own."""
        wanted = self.wanted
        ways: list[tuple[str, tuple[Any, ...], str]] = []
        if wanted.lot_id is not None:
            ways.append(("t.lot_id = ?", (wanted.lot_id,), indexed_by(self.connection, "ix_inventory_lot_id")))
        if wanted.name is not None:
            hint = indexed_by(self.connection, NAMED.name)
            ways.append((f"t.name = ? AND t.{NAMED.condition}", (wanted.name,), hint))
        if wanted.material_id is not None:
            hint = indexed_by(self.connection, "ix_inventory_material_id")
            ways.append(("t.material_id = ?", (wanted.material_id,), hint))
        if wanted.location is not None and not wanted.location.include_children:
            ways.append(("t.location_id = ?", (wanted.location.location_id,), ""))
        elif wanted.location is not None:
            inside = self._places().inside
            within = f"t.location_id IN (SELECT p.id FROM location AS p WHERE {inside.where})"  # noqa: S608
            ways.append((within, inside.parameters, ""))
        return ways
