"""Who has no stubs reads the details of a refusal: by reflection alone, or by the descriptors in one file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.server_process import ServerProcess

sys.path.insert(0, str(Path(__file__).parents[2] / "protos"))

from descriptors import descriptor_set

SERVICE = "lotkeeper.inventory.v1.InventoryOperationService"


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as one:
        yield one


def by_reflection(channel: grpc.Channel) -> DescriptorPool:
    """What a server says about a service, and all that this imports: nothing is asked for by another name."""
    return descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def by_one_file(_channel: grpc.Channel) -> DescriptorPool:
    """What `lotkeeper.protoset` holds."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_set().file:
        pool.Add(file)  # type: ignore[no-untyped-call]
    return pool


def details_of(error: Any, pool: DescriptorPool) -> dict[str, dict[str, Any]]:
    """By the types' names; each is read by the type that the pool has."""
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.rpc.Status"))
    [status] = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    found = {}
    for packed in kind.FromString(status).details:
        one = any_pb2.Any.FromString(packed.SerializeToString())
        detail = message_factory.GetMessageClass(pool.FindMessageTypeByName(one.TypeName()))()
        assert one.Unpack(detail)
        found[one.TypeName()] = json_format.MessageToDict(detail)
    return found


@pytest.mark.parametrize("known", [by_reflection, by_one_file])
def test_details_are_read_without_stubs(
    server: ServerProcess, channel: grpc.Channel, known: Callable[[grpc.Channel], DescriptorPool]
) -> None:
    """The reason, the domain and each wrong field with its own reason."""
    pool = known(channel)
    service = pool.FindServiceByName(SERVICE)  # type: ignore[no-untyped-call]
    method = service.methods_by_name["ExecuteInventoryOperation"]
    request = message_factory.GetMessageClass(method.input_type)(quantity=-1, request_id="x" * 200)
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/{SERVICE}/{method.name}")(
            request.SerializeToString(), metadata=[("authorization", f"Bearer {server.token}")], timeout=30
        )
    details = details_of(caught.value, pool)
    assert details["google.rpc.ErrorInfo"] == {"reason": "INVALID_ARGUMENT", "domain": "lotkeeper"}
    violations = details["google.rpc.BadRequest"]["fieldViolations"]
    assert {one["field"]: one["reason"] for one in violations} == {
        "inventory_operation_id": "REQUIRED",
        "quantity": "OUT_OF_RANGE",
        "request_id": "TOO_LONG",
    }


@pytest.mark.parametrize("known", [by_reflection, by_one_file])
def test_the_file_of_a_service_brings_the_types_of_all_details_and_the_reasons(
    channel: grpc.Channel, known: Callable[[grpc.Channel], DescriptorPool]
) -> None:
    """What tools load when they are asked for one service."""
    pool = known(channel)
    names, files = set(), [pool.FindServiceByName(SERVICE).file]  # type: ignore[no-untyped-call]
    while files:
        file = files.pop()
        names |= {f"{file.package}.{name}" for name in (*file.message_types_by_name, *file.enum_types_by_name)}
        files += file.dependencies
    kinds = {f"google.rpc.{name}" for name in ("Status", "ErrorInfo", "BadRequest", "RetryInfo")}
    assert names >= kinds | {"lotkeeper.inventory.v1.ErrorReason", "lotkeeper.inventory.v1.RefusalDetails"}
