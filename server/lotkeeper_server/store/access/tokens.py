"""Rows of tokens, and the version of all roles and tokens."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from lotkeeper_server.domain.limits import KEYS_PER_STATEMENT_MAX
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.schema.access_tables import token, token_role
from lotkeeper_server.store.schema.coordination_tables import store_state


class StoredToken(NamedTuple):
    """A token as it is stored: its SHA-256, not its text. Times in milliseconds since the epoch, UTC."""

    id: Id
    principal: str
    digest: bytes
    development: bool
    created_millis: int
    expires_millis: int | None
    revoked_millis: int | None
    last_used_millis: int | None = None


def read_access_version(connection: Connection) -> int:
    """The version of roles and tokens: each change raises it."""
    version: int = connection.execute(select(store_state.c.access_version)).scalar_one()
    return version


def all_tokens(connection: Connection) -> list[StoredToken]:
    """All tokens, oldest first."""
    return [_stored(row) for row in connection.execute(select(token).order_by(token.c.id))]


def tokens_after(
    connection: Connection, after: bytes | None, limit: int | None, principal: str | None = None
) -> list[StoredToken]:
    """The next tokens, oldest first.

    Args:
        connection: a snapshot.
        after: the id after which they begin; None: with the first.
        limit: at most so many; None: all.
        principal: only of this one; None: of all.
    """
    statement = select(token).order_by(token.c.id).limit(limit)
    if after is not None:
        statement = statement.where(token.c.id > after)
    if principal is not None:
        statement = statement.where(token.c.principal == principal)
    return [_stored(row) for row in connection.execute(statement)]


def token_with_id(connection: Connection, token_id: Id) -> StoredToken | None:
    """A token; None where there is none."""
    row = connection.execute(select(token).where(token.c.id == token_id)).first()
    return None if row is None else _stored(row)


def token_ids(connection: Connection) -> list[Id]:
    """The ids of all tokens."""
    return [Id(row.id) for row in connection.execute(select(token.c.id))]


def unrevoked_tokens(connection: Connection) -> list[StoredToken]:
    """The tokens that were not revoked, expired or not; those that `run` kept in the store once let nobody in."""
    unrevoked = token.c.revoked_millis.is_(None), ~token.c.development
    return [_stored(row) for row in connection.execute(select(token).where(*unrevoked))]


def count_unrevoked(connection: Connection) -> int:
    """How many tokens were not revoked, expired or not."""
    unrevoked = select(func.count()).select_from(token).where(token.c.revoked_millis.is_(None))
    count: int = connection.execute(unrevoked).scalar_one()
    return count


def roles_by_token(connection: Connection) -> dict[Id, list[str]]:
    """The names of the roles that tokens have, sorted; a token without any is left out."""
    roles: dict[Id, list[str]] = {}
    for token_id, name in connection.execute(select(token_role).order_by(token_role.c.role_name)):
        roles.setdefault(token_id, []).append(name)
    return roles


def roles_of_tokens(connection: Connection, token_ids: Collection[Id]) -> dict[Id, list[str]]:
    """The names of the roles that these tokens have, sorted; a token without any is left out."""
    found: dict[Id, list[str]] = {}
    keys = sorted(token_ids)
    for start in range(0, len(keys), KEYS_PER_STATEMENT_MAX):
        these = token_role.c.token_id.in_(keys[start : start + KEYS_PER_STATEMENT_MAX])
        for token_id, name in connection.execute(select(token_role).where(these).order_by(token_role.c.role_name)):
            found.setdefault(token_id, []).append(name)
    return found


def replace_digest(connection: Connection, token_id: Id, digest: bytes) -> None:
    """Gives a token another secret."""
    connection.execute(update(token).where(token.c.id == token_id).values(digest=digest))


def insert_token(connection: Connection, stored: StoredToken, roles: Collection[str]) -> None:
    """Stores a token that has these roles."""
    connection.execute(insert(token).values(stored._asdict()))
    connection.execute(insert(token_role), [{"token_id": stored.id, "role_name": name} for name in roles])


def revoke(connection: Connection, token_ids: Sequence[Id], now_millis: int) -> None:
    """Notes that these tokens are revoked now, except for those revoked before."""
    unrevoked = token.c.id.in_(token_ids), token.c.revoked_millis.is_(None)
    connection.execute(update(token).where(*unrevoked).values(revoked_millis=now_millis))


def note_use(connection: Connection, digest: bytes, used_millis: int, since_millis: int) -> None:
    """Notes when a token was used, unless it is known to have been since the later moment."""
    unknown = token.c.last_used_millis.is_(None) | (token.c.last_used_millis < since_millis)
    connection.execute(update(token).where(token.c.digest == digest, unknown).values(last_used_millis=used_millis))


def set_expiry(connection: Connection, token_id: Id, expires_millis: int) -> None:
    """Has a token expire then."""
    connection.execute(update(token).where(token.c.id == token_id).values(expires_millis=expires_millis))


def delete_development_tokens(connection: Connection) -> None:
    """Deletes the development tokens that earlier versions kept in the store."""
    stale = select(token.c.id).where(token.c.development)
    connection.execute(delete(token_role).where(token_role.c.token_id.in_(stale)))
    connection.execute(delete(token).where(token.c.development))


def _stored(row: "Row[tuple[object, ...]]") -> StoredToken:
    return StoredToken(*(getattr(row, name) for name in StoredToken._fields))
