"""Every wrong field of a refusal says why by a word out of a small closed set, through both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from lotkeeper import FieldReason, InvalidArgument, LotkeeperError, NotFound, Reason
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction

from tests.both_clients import CLIENTS
from tests.server_process import ServerProcess

METHOD = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
NO_SUCH = "01JPAND53P-BZ61RZHZ-V7C6EEHG"
REFUSED: dict[str, tuple[Callable[[Any], Any], dict[str, str]]] = {
    "must be given": (
        lambda one: one.execute_inventory_operation("", "L", 1.0),
        {"inventory_operation_id": "REQUIRED"},
    ),
    "no ULID": (lambda one: one.execute_inventory_operation("X", "L", 1.0), {"inventory_operation_id": "MALFORMED"}),
    "no unit": (
        lambda one: one.save_location(master_data_pb2.Location(name="Silo", storage_capacity_unit_id="X")),
        {"location.storage_capacity_unit_id": "MALFORMED"},
    ),
    "a name with white space": (
        lambda one: one.save_material(master_data_pb2.Material(name=" Milk")),
        {"material.name": "MALFORMED"},
    ),
    "a long name": (
        lambda one: one.save_material(master_data_pb2.Material(name="M" * 256)),
        {"material.name": "TOO_LONG"},
    ),
    "a negative quantity": (
        lambda one: one.execute_inventory_operation(NO_SUCH, "L", -1.0),
        {"quantity": "OUT_OF_RANGE"},
    ),
    "a page below zero": (lambda one: list(one.list_materials(page_size=-1)), {"page_size": "OUT_OF_RANGE"}),
    "an unknown field": (
        lambda one: one.save_material(master_data_pb2.Material(id=NO_SUCH), update_mask=["nmae"]),
        {"update_mask": "UNKNOWN"},
    ),
    "an unknown type": (
        lambda one: one.execute_inventory_actions([InventoryAction(type=99)]),
        {"actions[0].type": "UNKNOWN"},
    ),
    "an end before the start": (
        lambda one: one.execute_inventory_operation(NO_SUCH, "L", 1.0, start_date_millis=2, end_date_millis=1),
        {"start_date_millis": "CONFLICTING", "end_date_millis": "CONFLICTING"},
    ),
    "children of no location": (
        lambda one: list(one.list_inventory(include_children=True)),
        {"include_children": "CONFLICTING"},
    ),
    "an argument that the type does not use": (
        lambda one: one.execute_inventory_actions(
            [InventoryAction(type=enums_pb2.INVENTORY_ACTION_TYPE_SCRAP_ALL, lot_status=1)]
        ),
        {"actions[0].lot_status": "NOT_ALLOWED", "actions[0].source_location_id_or_path": "REQUIRED"},
    ),
}


@pytest.fixture(params=CLIENTS, ids=["sync", "async"])
def either(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[Any]:
    """A client of each kind."""
    with request.param(server.address, token=server.token) as client:
        yield client


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_field_says_why(either: Any, what: str) -> None:
    """By one of FieldReason."""
    call, expected = REFUSED[what]
    with pytest.raises(InvalidArgument) as refused:
        call(either)
    said = {one.field: one.reason for one in refused.value.field_violations}
    assert {field: said.get(field) for field in expected} == expected, refused.value.field_violations
    assert set(said.values()) <= set(FieldReason)
    assert refused.value.reason == Reason.INVALID_ARGUMENT


def test_a_field_that_names_what_is_not_there_has_the_reason_of_the_refusal(either: Any) -> None:
    """Since the request itself is not wrong."""
    with pytest.raises(NotFound) as refused:
        either.get_lot("no such lot", material_id_or_path="no such material")
    assert refused.value.reason == Reason.MATERIAL_NOT_FOUND
    assert [one.reason for one in refused.value.field_violations] == [Reason.MATERIAL_NOT_FOUND]


def test_every_value_of_the_set_is_provoked_here() -> None:
    """So that none is a word that is never said."""
    provoked = {reason for _, expected in REFUSED.values() for reason in expected.values()}
    assert provoked == set(FieldReason)


def test_the_reason_travels_in_googles_own_message(server: ServerProcess) -> None:
    """For callers in other languages: BadRequest.FieldViolation has a field for it."""
    with grpc.insecure_channel(server.address) as channel:
        call: Any = channel.unary_unary(
            METHOD,
            pb.ExecuteInventoryOperationRequest.SerializeToString,
            pb.ExecuteInventoryOperationResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as refused:
            call(
                pb.ExecuteInventoryOperationRequest(inventory_operation_id="X"),
                metadata=[("authorization", f"Bearer {server.token}")],
                timeout=30,
            )
    bad_request = error_details_pb2.BadRequest()
    status = rpc_status.from_call(refused.value)
    assert any(detail.Unpack(bad_request) for detail in status.details)
    assert [(one.field, one.reason) for one in bad_request.field_violations] == [
        ("inventory_operation_id", "MALFORMED")
    ]


def test_items_of_a_batch_say_it_too(either: Any) -> None:
    """In the status of each result."""
    with pytest.raises(LotkeeperError) as refused:
        either.batch_execute_inventory_operations(
            [pb.ExecuteInventoryOperationRequest(inventory_operation_id="X")], all_or_nothing=True
        )
    assert [one.reason for one in refused.value.field_violations] == ["MALFORMED"]
