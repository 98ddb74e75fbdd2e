"""Lets callers in: by the valid tokens and what their roles grant, which are kept in memory and checked with the store.

Whoever comes without a stored token, by one of an issuer or by a client certificate, is vouched for by others; what
they may is in the store all the same: the roles that it gives the principal by name.

A token known from memory is confirmed before the answer at the latest: the engine compares the version of roles and
tokens in its own transaction; other methods and refusals do so by a read. So what another process revokes counts for
every call that begins afterwards, and calls on the hot path need no read of their own.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.development import PRINCIPAL, DevelopmentToken, is_loopback_peer
from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.jwt.rules import looks_like_jwt
from lotkeeper_server.access.knocking import Knocking, authorization_of, bearer_token
from lotkeeper_server.access.permissions import ANY_CALLER, EVERYTHING, grants
from lotkeeper_server.access.reach import Reach
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.access.roles import Role, list_roles
from lotkeeper_server.access.tokens import digest_of
from lotkeeper_server.access.vouching import ProvesTokens, ReadsCertificates
from lotkeeper_server.domain.limits import (
    REMEMBERED_AUTHORIZATION_CHARACTERS_MAX,
    REMEMBERED_AUTHORIZATIONS_CHARACTERS_MAX,
)
from lotkeeper_server.domain.refusals import PermissionDenied
from lotkeeper_server.store.access.given_roles import roles_by_principal
from lotkeeper_server.store.access.tokens import read_access_version, roles_by_token, unrevoked_tokens
from lotkeeper_server.store.db.snapshot import Snapshot

REMEMBERED_MAX: Final = 10_000
"""How many admissions are kept, one for each token and permission, so that calls need not hash the token again."""
_DEFAULT: Final = Allowance()
Result = TypeVar("Result")


class Read(Protocol):
    """Runs work on a snapshot of the store; raises Refused(STORE_UNAVAILABLE) where it cannot be reached."""

    def __call__(self, work: Callable[[Snapshot], Result], /) -> Awaitable[Result]:
        """Runs it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows its holder."""

    principal: str
    permissions: frozenset[str]
    expires_millis: int | None
    allowance: Allowance = _DEFAULT
    only_from_loopback: bool = False
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """A caller that was let in.

    Attributes:
        principal: who calls; written in `created_by`, and the owner of the request ids.
        permissions: what the caller's roles grant, hierarchical by dots.
        permission: what the method needs.
        token_digest: SHA-256 of the token.
        access_version: the version of roles and tokens when it was let in.
        expires_millis: when the token expires, milliseconds since the epoch, UTC; None is never.
        allowance: what the caller's roles let its principal take.
        only_from_loopback: whether the token is good for connections from this machine only.
        reach: where the permissions hold; None where no role is limited: then they hold everywhere.
        identity: who calls as others vouch for it; None for the holder of a stored token.
    """

    principal: str
    permissions: frozenset[str]
    permission: str
    token_digest: bytes
    access_version: int
    expires_millis: int | None = None
    allowance: Allowance = _DEFAULT
    only_from_loopback: bool = False
    reach: Reach | None = None
    identity: Identity | None = None

    @property
    def has_expired(self) -> bool:
        """Whether the token has expired since."""
        return _expired(self.expires_millis)


class Admitted(Protocol):
    """The holder of an admission, which is replaced when roles or tokens change."""

    admission: Admission


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """What a role allows, and where."""

    role: Role
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class AccessSnapshot:
    """Who may what, as of one version.

    Attributes:
        access_version: raised by each change of it.
        grants: of all tokens that are not revoked, by their digests.
        roles: by their names.
        given: the names of the roles that are given to principals by name.
        default: what stands for each limit that is left open.
    """

    access_version: int
    grants: dict[bytes, Grant]
    roles: Mapping[str, RoleGrant] = field(default_factory=dict)
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    default: Allowance = _DEFAULT

    def grant_of(self, identity: Identity) -> Grant:
        """What somebody may who has no stored token."""
        names = {*self.given.get(identity.principal, ()), *identity.roles}
        return _grant(identity.principal, names, self.roles, identity.expires_millis, self.default)


def read_snapshot(connection: Snapshot, default: Allowance = _DEFAULT) -> AccessSnapshot:
    """The tokens and roles in the store, read in this transaction.

    Args:
        connection: of the transaction.
        default: what stands for each limit that a role leaves open.
    """
    version = read_access_version(connection)
    names_by_token = roles_by_token(connection)
    roles = {name: RoleGrant(role, role.allowance(default)) for name, role in list_roles(connection).items()}
    grants = {
        one.digest: _grant(one.principal, names_by_token.get(one.id, ()), roles, one.expires_millis, default)
        for one in unrevoked_tokens(connection)
    }
    return AccessSnapshot(version, grants, roles, roles_by_principal(connection), default)


def _grant(
    principal: str,
    role_names: Iterable[str],
    roles: Mapping[str, RoleGrant],
    expires_millis: int | None,
    default: Allowance,
) -> Grant:
    """What several roles allow together; a name that is not a role's allows nothing."""
    having = [roles[name] for name in role_names if name in roles]
    permissions = frozenset(permission for one in having for permission in one.role.permissions)
    allowance = Allowance.most_generous(one.allowance for one in having) if having else default
    return Grant(principal, permissions, expires_millis, allowance, reach=Reach.of(one.role for one in having))


