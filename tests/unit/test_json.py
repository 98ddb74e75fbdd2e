"""Messages as JSON, out and back."""

from __future__ import annotations

import pytest
from lotkeeper import from_dict, from_json, to_dict, to_json
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_service_pb2 import ExecuteInventoryActionsRequest, ListInventoryLotRecordsRequest


def test_what_to_json_writes_comes_back_the_same() -> None:
    """Enums without prefix, dates, absent references as null, numbers of 64 bits."""
    record = InventoryLotRecord(
        id="R", lot_record_type=enums_pb2.LOT_RECORD_TYPE_SPLIT, quantity=0.1, duration=7, version=2
    )
    record.end_date.FromJsonString("2026-01-01T00:00:00.123Z")
    assert from_json(to_json(record), InventoryLotRecord) == record
    assert from_dict(to_dict(record), InventoryLotRecord) == record


def test_values_may_have_their_whole_name_also_inside_lists() -> None:
    """As proto3 JSON has them; proto names are taken, too."""
    move = InventoryAction(type=enums_pb2.INVENTORY_ACTION_TYPE_MOVE)
    text = '{"actions": [{"type": "MOVE"}, {"type": "INVENTORY_ACTION_TYPE_MOVE"}], "request_id": "r"}'
    assert from_json(text, ExecuteInventoryActionsRequest) == ExecuteInventoryActionsRequest(
        actions=[move, move], request_id="r"
    )
    types = from_json('{"lotRecordTypes": ["SHIP"]}', ListInventoryLotRecordsRequest)
    assert list(types.lot_record_types) == [enums_pb2.LOT_RECORD_TYPE_SHIP]


@pytest.mark.parametrize("text", ["", "[]", "3", '{"tipe": "MOVE"}', '{"type": "FLY"}', '{"quantity": "much"}', "{"])
def test_what_is_none_is_a_value_error(text: str) -> None:
    """With a word on what is wrong."""
    with pytest.raises(ValueError, match=r"."):
        from_json(text, InventoryAction)
