"""ListRoles, GetRole, CreateRole, UpdateRole and DeleteRole."""

from typing import Final

from lotkeeper.inventory.v1 import access_service_pb2 as pb

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.managing.authority import Authority, visible_roles
from lotkeeper_server.access.managing.roles import RoleChange, create_role, remove_role, update_role
from lotkeeper_server.access.roles import Role
from lotkeeper_server.catalog.naming import NamedEntity
from lotkeeper_server.catalog.saving import MASK_FIELD
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.refusals import Fault, NotFound
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.wire.access_messages import (
    LOCATIONS_FIELD,
    read_locations,
    read_permissions,
    read_required_name,
    read_role_limits,
    read_role_version,
    role_message,
)
from lotkeeper_server.rpc.wire.made_order import MADE_KEY_BYTES, made_key, made_page
from lotkeeper_server.rpc.wire.masks import read_mask
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction

_CHANGEABLE: Final = ("permissions", LOCATIONS_FIELD, "limits")


class AccessRoles:
    """Roles."""

    def __init__(self, engine: Engine, default: Allowance, grantable: frozenset[str]) -> None:
        """Answers by the store.

        Args:
            engine: reads and writes.
            default: what stands for each limit that a role leaves open.
            grantable: every permission that a role may grant.
        """
        self._engine = engine
        self._default = default
        self._grantable = grantable

    async def ListRoles(self, request: pb.ListRolesRequest, call: Call) -> pb.ListRolesResponse:  # noqa: N802
        """Lists those that the caller may see."""
        shape = Shape()
        page = read_page_request(request, shape, MADE_KEY_BYTES)
        shape.check()

        def work(snapshot: Snapshot) -> pb.ListRolesResponse:
            seen = visible_roles(snapshot, call.admission.reach, call.admission.permission).items()
            roles, more = made_page(seen, _key_of, page.after, page.size)
            shown = fitting([role_message(snapshot, *one) for one in roles])
            after = _key_of(roles[len(shown) - 1]) if more or len(shown) < len(roles) else None
            return pb.ListRolesResponse(roles=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)

    async def GetRole(self, request: pb.GetRoleRequest, call: Call) -> pb.GetRoleResponse:  # noqa: N802
        """Reads one that the caller may see."""
        shape = Shape()
        name = read_required_name(shape, "name", request.name)
        shape.check()

        def work(snapshot: Snapshot) -> pb.GetRoleResponse:
            role = visible_roles(snapshot, call.admission.reach, call.admission.permission).get(name)
            if role is None:
                unknown = NotFound(entity="role", name=name)
                raise Authority(call.admission, self._default).missing(snapshot, unknown, "name")
            return pb.GetRoleResponse(role=role_message(snapshot, name, role))

        return await self._engine.read(work)

    @confirmed_by_engine
    async def CreateRole(self, request: pb.CreateRoleRequest, call: Call) -> pb.CreateRoleResponse:  # noqa: N802
        """Makes one."""
        shape = Shape()
        name = read_required_name(shape, "name", request.name)
        permissions = read_permissions(shape, request.permissions, self._grantable)
        named = read_locations(shape, request.location_ids_or_paths)
        limits = read_role_limits(shape, request.limits)
        shape.check()

        def work(tx: Transaction) -> pb.CreateRoleResponse:
            change = RoleChange(permissions, _found(tx, named), limits)
            role = create_role(tx, Authority(call.admission, self._default), name, change)
            return pb.CreateRoleResponse(role=role_message(tx.connection, name, role))

        return await self._engine.transact(work, call)

    @confirmed_by_engine
    async def UpdateRole(self, request: pb.UpdateRoleRequest, call: Call) -> pb.UpdateRoleResponse:  # noqa: N802
        """Changes one, for all who have it."""
        shape = Shape()
        name = read_required_name(shape, "name", request.name)
        version = read_role_version(shape, request.version)
        fields = _read_fields(shape, request)
        permissions = read_permissions(shape, request.permissions, self._grantable) if "permissions" in fields else None
        named = read_locations(shape, request.location_ids_or_paths) if LOCATIONS_FIELD in fields else None
        limits = read_role_limits(shape, request.limits) if "limits" in fields else None
        shape.check()

        def work(tx: Transaction) -> pb.UpdateRoleResponse:
            change = RoleChange(permissions, None if named is None else _found(tx, named), limits)
            role = update_role(tx, Authority(call.admission, self._default), name, change, version)
            return pb.UpdateRoleResponse(role=role_message(tx.connection, name, role))

        return await self._engine.transact(work, call)

    @confirmed_by_engine
    async def DeleteRole(self, request: pb.DeleteRoleRequest, call: Call) -> pb.DeleteRoleResponse:  # noqa: N802
        """Deletes one that nobody has."""
        shape = Shape()
        name = read_required_name(shape, "name", request.name)
        version = read_role_version(shape, request.version)
        shape.check()

        def work(tx: Transaction) -> pb.DeleteRoleResponse:
            remove_role(tx, Authority(call.admission, self._default), name, version)
            return pb.DeleteRoleResponse()

        return await self._engine.transact(work, call)


def _key_of(named: tuple[str, Role]) -> bytes:
    name, role = named
    return made_key(role.created_millis, name)


def _read_fields(shape: Shape, request: pb.UpdateRoleRequest) -> list[str]:
    fields = read_mask(request.update_mask) or list(_CHANGEABLE)
    for name in fields:
        if name not in _CHANGEABLE:
            shape.fault(MASK_FIELD, Fault.unknown(f"{name} is none of {', '.join(_CHANGEABLE)}"))
    return fields


def _found(tx: Transaction, named: list[NamedEntity]) -> frozenset[LocationId]:
    return frozenset(LocationId(one.find(tx.connection)) for one in named)
