"""A record's way to the wire. On the hot path: one constructor call, cached texts of ids."""

from google.protobuf.timestamp_pb2 import Timestamp
from lotkeeper.inventory.v1 import inventory_lot_record_pb2

from lotkeeper_server.domain.identifiers import Id, format_id
from lotkeeper_server.domain.quantity import MILLIONTHS_PER_UNIT
from lotkeeper_server.domain.stock import Record

_NOTHING: frozenset[Id] = frozenset()


def timestamp(millis: int) -> Timestamp:
    """Milliseconds since the epoch as a Timestamp."""
    return Timestamp(seconds=millis // 1000, nanos=millis % 1000 * 1_000_000)


def record_message(record: Record, unborn: frozenset[Id] = _NOTHING) -> inventory_lot_record_pb2.InventoryLotRecord:
    """The record as the contract has it.

    Args:
        record: with the things it refers to.
        unborn: ids that a dry run made up; they come out empty.
    """
    secondary, operation, order = record.secondary_lot, record.inventory_operation, record.production_order
    reason, source, destination = record.reason_code, record.source_location, record.destination_location
    unit, common, end_millis = record.unit, record.common, record.end_millis
    message = inventory_lot_record_pb2.InventoryLotRecord(
        id="" if record.id in unborn else format_id(record.id),
        lot_record_type=record.lot_record_type,  # type: ignore[arg-type]  # numbered alike, a test compares both
        inventory_lot_id="" if record.lot.id in unborn else format_id(record.lot.id),
        inventory_lot_name=record.lot.name,
        material_id=format_id(record.material.id),
        material_path=record.material.path,
        operation_record_id=record.operation_record_id,
        lot_status=record.lot_status,  # type: ignore[arg-type]  # as above
        quantity=record.quantity_millionths / MILLIONTHS_PER_UNIT,
        source_quantity_change=record.source_change_millionths / MILLIONTHS_PER_UNIT,
        destination_quantity_change=record.destination_change_millionths / MILLIONTHS_PER_UNIT,
        inventory_name=record.inventory_name,
        start_date=timestamp(record.start_millis),
        status=record.status,  # type: ignore[arg-type]  # as above
        request_id=record.request_id,
        enabled=common.enabled,
        notes=common.notes,
        created_date=timestamp(common.created_millis),
        created_by=common.created_by,
        version=common.version,
    )
    if unit is not None:
        message.unit_of_measure_id = format_id(unit.id)
        message.unit_of_measure_name = unit.name
        message.unit_of_measure_symbol = unit.symbol
    if source is not None:
        message.source_location_id = format_id(source.id)
        message.source_location_name = source.name
        message.source_location_path = source.path
    if destination is not None:
        message.destination_location_id = format_id(destination.id)
        message.destination_location_name = destination.name
        message.destination_location_path = destination.path
    if operation is not None:
        message.inventory_operation_id = format_id(operation.id)
        message.inventory_operation_name = operation.name
    if secondary is not None:
        message.secondary_inventory_lot_id = "" if secondary.id in unborn else format_id(secondary.id)
        message.secondary_inventory_lot_name = secondary.name
    if order is not None:
        message.production_order_id = format_id(order.id)
        message.production_order_name = order.name
    if reason is not None:
        message.material_reason_code_id = format_id(reason.id)
        message.material_reason_code = reason.code
    if end_millis is not None:
        message.end_date.seconds, message.end_date.nanos = end_millis // 1000, end_millis % 1000 * 1_000_000
        message.duration = (end_millis - record.start_millis) // 1000
    if common.modified_millis is not None:
        message.modified_date.CopyFrom(timestamp(common.modified_millis))
        message.modified_by = common.modified_by or ""
    _write_seldom_set(record, message)
    return message


def _write_seldom_set(record: Record, message: inventory_lot_record_pb2.InventoryLotRecord) -> None:
    if record.reverses_record_id is not None:
        message.reverses_record_id = format_id(record.reverses_record_id)
    if record.reversed_by_record_id is not None:
        message.reversed_by_record_id = format_id(record.reversed_by_record_id)
    common = record.common
    if common.spare1 or common.spare2 or common.spare3:
        message.spare1, message.spare2, message.spare3 = common.spare1, common.spare2, common.spare3
