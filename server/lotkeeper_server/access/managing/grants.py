"""A role is given to a principal by name, or taken from it, by a caller."""

from lotkeeper_server.access.effects import grant_effect
from lotkeeper_server.access.managing.authority import Authority, check_somebody_left
from lotkeeper_server.access.roles import GivenRole, give_role, list_given_roles, take_role
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, NotFound, Refused
from lotkeeper_server.store.access.given_roles import count_given
from lotkeeper_server.store.db.transaction import Transaction


def grant_role(tx: Transaction, authority: Authority, principal: str, role: str) -> GivenRole:
    """Gives a principal a role; where it has it already, that is the answer.

    Raises:
        Refused: ROLE_NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT where there are too many.
    """
    authority.named(tx.connection, role, "role")
    if (found := _given(tx, principal, role)) is not None:
        return found
    if count_given(tx.connection) >= limits.GRANTS_MAX:
        raise Refused(
            InvalidArgument.on(
                "role", Fault.not_allowed(f"there are {limits.GRANTS_MAX} grants; no more are made by a call")
            )
        )
    give_role(tx.connection, principal, role, tx.now_millis)
    tx.effects.append(grant_effect(principal, role, given=True))
    return GivenRole(principal, role, tx.now_millis)


def revoke_grant(tx: Transaction, authority: Authority, principal: str, role: str) -> None:
    """Takes a role from a principal.

    Raises:
        Refused: ROLE_NOT_FOUND, GRANT_NOT_FOUND, PERMISSION_DENIED, ADMIN_STAYS.
    """
    authority.named(tx.connection, role, "role")
    if not take_role(tx.connection, principal, role):
        raise Refused(NotFound(entity="grant", name=principal).at("principal"))
    check_somebody_left(tx.connection, authority, tx.now_millis)
    tx.effects.append(grant_effect(principal, role, given=False))


def _given(tx: Transaction, principal: str, role: str) -> GivenRole | None:
    return next(
        (one for one in list_given_roles(tx.connection) if (one.principal, one.role) == (principal, role)), None
    )
