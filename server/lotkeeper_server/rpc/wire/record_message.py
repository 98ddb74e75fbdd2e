"""Writes a record as a message. This is a hot path: fields are set one by one; a constructor's keywords cost half more.

Fields that are empty on the wire are not set; texts of ids are cached.
"""

from google.protobuf.timestamp_pb2 import Timestamp
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.model.quantity import MILLIONTHS_PER_UNIT
from lotkeeper_server.domain.model.stock import Common, Record
from lotkeeper_server.rpc.wire.exact import exact_text

_NOTHING: frozenset[Id] = frozenset()
_MILLIS_PER_SECOND = 1_000
_NANOS_PER_MILLI = 1_000_000


def timestamp(millis: int) -> Timestamp:
    """Milliseconds since the epoch as a Timestamp."""
    return Timestamp(seconds=millis // _MILLIS_PER_SECOND, nanos=millis % _MILLIS_PER_SECOND * _NANOS_PER_MILLI)


def record_message(record: Record, unborn: frozenset[Id] = _NOTHING) -> InventoryLotRecord:
    """The record as a message.

    Args:
        record: with the things it refers to.
        unborn: ids that a dry run made up; they are left empty.
    """
    message = InventoryLotRecord()
    write_record(message, record, unborn)
    return message


def write_record(message: InventoryLotRecord, record: Record, unborn: frozenset[Id] = _NOTHING) -> None:
    """Fills an empty message in place, inside another one: a message that is given to a constructor is copied."""
    if record.id not in unborn:
        message.id = format_id(record.id)
    # Enums are numbered as in the contract; a test compares them.
    message.lot_record_type = record.lot_record_type  # type: ignore[assignment]
    message.lot_status = record.lot_status  # type: ignore[assignment]
    message.status = record.status  # type: ignore[assignment]
    message.quantity = record.quantity_millionths / MILLIONTHS_PER_UNIT
    message.source_quantity_change = record.source_change_millionths / MILLIONTHS_PER_UNIT
    message.destination_quantity_change = record.destination_change_millionths / MILLIONTHS_PER_UNIT
    message.exact_quantity.value = exact_text(record.quantity_millionths)
    message.exact_source_quantity_change.value = exact_text(record.source_change_millionths)
    message.exact_destination_quantity_change.value = exact_text(record.destination_change_millionths)
    message.operation_record_id = record.operation_record_id
    message.inventory_name = record.inventory_name
    message.request_id = record.request_id
    start_millis, end_millis = record.start_millis, record.end_millis
    _write_moment(message.start_date, start_millis)
    if end_millis is not None:
        _write_moment(message.end_date, end_millis)
        message.duration = (end_millis - start_millis) // _MILLIS_PER_SECOND
    if record.reverses_record_id is not None:
        message.reverses_record_id = format_id(record.reverses_record_id)
    if record.reversed_by_record_id is not None:
        message.reversed_by_record_id = format_id(record.reversed_by_record_id)
    _write_lots(message, record, unborn)
    _write_references(message, record)
    _write_common(message, record.common)


def _write_lots(message: InventoryLotRecord, record: Record, unborn: frozenset[Id]) -> None:
    """The only things that a call may make besides the record itself."""
    lot, secondary = record.lot, record.secondary_lot
    if lot.id not in unborn:
        message.inventory_lot_id = format_id(lot.id)
    message.inventory_lot_name = lot.name
    if secondary is not None:
        if secondary.id not in unborn:
            message.secondary_inventory_lot_id = format_id(secondary.id)
        message.secondary_inventory_lot_name = secondary.name


def _write_references(message: InventoryLotRecord, record: Record) -> None:
    message.material_id = format_id(record.material.id)
    message.material_path = record.material.path
    if (unit := record.unit) is not None:
        message.unit_of_measure_id = format_id(unit.id)
        message.unit_of_measure_name = unit.name
        message.unit_of_measure_symbol = unit.symbol
    if (source := record.source_location) is not None:
        message.source_location_id = format_id(source.id)
        message.source_location_name = source.name
        message.source_location_path = source.path
    if (destination := record.destination_location) is not None:
        message.destination_location_id = format_id(destination.id)
        message.destination_location_name = destination.name
        message.destination_location_path = destination.path
    if (operation := record.inventory_operation) is not None:
        message.inventory_operation_id = format_id(operation.id)
        message.inventory_operation_name = operation.name
    if (order := record.production_order) is not None:
        message.production_order_id = format_id(order.id)
        message.production_order_name = order.name
    if (reason := record.reason_code) is not None:
        message.material_reason_code_id = format_id(reason.id)
        message.material_reason_code = reason.code


def _write_common(message: InventoryLotRecord, common: Common) -> None:
    message.enabled = common.enabled
    message.notes = common.notes
    message.created_by = common.created_by
    message.version = common.version
    _write_moment(message.created_date, common.created_millis)
    if common.modified_millis is not None:
        _write_moment(message.modified_date, common.modified_millis)
        message.modified_by = common.modified_by or ""
    if common.spare1 or common.spare2 or common.spare3:
        message.spare1, message.spare2, message.spare3 = common.spare1, common.spare2, common.spare3


def _write_moment(moment: Timestamp, millis: int) -> None:
    moment.seconds = millis // _MILLIS_PER_SECOND
    moment.nanos = millis % _MILLIS_PER_SECOND * _NANOS_PER_MILLI
