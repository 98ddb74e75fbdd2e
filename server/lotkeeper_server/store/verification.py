"""Proves on a store, while it serves, that stock, totals, counts and genealogy are sums of the completed records."""

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain.kinds import BETWEEN_LOTS, INTO_PRIMARY, THROUGH_ORDER
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.store.db.statements import exact_sum, fetch
from lotkeeper_server.store.left_behind import ARCHIVED_REFERENCES, LATEST_ENDS, QUANTITIES, notes
from lotkeeper_server.store.staged.visible import is_staging, where_visible

DIFFERENCES_SHOWN_MAX: Final = 1_000
_SUM: Final = re.compile(r"\{sum\((\w+)\)\}")
_TABLE: Final = re.compile(
    r"(FROM|JOIN) (inventory|inventory_lot|inventory_lot_record|production_order)\b(?: AS (\w+))?"
)

# Each record changes its primary lot at its source and at its destination; if it is between lots, the secondary lot
# changes at the source by the opposite.
_CHANGES: Final = """
    SELECT source_location_id AS location_id, lot_id, source_quantity_change AS delta
      FROM inventory_lot_record WHERE status = 3 AND source_quantity_change <> 0
    UNION ALL
    SELECT destination_location_id, lot_id, destination_quantity_change
      FROM inventory_lot_record WHERE status = 3 AND destination_quantity_change <> 0
    UNION ALL
    SELECT source_location_id, secondary_lot_id, -source_quantity_change
      FROM inventory_lot_record WHERE status = 3 AND source_quantity_change <> 0 AND lot_record_type IN {between_lots}
    UNION ALL
    SELECT location_id, lot_id, quantity FROM opening_stock
"""


