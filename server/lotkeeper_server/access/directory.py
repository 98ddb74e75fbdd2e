"""Lets callers in: by the valid tokens and what their roles grant, which are kept in memory and checked with the store.

A token known from memory is confirmed before the answer at the latest: the engine compares the version of roles and
tokens in its own transaction; other methods and refusals do so by a read. So what another process revokes counts for
every call that begins afterwards, and calls on the hot path need no read of their own.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, TypeVar

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.development import PRINCIPAL, DevelopmentToken, is_loopback_peer
from lotkeeper_server.access.permissions import ANY_CALLER, EVERYTHING, grants
from lotkeeper_server.access.roles import list_roles
from lotkeeper_server.access.tokens import digest_of
from lotkeeper_server.domain.limits import REMEMBERED_AUTHORIZATION_CHARACTERS_MAX
from lotkeeper_server.domain.refusals import PermissionDenied, Refusal, Refused, Unauthenticated
from lotkeeper_server.store.access.tokens import read_access_version, roles_by_token, unrevoked_tokens
from lotkeeper_server.store.db.snapshot import Snapshot

REMEMBERED_MAX: Final = 10_000
"""How many admissions are kept, one for each token and permission, so that calls need not hash the token again."""
_DEFAULT: Final = Allowance()
Result = TypeVar("Result")
Metadata = Sequence[tuple[str, str | bytes]]


class Cause(Enum):
    """Why somebody is not let in; the log says it, the answer does not."""

    NO_TOKEN = "no_token"  # noqa: S105 - a word of the log
    UNKNOWN = "unknown"
    """Never made, or revoked before this process saw it."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    DENIED = "denied"
    """The token is good; its roles do not grant the permission."""


class NotAdmitted(Refused):
    """Somebody is not let in, or no longer."""

    def __init__(self, cause: Cause, refusal: Refusal | None = None, principal: str = "") -> None:
        """Does nothing else.

        Args:
            cause: why.
            refusal: what the caller is told. Default: UNAUTHENTICATED.
            principal: who it is, where that is known; the caller is not told.
        """
        super().__init__(refusal or Unauthenticated())
        self.cause = cause
        self.principal = principal


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
    """

    principal: str
    permissions: frozenset[str]
    permission: str
    token_digest: bytes
    access_version: int
    expires_millis: int | None = None
    allowance: Allowance = _DEFAULT
    only_from_loopback: bool = False

    @property
    def has_expired(self) -> bool:
        """Whether the token has expired since."""
        return _expired(self.expires_millis)


class Knocking(Protocol):
    """A call whose caller is not known yet."""

    @property
    def metadata(self) -> Metadata:
        """What the caller sent along."""

    @property
    def peer(self) -> str:
        """The caller's address as gRPC writes it."""


class Admitted(Protocol):
    """The holder of an admission, which is replaced when roles or tokens change."""

    admission: Admission


@dataclass(frozen=True, slots=True)
class AccessSnapshot:
    """All tokens that are not revoked, and their version."""

    access_version: int
    grants: dict[bytes, Grant]


def read_snapshot(connection: Snapshot, default: Allowance = _DEFAULT) -> AccessSnapshot:
    """The tokens in the store, read in this transaction.

    Args:
        connection: of the transaction.
        default: what stands for each limit that a role leaves open.
    """
    version = read_access_version(connection)
    roles, names_by_token = list_roles(connection), roles_by_token(connection)
    allowances = {name: role.allowance(default) for name, role in roles.items()}
    return AccessSnapshot(
        version,
        {
            one.digest: Grant(
                one.principal,
                frozenset(
                    permission for name in names_by_token.get(one.id, ()) for permission in roles[name].permissions
                ),
                one.expires_millis,
                _allowance([allowances[name] for name in names_by_token.get(one.id, ())], default),
            )
            for one in unrevoked_tokens(connection)
        },
    )


_OF_DEVELOPMENT: Final = Grant(PRINCIPAL, frozenset({EVERYTHING}), None, only_from_loopback=True)


