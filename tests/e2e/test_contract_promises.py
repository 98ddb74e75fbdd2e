"""What the contract promises by options and in comments is what the server does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodOptions
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from lotkeeper import Client, FailedPrecondition, Reason
from lotkeeper.inventory.v1 import enums_pb2, inventory_service_pb2
from lotkeeper_server.rpc.server import SERVICES

from tests.methods_that_write import methods_that_write
from tests.plants import ServedPlant
from tests.raw_calls import call_once
from tests.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
METHODS = [method for service in SERVICES for method in service.methods]
IDEMPOTENT = {"AnnotateInventoryLotRecord", "GrantRole", "RevokeToken", "SetInventoryMetadata"}
READS_IN_A_TRANSACTION = {"ValidateInventoryOperation"}
"""It asks the engine for a transaction, which it does not commit."""


def level_of(method: MethodDescriptor) -> int:
    return int(method.GetOptions().idempotency_level)


def required_fields(method: MethodDescriptor) -> set[str]:
    return {
        field.name
        for field in method.input_type.fields
        if field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    }


def page_of_lots(server: ServerProcess, page_token: str) -> Any:
    with grpc.insecure_channel(server.address) as channel:
        call: Any = channel.unary_unary(
            "/lotkeeper.inventory.v1.InventoryService/ListLots",
            inventory_service_pb2.ListLotsRequest.SerializeToString,
            inventory_service_pb2.ListLotsResponse.FromString,
        )
        request = inventory_service_pb2.ListLotsRequest(page_size=2, page_token=page_token)
        return call(request, metadata=[("authorization", f"Bearer {server.token}")], timeout=30)


def own_files() -> list[FileDescriptorProto]:
    made = [sys.executable, ROOT / "protos/descriptors.py", "/dev/stdout"]
    said = subprocess.run(made, check=True, capture_output=True).stdout
    return [one for one in FileDescriptorSet.FromString(said).file if one.package == "lotkeeper.inventory.v1"]


def test_what_has_no_side_effects_is_what_does_not_write() -> None:
    """Read off the server's code."""
    reads = {method.name for method in METHODS if level_of(method) == MethodOptions.NO_SIDE_EFFECTS}
    assert reads == {method.name for method in METHODS} - methods_that_write() | READS_IN_A_TRANSACTION


def test_what_is_idempotent_is_what_is_tried_here() -> None:
    """A method that takes a request id is not: without one, two calls are two movements."""
    assert {one.name for one in METHODS if level_of(one) == MethodOptions.IDEMPOTENT} == IDEMPOTENT
    assert not [one.name for one in METHODS if level_of(one) and "request_id" in one.input_type.fields_by_name and
                level_of(one) == MethodOptions.IDEMPOTENT]  # fmt: skip


def test_an_idempotent_method_answers_the_second_call_like_the_first(client: Client) -> None:
    """And changes nothing more."""
    plant = ServedPlant(client)
    record = client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 1.0)
    token = client.create_token("line-3", ["admin"]).token
    calls: dict[str, Any] = {
        "AnnotateInventoryLotRecord": lambda: client.annotate_inventory_lot_record(record.id, notes="a note"),
        "GrantRole": lambda: client.grant_role("line-4", "admin"),
        "RevokeToken": lambda: client.revoke_token(token.id),
        "SetInventoryMetadata": lambda: client.set_inventory_metadata(
            record.inventory_lot_id, location_id_or_path=record.destination_location_id, name="PALLET-1"
        ),
    }
    assert calls.keys() == IDEMPOTENT
    for name, call in calls.items():
        assert call() == call(), name


@pytest.mark.parametrize("method", [one for one in METHODS if required_fields(one)], ids=lambda one: one.name)
def test_a_required_field_that_is_missing_is_named(server: ServerProcess, method: MethodDescriptor) -> None:
    """Whatever else is missing."""
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as refused:
        call_once(channel, method, b"", f"Bearer {server.token}", 30)
    status = rpc_status.from_call(refused.value)
    bad_request = error_details_pb2.BadRequest()
    assert any(detail.Unpack(bad_request) for detail in status.details), status
    said = {one.field: one.reason for one in bad_request.field_violations}
    assert {field: said.get(field) for field in required_fields(method)} == dict.fromkeys(
        required_fields(method), "REQUIRED"
    )


