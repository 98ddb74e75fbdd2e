"""What records sum up to: stock, lots' totals, orders' counts, edges of the genealogy, and how many refer to what.

The sums of archived records are kept in the store. They are added up here once, for archiving and for verifying alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table

from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.genealogy import edge_key
from lotkeeper_server.store.db.statements import columns_of, fetch, insert_of, rows_by_columns, update_of, write_many
from lotkeeper_server.store.schema.archive_tables import (
    archived_reference,
    opening_edge,
    opening_lot_total,
    opening_order_count,
    opening_stock,
)
from lotkeeper_server.store.schema.tables import inventory_lot_record

Row = Mapping[str, Any]
"""A record by column of its table."""
BalanceKey = tuple[Any, ...]
Amounts = tuple[int, ...]

_BETWEEN_LOTS: Final = frozenset({LotRecordType.SPLIT, LotRecordType.MERGE})
_REFERENCES: Final = tuple(column.name for column in inventory_lot_record.c if column.foreign_keys)
_LARGEST: Final = 2**63 - 1


class BalanceTooLarge(Exception):
    """A sum that the store cannot keep: large rises were archived before the falls that go with them."""


class Balance:
    """Sums by table of the store, by key; millionths and counts."""

    def __init__(self) -> None:
        self.sums: dict[str, dict[BalanceKey, Amounts]] = {table.name: {} for table in _TABLES}

    def add(self, row: Row) -> None:
        """Counts a record."""
        record_type = LotRecordType(row["lot_record_type"])
        for identifier in {row[name] for name in _REFERENCES} - {None}:
            self._raise(archived_reference, (identifier,), 1)
        if row["status"] != Status.COMPLETED:
            return
        self._add_stock(row, record_type)
        lot_id, secondary_lot_id = row["lot_id"], row["secondary_lot_id"]
        if row["lot_total_change"]:
            raised = secondary_lot_id if record_type is LotRecordType.SPLIT else lot_id
            self._raise(opening_lot_total, (raised,), row["lot_total_change"])
        if row["order_count_change"]:
            self._raise(opening_order_count, (row["production_order_id"],), row["order_count_change"])
        is_undone = row["reverses_record_id"] is not None or row["reversed_by_record_id"] is not None
        if secondary_lot_id is not None and row["lot_quantity"] > 0 and not is_undone:
            self._raise(opening_edge, edge_key(record_type, lot_id, secondary_lot_id), row["lot_quantity"], 1)

    def _add_stock(self, row: Row, record_type: LotRecordType) -> None:
        """A row of stock that a record touched is kept, with 0 where nothing came of it."""
        source, at_source = row["source_location_id"], row["source_quantity_change"]
        if at_source or (source is not None and record_type is LotRecordType.EDIT):
            self._raise(opening_stock, (source, row["lot_id"]), at_source)
        if at_destination := row["destination_quantity_change"]:
            self._raise(opening_stock, (row["destination_location_id"], row["lot_id"]), at_destination)
        if source is not None and record_type in _BETWEEN_LOTS:
            self._raise(opening_stock, (source, row["secondary_lot_id"]), -at_source)

    def _raise(self, table: Table, key: BalanceKey, *amounts: int) -> None:
        sums = self.sums[table.name]
        old = sums.get(tuple(key))
        sums[tuple(key)] = amounts if old is None else tuple(map(sum, zip(old, amounts, strict=True)))


def balance_of(rows: Iterable[Row]) -> Balance:
    """What records sum up to."""
    balance = Balance()
    for row in rows:
        balance.add(row)
    return balance


_TABLES: Final = (opening_stock, opening_lot_total, opening_order_count, opening_edge, archived_reference)


def add_to_store(connection: Connection, balance: Balance) -> None:
    """Adds sums to those that the store keeps; nobody else does so meanwhile.

    Raises:
        BalanceTooLarge: where one would not fit.
    """
    for table in _TABLES:
        sums = balance.sums[table.name]
        keys, amounts = _key_columns(table), _amount_columns(table)
        names = columns_of(table)
        width = len(keys)
        stored = {
            tuple(row[:width]): row[width:] for row in rows_by_columns(connection, names, table, keys, sorted(sums))
        }
        new, changed = [], []
        for key, added in sorted(sums.items()):
            old = stored.get(key)
            values = added if old is None else tuple(map(sum, zip(old, added, strict=True)))
            if any(abs(value) > _LARGEST for value in values):
                raise BalanceTooLarge
            if old is None:
                new.append((*key, *values))
            elif any(added):
                changed.append((*values, *key))
        write_many(connection, insert_of(table), new)
        update = update_of(table, [table.c[name] for name in amounts], [table.c[name] for name in keys])
        write_many(connection, update, changed)


def stored_sums(connection: Connection, table_name: str) -> Iterable[tuple[BalanceKey, Amounts]]:
    """What the store keeps in one of the tables, by key."""
    table = next(one for one in _TABLES if one.name == table_name)
    width = len(_key_columns(table))
    rows: Sequence[Sequence[Any]] = fetch(connection, f"SELECT {', '.join(columns_of(table))} FROM {table.name}")  # noqa: S608
    for row in rows:
        yield tuple(row[:width]), tuple(row[width:])


def _key_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.primary_key)


def _amount_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if not column.primary_key)
