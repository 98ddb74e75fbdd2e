"""The sums of records: stock, lots' totals, orders' counts, edges of the genealogy, and counts of references.

The sums of archived records are kept in the store. They are added up here, both for archiving and for verifying.
"""

from collections.abc import Iterable

from lotkeeper_server.domain.keys import OrderEdgeKey
from lotkeeper_server.domain.kinds import BETWEEN_LOTS
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.genealogy import genealogy_key
from lotkeeper_server.store.archive.balances import BALANCE_TABLES, Amounts, BalanceKey
from lotkeeper_server.store.archive.records import REFERENCES, RecordRow
from lotkeeper_server.store.schema.archive_tables import (
    archived_reference,
    opening_edge,
    opening_lot_total,
    opening_order_count,
    opening_order_edge,
    opening_stock,
)


class Balance:
    """Sums by table of the store and by key; millionths and counts."""

    def __init__(self) -> None:
        self.sums: dict[str, dict[BalanceKey, Amounts]] = {name: {} for name in BALANCE_TABLES}

    def add(self, row: RecordRow, *, has_edges_of_orders: bool = True) -> None:
        """Adds a record; one of an older file without the edge between its lot and its production order."""
        record_type = LotRecordType(row["lot_record_type"])
        for identifier in {row[name] for name in REFERENCES} - {None}:
            self._raise(archived_reference.name, (identifier,), 1)
        if row["status"] != Status.COMPLETED:
            return
        self._add_stock(row, record_type)
        lot_id, secondary_lot_id = row["lot_id"], row["secondary_lot_id"]
        if row["lot_total_change"]:
            raised = secondary_lot_id if record_type is LotRecordType.SPLIT else lot_id
            self._raise(opening_lot_total.name, (raised,), row["lot_total_change"])
        if row["order_count_change"]:
            self._raise(opening_order_count.name, (row["production_order_id"],), row["order_count_change"])
        is_undone = row["reverses_record_id"] is not None or row["reversed_by_record_id"] is not None
        edge = genealogy_key(record_type, lot_id, secondary_lot_id, row["production_order_id"])
        if edge is None or row["lot_quantity"] <= 0 or is_undone:
            return
        if not isinstance(edge, OrderEdgeKey):
            self._raise(opening_edge.name, edge, row["lot_quantity"], 1)
        elif has_edges_of_orders:
            self._raise(opening_order_edge.name, edge, row["lot_quantity"], 1)

    def _add_stock(self, row: RecordRow, record_type: LotRecordType) -> None:
        """A row of stock that a record touched is kept, with 0 if the sum is 0."""
        source, at_source = row["source_location_id"], row["source_quantity_change"]
        if at_source or (source is not None and record_type is LotRecordType.EDIT):
            self._raise(opening_stock.name, (source, row["lot_id"]), at_source)
        if at_destination := row["destination_quantity_change"]:
            self._raise(opening_stock.name, (row["destination_location_id"], row["lot_id"]), at_destination)
        if source is not None and record_type in BETWEEN_LOTS:
            self._raise(opening_stock.name, (source, row["secondary_lot_id"]), -at_source)

    def _raise(self, table_name: str, key: BalanceKey, *amounts: int) -> None:
        sums = self.sums[table_name]
        old = sums.get(tuple(key))
        sums[tuple(key)] = amounts if old is None else tuple(map(sum, zip(old, amounts, strict=True)))


def balance_of(rows: Iterable[RecordRow]) -> Balance:
    """The sums of records."""
    balance = Balance()
    for row in rows:
        balance.add(row)
    return balance