def test_comments_and_options_say_the_same_of_fields() -> None:
    """`Required.` and REQUIRED, `Set by the server.` and OUTPUT_ONLY."""
    behaviors = field_behavior_pb2.field_behavior
    for file in own_files():
        for place in file.source_code_info.location:
            if list(place.path[0:1] + place.path[2:3]) != [4, 2] or len(place.path) != 4:
                continue
            field = file.message_type[place.path[1]].field[place.path[3]]
            comment = " ".join(place.leading_comments.split())
            behavior = list(field.options.Extensions[behaviors])
            where = f"{file.message_type[place.path[1]].name}.{field.name}: {comment}"
            assert (field_behavior_pb2.REQUIRED in behavior) == bool(re.match(r"Required[.:;]", comment)), where
            assert (field_behavior_pb2.OUTPUT_ONLY in behavior) == comment.endswith("Set by the server."), where


def test_every_request_id_page_token_and_resume_token_says_what_it_means() -> None:
    """Its owner, for how long it counts, and that refusals are not kept."""
    needed = {
        "request_id": ("same principal", "refusal is not kept"),
        "page_token": ("does not expire", "outlives restarts"),
        "resume_token": ("does not expire with time", "RESUME_TOKEN_EXPIRED"),
    }
    looked_at = 0
    for file in own_files():
        for place in file.source_code_info.location:
            if len(place.path) != 4 or place.path[0] != 4 or place.path[2] != 2:
                continue
            message = file.message_type[place.path[1]]
            field = message.field[place.path[3]].name
            if message.name.endswith("Request") and field in needed and message.name != "ListAuditEventsRequest":
                comment = " ".join(place.leading_comments.split())
                words = needed[field] if "CreateToken" not in message.name else ("principal", "refusal is not kept")
                assert all(one in comment for one in words), (message.name, field, comment)
                looked_at += 1
    assert looked_at > 20


def test_a_page_token_outlives_a_restart(own_server: ServerProcess) -> None:
    """And brings what comes after its page."""
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        for name in ("L1", "L2", "L3"):
            client.execute_inventory_operation(plant.operation("PRODUCE").id, name, 1.0)
    first = page_of_lots(own_server, "")
    own_server.terminate()
    own_server.start()
    second = page_of_lots(own_server, first.next_page_token)
    assert [[lot.name for lot in page.lots] for page in (first, second)] == [["L1", "L2"], ["L3"]]


def test_a_run_leaves_its_status_until_the_next_one(client: Client) -> None:
    """IDLE, RUNNING, COMPLETED, CANCELLED; and each can be run again."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE").id

    def status() -> str:
        return enums_pb2.Status.Name(client.get_inventory_operation_status(produce).status)

    assert status() == "STATUS_IDLE"
    client.start_inventory_operation(produce, primary_lot_id_or_name="L")
    assert status() == "STATUS_RUNNING"
    client.stop_inventory_operation(produce, 1.0)
    assert status() == "STATUS_COMPLETED"
    client.start_inventory_operation(produce, primary_lot_id_or_name="L")
    client.cancel_inventory_operation(produce)
    assert status() == "STATUS_CANCELLED"
    client.execute_inventory_operation(produce, "L", 1.0)
    assert status() == "STATUS_COMPLETED"


def test_a_refusal_does_not_use_a_request_id(client: Client) -> None:
    """The same request under the same id is decided anew."""
    plant = ServedPlant(client)
    consume, produce = plant.operation("CONSUME").id, plant.operation("PRODUCE").id
    client.execute_inventory_operation(produce, "L", 1.0)
    with pytest.raises(FailedPrecondition) as refused:
        client.execute_inventory_operation(consume, "L", 2.0, request_id="once")
    assert refused.value.reason == Reason.INSUFFICIENT_INVENTORY
    client.execute_inventory_operation(produce, "L", 1.0)
    client.execute_inventory_operation(consume, "L", 2.0, request_id="once")
    assert plant.stock() == {"L": 0.0}
