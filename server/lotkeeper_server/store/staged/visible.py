"""Leaves out what an import has written and not switched in yet: SQL for whoever finds rows by anything but their id.

Nobody knows the id of a row that is not there yet, and nothing that is there refers to one. So a search by id, and a
walk along references to something that is there, need none of this, but for stock and records of a lot that is there.
Where several transactions write at a time nothing is staged, and the SQL is empty.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from sqlalchemy import Connection, TextClause, text

from lotkeeper_server.store.db.dialects import dialect_of
from lotkeeper_server.store.db.dialects.sqlite import STAGING
from lotkeeper_server.store.db.statements import fetch

NUMBERS: Final[Mapping[str, int]] = {
    "unit_of_measure": 1,
    "material_class": 2,
    "material": 3,
    "unit_of_measure_conversion": 4,
    "material_reason_code": 5,
    "location": 6,
    "production_order": 7,
    "operation": 8,
    "inventory_operation": 9,
    "inventory_lot": 10,
    "inventory_lot_record": 11,
}
"""Tables whose rows may be staged, by the numbers that the store keeps; each refers to earlier ones, and to itself."""
_STOCK: Final = "inventory"
"""A row of stock is staged while the record is that raised it from zero."""


def is_staging(connection: Connection) -> bool:
    """Whether rows have to be left out in this transaction; asked of the store once in each."""
    if dialect_of(connection).capabilities.has_many_writers:
        return False
    known: bool | None = connection.info.get(STAGING)
    if known is None:
        known = bool(fetch(connection, "SELECT 1 FROM staged_import"))
        connection.info[STAGING] = known
    return known


def note_staging(connection: Connection, staging: bool) -> None:
    """What `is_staging` answers until this transaction ends."""
    connection.info[STAGING] = staging


def visible(connection: Connection, table: str, alias: str = "") -> str:
    """The condition that a row is there; empty where all of them are.

    Args:
        connection: a transaction.
        table: that has the rows.
        alias: its name in the statement, if it has one.
    """
    return _condition(table, alias or table) if is_staging(connection) else ""


def and_visible(connection: Connection, table: str, alias: str = "") -> str:
    """The same, behind other conditions."""
    condition = visible(connection, table, alias)
    return f" AND {condition}" if condition else ""


def where_visible(connection: Connection, table: str, alias: str = "") -> str:
    """The same, as a whole WHERE."""
    condition = visible(connection, table, alias)
    return f" WHERE {condition}" if condition else ""


def visible_by(connection: Connection, table: str, by: str) -> str:
    """The same, before the column of a search by key."""
    condition = visible(connection, table)
    return f"{condition} AND {by}" if condition else by


def visible_clauses(connection: Connection, table: str) -> tuple[TextClause, ...]:
    """The same, for a statement of SQLAlchemy's Core."""
    condition = visible(connection, table)
    return (text(condition),) if condition else ()


@cache
def _condition(table: str, alias: str) -> str:
    of, column = ("inventory_lot_record", "arrived_record_id") if table == _STOCK else (table, "id")
    if of not in NUMBERS:
        return ""
    number = NUMBERS[of]
    return f"NOT EXISTS (SELECT 1 FROM staged_row AS s WHERE s.entity = {number} AND s.id = {alias}.{column})"  # noqa: S608
