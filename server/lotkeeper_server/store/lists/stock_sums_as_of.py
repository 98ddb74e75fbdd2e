"""Sums of stock as it was at a moment: the stock of each row at that moment, by its records, added up.

It costs what the list of that moment costs, so a page ends after some time, at the end of a group.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.ask.summary import StockSum
from lotkeeper_server.domain.model.identifiers import LotId, MaterialId, UnitId
from lotkeeper_server.store.db.statements import fetch, rows_by_key
from lotkeeper_server.store.lists import grouped_rows
from lotkeeper_server.store.lists.conditions import Condition, equal
from lotkeeper_server.store.lists.grouped_rows import GroupBound, Grouping, GroupKey, GroupWalk
from lotkeeper_server.store.lists.inventory import ORDER, InventoryFilter
from lotkeeper_server.store.lists.stock_history import stock_then
from lotkeeper_server.store.lists.stock_sums import SumsPage, shown_status
from lotkeeper_server.store.lists.walking import walk_page


class _Lot(NamedTuple):
    status: int
    material_id: MaterialId
    unit_id: UnitId | None


class _Found:
    """What a sum of one group, material and unit has so far."""

    __slots__ = ("lots", "millionths", "rows")

    def __init__(self) -> None:
        self.millionths = self.rows = 0
        self.lots: set[bytes] = set()


def sum_stock_as_of(
    connection: Connection,
    wanted: InventoryFilter,
    grouping: Grouping,
    begin: GroupBound | None,
    size: int,
    now_millis: int,
    at_millis: int,
) -> SumsPage:
    """A page of sums of stock at a moment.

    Args:
        connection: a snapshot.
        wanted: which rows, by fields that do not change: not by name.
        grouping: by what they are summed.
        begin: where the page begins; None at the first group.
        size: so many groups are enough; there may be fewer, or none, before the end.
        now_millis: the moment by which lots show as EXPIRED.
        at_millis: the moment of the stock.
    """
    summing = _Summing(connection, wanted, grouping, now_millis, at_millis)
    found: list[StockSum] = []
    groups, begun = 0, time.monotonic()
    for key in _groups(connection, wanted, grouping, begin):
        sums = summing.group(key)
        found += sums
        groups += bool(sums)
        if groups > size or time.monotonic() - begun >= grouped_rows.SECONDS_PER_PAGE_MAX:
            return SumsPage(found, key)
    return SumsPage(found, None)


def _groups(
    connection: Connection, wanted: InventoryFilter, grouping: Grouping, begin: GroupBound | None
) -> Iterator[GroupKey]:
    """The groups that have rows now, in their order; rows are never deleted."""
    names = ", ".join(f"t.{column}" for column in grouping.columns)
    if not names:
        if begin is None or begin.inclusive:
            yield ()
        return
    for piece in GroupWalk(connection, wanted, grouping, skips_empty=False).pieces(begin):
        text = f"SELECT DISTINCT {names} FROM inventory AS t{piece.hint} WHERE {piece.where} ORDER BY {names}"  # noqa: S608
        yield from (tuple(row) for row in fetch(connection, text, piece.parameters))


class _Summing:
    """Sums one group after another."""

    def __init__(
        self, connection: Connection, wanted: InventoryFilter, grouping: Grouping, now_millis: int, at_millis: int
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._grouping = grouping
        self._at_millis = at_millis
        self._now_millis = now_millis
        self._conditions: list[Condition] = wanted.conditions(connection, of_now=False)

    def group(self, key: GroupKey) -> list[StockSum]:
        """The sums of a group."""
        of_group = [equal(column, value) for column, value in zip(self._grouping.columns, key, strict=True)]
        conditions = [*self._conditions, *of_group]
        found: dict[tuple[int, MaterialId, bytes], _Found] = {}
        begin = None
        while True:
            page = walk_page(self._connection, ORDER, conditions, limits.PAGE_SIZE_MAX, begin)
            there = stock_then(self._connection, page.keys, self._at_millis, include_empty=self._wanted.include_empty)
            lots = self._lots(sorted({LotId(lot_id) for _, lot_id in there}))
            for (_, lot_id), millionths in there.items():
                lot = lots[LotId(lot_id)]
                one = found.setdefault((lot.status, lot.material_id, lot.unit_id or b""), _Found())
                one.millionths += millionths
                one.rows += 1
                one.lots.add(lot_id)
            begin = page.next_after
            if begin is None:
                break
        return [
            StockSum(key, status, material_id, UnitId(unit) if unit else None, one.millionths, one.rows, len(one.lots))
            for (status, material_id, unit), one in sorted(found.items(), key=lambda item: item[0])
        ]

    def _lots(self, ids: list[LotId]) -> dict[LotId, _Lot]:
        status, times = shown_status(self._grouping, "inventory_lot")
        assert times <= 1
        shown = status.replace("?", str(self._now_millis))  # a number of ours; keys are the parameters
        select = f"SELECT id, {shown}, material_id, unit_of_measure_id FROM inventory_lot"  # noqa: S608
        return {row[0]: _Lot(*row[1:]) for row in rows_by_key(self._connection, select, "id", ids)}
