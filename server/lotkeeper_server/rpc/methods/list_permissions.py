"""ListPermissions: the permissions of the contract, and what the caller's roles grant."""

from collections.abc import Sequence

from google.protobuf.descriptor import ServiceDescriptor
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.access.permissions import ANY_CALLER
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.rpc.wire.action_permissions import action_permissions


def permissions_of(services: Sequence[ServiceDescriptor]) -> list[str]:
    """Every permission that a method of these services or a type of action needs, once, sorted."""
    named = {permission_of(method) for service in services for method in service.methods}
    return sorted(named.union(action_permissions().values()) - {ANY_CALLER})


class Permissions:
    """Answers any caller."""

    def __init__(self, services: Sequence[ServiceDescriptor]) -> None:
        self._permissions = permissions_of(services)

    async def ListPermissions(  # noqa: N802 - named as in the contract
        self, _request: pb.ListPermissionsRequest, call: Call
    ) -> pb.ListPermissionsResponse:
        """Lists both."""
        return pb.ListPermissionsResponse(
            permissions=self._permissions, granted_permissions=sorted(call.admission.permissions)
        )
