"""Records as they are now, with the names of what they refer to: one joined SELECT for every way of asking."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, FromClause, select

from lotkeeper_server.domain.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.identifiers import RecordId
from lotkeeper_server.domain.stock import Common, Record, Reference
from lotkeeper_server.store import tables
from lotkeeper_server.store.statements import rows_by_key
from lotkeeper_server.store.tables import inventory_lot_record

_lot = tables.inventory_lot.alias("lot")
_secondary = tables.inventory_lot.alias("secondary")
_material = tables.material.alias("of_material")
_operation = tables.inventory_operation.alias("by_operation")
_order = tables.production_order.alias("for_order")
_reason = tables.material_reason_code.alias("reason")
_source = tables.location.alias("source")
_destination = tables.location.alias("destination")
_unit = tables.unit_of_measure.alias("in_unit")


def _select_from() -> str:
    """Every column that a record is built from, and the names of what it refers to."""
    record = inventory_lot_record.c
    joined: FromClause = (
        inventory_lot_record.join(_lot, _lot.c.id == record.lot_id)
        .join(_material, _material.c.id == record.material_id)
        .outerjoin(_secondary, _secondary.c.id == record.secondary_lot_id)
        .outerjoin(_operation, _operation.c.id == record.inventory_operation_id)
        .outerjoin(_order, _order.c.id == record.production_order_id)
        .outerjoin(_reason, _reason.c.id == record.material_reason_code_id)
        .outerjoin(_source, _source.c.id == record.source_location_id)
        .outerjoin(_destination, _destination.c.id == record.destination_location_id)
        .outerjoin(_unit, _unit.c.id == record.unit_of_measure_id)
    )
    return str(
        select(
            inventory_lot_record,
            _lot.c.name.label("lot_name"),
            _secondary.c.name.label("secondary_lot_name"),
            _material.c.path.label("material_path"),
            _operation.c.name.label("operation_name"),
            _order.c.name.label("order_name"),
            _reason.c.reason_code.label("reason_code"),
            _source.c.name.label("source_name"),
            _source.c.path.label("source_path"),
            _destination.c.name.label("destination_name"),
            _destination.c.path.label("destination_path"),
            _unit.c.name.label("unit_name"),
            _unit.c.symbol.label("unit_symbol"),
        ).select_from(joined)
    )


_RECORDS: Final = _select_from()
_KEY: Final = str(inventory_lot_record.c.id)
_TYPES: Final = {int(one): one for one in LotRecordType}
_STATUSES: Final = {int(one): one for one in Status}
_LOT_STATUSES: Final = {int(one): one for one in LotStatus}


def read_records(connection: Connection, ids: Collection[RecordId]) -> dict[RecordId, Record]:
    """The records of these ids that there are."""
    return {row.id: _record(row) for row in rows_by_key(connection, _RECORDS, _KEY, sorted(ids))}


def _record(row: Any) -> Record:
    return Record(
        id=row.id,
        lot_record_type=_TYPES[row.lot_record_type],
        status=_STATUSES[row.status],
        lot=Reference(row.lot_id, name=row.lot_name),
        secondary_lot=_reference(row.secondary_lot_id, name=row.secondary_lot_name),
        material=Reference(row.material_id, path=row.material_path),
        inventory_operation=_reference(row.inventory_operation_id, name=row.operation_name),
        operation_record_id=row.operation_record_id,
        production_order=_reference(row.production_order_id, name=row.order_name),
        reason_code=_reference(row.material_reason_code_id, code=row.reason_code),
        source_location=_reference(row.source_location_id, name=row.source_name, path=row.source_path),
        destination_location=_reference(
            row.destination_location_id, name=row.destination_name, path=row.destination_path
        ),
        lot_status=_LOT_STATUSES[row.lot_status],
        quantity_millionths=row.quantity,
        unit=_reference(row.unit_of_measure_id, name=row.unit_name, symbol=row.unit_symbol),
        source_change_millionths=row.source_quantity_change,
        destination_change_millionths=row.destination_quantity_change,
        inventory_name=row.inventory_name,
        start_millis=row.start_millis,
        end_millis=row.end_millis,
        reverses_record_id=row.reverses_record_id,
        reversed_by_record_id=row.reversed_by_record_id,
        request_id=row.request_id,
        common=Common(
            row.created_millis,
            row.created_by,
            row.notes,
            bool(row.enabled),
            row.spare1,
            row.spare2,
            row.spare3,
            row.modified_millis,
            row.modified_by,
            row.version,
        ),
        effect_order=row.effect_order,
        lot_total_change_millionths=row.lot_total_change,
        order_count_change_millionths=row.order_count_change,
        picked=bool(row.picked),
    )


def _reference(identifier: bytes | None, **names: str) -> Reference | None:
    return None if identifier is None else Reference(identifier, **names)
