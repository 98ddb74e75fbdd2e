"""Who is let in: the live tokens and what their roles grant, kept in memory and never trusted longer than the store.

A token known from memory is confirmed no later than the answer: the engine compares the version of roles and tokens
in its own transaction, other methods and refusals by a read. So what another process revokes counts for every call
that begins afterwards, without a read for each call on the hot path.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from lotkeeper_server.access.permissions import ANY_CALLER, grants
from lotkeeper_server.access.tokens import digest_of
from lotkeeper_server.domain.refusals import PermissionDenied, Refused, Unauthenticated
from lotkeeper_server.store.access.roles import permissions_by_role
from lotkeeper_server.store.access.tokens import read_access_version, roles_by_token, unrevoked_tokens
from lotkeeper_server.store.db.snapshot import Snapshot

Result = TypeVar("Result")
Metadata = Sequence[tuple[str, str | bytes]]


class Read(Protocol):
    """Runs work on a snapshot of the store; raises Refused(STORE_UNAVAILABLE) where it cannot be reached."""

    def __call__(self, work: Callable[[Snapshot], Result], /) -> Awaitable[Result]:
        """Runs it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token lets its holder do."""

    principal: str
    permissions: frozenset[str]
    expires_millis: int | None


@dataclass(frozen=True, slots=True)
class Admission:
    """A caller that was let in.

    Attributes:
        principal: who calls.
        permissions: what the caller's roles grant.
        permission: what the method needs.
        token_digest: SHA-256 of the token.
        access_version: the version of roles and tokens by which it was let in.
    """

    principal: str
    permissions: frozenset[str]
    permission: str
    token_digest: bytes
    access_version: int


@dataclass(frozen=True, slots=True)
class _Grants:
    """What all live tokens grant, by digest, as of a version of roles and tokens."""

    access_version: int
    by_digest: dict[bytes, Grant]


def read_grants(snapshot: Snapshot) -> _Grants:
    """All tokens that are not revoked, and the version that they are of."""
    version = read_access_version(snapshot)
    permissions, roles = permissions_by_role(snapshot), roles_by_token(snapshot)
    return _Grants(
        version,
        {
            one.digest: Grant(
                one.principal,
                frozenset(permission for name in roles.get(one.id, ()) for permission in permissions[name]),
                one.expires_millis,
            )
            for one in unrevoked_tokens(snapshot)
        },
    )


class Directory:
    """The tokens and roles of one store. `confirm` may run on any thread."""

    def __init__(self) -> None:
        self._grants = _Grants(-1, {})

    def admit_known(self, metadata: Metadata, permission: str) -> Admission | None:
        """Lets in a caller whom memory knows and allows; None where the store has to be asked.

        Raises:
            Refused: UNAUTHENTICATED where there is no bearer token at all.
        """
        return _admit(self._grants, _bearer_digest(metadata), permission)

    async def admit(self, metadata: Metadata, permission: str, read: Read) -> Admission:
        """Lets in by what the store says now.

        Raises:
            Refused: UNAUTHENTICATED, PERMISSION_DENIED or STORE_UNAVAILABLE.
        """
        digest = _bearer_digest(metadata)
        return _admitted_or_refused(await read(self._refreshed), digest, permission)

    async def confirm_by_read(self, admission: Any, read: Read) -> None:
        """Looks again, by a read of its own, whether the caller is still let in.

        Raises:
            Refused: UNAUTHENTICATED, PERMISSION_DENIED or STORE_UNAVAILABLE.
        """
        await read(lambda snapshot: self.confirm(snapshot, admission))

    def confirm(self, snapshot: Snapshot, admission: Any) -> None:
        """Looks again, in a transaction, whether the caller is still let in, and by what permissions.

        Raises:
            Refused: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        if read_access_version(snapshot) != admission.access_version:
            now = _admitted_or_refused(self._refreshed(snapshot), admission.token_digest, admission.permission)
            admission.permissions, admission.access_version = now.permissions, now.access_version

    def _refreshed(self, snapshot: Snapshot) -> _Grants:
        """What the store says in this transaction; kept unless another thread has seen a later version."""
        known = self._grants
        if read_access_version(snapshot) != known.access_version:
            known = read_grants(snapshot)
            if known.access_version > self._grants.access_version:
                self._grants = known
        return known


def _admit(known: _Grants, digest: bytes, permission: str) -> Admission | None:
    grant = known.by_digest.get(digest)
    if grant is None or _expired(grant) or not _may(grant, permission):
        return None
    return Admission(grant.principal, grant.permissions, permission, digest, known.access_version)


def _admitted_or_refused(known: _Grants, digest: bytes, permission: str) -> Admission:
    admission = _admit(known, digest, permission)
    if admission is not None:
        return admission
    grant = known.by_digest.get(digest)
    if grant is None or _expired(grant):
        raise Refused(Unauthenticated())
    raise Refused(PermissionDenied(permission=permission))


def _may(grant: Grant, permission: str) -> bool:
    return permission == ANY_CALLER or grants(grant.permissions, permission)


def _expired(grant: Grant) -> bool:
    return grant.expires_millis is not None and grant.expires_millis <= time.time_ns() // 1_000_000


def _bearer_digest(metadata: Metadata) -> bytes:
    values = [value for key, value in metadata if key == "authorization"]
    if len(values) != 1 or not isinstance(values[0], str):
        raise Refused(Unauthenticated())
    scheme, _, token_text = values[0].partition(" ")
    if scheme.lower() != "bearer" or not token_text:
        raise Refused(Unauthenticated())
    return digest_of(token_text.strip())
