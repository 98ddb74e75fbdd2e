"""What comes in is limited before it unfolds: no message takes memory, or holds anybody up, out of proportion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from lotkeeper import Client, LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_action_pb2, inventory_operation_service_pb2, inventory_service_pb2
from lotkeeper_server.domain import limits
from lotkeeper_server.rpc.server import SERVICES
from lotkeeper_server.rpc.wire.elements import counted_in

from tests.plants import ServedPlant
from tests.raw_calls import call_once
from tests.watched import Watched, watched_server

Streaming: TypeAlias = "grpc.StreamStreamMultiCallable[bytes, bytes]"
METHODS = [method for service in SERVICES for method in service.methods]
WITH_REPEATED = [method for method in METHODS if counted_in(method.input_type) is not None]
MESSAGE_BYTES = 4 * 1024 * 1024 - 64
ZEROS = bytes(100 << 20)
GROWTH_BYTES_MAX = 80_000_000
"""What one message of 4 MB may take on its way, with what Python and gRPC keep of it."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One server for all attacks, warmed up."""
    with watched_server(tmp_path_factory.mktemp("server")) as server:
        with Client(server.server.address, token=server.server.token) as client:
            ServedPlant(client).operation("PRODUCE")
        yield server


@pytest.fixture
def channel(watched: Watched) -> Iterator[grpc.Channel]:
    """A bare channel; nothing has held anybody up when the test has ended."""
    with grpc.insecure_channel(watched.server.address, options=[("grpc.max_receive_message_length", -1)]) as opened:
        yield opened
    assert watched.held() == []


def refusal_of(watched: Watched, channel: grpc.Channel, method: MethodDescriptor, body: bytes) -> LotkeeperError:
    """What a call is refused with, for a caller who may everything."""
    with pytest.raises(grpc.RpcError) as refused:
        call_once(channel, method, body, f"Bearer {watched.server.token}", timeout_seconds=20)
    return error_of(refused.value)


def method_named(name: str) -> MethodDescriptor:
    """A method of the contract."""
    return next(method for method in METHODS if method.name == name)


def test_compressed_zeros_are_refused_before_they_are_unpacked(watched: Watched, channel: grpc.Channel) -> None:
    """Zeros, a thousandth of them on the wire; for every kind of method, and before anybody has looked at a token."""
    before = watched.forget_peak()
    for name in ("ExecuteInventoryOperation", "ListLots", "ImportMasterData", "WatchInventoryLotRecords"):
        method = method_named(name)
        call: Streaming = channel.stream_stream(f"/{method.containing_service.full_name}/{name}")
        with pytest.raises(grpc.RpcError) as refused:
            list(call(iter([ZEROS]), compression=grpc.Compression.Gzip, timeout=20))
        assert error_of(refused.value).code is grpc.StatusCode.UNIMPLEMENTED
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


