"""What was opened: the EDIT that is the first record of a lot at a location gave its row the opening stock."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.archived import opening_stocks
from lotkeeper_server.store.db.statements import rows_by_columns, rows_by_key
from lotkeeper_server.store.schema.tables import inventory
from lotkeeper_server.store.staged.visible import and_visible

_FIRST: Final = (
    "(SELECT r.id FROM inventory_lot_record AS r WHERE r.{column} = t.lot_id AND r.status = 3 "
    "AND (r.source_location_id = t.location_id OR r.destination_location_id = t.location_id){shown} "
    "ORDER BY r.effect_order LIMIT 1)"
)
_ROW: Final = ("location_id", "lot_id")
_RECORD: Final = (
    "SELECT id, lot_record_type, effect_order, source_location_id, source_quantity_change, reversed_by_record_id "
    "FROM inventory_lot_record"
)


class Opened(NamedTuple):
    """What a row of inventory was opened with, and what it has now, in millionths.

    Attributes:
        opened: 0 where its first record was something else, or was reversed; None where that record is archived.
        now: its stock.
    """

    opened: int | None
    now: int


NEVER: Final = Opened(0, 0)
"""A row that is not there."""


def opened_stocks(connection: Connection, keys: Collection[tuple[Id, Id]]) -> dict[tuple[Id, Id], Opened]:
    """What rows of inventory were opened with, by location and lot; rows that are not there are left out."""
    rows = _with_first_records(connection, keys)
    wanted = sorted({one for _, *firsts in rows.values() for one in firsts if one is not None})
    records = {row[0]: row[1:] for row in rows_by_key(connection, _RECORD, "id", wanted)}
    archived = opening_stocks(connection, list(rows))
    found = {}
    for key, (now, *firsts) in rows.items():
        known = [records[one] for one in firsts if one is not None]
        opened = None if key in archived else 0
        if opened is not None and known:
            kind, _, location_id, change, reversed_by = min(known, key=lambda record: record[1])
            if kind == LotRecordType.EDIT and location_id == key[0] and reversed_by is None:
                opened = change
        found[key] = Opened(opened, now)
    return found


def first_records(connection: Connection, keys: Collection[tuple[Id, Id]]) -> set[Id]:
    """The ids of the records that `opened_stocks` looks at."""
    return {one for _, *firsts in _with_first_records(connection, keys).values() for one in firsts if one is not None}


def _with_first_records(
    connection: Connection, keys: Collection[tuple[Id, Id]]
) -> dict[tuple[Id, Id], tuple[int, Id | None, Id | None]]:
    """Each row's stock, and its first records with the lot as primary and as secondary one."""
    shown = and_visible(connection, "inventory_lot_record", "r")
    firsts = [_FIRST.replace("{column}", one).replace("{shown}", shown) for one in ("lot_id", "secondary_lot_id")]
    rows = rows_by_columns(connection, (*_ROW, "quantity", *firsts), inventory, _ROW, sorted(keys))
    return {(location_id, lot_id): (now, first, other) for location_id, lot_id, now, first, other in rows}
