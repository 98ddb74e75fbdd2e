"""Opening balances: the sums of archived records, by table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Table, delete, select, tuple_

from lotkeeper_server.store.archived import archived_references
from lotkeeper_server.store.db.statements import (
    chunks,
    columns_of,
    fetch,
    insert_of,
    rows_by_columns,
    update_of,
    write_many,
)
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
UNCOUNTED_TABLES: Final = frozenset({opening_stock.name, opening_lot_total.name, opening_order_count.name})
"""Tables whose rows do not say how many records they are the sum of: one that records were put back from may be 0."""
_COUNTS: Final = ("records", "record_count")
"""Columns that count archived records."""
_LARGEST: Final = 2**63 - 1


class BalanceTooLarge(Exception):
    """A sum that the store cannot keep: large rises were archived before the falls that go with them."""


class BalanceDiffers(Exception):
    """An opening balance that does not have what records were summed up to; the text names its table."""


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


def take_off_sums(connection: Connection, sums_by_table: Mapping[str, Sums]) -> None:
    """Takes sums off those that the store keeps; nobody else may change them at the same time.

    What counts records goes with the last one. The other sums stay, with 0, until `drop_empty_sums`.

    Raises:
        BalanceDiffers: where the store does not have them.
        BalanceTooLarge: where a sum of what is left does not fit.
    """
    for table in _TABLES:
        _take_off(connection, table, sums_by_table[table.name])


def _take_off(connection: Connection, table: Table, sums: Sums) -> None:
    keys, amounts = _key_columns(table), _amount_columns(table)
    width = len(keys)
    found = rows_by_columns(connection, columns_of(table), table, keys, sorted(sums))
    stored = {tuple(row[:width]): row[width:] for row in found}
    counts = amounts[-1] in _COUNTS
    gone, changed = [], []
    for key, taken in sorted(sums.items()):
        if (old := stored.get(key)) is None:
            raise BalanceDiffers(table.name)
        left = tuple(was - off for was, off in zip(old, taken, strict=True))
        if counts and (left[-1] < 0 or (left[-1] == 0 and any(left))):
            raise BalanceDiffers(table.name)
        if any(abs(value) > _LARGEST for value in left):
            raise BalanceTooLarge
        if counts and left[-1] == 0:
            gone.append(key)
        elif any(taken):
            changed.append((*left, *key))
    _delete(connection, table, gone)
    update = update_of(table, [table.c[name] for name in amounts], [table.c[name] for name in keys])
    write_many(connection, update, changed)


def drop_empty_sums(connection: Connection, sums_by_table: Mapping[str, Sums]) -> None:
    """Deletes the sums of whatever no archived record refers to any more, now that these were taken off.

    A row of stock whose lot and location have archived records, though none together, stays with 0: nobody knows that.

    Raises:
        BalanceDiffers: where such a sum is not 0.
    """
    referring = {key[0] for key in sums_by_table[archived_reference.name]}
    gone = sorted(referring - archived_references(connection, referring).keys())
    for table in (opening_stock, opening_lot_total, opening_order_count):
        (amount,) = _amount_columns(table)
        for name in _key_columns(table):
            column = table.c[name]
            for chunk in chunks(gone):
                of_gone = column.in_(list(chunk))
                if connection.execute(select(column).where(of_gone, table.c[amount] != 0).limit(1)).first():
                    raise BalanceDiffers(table.name)
                connection.execute(delete(table).where(of_gone))


def _delete(connection: Connection, table: Table, keys: Sequence[BalanceKey]) -> None:
    columns = [table.c[name] for name in _key_columns(table)]
    for chunk in chunks(keys):
        connection.execute(delete(table).where(tuple_(*columns).in_(list(chunk))))


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
