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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"quantitty": 1}', 'there is no field "quantitty"; did you mean quantity?'),
        ('{"quantity": "much"}', 'quantity must be a number, and is "much"'),
        ('{"exactQuantity": 0.1}', 'exactQuantity must be a quantity as text, such as "0.1", and is 0.1'),
        ('{"endDateMillis": 1.5}', "endDateMillis must be a whole number, and is 1.5"),
        ('{"notes": 7}', "notes must be a text, and is 7"),
        ('{"createLotIfNotFound": "yes"}', 'createLotIfNotFound must be true or false, and is "yes"'),
        ('{"lotStatus": "FINE"}', "lotStatus must be one of OPEN, AVAILABLE, "),
        ('{"quantity": 1, "quantity": 2}', '"quantity" is given twice'),
        ('{"endDateMillis": 1, "end_date_millis": 2}', "end_date_millis is given twice, as end_date_millis and as "),
        ('{"quantity": 1' + "0" * 400 + "}", "quantity must be a number, and is 1000"),
        ('{"notes": ' + "[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_text_that_does_not_fit_is_told_in_plain_words(text: str, said: str) -> None:
    """One line that names the field as it was written; nothing of protobuf's."""
    with pytest.raises(ValueError, match=r".") as refused:
        from_json(text, InventoryAction)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_fault_deep_inside_has_its_path() -> None:
    """Lists count from 0."""
    text = '{"actions": [{"type": "MOVE"}, {"type": "MOVE", "exactQuantity": 3}]}'
    with pytest.raises(ValueError, match=r"^actions\[1\]\.exactQuantity must be a quantity as text"):
        from_json(text, ExecuteInventoryActionsRequest)
    with pytest.raises(ValueError, match=r'^there is no field "x" in actions\[0\]'):
        from_json('{"actions": [{"x": 1}]}', ExecuteInventoryActionsRequest)
    with pytest.raises(ValueError, match=r"^actions must be a list, and is 1"):
        from_json('{"actions": 1}', ExecuteInventoryActionsRequest)
    with pytest.raises(ValueError, match=r'^endDate must be a moment as text, .* is "today"'):
        from_json('{"endDate": "today"}', InventoryLotRecord)
