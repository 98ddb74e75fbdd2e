"""Whatever comes in: a clear refusal, never INTERNAL, and the server goes on."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lotkeeper import Client, InvalidArgument, LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper_server.rpc.server import SERVICES

from tests.plants import ServedPlant
from tests.raw_calls import call_once
from tests.server_process import ServerProcess
from tests.watched import watched_server

METHODS = [method for service in SERVICES for method in service.methods]
EXAMPLES = int(os.environ.get("LOTKEEPER_TEST_HOSTILE_EXAMPLES", "400"))
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED}

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "a" * 256, "x/y", "/", "//", "\u2003x", "\x00", "\U0010ffff", "é" * 255, "01JPAND53PBZ61RZHZV7C6EEHG"]
    ),
    st.just("ÿ" * 5_000),
)
doubles = st.one_of(
    st.floats(),
    st.sampled_from(
        [0.0, -0.0, 1.0, 1e-7, 9.2e12, 1e308, float("nan"), float("inf"), struct.unpack("d", b"\1" * 8)[0]]
    ),
)


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Random valid messages of a type, as keyword arguments."""
    fields = {field.name: _values(field, depth) for field in descriptor.fields if depth < 3}
    return st.fixed_dictionaries({}, optional=fields)


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    kinds = FieldDescriptor
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.FieldMask":
            single: st.SearchStrategy[Any] = st.fixed_dictionaries({"paths": st.lists(texts, max_size=3)})
        else:
            single = messages(field.message_type, depth + 1)
    elif field.enum_type is not None:
        single = st.sampled_from([0, 1, 2, 3, 99, -1, 2**31 - 1])
    else:
        single = {
            kinds.TYPE_STRING: texts,
            kinds.TYPE_BOOL: st.booleans(),
            kinds.TYPE_DOUBLE: doubles,
            kinds.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
            kinds.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
            kinds.TYPE_BYTES: st.binary(max_size=20),
        }[field.type]
    return st.lists(single, max_size=4) if field.is_repeated else single


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A watched server for all tests: in the end nothing has held up its loop or its polling thread."""
    with watched_server(tmp_path_factory.mktemp("server")) as watched:
        yield watched.server
        assert watched.held() == []


@pytest.fixture(scope="module")
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    """A bare channel, and something in the plant."""
    with Client(server.address, token=server.token) as client:
        ServedPlant(client).operation("PRODUCE")
    with grpc.insecure_channel(server.address) as opened:
        yield opened


def code_of(channel: grpc.Channel, method: MethodDescriptor, body: bytes, token: str) -> grpc.StatusCode:
    """What a call ends with."""
    try:
        call_once(channel, method, body, f"Bearer {token}", timeout_seconds=20)
    except grpc.RpcError as rpc_error:
        error = error_of(rpc_error)
        assert error.reason or error.code is grpc.StatusCode.RESOURCE_EXHAUSTED, (method.name, error)
        return error.code
    return grpc.StatusCode.OK


@given(st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_random_valid_messages_never_give_internal(
    channel: grpc.Channel, server: ServerProcess, data: st.DataObject
) -> None:
    """Any method, any fields."""
    method = data.draw(st.sampled_from(METHODS), label="method")
    arguments = data.draw(messages(method.input_type), label="request")
    body = GetMessageClass(method.input_type)(**arguments).SerializeToString()
    assert code_of(channel, method, body, server.token) not in FAULTS


def test_random_bytes_never_give_internal(channel: grpc.Channel, server: ServerProcess) -> None:
    """Any method, any bytes."""
    dice = random.Random(20_261_124)
    for _ in range(EXAMPLES):
        method = dice.choice(METHODS)
        body = dice.randbytes(dice.randrange(60))
        assert code_of(channel, method, body, server.token) not in FAULTS


def test_a_refusal_with_many_faults_fits_what_clients_take(client: Client) -> None:
    """The first violations that fit, and how many more there are."""
    from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

    request = pb.ExecuteInventoryOperationRequest(inventory_operation_id="ÿ" * 300, quantity=-1.0)
    with pytest.raises(InvalidArgument) as refused:
        client.batch_execute_inventory_operations([request] * 1_000, all_or_nothing=True)
    assert int(refused.value.metadata["violations_left_out"]) + len(refused.value.field_violations) == 2_000
    assert refused.value.index == 0


def test_a_refusal_of_a_long_text_in_any_script_reaches_its_caller(client: Client) -> None:
    """Four bytes a letter, twelve where it is sent in a message."""
    path = "/".join(["\U00010348" * 249] * 3)
    for _ in range(20):
        with pytest.raises(LotkeeperError) as refused:
            client.save_location(master_data_pb2.Location(name="X", parent_path=path))
        assert refused.value.reason == "LOCATION_NOT_FOUND"


def test_names_at_the_limits(client: Client) -> None:
    """255 code points are taken, 256 are not; nor are white space at an end, what cannot be seen, and ids."""
    plant = ServedPlant(client)
    good = ["n" * 255, "ÿ" * 255, "a\ue000b", "0" * 26, "DROP TABLE x; --", "%_'\"", "🥛" * 255]
    for name in good:
        assert plant.lot(name).name == name
    for name in [
        "n" * 256,
        " x",
        "x\u3000",
        "a\tb",
        "a\x7fb",
        "a\x85b",
        "a\u200bb",
        "\ufeffx",
        "a\u2028b",
        "a\u0378b",
        "01JPAND53PBZ61RZHZV7C6EEHG",
        "",
    ]:
        with pytest.raises(InvalidArgument) as refused:
            plant.lot(name)
        assert [one.field for one in refused.value.field_violations] == ["lot.name"]


def test_a_message_over_the_limit_is_refused_by_grpc(server: ServerProcess) -> None:
    """4 MB; the server goes on."""
    with Client(server.address, token=server.token) as client:
        with pytest.raises(LotkeeperError) as refused:
            client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="x", symbol="x", notes="n" * 5_000_000))
        assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert client.list_permissions().granted_permissions == ["*"]