class Directory:
    """The tokens and roles of one store. `confirm` and `refreshed` may run on any thread."""

    def __init__(self, default: Allowance = _DEFAULT, development: DevelopmentToken | None = None) -> None:
        """Knows nobody of the store yet.

        Args:
            default: what stands for each limit that a role leaves open.
            development: a token that is not in the store; None for none.
        """
        self._default = default
        self._development = development
        self._snapshot = AccessSnapshot(-1, {})
        self._remembered: dict[tuple[str, str], Admission] = {}

    @property
    def latest(self) -> AccessSnapshot:
        """The tokens and roles as they were last seen."""
        return self._snapshot

    def admit_known(self, call: Knocking, permission: str) -> Admission | None:
        """Lets in a caller that memory knows and allows; None if the store has to be asked.

        Raises:
            Refused: UNAUTHENTICATED where there is no bearer token at all, or it is not good for where it comes from.
        """
        authorization = _authorization(call.metadata)
        remembered = self._remembered.get((authorization, permission))
        if remembered is not None and not _expired(remembered.expires_millis):
            if remembered.only_from_loopback:
                _check_peer(call)
            return remembered
        snapshot = self._snapshot
        admission = self._admit(snapshot, _bearer_digest(authorization), permission)
        if admission is not None:
            if admission.only_from_loopback:
                _check_peer(call)
            if len(authorization) > REMEMBERED_AUTHORIZATION_CHARACTERS_MAX:
                return admission
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[authorization, permission] = admission
            if snapshot is not self._snapshot:  # replaced by another thread: what was remembered is out of date
                self._remembered.clear()
        return admission

    def admit_by(self, snapshot: AccessSnapshot, call: Knocking, permission: str) -> Admission:
        """Lets in by tokens that were just read.

        Raises:
            Refused: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        admission = self._admitted_or_refused(snapshot, _bearer_digest(_authorization(call.metadata)), permission)
        if admission.only_from_loopback:
            _check_peer(call)
        return admission

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
        if self._grant(snapshot, before.token_digest) is None:
            raise NotAdmitted(Cause.REVOKED)
        return self._admitted_or_refused(snapshot, before.token_digest, before.permission)

    def refreshed(self, connection: Snapshot) -> AccessSnapshot:
        """Reads the tokens in this transaction; keeps them unless another thread has seen a later version."""
        snapshot = self._snapshot
        if read_access_version(connection) != snapshot.access_version:
            snapshot = read_snapshot(connection, self._default)
            if snapshot.access_version > self._snapshot.access_version:
                self._snapshot = snapshot
                self._remembered.clear()
        return snapshot

    def _grant(self, snapshot: AccessSnapshot, digest: bytes) -> Grant | None:
        if self._development is not None and self._development.is_meant(digest):
            return _OF_DEVELOPMENT
        return snapshot.grants.get(digest)

    def _admit(self, snapshot: AccessSnapshot, digest: bytes, permission: str) -> Admission | None:
        grant = self._grant(snapshot, digest)
        if grant is None or _expired(grant.expires_millis) or not _may(grant, permission):
            return None
        return Admission(
            grant.principal,
            grant.permissions,
            permission,
            digest,
            snapshot.access_version,
            grant.expires_millis,
            grant.allowance,
            grant.only_from_loopback,
        )

    def _admitted_or_refused(self, snapshot: AccessSnapshot, digest: bytes, permission: str) -> Admission:
        admission = self._admit(snapshot, digest, permission)
        if admission is not None:
            return admission
        grant = self._grant(snapshot, digest)
        if grant is None:
            raise NotAdmitted(Cause.UNKNOWN)
        if _expired(grant.expires_millis):
            raise NotAdmitted(Cause.EXPIRED, principal=grant.principal)
        raise NotAdmitted(Cause.DENIED, PermissionDenied(permission=permission), grant.principal)


def _allowance(of_roles: list[Allowance], default: Allowance) -> Allowance:
    return Allowance.most_generous(of_roles) if of_roles else default


def _check_peer(call: Knocking) -> None:
    """Refuses a token that is for loopback only as if it were unknown, where it comes from elsewhere."""
    if not is_loopback_peer(call.peer):
        raise NotAdmitted(Cause.UNKNOWN)


def _may(grant: Grant, permission: str) -> bool:
    return permission == ANY_CALLER or grants(grant.permissions, permission)


def _expired(expires_millis: int | None) -> bool:
    return expires_millis is not None and expires_millis <= time.time_ns() // 1_000_000


def _authorization(metadata: Metadata) -> str:
    """The authorization in a call's metadata.

    Raises:
        Refused: UNAUTHENTICATED where there is none, or more than one.
    """
    found = None
    for key, value in metadata:
        if key == "authorization":
            if found is not None:
                raise NotAdmitted(Cause.NO_TOKEN)
            found = value
    if not isinstance(found, str):
        raise NotAdmitted(Cause.NO_TOKEN)
    return found


def _bearer_digest(authorization: str) -> bytes:
    scheme, _, token_text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token_text:
        raise NotAdmitted(Cause.NO_TOKEN)
    return digest_of(token_text.strip())
