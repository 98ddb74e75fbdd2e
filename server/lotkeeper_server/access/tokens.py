"""Bearer tokens: 256 random bits, shown once, stored as their SHA-256."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.schema.access_tables import role, token, token_role
from lotkeeper_server.store.state.definition_changes import note_access_change

TOKEN_PREFIX: Final = "lk_"  # noqa: S105 - what every token begins with
_RANDOM_BYTES: Final = 32


class UnknownRole(LookupError):
    """A role that there is not; its name is the argument."""


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A token as it is listed: everything but the token. Times in milliseconds since the epoch, UTC."""

    id: Id
    principal: str
    roles: tuple[str, ...]
    development: bool
    created_millis: int
    expires_millis: int | None
    revoked_millis: int | None

    def is_live(self, now_millis: int) -> bool:
        """Whether it still lets its holder in."""
        return self.revoked_millis is None and (self.expires_millis is None or self.expires_millis > now_millis)


def new_token() -> str:
    """A new token's text."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(token_text: str) -> bytes:
    """What is stored of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token_text.encode()).digest()


def add_token(connection: Connection, token_text: str, entry: TokenEntry) -> None:
    """Stores a token for a principal.

    Raises:
        UnknownRole: where a role is not there.
    """
    for name in entry.roles:
        if connection.execute(select(role.c.name).where(role.c.name == name)).first() is None:
            raise UnknownRole(name)
    connection.execute(
        insert(token).values(
            id=entry.id,
            principal=entry.principal,
            digest=digest_of(token_text),
            development=entry.development,
            created_millis=entry.created_millis,
            expires_millis=entry.expires_millis,
        )
    )
    connection.execute(insert(token_role), [{"token_id": entry.id, "role_name": name} for name in entry.roles])
    note_access_change(connection)


def list_tokens(connection: Connection) -> list[TokenEntry]:
    """All tokens, oldest first."""
    roles: dict[bytes, list[str]] = {}
    for token_id, name in connection.execute(select(token_role).order_by(token_role.c.role_name)):
        roles.setdefault(token_id, []).append(name)
    return [
        TokenEntry(
            row.id,
            row.principal,
            tuple(roles.get(row.id, ())),
            row.development,
            row.created_millis,
            row.expires_millis,
            row.revoked_millis,
        )
        for row in connection.execute(select(token).order_by(token.c.id))
    ]


def revoke_tokens(connection: Connection, ids: Sequence[Id], now_millis: int) -> None:
    """Revokes these tokens; it counts for calls that begin after the commit."""
    connection.execute(
        update(token).where(token.c.id.in_(ids), token.c.revoked_millis.is_(None)).values(revoked_millis=now_millis)
    )
    note_access_change(connection)


def drop_development_token(connection: Connection, digest: bytes) -> None:
    """Deletes the development token of this digest, if there is one; those of other servers stay."""
    stale = select(token.c.id).where(token.c.development, token.c.digest == digest)
    connection.execute(delete(token_role).where(token_role.c.token_id.in_(stale)))
    connection.execute(delete(token).where(token.c.development, token.c.digest == digest))
    note_access_change(connection)