@pytest.mark.parametrize("method", WITH_REPEATED, ids=lambda method: str(method.name))
def test_a_message_of_two_byte_elements_is_refused_before_it_unfolds(
    watched: Watched, channel: grpc.Channel, method: MethodDescriptor
) -> None:
    """Every method with anything repeated, every one of its fields."""
    before = watched.forget_peak()
    with watched.others():
        for field in method.input_type.fields:
            wire_type = 2 if field.message_type is not None or field.type == field.TYPE_STRING else 0
            element = bytes([field.number << 3 | wire_type, 0])
            error = refusal_of(watched, channel, method, element * (MESSAGE_BYTES // 2))
            assert error.reason == "INVALID_ARGUMENT"
            assert f"more than {limits.MESSAGE_ELEMENTS_MAX} fields and elements" in error.message
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
def test_a_megabyte_of_any_field_is_refused_at_once(
    watched: Watched, channel: grpc.Channel, method: MethodDescriptor
) -> None:
    """Texts of control characters in every field, and every field again and again."""
    before = watched.forget_peak()
    request = GetMessageClass(method.input_type)
    texts = [one.name for one in method.input_type.fields if one.type == one.TYPE_STRING and not one.is_repeated]
    bodies = [request(**{name: "\x01" * MESSAGE_BYTES}).SerializeToString() for name in texts]
    for body in (b"\x78\x01" * (MESSAGE_BYTES // 2), *bodies):
        try:
            call_once(channel, method, body, f"Bearer {watched.server.token}", timeout_seconds=20)
        except grpc.RpcError as refused:
            error = error_of(refused)
            assert error.code not in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}, error
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX


def test_a_mask_of_many_names_is_refused_by_every_save(watched: Watched, channel: grpc.Channel) -> None:
    """By its number, not name by name; a Validate does not answer with them either."""
    for method in METHODS:
        if "update_mask" not in method.input_type.fields_by_name:
            continue
        request = GetMessageClass(method.input_type)()
        request.update_mask.paths.extend(f"name{number}" for number in range(9_000))  # type: ignore[attr-defined]
        error = refusal_of(watched, channel, method, request.SerializeToString())
        assert [one.field for one in error.field_violations] == ["update_mask"]
        assert error.field_violations[0].description == "names 9000 fields; at most 100 are allowed"
        request.update_mask.paths.extend(["a"] * 600_000)  # type: ignore[attr-defined]
        assert "fields and elements" in refusal_of(watched, channel, method, request.SerializeToString()).message


def test_values_of_a_filter_are_refused_by_their_number(watched: Watched, channel: grpc.Channel) -> None:
    """In a list and in a watch."""
    for name, field in (("ListInventoryLotRecords", "statuses"), ("WatchInventoryLotRecords", "lot_record_types")):
        method = method_named(name)
        body = GetMessageClass(method.input_type)(**{field: [1] * 101}).SerializeToString()
        error = refusal_of(watched, channel, method, body)
        assert [(one.field, one.description) for one in error.field_violations] == [
            (field, "has 101 values; at most 100 are allowed")
        ]


def test_many_wrong_fields_are_counted_and_cut_off(watched: Watched, channel: grpc.Channel) -> None:
    """A thousand actions with more faults than fields."""
    wrong = inventory_action_pb2.InventoryAction(lot_id_or_name="\x01", notes="\x01", spare1="\x01", quantity=-1.0)
    request = inventory_service_pb2.ExecuteInventoryActionsRequest(actions=[wrong] * 1_000)
    error = refusal_of(watched, channel, method_named("ExecuteInventoryActions"), request.SerializeToString())
    shown = len(error.field_violations)
    assert 10 < shown < limits.REFUSAL_VIOLATIONS_MAX
    assert int(error.metadata["violations_left_out"]) + shown >= 4_000


def test_a_full_batch_is_legal_and_one_transaction(watched: Watched) -> None:
    """A thousand requests with long names: what it holds the pipeline for is allowed, and bounded."""
    with Client(watched.server.address, token=watched.server.token) as client:
        produce = ServedPlant(client).operation("PRODUCE")
        requests = [
            inventory_operation_service_pb2.ExecuteInventoryOperationRequest(
                inventory_operation_id=produce.id,
                primary_lot_id_or_name=f"{number:03}" * 85,
                quantity=1.5,
                inventory_name="n" * 255,
                request_id=f"{number:03}" * 42,
            )
            for number in range(limits.BATCH_ITEMS_MAX)
        ]
        before = watched.forget_peak()
        results = client.batch_execute_inventory_operations(requests)
        assert len(results) == limits.BATCH_ITEMS_MAX
        assert watched.peak_bytes() - before < GROWTH_BYTES_MAX
        held = [one for one in watched.held() if any("write_changes" in place for place in one.stack)]
        assert all(one.cpu_millis < 1_000 for one in held)
    watched.forget_held()


def test_large_messages_to_the_standard_services_hold_nobody_up(watched: Watched, channel: grpc.Channel) -> None:
    """Health and reflection ask for no token."""
    before = watched.forget_peak()
    long = "x" * MESSAGE_BYTES
    check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
    ask: Streaming = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    for body in (health_pb2.HealthCheckRequest(service=long).SerializeToString(), b"\x0a\x00" * (MESSAGE_BYTES // 2)):
        with suppress(grpc.RpcError):
            check(body, timeout=20)
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=long).SerializeToString()
    list(ask(iter([request]), timeout=20))
    assert watched.peak_bytes() - before < GROWTH_BYTES_MAX
