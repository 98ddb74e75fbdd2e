"""A record's way to the wire."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import LotId, RecordId, format_id
from lotkeeper_server.domain.model.stock import Common, Label, Record
from lotkeeper_server.rpc.wire.record_message import record_message

START = 1_750_000_000_123


def identifier(number: int) -> bytes:
    return number.to_bytes(16, "big")


def text(number: int) -> str:
    return format_id(identifier(number))


def bare_record(**changes: Any) -> Record:
    """A RUNNING record that refers to a lot and a material and to nothing else."""
    values: dict[str, Any] = {
        "id": RecordId(identifier(1)),
        "lot_record_type": LotRecordType.CONSUME,
        "status": Status.RUNNING,
        "lot": Label(LotId(identifier(2)), name="MILK-0815"),
        "secondary_lot": None,
        "material": Label(identifier(4), path="Dairy/Milk"),
        "inventory_operation": None,
        "operation_record_id": "",
        "production_order": None,
        "reason_code": None,
        "source_location": None,
        "destination_location": None,
        "lot_status": LotStatus.OPEN,
        "quantity_millionths": 0,
        "unit": None,
        "source_change_millionths": 0,
        "destination_change_millionths": 0,
        "inventory_name": "",
        "start_millis": START,
        "end_millis": None,
        "reverses_record_id": None,
        "reversed_by_record_id": None,
        "request_id": "",
        "common": Common(START, "operator"),
    }
    return Record(**(values | changes))


def bare_message(**changes: Any) -> InventoryLotRecord:
    """The same on the wire."""
    values: dict[str, Any] = {
        "id": text(1),
        "lot_record_type": enums_pb2.LOT_RECORD_TYPE_CONSUME,
        "status": enums_pb2.STATUS_RUNNING,
        "inventory_lot_id": text(2),
        "inventory_lot_name": "MILK-0815",
        "material_id": text(4),
        "material_path": "Dairy/Milk",
        "lot_status": enums_pb2.LOT_STATUS_OPEN,
        "quantity": 0.0,
        "exact_quantity": Decimal(value="0"),
        "exact_source_quantity_change": Decimal(value="0"),
        "exact_destination_quantity_change": Decimal(value="0"),
        "start_date": Timestamp(seconds=1_750_000_000, nanos=123_000_000),
        "enabled": True,
        "created_date": Timestamp(seconds=1_750_000_000, nanos=123_000_000),
        "created_by": "operator",
        "version": 1,
    }
    return InventoryLotRecord(**(values | changes))


def full_record() -> Record:
    return bare_record(
        lot_record_type=LotRecordType.SHIP,
        status=Status.COMPLETED,
        secondary_lot=Label(identifier(3), name="BOX-1"),
        inventory_operation=Label(identifier(5), name="Ship milk"),
        operation_record_id="RUN-7",
        production_order=Label(identifier(6), name="PO-1"),
        reason_code=Label(identifier(7), code="SPILL"),
        source_location=Label(identifier(8), name="Silo1", path="DairyCo/Silo1"),
        destination_location=Label(identifier(9), name="Dock", path="DairyCo/Dock"),
        lot_status=LotStatus.EXPIRED,
        quantity_millionths=-2_000_001,
        unit=Label(identifier(10), name="kilogram", symbol="kg"),
        source_change_millionths=2_000_001,
        destination_change_millionths=-1,
        inventory_name="PALLET-1",
        end_millis=START + 61_999,
        reverses_record_id=RecordId(identifier(11)),
        reversed_by_record_id=RecordId(identifier(12)),
        request_id="once-1",
        common=Common(START, "operator", "n", False, "s1", "s2", "s3", START + 62_000, "lead", 3),
    )


def full_message() -> InventoryLotRecord:
    return bare_message(
        lot_record_type=enums_pb2.LOT_RECORD_TYPE_SHIP,
        status=enums_pb2.STATUS_COMPLETED,
        secondary_inventory_lot_id=text(3),
        secondary_inventory_lot_name="BOX-1",
        inventory_operation_id=text(5),
        inventory_operation_name="Ship milk",
        operation_record_id="RUN-7",
        production_order_id=text(6),
        production_order_name="PO-1",
        material_reason_code_id=text(7),
        material_reason_code="SPILL",
        source_location_id=text(8),
        source_location_name="Silo1",
        source_location_path="DairyCo/Silo1",
        destination_location_id=text(9),
        destination_location_name="Dock",
        destination_location_path="DairyCo/Dock",
        lot_status=enums_pb2.LOT_STATUS_EXPIRED,
        quantity=-2.000001,
        exact_quantity=Decimal(value="-2.000001"),
        unit_of_measure_id=text(10),
        unit_of_measure_name="kilogram",
        unit_of_measure_symbol="kg",
        source_quantity_change=2.000001,
        destination_quantity_change=-0.000001,
        exact_source_quantity_change=Decimal(value="2.000001"),
        exact_destination_quantity_change=Decimal(value="-0.000001"),
        inventory_name="PALLET-1",
        end_date=Timestamp(seconds=1_750_000_062, nanos=122_000_000),
        duration=61,
        reverses_record_id=text(11),
        reversed_by_record_id=text(12),
        request_id="once-1",
        enabled=False,
        notes="n",
        spare1="s1",
        spare2="s2",
        spare3="s3",
        modified_date=Timestamp(seconds=1_750_000_062, nanos=123_000_000),
        modified_by="lead",
        version=3,
    )


def test_every_field_of_a_record_reaches_the_wire() -> None:
    """None of the message's fields is left out, and the duration is whole seconds, rounded down."""
    assert record_message(full_record()) == full_message()
    assert {field.name for field, _ in full_message().ListFields()} == set(InventoryLotRecord.DESCRIPTOR.fields_by_name)


def test_a_running_record_has_a_quantity_of_zero_and_neither_end_nor_duration() -> None:
    """And what it does not refer to is empty."""
    message = record_message(bare_record())
    assert message == bare_message()
    assert message.HasField("quantity")
    assert not message.HasField("end_date")
    assert not message.HasField("duration")
    assert not message.HasField("modified_date")


def test_a_record_that_took_no_time_has_a_duration_of_zero() -> None:
    """Zero is not absent; nor are dates at the epoch."""
    message = record_message(bare_record(status=Status.COMPLETED, start_millis=0, end_millis=0))
    assert message == bare_message(
        status=enums_pb2.STATUS_COMPLETED, start_date=Timestamp(), end_date=Timestamp(), duration=0
    )
    assert message.HasField("duration")
    assert message.HasField("start_date")


def test_what_a_dry_run_made_up_comes_out_without_its_id() -> None:
    """The record and the lots it would make; their names stay."""
    unborn = frozenset({identifier(1), identifier(2), identifier(3)})
    expected = full_message()
    expected.id = expected.inventory_lot_id = expected.secondary_inventory_lot_id = ""
    assert record_message(full_record(), unborn) == expected


@pytest.mark.parametrize(("millionths", "double"), [(1, 0.000001), (100_000, 0.1), (9_199_999_999_999_999_999, 9.2e12)])
def test_a_quantity_is_the_double_nearest_to_its_millionths(millionths: int, double: float) -> None:
    """So that the shortest text of the double is the decimal that was meant."""
    assert record_message(bare_record(quantity_millionths=millionths)).quantity == double
