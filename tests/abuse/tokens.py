"""Tokens and roles as another process changes them: nothing but the store tells a server of it."""

from __future__ import annotations

from contextlib import closing

from lotkeeper_server.access.roles import add_role, give_role, take_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, list_tokens, new_token, revoke_tokens
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.access.roles import has_role
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.access_tables import role as role_table
from lotkeeper_server.store.state.definition_changes import note_access_change
from sqlalchemy import update

from tests.server_process import ServerProcess

_new_id = IdSource()


def token_of(
    server: ServerProcess,
    principal: str,
    permission: str = "*",
    *,
    expires_in_seconds: float | None = None,
    role: str | None = None,
) -> str:
    """A new token of a principal; its role has the principal's name and the permission, unless another is given."""
    text, now = new_token(), now_millis()
    expires_millis = None if expires_in_seconds is None else now + int(expires_in_seconds * 1_000)
    entry = TokenEntry(_new_id(), principal, (role or principal,), False, now, expires_millis, None)
    with closing(Store(server.database_url)) as store, store.write() as connection:
        if role is None and not has_role(connection, principal):
            add_role(connection, principal, [permission], now)
        add_token(connection, text, entry)
    return text


def revoke(server: ServerProcess, principal: str) -> None:
    """Revokes the tokens of a principal."""
    with closing(Store(server.database_url)) as store, store.write() as connection:
        ids = [entry.id for entry in list_tokens(connection) if entry.principal == principal]
        revoke_tokens(connection, ids, now_millis())


def take_permissions_of(server: ServerProcess, principal: str) -> None:
    """Leaves it with a permission that no method needs."""
    with closing(Store(server.database_url)) as store, store.write() as connection:
        connection.execute(update(role_table).where(role_table.c.name == principal).values(permissions="NOTHING"))
        note_access_change(connection)


def add_role_of(server: ServerProcess, name: str, *permissions: str) -> None:
    """Makes a role."""
    with closing(Store(server.database_url)) as store, store.write() as connection:
        add_role(connection, name, permissions, now_millis())


def give(server: ServerProcess, principal: str, name: str) -> None:
    """Gives a principal a role by name."""
    with closing(Store(server.database_url)) as store, store.write() as connection:
        assert give_role(connection, principal, name, now_millis())


def take(server: ServerProcess, principal: str, name: str) -> None:
    """Takes it again."""
    with closing(Store(server.database_url)) as store, store.write() as connection:
        assert take_role(connection, principal, name)


def metadata_of(token: str) -> tuple[tuple[str, str], ...]:
    """What a call with it sends along."""
    return (("authorization", f"Bearer {token}"),)