_OF_DEVELOPMENT: Final = Grant(PRINCIPAL, frozenset({EVERYTHING}), None, only_from_loopback=True)


class Directory:
    """The tokens and roles of one store. `confirm` and `refreshed` may run on any thread."""

    def __init__(
        self,
        default: Allowance = _DEFAULT,
        development: DevelopmentToken | None = None,
        issuer: ProvesTokens | None = None,
        certificates: ReadsCertificates | None = None,
    ) -> None:
        """Knows nobody of the store yet.

        Args:
            default: what stands for each limit that a role leaves open.
            development: a token that is not in the store; None for none.
            issuer: whose tokens are taken, too; None for none.
            certificates: reads whom client certificates name, of callers without a token; None for none.
        """
        self._default = default
        self._development = development
        self._issuer = issuer
        self._certificates = certificates
        self._snapshot = AccessSnapshot(-1, {})
        self._remembered: dict[tuple[str | Identity, str], Admission] = {}
        self._remembered_characters = 0
        self._used: dict[bytes, int] = {}

    @property
    def latest(self) -> AccessSnapshot:
        """The tokens and roles as they were last seen."""
        return self._snapshot

    def admit_known(self, call: Knocking, permission: str) -> Admission | None:
        """Lets in a caller that memory knows and allows; None if the store has to be asked.

        Raises:
            Refused: UNAUTHENTICATED where there is no bearer token at all, or it is not good for where it comes from.
        """
        presented = self._presented(call)
        remembered = self._remembered.get((presented, permission))
        if remembered is not None and not _expired(remembered.expires_millis):
            if remembered.only_from_loopback:
                _check_peer(call)
            return remembered
        proven = self._proven(presented)
        if proven is None:
            return None
        snapshot = self._snapshot
        admission = self._admit(snapshot, *proven, permission)
        if admission is not None:
            if admission.only_from_loopback:
                _check_peer(call)
            self._remember(presented, admission, snapshot)
        return admission

    def admit_by(self, snapshot: AccessSnapshot, call: Knocking, permission: str) -> Admission:
        """Lets in by tokens that were just read; one of the issuer must have been proven before.

        Raises:
            Refused: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        proven = self._proven(self._presented(call))
        if proven is None:
            raise NotAdmitted(Cause.UNKNOWN)
        admission = self._admitted_or_refused(snapshot, *proven, permission)
        if admission.only_from_loopback:
            _check_peer(call)
        return admission

    def unproven(self, call: Knocking) -> str | None:
        """The token of a call that its issuer has to prove before the call can be let in; None where there is none.

        Raises:
            Refused: UNAUTHENTICATED.
        """
        presented = self._presented(call)
        if isinstance(presented, Identity) or self._proven(presented) is not None:
            return None
        return bearer_token(presented)

    def take_used(self) -> dict[bytes, int]:
        """The digests of the tokens that somebody was let in by since this was asked, and when; not each single use."""
        used, self._used = self._used, {}
        return used

    def give_back_used(self, used: dict[bytes, int]) -> None:
        """What `take_used` gave was not written: it is given again."""
        self._used = {**used, **self._used}

    def forget_remembered(self) -> None:
        """Has everybody's credentials looked at again who calls from now on."""
        self._remembered.clear()
        self._remembered_characters = 0

    def vouches_for(self, admission: Admission) -> bool:
        """Whether whoever vouched for a caller still does; of stored tokens the store says that."""
        identity = admission.identity
        return (
            identity is None
            or identity.key is None
            or (self._issuer is not None and self._issuer.vouches_for(identity))
        )

    async def confirm_by_read(self, caller: Admitted, read: Read) -> None:
        """Checks again, by a read of its own, whether the caller is still let in.

        Raises:
            Refused: UNAUTHENTICATED, PERMISSION_DENIED or STORE_UNAVAILABLE.
        """
        await read(lambda connection: self.confirm(connection, caller))

    def confirm(self, connection: Snapshot, caller: Admitted) -> None:
        """Checks again, in a transaction, whether the caller is still let in, and with which permissions.

        Raises:
            Refused: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        before = caller.admission
        if before.has_expired or read_access_version(connection) != before.access_version:
            caller.admission = self.renewed(self.refreshed(connection), before)

    def renewed(self, snapshot: AccessSnapshot, before: Admission) -> Admission:
        """Lets in again who was let in before.

        Args:
            snapshot: tokens and roles, seen later.
            before: how the caller was let in.

        Raises:
            Refused: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        if not self.vouches_for(before) or self._grant(snapshot, before.token_digest, before.identity) is None:
            raise NotAdmitted(Cause.REVOKED, principal=before.principal)
        return self._admitted_or_refused(snapshot, before.token_digest, before.identity, before.permission)

    def refreshed(self, connection: Snapshot) -> AccessSnapshot:
        """Reads the tokens in this transaction; keeps them unless another thread has seen a later version."""
        snapshot = self._snapshot
        if read_access_version(connection) != snapshot.access_version:
            snapshot = read_snapshot(connection, self._default)
            if snapshot.access_version > self._snapshot.access_version:
                self._snapshot = snapshot
                self.forget_remembered()
        return snapshot

    def _presented(self, call: Knocking) -> str | Identity:
        """The authorization of a call; whom its certificate names where it has none, and certificates are taken."""
        authorization = authorization_of(call.metadata)
        if authorization is not None:
            return authorization
        if self._certificates is None:
            raise NotAdmitted(Cause.NO_TOKEN)
        return self._certificates.identity(call.auth_context())

    def _proven(self, presented: str | Identity) -> tuple[bytes, Identity | None] | None:
        """The digest of a stored token, or who somebody else is; None where the issuer has to prove that first."""
        if isinstance(presented, Identity):
            return b"", presented
        token_text = bearer_token(presented)
        if self._issuer is None or not looks_like_jwt(token_text):
            return digest_of(token_text), None
        identity = self._issuer.known(token_text)
        return None if identity is None else (b"", identity)

    def _remember(self, presented: str | Identity, admission: Admission, snapshot: AccessSnapshot) -> None:
        """So that the next call of the same caller need not be looked at; within limits of number and memory."""
        size = len(presented) if isinstance(presented, str) else 0
        if size > REMEMBERED_AUTHORIZATION_CHARACTERS_MAX:
            return
        if (
            len(self._remembered) >= REMEMBERED_MAX
            or self._remembered_characters + size > REMEMBERED_AUTHORIZATIONS_CHARACTERS_MAX
        ):
            self.forget_remembered()
        self._remembered_characters += size
        self._remembered[presented, admission.permission] = admission
        if snapshot is not self._snapshot or not self.vouches_for(admission):
            self.forget_remembered()  # replaced by another thread: what was remembered is out of date

    def _grant(self, snapshot: AccessSnapshot, digest: bytes, identity: Identity | None) -> Grant | None:
        if identity is not None:
            return snapshot.grant_of(identity)
        if self._development is not None and self._development.is_meant(digest):
            return _OF_DEVELOPMENT
        return snapshot.grants.get(digest)

    def _admit(
        self, snapshot: AccessSnapshot, digest: bytes, identity: Identity | None, permission: str
    ) -> Admission | None:
        grant = self._grant(snapshot, digest, identity)
        if grant is None or _expired(grant.expires_millis) or not _may(grant, permission):
            return None
        if identity is None:
            self._used[digest] = time.time_ns() // 1_000_000
        return Admission(
            grant.principal,
            grant.permissions,
            permission,
            digest,
            snapshot.access_version,
            grant.expires_millis,
            grant.allowance,
            grant.only_from_loopback,
            grant.reach,
            identity,
        )

    def _admitted_or_refused(
        self, snapshot: AccessSnapshot, digest: bytes, identity: Identity | None, permission: str
    ) -> Admission:
        admission = self._admit(snapshot, digest, identity, permission)
        if admission is not None:
            return admission
        grant = self._grant(snapshot, digest, identity)
        if grant is None:
            raise NotAdmitted(Cause.UNKNOWN)
        if _expired(grant.expires_millis):
            cause = Cause.JWT_EXPIRED if identity is not None and identity.key else Cause.EXPIRED
            raise NotAdmitted(cause, principal=grant.principal)
        raise NotAdmitted(Cause.DENIED, PermissionDenied(permission=permission), grant.principal)


def _check_peer(call: Knocking) -> None:
    """Refuses a token that is for loopback only as if it were unknown, where it comes from elsewhere."""
    if not is_loopback_peer(call.peer):
        raise NotAdmitted(Cause.UNKNOWN)


def _may(grant: Grant, permission: str) -> bool:
    return permission == ANY_CALLER or grants(grant.permissions, permission)


def _expired(expires_millis: int | None) -> bool:
    return expires_millis is not None and expires_millis <= time.time_ns() // 1_000_000
