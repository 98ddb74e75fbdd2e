"""Opening balances: the sums of archived records, by table."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Table

from lotkeeper_server.store.db.statements import columns_of, fetch, insert_of, rows_by_columns, update_of, write_many
from lotkeeper_server.store.schema.archive_tables import (
    archived_reference,
    opening_edge,
    opening_lot_total,
    opening_order_count,
    opening_order_edge,
    opening_stock,
)

BalanceKey: TypeAlias = tuple[Any, ...]
"""The values of a table's primary key."""
Amounts: TypeAlias = tuple[int, ...]
"""The values of a table's other columns: millionths and counts."""
Sums: TypeAlias = Mapping[BalanceKey, Amounts]

_TABLES: Final = (
    opening_stock,
    opening_lot_total,
    opening_order_count,
    opening_edge,
    opening_order_edge,
    archived_reference,
)
BALANCE_TABLES: Final = tuple(table.name for table in _TABLES)
_LARGEST: Final = 2**63 - 1


class BalanceTooLarge(Exception):
    """A sum that the store cannot keep: large rises were archived before the falls that go with them."""


def add_sums(connection: Connection, sums_by_table: Mapping[str, Sums]) -> None:
    """Adds sums to those that the store keeps; nobody else may do so at the same time.

    Raises:
        BalanceTooLarge: where one would not fit.
    """
    for table in _TABLES:
        _add(connection, table, sums_by_table[table.name])


def _add(connection: Connection, table: Table, sums: Sums) -> None:
    keys, amounts = _key_columns(table), _amount_columns(table)
    width = len(keys)
    found = rows_by_columns(connection, columns_of(table), table, keys, sorted(sums))
    stored = {tuple(row[:width]): row[width:] for row in found}
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


def stored_sums(connection: Connection, table_name: str) -> Iterator[tuple[BalanceKey, Amounts]]:
    """The stored sums of one table, by key."""
    table = next(one for one in _TABLES if one.name == table_name)
    width = len(_key_columns(table))
    for row in fetch(connection, f"SELECT {', '.join(columns_of(table))} FROM {table.name}"):  # noqa: S608
        yield tuple(row[:width]), tuple(row[width:])


def _key_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.primary_key)


def _amount_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if not column.primary_key)
