"""The methods of the contract as the transport serves them, put together once at start.

The order: is the server shutting down; who calls; may they; is it a message; the method. Refusals become statuses.
"""

from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from lotkeeper.inventory.v1 import permission_pb2

from lotkeeper_server import transport
from lotkeeper_server.rpc.gate.awaited import AwaitedMethod
from lotkeeper_server.rpc.gate.decided import DecidedMethod
from lotkeeper_server.rpc.gate.doorway import Doorway

Methods = dict[str, transport.Unary | transport.Streaming]


def permission_of(method: MethodDescriptor) -> str:
    """The permission that the contract names for a method.

    Raises:
        LookupError: where it names none: the method cannot be served then.
    """
    options = method.GetOptions()
    assert isinstance(options, descriptor_pb2.MethodOptions)
    permission = options.Extensions[permission_pb2.permission]
    if not permission:
        raise LookupError(f"{method.full_name} names no permission")
    return permission


def methods_of(service: ServiceDescriptor, servicers: list[object], doorway: Doorway) -> Methods:
    """Every method of a service by its path, each found by its name in one of the servicers. Runs on the event loop.

    Raises:
        LookupError: for a method that no servicer has, or that names no permission.
    """
    methods: Methods = {}
    for method in service.methods:
        implementation = next((found for one in servicers if (found := getattr(one, method.name, None))), None)
        if implementation is None:
            raise LookupError(f"no servicer has {method.full_name}")
        methods[f"/{service.full_name}/{method.name}"] = _served(method, implementation, doorway)
    return methods


def _served(method: MethodDescriptor, implementation: Any, doorway: Doorway) -> transport.Unary | transport.Streaming:
    """The server's method, by who decides it and which side streams; in the contract never both sides stream."""
    served = (doorway, method.full_name, permission_of(method), GetMessageClass(method.input_type), implementation)
    if getattr(implementation, "decided_by_engine", False):
        decided = DecidedMethod(*served)
        return transport.Unary(decided.begin, decided.refusal)
    assert not (method.client_streaming and method.server_streaming), method.full_name
    if method.client_streaming:
        return transport.Streaming(AwaitedMethod(*served).take)
    if method.server_streaming:
        return transport.Streaming(AwaitedMethod(*served).give)
    return transport.Unary(AwaitedMethod(*served).begin)
