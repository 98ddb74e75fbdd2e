"""A private copy of a part of a store, in memory, for trying changes without making them: nobody waits for it.

It is kept in SQLite, for every kind of store. References are not enforced in it, since not everything is copied.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Table, create_engine
from sqlalchemy.pool import StaticPool

from lotkeeper_server.store.db.statements import columns_of, fetch, insert_of, rows_by_key, write_many
from lotkeeper_server.store.entities.opened import first_records
from lotkeeper_server.store.schema import archive_tables, coordination_tables, tables
from lotkeeper_server.store.staged.visible import and_visible, visible_by, where_visible

_DEFINITIONS: Final = (
    tables.unit_of_measure,
    tables.unit_of_measure_conversion,
    tables.material_class,
    tables.material,
    tables.material_reason_code,
    tables.location,
    tables.operation,
    tables.production_order,
    tables.inventory_operation,
    tables.inventory_operation_run,
    coordination_tables.store_state,
)


@contextmanager
def scratch(
    connection: Connection, lot_ids: Collection[bytes], location_ids: Collection[bytes]
) -> Iterator[Connection]:
    """A copy of every definition, of some lots, and of the stock at some locations with the lots that lie there.

    A lot with records has one of them in the copy: enough to see that it has some. Beside it are the first ones at
    these locations, which say what was opened there.

    Args:
        connection: a transaction, which is only read.
        lot_ids: lots to copy.
        location_ids: whose stock to copy.
    """
    engine = create_engine(
        "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    try:
        with engine.connect() as copy, copy.begin():
            tables.metadata.create_all(copy)
            for table in _DEFINITIONS:
                shown = where_visible(connection, table.name)
                rows = fetch(connection, f"SELECT {', '.join(columns_of(table))} FROM {table.name}{shown}")  # noqa: S608
                _insert(copy, table, rows)
            set_of_lots = set(lot_ids)
            stock = _copy(connection, copy, tables.inventory, "location_id", location_ids)
            _copy(connection, copy, tables.inventory_lot, "id", {*lot_ids, *(row[1] for row in stock)})
            opened = {(row[0], row[1]) for row in stock if row[1] in set_of_lots}
            records = _one_record_each(connection, lot_ids) | first_records(connection, opened)
            _copy(connection, copy, tables.inventory_lot_record, "id", records)
            _copy(connection, copy, archive_tables.archived_reference, "id", lot_ids)
            _copy(connection, copy, archive_tables.opening_stock, "lot_id", lot_ids)
            yield copy
    finally:
        engine.dispose()


def _copy(
    connection: Connection, copy: Connection, table: Table, by: str, keys: Collection[bytes]
) -> list[tuple[bytes, ...]]:
    names = columns_of(table)
    select = f"SELECT {', '.join(names)} FROM {table.name}"  # noqa: S608 - the schema's own names
    by = visible_by(connection, table.name, by)
    rows: set[tuple[Any, ...]] = {tuple(row) for row in rows_by_key(connection, select, by, sorted(keys))}
    _insert(copy, table, sorted(rows, key=lambda row: (row[0], row[1])))
    return list(rows)


def _one_record_each(connection: Connection, lot_ids: Collection[bytes]) -> set[bytes]:
    shown = and_visible(connection, "inventory_lot_record", "r")
    select = (
        f"SELECT (SELECT r.id FROM inventory_lot_record AS r WHERE r.lot_id = inventory_lot.id{shown} LIMIT 1), "  # noqa: S608
        f"(SELECT r.id FROM inventory_lot_record AS r WHERE r.secondary_lot_id = inventory_lot.id{shown} LIMIT 1) "
        "FROM inventory_lot"
    )
    return {
        record_id for row in rows_by_key(connection, select, "id", sorted(lot_ids)) for record_id in row if record_id
    }


def _insert(copy: Connection, table: Table, rows: Collection[Sequence[Any]]) -> None:
    write_many(copy, insert_of(table), [tuple(row) for row in rows])
