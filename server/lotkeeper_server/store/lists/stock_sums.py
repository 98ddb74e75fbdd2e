"""Sums of stock by material, lot, location or status, exact, each for one material and one unit of its lots."""

import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.ask.summary import StockSum
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.store.db.statements import fetch, indexed_by, wide, wide_sum
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.lists import grouped_rows
from lotkeeper_server.store.lists.grouped_rows import GroupBound, Grouping, GroupKey, GroupWalk, Piece
from lotkeeper_server.store.lists.inventory import InventoryFilter

_USABLE: Final = ", ".join(str(int(one)) for one in sorted(USABLE))


class SumsPage(NamedTuple):
    """Sums of whole groups in their order, and the last group that was looked at; None at the end."""

    sums: list[StockSum]
    last: GroupKey | None


def shown_status(grouping: Grouping, lots: str) -> tuple[str, int]:
    """SQL of the status that lots show, 0 where it does not matter, and how many times it takes the time of now.

    Args:
        grouping: what is grouped by.
        lots: how the statement calls the table of lots.
    """
    if not grouping.by_status:
        return "0", 0
    return (
        f"CASE WHEN {lots}.status IN ({_USABLE}) AND {lots}.expiration_millis < ? THEN {LotStatus.EXPIRED:d} "
        f"ELSE {lots}.status END"
    ), 1


def sum_stock(
    connection: Connection,
    wanted: InventoryFilter,
    grouping: Grouping,
    begin: GroupBound | None,
    size: int,
    now_millis: int,
) -> SumsPage:
    """A page of sums of present stock.

    Args:
        connection: a snapshot.
        wanted: which rows.
        grouping: by what they are summed.
        begin: where the page begins; None at the first group.
        size: so many groups are enough; there may be fewer, or none, before the end.
        now_millis: the moment by which lots show as EXPIRED.
    """
    walk = GroupWalk(connection, wanted, grouping, skips_empty=not wanted.include_empty)
    found: list[StockSum] = []
    groups, begun = 0, time.monotonic()
    for piece in walk.pieces(begin):
        for one in _sums(connection, piece, grouping, now_millis):
            if not found or found[-1].key != one.key:
                if groups > size:
                    return SumsPage(found, found[-1].key)
                groups += 1
            found.append(one)
        if piece.last is None or groups > size or time.monotonic() - begun >= grouped_rows.SECONDS_PER_PAGE_MAX:
            if piece.last is None or within(connection) is None:
                return SumsPage(found, piece.last)
            if found:  # the next page begins after a group that the caller sees: a token must not tell of others
                return SumsPage(found, found[-1].key)
    return SumsPage(found, None)


def _joined(connection: Connection, piece: Piece) -> str:
    """Rows and their lots, the leading one first. Where all are read, the lots lead: their rows lie in their order."""
    lots, rows = "inventory_lot AS l", "inventory AS t"
    if piece.is_everything:
        return f"{lots} CROSS JOIN {rows}{indexed_by(connection, 'ix_inventory_lot_id')}"
    return f"{rows}{piece.hint} CROSS JOIN {lots}"


def _sums(connection: Connection, piece: Piece, grouping: Grouping, now_millis: int) -> Iterator[StockSum]:
    """The sums of a piece's groups, in their order."""
    status, times = shown_status(grouping, "l")
    material, joined = "t.material_id", ""
    if not grouping.of_one_material:  # a place may hold a thousand materials, mostly in their own units
        material = "CASE WHEN l.unit_of_measure_id = m.unit_of_measure_id THEN NULL ELSE t.material_id END"
        joined = " JOIN material AS m ON m.id = t.material_id"
    names = [f"t.{column}" for column in grouping.columns]
    keys = "".join(f"{name}, " for name in names)
    width = len(names)
    places = ", ".join(str(number) for number in range(1, width + 4))
    text = (
        f"SELECT {keys}{status}, {material}, l.unit_of_measure_id, {wide_sum(connection, 't.quantity')}, "  # noqa: S608
        "COUNT(*), COUNT(DISTINCT t.lot_id) "
        f"FROM {_joined(connection, piece)}{joined} WHERE l.id = t.lot_id AND {piece.where} "
        f"GROUP BY {places} ORDER BY {places}"
    )
    for row in fetch(connection, text, (*[now_millis] * times, *piece.parameters)):
        key, (shown, material_id, unit_id, large, small, rows, lots) = tuple(row[:width]), row[width:]
        yield StockSum(key, shown, material_id, unit_id, wide(large, small), rows, lots)
