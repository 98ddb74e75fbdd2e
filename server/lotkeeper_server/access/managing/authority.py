"""What somebody may hand on, or take away: never more than their own roles allow, nowhere else, no larger limits."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.access.allowance import NAMES, Allowance
from lotkeeper_server.access.development import PRINCIPAL
from lotkeeper_server.access.directory import AccessSnapshot, Admission, Grant, read_snapshot
from lotkeeper_server.access.permissions import EVERYTHING, grants
from lotkeeper_server.access.reach import Reach
from lotkeeper_server.access.roles import ADMIN, Role, list_roles
from lotkeeper_server.access.tokens import tokens_of
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import AdminStays, NotFound, PermissionDenied, Refusal, Refused
from lotkeeper_server.store.access.given_roles import roles_by_principal
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.within import limited_by

_ALL: Final = Role((EVERYTHING,), {})
_NOBODY_LEFT: Final = "Nobody would be left whose roles grant everything; give somebody else the role admin before."


@dataclass(frozen=True, slots=True)
class Authority:
    """What a caller may hand on, by how it was let in; in a transaction it is asked for by what holds there.

    Attributes:
        admission: the caller's, as the transaction has confirmed it.
        default: what stands for each limit that a role leaves open.
    """

    admission: Admission
    default: Allowance

    def check(self, connection: Snapshot, role: Role, field: str) -> None:
        """Returns where the caller may do all that a role allows, where it holds.

        Args:
            connection: of the transaction, in which the tree of locations is looked at.
            role: as it is, or as it is to be.
            field: of the request, that names it.

        Raises:
            Refused: PERMISSION_DENIED. Of a role elsewhere it says no more than that.
        """
        if (refusal := self._shortfall(connection, role)) is not None:
            raise Refused(refusal.at(field))

    def named(self, connection: Snapshot, name: str, field: str) -> Role:
        """A role that the caller may hand on and take away.

        Raises:
            Refused: ROLE_NOT_FOUND, PERMISSION_DENIED.
        """
        role = list_roles(connection).get(name)
        if role is None:
            raise self.missing(connection, NotFound(entity="role", name=name), field)
        self.check(connection, role, field)
        return role

    def check_principal(self, connection: Snapshot, principal: str, now_millis: int) -> None:
        """Returns where the caller may speak in the name of a principal: all that it has is within the caller's rights.

        Raises:
            Refused: PERMISSION_DENIED.
        """
        if principal == self.admission.principal:
            return
        roles = list_roles(connection)
        names = set(roles_by_principal(connection).get(principal, ()))
        for token in tokens_of(connection, principal):
            if token.is_live(now_millis):
                names.update(token.roles)
        having = [roles[name] for name in sorted(names) if name in roles]
        for role in [*having, _ALL] if principal == PRINCIPAL else having:
            self.check(connection, role, "principal")

    def missing(self, connection: Snapshot, refusal: Refusal, field: str) -> Refused:
        """What is told of something that is not there.

        A caller who is limited to places is told the same as of something elsewhere.
        """
        scope = self._scope(self.admission.permission)
        return Refused((refusal if scope is None else limited_by(connection, scope).refusal).at(field))

    def _scope(self, permission: str) -> Scope | None:
        reach = self.admission.reach
        return None if reach is None else reach.scope_of(permission)

    def _shortfall(self, connection: Snapshot, role: Role) -> PermissionDenied | None:
        needed = self.admission.permission
        for permission in (needed, *role.permissions):
            if not grants(self.admission.permissions, permission):
                return PermissionDenied(permission=permission)
            scope = self._scope(permission)
            if scope is not None and not holds_within(connection, scope, role.locations):
                return limited_by(connection, scope).refusal
        wanted = role.allowance(self.default)
        for name in NAMES:
            own, asked = getattr(self.admission.allowance, name), getattr(wanted, name)
            if own and not 0 < asked <= own:  # 0 is no limit
                return PermissionDenied(permission=needed, limit=f"{name} {own}")
        return None


def holds_within(connection: Snapshot, scope: Scope, locations: frozenset[LocationId]) -> bool:
    """Whether a role that is limited to some locations, or to none, holds nowhere but within a scope."""
    if not locations:
        return False
    return locations <= limited_by(connection, scope).among(connection, locations) | scope.locations


def visible_roles(connection: Snapshot, reach: Reach | None, permission: str) -> dict[str, Role]:
    """The roles that somebody sees who may read them by a permission: where it is limited, those that hold within."""
    roles = list_roles(connection)
    scope = None if reach is None else reach.scope_of(permission)
    if scope is None:
        return roles
    return {name: role for name, role in roles.items() if holds_within(connection, scope, role.locations)}


def check_not_admin(name: str) -> None:
    """Returns for every role but `admin`.

    Raises:
        Refused: ADMIN_STAYS.
    """
    if name == ADMIN:
        raise Refused(AdminStays())


def check_somebody_left(connection: Snapshot, authority: Authority, now_millis: int) -> None:
    """Returns where, after a change, somebody has every permission everywhere, or the caller had not before either.

    Whoever takes such rights away has them, so that nobody is left only where the caller has taken its own.

    Args:
        connection: of the transaction, after the change.
        authority: the caller's, before it.
        now_millis: the time.

    Raises:
        Refused: ADMIN_STAYS.
    """
    admission = authority.admission
    if admission.only_from_loopback or not _is_everything(admission.permissions, admission.reach):
        return
    after = read_snapshot(connection, authority.default)
    if not any(_lets_everything(grant, now_millis) for grant in _everybody(after, admission)):
        raise Refused(AdminStays(text=_NOBODY_LEFT))


def _everybody(after: AccessSnapshot, caller: Admission) -> Iterable[Grant]:
    if caller.identity is not None:
        yield after.grant_of(caller.identity)
    yield from after.grants.values()
    for names in after.given.values():
        having = [after.roles[name].role for name in names]
        permissions = frozenset(permission for role in having for permission in role.permissions)
        yield Grant("", permissions, None, reach=Reach.of(having))


def _lets_everything(grant: Grant, now_millis: int) -> bool:
    is_live = grant.expires_millis is None or grant.expires_millis > now_millis
    return is_live and _is_everything(grant.permissions, grant.reach)


def _is_everything(permissions: frozenset[str], reach: Reach | None) -> bool:
    return EVERYTHING in (permissions if reach is None else reach.everywhere)
