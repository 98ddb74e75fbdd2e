"""Who may what: roles, tokens and grants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lotkeeper._async.calling import Calling
from lotkeeper._async_pages import AsyncPages
from lotkeeper._moments import millis_given
from lotkeeper._requests import made, mask
from lotkeeper.inventory.v1 import access_service_pb2 as pb


class AccessMethods(Calling):
    """Who may what. Nobody can hand on, or take away, more than their own roles allow."""

    def list_roles(self, *, page_size: int = 0, timeout_seconds: float | None = None) -> AsyncPages[pb.Role]:
        """The roles, in the order in which they were made.

        Args:
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(pb.ListRolesRequest, page_size=page_size)
        return self._pages(request, pb.ListRolesResponse, lambda page: page.roles, timeout_seconds)

    async def get_role(self, name: str, *, timeout_seconds: float | None = None) -> pb.Role:
        """Reads a role.

        Args:
            name: of the role.
            timeout_seconds: of this call. Default: the client's.
        """
        response = await self._read(made(pb.GetRoleRequest, name=name), pb.GetRoleResponse, timeout_seconds)
        return response.role

    async def create_role(
        self,
        name: str,
        permissions: Sequence[str],
        *,
        location_ids_or_paths: Sequence[str] = (),
        limits: pb.RoleLimits | None = None,
        timeout_seconds: float | None = None,
    ) -> pb.Role:
        """Makes a role; returns it.

        Args:
            name: which no other role has.
            permissions: that it grants, such as INVENTORY.READ; INVENTORY grants all below it, * everything.
            location_ids_or_paths: where it holds, and below. Default: everywhere.
            limits: what it lets a principal take, at most what the caller may. Default: as the server's settings say.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.CreateRoleRequest,
            name=name,
            permissions=permissions,
            location_ids_or_paths=location_ids_or_paths,
            limits=limits,
        )
        response = await self._call(request, pb.CreateRoleResponse, timeout_seconds)
        return response.role

    async def update_role(
        self,
        name: str,
        *,
        permissions: Sequence[str] | None = None,
        location_ids_or_paths: Sequence[str] | None = None,
        limits: pb.RoleLimits | None = None,
        version: int = 0,
        timeout_seconds: float | None = None,
    ) -> pb.Role:
        """Changes a role, for all who have it, within a second; returns it.

        Args:
            name: of the role.
            permissions: that it grants from now on, all of them. Default: they stay.
            location_ids_or_paths: where it holds from now on; none: everywhere. Default: where it did.
            limits: all of them from now on; what is absent in it is as the server's settings say. Default: they stay.
            version: the one that the caller read; if it is another now, the change is refused. Default: any.
            timeout_seconds: of this call. Default: the client's.
        """
        changes = {"permissions": permissions, "location_ids_or_paths": location_ids_or_paths, "limits": limits}
        request = made(
            pb.UpdateRoleRequest,
            name=name,
            permissions=permissions,
            location_ids_or_paths=location_ids_or_paths,
            limits=limits,
            update_mask=mask([field for field, value in changes.items() if value is not None]),
            version=version,
        )
        response = await self._call(request, pb.UpdateRoleResponse, timeout_seconds)
        return response.role

    async def delete_role(self, name: str, *, version: int = 0, timeout_seconds: float | None = None) -> None:
        """Deletes a role that no token and no principal has.

        Args:
            name: of the role.
            version: the one that the caller read; if it is another now, the delete is refused. Default: any.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.DeleteRoleRequest, name=name, version=version)
        await self._call(request, pb.DeleteRoleResponse, timeout_seconds)

    def list_tokens(
        self,
        *,
        principal: str | None = None,
        live_only: bool = False,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[pb.AccessToken]:
        """The stored tokens, without their secrets, oldest first.

        Args:
            principal: only of this one. Default: all.
            live_only: only those that let their holders in now.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(pb.ListTokensRequest, principal=principal, live_only=live_only, page_size=page_size)
        return self._pages(request, pb.ListTokensResponse, lambda page: page.tokens, timeout_seconds)

    async def create_token(
        self,
        principal: str,
        roles: Sequence[str],
        *,
        expires_date: datetime | None = None,
        expires_date_millis: int | None = None,
        never_expires: bool = False,
        request_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> pb.CreateTokenResponse:
        """Makes a token; returns it with its `secret`, which is never shown again.

        If an answer is lost, the same request id makes no second token: it gives the first another secret.

        Args:
            principal: who its holder is.
            roles: the names of its roles; it keeps them, whatever else its principal is given.
            expires_date: when it expires, a datetime with a time zone. Default: as the server's settings say.
            expires_date_millis: instead of `expires_date`: the same in ms since the epoch, UTC.
            never_expires: it never does, whatever the server's settings say.
            request_id: makes a retry safe. Default: a new one.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.CreateTokenRequest,
            principal=principal,
            roles=roles,
            expires_date_millis=millis_given("expires_date", expires_date, expires_date_millis),
            never_expires=never_expires,
            request_id=request_id,
        )
        return await self._call(request, pb.CreateTokenResponse, timeout_seconds)

    async def rotate_token(
        self,
        token_id: str,
        *,
        overlap_seconds: int | None = None,
        expires_date: datetime | None = None,
        expires_date_millis: int | None = None,
        never_expires: bool = False,
        request_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> pb.RotateTokenResponse:
        """Makes a token of the same principal and roles in the place of another; returns it with its `secret`.

        Args:
            token_id: ULID of the old one.
            overlap_seconds: how long the old one goes on, at most as long as it would have. Default: a day.
            expires_date: when the new one expires, a datetime with a time zone. Default: after as long as the old one
                was made for.
            expires_date_millis: instead of `expires_date`: the same in ms since the epoch, UTC.
            never_expires: the new one never does.
            request_id: makes a retry safe, as in `create_token`. Default: a new one.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.RotateTokenRequest,
            token_id=token_id,
            overlap_seconds=overlap_seconds,
            expires_date_millis=millis_given("expires_date", expires_date, expires_date_millis),
            never_expires=never_expires,
            request_id=request_id,
        )
        return await self._call(request, pb.RotateTokenResponse, timeout_seconds)

    async def revoke_token(self, token_id: str, *, timeout_seconds: float | None = None) -> pb.AccessToken:
        """Ends a token at once; returns it.

        Args:
            token_id: its ULID, never its secret.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.RevokeTokenRequest, token_id=token_id)
        response = await self._call(request, pb.RevokeTokenResponse, timeout_seconds)
        return response.token

    def list_grants(
        self,
        *,
        principal: str | None = None,
        role: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[pb.RoleGrant]:
        """Which principals have which roles by name, in the order in which they were given.

        Args:
            principal: only of this one. Default: all.
            role: only of this one. Default: all.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(pb.ListGrantsRequest, principal=principal, role=role, page_size=page_size)
        return self._pages(request, pb.ListGrantsResponse, lambda page: page.grants, timeout_seconds)

    async def grant_role(self, principal: str, role: str, *, timeout_seconds: float | None = None) -> pb.RoleGrant:
        """Gives a principal a role by name, for calls with a client certificate or a token of the issuer.

        Args:
            principal: who gets it.
            role: its name.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GrantRoleRequest, principal=principal, role=role)
        response = await self._call(request, pb.GrantRoleResponse, timeout_seconds)
        return response.grant

    async def revoke_grant(self, principal: str, role: str, *, timeout_seconds: float | None = None) -> None:
        """Takes a role from a principal that was given it by name.

        Args:
            principal: who has it.
            role: its name.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.RevokeGrantRequest, principal=principal, role=role)
        await self._call(request, pb.RevokeGrantResponse, timeout_seconds)
