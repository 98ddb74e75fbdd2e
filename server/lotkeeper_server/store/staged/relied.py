"""Whether what an import relies on has changed since it was read."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.schema.coordination_tables import definition_change
from lotkeeper_server.store.schema.tables import NO_ID
from lotkeeper_server.store.state.definitions import read_versions

Relied = Mapping[str, Collection[Id]]
"""Ids of what was there already, by table."""
_READ_AS_A_WHOLE: Final = frozenset({"unit_of_measure", "unit_of_measure_conversion"})
"""Tables that quantities are converted by: any change of what was there counts."""
_LARGEST: Final = 2**63 - 1


def references_of(table: Table, rows: Iterable[Mapping[str, Any]]) -> dict[str, set[Id]]:
    """What rows refer to, by table."""
    found: dict[str, set[Id]] = defaultdict(set)
    columns = [(column.name, key.column.table.name) for column in table.c for key in column.foreign_keys]
    for row in rows:
        for name, target in columns:
            if row[name] is not None:
                found[target].add(row[name])
    return found


def have_definitions_changed(
    connection: Connection, since: int, relied: Callable[[], Relied], also_new: Collection[str] = ()
) -> bool:
    """Whether another transaction has changed or deleted a definition that was relied on.

    What others have created meanwhile does not count: a name that both want is refused by its index.

    Args:
        connection: a transaction.
        since: the version of definitions when they were read.
        relied: says which ones, if anything has changed.
        also_new: tables where what others have made counts, too.
    """
    now = read_versions(connection).definitions
    if now == since:
        return False
    changed = definition_change.c
    rows = connection.execute(
        select(changed.version, changed.entity, changed.entity_id).where(changed.version > since)
    ).all()
    if len({row.version for row in rows}) != now - since:
        return True  # the list does not reach back so far
    ids_by_table = relied()
    return any(
        row.entity in _READ_AS_A_WHOLE
        or row.entity in also_new
        or row.entity_id in (ids := ids_by_table.get(row.entity, ()))
        or (row.entity_id == NO_ID and ids)
        for row in rows
    )


def has_stock_moved(connection: Connection, since: int, lots: Collection[Id], locations: Collection[Id]) -> bool:
    """Whether a record that came after a number touches one of these lots or locations.

    Args:
        connection: a transaction.
        since: the effect order of the latest completion when stock was read.
        lots: those that were read.
        locations: those whose stock was read.
    """
    text = (
        "SELECT lot_id, secondary_lot_id, source_location_id, destination_location_id FROM inventory_lot_record "  # noqa: S608
        "WHERE status = 3 AND effect_order > ? "
        f"AND effect_order < COALESCE((SELECT first_order FROM staged_import), {_LARGEST})"
    )
    return any(
        row[0] in lots or row[1] in lots or row[2] in locations or row[3] in locations
        for row in fetch(connection, text, (since,))
    )
