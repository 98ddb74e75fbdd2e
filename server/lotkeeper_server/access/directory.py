"""Who is let in: the live tokens and what their roles grant, kept in memory and never trusted longer than the store.

A token known from memory is confirmed no later than the answer: the engine compares the version of roles and tokens
in its own transaction, other methods and refusals by a read. So what another process revokes counts for every call
that begins afterwards, without a read for each call on the hot path.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, select

from lotkeeper_server.access.permissions import ANY_CALLER, grants
from lotkeeper_server.access.tokens import digest_of
from lotkeeper_server.domain.refusals import PermissionDenied, Refused, Unauthenticated
from lotkeeper_server.store.schema.access_tables import role, token, token_role
from lotkeeper_server.store.schema.coordination_tables import definition_version

Result = TypeVar("Result")
Metadata = Sequence[tuple[str, str | bytes]]


class Read(Protocol):
    """Runs work on a snapshot of the store; raises Refused(STORE_UNAVAILABLE) where it cannot be reached."""

    def __call__(self, work: Callable[[Connection], Result], /) -> Awaitable[Result]:
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
class _Snapshot:
    access_version: int
    grants: dict[bytes, Grant]


def read_snapshot(connection: Connection) -> _Snapshot:
    """All tokens that are not revoked, and the version that they are of."""
    version = read_access_version(connection)
    permissions = {row.name: row.permissions.split("\n") for row in connection.execute(select(role))}
    granted: dict[bytes, set[str]] = {}
    for token_id, name in connection.execute(select(token_role)):
        granted.setdefault(token_id, set()).update(permissions[name])
    rows = connection.execute(select(token).where(token.c.revoked_millis.is_(None)))
    return _Snapshot(
        version,
        {row.digest: Grant(row.principal, frozenset(granted.get(row.id, ())), row.expires_millis) for row in rows},
    )


def read_access_version(connection: Connection) -> int:
    """The version of roles and tokens."""
    version: int = connection.execute(select(definition_version.c.access_version)).scalar_one()
    return version


class Directory:
    """The tokens and roles of one store. `confirm` may run on any thread."""

    def __init__(self) -> None:
        self._snapshot = _Snapshot(-1, {})

    def admit_known(self, metadata: Metadata, permission: str) -> Admission | None:
        """Lets in a caller whom memory knows and allows; None where the store has to be asked.

        Raises:
            Refused: UNAUTHENTICATED where there is no bearer token at all.
        """
        return _admit(self._snapshot, _bearer_digest(metadata), permission)

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
        await read(lambda connection: self.confirm(connection, admission))

    def confirm(self, connection: Connection, admission: Any) -> None:
        """Looks again, in a transaction, whether the caller is still let in, and by what permissions.

        Raises:
            Refused: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        if read_access_version(connection) != admission.access_version:
            now = _admitted_or_refused(self._refreshed(connection), admission.token_digest, admission.permission)
            admission.permissions, admission.access_version = now.permissions, now.access_version

    def _refreshed(self, connection: Connection) -> _Snapshot:
        """What the store says in this transaction; kept unless another thread has seen a later version."""
        snapshot = self._snapshot
        if read_access_version(connection) != snapshot.access_version:
            snapshot = read_snapshot(connection)
            if snapshot.access_version > self._snapshot.access_version:
                self._snapshot = snapshot
        return snapshot


def _admit(snapshot: _Snapshot, digest: bytes, permission: str) -> Admission | None:
    grant = snapshot.grants.get(digest)
    if grant is None or _expired(grant) or not _may(grant, permission):
        return None
    return Admission(grant.principal, grant.permissions, permission, digest, snapshot.access_version)


def _admitted_or_refused(snapshot: _Snapshot, digest: bytes, permission: str) -> Admission:
    admission = _admit(snapshot, digest, permission)
    if admission is not None:
        return admission
    grant = snapshot.grants.get(digest)
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
