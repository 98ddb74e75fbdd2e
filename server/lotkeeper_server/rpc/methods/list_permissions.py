"""ListPermissions: the permissions of the contract, and what the caller's roles grant."""

from collections.abc import Sequence
from functools import partial

from google.protobuf.descriptor import ServiceDescriptor
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.access.permissions import ANY_CALLER, EVERYTHING
from lotkeeper_server.access.reach import Reach
from lotkeeper_server.catalog.lot_rules import STATUS_CHANGE_PERMISSION
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.rpc.wire.action_permissions import action_permissions
from lotkeeper_server.store.access.places import paths_of
from lotkeeper_server.store.db.snapshot import Snapshot


def permissions_of(services: Sequence[ServiceDescriptor]) -> list[str]:
    """Every permission that a method of these services or a type of action needs, once, sorted."""
    named = {permission_of(method) for service in services for method in service.methods}
    return sorted(named.union(action_permissions().values()) - {ANY_CALLER})


def grantable(services: Sequence[ServiceDescriptor]) -> frozenset[str]:
    """Every permission that a role may grant: those of these services, what stands above them, and `*`."""
    known = {*permissions_of(services), STATUS_CHANGE_PERMISSION}
    parents = {".".join(one.split(".")[:count]) for one in known for count in range(1, len(one.split(".")))}
    return frozenset(known | parents | {EVERYTHING})


class Permissions:
    """Answers any caller."""

    def __init__(self, services: Sequence[ServiceDescriptor], engine: Engine) -> None:
        self._permissions = permissions_of(services)
        self._engine = engine

    async def ListPermissions(  # noqa: N802 - named as in the contract
        self, _request: pb.ListPermissionsRequest, call: Call
    ) -> pb.ListPermissionsResponse:
        """Lists both, and where the limited ones hold now."""
        answer = pb.ListPermissionsResponse(
            permissions=self._permissions, granted_permissions=sorted(call.admission.permissions)
        )
        if (reach := call.admission.reach) is not None:
            answer.limited_permissions.extend(await self._engine.read(partial(_limited, reach)))
        return answer


def _limited(reach: Reach, snapshot: Snapshot) -> list[pb.LimitedPermissions]:
    return [
        pb.LimitedPermissions(
            permissions=sorted(permissions), location_paths=sorted(paths_of(snapshot, locations).values())
        )
        for permissions, locations in reach.limited
    ]
