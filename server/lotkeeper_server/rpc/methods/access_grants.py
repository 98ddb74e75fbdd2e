"""ListGrants, GrantRole and RevokeGrant."""

from lotkeeper.inventory.v1 import access_service_pb2 as pb

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.managing.authority import Authority, visible_roles
from lotkeeper_server.access.managing.grants import grant_role, revoke_grant
from lotkeeper_server.access.roles import GivenRole, list_given_roles
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.wire.access_messages import grant_message, read_required_name
from lotkeeper_server.rpc.wire.made_order import MADE_KEY_BYTES, made_key, made_page
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction


class AccessGrants:
    """The roles that principals have by name."""

    def __init__(self, engine: Engine, default: Allowance) -> None:
        """Answers by the store.

        Args:
            engine: reads and writes.
            default: what stands for each limit that a role leaves open.
        """
        self._engine = engine
        self._default = default

    async def ListGrants(self, request: pb.ListGrantsRequest, call: Call) -> pb.ListGrantsResponse:  # noqa: N802
        """Lists those that the caller may see."""
        shape = Shape()
        page = read_page_request(request, shape, MADE_KEY_BYTES)
        principal, role = shape.name("principal", request.principal), shape.name("role", request.role)
        shape.check()

        def work(snapshot: Snapshot) -> pb.ListGrantsResponse:
            seen = visible_roles(snapshot, call.admission.reach, call.admission.permission)
            wanted = (
                one
                for one in list_given_roles(snapshot)
                if one.role in seen and principal in {None, one.principal} and role in {None, one.role}
            )
            grants, more = made_page(wanted, _key_of, page.after, page.size)
            shown = fitting([grant_message(one) for one in grants])
            after = _key_of(grants[len(shown) - 1]) if more or len(shown) < len(grants) else None
            return pb.ListGrantsResponse(grants=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)

    @confirmed_by_engine
    async def GrantRole(self, request: pb.GrantRoleRequest, call: Call) -> pb.GrantRoleResponse:  # noqa: N802
        """Gives a principal a role."""
        principal, role = _read_both(request)

        def work(tx: Transaction) -> pb.GrantRoleResponse:
            given = grant_role(tx, Authority(call.admission, self._default), principal, role)
            return pb.GrantRoleResponse(grant=grant_message(given))

        return await self._engine.transact(work, call)

    @confirmed_by_engine
    async def RevokeGrant(self, request: pb.RevokeGrantRequest, call: Call) -> pb.RevokeGrantResponse:  # noqa: N802
        """Takes a role from a principal."""
        principal, role = _read_both(request)

        def work(tx: Transaction) -> pb.RevokeGrantResponse:
            revoke_grant(tx, Authority(call.admission, self._default), principal, role)
            return pb.RevokeGrantResponse()

        return await self._engine.transact(work, call)


def _read_both(request: pb.GrantRoleRequest | pb.RevokeGrantRequest) -> tuple[str, str]:
    """The principal and the role.

    Raises:
        Refused: INVALID_ARGUMENT.
    """
    shape = Shape()
    principal = read_required_name(shape, "principal", request.principal)
    role = read_required_name(shape, "role", request.role)
    shape.check()
    return principal, role


def _key_of(given: GivenRole) -> bytes:
    return made_key(given.created_millis, given.principal, given.role)
