"""The methods of the contract with all that HTTP needs of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.transport import Streaming, Unary
from lotkeeper_server.transport.observing import MethodObserver, Observe


@dataclass(frozen=True, slots=True)
class ServedMethod:
    """One of them.

    Attributes:
        path: `/package.Service/Method`.
        descriptor: of the contract.
        request_class: of its request.
        response_class: of its answer.
        permission: that it needs.
        method: what serves it.
        observer: is told of its calls.
    """

    path: str
    descriptor: MethodDescriptor
    request_class: type[Message]
    response_class: type[Message]
    permission: str
    method: Unary | Streaming
    observer: MethodObserver

    @property
    def takes_get(self) -> bool:
        """Whether it may be called by GET: it has one message each way, and only reads."""
        level = self.descriptor.GetOptions().idempotency_level
        return isinstance(self.method, Unary) and level == MethodOptions.NO_SIDE_EFFECTS

    @property
    def takes_stream(self) -> bool:
        """Whether it takes many messages."""
        return bool(self.descriptor.client_streaming)


def served_methods(
    services: Sequence[ServiceDescriptor], methods: Mapping[str, Unary | Streaming], observe: Observe
) -> dict[str, ServedMethod]:
    """All of the contract, by their paths.

    Args:
        services: of the contract.
        methods: what serves them, by their paths.
        observe: gives what is told of each.
    """
    found = {}
    for service in services:
        for one in service.methods:
            path = f"/{service.full_name}/{one.name}"
            method = methods[path]
            found[path] = ServedMethod(
                path,
                one,
                GetMessageClass(one.input_type),
                GetMessageClass(one.output_type),
                permission_of(one),
                method,
                observe(path, is_unary=isinstance(method, Unary)),
            )
    return found
