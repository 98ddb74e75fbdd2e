"""What a program of an earlier schema leaves behind if it goes on writing after a migration.

It knows nothing of columns and tables that the migration has made: it leaves defaults, or nothing, where a newer
program keeps something that follows from the records. Since schema 0012 the store itself ends such programs. Edges of
the genealogy that are missing altogether are found by the comparison of sums.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import MILLIONTHS_PER_UNIT, decimal_text
from lotkeeper_server.domain.model.text import name_form, path_form
from lotkeeper_server.store.archive.records import REFERENCES
from lotkeeper_server.store.db.statements import fetch, not_ascii
from lotkeeper_server.store.schema.tables import inventory_lot_record
from lotkeeper_server.store.staged.visible import and_visible

NOTES_SHOWN_MAX: Final = 1_000

# Before 0002: a record that moved something is part of no trace without its quantity in the lot's unit. Where neither
# stock nor a total has changed, it is that of the record, if the units are the same.
QUANTITIES: Final = """
    SELECT 'record without its quantity in the unit of its lot', NULL, r.id, NULL, NULL
      FROM inventory_lot_record AS r JOIN inventory_lot AS l ON l.id = r.lot_id
      WHERE r.status = 3 AND r.lot_quantity = 0
        AND (r.source_quantity_change <> 0 OR r.destination_quantity_change <> 0 OR r.lot_total_change <> 0
          OR r.quantity <> 0 AND r.unit_of_measure_id = l.unit_of_measure_id)
"""
# Before 0007: a row of stock that does not know of its latest record lets falls of before that go below zero. What was
# received and consumed at once has made no row, and raised none: two records of one moment, each the other's opposite,
# where not one of them is archived.
_LATER: Final = """
    SELECT 'stock that does not know its latest end', i.location_id, i.lot_id, NULL, NULL
      FROM inventory AS i
      WHERE EXISTS (SELECT 1 FROM inventory_lot_record AS r
        WHERE r.{lot} = i.lot_id AND r.moment_millis > COALESCE(i.latest_end_millis, -1) AND r.status = 3 AND {touches}
          AND r.moment_millis > COALESCE((SELECT until_millis FROM archive_state WHERE id = 1), -1)
          AND NOT EXISTS (SELECT 1 FROM inventory_lot_record AS o
            WHERE o.lot_id = r.lot_id AND o.moment_millis = r.moment_millis AND o.status = 3
              AND (o.destination_location_id = r.source_location_id
                  AND o.destination_quantity_change = -r.source_quantity_change
                OR o.source_location_id = r.destination_location_id
                  AND o.source_quantity_change = -r.destination_quantity_change)))
"""
_AT_SOURCE: Final = "r.source_location_id = i.location_id AND r.source_quantity_change <> 0"
LATEST_ENDS: Final = " UNION ".join(
    _LATER.replace("{lot}", lot).replace("{touches}", touches)
    for lot, touches in (
        ("lot_id", _AT_SOURCE),
        ("lot_id", "r.destination_location_id = i.location_id AND r.destination_quantity_change <> 0"),
        ("secondary_lot_id", f"{_AT_SOURCE} AND r.lot_record_type IN {{between_lots}}"),
    )
)
_REFERRED: Final = sorted(
    {key.column.table.name for name in REFERENCES for key in inventory_lot_record.c[name].foreign_keys}
)
# Before 0003: a program that knows of no archive deletes what only archived records refer to.
ARCHIVED_REFERENCES: Final = (
    "SELECT 'thing that archived records refer to and that is gone', NULL, a.id, NULL, NULL "  # noqa: S608
    "FROM archived_reference AS a WHERE "
    + " AND ".join(f"NOT EXISTS (SELECT 1 FROM {table} AS t WHERE t.id = a.id)" for table in _REFERRED)  # noqa: S608
)
_NAMES: Final = (
    ("unit_of_measure", "name"),
    ("unit_of_measure", "symbol"),
    ("material_class", "path"),
    ("material", "path"),
    ("material_reason_code", "reason_code"),
    ("location", "path"),
    ("operation", "name"),
    ("production_order", "name"),
    ("inventory_operation", "name"),
    ("inventory_lot", "name"),
)


def notes(connection: Connection) -> list[str]:
    """What is no difference, and yet may be in nobody's way only by chance: one line each, a thousand at most.

    Names that are not in their one form, which no look-up by name finds since 0011; that migration may have left some.
    Broken stock in a unit of whole numbers since 0008, which the reversal of an old record may also leave.

    Args:
        connection: a snapshot of a store.
    """
    found: list[str] = []
    for line in (*_names(connection), *_broken_stock(connection)):
        if len(found) == NOTES_SHOWN_MAX:
            break
        found.append(line)
    return found


def _names(connection: Connection) -> Iterator[str]:
    for table, column in _NAMES:
        shown = and_visible(connection, table, "t")
        where = not_ascii(connection, f"t.{column}")
        text = f"SELECT t.id, t.{column} FROM {table} AS t WHERE {where}{shown} ORDER BY t.id"  # noqa: S608
        form_of = path_form if column == "path" else name_form
        for identifier, name in fetch(connection, text):
            if form_of(name) != name:
                which = f"{table} {format_id(identifier)}"
                yield f"{which}: its {column} {name} is not in the form by which it is looked up"


def _broken_stock(connection: Connection) -> Iterator[str]:
    text = (
        "SELECT i.location_id, i.lot_id, i.quantity FROM unit_of_measure AS u "  # noqa: S608
        "JOIN inventory_lot AS l ON l.unit_of_measure_id = u.id JOIN inventory AS i ON i.lot_id = l.id "
        f"WHERE u.whole_only AND i.quantity % {MILLIONTHS_PER_UNIT} <> 0{and_visible(connection, 'inventory', 'i')} "
        f"ORDER BY i.location_id, i.lot_id LIMIT {NOTES_SHOWN_MAX}"
    )
    for location_id, lot_id, millionths in fetch(connection, text):
        where = f"lot {format_id(lot_id)} at {format_id(location_id)}"
        yield f"{where}: {decimal_text(millionths)} in a unit of whole numbers"