_STOCK: Final = """
    WITH summed AS (SELECT location_id, lot_id, {sum(delta)} AS quantity FROM ({changes}) AS c GROUP BY 1, 2)
    SELECT 'stock', i.location_id, i.lot_id, i.quantity, COALESCE(s.quantity, 0)
      FROM inventory AS i LEFT JOIN summed AS s ON s.location_id = i.location_id AND s.lot_id = i.lot_id
      WHERE i.quantity <> COALESCE(s.quantity, 0)
    UNION ALL
    SELECT 'stock', s.location_id, s.lot_id, 0, s.quantity
      FROM summed AS s LEFT JOIN inventory AS i ON s.location_id = i.location_id AND s.lot_id = i.lot_id
      WHERE i.lot_id IS NULL AND s.quantity <> 0
"""
_TOTALS: Final = """
    WITH summed AS (
      SELECT lot_id, {sum(delta)} AS total FROM (
        SELECT CASE WHEN lot_record_type = 5 THEN secondary_lot_id ELSE lot_id END AS lot_id, lot_total_change AS delta
          FROM inventory_lot_record WHERE status = 3 AND lot_total_change <> 0
        UNION ALL SELECT lot_id, quantity FROM opening_lot_total) AS c GROUP BY lot_id)
    SELECT 'total', NULL, l.id, l.total_quantity, COALESCE(s.total, 0)
      FROM inventory_lot AS l LEFT JOIN summed AS s ON s.lot_id = l.id
      WHERE l.total_quantity <> COALESCE(s.total, 0)
"""
_COUNTS: Final = """
    WITH summed AS (
      SELECT production_order_id, {sum(delta)} AS counted FROM (
        SELECT production_order_id, order_count_change AS delta
          FROM inventory_lot_record WHERE status = 3 AND order_count_change <> 0
        UNION ALL SELECT production_order_id, quantity FROM opening_order_count) AS c GROUP BY production_order_id)
    SELECT 'quantity_produced', NULL, o.id, o.quantity_produced, COALESCE(s.counted, 0)
      FROM production_order AS o LEFT JOIN summed AS s ON s.production_order_id = o.id
      WHERE o.quantity_produced <> COALESCE(s.counted, 0)
"""
_EDGES: Final = """
    WITH summed AS (
      SELECT from_lot_id, to_lot_id, lot_record_type, {sum(part)} AS quantity, SUM(parts) AS record_count
        FROM (
          SELECT CASE WHEN lot_record_type IN {into_primary} THEN secondary_lot_id ELSE lot_id END AS from_lot_id,
                 CASE WHEN lot_record_type IN {into_primary} THEN lot_id ELSE secondary_lot_id END AS to_lot_id,
                 lot_record_type, lot_quantity AS part, 1 AS parts
            FROM inventory_lot_record
            WHERE status = 3 AND secondary_lot_id IS NOT NULL AND lot_quantity > 0
              AND reverses_record_id IS NULL AND reversed_by_record_id IS NULL
          UNION ALL SELECT from_lot_id, to_lot_id, lot_record_type, quantity, record_count FROM opening_edge) AS c
        GROUP BY from_lot_id, to_lot_id, lot_record_type)
    SELECT 'genealogy', NULL, e.from_lot_id, e.quantity, COALESCE(s.quantity, 0)
      FROM lot_edge AS e LEFT JOIN summed AS s
        ON s.from_lot_id = e.from_lot_id AND s.to_lot_id = e.to_lot_id AND s.lot_record_type = e.lot_record_type
      WHERE e.quantity <> COALESCE(s.quantity, 0) OR e.record_count <> COALESCE(s.record_count, 0)
    UNION ALL
    SELECT 'genealogy', NULL, s.from_lot_id, 0, s.quantity
      FROM summed AS s LEFT JOIN lot_edge AS e
        ON s.from_lot_id = e.from_lot_id AND s.to_lot_id = e.to_lot_id AND s.lot_record_type = e.lot_record_type
      WHERE e.from_lot_id IS NULL
"""
_ORDER_EDGES: Final = """
    WITH summed AS (
      SELECT lot_id, lot_record_type, production_order_id, {sum(part)} AS quantity, SUM(parts) AS record_count
        FROM (
          SELECT lot_id, lot_record_type, production_order_id, lot_quantity AS part, 1 AS parts
            FROM inventory_lot_record
            WHERE status = 3 AND production_order_id IS NOT NULL AND secondary_lot_id IS NULL AND lot_quantity > 0
              AND lot_record_type IN {through_order}
              AND reverses_record_id IS NULL AND reversed_by_record_id IS NULL
          UNION ALL
          SELECT lot_id, lot_record_type, production_order_id, quantity, record_count FROM opening_order_edge) AS c
        GROUP BY lot_id, lot_record_type, production_order_id)
    SELECT 'genealogy by order', NULL, e.lot_id, e.quantity, COALESCE(s.quantity, 0)
      FROM order_edge AS e LEFT JOIN summed AS s
        ON s.lot_id = e.lot_id AND s.lot_record_type = e.lot_record_type
          AND s.production_order_id = e.production_order_id
      WHERE e.quantity <> COALESCE(s.quantity, 0) OR e.record_count <> COALESCE(s.record_count, 0)
    UNION ALL
    SELECT 'genealogy by order', NULL, s.lot_id, 0, s.quantity
      FROM summed AS s LEFT JOIN order_edge AS e
        ON s.lot_id = e.lot_id AND s.lot_record_type = e.lot_record_type
          AND s.production_order_id = e.production_order_id
      WHERE e.lot_id IS NULL
"""
_RUNS: Final = """
    SELECT 'RUNNING without its record', NULL, r.operation_id, NULL, NULL
      FROM inventory_operation_run AS r
      LEFT JOIN inventory_lot_record AS l
        ON l.id = r.current_record_id AND l.status = 2 AND l.inventory_operation_id = r.operation_id
      WHERE r.status = 2 AND l.id IS NULL
    UNION ALL
    SELECT 'RUNNING record without its operation', NULL, l.id, NULL, NULL
      FROM inventory_lot_record AS l
      LEFT JOIN inventory_operation_run AS r ON r.current_record_id = l.id
      WHERE l.status = 2 AND r.operation_id IS NULL
"""
_REQUESTS: Final = """
    WITH RECURSIVE kept(record_ids, at) AS (
      SELECT record_ids, 1 FROM request WHERE LENGTH(record_ids) > 0
      UNION ALL SELECT record_ids, at + 16 FROM kept WHERE at + 16 < LENGTH(record_ids))
    SELECT 'record of a kept request id that is not there', NULL, SUBSTR(k.record_ids, k.at, 16), NULL, NULL
      FROM kept AS k LEFT JOIN inventory_lot_record AS l ON l.id = SUBSTR(k.record_ids, k.at, 16)
      WHERE l.id IS NULL
"""
_OF_SUMS: Final = (_STOCK, _TOTALS, _COUNTS, _EDGES, _ORDER_EDGES, _RUNS, _REQUESTS)
_OF_VERSIONS: Final = (QUANTITIES, LATEST_ENDS, ARCHIVED_REFERENCES)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between a stored value and the sum of its records. Quantities are in millionths."""

    what: str
    location_id: bytes | None
    id: bytes
    stored: int | None
    summed: int | None

    def __str__(self) -> str:
        at = f" at {format_id(self.location_id)}" if self.location_id else ""
        if self.stored is None or self.summed is None:
            return f"{self.what}: {format_id(self.id)}{at}"
        stored, summed = decimal_text(self.stored), decimal_text(self.summed)
        return f"{self.what} of {format_id(self.id)}{at}: {stored} is stored, the records say {summed}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and what differs: at most the first thousand differences, and of `left_behind.notes`."""

    records: int
    rows: int
    lots: int
    differences: list[Difference]
    notes: list[str]


