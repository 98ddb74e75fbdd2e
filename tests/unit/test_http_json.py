"""Requests and answers in JSON: read as protobuf reads them, written as it writes them, faults at their fields."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from google.protobuf import json_format, timestamp_pb2
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_service_pb2, master_data_service_pb2
from lotkeeper_server.domain.refusals import InvalidArgument, Refused
from lotkeeper_server.http.json_reading import _timestamp, read_json
from lotkeeper_server.http.json_writing import write_json
from lotkeeper_server.rpc.server import SERVICES

from tests.e2e.test_hostile_input import messages

METHODS = [method for service in SERVICES for method in service.methods]
EXECUTE = pb.ExecuteInventoryOperationRequest
SAVE = master_data_service_pb2.SaveMaterialRequest


def refused(request_class: Any, body: Any) -> InvalidArgument:
    """What is wrong with a request."""
    with pytest.raises(Refused) as caught:
        read_json(request_class, json.dumps(body).encode())
    assert isinstance(caught.value.refusal, InvalidArgument)
    return caught.value.refusal


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_messages_are_read_and_written_as_protobuf_does(method: Any, data: st.DataObject) -> None:
    """Random ones of every method, both ways."""
    for descriptor in (method.input_type, method.output_type):
        kind = GetMessageClass(descriptor)
        values = data.draw(messages(descriptor))
        try:
            message = kind(**values)
            theirs = json_format.MessageToDict(message)
            expected = json_format.ParseDict(theirs, kind())  # protobuf loses an empty name in a mask
        except (ValueError, TypeError, UnicodeError, json_format.Error):  # protobuf itself writes no such thing
            continue
        if _has_nan(theirs):
            continue
        assert json_format.ParseDict(json.loads(write_json(message)), kind()) == expected
        if descriptor is method.input_type:
            assert kind.FromString(read_json(kind, json.dumps(theirs).encode())) == expected


def _has_nan(value: Any) -> bool:
    return "NaN" in json.dumps(value)


@pytest.mark.parametrize(
    ("value", "says", "reason"),
    [
        ("1,5", '"1,5" is not a number', "MALFORMED"),
        (True, "must be a number, not true", "MALFORMED"),
        ([1], "must be a number, not a list", "MALFORMED"),
        ("1e999", "is out of range", "OUT_OF_RANGE"),
    ],
)
def test_a_value_of_a_wrong_kind_is_told_in_words_and_by_a_reason(value: Any, says: str, reason: str) -> None:
    (violation,) = refused(EXECUTE, {"quantity": value}).violations

    assert (violation.field, violation.description, violation.reason) == ("quantity", says, reason)


def test_a_field_that_there_is_not_says_which_was_meant() -> None:
    (violation,) = refused(EXECUTE, {"primaryLotIdOrNam": "x"}).violations

    assert violation.field == "primaryLotIdOrNam"
    assert violation.description == "is no field of the request; did you mean primaryLotIdOrName?"
    assert violation.reason == "UNKNOWN"


def test_the_short_name_of_a_value_says_which_was_meant() -> None:
    """As the command line has it; and a quantity without its object says what that looks like."""
    request = {"actions": [{"type": "receive", "exactQuantity": "1.5"}]}
    told = {
        one.field: one.description
        for one in refused(inventory_service_pb2.ExecuteInventoryActionsRequest, request).violations
    }
    assert told == {
        "actions[0].type": '"receive" is not one of its values; did you mean INVENTORY_ACTION_TYPE_RECEIVE?',
        "actions[0].exact_quantity": 'must be an object such as {"value": "0.1"}, not a text',
    }


def test_names_that_somebody_chose_are_shown_within_limits() -> None:
    """Nothing of them breaks a line or a terminal."""
    (violation,) = refused(EXECUTE, {"\x1b[2J" + "x" * 1_000: 1}).violations

    assert violation.field.isprintable()
    assert len(violation.field) < 100


def test_faults_lie_at_their_places_within_lists_and_messages() -> None:
    found = refused(pb.BatchExecuteInventoryOperationsRequest, {"requests": [{}, {"quantity": "x"}, None]})

    assert [one.field for one in found.violations] == ["requests[1].quantity", "requests[2]"]


def test_so_many_faults_are_noted_and_no_more() -> None:
    assert len(refused(EXECUTE, {f"x{number}": 1 for number in range(5_000)}).violations) == 200


def test_null_counts_as_not_given() -> None:
    assert read_json(EXECUTE, b'{"quantity": null, "requestId": null}') == b""


def test_a_mask_is_a_text_of_names() -> None:
    request = SAVE.FromString(read_json(SAVE, b'{"updateMask": "name,unitOfMeasureId"}'))

    assert list(request.update_mask.paths) == ["name", "unit_of_measure_id"]
    assert refused(SAVE, {"updateMask": ["name"]}).violations[0].field == "update_mask"


def test_a_name_that_is_given_twice_is_found_at_once_among_many() -> None:
    """A hundred thousand other names before it."""
    names = "".join(f'"k{number}":1,' for number in range(100_000))
    begun_seconds = time.process_time()
    with pytest.raises(Refused) as caught:
        read_json(EXECUTE, f'{{{names}"k99999":2}}'.encode())
    assert '"k99999" is given twice' in str(caught.value.refusal)
    assert time.process_time() - begun_seconds < 5


@pytest.mark.parametrize("name", ["requestId", "request_id"])
def test_one_field_is_given_once_in_whatever_spelling(name: str) -> None:
    """Also where one of them is null, or both are the same, and within an item."""
    for body in (f'{{"{name}": "a", "{name}": "a"}}', f'{{"requestId": null, "request_id": "a", "{name}": null}}'):
        with pytest.raises(Refused):
            read_json(EXECUTE, body.encode())
        with pytest.raises(Refused):
            read_json(pb.BatchExecuteInventoryOperationsRequest, f'{{"requests": [{body}]}}'.encode())
    found = refused(EXECUTE, {"requestId": None, "request_id": "a"})
    assert [one.field for one in found.violations] == ["request_id"]


def test_spellings_of_the_same_are_the_same() -> None:
    """What request ids go by is the message, not its text."""
    spellings: list[dict[str, Any]] = [
        {"inventoryOperationId": "O", "quantity": 1, "requestId": "r", "startDateMillis": "1700000000000"},
        {"request_id": "r", "start_date_millis": 1700000000000, "quantity": 1.0, "inventory_operation_id": "O"},
        {
            "quantity": "1",
            "inventoryOperationId": "O",
            "requestId": "r",
            "validateOnly": False,
            "endDateMillis": None,
            "startDateMillis": 1.7e12,
            "primaryLotIdOrName": "",
        },
    ]
    read = {
        EXECUTE.FromString(read_json(EXECUTE, json.dumps(one).encode())).SerializeToString(deterministic=True)
        for one in spellings
    }
    assert len(read) == 1


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-30T8:00:00Z",
        "2026-11-30T08:00:00+99:00",
        "2026-11-30T08:00:00+1_0:0 0",
        " 2026-11-30T08:00:00Z",
        "2026-11-30T08:00:00.1234567890Z",
        "2026-11-30T08:00:00",
        "2026-02-30T08:00:00Z",
        "2026-11-30T08:00:00Z" + " " * 100,
    ],
)
def test_a_moment_is_written_as_the_standard_has_it(moment: str) -> None:
    """What protobuf's own reading makes of others is not what was meant."""
    part = timestamp_pb2.Timestamp()
    with pytest.raises(Exception, match="is not a moment"):
        _timestamp(part, moment)
    assert part == timestamp_pb2.Timestamp()


def test_a_number_in_quotes_is_looked_at_to_its_end() -> None:
    """However long it is."""
    for text in ("1" * 80 + "_1", "1" * 80 + " ", "0." + "1" * 80 + "x"):
        assert refused(EXECUTE, {"quantity": text}).violations[0].field == "quantity"
