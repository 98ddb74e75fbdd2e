"""How many elements a message has is counted before it is parsed, rightly for every shape of the wire."""

from __future__ import annotations

import time

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_data_pb
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.rpc.gate.doorway import parsed
from lotkeeper_server.rpc.server import SERVICES
from lotkeeper_server.rpc.wire.elements import counted_in, has_too_many_elements

MOST = limits.MESSAGE_ELEMENTS_MAX
BATCH = operations_pb.BatchExecuteInventoryOperationsRequest
SAVE = master_data_pb.SaveUnitOfMeasureRequest
LIST = inventory_pb.ListInventoryLotRecordsRequest
FULL = operations_pb.ExecuteInventoryOperationRequest(
    inventory_operation_id="0" * 28,
    primary_lot_id_or_name="l" * 255,
    quantity=1.5,
    secondary_lot_id_or_name="s" * 255,
    material_id_or_path="m" * 750,
    inventory_name="n" * 255,
    start_date_millis=1,
    end_date_millis=2,
    request_id="r" * 128,
)


def mask_of(count: int) -> bytes:
    """A Save with so many names in its mask."""
    request = SAVE()
    request.update_mask.paths.extend(["a"] * count)
    return request.SerializeToString()


@pytest.mark.parametrize(
    ("request_class", "element", "more"),
    [
        (BATCH, b"\x0a\x00", b""),
        (BATCH, b"\x8a\x80\x80\x80\x00\x80\x00", b""),
        (BATCH, b"\x08\x01", b""),
        (BATCH, b"\x78\x01\x0a\x00", b""),
        (BATCH, b"\x7b\x0a\x00\x7c", b""),
        (BATCH, b"\x79" + b"\0" * 8, b""),
        (BATCH, b"\x7d" + b"\0" * 4, b""),
        (inventory_pb.ExecuteInventoryActionsRequest, b"\x0a\x00", b""),
        (operations_pb.ExportInventoryOperationsRequest, b"\x12\x00", b""),
        (LIST, b"\x20\x01", b""),
        (LIST, b"\x22\x01\x01", b""),
        (SAVE, b"\x0a\x00", b""),
        (SAVE, b"\x12\x02\x0a\x00", b""),
    ],
)
def test_many_elements_are_found_in_every_encoding(request_class: type[Message], element: bytes, more: bytes) -> None:
    """Short and overlong tags, unknown fields, groups, fixed numbers, enums, names of a mask, one message again."""
    assert has_too_many_elements(request_class, element * (MOST + 1) + more)
    with pytest.raises(Refused) as refused:
        parsed(request_class, element * (MOST + 1) + more)
    assert f"more than {MOST} fields and elements" in refused.value.refusal.message


def test_packed_values_count_one_each() -> None:
    """Four million in one field of a filter."""
    assert has_too_many_elements(
        LIST, LIST(lot_record_types=[enums_pb2.LOT_RECORD_TYPE_PRODUCE] * (MOST + 1)).SerializeToString()
    )
    assert not has_too_many_elements(
        LIST, LIST(lot_record_types=[enums_pb2.LOT_RECORD_TYPE_PRODUCE] * (MOST // 2)).SerializeToString()
    )


def test_a_full_legal_message_is_parsed() -> None:
    """A thousand requests with all their fields, and notes as long as they may be."""
    whole = BATCH(requests=[FULL] * limits.BATCH_ITEMS_MAX).SerializeToString()
    assert parsed(BATCH, whole) == BATCH(requests=[FULL] * limits.BATCH_ITEMS_MAX)
    actions = inventory_pb.ExecuteInventoryActionsRequest()
    for _ in range(limits.BATCH_ITEMS_MAX):
        actions.actions.add(notes="\x0a" * limits.TEXT_CODE_POINTS_MAX)
    assert parsed(type(actions), actions.SerializeToString()) == actions
    assert parsed(SAVE, mask_of(MOST - 10)) is not None


def test_what_holds_nothing_repeated_is_not_counted() -> None:
    """Its last value counts, so it takes no more memory than its bytes."""
    counted = {
        method.input_type.name: counted_in(method.input_type) for service in SERVICES for method in service.methods
    }
    assert counted["ExecuteInventoryOperationRequest"] is None
    assert counted["ImportMasterDataRequest"] is None
    assert counted["BatchExecuteInventoryOperationsRequest"] is not None
    assert counted["WatchInventoryLotRecordsRequest"] is not None


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_counted_and_left_to_the_parser(data: bytes, times: int) -> None:
    """Truncated, or no message at all."""
    for request_class in (BATCH, SAVE, LIST):
        has_too_many_elements(request_class, data * times)
        try:
            parsed(request_class, data)
        except Refused:
            with pytest.raises(DecodeError):
                request_class.FromString(data)


def test_counting_stops_at_the_limit() -> None:
    """Four megabytes take no longer than ten thousand elements."""
    begun = time.thread_time()
    assert has_too_many_elements(BATCH, b"\x0a\x00" * 2_000_000)
    assert time.thread_time() - begun < 0.1
