"""Stock as it was at a moment, summed from the records whose end is at or before it, and the opening balance.

Rows are never deleted, so the present rows are all that there can be. The list walks those and sums the records of
their lots: those until the moment or, for a lot with many, those since, subtracted from the present stock.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.kinds import BETWEEN_LOTS
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.store.archived import opening_stocks
from lotkeeper_server.store.db.statements import exact_sum, fetch
from lotkeeper_server.store.lists.conditions import IndexValues
from lotkeeper_server.store.lists.inventory import (
    ORDER,
    InventoryFilter,
    InventoryPage,
    key_from,
    read_entries,
    text_of,
)
from lotkeeper_server.store.lists.walking import walk_page

RECORDS_SUMMED_MAX: Final = 8_000
"""The most records that are summed for one page, except for a lot that has more by itself."""
RECORDS_SUMMED_FORWARD_MAX: Final = 2_000
"""If a lot has more until the moment, those since are counted, too: they may be fewer."""
_ROUNDS_MAX: Final = 4
_UNTIL: Final = "<="
_SINCE: Final = ">"

_EDIT: Final = int(LotRecordType.EDIT)
_BETWEEN_LOTS: Final = ", ".join(str(int(one)) for one in sorted(BETWEEN_LOTS))

_Sums = dict[IndexValues, int]


def list_inventory_as_of(
    connection: Connection, wanted: InventoryFilter, at_millis: int, after: bytes, limit: int
) -> InventoryPage:
    """A page of stock at a moment; when and with which record it came is not known then.

    Args:
        connection: a snapshot.
        wanted: which rows, by fields that do not change: not by name.
        at_millis: the moment.
        after: the key after which it begins, of the page before; empty for the first one.
        limit: at most so many; it may hold fewer, or none, without being the last.
    """
    conditions, include_empty = wanted.conditions(connection, of_now=False), wanted.include_empty
    found: _Sums = {}
    begin, budget, size = key_from(after), RECORDS_SUMMED_MAX, limit
    for _ in range(_ROUNDS_MAX):
        page = walk_page(connection, ORDER, conditions, size, begin)
        counts = _counts(connection, {key[1] for key in page.keys}, at_millis, _UNTIL)
        keys, budget = _affordable(page.keys, counts, budget)
        there = _sums(connection, keys, counts, at_millis, include_empty=include_empty)
        for key in keys:
            if key in there and (include_empty or there[key] != 0):
                if len(found) == limit:
                    return _page(connection, found, next(reversed(found)))
                found[key] = there[key]
        begin = keys[-1] if len(keys) < len(page.keys) else page.next_after
        if begin is None or budget <= 0:
            break
        size = min(size * 4, limits.PAGE_SIZE_MAX)
    return _page(connection, found, begin)


def stock_then(
    connection: Connection, keys: Sequence[IndexValues], at_millis: int, *, include_empty: bool
) -> dict[IndexValues, int]:
    """The stock of rows at a moment, in millionths by their keys, without those that a list of then leaves out."""
    counts = _counts(connection, {key[1] for key in keys}, at_millis, _UNTIL)
    there = _sums(connection, keys, counts, at_millis, include_empty=include_empty)
    return {key: there[key] for key in keys if key in there and (include_empty or there[key] != 0)}


def _page(connection: Connection, found: _Sums, next_after: IndexValues | None) -> InventoryPage:
    entries = [
        entry._replace(millionths=found[entry.location_id, entry.lot_id], arrived_millis=None, arrived_record_id=None)
        for entry in read_entries(connection, list(found))
    ]
    return InventoryPage(entries, text_of(next_after))


def _affordable(
    keys: Sequence[IndexValues], counts: Mapping[bytes, int], budget: int
) -> tuple[Sequence[IndexValues], int]:
    """The first keys whose records may still be summed, at least one; and how many records are left after them."""
    seen = set()
    for place, (_, lot_id) in enumerate(keys):
        if lot_id not in seen:
            seen.add(lot_id)
            budget -= counts[lot_id]
            if budget < 0 and place > 0:
                return keys[:place], budget
    return keys, budget


def _sums(
    connection: Connection,
    keys: Sequence[IndexValues],
    counts: Mapping[bytes, int],
    at_millis: int,
    *,
    include_empty: bool,
) -> _Sums:
    """The stock, in millionths, of rows that a record had touched by then; the others are left out."""
    lots = {key[1] for key in keys if counts[key[1]]}
    backward: set[bytes] = set()
    if not include_empty:  # a sum that is not zero was touched; for zero only the records until then can tell
        long = {lot_id for lot_id in lots if counts[lot_id] > RECORDS_SUMMED_FORWARD_MAX}
        since = _counts(connection, long, at_millis, _SINCE)
        backward = {lot_id for lot_id in long if since[lot_id] < counts[lot_id]}
    there = _changes(connection, lots - backward, at_millis, _UNTIL)
    # Everything archived was done by then; when counting back from now, the present stock includes it.
    for key, opening in opening_stocks(connection, [key for key in keys if key[1] not in backward]).items():
        there[key] = there.get(key, 0) + opening
    if backward:
        changed = _changes(connection, backward, at_millis, _SINCE)
        for entry in read_entries(connection, [key for key in keys if key[1] in backward]):
            key = (entry.location_id, entry.lot_id)
            there[key] = entry.millionths - changed.get(key, 0)
    return there


def _counts(connection: Connection, lots: Collection[bytes], at_millis: int, side: str) -> dict[bytes, int]:
    """Records of lots on one side of a moment, by their indexes alone."""
    counts = dict.fromkeys(lots, 0)
    for chunk in _chunks(lots):
        counted = " + ".join(
            f"(SELECT COUNT(*) FROM inventory_lot_record AS r WHERE r.{column} = k.id AND r.moment_millis {side} ?)"  # noqa: S608
            for column in ("lot_id", "secondary_lot_id")
        )
        text = f"WITH k(id) AS (VALUES {_marks(chunk)}) SELECT k.id, {counted} FROM k"  # noqa: S608
        for lot_id, count in fetch(connection, text, (*chunk, at_millis, at_millis)):
            counts[lot_id] = count
    return counts


# Columns by which a lot is found, where it changed and by how much, and the records that do. An EDIT touches its row
# even where it changes nothing; of a SPLIT and a MERGE the secondary lot changes by the opposite.
_CHANGES: Final = (
    (
        "lot_id",
        "source_location_id",
        "r.source_quantity_change",
        f"r.source_quantity_change <> 0 OR r.lot_record_type = {_EDIT}",
    ),
    ("lot_id", "destination_location_id", "r.destination_quantity_change", "r.destination_quantity_change <> 0"),
    ("secondary_lot_id", "source_location_id", "-r.source_quantity_change", f"r.lot_record_type IN ({_BETWEEN_LOTS})"),
)


def _changes(connection: Connection, lots: Collection[bytes], at_millis: int, side: str) -> _Sums:
    """By how much completed records on one side of a moment changed each row of lots that they touched."""
    changed: _Sums = {}
    parts = " UNION ALL ".join(
        f"SELECT r.{location} AS location_id, k.id AS lot_id, {change} AS delta FROM k "  # noqa: S608
        f"JOIN inventory_lot_record AS r ON r.{lot} = k.id AND r.moment_millis {side} ? "
        f"WHERE r.status = {Status.COMPLETED:d} AND r.{location} IS NOT NULL AND ({touches})"
        for lot, location, change, touches in _CHANGES
    )
    for chunk in _chunks(lots):
        text = (
            f"WITH k(id) AS (VALUES {_marks(chunk)}) SELECT location_id, lot_id, {exact_sum(connection, 'delta')} "  # noqa: S608
            f"FROM ({parts}) AS c GROUP BY location_id, lot_id"
        )
        for location_id, lot_id, change in fetch(connection, text, (*chunk, *[at_millis] * len(_CHANGES))):
            changed[location_id, lot_id] = int(change)
    return changed


def _chunks(lots: Collection[bytes]) -> list[list[bytes]]:
    ordered = sorted(lots)
    size = limits.KEYS_PER_STATEMENT_MAX
    return [ordered[begin : begin + size] for begin in range(0, len(ordered), size)]


def _marks(chunk: Sequence[bytes]) -> str:
    return ", ".join("(?)" for _ in chunk)
