"""Records with the present names of what they refer to, read in the same way for every question.

The records come first, then what they refer to, each thing once: a page of records names few materials, places and
operations many times. Rows are read by position: by name each of their fifty values would cost a search.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.domain.model.stock import BesideStock, Common, Label, Record
from lotkeeper_server.store.db.write_transaction import ReadTransaction

_TYPES: Final = {int(one): one for one in LotRecordType}
_STATUSES: Final = {int(one): one for one in Status}
_LOT_STATUSES: Final = {int(one): one for one in LotStatus}

# In the order in which `_record` takes them.
_REFERENCES: Final = (
    "lot_id", "secondary_lot_id", "material_id", "unit_of_measure_id", "inventory_operation_id", "production_order_id",
    "material_reason_code_id", "source_location_id", "destination_location_id",
)  # fmt: skip
_OWN: Final = (
    "id", "lot_record_type", "status", "lot_status", "picked",
    "quantity", "source_quantity_change", "destination_quantity_change",
    "lot_total_change", "order_count_change", "effect_order", "lot_quantity",
    "start_millis", "end_millis", "inventory_name", "operation_record_id",
    "reverses_record_id", "reversed_by_record_id", "request_id",
    "created_millis", "created_by", "notes", "enabled",
    "spare1", "spare2", "spare3", "modified_millis", "modified_by", "version",
    "merge_expiration_millis", "merge_expiration_before_millis", "merge_closed_from",
)  # fmt: skip
_RECORDS: Final = f"SELECT {', '.join((*_REFERENCES, *_OWN))} FROM inventory_lot_record"  # noqa: S608
# Names, paths, symbols and codes of what is referred to, and by which of the columns above.
_REFERRED: Final = (
    ("SELECT id, name FROM inventory_lot", (0, 1)),
    ("SELECT id, '', path FROM material", (2,)),
    ("SELECT id, name, '', symbol FROM unit_of_measure", (3,)),
    ("SELECT id, name FROM inventory_operation", (4,)),
    ("SELECT id, name FROM production_order", (5,)),
    ("SELECT id, '', '', '', reason_code FROM material_reason_code", (6,)),
    ("SELECT id, name, path FROM location", (7, 8)),
)


def read_records(connection: Connection, ids: Collection[RecordId]) -> dict[RecordId, Record]:
    """The records of these ids that there are."""
    tx = ReadTransaction(connection)
    return _with_labels(tx, list(tx.rows_by_key(_RECORDS, "id", sorted(ids))))


def lock_records(tx: ReadTransaction, ids: Collection[RecordId]) -> dict[RecordId, Record]:
    """The records of these ids that there are and can be locked, to be changed."""
    return _with_labels(tx, list(tx.lock_to_change(_RECORDS, "id", sorted(ids))))


def _with_labels(tx: ReadTransaction, rows: list[Sequence[Any]]) -> dict[RecordId, Record]:
    referred: dict[bytes | None, Label] = {}
    for select_from, places in _REFERRED:
        wanted = {row[place] for row in rows for place in places}
        wanted.discard(None)
        referred.update((row[0], Label(*row)) for row in tx.rows_by_key(select_from, "id", sorted(wanted)))
    return {record.id: record for record in (_record(row, referred) for row in rows)}


def _record(row: Sequence[Any], referred: dict[bytes | None, Any]) -> Record:
    # fmt: off
    (
        lot_id, secondary_lot_id, material_id, unit_id, operation_id, order_id,
        reason_code_id, source_id, destination_id,
        record_id, lot_record_type, status, lot_status, picked,
        quantity, source_change, destination_change,
        lot_total_change, order_count_change, effect_order, lot_quantity,
        start_millis, end_millis, inventory_name, operation_record_id,
        reverses_record_id, reversed_by_record_id, request_id,
        *common, got, before, closed_from,
    ) = row
    # fmt: on
    common[3] = bool(common[3])
    of = referred.get
    return Record(
        record_id,
        _TYPES[lot_record_type],
        _STATUSES[status],
        referred[lot_id],
        of(secondary_lot_id),
        referred[material_id],
        of(operation_id),
        operation_record_id,
        of(order_id),
        of(reason_code_id),
        of(source_id),
        of(destination_id),
        _LOT_STATUSES[lot_status],
        quantity,
        of(unit_id),
        source_change,
        destination_change,
        inventory_name,
        start_millis,
        end_millis,
        reverses_record_id,
        reversed_by_record_id,
        request_id,
        Common(*common),
        effect_order,
        lot_total_change,
        order_count_change,
        bool(picked),
        lot_quantity,
        None if got is None and closed_from is None else _beside_stock(got, before, closed_from),
    )


def _beside_stock(got: int | None, before: int | None, closed_from: int | None) -> BesideStock:
    return BesideStock(got, before, None if closed_from is None else _LOT_STATUSES[closed_from])
