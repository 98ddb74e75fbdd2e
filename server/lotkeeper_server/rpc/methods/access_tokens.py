"""ListTokens, CreateToken, RotateToken and RevokeToken."""

from typing import Final

from lotkeeper.inventory.v1 import access_service_pb2 as pb

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.managing.authority import Authority, visible_roles
from lotkeeper_server.access.managing.tokens import MadeToken, create_token, revoke_token, rotate
from lotkeeper_server.access.tokens import list_tokens_after
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import ID_BYTES
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.wire.access_messages import (
    read_successor,
    read_token,
    read_token_id,
    token_message,
)
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction

_OVERLAP_SECONDS: Final = 86_400


class AccessTokens:
    """Stored tokens."""

    def __init__(self, engine: Engine, default: Allowance, expiry_days: float) -> None:
        """Answers by the store.

        Args:
            engine: reads and writes.
            default: what stands for each limit that a role leaves open.
            expiry_days: after so long a token expires where nothing is said; 0: never.
        """
        self._engine = engine
        self._default = default
        self._usual_millis = int(expiry_days * limits.MILLIS_PER_DAY) or None

    async def ListTokens(self, request: pb.ListTokensRequest, call: Call) -> pb.ListTokensResponse:  # noqa: N802
        """Lists those that the caller may see, without their secrets."""
        shape = Shape()
        page = read_page_request(request, shape, ID_BYTES)
        principal = shape.name("principal", request.principal)
        shape.check()
        now_millis = self._engine.clock.now_millis()

        def work(snapshot: Snapshot) -> pb.ListTokensResponse:
            admission = call.admission
            entries = list_tokens_after(snapshot, page.after or None, page.size, principal)
            after = entries[-1].id if len(entries) == page.size else None
            if admission.reach is not None and admission.reach.scope_of(admission.permission) is not None:
                seen = visible_roles(snapshot, admission.reach, admission.permission).keys()
                entries = [one for one in entries if one.roles and seen >= set(one.roles)]
            if request.live_only:
                entries = [one for one in entries if one.is_live(now_millis)]
            shown = fitting([token_message(one, now_millis) for one in entries])
            if len(shown) < len(entries):
                after = entries[len(shown) - 1].id
            return pb.ListTokensResponse(tokens=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)

    @confirmed_by_engine
    async def CreateToken(self, request: pb.CreateTokenRequest, call: Call) -> pb.CreateTokenResponse:  # noqa: N802
        """Makes one."""
        shape = Shape()
        asked = read_token(shape, request)
        shape.check()
        call.request_id = request.request_id

        def work(tx: Transaction) -> MadeToken:
            return create_token(tx, Authority(call.admission, self._default), asked, self._usual_millis)

        made = await self._engine.transact(work, call)
        return pb.CreateTokenResponse(token=token_message(made.entry, made.entry.created_millis), secret=made.text)

    @confirmed_by_engine
    async def RotateToken(self, request: pb.RotateTokenRequest, call: Call) -> pb.RotateTokenResponse:  # noqa: N802
        """Makes one in the place of another."""
        shape = Shape()
        old_id = read_token_id(shape, request.token_id)
        overlap = request.overlap_seconds if request.HasField("overlap_seconds") else _OVERLAP_SECONDS
        if not 0 <= overlap <= limits.TOKEN_OVERLAP_SECONDS_MAX:
            shape.fault(
                "overlap_seconds",
                Fault.out_of_range(f"{overlap} is not between 0 and {limits.TOKEN_OVERLAP_SECONDS_MAX}"),
            )
        asked = read_successor(shape, request)
        shape.check()
        call.request_id = request.request_id

        def work(tx: Transaction) -> MadeToken:
            return rotate(tx, Authority(call.admission, self._default), old_id, asked, overlap)

        made = await self._engine.transact(work, call)
        return pb.RotateTokenResponse(token=token_message(made.entry, made.entry.created_millis), secret=made.text)

    @confirmed_by_engine
    async def RevokeToken(self, request: pb.RevokeTokenRequest, call: Call) -> pb.RevokeTokenResponse:  # noqa: N802
        """Ends one at once."""
        shape = Shape()
        token_id = read_token_id(shape, request.token_id)
        shape.check()

        def work(tx: Transaction) -> pb.RevokeTokenResponse:
            entry = revoke_token(tx, Authority(call.admission, self._default), token_id)
            return pb.RevokeTokenResponse(token=token_message(entry, tx.now_millis))

        return await self._engine.transact(work, call)