def verify(connection: Connection) -> Verification:
    """Sums the records and compares every stock, total, count, edge of the genealogy and run.

    It also looks for what a program leaves behind that is older than the schema.

    Args:
        connection: a snapshot of a store, which may serve at the same time.
    """
    differences: list[Difference] = []
    for text in (*_OF_SUMS, *_OF_VERSIONS):
        found = fetch(connection, f"{_with_sums(connection, text)} LIMIT {DIFFERENCES_SHOWN_MAX}")
        differences.extend(
            Difference(what, location_id, identifier, _whole(stored), _whole(summed))
            for what, location_id, identifier, stored, summed in found
        )
    records, rows, lots = (
        int(fetch(connection, f"SELECT COUNT(*) FROM {table}{where_visible(connection, table)}")[0][0])  # noqa: S608
        for table in ("inventory_lot_record", "inventory", "inventory_lot")
    )
    return Verification(records, rows, lots, differences[:DIFFERENCES_SHOWN_MAX], notes(connection))


def _with_sums(connection: Connection, text: str) -> str:
    """Fills in the changes, the types of record, and for `{sum(COLUMN)}` a sum that does not overflow."""
    text = text.replace("{changes}", _CHANGES)
    if is_staging(connection):
        text = _TABLE.sub(lambda match: f"{match[1]} {_only_visible(connection, match[2], match[3])}", text)
    of_types = {"{between_lots}": BETWEEN_LOTS, "{into_primary}": INTO_PRIMARY, "{through_order}": THROUGH_ORDER}
    for name, types in of_types.items():
        text = text.replace(name, f"({', '.join(str(int(one)) for one in sorted(types))})")
    return _SUM.sub(lambda match: exact_sum(connection, match[1]), text)


def _only_visible(connection: Connection, table: str, alias: str | None) -> str:
    shown = where_visible(connection, table)
    return f"(SELECT * FROM {table}{shown}) AS {alias or table}"  # noqa: S608 - constants


def _whole(value: Any) -> int | None:
    """A whole number; a database may give a sum as a decimal without decimals."""
    return None if value is None else int(value)
