"""Stock as it was at a moment, summed from the records whose end is at or before it.

Which rows there can be is what there is now, since rows stay; so the list walks those, and sums the records of their
lots: those until the moment, or, of a lot with many, those since, taken from what there is now.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.enumerations import LotRecordType, Status
from lotkeeper_server.store.conditions import Condition, Key
from lotkeeper_server.store.inventory_listing import (
    ORDER,
    InventoryEntry,
    InventoryPage,
    key_from,
    read_entries,
    text_of,
)
from lotkeeper_server.store.statements import fetch
from lotkeeper_server.store.verification import exact_sum
from lotkeeper_server.store.walking import walk_page

RECORDS_SUMMED_MAX: Final = 20_000
"""For one page, but for a lot that has more by itself."""
RECORDS_SUMMED_FORWARD_MAX: Final = 2_000
"""Of a lot with more until the moment, those since are counted, too: they may be fewer."""
_ROUNDS_MAX: Final = 4
_UNTIL: Final = "<="
_SINCE: Final = ">"

_EDIT: Final = int(LotRecordType.EDIT)
_SPLITS: Final = f"{LotRecordType.SPLIT:d}, {LotRecordType.MERGE:d}"

_Sums = dict[Key, int]


def list_inventory_as_of(
    connection: Connection,
    conditions: Sequence[Condition],
    at_millis: int,
    after: bytes,
    limit: int,
    *,
    include_empty: bool,
) -> InventoryPage:
    """A page of stock as it was; when and with which record it came is not among what is summed.

    Args:
        connection: a snapshot.
        conditions: on `inventory`, on what does not change.
        at_millis: the moment.
        after: the key after which it begins, of the page before; empty for the first one.
        limit: at most so many; it may hold fewer, or none, and yet not be the last.
        include_empty: whether rows of exactly zero come.
    """
    found: _Sums = {}
    begin, summed = key_from(after), 0
    for _ in range(_ROUNDS_MAX):
        page = walk_page(connection, ORDER, conditions, limit, begin)
        keys, records = _affordable(connection, page.keys, at_millis, RECORDS_SUMMED_MAX - summed)
        summed += records
        there = _sums(connection, keys, at_millis, include_empty=include_empty)
        for key in keys:
            if key in there and (include_empty or there[key] != 0):
                if len(found) == limit:
                    return _page(connection, found, next(reversed(found)))
                found[key] = there[key]
        begin = keys[-1] if len(keys) < len(page.keys) else page.next_after
        if begin is None or summed >= RECORDS_SUMMED_MAX:
            break
    return _page(connection, found, begin)


def _page(connection: Connection, found: _Sums, next_after: Key | None) -> InventoryPage:
    entries = [
        entry._replace(millionths=found[entry.location_id, entry.lot_id], arrived_millis=None, arrived_record_id=None)
        for entry in read_entries(connection, list(found))
    ]
    return InventoryPage(entries, text_of(next_after))


def _affordable(
    connection: Connection, keys: Sequence[Key], at_millis: int, records_max: int
) -> tuple[Sequence[Key], int]:
    """As many of the first keys as can be summed, at least one, and how many records that takes."""
    counts = _counts(connection, {key[1] for key in keys}, at_millis, _UNTIL)
    total = 0
    seen = set()
    for place, (_, lot_id) in enumerate(keys):
        if lot_id not in seen:
            seen.add(lot_id)
            total += counts[lot_id]
            if total > records_max and place > 0:
                return keys[:place], total
    return keys, total


def _sums(connection: Connection, keys: Sequence[Key], at_millis: int, *, include_empty: bool) -> _Sums:
    """What there was, in millionths, of rows that a record had touched by then; none of the others."""
    lots = {key[1] for key in keys}
    backward = set() if include_empty else _shorter_since(connection, lots, at_millis)
    there = _changes(connection, lots - backward, at_millis, _UNTIL)
    since = _changes(connection, backward, at_millis, _SINCE)
    if backward:
        now = {(entry.location_id, entry.lot_id): entry.millionths for entry in _entries_of(connection, keys, backward)}
        there |= {key: millionths - since.get(key, 0) for key, millionths in now.items()}
    return there


def _entries_of(connection: Connection, keys: Sequence[Key], lots: Collection[bytes]) -> list[InventoryEntry]:
    return read_entries(connection, [key for key in keys if key[1] in lots])


def _shorter_since(connection: Connection, lots: Collection[bytes], at_millis: int) -> set[bytes]:
    """Lots with many records until a moment and fewer since: what is not zero then is sure to have been touched."""
    until = _counts(connection, lots, at_millis, _UNTIL)
    long = {lot_id for lot_id in lots if until[lot_id] > RECORDS_SUMMED_FORWARD_MAX}
    since = _counts(connection, long, at_millis, _SINCE)
    return {lot_id for lot_id in long if since[lot_id] < until[lot_id]}


def _counts(connection: Connection, lots: Collection[bytes], at_millis: int, side: str) -> dict[bytes, int]:
    """Records of lots on one side of a moment, by their indexes alone."""
    counts = dict.fromkeys(lots, 0)
    for chunk in _chunks(lots):
        counted = " + ".join(
            f"(SELECT COUNT(*) FROM inventory_lot_record AS r WHERE r.{column} = k.id AND r.moment_millis {side} ?)"  # noqa: S608
            for column in ("lot_id", "secondary_lot_id")
        )
        text = f"WITH k(id) AS (VALUES {_marks(chunk)}) SELECT k.id, {counted} FROM k"  # noqa: S608
        counts.update(fetch(connection, text, (*chunk, at_millis, at_millis)))
    return counts


# Columns by which a lot is found, where it changed and by how much, and the records that do. An EDIT touches its row even
# where it changes nothing; of a SPLIT and a MERGE the secondary lot changes by the opposite.
_CHANGES: Final = (
    (
        "lot_id",
        "source_location_id",
        "r.source_quantity_change",
        f"r.source_quantity_change <> 0 OR r.lot_record_type = {_EDIT}",
    ),
    ("lot_id", "destination_location_id", "r.destination_quantity_change", "r.destination_quantity_change <> 0"),
    ("secondary_lot_id", "source_location_id", "-r.source_quantity_change", f"r.lot_record_type IN ({_SPLITS})"),
)


def _changes(connection: Connection, lots: Collection[bytes], at_millis: int, side: str) -> _Sums:
    """By how much completed records on one side of a moment changed each row of lots that they touched."""
    changed: _Sums = {}
    parts = " UNION ALL ".join(
        f"SELECT r.{location} AS location_id, k.id AS lot_id, {change} AS change FROM k "  # noqa: S608
        f"CROSS JOIN inventory_lot_record AS r ON r.{lot} = k.id AND r.moment_millis {side} ? "
        f"WHERE r.status = {Status.COMPLETED:d} AND r.{location} IS NOT NULL AND ({touches})"
        for lot, location, change, touches in _CHANGES
    )
    for chunk in _chunks(lots):
        text = (
            f"WITH k(id) AS (VALUES {_marks(chunk)}) SELECT location_id, lot_id, {exact_sum('change')} "  # noqa: S608
            f"FROM ({parts}) AS c GROUP BY location_id, lot_id"
        )
        for location_id, lot_id, change in fetch(connection, text, (*chunk, *[at_millis] * len(_CHANGES))):
            changed[location_id, lot_id] = change
    return changed


def _chunks(lots: Collection[bytes]) -> list[list[bytes]]:
    ordered = sorted(lots)
    size = limits.KEYS_PER_STATEMENT_MAX
    return [ordered[begin : begin + size] for begin in range(0, len(ordered), size)]


def _marks(chunk: Sequence[bytes]) -> str:
    return ", ".join("(?)" for _ in chunk)
