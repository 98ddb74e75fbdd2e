"""Genealogy through production orders, for records that were archived before the store summed it up."""

from sqlalchemy import Connection

from lotkeeper_server.store.archive.balances import Sums
from lotkeeper_server.store.db.statements import columns_of, rows_by_columns, write_many
from lotkeeper_server.store.schema.genealogy_tables import order_edge
from lotkeeper_server.store.state.writing import INSERT_ORDER_EDGE, UPDATE_ORDER_EDGE

_KEY = ("lot_id", "lot_record_type", "production_order_id")


def raise_order_edges(connection: Connection, sums: Sums) -> None:
    """Adds sums to the edges between lots and orders; the lots are locked.

    Args:
        connection: the transaction that puts the records of these sums back.
        sums: by lot, type of record and order: a quantity in millionths of the lot's unit, and how many records.
    """
    found = rows_by_columns(connection, columns_of(order_edge), order_edge, _KEY, sorted(sums))
    stored = {tuple(row[:3]): (int(row[3]), int(row[4])) for row in found}
    new = [(*key, *added) for key, added in sorted(sums.items()) if key not in stored]
    changed = [(quantity + sums[key][0], count + sums[key][1], *key) for key, (quantity, count) in stored.items()]
    write_many(connection, INSERT_ORDER_EDGE, new)
    write_many(connection, UPDATE_ORDER_EDGE, changed)
