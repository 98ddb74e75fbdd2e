"""Bearer tokens: 256 random bits, shown once, stored as their SHA-256."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.access.roles import UnknownRole
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.access.roles import has_role
from lotkeeper_server.store.access.tokens import (
    StoredToken,
    all_tokens,
    delete_development_tokens,
    insert_token,
    note_use,
    revoke,
    roles_by_token,
    roles_of_tokens,
    set_expiry,
    token_with_id,
    tokens_after,
)
from lotkeeper_server.store.db.snapshot import Snapshot, WriteConnection
from lotkeeper_server.store.state.definition_changes import note_access_change

TOKEN_PREFIX: Final = "lk_"  # noqa: S105 - what every token begins with
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A token as it is listed: everything except its secret. Times in milliseconds since the epoch, UTC."""

    id: Id
    principal: str
    roles: tuple[str, ...]
    development: bool
    created_millis: int
    expires_millis: int | None
    revoked_millis: int | None
    last_used_millis: int | None = None

    def expires_within(self, span_millis: int, now_millis: int) -> bool:
        """Whether it lets its holder in now, and will not any more once the span is over."""
        return (
            self.is_live(now_millis)
            and self.expires_millis is not None
            and self.expires_millis <= now_millis + span_millis
        )

    def is_live(self, now_millis: int) -> bool:
        """Whether it still lets its holder in."""
        return self.revoked_millis is None and (self.expires_millis is None or self.expires_millis > now_millis)


def new_token() -> str:
    """A new token's text."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(token_text: str) -> bytes:
    """The stored form of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token_text.encode()).digest()


def add_token(connection: WriteConnection, token_text: str, entry: TokenEntry) -> None:
    """Stores a token for a principal.

    Raises:
        UnknownRole: where a role does not exist.
    """
    for name in entry.roles:
        if not has_role(connection, name):
            raise UnknownRole(name)
    stored = StoredToken(
        entry.id,
        entry.principal,
        digest_of(token_text),
        entry.development,
        entry.created_millis,
        entry.expires_millis,
        revoked_millis=None,
    )
    insert_token(connection, stored, entry.roles)
    note_access_change(connection)


def list_tokens(snapshot: Snapshot) -> list[TokenEntry]:
    """All tokens, oldest first."""
    return _entries(all_tokens(snapshot), roles_by_token(snapshot))


def list_tokens_after(
    snapshot: Snapshot, after: bytes | None, limit: int | None, principal: str | None = None
) -> list[TokenEntry]:
    """The next tokens, oldest first.

    Args:
        snapshot: in which to look.
        after: the id after which they begin; None: with the first.
        limit: at most so many; None: all.
        principal: only of this one; None: of all.
    """
    found = tokens_after(snapshot, after, limit, principal)
    return _entries(found, roles_of_tokens(snapshot, [one.id for one in found]))


def tokens_of(snapshot: Snapshot, principal: str) -> list[TokenEntry]:
    """The tokens of a principal, oldest first."""
    return list_tokens_after(snapshot, None, None, principal)


def find_token(snapshot: Snapshot, token_id: Id) -> TokenEntry | None:
    """A token; None where there is none."""
    found = token_with_id(snapshot, token_id)
    return None if found is None else _entries([found], roles_of_tokens(snapshot, [token_id]))[0]


def _entries(found: Sequence[StoredToken], roles: Mapping[Id, Sequence[str]]) -> list[TokenEntry]:
    return [
        TokenEntry(
            one.id,
            one.principal,
            tuple(roles.get(one.id, ())),
            one.development,
            one.created_millis,
            one.expires_millis,
            one.revoked_millis,
            one.last_used_millis,
        )
        for one in found
    ]


def rotate_token(
    connection: WriteConnection, token_text: str, entry: TokenEntry, old: TokenEntry, ends_millis: int
) -> None:
    """Stores a token in the place of another one, which goes on until a moment, or its own end if that is sooner.

    Args:
        connection: of a transaction.
        token_text: of the new one.
        entry: the new one.
        old: the one that it takes the place of.
        ends_millis: when that ends.
    """
    add_token(connection, token_text, entry)
    if old.expires_millis is None or old.expires_millis > ends_millis:
        set_expiry(connection, old.id, ends_millis)


def note_used(connection: WriteConnection, used: Mapping[bytes, int], apart_millis: int) -> None:
    """Notes when tokens were used last, each at most once in so long.

    Args:
        connection: of a transaction.
        used: moments by the digests of tokens.
        apart_millis: how far apart.
    """
    for digest, used_millis in sorted(used.items()):
        note_use(connection, digest, used_millis, used_millis - apart_millis)


def revoke_tokens(connection: WriteConnection, ids: Sequence[Id], now_millis: int) -> None:
    """Revokes these tokens, for calls that begin after the commit."""
    revoke(connection, ids, now_millis)
    note_access_change(connection)


def drop_development_tokens(connection: WriteConnection) -> None:
    """Deletes the development tokens that earlier versions kept in the store; now they are never stored."""
    delete_development_tokens(connection)
    note_access_change(connection)
