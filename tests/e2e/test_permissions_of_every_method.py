"""Who may: every method of the contract with every kind of token."""

from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from lotkeeper import LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.rpc.server import SERVICES
from lotkeeper_server.store.db.connection import Store

from tests.raw_calls import call_once
from tests.server_process import ServerProcess

METHODS = [method for service in SERVICES for method in service.methods]
NEED_ANOTHER_ONE = {"HoldTracedLots"}
"""Methods whose permission alone is not enough, but the parent of both that they need is."""


@pytest.fixture(scope="module")
def tokens(server: ServerProcess) -> dict[str, str]:
    """One token for each permission and each parent of one."""
    permissions = {permission_of(method) for method in METHODS} - {"any"}
    wanted = permissions | {permission.rpartition(".")[0] for permission in permissions}
    made = {permission: new_token() for permission in sorted(wanted)}
    now, new_id, store = now_millis(), IdSource(), Store(server.database_url)
    with store.write() as connection:  # the command line takes a second for each
        for permission, token in made.items():
            role = permission.lower()
            add_role(connection, role, [permission], now)
            add_token(connection, token, TokenEntry(new_id(), role, (role,), False, now, None, None))
    store.close()
    made["expired"] = server.run(
        "token", "create", "--name", "old", "--role", "admin", "--expires", "2020-01-01"
    ).stdout.strip()
    made["revoked"] = server.run("token", "create", "--name", "gone", "--role", "admin").stdout.strip()
    assert server.run("token", "revoke", "--name", "gone").returncode == 0
    return made


@pytest.fixture(scope="module")
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    """A bare channel."""
    with grpc.insecure_channel(server.address) as opened:
        yield opened


def ask(channel: grpc.Channel, method: MethodDescriptor, authorization: str | None) -> str:
    """The reason of the refusal of an empty request; empty where it is answered."""
    try:
        call_once(channel, method, b"", authorization, timeout_seconds=10)
    except grpc.RpcError as rpc_error:
        error: LotkeeperError = error_of(rpc_error)
        return error.reason
    return ""


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_lets_in_whom_its_permission_allows(
    channel: grpc.Channel, tokens: dict[str, str], method: MethodDescriptor
) -> None:
    """No token, wrong, revoked, expired, without the permission, with its parent, with it."""
    for wrong in (None, "Bearer wrong", "Basic x", f"Bearer {tokens['expired']}", f"Bearer {tokens['revoked']}"):
        assert ask(channel, method, wrong) == "UNAUTHENTICATED", wrong
    permission = permission_of(method)
    if permission == "any":
        answered = ask(channel, method, f"Bearer {tokens['UNIT.READ']}")
        assert answered not in {"UNAUTHENTICATED", "PERMISSION_DENIED"}
        return
    other = "UNIT.READ" if permission != "UNIT.READ" else "LOT.READ"
    assert ask(channel, method, f"Bearer {tokens[other]}") == "PERMISSION_DENIED"
    if method.name in NEED_ANOTHER_ONE:
        assert ask(channel, method, f"Bearer {tokens[permission]}") == "PERMISSION_DENIED"
        permission = permission.rpartition(".")[0]
    for enough in (permission, permission.rpartition(".")[0] or permission):
        assert ask(channel, method, f"Bearer {tokens[enough]}") not in {"UNAUTHENTICATED", "PERMISSION_DENIED"}


def test_what_is_revoked_by_another_process_counts_for_the_next_call(
    server: ServerProcess, channel: grpc.Channel
) -> None:
    """Also for methods that let in by memory: Execute with a malformed request says UNAUTHENTICATED, not its shape."""
    execute = next(method for method in METHODS if method.name == "ExecuteInventoryOperation")
    token = server.run("token", "create", "--name", "short", "--role", "admin").stdout.strip()
    assert ask(channel, execute, f"Bearer {token}") == "INVALID_ARGUMENT"
    assert server.run("token", "revoke", "--name", "short").returncode == 0
    assert ask(channel, execute, f"Bearer {token}") == "UNAUTHENTICATED"


def test_health_and_reflection_need_no_token(channel: grpc.Channel) -> None:
    """Standard tools find their way."""
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    health = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == health_pb2.HealthCheckResponse.SERVING
    database = ProtoReflectionDescriptorDatabase(channel)
    assert "lotkeeper.inventory.v1.InventoryService" in database.get_services()


def test_bytes_that_are_no_message_are_an_invalid_argument(channel: grpc.Channel, server: ServerProcess) -> None:
    """Of every method; never INTERNAL."""
    for method in METHODS:
        with pytest.raises(grpc.RpcError) as refused:
            call_once(channel, method, b"\xff\xff\xff\x00garbage", f"Bearer {server.token}", timeout_seconds=10)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT, method.name
