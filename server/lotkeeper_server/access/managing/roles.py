"""A role is made, changed, deleted by a caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lotkeeper_server.access.effects import role_effect
from lotkeeper_server.access.managing.authority import Authority, check_not_admin, check_somebody_left
from lotkeeper_server.access.roles import NO_LIMITS, Role, add_role, change_role, list_roles, show_locations
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, NameTaken, Referenced, Refused, VersionConflict
from lotkeeper_server.store.access.given_roles import count_given
from lotkeeper_server.store.access.roles import count_holders, count_roles, delete_role_row
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.state.definition_changes import note_access_change


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What is to change of a role; None leaves it.

    Attributes:
        permissions: that it grants from now on.
        locations: where it holds from now on; empty: everywhere.
        limits: all of them; None in it leaves one to the server's settings.
    """

    permissions: Sequence[str] | None = None
    locations: frozenset[LocationId] | None = None
    limits: Mapping[str, int | None] | None = None

    def of(self, role: Role) -> Role:
        """A role after it."""
        return replace(
            role,
            permissions=role.permissions if self.permissions is None else tuple(sorted(set(self.permissions))),
            locations=role.locations if self.locations is None else self.locations,
            limits=role.limits if self.limits is None else self.limits,
        )


def create_role(tx: Transaction, authority: Authority, name: str, change: RoleChange) -> Role:
    """Makes a role.

    Raises:
        Refused: PERMISSION_DENIED, NAME_TAKEN, INVALID_ARGUMENT where there are too many.
    """
    authority.check(tx.connection, change.of(Role((), {})), "permissions")
    if name in list_roles(tx.connection):
        raise Refused(NameTaken(entity="role", name=name).at("name"))
    if count_roles(tx.connection) >= limits.ROLES_MAX:
        raise Refused(
            InvalidArgument.on(
                "name", Fault.not_allowed(f"there are {limits.ROLES_MAX} roles; no more are made by a call")
            )
        )
    permissions, locations = change.permissions or (), change.locations or frozenset()
    add_role(tx.connection, name, permissions, tx.now_millis, change.limits or NO_LIMITS, locations)
    given = {limit: value for limit, value in (change.limits or NO_LIMITS).items() if value is not None}
    return _told(tx, name, RoleChange(permissions, locations or None, given))


def update_role(tx: Transaction, authority: Authority, name: str, change: RoleChange, version: int) -> Role:
    """Changes a role for all who have it; what changes nothing is no write.

    Raises:
        Refused: ROLE_NOT_FOUND, PERMISSION_DENIED, VERSION_CONFLICT, ADMIN_STAYS.
    """
    before = authority.named(tx.connection, name, "name")
    check_not_admin(name)
    _check_version(before, version)
    after = change.of(before)
    authority.check(tx.connection, after, "permissions")
    if after == before:
        return before
    change_role(tx.connection, name, change.permissions, change.limits or NO_LIMITS, change.locations)
    check_somebody_left(tx.connection, authority, tx.now_millis)
    return _told(tx, name, change)


def remove_role(tx: Transaction, authority: Authority, name: str, version: int) -> None:
    """Deletes a role that nobody has.

    Raises:
        Refused: ROLE_NOT_FOUND, PERMISSION_DENIED, VERSION_CONFLICT, REFERENCED, ADMIN_STAYS.
    """
    before = authority.named(tx.connection, name, "name")
    check_not_admin(name)
    _check_version(before, version)
    if holders := count_holders(tx.connection, name):
        raise Refused(Referenced(entity="token", count=holders))
    if given := count_given(tx.connection, name):
        raise Refused(Referenced(entity="grant", count=given))
    delete_role_row(tx.connection, name)
    note_access_change(tx.connection)
    check_somebody_left(tx.connection, authority, tx.now_millis)  # claims may have named it
    tx.effects.append(role_effect(name))


def _told(tx: Transaction, name: str, change: RoleChange) -> Role:
    role = list_roles(tx.connection)[name]
    places = None if change.locations is None else show_locations(tx.connection, role)
    tx.effects.append(role_effect(name, change.permissions, change.limits, places))
    return role


def _check_version(role: Role, version: int) -> None:
    if version not in {0, role.version}:
        raise Refused(VersionConflict(expected=version, actual=role.version).at("version"))
