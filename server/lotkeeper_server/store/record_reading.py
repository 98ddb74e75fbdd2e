"""Records as they are now, with the names of what they refer to: one joined SELECT for every way of asking.

Repeats of calls read records here, too, so the text of the SELECT is made once, and rows are taken apart by position:
by name each of their fifty values would cost a search.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, FromClause, select

from lotkeeper_server.domain.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.identifiers import RecordId
from lotkeeper_server.domain.stock import Common, Record, Reference
from lotkeeper_server.store import tables
from lotkeeper_server.store.statements import rows_by_key
from lotkeeper_server.store.tables import inventory_lot_record

_TYPES: Final = {int(one): one for one in LotRecordType}
_STATUSES: Final = {int(one): one for one in Status}
_LOT_STATUSES: Final = {int(one): one for one in LotStatus}


def _select_from() -> str:
    """Every column that a record is built from, in the order in which `_record` takes them."""
    record = inventory_lot_record.c
    lot, secondary = tables.inventory_lot.alias("lot"), tables.inventory_lot.alias("secondary")
    source, destination = tables.location.alias("source"), tables.location.alias("destination")
    material, unit = tables.material, tables.unit_of_measure
    operation, order, reason = tables.inventory_operation, tables.production_order, tables.material_reason_code
    joined: FromClause = (
        inventory_lot_record.join(lot, lot.c.id == record.lot_id)
        .join(material, material.c.id == record.material_id)
        .outerjoin(secondary, secondary.c.id == record.secondary_lot_id)
        .outerjoin(operation, operation.c.id == record.inventory_operation_id)
        .outerjoin(order, order.c.id == record.production_order_id)
        .outerjoin(reason, reason.c.id == record.material_reason_code_id)
        .outerjoin(source, source.c.id == record.source_location_id)
        .outerjoin(destination, destination.c.id == record.destination_location_id)
        .outerjoin(unit, unit.c.id == record.unit_of_measure_id)
    )
    # fmt: off
    columns = (
        record.id, record.lot_record_type, record.status, record.lot_status, record.picked,
        record.quantity, record.source_quantity_change, record.destination_quantity_change,
        record.lot_total_change, record.order_count_change, record.effect_order, record.lot_quantity,
        record.start_millis, record.end_millis, record.inventory_name, record.operation_record_id,
        record.reverses_record_id, record.reversed_by_record_id, record.request_id,
        record.lot_id, lot.c.name, record.secondary_lot_id, secondary.c.name,
        record.material_id, material.c.path, record.unit_of_measure_id, unit.c.name, unit.c.symbol,
        record.inventory_operation_id, operation.c.name, record.production_order_id, order.c.name,
        record.material_reason_code_id, reason.c.reason_code,
        record.source_location_id, source.c.name, source.c.path,
        record.destination_location_id, destination.c.name, destination.c.path,
        record.created_millis, record.created_by, record.notes, record.enabled,
        record.spare1, record.spare2, record.spare3, record.modified_millis, record.modified_by, record.version,
    )
    # fmt: on
    return str(select(*columns).select_from(joined))


_RECORDS: Final = _select_from()


def read_records(connection: Connection, ids: Collection[RecordId]) -> dict[RecordId, Record]:
    """The records of these ids that there are."""
    records = map(_record, rows_by_key(connection, _RECORDS, str(inventory_lot_record.c.id), sorted(ids)))
    return {record.id: record for record in records}


def _record(row: Sequence[Any]) -> Record:
    # fmt: off
    (
        record_id, lot_record_type, status, lot_status, picked,
        quantity, source_change, destination_change,
        lot_total_change, order_count_change, effect_order, lot_quantity,
        start_millis, end_millis, inventory_name, operation_record_id,
        reverses_record_id, reversed_by_record_id, request_id,
        lot_id, lot_name, secondary_lot_id, secondary_lot_name,
        material_id, material_path, unit_id, unit_name, unit_symbol,
        operation_id, operation_name, order_id, order_name,
        reason_code_id, reason_code,
        source_id, source_name, source_path,
        destination_id, destination_name, destination_path,
        created_millis, created_by, notes, enabled,
        spare1, spare2, spare3, modified_millis, modified_by, version,
    ) = row
    # fmt: on
    return Record(
        id=record_id,
        lot_record_type=_TYPES[lot_record_type],
        status=_STATUSES[status],
        lot=Reference(lot_id, name=lot_name),
        secondary_lot=Reference(secondary_lot_id, name=secondary_lot_name) if secondary_lot_id else None,
        material=Reference(material_id, path=material_path),
        inventory_operation=Reference(operation_id, name=operation_name) if operation_id else None,
        operation_record_id=operation_record_id,
        production_order=Reference(order_id, name=order_name) if order_id else None,
        reason_code=Reference(reason_code_id, code=reason_code) if reason_code_id else None,
        source_location=Reference(source_id, name=source_name, path=source_path) if source_id else None,
        destination_location=(
            Reference(destination_id, name=destination_name, path=destination_path) if destination_id else None
        ),
        lot_status=_LOT_STATUSES[lot_status],
        quantity_millionths=quantity,
        unit=Reference(unit_id, name=unit_name, symbol=unit_symbol) if unit_id else None,
        source_change_millionths=source_change,
        destination_change_millionths=destination_change,
        inventory_name=inventory_name,
        start_millis=start_millis,
        end_millis=end_millis,
        reverses_record_id=reverses_record_id,
        reversed_by_record_id=reversed_by_record_id,
        request_id=request_id,
        common=Common(
            created_millis,
            created_by,
            notes,
            bool(enabled),
            spare1,
            spare2,
            spare3,
            modified_millis,
            modified_by,
            version,
        ),
        effect_order=effect_order,
        lot_total_change_millionths=lot_total_change,
        order_count_change_millionths=order_count_change,
        picked=bool(picked),
        lot_quantity_millionths=lot_quantity,
    )
